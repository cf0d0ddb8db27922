#include "pools.h"
#include <time.h>

/* 240 suites on stacks 0 ... 9: 0 and 1 below all, 2 to 9 each above both. */
static struct inventory *shop(size_t accounts, int64_t scale_ms, uint32_t seed)
{
    struct inventory *inventory = pool_new(240, 10, accounts);
    for (size_t i = 2; i < 10; i++) {
        size_t *depends = arena_alloc(inventory->arena, 2 * sizeof *depends);
        depends[1] = 1;
        inventory->stacks[i].depends = depends;
        inventory->stacks[i].depend_count = 2;
    }
    for (size_t i = 0; i < 240; i++) {
        pool_time(inventory, i, scale_ms + random_next(&seed) % (uint32_t)(2 * scale_ms));
        size_t own = 2 + random_next(&seed) % 8;
        size_t other = 2 + random_next(&seed) % 8;
        size_t needs[] = {0, 1, own < other ? own : other, own < other ? other : own};
        pool_need(inventory, i, needs, own == other ? 3 : 4);
    }
    return inventory;
}

/* Times a month later: each suite up to a third longer or shorter. */
static void drift(struct inventory *inventory, uint32_t seed)
{
    for (size_t i = 0; i < inventory->suite_count; i++) {
        struct estimate *estimate = &inventory->suites[i].estimate;
        estimate->expected_ms = estimate->expected_ms * (67 + random_next(&seed) % 67) / 100;
    }
}

Test(plan, a_full_pool_never_deploys)
{
    struct inventory *inventory = shop(200, 2000, 5);
    pool_hold_all(inventory);
    struct plan *plan = pool_plan(inventory, 200, 0);
    check_plan(inventory, plan);
    cr_assert_eq(plan->shard_count, 200);
    cr_assert_eq(plan_deploys(plan), 0);
    plan_free(plan);
    pool_free(inventory);
}

Test(plan, what_a_cold_run_deployed_is_enough_for_the_next_though_times_drift)
{
    static const int64_t scales[] = {2000, 60000};
    static const size_t accounts[] = {200, 50, 20};
    for (size_t s = 0; s < 2; s++) {
        for (size_t a = 0; a < 3; a++) {
            struct inventory *inventory = shop(accounts[a], scales[s], 9);
            struct plan *cold = pool_plan(inventory, 0, 0);
            check_plan(inventory, cold);
            cr_assert_eq(cold->shard_count, accounts[a]);
            pool_run(inventory, cold);
            for (uint32_t round = 1; round < 6; round++) {
                drift(inventory, round);
                struct plan *warm = pool_plan(inventory, 0, 0);
                check_plan(inventory, warm);
                cr_assert_eq(warm->shard_count, accounts[a]);
                cr_assert_eq(plan_deploys(warm), 0, "%zu deploys at %zu accounts, scale %lld",
                             plan_deploys(warm), accounts[a], (long long)scales[s]);
                cr_assert_lt(warm->predicted_ms, 2 * warm->lower_bound_ms);
                plan_free(warm);
            }
            plan_free(cold);
            pool_free(inventory);
        }
    }
}

Test(plan, few_shards_of_a_large_pool_take_the_accounts_that_are_warm)
{
    struct inventory *inventory = shop(200, 2000, 3);
    for (size_t a = 150; a < 160; a++) {
        for (size_t s = 0; s < 10; s++)
            pool_hold(inventory, a, s, true);
    }
    struct plan *plan = pool_plan(inventory, 10, 0);
    check_plan(inventory, plan);
    cr_assert_eq(plan_deploys(plan), 0);
    cr_assert_eq(plan->shard_count, 10);
    for (size_t i = 0; i < 10; i++)
        cr_assert_eq(plan->shards[i].account, 150 + i);
    plan_free(plan);
    pool_free(inventory);
}

Test(plan, rare_stacks_find_their_account_among_many)
{
    struct inventory *inventory = pool_new(20, 2, 50);
    for (size_t i = 0; i < 20; i++) {
        pool_time(inventory, i, 5000);
        pool_need(inventory, i, (size_t[]){i == 13 ? 1 : 0}, 1);
    }
    for (size_t a = 0; a < 50; a++)
        pool_hold(inventory, a, a == 31 ? 1 : 0, true);
    struct plan *plan = pool_plan(inventory, 4, 0);
    check_plan(inventory, plan);
    cr_assert_eq(plan_deploys(plan), 0);
    cr_assert_eq(plan->shards[3].account, 31);
    cr_assert_eq(plan->shards[3].suites[0], 13);
    plan_free(plan);
    pool_free(inventory);
}

