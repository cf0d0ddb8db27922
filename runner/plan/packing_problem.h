/* packing_problem.h - the planner's view of an inventory: what is to be placed, where, and what it costs to
 * begin there. */
#ifndef ITRUN_PLAN_PACKING_PROBLEM_H
#define ITRUN_PLAN_PACKING_PROBLEM_H
#include "itrun/planner.h"

#define WORK_UNKNOWN_MS                                                                                      \
    ((int64_t)10 * 1000) /* a suite nobody has ever seen, in a run that has no known one */

/* One selected suite. Items are sorted: never seen, then longest, then name. */
struct item {
    size_t suite;
    const char *name;
    int64_t work_ms;
    bool is_known;
    size_t set;
};

/* Suites with the same needs are alike for the planner. */
struct need_set {
    const size_t *stacks; /* dependencies included, in deploy order */
    size_t count;
    int64_t work_ms;        /* of all items with these needs */
    int64_t least_ready_ms; /* in the best account of the pool */
};

enum stack_state { STACK_LACKING, STACK_STALE, STACK_CURRENT };

/* Accounts that hold the same of what is needed. */
struct account_class {
    const unsigned char *states; /* enum stack_state per stack of the inventory */
    size_t *accounts;            /* ascending */
    size_t count;
    size_t current_count; /* stacks that are needed by somebody and current here */
};

struct problem {
    const struct inventory *inventory;
    const struct run_options *options;
    struct arena *arena; /* scratch */
    struct item *items;
    size_t item_count;
    size_t unknown_count;
    int64_t unknown_ms; /* what an unknown suite was taken for */
    int64_t total_ms;
    struct need_set *sets;
    size_t set_count;
    struct account_class *classes;
    size_t class_count;
    size_t *class_of; /* per account of the inventory */
    size_t shard_limit, job_limit;
    int64_t *finish_ms; /* scratch: per stack */
};
void problem_init(struct problem *problem, const struct inventory *inventory, const size_t *selected,
                  size_t selected_count, const struct run_options *options);
void problem_clear(struct problem *problem);
int64_t stack_cost_ms(const struct account_class *class, size_t stack);
/* When the stacks of a set stand in an account of this class: the longest path of deploys that it lacks; 0:
 * now. */
int64_t ready_ms(const struct problem *problem, const struct account_class *class,
                 const struct need_set *set);
/* The accounts that the shards use, at most shard_limit, ascending. Arena. */
size_t choose_accounts(const struct problem *problem, size_t **ret_accounts);

/* --- pack.c -------------------------------------------------------------------------------------------- */
/* Work that can begin no earlier than ready_ms. */
struct term {
    int64_t ready_ms, work_ms;
};
/* One account of the plan and what it was given. */
struct bin {
    size_t account;
    size_t class;
    int64_t total_ms, finish_ms;
    struct term *terms; /* by ready_ms, descending */
    size_t term_count, term_capacity;
    size_t *items; /* in the order of placing; after packing_finish: in the order of running */
    size_t item_count, item_capacity;
    unsigned char *is_deployed; /* per stack; NULL: nothing to deploy */
    int64_t deploy_ms;
    size_t deploy_count;
};
struct packing {
    const struct problem *problem;
    struct bin *bins;
    size_t bin_count;
    int64_t makespan_ms, deploy_ms;
    size_t deploy_count;
};
/* is_sparing: a suite goes only where its stacks stand first: where they are current, if there is such an
 * account, else where the least of them must be deployed. */
void packing_make(struct packing *packing, const struct problem *problem, const size_t *accounts,
                  size_t count, bool is_sparing);
void packing_clear(struct packing *packing);
const struct account_class *bin_class(const struct packing *packing, const struct bin *bin);

/* --- predict.c ----------------------------------------------------------------------------------------- */
/* Ends of the bins when at most job_limit suites run at once; returns the makespan. ret_ends: bin_count. */
int64_t predict_ends(const struct packing *packing, int64_t *ret_ends);
int64_t lower_bound_ms(const struct problem *problem);
const char *limited_by(const struct packing *packing, const int64_t *ends, struct arena *arena);
#endif
