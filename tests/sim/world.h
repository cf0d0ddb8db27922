/* world.h - the simulated world: one clock, one heap of completions, accounts, stacks, processes, journals,
 * faults.
 *
 * Stands in the place of the host: takes the effects of the shipped machines and gives back completions at
 * times drawn from a seed. Two actors (two runs, as from two checkouts) share the accounts. After each step
 * the promises are checked by name (invariants.c). Order at equal times: completions as queued, then guards,
 * then deadlines, actor 0 before actor 1. */
#ifndef ITRUN_SIM_WORLD_H
#define ITRUN_SIM_WORLD_H
#include "fake_lease.h"
#include "itrun/run.h"
#include "run/machines.h"

#define ACTORS        2
#define ACCOUNTS_MAX  8
#define STACKS        5
#define SUITES_MAX    48
#define PROCESSES_MAX 512

enum process_kind { /* what a suite's attempt does; decided by seed, suite and attempt */
                    KIND_PASS,
                    KIND_FAIL,
                    KIND_CRASH,
                    KIND_HANG,
                    KIND_HANG_DEAF,
                    KIND_NO_REPORT,
                    KIND_TORN_REPORT,
                    KIND_INFRA,
                    KIND_CLEAN_BUT_BAD_EXIT,
                    KIND_NOT_FOUND,
                    KIND_LEAK,
                    KIND_COUNT
};

struct sim_process {
    bool is_alive;
    int actor;
    size_t lane, suite, stack, account;
    int attempt;
    uint64_t effect_id;
    uint64_t completion_seq; /* its end in the heap */
    int64_t stop_by_lease_ms;
    enum process_kind kind;
    bool was_signalled, is_killed_by_guard;
    char fingerprint[HASH_HEX_SIZE]; /* deploy commands: the tag to set */
};

struct sim_stack {
    enum stack_status status;
    int64_t settles_at_ms; /* in progress until then */
    enum stack_status settles_as;
    char fingerprint[HASH_HEX_SIZE]; /* the tag; "" none */
    char new_fingerprint[HASH_HEX_SIZE];
    int content; /* which version of the template is live */
    int new_content;
    char token[160]; /* of the newest operation */
};

struct sim_account {
    struct fake_lease lease; /* owners are actors */
    struct sim_stack stacks[STACKS];
    struct {
        bool is_there, is_unfinished;
        char fingerprint[HASH_HEX_SIZE];
    } ledger[STACKS];
};

struct truth { /* what really happened to a suite of an actor */
    bool is_announced, has_outcome, is_last_attempt_good;
    enum outcome outcome;
    uint64_t outcome_effect; /* the EMIT that carried it */
    bool is_outcome_synced;
    int attempts;
    enum outcome last_outcome; /* of its last attempt, */
    size_t last_account;       /* and where that was */
    int retries[RETRY_CLASS_COUNT];
};

struct actor {
    struct run *run;
    enum account_state released_as[ACCOUNTS_MAX]; /* as it last asked */
    struct inventory inventory;
    struct plan plan;
    struct run_options options;
    struct arena *arena;
    struct effects effects;
    bool is_alive; /* false: killed or finished */
    bool is_started;
    int64_t stopped_until_ms; /* SIGSTOP; 0: runs */
    bool is_announced;        /* PLAN_ANNOUNCED completed */
    uint64_t announcement_id;
    struct text journal;
    size_t last_line_at;              /* where the newest line begins */
    uint64_t last_emit, last_written; /* effect ids: the newest line, the newest that completed */
    uint64_t event_seq;
    int64_t last_emit_ms;
    size_t emits, assumes, describes, spawns, store_calls;
    struct truth truth[SUITES_MAX];
    size_t retries;
    bool has_bad_suite[ACCOUNTS_MAX]; /* since the account was leased */
    bool may_store_fail;              /* a fault kept the store from it: leases may be left to expire */
    bool is_local;                    /* its accounts are directories: no leases, no stacks */
    int content;                      /* the version of the templates that its checkout wants */
};