Test(plan, one_stale_stack_is_deployed_only_where_its_suites_run)
{
    struct inventory *inventory = shop(60, 2000, 21);
    pool_hold_all(inventory);
    for (size_t a = 0; a < 60; a++)
        pool_hold(inventory, a, 7, false);
    struct plan *plan = pool_plan(inventory, 0, 0);
    check_plan(inventory, plan);
    size_t affected = 0;
    for (size_t i = 0; i < plan->shard_count; i++) {
        bool needs_it = false;
        for (size_t s = 0; s < plan->shards[i].suite_count; s++) {
            const struct suite *suite = &inventory->suites[plan->shards[i].suites[s]];
            for (size_t n = 0; n < suite->need_count; n++)
                needs_it = needs_it || suite->needs[n] == 7;
        }
        cr_assert_eq(plan->shards[i].deploy_count, needs_it ? 1 : 0);
        affected += needs_it;
    }
    cr_assert_gt(affected, 0);
    plan_free(plan);
    pool_free(inventory);
}

/* Deploys of a minute hide suites of seconds: stacking them would cost nothing, by prediction. */
Test(plan, a_cold_pool_uses_every_shard_that_was_asked_for)
{
    struct inventory *inventory = pool_new(250, 3, 200);
    pool_chain(inventory);
    for (size_t i = 0; i < 250; i++)
        pool_need(inventory, i, (size_t[]){0, 1, 2}, 1 + i % 3);
    struct plan *plan = pool_plan(inventory, 200, 0);
    check_plan(inventory, plan);
    cr_assert_eq(plan->shard_count, 200);
    plan_free(plan);
    pool_free(inventory);
}

Test(plan, a_stale_stack_below_all_sends_no_suite_where_others_are_lacking)
{
    struct inventory *inventory = shop(200, 60000, 13);
    pool_hold_all(inventory);
    for (size_t a = 0; a < 200; a++) { /* each account has the stale one, the next, and three of its own */
        struct account *account = &inventory->accounts[a];
        account->holding_count = 0;
        pool_hold(inventory, a, 0, false);
        for (size_t s = 1; s < 10; s++) {
            if (s == 1 || s % 3 == a % 3)
                pool_hold(inventory, a, s, true);
        }
    }
    for (size_t i = 0; i < 240; i++)
        pool_need(inventory, i, (size_t[]){0, 1, 2 + i % 8}, 3);
    struct plan *plan = pool_plan(inventory, 200, 0);
    check_plan(inventory, plan);
    cr_assert_eq(plan_deploys(plan), plan->shard_count, "%zu deploys", plan_deploys(plan));
    plan_free(plan);
    pool_free(inventory);
}

/* 0 below all; 1 and 2 above it, 3 above 2. Every account holds what one of 1, 2, 3 needs; then 0 becomes
 * stale. */
Test(plan, a_small_run_finds_its_accounts_though_a_stack_below_all_is_stale)
{
    static const size_t needs[3][3] = {{0, 1}, {0, 2}, {0, 2, 3}};
    static const size_t counts[3] = {2, 2, 3};
    struct inventory *inventory = pool_new(60, 4, 200);
    for (size_t i = 1; i < 4; i++) {
        size_t *depends = arena_alloc(inventory->arena, sizeof *depends);
        *depends = i == 3 ? 2 : 0;
        inventory->stacks[i].depends = depends;
        inventory->stacks[i].depend_count = 1;
    }
    for (size_t i = 0; i < 60; i++) {
        pool_time(inventory, i, 60000 + (int64_t)i * 1000);
        pool_need(inventory, i, needs[i % 3], counts[i % 3]);
    }
    for (size_t a = 0; a < 200; a++) {
        for (size_t n = 0; n < counts[a % 3]; n++)
            pool_hold(inventory, a, needs[a % 3][n], n > 0);
    }
    struct plan *plan = pool_plan(inventory, 200, 0);
    check_plan(inventory, plan);
    cr_assert_geq(plan->shard_count, 40);
    cr_assert_eq(plan_deploys(plan), plan->shard_count, "%zu deploys", plan_deploys(plan));
    plan_free(plan);
    pool_free(inventory);
}

