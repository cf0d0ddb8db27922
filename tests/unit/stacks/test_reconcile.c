/* What reconcile does when all goes well, and in which order. */
#include "fake_account.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct fake fake;

static void init(void)
{
    fake_init(&fake);
}

static void fini(void)
{
    fake_clear(&fake);
}

TestSuite(reconcile, .init = init, .fini = fini);

static const char *const on_data[] = {"data", NULL};

/* data <- orders (uses data.Name), and base beside them */
static void add_shop(void)
{
    fake_template(&fake, "data", "template of data", NULL);
    size_t orders = fake_template(&fake, "orders", "template of orders", on_data);
    fake_parameter(&fake, orders, "Table", NULL, "data", "Name");
    fake_parameter(&fake, orders, "Stage", "itrun", NULL, NULL);
    fake_template(&fake, "base", "template of base", NULL);
}

static const struct pair *parameters_of(size_t stack, size_t *ret_count)
{
    const struct effect *effect = NULL;
    for (size_t i = 0; i < fake.effects.count; i++) {
        const struct effect *it = &fake.effects.list[i];
        bool is_write = it->type == EFFECT_AWS &&
                        (it->aws.operation == AWS_CREATE_STACK || it->aws.operation == AWS_UPDATE_STACK);
        if (is_write && strcmp(it->aws.stack_name, fake.stacks[stack].stack_name) == 0) {
            effect = it;
        }
    }
    cr_assert_not_null(effect);
    *ret_count = effect->aws.parameter_count;
    return effect->aws.parameters;
}

Test(reconcile, a_warm_account_costs_one_look_and_writes_nothing)
{
    fake_template(&fake, "data", "t", NULL);
    fake_template(&fake, "base", "u", on_data);
    fake_deployed(&fake, 0, STACK_CREATE_COMPLETE);
    fake_deployed(&fake, 1, STACK_UPDATE_COMPLETE);
    fake_start(&fake);
    cr_assert_eq(reconcile_readiness(fake.reconcile, 1), STACK_PENDING);
    fake_settle(&fake);
    cr_assert_eq(reconcile_readiness(fake.reconcile, 0), STACK_READY);
    cr_assert_eq(reconcile_readiness(fake.reconcile, 1), STACK_READY);
    cr_assert_eq(fake.look_count, 1);
    cr_assert_eq(fake.effects.count, 2, "one look, one read of the ledger");
    cr_assert_str_eq(fake_fact(&fake, RECONCILE_DECIDED, 1)->reason, "up to date");
    cr_assert_null(fake_fact(&fake, RECONCILE_DEPLOYED, 1));
    cr_assert(reconcile_is_idle(fake.reconcile) && !reconcile_has_unfinished(fake.reconcile));
    cr_assert_eq(reconcile_next_deadline_ms(fake.reconcile), INT64_MAX);
}

Test(reconcile, a_cold_account_gets_each_stack_recorded_written_and_ended)
{
    add_shop();
    fake_start(&fake);
    fake_settle(&fake);
    for (size_t i = 0; i < 3; i++) {
        cr_expect_eq(reconcile_readiness(fake.reconcile, i), STACK_READY);
        const struct reconcile_fact *fact = fake_fact(&fake, RECONCILE_DEPLOYED, i);
        cr_assert_not_null(fact);
        cr_expect_eq(fact->action, STACK_CREATE);
        const struct fake_stack *cloud = fake_cloud(&fake, fake.stacks[i].stack_name);
        cr_expect_str_eq(pair_value(cloud->tags, cloud->tag_count, FINGERPRINT_TAG), fact->fingerprint);
        cr_expect(!fake.ledger[i].is_unfinished);
    }
    cr_assert_str_eq(text_string(&fake.calls),
                     "GetCallerIdentity ;begin data;begin base;CreateStack data;CreateStack base;end data;"
                     "begin orders;end base;CreateStack orders;end orders;");
}

