/* reconcile_stack.c - one stack of one account, from wanted to ready or failed.
 *
 *   UNWANTED --> PENDING <--> WAITING (somebody else's operation)
 *                |  ^  \--> READY (skip)         settled otherwise: decide again
 *        decided |  +----------------------------------------------------------+
 *                v         granted                                             |
 *   AWAITING_SLOT <--> QUEUED --> BEGINNING --> WRITING --> SETTLING ----------+--> EXPLAINING --> FAILED
 *   (commands)                       |           ^  | \---> DELETING ----------+
 *                                    |           |  |          | gone     |
 *                                    |           +--+----------+          |
 *                                    v              |                     |
 *                                 RUNNING <---------+---------------------+
 *                                  |    \--> TERMINATING --> FAILED
 *                                  v
 *                               VERIFYING --> ENDING --> READY        SETTLING, too, goes on to ENDING
 *
 *   state          holds                    waits for                       deadline        on a cancel
 *   UNWANTED       nothing                  a want                          none            nothing
 *   PENDING        a want                   dependencies, look, ledger      none            FAILED
 *   WAITING        a want                   what runs in AWS to settle      stack's timeout FAILED,
 * unfinished QUEUED         a decision               identity, a place, a slot       none            FAILED
 *   AWAITING_SLOT  a decision               the slot                        none            FAILED, slot
 * given back BEGINNING      a place                  the ledger                      none            FAILED
 * when answered WRITING        a place, a call          the answer                      the aws room's FAILED
 * when answered SETTLING       a place, an operation    a settled status                stack's timeout
 * FAILED, unfinished DELETING       a place, an operation    the stack to be gone            stack's timeout
 * FAILED, unfinished RUNNING        a place, a spawn, a slot its end                         stack's timeout
 * TERM: TERMINATING TERMINATING    the same                 its end                         TERM + 10 s     a
 * second one: KILL VERIFYING      a place                  a look with the tag             stack's timeout
 * FAILED, unfinished ENDING         a deployed stack         the ledger                      none nothing: it
 * is done EXPLAINING     a failure                its first cause                 none            nothing: it
 * is told READY, FAILED  a result                 nothing                         none            nothing
 *
 * The ledger is told before the first write, and of the end only where the stack was seen up to date: a
 * failure stays unfinished. What a state does to begin stands in reconcile_begin.c, how it ends in
 * reconcile_end.c. */
#include "reconcile_machine.h"
#include <string.h>

#define CONFLICTS_MAX   2
#define STALE_LOOKS_MAX 3
#define KILL_AFTER_MS   10000

