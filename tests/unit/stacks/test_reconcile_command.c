/* Deploy commands: slots, environment, verification, ends. */
#include "fake_account.h"
#include <criterion/criterion.h>
#include <string.h>

static struct fake fake;
static const char *const on_data[] = {"data", NULL};

static void init(void)
{
    fake_init(&fake);
    fake_template(&fake, "data", "t", NULL);
    fake_deployed(&fake, 0, STACK_CREATE_COMPLETE);
    fake_command(&fake, "billing", "npx serverless deploy", on_data);
}

static void fini(void)
{
    fake_clear(&fake);
}

TestSuite(command, .init = init, .fini = fini);

static const struct spawn *spawn_of(void)
{
    for (size_t i = fake.effects.count; i > 0; i--) {
        if (fake.effects.list[i - 1].type == EFFECT_SPAWN) {
            return &fake.effects.list[i - 1].spawn;
        }
    }
    cr_assert_fail("nothing was spawned");
    return NULL;
}

static void start_running(void)
{
    fake.holds_commands = true;
    fake_start(&fake);
    for (int i = 0; i < 20 && fake_pending(&fake, EFFECT_SPAWN, 0) == NULL; i++) {
        fake_answer_all(&fake);
        if (fake_fact(&fake, RECONCILE_SLOT_WANTED, 1) != NULL && fake_count(&fake, "slot") == 0) {
            text_append(&fake.calls, "slot;");
            reconcile_grant_slot(fake.reconcile, 1);
        }
        if (fake_pending(&fake, EFFECT_SPAWN, 0) == NULL &&
            reconcile_next_deadline_ms(fake.reconcile) > fake.now_ms) {
            fake.now_ms = reconcile_next_deadline_ms(fake.reconcile);
        }
        fake_step(&fake, &(struct input){.type = INPUT_DEADLINE});
    }
    cr_assert_not_null(fake_pending(&fake, EFFECT_SPAWN, 0));
}

static void end_command(void)
{
    fake_answer(&fake, fake_pending(&fake, EFFECT_SPAWN, 0));
    fake_settle(&fake);
}

Test(command, waits_for_its_slot_and_is_recorded_before_it_runs)
{
    fake.holds_slots = true;
    fake_start(&fake);
    fake_settle(&fake);
    cr_assert_not_null(fake_fact(&fake, RECONCILE_SLOT_WANTED, 1));
    cr_assert_eq(fake_count(&fake, "begin"), 0, "a deploy that waits for its turn has not begun");
    cr_assert_eq(reconcile_next_deadline_ms(fake.reconcile), INT64_MAX, "and no timeout runs");
    reconcile_grant_slot(fake.reconcile, 1);
    cr_assert_leq(reconcile_next_deadline_ms(fake.reconcile), fake.now_ms);
    fake_settle(&fake);
    cr_assert_str_eq(text_string(&fake.calls), "GetCallerIdentity ;begin billing;spawn billing;end billing;");
    cr_assert_not_null(fake_fact(&fake, RECONCILE_SLOT_FREED, 1));
    cr_assert_eq(reconcile_readiness(fake.reconcile, 1), STACK_READY);
}

Test(command, a_parallel_one_asks_for_no_slot)
{
    fake.stacks[1].is_parallel = true;
    fake_start(&fake);
    fake_settle(&fake);
    cr_assert_null(fake_fact(&fake, RECONCILE_SLOT_WANTED, 1));
    cr_assert_eq(reconcile_readiness(fake.reconcile, 1), STACK_READY);
}

Test(command, is_given_the_fingerprint_the_outputs_and_the_account)
{
    start_running();
    const struct spawn *spawn = spawn_of();
    cr_assert_eq(spawn->suite, NO_INDEX);
    cr_assert_eq(spawn->stack, 1);
    cr_assert_eq(spawn->account, 0);
    cr_assert_eq(spawn->lane, 4);
    cr_assert_str_eq(spawn->argv[0], "npx");
    cr_assert_str_eq(spawn->argv[2], "deploy");
    cr_assert_null(spawn->argv[3]);
    cr_assert_str_eq(spawn->cwd, "/shop");
    cr_assert_str_eq(spawn->output_path, "stacks/billing/5/output.log");
    cr_assert_str_eq(spawn->outputs_json, "{\"data\":{\"Name\":\"shop-data-name\"}}");
    cr_assert_str_eq(pair_value(spawn->env, spawn->env_count, "ITRUN"), "1");
    cr_assert_str_eq(pair_value(spawn->env, spawn->env_count, "ITRUN_STACK"), "billing");
    cr_assert_str_eq(pair_value(spawn->env, spawn->env_count, "ITRUN_STACK_NAME"), "shop-billing");
    cr_assert_eq(strlen(pair_value(spawn->env, spawn->env_count, "ITRUN_FINGERPRINT")), 64);
    cr_assert_eq(spawn->lease_stop_by_ms, INT64_MAX);
}

