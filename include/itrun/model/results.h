/* results.h - what came out of one run: its suites with their tests, and what it was a run of. Plain data in
 * its arena (results_clear). */
#ifndef ITRUN_MODEL_RESULTS_H
#define ITRUN_MODEL_RESULTS_H
#include "itrun/base/memory.h"
#include "itrun/model/outcome.h"
#include "itrun/model/test_case.h"

struct result_case { /* one for all attempts of its suite */
    const char *name;
    enum case_status status;
    bool is_flaky;     /* passed, after it did not */
    bool is_synthetic; /* no test: speaks for the suite */
};
struct result_suite {
    const char *name, *group, *reason, *repro; /* the last two may be NULL */
    enum outcome outcome;                      /* OUTCOME_LOST: it has none */
    bool is_flaky;
    struct result_case *cases;
    size_t case_count;
};
struct results {
    struct arena *arena;
    const char *run, *project;
    const char *commit, *base_commit, *job_url; /* or NULL */
    int64_t started_us;                         /* wall */
    bool is_finished;
    int exit_code;               /* of a finished run */
    struct result_suite *suites; /* of its own, not of the arena */
    size_t suite_count;
};
void results_clear(struct results *results);
#endif
