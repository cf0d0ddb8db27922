/* Stacks that are in the way: waited for, repaired, replaced, given up. */
#include "fake_account.h"
#include <criterion/criterion.h>
#include <string.h>

static struct fake fake;

static void init(void)
{
    fake_init(&fake);
    fake_template(&fake, "data", "t", NULL);
}

static void fini(void)
{
    fake_clear(&fake);
}

TestSuite(repair, .init = init, .fini = fini);

Test(repair, a_failed_creation_is_deleted_and_created_under_one_record)
{
    struct fake_stack *cloud = fake_deployed(&fake, 0, STACK_ROLLBACK_COMPLETE);
    cloud->tags[cloud->tag_count++] = (struct pair){"team", "checkout"};
    fake.in_progress_polls = 2;
    fake_start(&fake);
    fake_settle(&fake);
    cr_assert_str_eq(text_string(&fake.calls),
                     "GetCallerIdentity ;begin data;DeleteStack data;CreateStack data;end data;");
    cr_assert_eq(fake_fact(&fake, RECONCILE_DEPLOYED, 0)->action, STACK_RECREATE);
    cr_assert_str_eq(pair_value(cloud->tags, cloud->tag_count, "team"), "checkout");
}

Test(repair, a_deletion_that_failed_is_tried_once_more_and_then_given_up)
{
    fake_deployed(&fake, 0, STACK_DELETE_FAILED);
    fake.undeletable = "shop-data";
    fake_start(&fake);
    fake_settle(&fake);
    cr_assert_eq(fake_count(&fake, "DeleteStack"), 1);
    cr_assert_eq(fake_fact(&fake, RECONCILE_DECIDED, 0)->action, STACK_GIVE_UP);
    cr_assert_eq(reconcile_failure(fake.reconcile, 0)->kind, ERROR_LIMIT);
    cr_assert(reconcile_has_unfinished(fake.reconcile), "the account is dirty");
}

Test(repair, a_deletion_that_succeeds_the_second_time_goes_on_to_create)
{
    fake_deployed(&fake, 0, STACK_DELETE_FAILED);
    fake_start(&fake);
    fake_settle(&fake);
    cr_assert_eq(fake_count(&fake, "DeleteStack data;CreateStack data;end data;"), 1);
    cr_assert_eq(fake_fact(&fake, RECONCILE_DEPLOYED, 0)->action, STACK_RECREATE);
}

Test(repair, a_replacement_whose_deletion_fails_deletes_again_then_gives_up)
{
    fake_deployed(&fake, 0, STACK_CREATE_FAILED);
    fake.undeletable = "shop-data";
    fake_start(&fake);
    fake_settle(&fake);
    cr_assert_eq(fake_count(&fake, "DeleteStack"), 2);
    cr_assert_eq(reconcile_readiness(fake.reconcile, 0), STACK_FAILED);
}

Test(repair, a_rollback_is_continued_and_then_updated_as_one_repair)
{
    fake_deployed(&fake, 0, STACK_UPDATE_ROLLBACK_FAILED);
    fake.in_progress_polls = 1;
    fake_start(&fake);
    fake_settle(&fake);
    cr_assert_eq(fake_count(&fake, "ContinueUpdateRollback data;begin data;UpdateStack data;end data;"), 1);
    cr_assert_eq(fake_fact(&fake, RECONCILE_DEPLOYED, 0)->action, STACK_CONTINUE_ROLLBACK);
    size_t decided = 0;
    for (size_t i = 0; i < fake.fact_count; i++) {
        decided += fake.facts[i].type == RECONCILE_DECIDED;
    }
    cr_assert_eq(decided, 1);
    cr_assert_eq(reconcile_readiness(fake.reconcile, 0), STACK_READY);
}

Test(repair, a_rollback_that_cannot_be_continued_is_replaced)
{
    fake_deployed(&fake, 0, STACK_UPDATE_ROLLBACK_FAILED);
    fake.broken = "shop-data";
    fake_start(&fake);
    while (fake_count(&fake, "ContinueUpdateRollback") == 0) {
        fake_answer(&fake, &fake.effects.list[fake.effects.count - fake_pending_count(&fake)]);
    }
    fake.broken = NULL;
    fake_settle(&fake);
    cr_assert_eq(fake_count(&fake, "DeleteStack data;CreateStack data;end data;"), 1);
    cr_assert_eq(fake_fact(&fake, RECONCILE_DEPLOYED, 0)->action, STACK_RECREATE);
}

