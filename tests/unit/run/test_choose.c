#include "machines.h"
#include <criterion/criterion.h>
#include <string.h>

/* Two lanes on two accounts, suites that need no stack; all of them are planned for the first lane. */
struct fixture {
    struct suite suites[3];
    struct account accounts[2];
    struct inventory inventory;
    size_t first[3];
    struct shard shards[2];
    struct plan plan;
    struct run_options options;
    struct run *run;
    struct lane *busy, *idle;
};

static void fixture_init(struct fixture *fixture, size_t suite_count)
{
    static const char *const names[] = {"a", "b", "c"};
    *fixture = (struct fixture){
        .options = {.run_id = "run", .job_count = 2, .retry_budget = NO_RETRY_BUDGET, .lease_ms = 60000}};
    for (size_t i = 0; i < suite_count; i++) {
        fixture->suites[i] = (struct suite){.name = names[i], .framework = "command"};
        fixture->first[i] = i;
    }
    for (size_t i = 0; i < 2; i++) {
        fixture->accounts[i] = (struct account){.alias = i == 0 ? "account-001" : "account-002"};
        fixture->shards[i] = (struct shard){.account = i, .suites = fixture->first};
    }
    fixture->shards[0].suite_count = suite_count;
    fixture->inventory = (struct inventory){.suites = fixture->suites,
                                            .suite_count = suite_count,
                                            .accounts = fixture->accounts,
                                            .account_count = 2};
    fixture->plan = (struct plan){.shards = fixture->shards, .shard_count = 2};
    fixture->run = run_new(&fixture->inventory, &fixture->plan, &fixture->options);
    fixture->busy = &fixture->run->lanes[0];
    fixture->idle = &fixture->run->lanes[1];
    fixture->busy->state = fixture->idle->state = LANE_OPEN;
    fixture->busy->account = 0;
    fixture->idle->account = 1;
    fixture->busy->wants_job_slot = true; /* it cannot start its next suite now */
    struct reconcile_options options = {.run_id = "run"};
    fixture->busy->reconcile = reconcile_new(&fixture->inventory, 0, &options);
}

static size_t taken_by_idle(struct fixture *fixture)
{
    struct lane *from = NULL;
    size_t suite = choose_suite(fixture->run, fixture->idle, &from);
    cr_assert((suite != NO_INDEX) == (from == fixture->busy));
    return suite;
}

Test(choose, an_idle_lane_takes_the_next_suite_of_one_that_has_more_than_one_left)
{
    struct fixture fixture;
    fixture_init(&fixture, 2);
    cr_assert_eq(taken_by_idle(&fixture), 0);
    run_free(fixture.run);
}

Test(choose, a_lane_whose_stacks_are_being_made_ready_keeps_its_last_suite)
{
    struct fixture fixture;
    fixture_init(&fixture, 1);
    cr_assert_eq(taken_by_idle(&fixture), NO_INDEX);
    fixture.busy->used_ms = 1; /* it has run one: the stacks were not made in vain */
    cr_assert_eq(taken_by_idle(&fixture), 0);
    run_free(fixture.run);
}

Test(choose, a_lane_that_waits_for_an_account_keeps_nothing)
{
    struct fixture fixture;
    fixture_init(&fixture, 1);
    fixture.busy->state = LANE_WAITING;
    cr_assert_eq(taken_by_idle(&fixture), 0);
    run_free(fixture.run);
}

Test(choose, what_the_infrastructure_failed_in_an_account_is_not_taken_back_there)
{
    struct fixture fixture;
    fixture_init(&fixture, 2);
    fixture.run->suites[0].avoid = fixture.idle->account;
    cr_assert_eq(taken_by_idle(&fixture), 1);
    cr_assert_eq(choose_other(fixture.run, fixture.busy, 0, false), fixture.idle);
    run_free(fixture.run);
}