Test(reconcile, outputs_reach_the_parameters_and_the_fingerprint_of_what_uses_them)
{
    add_shop();
    fake_start(&fake);
    fake_settle(&fake);
    size_t count = 0;
    const struct pair *parameters = parameters_of(1, &count);
    cr_assert_eq(count, 2);
    cr_assert_str_eq(pair_value(parameters, count, "Table"), "shop-data-name");
    cr_assert_str_eq(pair_value(parameters, count, "Stage"), "itrun");
    cr_assert_eq(fake.ledger[2].part_count, 2);
    cr_assert_str_eq(fake.ledger[2].parts[0].name, "output data.Name");
}

Test(reconcile, a_second_run_skips_all_and_a_changed_output_redeploys_only_its_users)
{
    add_shop();
    fake_start(&fake);
    fake_settle(&fake);
    reconcile_free(fake.reconcile);
    text_reset(&fake.calls);
    fake_start(&fake);
    fake_settle(&fake);
    cr_assert_str_eq(text_string(&fake.calls), "");
    reconcile_free(fake.reconcile);
    fake_cloud(&fake, "shop-data")->outputs[0].value = "another";
    fake_start(&fake);
    fake_settle(&fake);
    cr_assert_str_eq(text_string(&fake.calls),
                     "GetCallerIdentity ;begin orders;UpdateStack orders;end orders;");
    cr_assert_str_eq(fake_fact(&fake, RECONCILE_DEPLOYED, 1)->reason, "output data.Name changed");
    cr_assert_eq(fake_fact(&fake, RECONCILE_DEPLOYED, 1)->action, STACK_UPDATE);
}

Test(reconcile, a_slow_stack_holds_up_only_what_needs_it)
{
    add_shop();
    fake_template(&fake, "above-base", "t", (const char *const[]){"base", NULL});
    fake_deployed(&fake, 0, STACK_UPDATE_COMPLETE)->tag_count = 0;
    fake_cloud(&fake, "shop-data")->status = STACK_UPDATE_IN_PROGRESS;
    fake_cloud(&fake, "shop-data")->polls_left = 50;
    fake_cloud(&fake, "shop-data")->next = STACK_UPDATE_COMPLETE;
    fake_start(&fake);
    fake_answer_all(&fake);
    cr_assert_eq(reconcile_readiness(fake.reconcile, 3), STACK_READY, "base and what stands on it are done");
    cr_assert_eq(reconcile_readiness(fake.reconcile, 0), STACK_PENDING);
    cr_assert_eq(reconcile_readiness(fake.reconcile, 1), STACK_PENDING);
    cr_assert_eq(fake_fact(&fake, RECONCILE_DECIDED, 0)->action, STACK_WAIT);
    fake_settle(&fake);
    cr_assert_eq(reconcile_readiness(fake.reconcile, 1), STACK_READY);
}

Test(reconcile, asks_at_once_after_a_write_and_then_every_poll_interval)
{
    fake_template(&fake, "data", "t", NULL);
    fake.in_progress_polls = 3;
    fake_start(&fake);
    fake_answer_all(&fake);
    cr_assert_eq(fake.look_count, 2, "one before, one at once");
    cr_assert_eq(reconcile_readiness(fake.reconcile, 0), STACK_DEPLOYING);
    cr_assert_eq(reconcile_next_deadline_ms(fake.reconcile), fake.now_ms + 2000);
    cr_assert(reconcile_is_idle(fake.reconcile) && reconcile_has_unfinished(fake.reconcile));
    fake_settle(&fake);
    cr_assert_eq(fake.look_count, 5);
    cr_assert_eq(fake_fact(&fake, RECONCILE_DEPLOYED, 0)->duration_ms, 6000);
    cr_assert(!reconcile_has_unfinished(fake.reconcile));
}

