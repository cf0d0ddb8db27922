#include "itrun/model/outcome.h"
#include <signal.h>
#include <string.h>

struct outcome_row {
    const char *word;
    int precedence;
    enum retry_class retry;
    int exit_code;
    const char *junit, *colour, *symbol;
};
static const struct outcome_row rows[OUTCOME_COUNT] = {
#define X(constant, word, precedence, retry, exit_code, junit, colour, symbol)                               \
    [constant] = {word, precedence, retry, exit_code, junit, colour, symbol},
    OUTCOME_TABLE(X)
#undef X
};

const char *outcome_name(enum outcome outcome)
{
    return rows[outcome].word;
}

bool outcome_parse(const char *word, enum outcome *ret_outcome)
{
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        if (strcmp(rows[i].word, word) == 0) {
            *ret_outcome = (enum outcome)i;
            return true;
        }
    }
    return false;
}

enum retry_class outcome_retry_class(enum outcome outcome)
{
    return rows[outcome].retry;
}

const char *outcome_junit_element(enum outcome outcome)
{
    return rows[outcome].junit;
}

const char *outcome_colour(enum outcome outcome)
{
    return rows[outcome].colour;
}

const char *outcome_symbol(enum outcome outcome)
{
    return rows[outcome].symbol;
}

bool outcome_is_bad(enum outcome outcome)
{
    return outcome != OUTCOME_PASSED && outcome != OUTCOME_SKIPPED;
}

enum outcome outcome_worse(enum outcome a, enum outcome b)
{
    return rows[a].precedence >= rows[b].precedence ? a : b;
}

/* The contract's order where several apply; usage (2) never reaches a verdict. */
static const int exit_code_order[] = {EXIT_CODE_FAILED, EXIT_CODE_INCOMPLETE, EXIT_CODE_INFRA};

static bool any_outcome_exits_with(const struct verdict *verdict, int exit_code)
{
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        if (verdict->counts[i] > 0 && rows[i].exit_code == exit_code) {
            return true;
        }
    }
    return false;
}

int verdict_exit_code(const struct verdict *verdict)
{
    if (verdict->stopped_by_signal != 0) {
        return verdict->stopped_by_signal == SIGTERM ? EXIT_CODE_SIGTERM : EXIT_CODE_SIGINT;
    }
    if (verdict->is_past_deadline) {
        return EXIT_CODE_DEADLINE;
    }
    if (verdict->is_record_broken) {
        return EXIT_CODE_RECORD;
    }
    for (size_t i = 0; i < sizeof exit_code_order / sizeof *exit_code_order; i++) {
        if (any_outcome_exits_with(verdict, exit_code_order[i])) {
            return exit_code_order[i];
        }
    }
    size_t seen = 0;
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        seen += verdict->counts[i];
    }
    return seen == 0 || verdict->is_without_test ? EXIT_CODE_NOTHING : EXIT_CODE_PASSED;
}