enum fault_type {
    FAULT_NONE,
    FAULT_ASSUME_DENIED,
    FAULT_SYNC_BREAKS,
    FAULT_KILL,
    FAULT_SIGSTOP,
    FAULT_SLEEP,
    FAULT_STOP,
    FAULT_STOP_TWICE,
    FAULT_AWS_ANSWER_LOST,
    FAULT_AWS_THROTTLED,
    FAULT_DEPLOY_FAILS,
    FAULT_DEPLOY_STUCK,
    FAULT_STORE_LOST_ANSWER,
    FAULT_STORE_AWAY,
    FAULT_SHORT_CREDENTIALS,
    FAULT_RUN_DEADLINE,
    FAULT_FOREIGN_STATUS,
    FAULT_SHARD_DEADLINE,
    FAULT_FAIL_FAST,
    FAULT_OLD_LEDGER,
    FAULT_CREATE_CONFLICT,
    FAULT_DELETE_FAILS,
    FAULT_WRONG_IDENTITY,
    FAULT_BROKEN_ACCOUNT, /* every suite in one account blames the infrastructure */
    FAULT_COUNT
};
struct fault {
    enum fault_type type;
    int actor;
    size_t countdown;
    int64_t at_ms, length_ms;
};

struct pending {
    int64_t at_ms;
    uint64_t seq;
    int actor;
    struct input input;
    struct arena *arena; /* payload; freed after delivery */
    struct report *report;
    enum { PENDING_INPUT, PENDING_STORE, PENDING_PROCESS_END } kind;
    struct effect store_effect; /* PENDING_STORE that takes effect only when answered */
    size_t process;
};

struct world {
    uint64_t seed, random;
    int64_t now_ms, slept_ms;
    uint64_t seq;
    struct pending *heap;
    size_t heap_count, heap_capacity;
    struct actor actors[ACTORS];
    struct sim_account accounts[ACCOUNTS_MAX];
    size_t account_count;
    struct sim_process processes[PROCESSES_MAX];
    size_t process_count;
    struct fault faults[2];
    size_t steps;
    bool is_verbose, is_quiet;
    char failure[512]; /* "promise 3 one account, one owner: ..." */
    unsigned char (*moves)[6][24][24];
    uint64_t aws_calls;
};

/* world.c */
void world_run(struct world *world); /* until all actors are finished or dead, or a promise is broken */
void world_clear(struct world *world);
uint64_t world_random(struct world *world);
int64_t world_between(struct world *world, int64_t low, int64_t high); /* inclusive */
int64_t world_lease_now(const struct world *world);
struct pending *world_complete(struct world *world, int actor, const struct effect *effect,
                               enum input_type type, int64_t at_ms);
void world_break(struct world *world, const char *promise, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
struct fault *world_fault(struct world *world, int actor, enum fault_type type);

/* world_store.c, world_aws.c, world_process.c: performers */
void perform_store(struct world *world, int actor, const struct effect *effect);
void apply_store(struct world *world, struct pending *pending);
void perform_aws(struct world *world, int actor, const struct effect *effect);
void perform_spawn(struct world *world, int actor, const struct effect *effect);
void perform_signal(struct world *world, int actor, const struct effect *effect);
void perform_guard_deadline(struct world *world, int actor, const struct effect *effect);
void perform_collect(struct world *world, int actor, const struct effect *effect);
void process_ends(struct world *world, struct pending *pending);
int64_t guards_next_ms(const struct world *world);
void guards_fire(struct world *world);
void processes_kill_actor(struct world *world, int actor);
void stack_settle(struct world *world, struct sim_stack *stack);
size_t stack_by_name(const struct actor *actor, const char *stack_name);

/* scenario.c */
void scenario_make(struct world *world, uint64_t seed);

/* invariants.c */
void check_event(struct world *world, int actor, const struct event *event, uint64_t effect_id);
void check_claim(struct world *world, int actor, const struct effect *effect);
void check_release(struct world *world, int actor, const struct effect *effect);
void check_spawn(struct world *world, int actor, const struct spawn *spawn);
void check_write(struct world *world, int actor, size_t account); /* AWS is about to be changed */
void check_step(struct world *world);
void check_end(struct world *world, int actor, bool is_killed);
#endif