Test(reconcile, one_look_at_most_is_outstanding_for_many_stacks)
{
    static char names[9][8];
    for (size_t i = 0; i < 9; i++) {
        snprintf(names[i], sizeof names[i], "s%zu", i);
        fake_template(&fake, names[i], names[i], NULL);
    }
    fake.in_progress_polls = 2;
    fake_start(&fake);
    fake_settle(&fake);
    cr_assert_eq(fake.looks_outstanding_max, 1);
    cr_assert_eq(reconcile_readiness(fake.reconcile, 8), STACK_READY);
    cr_assert_eq(fake_count(&fake, "GetCallerIdentity"), 1);
}

Test(reconcile, at_most_ten_operations_are_under_way_in_one_account)
{
    static char names[14][8];
    for (size_t i = 0; i < 14; i++) {
        snprintf(names[i], sizeof names[i], "s%zu", i);
        fake_template(&fake, names[i], names[i], NULL);
    }
    fake.in_progress_polls = 3;
    fake_start(&fake);
    fake_answer_all(&fake);
    cr_assert_eq(fake_count(&fake, "CreateStack"), 10);
    fake_settle(&fake);
    cr_assert_eq(fake_count(&fake, "CreateStack"), 14);
    cr_assert_eq(reconcile_readiness(fake.reconcile, 13), STACK_READY);
}

Test(reconcile, tags_of_others_are_kept_and_those_of_aws_left_out)
{
    fake_template(&fake, "data", "t", NULL);
    struct fake_stack *cloud = fake_deployed(&fake, 0, STACK_CREATE_COMPLETE);
    cloud->tags[0].value = "0000";
    cloud->tags[1] = (struct pair){"team", "checkout"};
    cloud->tags[2] = (struct pair){"aws:cloudformation:x", "y"};
    cloud->tag_count = 3;
    fake_start(&fake);
    fake_settle(&fake);
    cr_assert_eq(cloud->tag_count, 2);
    cr_assert_str_eq(pair_value(cloud->tags, 2, "team"), "checkout");
    cr_assert_str_eq(pair_value(cloud->tags, 2, FINGERPRINT_TAG), fake_fingerprint(&fake, 0));
}

Test(reconcile, each_operation_has_a_token_of_its_own_that_aws_accepts)
{
    fake_template(&fake, "data", "t", NULL);
    fake_deployed(&fake, 0, STACK_ROLLBACK_COMPLETE);
    fake_start(&fake);
    fake_settle(&fake);
    const char *tokens[4];
    size_t count = 0;
    for (size_t i = 0; i < fake.effects.count; i++) {
        if (fake.effects.list[i].type == EFFECT_AWS && fake.effects.list[i].aws.request_token != NULL) {
            tokens[count++] = fake.effects.list[i].aws.request_token;
        }
    }
    cr_assert_eq(count, 2);
    cr_assert_str_eq(tokens[0], "itrun-0198-run-x-5-0-1");
    cr_assert_str_eq(tokens[1], "itrun-0198-run-x-5-0-2");
}

Test(reconcile, a_look_asked_for_before_a_write_says_nothing_about_it)
{
    fake_template(&fake, "data", "t", NULL);
    fake_template(&fake, "base", "u", NULL);
    struct fake_stack *base = fake_deployed(&fake, 1, STACK_UPDATE_IN_PROGRESS); /* keeps the polls going */
    base->next = STACK_UPDATE_COMPLETE;
    base->polls_left = 3;
    fake_start(&fake);
    while (fake_pending(&fake, EFFECT_AWS, AWS_CREATE_STACK) == NULL) {
        fake_answer(&fake, &fake.effects.list[fake.effects.count - fake_pending_count(&fake)]);
    }
    fake.now_ms += 2000;
    fake_step(&fake, &(struct input){.type = INPUT_DEADLINE});
    struct effect *look = fake_pending(&fake, EFFECT_AWS, AWS_DESCRIBE_STACKS);
    cr_assert_not_null(look);
    uint64_t old_id = look->id;
    fake.in_progress_polls = 1;
    fake_answer(&fake, fake_pending(&fake, EFFECT_AWS, AWS_CREATE_STACK));
    fake_cloud(&fake, "shop-data")->status = STACK_ABSENT; /* what the old look saw */
    for (size_t i = 0; i < fake.effects.count; i++) {
        if (fake.effects.list[i].id == old_id) {
            fake_answer(&fake, &fake.effects.list[i]);
        }
    }
    fake_cloud(&fake, "shop-data")->status = STACK_CREATE_IN_PROGRESS;
    cr_assert_not_null(fake_pending(&fake, EFFECT_AWS, AWS_DESCRIBE_STACKS), "asked again at once");
    fake_settle(&fake);
    cr_assert_eq(reconcile_readiness(fake.reconcile, 0), STACK_READY);
}

