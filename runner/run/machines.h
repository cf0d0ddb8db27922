/* machines.h - the structs of the run's machines, for the files of this room (and tests that look inside).
 *
 * coordinator.c owns struct run and every decision between lanes; lane.c one shard on one account, its stacks
 * in lane_stacks.c, its suites in lane_work.c; attempt.c one execution of a suite; judge.c what it came to;
 * choose.c which suite next; tell.c every event. Each machine's states and allowed moves stand in one X-macro
 * table here; enum, names and masks come from it. */
#ifndef ITRUN_RUN_MACHINES_H
#define ITRUN_RUN_MACHINES_H
#include "itrun/accounts.h"
#include "itrun/frameworks.h"
#include "itrun/run.h"
#include "itrun/stacks.h"

#define MOVE(state) (1u << (state))

/* X(name, allowed next states) */
#define COORDINATOR_TABLE(X)                                                                                 \
    X(NEW, MOVE(COORDINATOR_ANNOUNCING))                                                                     \
    X(ANNOUNCING, MOVE(COORDINATOR_RUNNING) | MOVE(COORDINATOR_STOPPING))                                    \
    X(RUNNING, MOVE(COORDINATOR_STOPPING) | MOVE(COORDINATOR_CLOSING))                                       \
    X(STOPPING, MOVE(COORDINATOR_CLOSING))                                                                   \
    X(CLOSING, MOVE(COORDINATOR_FINISHED))                                                                   \
    X(FINISHED, 0)
enum coordinator_state {
#define X(name, next) COORDINATOR_##name,
    COORDINATOR_TABLE(X)
#undef X
        COORDINATOR_STATE_COUNT
};

#define LANE_TABLE(X)                                                                                        \
    X(NEW, MOVE(LANE_WAITING) | MOVE(LANE_DONE))                                                             \
    X(WAITING, MOVE(LANE_PREPARING) | MOVE(LANE_OPEN) | MOVE(LANE_DONE))                                     \
    X(PREPARING, MOVE(LANE_OPEN) | MOVE(LANE_STOPPING))                                                      \
    X(OPEN, MOVE(LANE_STOPPING))                                                                             \
    X(STOPPING, MOVE(LANE_RELEASING))                                                                        \
    X(RELEASING, MOVE(LANE_WAITING) | MOVE(LANE_DONE))                                                       \
    X(DONE, 0)
enum lane_state {
#define X(name, next) LANE_##name,
    LANE_TABLE(X)
#undef X
        LANE_STATE_COUNT
};

#define ATTEMPT_TABLE(X)                                                                                     \
    X(NONE, MOVE(ATTEMPT_RUNNING))                                                                           \
    X(RUNNING, MOVE(ATTEMPT_TERMINATING) | MOVE(ATTEMPT_COLLECTING) | MOVE(ATTEMPT_NONE))                    \
    X(TERMINATING, MOVE(ATTEMPT_COLLECTING) | MOVE(ATTEMPT_NONE))                                            \
    X(COLLECTING, MOVE(ATTEMPT_NONE))
enum attempt_state {
#define X(name, next) ATTEMPT_##name,
    ATTEMPT_TABLE(X)
#undef X
        ATTEMPT_STATE_COUNT
};

/* Why an attempt was told to end; the first reason stays. */
enum attempt_cut { CUT_NONE, CUT_SUITE_TIMEOUT, CUT_SHARD_TIMEOUT, CUT_CANCELLED, CUT_LEASE_LOST };

struct attempt {
    enum attempt_state state;
    size_t suite;
    int number; /* 1-based, over the whole run of the suite */
    uint64_t spawn_id, collect_id;
    int64_t started_ms;
    int64_t deadline_ms; /* RUNNING: timeout; TERMINATING: when to KILL; INT64_MAX: none */
    enum attempt_cut deadline_cut;
    enum attempt_cut cut;
    const char *cut_reason; /* borrowed from run's arena */
    struct process_end end; /* COLLECTING: how the process ended; strings in `kept` */
    struct text tail;
    struct text infra_reason;
    struct text report_path;
};

enum lane_end {
    LANE_END_NONE,
    LANE_END_DRAINED,
    LANE_END_TIMEOUT,
    LANE_END_CANCELLED,
    LANE_END_INFRA,
    LANE_END_LEASE_LOST,
    LANE_END_MOVING /* to another account; it goes on */
};

