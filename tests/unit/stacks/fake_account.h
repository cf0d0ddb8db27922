/* fake_account.h - an account with a small CloudFormation, a ledger and a shell, driven effect by effect.
 *
 * Nothing happens by itself: fake_answer() performs one effect, fake_settle() all of them and the deadlines,
 * until every wanted stack is ready or failed. Strings live as long as the fake. */
#ifndef TESTS_FAKE_ACCOUNT_H
#define TESTS_FAKE_ACCOUNT_H
#include "itrun/stacks.h"
#include "reconcile_state.h"

#define FAKE_STACKS_MAX 24
#define FAKE_ACCOUNT_ID "111122223333"

struct fake_stack {
    const char *name;         /* in CloudFormation */
    enum stack_status status; /* ABSENT: not there */
    enum stack_status next;
    int polls_left; /* looks that still show `status`; then `next` */
    struct pair tags[8];
    size_t tag_count;
    struct pair outputs[4];
    size_t output_count;
};

struct fake {
    struct inventory inventory;
    struct stack stacks[FAKE_STACKS_MAX];
    struct account account;
    struct reconcile_options options;
    struct reconcile *reconcile;
    struct arena *arena;
    struct effects effects;
    bool is_answered[4096];
    struct fake_stack cloud[FAKE_STACKS_MAX];
    struct ledger_entry ledger[FAKE_STACKS_MAX];
    size_t ledger_count;
    struct text calls; /* "begin data;CreateStack data;end data;" */
    struct reconcile_fact facts[128];
    size_t fact_count;
    unsigned moves[RECONCILE_STATE_COUNT]; /* masks of moves taken */
    int64_t now_ms;
    int look_count;
    int looks_outstanding_max;
    /* what goes wrong */
    int in_progress_polls;   /* of each operation */
    const char *broken;      /* the CloudFormation name of a stack whose operations end in rollback */
    const char *undeletable; /* ... whose deletion ends in DELETE_FAILED */
    enum aws_operation fault_operation;
    int fault_count; /* so many calls of that operation fail */
    struct error fault;
    const char *caller_id;
    const char *event_reason;
    struct process_end end;   /* of each command */
    bool command_forgets_tag; /* else it creates the stack with its tag */
    bool holds_commands;      /* fake_settle leaves spawns alone */
    bool holds_slots;         /* fake_settle grants none */
};

void fake_init(struct fake *fake);
void fake_clear(struct fake *fake);
/* Adds a stack to the inventory; depends: NULL-terminated names, or NULL. Its static part is `content`. */
size_t fake_template(struct fake *fake, const char *name, const char *content, const char *const *depends);
size_t fake_command(struct fake *fake, const char *name, const char *command, const char *const *depends);
void fake_parameter(struct fake *fake, size_t stack, const char *name, const char *value, const char *from,
                    const char *output);
void fake_start(struct fake *fake);                     /* wants every stack */
void fake_step(struct fake *fake, struct input *input); /* clocks are set here; facts are drained */
struct fake_stack *fake_cloud(struct fake *fake, const char *name);
/* The stack as it was deployed with the fingerprint that its parts have now (no outputs used). */
struct fake_stack *fake_deployed(struct fake *fake, size_t stack, enum stack_status status);
const char *fake_fingerprint(struct fake *fake, size_t stack);
/* Oldest unanswered effect of this type (and AWS operation), or NULL. */
struct effect *fake_pending(struct fake *fake, enum effect_type type, int operation);
size_t fake_pending_count(struct fake *fake);
void fake_answer(struct fake *fake, struct effect *effect);
void fake_answer_all(struct fake *fake); /* all there is, without time passing */
void fake_settle(struct fake *fake);
const struct reconcile_fact *fake_fact(struct fake *fake, int type, size_t stack); /* newest, or NULL */
size_t fake_count(const struct fake *fake, const char *call);                      /* in calls */
#endif
