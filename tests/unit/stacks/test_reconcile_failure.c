/* How a deploy fails, whose fault it is said to be, and what a cancel leaves behind. */
#include "fake_account.h"
#include <criterion/criterion.h>
#include <string.h>

static struct fake fake;
static const char *const on_data[] = {"data", NULL};
static const char *const on_orders[] = {"orders", NULL};

static void init(void)
{
    fake_init(&fake);
    fake_template(&fake, "data", "t", NULL);
    fake_template(&fake, "orders", "u", on_data);
    fake_template(&fake, "payments", "v", on_orders);
    fake_template(&fake, "base", "w", NULL);
}

static void fini(void)
{
    fake_clear(&fake);
}

TestSuite(failure, .init = init, .fini = fini);

static const struct error *failure_of(size_t stack)
{
    cr_assert_eq(reconcile_readiness(fake.reconcile, stack), STACK_FAILED);
    return reconcile_failure(fake.reconcile, stack);
}

/* Answers the oldest effect until one of this kind stands unanswered. */
static struct effect *answer_until(enum effect_type type, int operation)
{
    for (int i = 0; i < 100 && fake_pending(&fake, type, operation) == NULL; i++) {
        for (size_t j = 0; j < fake.effects.count; j++) {
            if (!fake.is_answered[j]) {
                fake_answer(&fake, &fake.effects.list[j]);
                break;
            }
        }
    }
    struct effect *effect = fake_pending(&fake, type, operation);
    cr_assert_not_null(effect);
    return effect;
}

Test(failure, a_broken_template_is_the_changes_fault_and_its_first_cause_is_named)
{
    fake.broken = "shop-data";
    fake.event_reason = "Table CREATE_FAILED: in account 111122223333 it exists";
    fake_start(&fake);
    fake_settle(&fake);
    const struct error *error = failure_of(0);
    cr_assert_eq(error->kind, ERROR_INVALID);
    cr_assert_str_eq(error->what,
                     "stack data: CreateStack ended in ROLLBACK_COMPLETE: Table CREATE_FAILED: in "
                     "account account-001 it exists");
    cr_assert_eq(reconcile_readiness(fake.reconcile, 3), STACK_READY, "what is independent goes on");
    cr_assert(fake.ledger[0].is_unfinished, "a failure is not an end");
    cr_assert(!reconcile_has_unfinished(fake.reconcile), "nothing runs any more");
}

Test(failure, dependents_fail_at_once_and_name_the_root)
{
    fake.broken = "shop-data";
    fake_start(&fake);
    fake_settle(&fake);
    cr_assert_str_eq(failure_of(1)->what, "needs stack data: CreateStack ended in ROLLBACK_COMPLETE");
    cr_assert_str_eq(failure_of(2)->what, "needs stack data: CreateStack ended in ROLLBACK_COMPLETE");
    cr_assert_eq(failure_of(2)->kind, ERROR_INVALID);
    cr_assert_eq(fake_count(&fake, "orders"), 0);
    cr_assert_not_null(fake_fact(&fake, RECONCILE_FAILED, 2));
}

Test(failure, events_that_cannot_be_read_change_nothing)
{
    fake.broken = "shop-data";
    fake.fault_operation = AWS_STACK_EVENTS;
    fake.fault_count = 1;
    error_set(&fake.fault, ERROR_DENIED, "no");
    fake_start(&fake);
    fake_settle(&fake);
    cr_assert_eq(failure_of(0)->kind, ERROR_INVALID);
}

Test(failure, a_refused_call_keeps_its_kind)
{
    static const enum error_kind kinds[] = {ERROR_DENIED, ERROR_THROTTLED, ERROR_TRANSIENT, ERROR_LIMIT,
                                            ERROR_INVALID};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        fini();
        init();
        fake.fault_operation = AWS_CREATE_STACK;
        fake.fault_count = 1;
        error_set(&fake.fault, kinds[i], "CreateStack: because");
        fake_start(&fake);
        fake_settle(&fake);
        cr_expect_eq(failure_of(0)->kind, kinds[i]);
        cr_expect_str_eq(failure_of(0)->what, "stack data: not deployed: CreateStack: because");
        cr_expect_eq(reconcile_has_unfinished(fake.reconcile), kinds[i] == ERROR_TRANSIENT,
                     "only a call without an answer may have begun");
    }
}