Test(repair, what_was_rolled_back_to_just_this_is_still_updated_to_a_good_status)
{
    struct fake_stack *cloud = fake_deployed(&fake, 0, STACK_UPDATE_ROLLBACK_COMPLETE);
    fake_start(&fake);
    fake_settle(&fake);
    cr_assert_eq(cloud->status, STACK_UPDATE_COMPLETE);
    cr_assert_eq(reconcile_readiness(fake.reconcile, 0), STACK_READY);
    reconcile_free(fake.reconcile);
    text_reset(&fake.calls);
    fake.options.is_forced = true; /* the same again changes nothing more */
    fake_start(&fake);
    fake_settle(&fake);
    cr_assert_eq(fake_count(&fake, "UpdateStack data;end data;"), 1);
    cr_assert_eq(reconcile_readiness(fake.reconcile, 0), STACK_READY);
}

Test(repair, somebody_elses_operation_is_waited_for_and_then_decided_anew)
{
    struct fake_stack *cloud = fake_deployed(&fake, 0, STACK_UPDATE_IN_PROGRESS);
    cloud->polls_left = 4;
    cloud->next = STACK_UPDATE_COMPLETE;
    fake.options.was_dirty = true;
    fake_start(&fake);
    fake_settle(&fake);
    cr_assert_eq(fake.facts[0].action, STACK_WAIT);
    cr_assert_eq(fake_fact(&fake, RECONCILE_DECIDED, 0)->action, STACK_SKIP);
    cr_assert_str_eq(text_string(&fake.calls), "", "not ours: nothing is written");
    cr_assert_eq(reconcile_readiness(fake.reconcile, 0), STACK_READY);
}

Test(repair, an_operation_that_never_ends_is_waited_for_as_long_as_a_deploy)
{
    struct fake_stack *cloud = fake_deployed(&fake, 0, STACK_DELETE_IN_PROGRESS);
    cloud->polls_left = 1000000;
    int64_t started_ms = fake.now_ms;
    fake_start(&fake);
    fake_settle(&fake);
    cr_assert_eq(fake.now_ms - started_ms, 30 * 60 * 1000);
    const struct error *error = reconcile_failure(fake.reconcile, 0);
    cr_assert_eq(error->kind, ERROR_TRANSIENT);
    cr_assert(strstr(error->what, "still DELETE_IN_PROGRESS after 30m") != NULL, "%s", error->what);
    cr_assert(reconcile_has_unfinished(fake.reconcile));
}

Test(repair, a_stack_that_was_created_meanwhile_is_looked_at_again)
{
    fake_start(&fake);
    while (fake_pending(&fake, EFFECT_AWS, AWS_CREATE_STACK) == NULL) {
        fake_answer(&fake, &fake.effects.list[fake.effects.count - fake_pending_count(&fake)]);
    }
    fake_deployed(&fake, 0, STACK_CREATE_COMPLETE); /* by our own call, whose answer was lost */
    fake_settle(&fake);
    cr_assert_eq(fake_count(&fake, "CreateStack data;end data;"), 1);
    cr_assert_eq(fake_fact(&fake, RECONCILE_DEPLOYED, 0)->action, STACK_CREATE);
    cr_assert_eq(fake_fact(&fake, RECONCILE_DECIDED, 0)->action, STACK_CREATE, "no skip is told");
}

Test(repair, a_conflict_is_looked_at_twice_and_then_told)
{
    fake.fault_operation = AWS_CREATE_STACK;
    fake.fault_count = 100;
    error_set(&fake.fault, ERROR_CONFLICT, "CreateStack: it exists (AlreadyExistsException)");
    fake_start(&fake);
    fake_settle(&fake);
    cr_assert_eq(fake_count(&fake, "CreateStack"), 3);
    cr_assert_eq(reconcile_failure(fake.reconcile, 0)->kind, ERROR_CONFLICT);
}

Test(repair, an_import_that_cannot_be_mended_is_given_up_without_a_write)
{
    fake_deployed(&fake, 0, STACK_IMPORT_ROLLBACK_FAILED);
    fake_start(&fake);
    fake_settle(&fake);
    cr_assert_str_eq(text_string(&fake.calls), "");
    cr_assert_eq(reconcile_failure(fake.reconcile, 0)->kind, ERROR_LIMIT);
}
