/* plan.h - which shard runs which suites, in which order, in which account, and what that predicts. */
#ifndef ITRUN_MODEL_PLAN_H
#define ITRUN_MODEL_PLAN_H
#include "itrun/model/inventory.h"

/* What a stack costs before a suite can use it, in the order in which it is worth to spare it. Deploys on AWS
 * take dearer time than suites of seconds; measured costs come with the history of deploys. */
#define COST_CREATE_MS ((int64_t)60 * 1000)
#define COST_UPDATE_MS ((int64_t)30 * 1000)

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
