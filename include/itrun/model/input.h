/* input.h - what a state machine is told: one fact, and the only clocks it sees. */
#ifndef ITRUN_MODEL_INPUT_H
#define ITRUN_MODEL_INPUT_H
#include "itrun/model/effect.h"

#define INPUT_TABLE(X)                                                                                       \
    X(START)                                                                                                 \
    X(DEADLINE)        /* some deadline that the machine named has come */                                   \
    X(STOP)            /* stop in order; signal says why (0: deadline of the run) */                         \
    X(EMITTED)         /* EMIT */                                                                            \
    X(CLAIMED)         /* CLAIM: is_granted */                                                               \
    X(LEASE_ANSWERED)  /* LEASE_ACQUIRE, LEASE_RENEW, LEASE_RELEASE */                                       \
    X(LEDGER_ANSWERED) /* LEDGER_* */                                                                        \
    X(AWS_ANSWERED)    /* AWS */                                                                             \
    X(PROCESS_ENDED)   /* SPAWN */                                                                           \
    X(SIGNALLED)       /* SIGNAL, GUARD_DEADLINE, LANE_CLOSE */                                              \
    X(COLLECTED)       /* COLLECT */

enum input_type {
#define X(name) INPUT_##name,
    INPUT_TABLE(X)
#undef X
        INPUT_TYPE_COUNT
};
const char *input_type_name(enum input_type type);

/* A lease that ran out is taken over only after it was seen to have run out for this long of awake time:
 * after a machine's sleep its owner's guards and whoever waits wake up together, and the guards must be
 * first. */
#define TAKEOVER_GRACE_MS 500

struct lease_answer {
    struct error error; /* CONFLICT: somebody else holds it (or took it over) */
    uint64_t fence;
    bool was_dirty;           /* its last owner did not end in order: wait for its deploys, trust nothing */
    const char *holder;       /* CONFLICT: "run 0198… on ci-7, worker 1" */
    int64_t expires_in_ms;    /* CONFLICT: of the holder's lease; -1: unknown */
    enum account_state state; /* CONFLICT because dirty or quarantined: which */
    int64_t sent_at_lease_ms; /* lease clock, taken before the request was sent: validity counts from here */
};

struct aws_answer {
    struct error error;
    const struct live_stack *stacks; /* DESCRIBE_STACKS; deleted ones are left out unless asked by id */
    size_t stack_count;
    const char *stack_id;   /* CREATE, UPDATE */
    bool is_unchanged;      /* UPDATE */
    int64_t lifetime_ms;    /* ASSUME_ROLE: until the credentials expire */
    const char *account_id; /* CALLER_IDENTITY */
    const char *reason;     /* STACK_EVENTS */
};

/* Everything it points to is valid only during the step. */
struct input {
    enum input_type type;
    int64_t now_ms;       /* CLOCK_MONOTONIC: deadlines of work */
    int64_t lease_now_ms; /* CLOCK_BOOTTIME: deadlines of leases; counts sleep */
    uint64_t effect_id;   /* of the effect that this completes; 0: none */
    size_t lane;          /* copied from the effect */
    union {
        int signal;         /* STOP */
        struct error error; /* EMITTED, SIGNALLED: kind NONE when done */
        bool is_granted;    /* CLAIMED */
        struct lease_answer lease;
        struct {
            struct error error;
            const struct ledger_entry *entries; /* LEDGER_READ */
            size_t entry_count;
        } ledger;
        struct aws_answer aws;
        struct process_end process;
        struct {
            struct error error;
            const struct report *report; /* never NULL when error.kind is NONE */
        } collected;
    };
};
#endif
