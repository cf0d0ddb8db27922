#include "html/whose_fault.h"

static const struct {
    const char *word, *title, *meaning;
} rows[FAULT_COUNT] = {
#define X(constant, word, title, meaning) [constant] = {word, title, meaning},
    FAULT_TABLE(X)
#undef X
};

const char *fault_word(enum fault fault)
{
    return fault < FAULT_COUNT ? rows[fault].word : "";
}

const char *fault_title(enum fault fault)
{
    return fault < FAULT_COUNT ? rows[fault].title : "";
}

const char *fault_meaning(enum fault fault)
{
    return fault < FAULT_COUNT ? rows[fault].meaning : "";
}

static enum fault fault_of_suite(const struct fold_suite *suite)
{
    switch (suite->outcome) {
    case OUTCOME_PASSED:
    case OUTCOME_SKIPPED: return FAULT_NONE;
    case OUTCOME_INFRA: return FAULT_ACCOUNT;
    case OUTCOME_CANCELLED: return FAULT_STOPPED;
    case OUTCOME_LOST: return FAULT_LOST;
    case OUTCOME_FAILED:
    case OUTCOME_TIMEOUT:
    case OUTCOME_COUNT: break;
    /* Only a stack that could not be deployed makes an error of a suite that was never tried. */
    case OUTCOME_ERROR: return suite->attempt_count == 0 ? FAULT_DEPLOY : FAULT_TESTS;
    }
    return FAULT_TESTS;
}

enum fault fault_of(const struct fold_suite *suite, const struct reported_case *reported_case)
{
    if (reported_case->is_flaky) {
        return FAULT_FLAKE;
    }
    if (reported_case->is_synthetic) {
        return fault_of_suite(suite);
    }
    if (reported_case->status != CASE_FAILED && reported_case->status != CASE_ERROR) {
        return FAULT_NONE;
    }
    return suite->outcome == OUTCOME_INFRA ? FAULT_ACCOUNT : FAULT_TESTS;
}

enum outcome fault_outcome(const struct fold_suite *suite, const struct reported_case *reported_case)
{
    if (reported_case->is_synthetic) {
        return suite->outcome;
    }
    switch (reported_case->status) {
    case CASE_PASSED: return OUTCOME_PASSED;
    case CASE_FAILED: return OUTCOME_FAILED;
    case CASE_SKIPPED: return OUTCOME_SKIPPED;
    case CASE_ERROR:
    case CASE_STATUS_COUNT: break;
    }
    return OUTCOME_ERROR;
}