Test(command, must_not_outlive_the_lease)
{
    fake.holds_slots = true;
    fake_start(&fake);
    fake_settle(&fake);
    reconcile_set_stop_by(fake.reconcile, 77);
    reconcile_grant_slot(fake.reconcile, 1);
    fake_settle(&fake);
    cr_assert_eq(spawn_of()->lease_stop_by_ms, 77);
}

Test(command, with_metacharacters_runs_through_a_shell)
{
    fake.stacks[1].command = "cd x && make deploy";
    start_running();
    cr_assert_str_eq(spawn_of()->argv[0], "sh");
    cr_assert_str_eq(spawn_of()->argv[1], "-c");
    cr_assert_str_eq(spawn_of()->argv[2], "cd x && make deploy");
}

Test(command, that_does_not_put_the_tag_on_has_failed)
{
    fake.command_forgets_tag = true;
    start_running();
    end_command();
    const struct error *error = reconcile_failure(fake.reconcile, 1);
    cr_assert_eq(error->kind, ERROR_INVALID);
    cr_assert(strstr(error->what, "--tags itrun:fingerprint=$ITRUN_FINGERPRINT") != NULL, "%s", error->what);
    cr_assert_eq(fake_count(&fake, "end"), 0);
}

Test(command, that_returns_before_its_stack_has_settled_is_waited_for)
{
    start_running();
    fake_answer(&fake, fake_pending(&fake, EFFECT_SPAWN, 0));
    struct fake_stack *cloud = fake_cloud(&fake, "shop-billing");
    cloud->status = STACK_CREATE_IN_PROGRESS;
    cloud->next = STACK_CREATE_COMPLETE;
    cloud->polls_left = 3;
    fake_settle(&fake);
    cr_assert_eq(reconcile_readiness(fake.reconcile, 1), STACK_READY);
}

Test(command, that_exits_badly_is_the_changes_fault_and_quoted)
{
    fake.end = (struct process_end){.exit_code = 3, .output_tail = "Deploying...\nno such bucket\n\n"};
    start_running();
    end_command();
    const struct error *error = reconcile_failure(fake.reconcile, 1);
    cr_assert_eq(error->kind, ERROR_INVALID);
    cr_assert_str_eq(error->what, "stack billing: deploy command exited 3: no such bucket");
    cr_assert_not_null(fake_fact(&fake, RECONCILE_SLOT_FREED, 1));
    cr_assert_eq(fake_fact(&fake, RECONCILE_FAILED, 1)->action, STACK_CREATE);
}

Test(command, ends_that_are_nobodys_fault_are_not_blamed_on_the_change)
{
    fake.end = (struct process_end){.exit_code = 1, .infra_reason = "registry is down"};
    start_running();
    end_command();
    cr_assert_eq(reconcile_failure(fake.reconcile, 1)->kind, ERROR_TRANSIENT);
    fini();
    init();
    fake.end = (struct process_end){.signal = 9, .is_killed_by_guard = true};
    start_running();
    end_command();
    cr_assert_eq(reconcile_failure(fake.reconcile, 1)->kind, ERROR_TRANSIENT);
    cr_assert(reconcile_has_unfinished(fake.reconcile));
}

Test(command, that_does_not_exist_is_told_as_such)
{
    fake.end = (struct process_end){.exit_code = 127};
    error_set(&fake.end.error, ERROR_GONE, "no command npx");
    start_running();
    end_command();
    cr_assert_eq(reconcile_failure(fake.reconcile, 1)->kind, ERROR_GONE);
    cr_assert_str_eq(reconcile_failure(fake.reconcile, 1)->what,
                     "stack billing: deploy command: no command npx");
}