struct lane {
    struct run *run;
    size_t index; /* shard number - 1 */
    enum lane_state state;
    enum lane_end end;
    struct error end_error; /* INFRA, LEASE_LOST: why */
    size_t account;         /* NO_INDEX: none yet */
    int64_t stop_by_ms;
    bool was_dirty;
    uint64_t assume_id;  /* effect outstanding; 0: none */
    int64_t renew_at_ms; /* credentials; INT64_MAX: never */
    struct reconcile *reconcile;
    struct attempt attempt;
    uint64_t claim_id; /* effect outstanding; 0: none */
    size_t claimed;    /* the suite it names */
    bool has_job_slot;
    bool wants_job_slot;
    int64_t used_ms; /* of the shard's timeout: attempts only */
    int lease_restarts;
    size_t moves;          /* to other accounts, since the infrastructure failed a suite */
    bool wants_move;       /* as soon as nothing is being deployed; starts nothing until then */
    bool has_failed_stack; /* of this account */
    bool has_bad_suite;    /* in this account: what --hold-on-fail holds it for */
    bool has_new_suite;    /* handed over by another lane: its stacks are wanted */
    bool is_due;           /* another lane did something for it; it goes on at the end of the step */
    size_t *queue;         /* suites, in order; finished ones stay; stolen ones are NO_INDEX */
    size_t queue_count;
    size_t queue_next; /* nothing before it waits */
};

enum suite_progress { SUITE_WAITING, SUITE_CLAIMED, SUITE_FINISHED, SUITE_ELSEWHERE };
struct suite_run {
    enum suite_progress progress;
    size_t lane;  /* whose queue it is in */
    size_t order; /* its number in the announcement; NO_INDEX: not selected */
    int attempts;
    int retries[RETRY_CLASS_COUNT]; /* made, by what they followed */
    size_t avoid;                   /* the account in which the infrastructure failed it; NO_INDEX: none */
    bool is_avoid_waived;           /* its own lane found no other: until it looks again, before each start */
    enum outcome outcome;
    bool had_bad_attempt; /* one that its tests or itself are to blame for */
    bool is_without_test; /* --test: the last attempt found no case of that name */
    int64_t spent_ms;     /* of the last attempt */
};

struct run {
    const struct inventory *inventory;
    const struct plan *plan;
    const struct run_options *options;
    enum coordinator_state state;
    struct arena *arena;
    struct pool *pool;
    struct lane *lanes;
    size_t lane_count;
    size_t lanes_done;
    struct suite_run *suites; /* by inventory index */
    size_t *announced;        /* inventory index by announcement order */
    size_t announced_count;
    size_t finished_count;
    size_t bad_count;
    size_t without_test_count; /* suites that have no case of the name --test gives */
    size_t job_slots_used;
    size_t *slot_queue; /* lanes waiting for a job slot, first come first served */
    size_t slot_queue_count, slot_queue_capacity;
    size_t
        *stack_slot; /* by stack: lane + 1 that deploys it now, for commands that are not parallel; 0: free */
    bool *stack_wanted; /* lane * stack_count + stack: waits for that slot */
    uint64_t announcement_id, farewell_id;
    bool has_due_lane;
    bool has_avoided; /* some suite avoids an account */
    size_t retries_made;
    bool is_budget_told;
    bool wants_fail_fast; /* stop at the end of this step */
    size_t emits_outstanding;
    struct error record_error;
    int stop_signal;
    bool is_past_deadline;
    const char *stop_reason;
    int64_t started_ms, deadline_ms, last_end_ms;
    int64_t now_ms, lease_now_ms; /* of the step under way */
    struct verdict verdict;
    run_moved *moved; /* observer of moves, or NULL */
    void *moved_context;
};

/* coordinator.c */
void run_suite_finished(struct run *run, size_t suite, enum outcome outcome, const char *reason,
                        struct lane *lane, struct effects *effects);
bool run_take_job_slot(struct run *run, struct lane *lane);
void run_give_job_slot(struct run *run, struct lane *lane, struct effects *effects);
void run_lane_done(struct run *run, struct lane *lane, struct effects *effects);
void run_take_stack_slot(struct run *run, struct lane *lane, size_t stack);
void run_give_stack_slot(struct run *run, struct lane *lane, size_t stack);
bool run_spend_retry(struct run *run, struct effects *effects); /* false: the budget is spent */
void run_make_due(struct run *run, struct lane *lane);          /* lane_step at the end of this step */
void run_note_move(const struct run *run, const char *machine, int from, int to);