Test(failure, credentials_of_another_account_write_nothing_and_fail_everything)
{
    fake.caller_id = "999988887777";
    fake_deployed(&fake, 3, STACK_CREATE_COMPLETE);
    fake_start(&fake);
    fake_settle(&fake);
    cr_assert_str_eq(text_string(&fake.calls), "GetCallerIdentity ;");
    for (size_t i = 0; i < 4; i++) {
        const struct error *error = failure_of(i);
        cr_expect_eq(error->kind, ERROR_DENIED);
        cr_expect(strstr(error->what, "of another account") != NULL, "%s", error->what);
        cr_expect(strstr(error->what, "999988887777") == NULL &&
                  strstr(error->what, FAKE_ACCOUNT_ID) == NULL);
    }
}

Test(failure, who_we_are_that_cannot_be_asked_fails_what_would_write)
{
    fake.fault_operation = AWS_CALLER_IDENTITY;
    fake.fault_count = 1;
    error_set(&fake.fault, ERROR_DENIED, "GetCallerIdentity: expired");
    fake_deployed(&fake, 3, STACK_CREATE_COMPLETE);
    fake_start(&fake);
    fake_settle(&fake);
    cr_assert_eq(failure_of(0)->kind, ERROR_DENIED);
    cr_assert_eq(reconcile_readiness(fake.reconcile, 3), STACK_READY);
}

Test(failure, no_deploy_fails_what_would_be_deployed_and_says_why)
{
    fake.options.is_no_deploy = true;
    fake_deployed(&fake, 3, STACK_CREATE_COMPLETE);
    fake_start(&fake);
    fake_settle(&fake);
    cr_assert_eq(failure_of(0)->kind, ERROR_CONFIG);
    cr_assert_str_eq(failure_of(0)->what,
                     "stack data would be deployed (there is no such stack) and --no-deploy was given");
    cr_assert_eq(reconcile_readiness(fake.reconcile, 3), STACK_READY);
    cr_assert_str_eq(text_string(&fake.calls), "");
}

Test(failure, a_deploy_that_does_not_end_is_left_and_said_to_be)
{
    fake.in_progress_polls = 1000000;
    int64_t started_ms = fake.now_ms;
    fake_start(&fake);
    fake_settle(&fake);
    cr_assert_eq(fake.now_ms - started_ms, 30 * 60 * 1000);
    cr_assert_eq(failure_of(0)->kind, ERROR_INVALID);
    cr_assert(strstr(failure_of(0)->what, "still CREATE_IN_PROGRESS after 30m") != NULL, "%s",
              failure_of(0)->what);
    cr_assert(reconcile_has_unfinished(fake.reconcile));
    cr_assert_eq(reconcile_next_deadline_ms(fake.reconcile), INT64_MAX, "nobody waits for it any more");
}

Test(failure, looks_that_fail_are_repeated_three_times)
{
    fake.fault_operation = AWS_DESCRIBE_STACKS;
    fake.fault_count = 3;
    error_set(&fake.fault, ERROR_THROTTLED, "DescribeStacks: Rate exceeded");
    int64_t started_ms = fake.now_ms;
    fake_start(&fake);
    fake_settle(&fake);
    cr_assert_geq(fake.now_ms - started_ms, 6000);
    cr_assert_eq(reconcile_readiness(fake.reconcile, 2), STACK_READY);
}

Test(failure, an_account_that_cannot_be_looked_at_fails_with_the_reason)
{
    fake.fault_operation = AWS_DESCRIBE_STACKS;
    fake.fault_count = 4;
    error_set(&fake.fault, ERROR_TRANSIENT, "DescribeStacks: connection refused");
    fake_start(&fake);
    fake_settle(&fake);
    cr_assert_eq(failure_of(0)->kind, ERROR_TRANSIENT);
    cr_assert_eq(failure_of(3)->kind, ERROR_TRANSIENT);
    cr_assert(strstr(failure_of(0)->what, "connection refused") != NULL);
}