Test(command, that_takes_too_long_is_asked_to_end_and_killed_ten_seconds_later)
{
    start_running();
    int64_t started_ms = fake.now_ms;
    cr_assert_eq(reconcile_next_deadline_ms(fake.reconcile), started_ms + 30 * 60 * 1000);
    fake.now_ms = reconcile_next_deadline_ms(fake.reconcile);
    fake_step(&fake, &(struct input){.type = INPUT_DEADLINE});
    fake.now_ms += 5;
    fake_answer(&fake, fake_pending(&fake, EFFECT_SIGNAL, 0));
    cr_assert_eq(reconcile_next_deadline_ms(fake.reconcile), fake.now_ms + 10000);
    fake.now_ms += 10000;
    fake_step(&fake, &(struct input){.type = INPUT_DEADLINE});
    fake_answer(&fake, fake_pending(&fake, EFFECT_SIGNAL, 0));
    cr_assert_eq(fake_count(&fake, "TERM;KILL;"), 1);
    cr_assert_eq(reconcile_next_deadline_ms(fake.reconcile), INT64_MAX);
    fake.end.signal = 9;
    end_command();
    const struct error *error = reconcile_failure(fake.reconcile, 1);
    cr_assert_eq(error->kind, ERROR_INVALID);
    cr_assert(strstr(error->what, "still running its deploy command after 30m") != NULL, "%s", error->what);
    cr_assert(reconcile_has_unfinished(fake.reconcile), "what it began may run on");
}

Test(command, is_asked_to_end_by_a_cancel_and_killed_by_a_second)
{
    start_running();
    reconcile_cancel(fake.reconcile, &fake.effects);
    cr_assert(!reconcile_is_idle(fake.reconcile));
    fake_answer(&fake, fake_pending(&fake, EFFECT_SIGNAL, 0));
    reconcile_cancel(fake.reconcile, &fake.effects);
    cr_assert_eq(fake_pending(&fake, EFFECT_SIGNAL, 0)->signal.is_kill, true);
    fake.end.signal = 15;
    fake_answer(&fake, fake_pending(&fake, EFFECT_SPAWN, 0));
    cr_assert_eq(reconcile_failure(fake.reconcile, 1)->kind, ERROR_CANCELLED);
    fake_answer(&fake, fake_pending(&fake, EFFECT_SIGNAL, 0)); /* too late, and harmless */
    cr_assert(reconcile_is_idle(fake.reconcile) && reconcile_has_unfinished(fake.reconcile));
    cr_assert_not_null(fake_fact(&fake, RECONCILE_SLOT_FREED, 1));
}

Test(command, waiting_for_its_slot_gives_it_back_when_cancelled)
{
    fake.holds_slots = true;
    fake_start(&fake);
    fake_settle(&fake);
    reconcile_cancel(fake.reconcile, &fake.effects);
    struct reconcile_fact fact;
    cr_assert(reconcile_next_fact(fake.reconcile, &fact));
    cr_assert_eq(fact.type, RECONCILE_SLOT_FREED);
    cr_assert_eq(fact.stack, 1);
}

Test(command, is_run_only_after_what_is_in_its_way_was_deleted)
{
    fake_cloud(&fake, "shop-billing")->status = STACK_ROLLBACK_COMPLETE;
    fake.in_progress_polls = 2;
    start_running();
    cr_assert_eq(fake_count(&fake, "begin billing;DeleteStack billing;"), 1);
    end_command();
    cr_assert_eq(reconcile_readiness(fake.reconcile, 1), STACK_READY);
    cr_assert_eq(fake_fact(&fake, RECONCILE_DEPLOYED, 1)->action, STACK_RECREATE);
}

Test(command, is_skipped_when_nothing_below_it_changed_and_run_when_an_output_did)
{
    fake_start(&fake);
    fake_settle(&fake);
    reconcile_free(fake.reconcile);
    text_reset(&fake.calls);
    fake.fact_count = 0;
    fake_start(&fake);
    fake_settle(&fake);
    cr_assert_str_eq(text_string(&fake.calls), "");
    reconcile_free(fake.reconcile);
    fake_cloud(&fake, "shop-data")->outputs[0].value = "other";
    fake_start(&fake);
    fake_settle(&fake);
    cr_assert_eq(fake_count(&fake, "spawn billing"), 1);
    cr_assert_str_eq(fake_fact(&fake, RECONCILE_DEPLOYED, 1)->reason, "output data.Name changed");
}