Test(reconcile, outputs_json_holds_what_is_ready_and_nothing_else)
{
    add_shop();
    fake_start(&fake);
    struct text json = {0};
    reconcile_outputs_json(fake.reconcile, false, &json);
    cr_assert_str_eq(text_string(&json), "{}");
    text_reset(&json);
    fake.broken = "shop-base";
    fake_settle(&fake);
    reconcile_outputs_json(fake.reconcile, false, &json);
    cr_assert_str_eq(text_string(&json),
                     "{\"data\":{\"Name\":\"shop-data-name\"},\"orders\":{\"Name\":\"shop-orders-name\"}}");
    text_clear(&json);
}

Test(reconcile, wants_may_come_later_and_bring_their_dependencies_along)
{
    add_shop();
    fake.reconcile = reconcile_new(&fake.inventory, 0, &fake.options);
    fake_step(&fake, &(struct input){.type = INPUT_START});
    fake_answer_all(&fake);
    cr_assert_eq(fake.look_count, 0, "nothing wanted, nothing asked");
    size_t orders = 1;
    reconcile_want(fake.reconcile, &orders, 1);
    cr_assert_eq(reconcile_readiness(fake.reconcile, 0), STACK_PENDING);
    cr_assert_leq(reconcile_next_deadline_ms(fake.reconcile), fake.now_ms);
    fake_step(&fake, &(struct input){.type = INPUT_DEADLINE});
    for (int i = 0; i < 9; i++) {
        fake_answer_all(&fake);
        fake.now_ms += 2000;
        fake_step(&fake, &(struct input){.type = INPUT_DEADLINE});
    }
    cr_assert_eq(reconcile_readiness(fake.reconcile, 1), STACK_READY);
    cr_assert_eq(reconcile_readiness(fake.reconcile, 2), STACK_NOT_WANTED);
}

Test(reconcile, a_forced_deploy_that_changes_nothing_is_done_all_the_same)
{
    fake_template(&fake, "data", "t", NULL);
    fake_deployed(&fake, 0, STACK_CREATE_COMPLETE);
    fake.options.is_forced = true;
    fake_start(&fake);
    fake_settle(&fake);
    cr_assert_eq(fake_count(&fake, "UpdateStack data;end data;"), 1);
    cr_assert_eq(reconcile_readiness(fake.reconcile, 0), STACK_READY);
}

Test(reconcile, an_unfinished_deploy_is_done_again_before_it_counts)
{
    fake_template(&fake, "data", "t", NULL);
    fake_deployed(&fake, 0, STACK_CREATE_COMPLETE);
    fake.ledger[0] = (struct ledger_entry){.stack_name = "shop-data", .is_unfinished = true, .run = "r6"};
    memcpy(fake.ledger[0].fingerprint, fake_fingerprint(&fake, 0), HASH_HEX_SIZE);
    fake.ledger_count = 1;
    fake_start(&fake);
    fake_settle(&fake);
    cr_assert_str_eq(fake_fact(&fake, RECONCILE_DECIDED, 0)->reason,
                     "a deploy of it was left unfinished (run r6)");
    cr_assert_eq(fake_count(&fake, "begin data;UpdateStack data;end data;"), 1);
    cr_assert(!fake.ledger[0].is_unfinished);
}
