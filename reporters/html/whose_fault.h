/* whose_fault.h - whose fault a bad result is, in words: the first thing a reader wants to know.
 *
 * Decides nothing about outcomes: it only says them in the reader's terms. */
#ifndef ITRUN_REPORTERS_HTML_WHOSE_FAULT_H
#define ITRUN_REPORTERS_HTML_WHOSE_FAULT_H
#include "tally.h"

/* X(constant, word for the search box, title, what it means). In the order that a reader wants them. */
#define FAULT_TABLE(X)                                                                                       \
    X(FAULT_TESTS, "tests", "Your tests",                                                                    \
      "They ran and said no, broke, or took too long: look at the change.")                                  \
    X(FAULT_DEPLOY, "deploy", "The deploy",                                                                  \
      "A stack that these suites need could not be deployed, for a reason in the change. They never ran.")   \
    X(FAULT_ACCOUNT, "account", "The account",                                                               \
      "Lease, credentials, quota, throttling or network: nobody's test. Run them again.")                    \
    X(FAULT_LOST, "lost", "Lost", "Announced, but no outcome was ever recorded: the run broke off.")         \
    X(FAULT_STOPPED, "stopped", "Stopped", "Not started, or stopped, because the run or the shard ended.")   \
    X(FAULT_FLAKE, "flake", "Flakes", "Failed first and passed when tried again.")

enum fault {
#define X(constant, word, title, meaning) constant,
    FAULT_TABLE(X)
#undef X
        FAULT_COUNT,
    FAULT_NONE = FAULT_COUNT
};
const char *fault_word(enum fault fault);
const char *fault_title(enum fault fault);
const char *fault_meaning(enum fault fault);
/* FAULT_NONE: nothing is wrong with it. */
enum fault fault_of(const struct fold_suite *suite, const struct reported_case *reported_case);
/* The outcome a reader sees at a case: the suite's own where the case speaks for it. */
enum outcome fault_outcome(const struct fold_suite *suite, const struct reported_case *reported_case);
#endif
