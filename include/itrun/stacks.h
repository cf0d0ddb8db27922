/* stacks.h - what a stack deploys to (fingerprint), what to do about it (decide), and doing it (reconcile).
 *
 * Deciding, explaining and predicting a deploy are one function: stack_decide. A skip is never wrong: status
 * first, then fingerprint, then nothing unfinished. Source: botocore's StackStatus; AWS "Stack status codes";
 * the rows are tested one by one. */
#ifndef ITRUN_STACKS_H
#define ITRUN_STACKS_H
#include "itrun/base/text.h"
#include "itrun/model/input.h"

/* --- template: canonical form (key order, YAML or JSON and comments do not matter) ------------------- */
/* Digest of the parsed template; unparsable bodies are hashed as bytes (then CloudFormation will say what is
 * wrong). JSON is canonicalised here; YAML is hashed with comments and trailing blanks removed. */
void template_digest(const char *body, char ret_hex[HASH_HEX_SIZE]);

/* --- fingerprint ------------------------------------------------------------------------------------- */
struct fingerprint {
    char hex[HASH_HEX_SIZE];
    const struct fingerprint_part *parts; /* in arena, sorted by name: static parts and resolved outputs */
    size_t part_count;
};
/* Resolved value of stack `from`'s output `key` in this account; NULL: not there. */
typedef const char *stack_output_lookup(void *context, size_t from, const char *key);
/* TEMPLATE: its parts and the outputs its parameters name; COMMAND: its parts and all outputs of its
 * dependencies (the caller passes them through outputs: every pair "stack.Key"). False: an output is missing
 * (error names it). */
bool fingerprint_compute(const struct inventory *inventory, size_t stack, stack_output_lookup *lookup,
                         void *context, const struct pair *outputs, size_t output_count, struct arena *arena,
                         struct fingerprint *ret_fingerprint, struct error *error);

/* --- decide ------------------------------------------------------------------------------------------ */
enum stack_action {
    STACK_SKIP,
    STACK_WAIT,
    STACK_CREATE,
    STACK_UPDATE,
    STACK_CONTINUE_ROLLBACK,
    STACK_RECREATE,
    STACK_DELETE_AGAIN,
    STACK_GIVE_UP,
    STACK_ACTION_COUNT
};
const char *stack_action_name(enum stack_action action); /* "skip" "wait" "create" "update" "repair" "replace"
                                                            "delete again" "give up" */
struct stack_view {
    const struct live_stack *live; /* NULL: absent */
    const struct fingerprint *wanted;
    const struct ledger_entry *recorded; /* NULL: nothing recorded */
    bool is_forced;                      /* --force-deploy */
    bool was_repaired;                   /* this run tried CONTINUE_ROLLBACK already */
    bool was_deleted_again;              /* this run tried DELETE_AGAIN already */
};
struct stack_decision {
    enum stack_action action;
    char reason[256]; /* "up to date", "parameter Stage changed", "status UPDATE_ROLLBACK_COMPLETE: ..." */
};
void stack_decide(const struct stack_view *view, struct stack_decision *ret_decision); /* pure */

/* Every changed, added or removed part, "parameter Stage changed", one a call of found(). */
void fingerprint_compare(const struct fingerprint_part *old_parts, size_t old_count,
                         const struct fingerprint_part *new_parts, size_t new_count,
                         void (*found)(void *context, const char *part, const char *how), void *context);

/* --- reconcile: the machine ---------------------------------------------------------------------------
 * One per lane: brings the wanted stacks of one account to their fingerprints, in graph order without
 * barriers. Asks for AWS, LEDGER_*, SPAWN (deploy commands); one unnamed DescribeStacks is the only poll.
 * Before the first write of an account it asks AWS_CALLER_IDENTITY and compares. Never starts a deploy while
 * cancelled. */
enum stack_readiness { STACK_NOT_WANTED, STACK_PENDING, STACK_DEPLOYING, STACK_READY, STACK_FAILED };
struct reconcile_options {
    size_t lane;
    const char *run_id;
    bool is_forced, is_no_deploy; /* no deploy: a stack that would be deployed fails instead */
    int64_t poll_ms;              /* between polls while something is in progress; default 2000 */
    const char *tmp_root;
    bool was_dirty; /* the account's last owner did not end in order */
    void (*moved)(void *context, int from,
                  int to); /* observer of a stack's state moves, or NULL (simulation) */
    void *moved_context;
};
struct reconcile_fact { /* for the lane to tell; strings valid until the next step */
    enum {
        RECONCILE_DECIDED,
        RECONCILE_DEPLOYED,
        RECONCILE_FAILED,
        RECONCILE_SLOT_WANTED,
        RECONCILE_SLOT_FREED
    } type;
    size_t stack;
    enum stack_action action;
    const char *reason;
    const char *fingerprint;
    int64_t duration_ms;
    struct error error; /* FAILED */
};
struct reconcile;
struct reconcile *reconcile_new(const struct inventory *inventory, size_t account,
                                const struct reconcile_options *options);
void reconcile_free(struct reconcile *reconcile);
/* The stacks in this list (dependencies included) are wanted, most urgent first. Adds; never removes. */
void reconcile_want(struct reconcile *reconcile, const size_t *stacks, size_t count);
void reconcile_step(struct reconcile *reconcile, const struct input *input, struct effects *effects);
int64_t reconcile_next_deadline_ms(const struct reconcile *reconcile); /* INT64_MAX: none */
bool reconcile_next_fact(struct reconcile *reconcile,
                         struct reconcile_fact *ret_fact); /* drain after each step */
enum stack_readiness reconcile_readiness(const struct reconcile *reconcile, size_t stack);
const struct error *reconcile_failure(const struct reconcile *reconcile, size_t stack);
/* Lease clock: deploy commands started from now on must not outlive this. */
void reconcile_set_stop_by(struct reconcile *reconcile, int64_t lease_stop_by_ms);
/* A deploy command whose stack is not `parallel` waits for this, after SLOT_WANTED; SLOT_FREED gives it back.
 */
void reconcile_grant_slot(struct reconcile *reconcile, size_t stack);
/* No new operation; commands under way are asked to end (SIGNAL); is_idle when nothing of ours is in flight.
 */
void reconcile_cancel(struct reconcile *reconcile, struct effects *effects);
bool reconcile_is_idle(const struct reconcile *reconcile);                  /* no effect outstanding */
bool reconcile_owns(const struct reconcile *reconcile, uint64_t effect_id); /* this completion is for it */
/* An operation was left running in AWS (or runs now), or a stack was given up: the account is dirty. */
bool reconcile_has_unfinished(const struct reconcile *reconcile);
/* {"stack": {"Key": "value"}} of every stack that is ready, for ITRUN_OUTPUTS; is_stale_fine: also of those
 * that are there though they are not up to date, or failed. */
void reconcile_outputs_json(const struct reconcile *reconcile, bool is_stale_fine, struct text *text);
#endif
