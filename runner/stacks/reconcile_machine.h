/* reconcile_machine.h - the structs of reconcile, for the files of this room.
 *
 * reconcile.c is the account: the step, what is outstanding, facts. reconcile_stack.c is the machine of one
 * stack, with reconcile_begin.c (from wanted to the first write) and reconcile_end.c (how it ends).
 * reconcile_look.c is what is known of the account (DescribeStacks, ledger); reconcile_deploy.c asks for what
 * writes, reconcile_command.c for commands. */
#ifndef ITRUN_STACKS_RECONCILE_MACHINE_H
#define ITRUN_STACKS_RECONCILE_MACHINE_H
#include "reconcile_state.h"

/* What a stack is told; each state answers each of these. */
enum stack_news {
    NEWS_ADVANCE,  /* something else moved: dependencies, places, slots, a fresh look */
    NEWS_LOOKED,   /* the account was looked at since this stack last wrote */
    NEWS_BLIND,    /* looking failed for good */
    NEWS_ANSWERED, /* an effect of this stack completed */
    NEWS_DUE,      /* its deadline has come */
    NEWS_CANCELLED /* no new operation from now on */
};

struct stack_run {
    enum reconcile_state state;
    enum stack_action action; /* the newest decision */
    enum stack_action deed;   /* what was begun; meaningful once QUEUED */
    const char *reason;       /* of the decision */
    const struct ledger_entry *recorded;
    const struct fingerprint *fingerprint; /* NULL until the dependencies are ready */
    const struct pair *tags;               /* kept from before a replacement */
    size_t tag_count;
    const struct error *error; /* FAILED: why */
    uint64_t effect_id;        /* what this state waits for */
    uint64_t fresh_after;      /* only looks asked for later than this effect show what the last write did */
    enum aws_operation operation;
    int64_t started_ms;  /* of the first operation; INT64_MIN: none yet */
    int64_t deadline_ms; /* INT64_MAX: none; counts only in states that have one */
    int64_t wait_until_ms;
    int token_count; /* request tokens used */
    int conflict_count;
    int decision_count;
    int stale_count; /* looks that did not show the write yet */
    int attempt;     /* of the deploy command */
    bool was_repaired, was_deleted_again;
    bool is_granted; /* the slot was given, and not yet taken note of */
    bool has_slot;
    bool has_begun;    /* the ledger says so */
    bool is_left;      /* an operation was left running in AWS, or the stack was given up */
    bool is_timed_out; /* TERMINATING: why */
    bool is_killed;
};

struct asked {
    uint64_t id;
    size_t stack; /* NO_INDEX: of the whole account */
};
struct fact_item {
    int type;
    size_t stack;
    enum stack_action action;
    const char *reason;
    int64_t duration_ms;
    const struct error *error;
};

struct look {
    struct arena *arena;     /* of the newest answer */
    struct live_stack *live; /* by stack; stack_name NULL: absent */
    uint64_t asked_id;       /* outstanding; 0: none */
    uint64_t answered_id;    /* newest that was answered well; 0: none */
    int64_t next_ms;
    bool is_urgent; /* ask without waiting for next_ms */
    int error_count;
};

enum identity { IDENTITY_UNKNOWN, IDENTITY_ASKED, IDENTITY_KNOWN };

struct reconcile {
    const struct inventory *inventory;
    size_t account;
    struct reconcile_options options;
    struct arena *arena;
    struct stack_run *stacks;
    size_t *order; /* wanted stacks, dependencies before dependents, most urgent first */
    size_t order_count;
    struct look look;
    uint64_t ledger_id, identity_id;
    bool has_ledger;
    enum identity identity;
    const struct error *account_error; /* nothing can be done in this account: why */
    struct asked *asked;
    size_t asked_count, asked_capacity;
    struct fact_item *facts;
    size_t fact_count, fact_capacity, fact_next;
    size_t move_count;
    bool is_started, is_cancelled;
    bool is_due; /* a want or a grant waits to be acted on */
    int64_t now_ms, lease_stop_by_ms;
    struct effects *effects; /* during a step */
};

/* reconcile.c */
struct effect *reconcile_ask(struct reconcile *reconcile, enum effect_type type, size_t stack);
void reconcile_tell(struct reconcile *reconcile, int type, size_t stack, const struct error *error);
bool reconcile_knows_account(
    struct reconcile *reconcile); /* asks once who we are; true when the answer was right */