Test(plan, a_pool_warmed_by_a_small_run_does_not_hold_back_a_large_one)
{
    struct inventory *inventory = shop(200, 60000, 2);
    struct plan *small = pool_plan(inventory, 4, 0);
    pool_run(inventory, small);
    struct plan *large = pool_plan(inventory, 200, 0);
    check_plan(inventory, large);
    cr_assert_gt(large->shard_count, 100);
    cr_assert_lt(large->predicted_ms * 4, small->predicted_ms);
    plan_free(small);
    plan_free(large);
    pool_free(inventory);
}

Test(plan, forced_deploys_are_predicted_and_forbidden_ones_avoided)
{
    struct inventory *inventory = shop(10, 2000, 8);
    pool_hold_all(inventory);
    size_t selected[] = {0};
    struct run_options forced = {.is_force_deploy = true};
    struct plan *plan = plan_make(inventory, selected, 1, &forced, NULL);
    cr_assert_eq(plan_deploys(plan), inventory->suites[0].need_count);
    plan_free(plan);
    pool_free(inventory);
    inventory = pool_new(40, 1, 10);
    for (size_t i = 0; i < 40; i++) {
        pool_time(inventory, i, 60000);
        pool_need(inventory, i, (size_t[]){0}, 1);
    }
    pool_hold(inventory, 4, 0, true);
    size_t all[40];
    for (size_t i = 0; i < 40; i++)
        all[i] = i;
    struct run_options none = {.is_no_deploy = true};
    plan = plan_make(inventory, all, 40, &none, NULL);
    cr_assert_eq(plan->shard_count, 1);
    cr_assert_eq(plan->shards[0].account, 4);
    cr_assert_eq(plan_deploys(plan), 0);
    plan_free(plan);
    pool_free(inventory);
}

Test(plan, ready_suites_run_while_stacks_deploy)
{
    struct inventory *inventory = pool_new(2, 1, 1);
    pool_time(inventory, 0, 50000);
    pool_time(inventory, 1, 40000);
    pool_need(inventory, 0, (size_t[]){0}, 1);
    struct plan *plan = pool_plan(inventory, 0, 0);
    cr_assert_eq(plan->shards[0].suites[0], 1);
    cr_assert_eq(plan->shards[0].suites[1], 0);
    cr_assert_eq(plan->predicted_ms, 110000); /* 60 s of deploy hide 40 s of work */
    plan_free(plan);
    pool_free(inventory);
}

Test(plan, local_accounts_need_no_deploys)
{
    struct inventory *inventory = pool_new(3, 1, 3);
    for (size_t i = 0; i < 3; i++) {
        pool_time(inventory, i, 1000);
        pool_need(inventory, i, (size_t[]){0}, 1);
        inventory->accounts[i].is_local = true;
    }
    struct plan *plan = pool_plan(inventory, 0, 0);
    cr_assert_eq(plan_deploys(plan), 0);
    cr_assert_eq(plan->predicted_ms, 1000);
    plan_free(plan);
    pool_free(inventory);
}

#ifdef __SANITIZE_ADDRESS__
#define CPU_SECONDS_MAX 60
#else
#define CPU_SECONDS_MAX 6
#endif

/* Of a processor's time, not of the clock: the machine may be busy with other tests. */
Test(plan, ten_thousand_suites_fit_into_a_thousand_accounts_quickly)
{
    uint32_t seed = 4;
    struct inventory *inventory = pool_new(10000, 15, 1000);
    pool_chain(inventory);
    for (size_t i = 0; i < 10000; i++) {
        pool_time(inventory, i, 1 + random_next(&seed) % 100000);
        size_t needs[] = {0, 1, 2, 3, 4, 5};
        pool_need(inventory, i, needs, random_next(&seed) % 7);
    }
    clock_t began = clock();
    struct plan *cold = pool_plan(inventory, 0, 0);
    check_plan(inventory, cold);
    pool_hold_all(inventory);
    struct plan *warm = pool_plan(inventory, 0, 0);
    check_plan(inventory, warm);
    cr_assert_lt(clock() - began, CPU_SECONDS_MAX * CLOCKS_PER_SEC);
    cr_assert_leq(warm->predicted_ms * 1000, warm->lower_bound_ms * 1001);
    cr_assert_eq(plan_deploys(warm), 0);
    plan_free(cold);
    plan_free(warm);
    pool_free(inventory);
}