Test(failure, a_denied_look_is_not_repeated_but_for_expired_credentials)
{
    fake.fault_operation = AWS_DESCRIBE_STACKS;
    fake.fault_count = 1;
    error_set(&fake.fault, ERROR_DENIED, "DescribeStacks: not authorized");
    fake_start(&fake);
    fake_settle(&fake);
    cr_assert_eq(failure_of(0)->kind, ERROR_DENIED);
    fini();
    init();
    fake.fault_operation = AWS_DESCRIBE_STACKS;
    fake.fault_count = 1;
    error_set(&fake.fault, ERROR_DENIED, "DescribeStacks: expired");
    strcpy(fake.fault.code, "ExpiredToken");
    fake_start(&fake);
    fake_settle(&fake);
    cr_assert_eq(reconcile_readiness(fake.reconcile, 0), STACK_READY);
}

Test(failure, without_the_ledger_nothing_is_taken_for_done)
{
    fake_deployed(&fake, 0, STACK_CREATE_COMPLETE);
    fake_start(&fake);
    struct effect *read = fake_pending(&fake, EFFECT_LEDGER_READ, 0);
    fake.is_answered[read - fake.effects.list] = true;
    struct input input = {.type = INPUT_LEDGER_ANSWERED, .effect_id = read->id};
    error_set(&input.ledger.error, ERROR_IO, "disk full");
    fake_step(&fake, &input);
    fake_settle(&fake);
    cr_assert_eq(failure_of(0)->kind, ERROR_IO);
    cr_assert_str_eq(text_string(&fake.calls), "");
}

Test(failure, a_deploy_that_cannot_be_recorded_is_not_begun)
{
    fake_start(&fake);
    struct effect *begin = answer_until(EFFECT_LEDGER_BEGIN, 0);
    fake.is_answered[begin - fake.effects.list] = true;
    struct input input = {.type = INPUT_LEDGER_ANSWERED, .effect_id = begin->id};
    error_set(&input.ledger.error, ERROR_IO, "disk full");
    fake_step(&fake, &input);
    fake_settle(&fake);
    cr_assert_eq(failure_of(0)->kind, ERROR_IO);
    cr_assert_eq(fake_count(&fake, "CreateStack data"), 0);
    cr_assert_eq(fake_count(&fake, "CreateStack base"), 1);
}

Test(failure, somebody_elses_deploy_in_place_of_ours_is_not_taken_for_ours)
{
    fake.in_progress_polls = 1;
    fake_start(&fake);
    answer_until(EFFECT_AWS, AWS_CREATE_STACK);
    fake_answer(&fake, fake_pending(&fake, EFFECT_AWS, AWS_CREATE_STACK));
    fake_cloud(&fake, "shop-data")->tags[0].value = "feed";
    fake_settle(&fake);
    cr_assert_eq(failure_of(0)->kind, ERROR_CONFLICT);
}

Test(failure, a_missing_output_is_told_before_anything_is_written)
{
    fake_parameter(&fake, 1, "Table", NULL, "data", "Nowhere");
    fake_deployed(&fake, 0, STACK_CREATE_COMPLETE);
    fake_start(&fake);
    fake_settle(&fake);
    cr_assert_eq(failure_of(1)->kind, ERROR_CONFIG);
    cr_assert(strstr(failure_of(1)->what, "data.Nowhere") != NULL);
    cr_assert_eq(fake_count(&fake, "orders"), 0);
}

/* --- cancel ------------------------------------------------------------------------------------------ */

