/* reconcile_end.c - how a stack ends: up to date, or with the error that says why not.
 *
 * `kind` decides what its suites come to: invalid and config blame the change under test, the rest the
 * infrastructure. Account numbers never stand in a message: the alias does. */
#include "reconcile_machine.h"
#include <stdio.h>
#include <string.h>

#define TIMEOUT_DEFAULT_MS ((int64_t)30 * 60 * 1000)

static const char *name_of(const struct reconcile *reconcile, size_t stack)
{
    return reconcile_stack_of(reconcile, stack)->name;
}

int64_t stack_timeout_ms(const struct reconcile *reconcile, size_t stack)
{
    int64_t timeout_ms = reconcile_stack_of(reconcile, stack)->timeout_ms;
    return timeout_ms > 0 ? timeout_ms : TIMEOUT_DEFAULT_MS;
}

const char *stack_status_now(const struct reconcile *reconcile, size_t stack)
{
    const struct live_stack *live = look_find(reconcile, stack);
    return stack_status_name(live != NULL ? live->status : STACK_ABSENT);
}

void stack_free_slot(struct reconcile *reconcile, size_t stack)
{
    struct stack_run *run = &reconcile->stacks[stack];
    if (run->has_slot || run->is_granted || run->state == RECONCILE_STATE_AWAITING_SLOT) {
        run->has_slot = false;
        run->is_granted = false;
        reconcile_tell(reconcile, RECONCILE_SLOT_FREED, stack, NULL);
    }
}

static void hide_account(const struct account *account, struct error *error)
{
    char *at = account->id != NULL && account->id[0] != '\0' ? strstr(error->what, account->id) : NULL;
    if (at == NULL) {
        return;
    }
    struct text what = {0};
    const char *rest = error->what;
    for (; at != NULL; at = strstr(rest, account->id)) {
        text_append_bytes(&what, rest, (size_t)(at - rest));
        text_append(&what, account->alias != NULL ? account->alias : "account");
        rest = at + strlen(account->id);
    }
    text_append(&what, rest);
    snprintf(error->what, sizeof error->what, "%s", text_string(&what));
    text_clear(&what);
}

void stack_fail(struct reconcile *reconcile, size_t stack, const struct error *error)
{
    struct stack_run *run = &reconcile->stacks[stack];
    struct error *kept = arena_alloc(reconcile->arena, sizeof *kept);
    *kept = *error;
    hide_account(&reconcile->inventory->accounts[reconcile->account], kept);
    run->error = kept;
    stack_free_slot(reconcile, stack);
    stack_enter(reconcile, stack, RECONCILE_STATE_FAILED);
    if (error->kind != ERROR_CANCELLED) { /* that it was not deployed is no news when all is being stopped */
        reconcile_tell(reconcile, RECONCILE_FAILED, stack, kept);
    }
}

void stack_fail_cancelled(struct reconcile *reconcile, size_t stack, bool is_left)
{
    struct error error;
    reconcile->stacks[stack].is_left |= is_left;
    error_set(&error, ERROR_CANCELLED, "stack %s: the run ended before it was deployed",
              name_of(reconcile, stack));
    stack_fail(reconcile, stack, &error);
}

void stack_fail_with(struct reconcile *reconcile, size_t stack, const struct error *cause, const char *doing)
{
    struct error error = *cause;
    error_prefix(&error, "stack %s: %s", name_of(reconcile, stack), doing);
    stack_fail(reconcile, stack, &error);
}

void stack_fail_late(struct reconcile *reconcile, size_t stack, enum error_kind kind, const char *doing)
{
    struct error error;
    struct text after = {0};
    text_append_duration(&after, stack_timeout_ms(reconcile, stack));
    error_set(&error, kind, "stack %s: still %s after %s", name_of(reconcile, stack), doing,
              text_string(&after));
    error_hint(&error, "give it a longer timeout, or see in CloudFormation's events what it waits for");
    text_clear(&after);
    reconcile->stacks[stack].is_left = true;
    stack_fail(reconcile, stack, &error);
}

/* The root is named once, however long the chain of dependents. */
void stack_fail_dependent(struct reconcile *reconcile, size_t stack, size_t dependency)
{
    const struct error *cause = reconcile->stacks[dependency].error;
    struct error error = *cause;
    if (!string_starts_with(cause->what, "needs ")) {
        snprintf(error.what, sizeof error.what, "needs %.500s", cause->what);
    }
    stack_fail(reconcile, stack, &error);
}

void stack_fail_changed(struct reconcile *reconcile, size_t stack, const char *doing)
{
    struct error error;
    error_set(&error, ERROR_CONFLICT,
              "stack %s: %s, yet it is %s and its tag is not ours: did somebody else deploy it?",
              name_of(reconcile, stack), doing, stack_status_now(reconcile, stack));
    stack_fail(reconcile, stack, &error);
}

/* The first cause where the events told it; that they could not be read changes nothing. */
void stack_fail_explained(struct reconcile *reconcile, size_t stack, const struct aws_answer *answer)
{
    const struct live_stack *live = look_find(reconcile, stack);
    const char *cause = answer->error.kind == ERROR_NONE ? answer->reason : NULL;
    if (cause == NULL && live != NULL) {
        cause = live->status_reason;
    }
    struct error error;
    error_set(&error, ERROR_INVALID, "stack %s: %s ended in %s%s%s", name_of(reconcile, stack),
              aws_operation_name(reconcile->stacks[stack].operation), stack_status_now(reconcile, stack),
              cause != NULL ? ": " : "", cause != NULL ? cause : "");
    stack_fail(reconcile, stack, &error);
}

void stack_fail_unwanted_deploy(struct reconcile *reconcile, size_t stack)
{
    struct error error;
    error_set(&error, ERROR_CONFIG, "stack %s would be deployed (%s) and --no-deploy was given",
              name_of(reconcile, stack), reconcile->stacks[stack].reason);
    stack_fail(reconcile, stack, &error);
}

void stack_give_up(struct reconcile *reconcile, size_t stack)
{
    struct error error;
    error_set(&error, ERROR_LIMIT, "stack %s: %s", name_of(reconcile, stack),
              reconcile->stacks[stack].reason);
    error_hint(&error, "delete the stack by hand; its account stays dirty until then");
    reconcile->stacks[stack].is_left = true;
    stack_fail(reconcile, stack, &error);
}

void stack_end(struct reconcile *reconcile, size_t stack)
{
    stack_enter(reconcile, stack, RECONCILE_STATE_ENDING);
    deploy_record(reconcile, stack, EFFECT_LEDGER_END);
}
