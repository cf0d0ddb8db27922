#include "itrun/model/outcome.h"
#include <criterion/criterion.h>
#include <signal.h>

static int exit_code_of(enum outcome outcome)
{
    struct verdict verdict = {.counts = {[OUTCOME_PASSED] = 3, [OUTCOME_SKIPPED] = 1}};
    verdict.counts[outcome]++;
    return verdict_exit_code(&verdict);
}

Test(outcome, every_outcome_gives_the_contract_s_exit_code)
{
    static const int expected[OUTCOME_COUNT] = {
        [OUTCOME_PASSED] = 0, [OUTCOME_SKIPPED] = 0, [OUTCOME_INFRA] = 3,   [OUTCOME_CANCELLED] = 6,
        [OUTCOME_LOST] = 6,   [OUTCOME_FAILED] = 1,  [OUTCOME_TIMEOUT] = 1, [OUTCOME_ERROR] = 1,
    };
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        cr_expect_eq(exit_code_of((enum outcome)i), expected[i], "%s", outcome_name((enum outcome)i));
    }
}

Test(outcome, of_several_reasons_the_contract_s_first_wins)
{
    struct verdict verdict = {.counts = {[OUTCOME_FAILED] = 1, [OUTCOME_LOST] = 1, [OUTCOME_INFRA] = 1}};
    cr_expect_eq(verdict_exit_code(&verdict), 1);
    verdict.counts[OUTCOME_FAILED] = 0;
    cr_expect_eq(verdict_exit_code(&verdict), 6);
    verdict.is_record_broken = true;
    cr_expect_eq(verdict_exit_code(&verdict), 5);
    verdict.is_past_deadline = true;
    cr_expect_eq(verdict_exit_code(&verdict), 124);
    verdict.stopped_by_signal = SIGTERM;
    cr_expect_eq(verdict_exit_code(&verdict), 143);
    verdict.stopped_by_signal = SIGINT;
    cr_expect_eq(verdict_exit_code(&verdict), 130);
}

Test(outcome, nothing_at_all_is_not_green)
{
    struct verdict verdict = {0};
    cr_expect_eq(verdict_exit_code(&verdict), 4);
}

Test(outcome, every_word_is_read_back)
{
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        enum outcome read = OUTCOME_COUNT;
        cr_assert(outcome_parse(outcome_name((enum outcome)i), &read));
        cr_expect_eq((int)read, i);
    }
    enum outcome untouched = OUTCOME_LOST;
    cr_expect_not(outcome_parse("green", &untouched));
    cr_expect_eq(untouched, OUTCOME_LOST);
}

Test(outcome, only_passed_and_skipped_are_left_out_of_a_rerun)
{
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        bool is_good = i == OUTCOME_PASSED || i == OUTCOME_SKIPPED;
        cr_expect_eq(outcome_is_bad((enum outcome)i), !is_good);
        cr_expect_eq(outcome_worse((enum outcome)i, OUTCOME_ERROR), OUTCOME_ERROR,
                     "error outranks every other");
    }
}
