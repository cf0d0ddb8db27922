/* plan.h - which shard runs which suites, in which order, in which account, and what that predicts. */
#ifndef ITRUN_MODEL_PLAN_H
#define ITRUN_MODEL_PLAN_H
#include "itrun/model/inventory.h"

struct shard {
    size_t account;       /* preferred; NO_INDEX: any */
    const size_t *suites; /* in order */
    size_t suite_count;
    int64_t predicted_ms; /* its finish, deploys included */
    size_t deploy_count;  /* stacks it is predicted to deploy */
};

struct plan {
    struct arena *arena;
    struct shard *shards; /* shards[i] is shard number i + 1 */
    size_t shard_count;
    size_t job_count;
    int64_t predicted_ms;
    int64_t lower_bound_ms;
    const char *limited_by;  /* one line: "the longest suite api/x (7m 23s)" */
    const char *explanation; /* why fewer shards or accounts than asked, or NULL; lines separated by \n */
};
#endif