/* lane.c */
void lane_init(struct lane *lane, struct run *run, size_t index);
void lane_clear(struct lane *lane);
void lane_start(struct lane *lane, struct effects *effects);
void lane_step(struct lane *lane, const struct input *input, struct effects *effects);
void lane_pool_fact(struct lane *lane, const struct pool_fact *fact, struct effects *effects);
void lane_cancel(struct lane *lane, const char *reason, bool is_kill, struct effects *effects);
void lane_advance(struct lane *lane, struct effects *effects); /* start what can start now */
int64_t lane_next_deadline_ms(const struct lane *lane);
void lane_attempt_ended(struct lane *lane, enum outcome outcome, const char *reason, struct effects *effects);
const char *lane_state_name(enum lane_state state);
/* for its other files */
void lane_finish_waiting(struct lane *lane, enum outcome outcome, const char *reason,
                         struct effects *effects);
void lane_drop_job_slot(struct lane *lane, struct effects *effects);
void lane_stop(struct lane *lane, enum lane_end end, struct effects *effects);
void lane_stop_when_idle(struct lane *lane, struct effects *effects);

/* lane_stacks.c */
bool lane_needs_stacks(const struct lane *lane);
void lane_start_stacks(struct lane *lane, struct effects *effects);
void lane_step_stacks(struct lane *lane, const struct input *input, struct effects *effects);
void lane_fail_blocked(struct lane *lane, struct effects *effects);
bool lane_is_deploying(const struct lane *lane);
void lane_want_new_stacks(struct lane *lane, struct effects *effects); /* of suites that were handed over */

/* lane_work.c */
void lane_claimed(struct lane *lane, const struct input *input, struct effects *effects);
/* The account cannot be used: what may be tried again after infra waits for this lane to move, or is handed
 * to other lanes; the rest ends. True: the lane is to move. */
bool lane_leave_account(struct lane *lane, const char *reason, struct effects *effects);

/* attempt.c */
void attempt_start(struct lane *lane, size_t suite, struct effects *effects);
void attempt_step(struct lane *lane, const struct input *input, struct effects *effects);
void attempt_cut(struct lane *lane, enum attempt_cut cut, const char *reason, bool is_kill,
                 struct effects *effects);
void attempt_clear(struct attempt *attempt);

/* judge.c: what an attempt came to. Pure. reason is appended to ret_reason (empty for a plain pass). */
struct judged {
    const struct suite *suite;
    const struct framework *framework;
    const struct process_end *end;
    const struct report *report; /* NULL: none was read */
    enum attempt_cut cut;
    const char *cut_reason;
    bool is_one_test; /* --test: case counts say nothing about the suite */
};
#define REASON_NO_SUCH_TEST "no test case of that name is here"
enum outcome attempt_judge(const struct judged *judged, struct text *ret_reason);
/* It ran to its end and did not write the report that is due. */
bool attempt_report_is_missing(const struct judged *judged);

/* tell.c: what a suite is given as its seed. */
unsigned long long suite_seed(const struct run_options *options, const struct suite *suite);

/* choose.c: which suite next for this lane; NO_INDEX: none now. Sets *ret_from when it is stolen. */
size_t choose_suite(struct run *run, struct lane *lane, struct lane **ret_from);
bool choose_is_ready(const struct lane *lane, size_t suite); /* its stacks are ready in this lane's account */
bool lane_has_waiting(const struct lane *lane);
size_t
choose_avoided(const struct lane *lane); /* a suite of its own that avoids its account; NO_INDEX: none */
/* Another lane that can try this suite in its account: where its stacks are ready, then the least busy; NULL:
 * none. may_wait: also one that has no account yet. */
struct lane *choose_other(struct run *run, const struct lane *lane, size_t suite, bool may_wait);
void choose_steal(struct run *run, struct lane *from, struct lane *to, size_t suite);
int64_t suite_expected_ms(const struct suite *suite);

/* tell.c: events */
uint64_t tell_run_started(struct run *run, struct effects *effects);
void tell_account_waiting(struct lane *lane, const char *holder, struct effects *effects);
void tell_account_leased(struct lane *lane, uint64_t fence, struct effects *effects);
void tell_account_released(struct lane *lane, const char *reason, struct effects *effects);
void tell_stack(struct lane *lane, const struct reconcile_fact *fact, struct effects *effects);
void tell_stolen(struct lane *from, struct lane *to, size_t suite, const char *reason,
                 struct effects *effects);
void tell_attempt_started(struct lane *lane, struct effects *effects);
void tell_attempt_finished(struct lane *lane, enum outcome outcome, const char *reason,
                           const struct report *report, struct effects *effects);
void tell_suite_finished(struct run *run, size_t suite, const char *reason, struct lane *lane,
                         struct effects *effects);
void tell_shard_finished(struct lane *lane, struct effects *effects);
void tell_problem(struct run *run, struct lane *lane, const char *kind, const char *message,
                  struct effects *effects);
uint64_t tell_run_finished(struct run *run, struct effects *effects);
#endif