const struct reconcile_state_row reconcile_states[RECONCILE_STATE_COUNT] = {
#define X(name, readiness, is_operation, may_run, has_deadline, next)                                        \
    {#name, readiness, is_operation, may_run, has_deadline, next},
    RECONCILE_TABLE(X)
#undef X
};

void stack_enter(struct reconcile *reconcile, size_t stack, enum reconcile_state state)
{
    struct stack_run *run = &reconcile->stacks[stack];
    enum reconcile_state from = run->state;
    MUST((reconcile_states[from].next & (1u << state)) != 0);
    run->state = state;
    reconcile->move_count++;
    if (reconcile->options.moved != NULL) {
        reconcile->options.moved(reconcile->options.moved_context, (int)from, (int)state);
    }
}

/* --- what each state does with what it hears --------------------------------------------------------- */

static void unwanted_hear(struct reconcile *reconcile, size_t stack, enum stack_news news,
                          const struct input *input)
{
    (void)reconcile, (void)stack, (void)input;
    switch (news) {
    case NEWS_ADVANCE:
    case NEWS_LOOKED:
    case NEWS_BLIND:
    case NEWS_ANSWERED:
    case NEWS_DUE:
    case NEWS_CANCELLED: break;
    }
}

static void pending_hear(struct reconcile *reconcile, size_t stack, enum stack_news news,
                         const struct input *input)
{
    switch (news) {
    case NEWS_ADVANCE: stack_try(reconcile, stack); break;
    case NEWS_BLIND:
        if (!look_is_fresh(reconcile, stack)) {
            stack_fail_with(reconcile, stack, &input->aws.error, "its account cannot be looked at");
        }
        break;
    case NEWS_CANCELLED: stack_fail_cancelled(reconcile, stack, false); break;
    case NEWS_LOOKED:
    case NEWS_ANSWERED:
    case NEWS_DUE: break;
    }
}

static void waiting_hear(struct reconcile *reconcile, size_t stack, enum stack_news news,
                         const struct input *input)
{
    const struct live_stack *live = look_find(reconcile, stack);
    switch (news) {
    case NEWS_LOOKED:
        if (live == NULL || stack_status_is_settled(live->status)) {
            stack_enter(reconcile, stack, RECONCILE_STATE_PENDING);
        }
        break;
    case NEWS_BLIND:
        stack_fail_with(reconcile, stack, &input->aws.error, "waited for somebody else's operation");
        break;
    case NEWS_DUE:
        stack_fail_late(reconcile, stack, ERROR_TRANSIENT, stack_status_now(reconcile, stack));
        break;
    case NEWS_CANCELLED: stack_fail_cancelled(reconcile, stack, true); break;
    case NEWS_ADVANCE:
    case NEWS_ANSWERED: break;
    }
}

static void queued_hear(struct reconcile *reconcile, size_t stack, enum stack_news news,
                        const struct input *input)
{
    (void)input;
    switch (news) {
    case NEWS_ADVANCE: stack_begin(reconcile, stack); break;
    case NEWS_CANCELLED: stack_fail_cancelled(reconcile, stack, false); break;
    case NEWS_LOOKED:
    case NEWS_BLIND:
    case NEWS_ANSWERED:
    case NEWS_DUE: break;
    }
}

static void awaiting_slot_hear(struct reconcile *reconcile, size_t stack, enum stack_news news,
                               const struct input *input)
{
    (void)input;
    struct stack_run *run = &reconcile->stacks[stack];
    switch (news) {
    case NEWS_ADVANCE:
        if (run->is_granted) {
            run->is_granted = false;
            run->has_slot = true;
            stack_enter(reconcile, stack, RECONCILE_STATE_QUEUED);
        }
        break;
    case NEWS_CANCELLED: stack_fail_cancelled(reconcile, stack, false); break;
    case NEWS_LOOKED:
    case NEWS_BLIND:
    case NEWS_ANSWERED:
    case NEWS_DUE: break;
    }
}

static void beginning_hear(struct reconcile *reconcile, size_t stack, enum stack_news news,
                           const struct input *input)
{
    switch (news) {
    case NEWS_ANSWERED:
        if (input->ledger.error.kind != ERROR_NONE) {
            stack_fail_with(reconcile, stack, &input->ledger.error, "its deploy cannot be recorded");
        } else if (reconcile->is_cancelled) {
            stack_fail_cancelled(reconcile, stack, false);
        } else {
            stack_start_operation(reconcile, stack);
        }
        break;
    case NEWS_ADVANCE:
    case NEWS_LOOKED:
    case NEWS_BLIND:
    case NEWS_DUE:
    case NEWS_CANCELLED: break;
    }
}

/* Refused because the stack is not what we took it for: look, and decide again. */
static bool may_look_again(struct reconcile *reconcile, size_t stack, const struct error *error)
{
    bool is_surprise = error->kind == ERROR_CONFLICT || error->kind == ERROR_GONE;
    return is_surprise && !reconcile->is_cancelled &&
           ++reconcile->stacks[stack].conflict_count <= CONFLICTS_MAX;
}

static void write_failed(struct reconcile *reconcile, size_t stack, const struct error *error)
{
    struct stack_run *run = &reconcile->stacks[stack];
    if (may_look_again(reconcile, stack, error)) {
        look_discard(reconcile, stack);
        stack_enter(reconcile, stack, RECONCILE_STATE_PENDING);
        return;
    }
    /* No answer: it may have begun all the same. */
    run->is_left |=
        error->kind == ERROR_TRANSIENT || error->kind == ERROR_CANCELLED || error->kind == ERROR_IO;
    if (error->kind == ERROR_CANCELLED) {
        stack_fail_cancelled(reconcile, stack, true);
        return;
    }
    stack_fail_with(reconcile, stack, error, "not deployed");
}

/* "No updates": template, parameters and tags are what is deployed. */
static void write_unchanged(struct reconcile *reconcile, size_t stack)
{
    const struct live_stack *live = look_find(reconcile, stack);
    bool is_current = live != NULL && stack_status_is_succeeded(live->status) &&
                      string_equal(look_tag(reconcile, stack), reconcile->stacks[stack].fingerprint->hex);
    if (is_current) {
        stack_end(reconcile, stack);
        return;
    }
    stack_fail_changed(reconcile, stack, "UpdateStack found nothing to change");
}

static void writing_hear(struct reconcile *reconcile, size_t stack, enum stack_news news,
                         const struct input *input)
{
    const struct stack_run *run = &reconcile->stacks[stack];
    switch (news) {
    case NEWS_ANSWERED:
        if (input->aws.error.kind != ERROR_NONE) {
            write_failed(reconcile, stack, &input->aws.error);
        } else if (input->aws.is_unchanged) {
            write_unchanged(reconcile, stack);
        } else if (reconcile->is_cancelled) {
            stack_fail_cancelled(reconcile, stack, true);
        } else {
            look_discard(reconcile, stack); /* an answer may find it settled already */
            stack_enter(reconcile, stack,
                        run->operation == AWS_DELETE_STACK ? RECONCILE_STATE_DELETING
                                                           : RECONCILE_STATE_SETTLING);
        }
        break;
    case NEWS_ADVANCE:
    case NEWS_LOOKED:
    case NEWS_BLIND:
    case NEWS_DUE:
    case NEWS_CANCELLED: break;
    }
}

/* True while looks may still be behind the write. */
static bool is_maybe_stale(struct reconcile *reconcile, size_t stack)
{
    return ++reconcile->stacks[stack].stale_count <= STALE_LOOKS_MAX;
}

static void settling_looked(struct reconcile *reconcile, size_t stack)
{
    struct stack_run *run = &reconcile->stacks[stack];
    const struct live_stack *live = look_find(reconcile, stack);
    if (live != NULL && !stack_status_is_settled(live->status)) {
        return;
    }
    if (run->operation == AWS_CONTINUE_ROLLBACK) {
        stack_enter(reconcile, stack, RECONCILE_STATE_PENDING);
    } else if (live == NULL || stack_status_is_succeeded(live->status)) {
        if (string_equal(look_tag(reconcile, stack), run->fingerprint->hex)) {
            stack_end(reconcile, stack);
        } else if (!is_maybe_stale(reconcile, stack)) {
            stack_fail_changed(reconcile, stack, "was deployed");
        }
    } else {
        stack_enter(reconcile, stack, RECONCILE_STATE_EXPLAINING);
        deploy_explain(reconcile, stack);
    }
}

static void settling_hear(struct reconcile *reconcile, size_t stack, enum stack_news news,
                          const struct input *input)
{
    switch (news) {
    case NEWS_LOOKED: settling_looked(reconcile, stack); break;
    case NEWS_BLIND:
        reconcile->stacks[stack].is_left = true;
        stack_fail_with(reconcile, stack, &input->aws.error, "how its deploy went cannot be seen");
        break;
    case NEWS_DUE: /* by the contract a deploy that does not end is the change's fault */
        stack_fail_late(reconcile, stack, ERROR_INVALID, stack_status_now(reconcile, stack));
        break;
    case NEWS_CANCELLED: stack_fail_cancelled(reconcile, stack, true); break;
    case NEWS_ADVANCE:
    case NEWS_ANSWERED: break;
    }
}

static void deleting_looked(struct reconcile *reconcile, size_t stack)
{
    const struct live_stack *live = look_find(reconcile, stack);
    if (live == NULL) {
        stack_start_content(reconcile, stack);
    } else if (stack_status_is_settled(live->status)) {
        stack_enter(reconcile, stack, RECONCILE_STATE_PENDING);
    }
}

static void deleting_hear(struct reconcile *reconcile, size_t stack, enum stack_news news,
                          const struct input *input)
{
    switch (news) {
    case NEWS_LOOKED: deleting_looked(reconcile, stack); break;
    case NEWS_BLIND:
        reconcile->stacks[stack].is_left = true;
        stack_fail_with(reconcile, stack, &input->aws.error, "how its deletion went cannot be seen");
        break;
    case NEWS_DUE:
        stack_fail_late(reconcile, stack, ERROR_INVALID, stack_status_now(reconcile, stack));
        break;
    case NEWS_CANCELLED: stack_fail_cancelled(reconcile, stack, true); break;
    case NEWS_ADVANCE:
    case NEWS_ANSWERED: break;
    }
}

static void command_ended(struct reconcile *reconcile, size_t stack, const struct process_end *end)
{
    struct error error;
    command_judge(reconcile, stack, end, &error);
    if (error.kind != ERROR_NONE) {
        reconcile->stacks[stack].is_left |= end->signal != 0 || end->is_killed_by_guard;
        stack_fail(reconcile, stack, &error);
        return;
    }
    stack_free_slot(reconcile, stack);
    look_discard(reconcile, stack);
    stack_enter(reconcile, stack, RECONCILE_STATE_VERIFYING);
}

static void running_hear(struct reconcile *reconcile, size_t stack, enum stack_news news,
                         const struct input *input)
{
    struct stack_run *run = &reconcile->stacks[stack];
    switch (news) {
    case NEWS_ANSWERED: command_ended(reconcile, stack, &input->process); break;
    case NEWS_DUE:
    case NEWS_CANCELLED:
        run->is_timed_out = news == NEWS_DUE;
        run->deadline_ms = INT64_MAX; /* the time to KILL counts from when TERM was sent */
        stack_enter(reconcile, stack, RECONCILE_STATE_TERMINATING);
        deploy_command_signal(reconcile, stack, false);
        break;
    case NEWS_ADVANCE:
    case NEWS_LOOKED:
    case NEWS_BLIND: break;
    }
}

static void terminating_answered(struct reconcile *reconcile, size_t stack, const struct input *input)
{
    struct stack_run *run = &reconcile->stacks[stack];
    if (input->type == INPUT_SIGNALLED) {
        if (!run->is_killed && run->deadline_ms == INT64_MAX) {
            run->deadline_ms = input->now_ms + KILL_AFTER_MS;
        }
    } else if (run->is_timed_out) {
        stack_fail_late(reconcile, stack, ERROR_INVALID, "running its deploy command");
    } else {
        stack_fail_cancelled(reconcile, stack, true);
    }
}

static void terminating_hear(struct reconcile *reconcile, size_t stack, enum stack_news news,
                             const struct input *input)
{
    switch (news) {
    case NEWS_ANSWERED: terminating_answered(reconcile, stack, input); break;
    case NEWS_DUE:
    case NEWS_CANCELLED:
        reconcile->stacks[stack].deadline_ms = INT64_MAX;
        reconcile->stacks[stack].is_killed = true;
        deploy_command_signal(reconcile, stack, true);
        break;
    case NEWS_ADVANCE:
    case NEWS_LOOKED:
    case NEWS_BLIND: break;
    }
}

static void verifying_looked(struct reconcile *reconcile, size_t stack)
{
    const struct live_stack *live = look_find(reconcile, stack);
    const struct stack *noun = reconcile_stack_of(reconcile, stack);
    const char *wanted = reconcile->stacks[stack].fingerprint->hex;
    if (live != NULL && !stack_status_is_settled(live->status)) {
        return;
    }
    bool is_succeeded = live != NULL && stack_status_is_succeeded(live->status);
    if (is_succeeded && string_equal(look_tag(reconcile, stack), wanted)) {
        stack_end(reconcile, stack);
        return;
    }
    struct error error;
    if (is_succeeded) {
        error_set(&error, ERROR_INVALID,
                  "stack %s: its deploy command succeeded, but %s has no tag %s=%s: pass --tags "
                  "%s=$ITRUN_FINGERPRINT",
                  noun->name, noun->stack_name, FINGERPRINT_TAG, wanted, FINGERPRINT_TAG);
    } else {
        error_set(&error, ERROR_INVALID, "stack %s: its deploy command succeeded, but %s is %s", noun->name,
                  noun->stack_name, stack_status_now(reconcile, stack));
        error_hint(&error, "is stack_name the name that the command deploys to?");
    }
    stack_fail(reconcile, stack, &error);
}

static void verifying_hear(struct reconcile *reconcile, size_t stack, enum stack_news news,
                           const struct input *input)
{
    switch (news) {
    case NEWS_LOOKED: verifying_looked(reconcile, stack); break;
    case NEWS_BLIND:
        reconcile->stacks[stack].is_left = true;
        stack_fail_with(reconcile, stack, &input->aws.error, "what its deploy command did cannot be seen");
        break;
    case NEWS_DUE:
        stack_fail_late(reconcile, stack, ERROR_INVALID, stack_status_now(reconcile, stack));
        break;
    case NEWS_CANCELLED: stack_fail_cancelled(reconcile, stack, true); break;
    case NEWS_ADVANCE:
    case NEWS_ANSWERED: break;
    }
}

/* An end that could not be recorded costs the next run an update that finds nothing to do, never a wrong
 * skip. */
static void ending_hear(struct reconcile *reconcile, size_t stack, enum stack_news news,
                        const struct input *input)
{
    (void)input;
    switch (news) {
    case NEWS_ANSWERED:
        stack_free_slot(reconcile, stack);
        stack_enter(reconcile, stack, RECONCILE_STATE_READY);
        reconcile_tell(reconcile, RECONCILE_DEPLOYED, stack, NULL);
        break;
    case NEWS_ADVANCE:
    case NEWS_LOOKED:
    case NEWS_BLIND:
    case NEWS_DUE:
    case NEWS_CANCELLED: break;
    }
}

static void explaining_hear(struct reconcile *reconcile, size_t stack, enum stack_news news,
                            const struct input *input)
{
    switch (news) {
    case NEWS_ANSWERED: stack_fail_explained(reconcile, stack, &input->aws); break;
    case NEWS_ADVANCE:
    case NEWS_LOOKED:
    case NEWS_BLIND:
    case NEWS_DUE:
    case NEWS_CANCELLED: break;
    }
}

static void ready_hear(struct reconcile *reconcile, size_t stack, enum stack_news news,
                       const struct input *input)
{
    unwanted_hear(reconcile, stack, news, input);
}

static void failed_hear(struct reconcile *reconcile, size_t stack, enum stack_news news,
                        const struct input *input)
{
    (void)input;
    switch (news) {
    case NEWS_ADVANCE:
    case NEWS_CANCELLED:
        if (reconcile->stacks[stack].is_granted) { /* a slot that came too late */
            stack_free_slot(reconcile, stack);
        }
        break;
    case NEWS_LOOKED:
    case NEWS_BLIND:
    case NEWS_ANSWERED: /* a signal that the process no longer needed */
    case NEWS_DUE: break;
    }
}

void stack_hear(struct reconcile *reconcile, size_t stack, enum stack_news news, const struct input *input)
{
    static void (*const hears[RECONCILE_STATE_COUNT])(struct reconcile *, size_t, enum stack_news,
                                                      const struct input *) = {
        [RECONCILE_STATE_UNWANTED] = unwanted_hear,
        [RECONCILE_STATE_PENDING] = pending_hear,
        [RECONCILE_STATE_WAITING] = waiting_hear,
        [RECONCILE_STATE_QUEUED] = queued_hear,
        [RECONCILE_STATE_AWAITING_SLOT] = awaiting_slot_hear,
        [RECONCILE_STATE_BEGINNING] = beginning_hear,
        [RECONCILE_STATE_WRITING] = writing_hear,
        [RECONCILE_STATE_SETTLING] = settling_hear,
        [RECONCILE_STATE_DELETING] = deleting_hear,
        [RECONCILE_STATE_RUNNING] = running_hear,
        [RECONCILE_STATE_TERMINATING] = terminating_hear,
        [RECONCILE_STATE_VERIFYING] = verifying_hear,
        [RECONCILE_STATE_ENDING] = ending_hear,
        [RECONCILE_STATE_EXPLAINING] = explaining_hear,
        [RECONCILE_STATE_READY] = ready_hear,
        [RECONCILE_STATE_FAILED] = failed_hear,
    };
    hears[reconcile->stacks[stack].state](reconcile, stack, news, input);
}