Test(failure, a_cancel_before_anything_leaves_nothing)
{
    fake_start(&fake);
    reconcile_cancel(fake.reconcile, &fake.effects);
    cr_assert_eq(failure_of(0)->kind, ERROR_CANCELLED);
    cr_assert(!reconcile_is_idle(fake.reconcile), "the look and the ledger are still outstanding");
    fake_answer_all(&fake);
    cr_assert(reconcile_is_idle(fake.reconcile));
    cr_assert(!reconcile_has_unfinished(fake.reconcile));
    cr_assert_str_eq(text_string(&fake.calls), "");
    cr_assert_eq(fake.fact_count, 0, "not deployed is no news then");
    cr_assert_eq(reconcile_next_deadline_ms(fake.reconcile), INT64_MAX);
}

Test(failure, a_cancel_while_recording_writes_nothing_in_the_account)
{
    fake_start(&fake);
    answer_until(EFFECT_LEDGER_BEGIN, 0);
    reconcile_cancel(fake.reconcile, &fake.effects);
    fake_answer_all(&fake);
    cr_assert_eq(fake_count(&fake, "CreateStack"), 0);
    cr_assert(reconcile_is_idle(fake.reconcile) && !reconcile_has_unfinished(fake.reconcile));
}

Test(failure, a_cancel_while_writing_notes_what_was_begun)
{
    fake_start(&fake);
    answer_until(EFFECT_AWS, AWS_CREATE_STACK);
    reconcile_cancel(fake.reconcile, &fake.effects);
    cr_assert_eq(reconcile_readiness(fake.reconcile, 0), STACK_DEPLOYING);
    cr_assert(reconcile_has_unfinished(fake.reconcile));
    fake_answer_all(&fake);
    cr_assert_eq(failure_of(0)->kind, ERROR_CANCELLED);
    cr_assert(reconcile_is_idle(fake.reconcile) && reconcile_has_unfinished(fake.reconcile));
    cr_assert_eq(fake_count(&fake, "end"), 0);
}

Test(failure, a_cancel_between_looks_is_idle_at_once_and_leaves_the_operation)
{
    fake.in_progress_polls = 5;
    fake_start(&fake);
    fake_answer_all(&fake);
    cr_assert(reconcile_is_idle(fake.reconcile));
    reconcile_cancel(fake.reconcile, &fake.effects);
    cr_assert(reconcile_is_idle(fake.reconcile) && reconcile_has_unfinished(fake.reconcile));
    cr_assert_eq(reconcile_next_deadline_ms(fake.reconcile), INT64_MAX);
}

Test(failure, a_deletion_that_does_not_end_or_is_cancelled_is_left)
{
    fake_deployed(&fake, 0, STACK_ROLLBACK_COMPLETE);
    fake.in_progress_polls = 1000000;
    fake_start(&fake);
    fake_settle(&fake);
    cr_assert(strstr(failure_of(0)->what, "still DELETE_IN_PROGRESS after 30m") != NULL);
    fini();
    init();
    fake_deployed(&fake, 0, STACK_ROLLBACK_COMPLETE);
    fake.in_progress_polls = 5;
    fake_start(&fake);
    fake_answer_all(&fake);
    reconcile_cancel(fake.reconcile, &fake.effects);
    cr_assert_eq(failure_of(0)->kind, ERROR_CANCELLED);
    cr_assert(reconcile_is_idle(fake.reconcile) && reconcile_has_unfinished(fake.reconcile));
}

Test(failure, a_deploy_seen_done_is_recorded_though_cancelled)
{
    fake_start(&fake);
    answer_until(EFFECT_LEDGER_END, 0);
    reconcile_cancel(fake.reconcile, &fake.effects);
    fake_answer_all(&fake);
    cr_assert_eq(reconcile_readiness(fake.reconcile, 0), STACK_READY);
    cr_assert(!fake.ledger[0].is_unfinished);
}

Test(failure, a_completion_that_is_not_ours_is_ignored)
{
    fake_start(&fake);
    cr_assert(!reconcile_owns(fake.reconcile, 4711));
    struct input input = {.type = INPUT_AWS_ANSWERED, .effect_id = 4711};
    size_t before = fake_pending_count(&fake);
    fake_step(&fake, &input);
    cr_assert_eq(fake_pending_count(&fake), before);
}
