/* reconcile_begin.c - from wanted to the first write: dependencies, fingerprint, decision, place, slot,
 * record. */
#include "reconcile_machine.h"

/* At once in one account: service control planes throttle beyond (aws-cdk #5637). */
#define OPERATIONS_MAX 10
#define DECISIONS_MAX  12

void stack_want(struct reconcile *reconcile, size_t stack)
{
    stack_enter(reconcile, stack, RECONCILE_STATE_PENDING);
}

static void stack_wait(struct reconcile *reconcile, size_t stack)
{
    struct stack_run *run = &reconcile->stacks[stack];
    if (run->wait_until_ms == INT64_MAX) { /* one budget, however often it waits */
        run->wait_until_ms = reconcile->now_ms + stack_timeout_ms(reconcile, stack);
    }
    run->deadline_ms = run->wait_until_ms;
    stack_enter(reconcile, stack, RECONCILE_STATE_WAITING);
}

static void act(struct reconcile *reconcile, size_t stack, enum stack_action action)
{
    switch (action) {
    case STACK_SKIP: stack_enter(reconcile, stack, RECONCILE_STATE_READY); return;
    case STACK_WAIT: stack_wait(reconcile, stack); return;
    case STACK_GIVE_UP: stack_give_up(reconcile, stack); return;
    case STACK_CREATE:
    case STACK_UPDATE:
    case STACK_CONTINUE_ROLLBACK:
    case STACK_RECREATE:
    case STACK_DELETE_AGAIN:
        if (reconcile->options.is_no_deploy) {
            stack_fail_unwanted_deploy(reconcile, stack);
            return;
        }
        reconcile->stacks[stack].deed = action;
        stack_enter(reconcile, stack, RECONCILE_STATE_QUEUED);
        return;
    case STACK_ACTION_COUNT: break;
    }
    MUST(action < STACK_ACTION_COUNT);
}

static void decide(struct reconcile *reconcile, size_t stack)
{
    struct stack_run *run = &reconcile->stacks[stack];
    struct stack_decision decision;
    struct stack_view view = {
        .live = look_find(reconcile, stack),
        .wanted = run->fingerprint,
        .recorded = run->recorded,
        .is_forced = reconcile->options.is_forced,
        .was_repaired = run->was_repaired,
        .was_deleted_again = run->was_deleted_again,
    };
    stack_decide(&view, &decision);
    if (run->has_begun && decision.action == STACK_SKIP) { /* our own write, whose answer was lost */
        stack_end(reconcile, stack);
        return;
    }
    if (run->has_begun && run->deed == STACK_CONTINUE_ROLLBACK && decision.action == STACK_UPDATE) {
        stack_enter(reconcile, stack,
                    RECONCILE_STATE_QUEUED); /* the rest of the repair, no second decision */
        return;
    }
    run->action = decision.action;
    run->reason = arena_string(reconcile->arena, decision.reason);
    reconcile_tell(reconcile, RECONCILE_DECIDED, stack, NULL);
    act(reconcile, stack, decision.action);
}

static bool is_oscillating(struct reconcile *reconcile, size_t stack)
{
    if (++reconcile->stacks[stack].decision_count <= DECISIONS_MAX) {
        return false;
    }
    stack_fail_changed(reconcile, stack, "decided again and again");
    return true;
}

/* READY: all of them are; FAILED: *ret_failed is; else not yet. */
static enum stack_readiness dependencies_of(const struct reconcile *reconcile, size_t stack,
                                            size_t *ret_failed)
{
    const struct stack *noun = reconcile_stack_of(reconcile, stack);
    enum stack_readiness readiness = STACK_READY;
    for (size_t i = 0; i < noun->depend_count; i++) {
        enum reconcile_state state = reconcile->stacks[noun->depends[i]].state;
        if (state == RECONCILE_STATE_FAILED) {
            *ret_failed = noun->depends[i];
            return STACK_FAILED;
        }
        if (state != RECONCILE_STATE_READY) {
            readiness = STACK_PENDING;
        }
    }
    return readiness;
}

void stack_try(struct reconcile *reconcile, size_t stack)
{
    struct error error;
    size_t failed = NO_INDEX;
    enum stack_readiness below = dependencies_of(reconcile, stack, &failed);
    if (below == STACK_FAILED) {
        stack_fail_dependent(reconcile, stack, failed);
    } else if (reconcile->account_error != NULL) {
        stack_fail_with(reconcile, stack, reconcile->account_error, "not begun");
    } else if (below == STACK_READY && reconcile->has_ledger && look_is_fresh(reconcile, stack) &&
               !is_oscillating(reconcile, stack)) {
        if (stack_fingerprint(reconcile, stack, &error)) {
            decide(reconcile, stack);
        } else {
            stack_fail(reconcile, stack, &error);
        }
    }
}

/* Places are counted, slots are asked for: no slot is held while waiting for who we are. */
void stack_begin(struct reconcile *reconcile, size_t stack)
{
    const struct stack *noun = reconcile_stack_of(reconcile, stack);
    struct stack_run *run = &reconcile->stacks[stack];
    if (!reconcile_knows_account(reconcile) || reconcile_operation_count(reconcile) >= OPERATIONS_MAX) {
        return;
    }
    if (noun->kind == STACK_COMMAND && !noun->is_parallel && !run->has_slot) {
        stack_enter(reconcile, stack, RECONCILE_STATE_AWAITING_SLOT);
        reconcile_tell(reconcile, RECONCILE_SLOT_WANTED, stack, NULL);
        return;
    }
    if (run->started_ms == INT64_MIN) {
        run->started_ms = reconcile->now_ms;
    }
    run->deadline_ms = run->started_ms + stack_timeout_ms(reconcile, stack);
    stack_enter(reconcile, stack, RECONCILE_STATE_BEGINNING);
    deploy_record(reconcile, stack, EFFECT_LEDGER_BEGIN);
}

void stack_start_content(struct reconcile *reconcile, size_t stack)
{
    reconcile->stacks[stack].stale_count = 0;
    if (reconcile_stack_of(reconcile, stack)->kind == STACK_COMMAND) {
        stack_enter(reconcile, stack, RECONCILE_STATE_RUNNING);
        command_start(reconcile, stack);
    } else {
        stack_enter(reconcile, stack, RECONCILE_STATE_WRITING);
        deploy_write(reconcile, stack);
    }
}

void stack_start_operation(struct reconcile *reconcile, size_t stack)
{
    struct stack_run *run = &reconcile->stacks[stack];
    bool is_deletion = run->deed == STACK_RECREATE || run->deed == STACK_DELETE_AGAIN;
    bool is_repair = run->deed == STACK_CONTINUE_ROLLBACK && !run->was_repaired;
    run->has_begun = true;
    if (!is_deletion && !is_repair) {
        stack_start_content(reconcile, stack);
        return;
    }
    stack_enter(reconcile, stack, RECONCILE_STATE_WRITING);
    if (is_repair) {
        run->was_repaired = true;
        deploy_continue(reconcile, stack);
        return;
    }
    run->was_deleted_again |= run->deed == STACK_DELETE_AGAIN;
    deploy_delete(reconcile, stack);
}
