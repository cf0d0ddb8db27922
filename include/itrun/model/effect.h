/* effect.h - what a state machine asks the host for.
 *
 * The effect contract (also the simulator's specification):
 *  - x_step(machine, input, effects) appends effects; the host performs them after the step, in order.
 *  - Every effect has an id and gets exactly one completion (an input with the same effect_id), never from
 * inside the step that asked. A completion for an ended owner is dropped by its id.
 *  - Everything an effect points to lives in the effects' arena (or in the input of that step, or in the
 * machine) and is valid only until the host has taken it.
 *  - There are no timer effects: the host asks x_next_deadline_ms() after each step.
 *  - At equal times: completions in the order in which they were queued, then deadlines. */
#ifndef ITRUN_MODEL_EFFECT_H
#define ITRUN_MODEL_EFFECT_H
#include "itrun/model/attempt.h"
#include "itrun/model/ledger.h"
#include "itrun/model/stack_status.h"

struct event; /* events.h, a rank above: carried, not read, by the machines below it */

#define EFFECT_TABLE(X)                                                                                      \
    X(EMIT)           /* event -> every sink; completes when written (synced where the event says so) */     \
    X(CLAIM)          /* suite: granted or taken by another worker */                                        \
    X(LEASE_ACQUIRE)  /* account: granted with a fence, or refused with the holder */                        \
    X(LEASE_RENEW)    /* account, fence */                                                                   \
    X(LEASE_RELEASE)  /* account, fence, next state */                                                       \
    X(LEDGER_READ)    /* account -> ledger entries */                                                        \
    X(LEDGER_BEGIN)   /* account, ledger entry: durable before the deploy's first write */                   \
    X(LEDGER_END)     /* account, ledger entry */                                                            \
    X(AWS)            /* one call, retried by the aws room within its budget */                              \
    X(SPAWN)          /* a command under a guard; completes when it and all its descendants ended */         \
    X(SIGNAL)         /* to a spawn's whole tree: TERM, or KILL */                                           \
    X(GUARD_DEADLINE) /* lane's guards kill by themselves when lease_stop_by_ms passes */                    \
    X(COLLECT)        /* read a report, store it redacted beside the output */                               \
    X(LANE_CLOSE)     /* no more commands come for this lane: its guard and folder may go */

enum effect_type {
#define X(name) EFFECT_##name,
    EFFECT_TABLE(X)
#undef X
        EFFECT_TYPE_COUNT
};
const char *effect_type_name(enum effect_type type);

enum account_state {
    ACCOUNT_FREE,
    ACCOUNT_LEASED,
    ACCOUNT_CLEANING,
    ACCOUNT_DIRTY,
    ACCOUNT_QUARANTINED,
    ACCOUNT_HELD, /* left as a run ended in it, for a person to look into, until a time (--hold-on-fail) */
    ACCOUNT_STATE_COUNT
};
const char *account_state_name(enum account_state state);

enum aws_operation {
    AWS_ASSUME_ROLE,     /* fills the host's credential table; answer: lifetime_ms */
    AWS_CALLER_IDENTITY, /* answer: account_id */
    AWS_DESCRIBE_STACKS, /* unnamed: all stacks of the account; by stack_name (or id) when given */
    AWS_CREATE_STACK,
    AWS_UPDATE_STACK, /* "No updates are to be performed" answers is_unchanged, without error */
    AWS_DELETE_STACK,
    AWS_CONTINUE_ROLLBACK,
    AWS_STACK_EVENTS, /* answer: reason, the first failure of the newest operation */
    AWS_OPERATION_COUNT
};
const char *aws_operation_name(enum aws_operation operation); /* "AssumeRole" */

struct aws_call {
    enum aws_operation operation;
    size_t account;
    const char *session_name; /* ASSUME_ROLE */
    const char *stack_name;
    const char *template_body;
    const struct pair *parameters;
    size_t parameter_count;
    const struct pair *tags;
    size_t tag_count;
    const char *request_token;
};

struct spawn {
    size_t lane;
    size_t suite;            /* NO_INDEX: a deploy command */
    size_t stack;            /* NO_INDEX: a suite's attempt */
    int attempt;             /* 1-based */
    size_t account;          /* whose credentials it gets; NO_INDEX: none */
    const char *const *argv; /* NULL-terminated; direct exec, argv[0] searched in PATH */
    const char *cwd;
    const struct pair
        *env; /* facts of the contract; the host adds tmpdir, report, credentials, drops AWS_* */
    size_t env_count;
    const char *outputs_json; /* contents of ITRUN_OUTPUTS, or NULL */
    const char *report_path;  /* removed before the start; NULL: none expected */
    const char *output_path;  /* relative to the run's directory: suites/<suite>/<attempt>/output.log */
    int64_t lease_stop_by_ms; /* lease clock; INT64_MAX: no lease */
    bool is_interactive;      /* it gets itrun's own standard streams; nothing is captured */
};

struct collect {
    size_t suite;
    size_t account; /* whose secrets are redacted; NO_INDEX: none */
    const char *framework;
    const char *test_name;   /* --test, or NULL */
    const char *report_path; /* absolute */
    const char *store_path;  /* relative to the run's directory: .../report.xml.raw */
};

struct effect {
    uint64_t id;
    enum effect_type type;
    size_t lane; /* who gets the completion; NO_INDEX: the coordinator (or the only machine) */
    union {
        const struct event *event; /* EMIT */
        size_t suite;              /* CLAIM */
        struct {                   /* LEASE_*, LEDGER_* */
            size_t account;
            uint64_t fence;
            enum account_state next;
            int64_t
                duration_ms; /* ACQUIRE, RENEW: of the lease; RELEASE as HELD: of the hold, 0 keeps its end */
            const char *reason;
            const struct ledger_entry *entry;
        } store;
        struct aws_call aws;
        struct spawn spawn;
        struct {
            uint64_t spawn_id;
            bool is_kill;
        } signal;
        int64_t lease_stop_by_ms; /* GUARD_DEADLINE */
        struct collect collect;
    };
};

struct effects {
    struct effect *list;
    size_t count, capacity;
    uint64_t last_id;
    struct arena *arena;
};
void effects_init(struct effects *effects);
void effects_clear(struct effects *effects); /* frees */
void effects_reset(struct effects *effects); /* taken: forget list and arena, keep ids growing */
struct effect *effects_add(struct effects *effects, enum effect_type type,
                           size_t lane); /* zeroed but id, type, lane */
#endif
