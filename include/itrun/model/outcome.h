/* outcome.h - the one table of outcomes: precedence, retry class, exit code, JUnit element, colour, symbol.
 *
 * Nothing else in the house decides any of these. `lost` is given only by the fold and by merge. */
#ifndef ITRUN_MODEL_OUTCOME_H
#define ITRUN_MODEL_OUTCOME_H
#include <stdbool.h>
#include <stddef.h>

/* Which of a suite's `retries` it is tried again by. infra is tried again in another account where there is
 * one. */
enum retry_class { RETRY_FAILED, RETRY_ERROR, RETRY_TIMEOUT, RETRY_INFRA, RETRY_CLASS_COUNT, RETRY_NEVER };

/* X(constant, word, precedence (higher wins), retry class, exit code, junit element, colour (SGR), symbol) */
#define OUTCOME_TABLE(X)                                                                                     \
    X(OUTCOME_PASSED, "passed", 0, RETRY_NEVER, 0, "", "32", "✓")                                            \
    X(OUTCOME_SKIPPED, "skipped", 1, RETRY_NEVER, 0, "skipped", "33", "-")                                   \
    X(OUTCOME_INFRA, "infra", 2, RETRY_INFRA, 3, "error", "35", "!")                                         \
    X(OUTCOME_CANCELLED, "cancelled", 3, RETRY_NEVER, 6, "skipped", "33", "○")                               \
    X(OUTCOME_LOST, "lost", 4, RETRY_NEVER, 6, "error", "31", "?")                                           \
    X(OUTCOME_FAILED, "failed", 5, RETRY_FAILED, 1, "failure", "31", "✗")                                    \
    X(OUTCOME_TIMEOUT, "timeout", 6, RETRY_TIMEOUT, 1, "error", "31", "◷")                                   \
    X(OUTCOME_ERROR, "error", 7, RETRY_ERROR, 1, "error", "31", "✗")

enum outcome {
#define X(constant, word, precedence, retry, exit_code, junit, colour, symbol) constant,
    OUTCOME_TABLE(X)
#undef X
        OUTCOME_COUNT
};

const char *outcome_name(enum outcome outcome); /* "passed" */
bool outcome_parse(const char *word, enum outcome *ret_outcome);
enum retry_class outcome_retry_class(enum outcome outcome);
const char *outcome_junit_element(enum outcome outcome); /* "", "failure", "error", "skipped" */
const char *outcome_colour(enum outcome outcome);
const char *outcome_symbol(enum outcome outcome);
bool outcome_is_bad(enum outcome outcome); /* neither passed nor skipped: what `rerun --failed` takes */
enum outcome outcome_worse(enum outcome a, enum outcome b);

/* Exit codes of the contract. */
enum exit_code {
    EXIT_CODE_PASSED = 0,
    EXIT_CODE_FAILED = 1,
    EXIT_CODE_USAGE = 2,
    EXIT_CODE_INFRA = 3,
    EXIT_CODE_NOTHING = 4,
    EXIT_CODE_RECORD = 5,
    EXIT_CODE_INCOMPLETE = 6,
    EXIT_CODE_DEADLINE = 124,
    EXIT_CODE_SIGINT = 130,
    EXIT_CODE_SIGTERM = 143
};
/* What a run knows when it ends; the first of 2, 130/143, 124, 5, 1, 6, 3, 4 that applies wins. */
struct verdict {
    size_t counts[OUTCOME_COUNT];
    int stopped_by_signal; /* SIGINT, SIGTERM or 0 */
    bool is_past_deadline;
    bool is_record_broken;
    bool is_without_test; /* --test: no suite has a case of that name */
};
int verdict_exit_code(const struct verdict *verdict);
#endif