size_t reconcile_operation_count(const struct reconcile *reconcile);
const struct stack *reconcile_stack_of(const struct reconcile *reconcile, size_t stack);

/* reconcile_stack.c */
void stack_enter(struct reconcile *reconcile, size_t stack,
                 enum reconcile_state state); /* the gate of every move */
void stack_hear(struct reconcile *reconcile, size_t stack, enum stack_news news, const struct input *input);

/* reconcile_begin.c */
void stack_want(struct reconcile *reconcile, size_t stack);
void stack_try(struct reconcile *reconcile, size_t stack);   /* PENDING: decide, if all is known */
void stack_begin(struct reconcile *reconcile, size_t stack); /* QUEUED: begin, if there is a place */
void stack_start_operation(struct reconcile *reconcile, size_t stack); /* recorded: the first write */
void stack_start_content(struct reconcile *reconcile, size_t stack);   /* what is in the way is gone */

/* reconcile_end.c */
int64_t stack_timeout_ms(const struct reconcile *reconcile, size_t stack);
const char *stack_status_now(const struct reconcile *reconcile, size_t stack);
void stack_free_slot(struct reconcile *reconcile, size_t stack);
void stack_fail(struct reconcile *reconcile, size_t stack, const struct error *error);
void stack_fail_cancelled(struct reconcile *reconcile, size_t stack, bool is_left);
void stack_fail_with(struct reconcile *reconcile, size_t stack, const struct error *cause, const char *doing);
void stack_fail_late(struct reconcile *reconcile, size_t stack, enum error_kind kind, const char *doing);
void stack_fail_dependent(struct reconcile *reconcile, size_t stack, size_t dependency);
void stack_fail_changed(struct reconcile *reconcile, size_t stack, const char *doing);
void stack_fail_explained(struct reconcile *reconcile, size_t stack, const struct aws_answer *answer);
void stack_fail_unwanted_deploy(struct reconcile *reconcile, size_t stack);
void stack_give_up(struct reconcile *reconcile, size_t stack);
void stack_end(struct reconcile *reconcile, size_t stack); /* seen up to date: record it */

/* reconcile_look.c */
void look_tend(struct reconcile *reconcile); /* asks when it is time; called at the end of each step */
void look_answered(struct reconcile *reconcile, const struct input *input);
int64_t look_next_ms(const struct reconcile *reconcile);
bool look_is_fresh(const struct reconcile *reconcile, size_t stack);
void look_discard(struct reconcile *reconcile,
                  size_t stack); /* what is known of it is old; look again at once */
const struct live_stack *look_find(const struct reconcile *reconcile, size_t stack); /* NULL: absent */
const char *look_output(void *context, size_t stack, const char *key); /* context: the reconcile */
const char *look_tag(const struct reconcile *reconcile, size_t stack); /* its fingerprint tag; NULL */
void ledger_ask(struct reconcile *reconcile);
void ledger_answered(struct reconcile *reconcile, const struct input *input);
bool stack_fingerprint(struct reconcile *reconcile, size_t stack, struct error *error);

/* reconcile_deploy.c: each asks for one effect and notes its id in the stack */
void deploy_record(struct reconcile *reconcile, size_t stack,
                   enum effect_type type); /* LEDGER_BEGIN, LEDGER_END */
void deploy_write(struct reconcile *reconcile,
                  size_t stack); /* CREATE_STACK or UPDATE_STACK, by what is there */
void deploy_delete(struct reconcile *reconcile, size_t stack);
void deploy_continue(struct reconcile *reconcile, size_t stack);
void deploy_explain(struct reconcile *reconcile, size_t stack);
void deploy_keep_tags(struct reconcile *reconcile, size_t stack); /* before a deletion */

/* reconcile_command.c */
void command_start(struct reconcile *reconcile, size_t stack);
void deploy_command_signal(struct reconcile *reconcile, size_t stack, bool is_kill);
/* Why it is a failure; kind NONE: it ended well. */
void command_judge(const struct reconcile *reconcile, size_t stack, const struct process_end *end,
                   struct error *ret_error);
#endif
