#include "pools.h"

/* Stacks on three levels, suites with one to four needs, accounts with random holdings. */
static struct inventory *random_pool(uint32_t seed)
{
    uint32_t *s = &seed;
    size_t suites = 1 + random_next(s) % 60;
    size_t stacks = random_next(s) % 6;
    size_t accounts = 1 + random_next(s) % 20;
    struct inventory *inventory = pool_new(suites, stacks, accounts);
    pool_chain(inventory);
    for (size_t i = 0; i < suites; i++) {
        if (random_next(s) % 10)
            pool_time(inventory, i, 1 + random_next(s) % 200000);
        size_t needs[8];
        size_t count = stacks ? random_next(s) % (stacks + 1) : 0;
        for (size_t n = 0; n < count; n++)
            needs[n] = n;
        pool_need(inventory, i, needs, count);
    }
    for (size_t a = 0; a < accounts; a++) {
        for (size_t k = 0; k < stacks; k++) {
            if (random_next(s) % 3)
                pool_hold(inventory, a, k, random_next(s) % 3 != 0);
        }
    }
    return inventory;
}

Test(plan, every_suite_stands_in_it_exactly_once_and_no_plan_beats_its_bound)
{
    for (uint32_t seed = 1; seed < 400; seed++) {
        struct inventory *inventory = random_pool(seed);
        struct plan *plan = pool_plan(inventory, seed % 5 ? seed % 23 : 0, seed % 3 ? seed % 7 : 0);
        check_plan(inventory, plan);
        plan_free(plan);
        pool_free(inventory);
    }
}

Test(plan, the_same_input_gives_the_same_bytes)
{
    for (uint32_t seed = 1; seed < 60; seed++) {
        struct text first = {0};
        struct text second = {0};
        for (int i = 0; i < 2; i++) {
            struct inventory *inventory = random_pool(seed);
            struct plan *plan = pool_plan(inventory, 0, 0);
            plan_write_json(plan, inventory, i ? &second : &first);
            plan_write_text(plan, inventory, i ? &second : &first);
            plan_free(plan);
            pool_free(inventory);
        }
        cr_assert_gt(first.length, 0);
        cr_assert_str_eq(text_string(&first), text_string(&second));
        text_clear(&first);
        text_clear(&second);
    }
}

Test(plan, the_order_of_the_selection_does_not_matter)
{
    struct inventory *inventory = random_pool(77);
    size_t count = inventory->suite_count;
    size_t *backwards = memory_new(count * sizeof *backwards);
    for (size_t i = 0; i < count; i++)
        backwards[i] = count - 1 - i;
    struct run_options options = {0};
    struct plan *other = plan_make(inventory, backwards, count, &options, NULL);
    struct plan *plan = pool_plan(inventory, 0, 0);
    struct text first = {0};
    struct text second = {0};
    plan_write_json(plan, inventory, &first);
    plan_write_json(other, inventory, &second);
    cr_assert_str_eq(text_string(&first), text_string(&second));
    text_clear(&first);
    text_clear(&second);
    plan_free(plan);
    plan_free(other);
    memory_free(backwards);
    pool_free(inventory);
}

/* Graham 1969: at most 4/3 - 1/(3m) of the optimum; where it is enough, the bound stands for the optimum. */
Test(plan, without_deploys_it_is_longest_processing_time_first)
{
    struct inventory *inventory = pool_new(7, 0, 3);
    static const int64_t times[] = {5000, 5000, 4000, 4000, 3000, 3000, 3000};
    for (size_t i = 0; i < 7; i++)
        pool_time(inventory, i, times[i]);
    struct plan *plan = pool_plan(inventory, 0, 0);
    check_plan(inventory, plan);
    cr_assert_eq(plan->predicted_ms, 11000); /* the worst case of the rule: optimum 9 s, 4/3 - 1/9 of it */
    cr_assert_eq(plan->lower_bound_ms, 9000);
    cr_assert_eq(plan->shards[0].suites[0], 0);
    cr_assert_eq(plan->shards[1].suites[0], 1);
    cr_assert_eq(plan->shards[2].suites[0], 2);
    plan_free(plan);
    pool_free(inventory);
}

static int64_t best_of(const int64_t *times, size_t count, int64_t *loads, size_t machines, int64_t best)
{
    int64_t most = 0;
    for (size_t m = 0; m < machines; m++)
        most = loads[m] > most ? loads[m] : most;
    if (most >= best)
        return best;
    if (count == 0)
        return most;
    for (size_t m = 0; m < machines; m++) {
        bool is_like_before = m > 0 && loads[m] == loads[m - 1];
        if (is_like_before)
            continue;
        loads[m] += times[0];
        best = best_of(times + 1, count - 1, loads, machines, best);
        loads[m] -= times[0];
    }
    return best;
}

Test(plan, is_within_four_thirds_of_the_optimum)
{
    uint32_t seed = 11;
    for (int round = 0; round < 150; round++) {
        size_t machines = 2 + random_next(&seed) % 3;
        size_t count = 3 + random_next(&seed) % 7;
        struct inventory *inventory = pool_new(count, 0, machines);
        int64_t times[16];
        for (size_t i = 0; i < count; i++) {
            times[i] = 1 + random_next(&seed) % 1000;
            pool_time(inventory, i, times[i]);
        }
        struct plan *plan = pool_plan(inventory, 0, 0);
        int64_t loads[8] = {0};
        int64_t optimum = best_of(times, count, loads, machines, INT64_MAX);
        int64_t m = (int64_t)machines;
        cr_assert_leq(plan->predicted_ms * 3 * m, optimum * (4 * m - 1));
        cr_assert_leq(plan->lower_bound_ms, optimum);
        plan_free(plan);
        pool_free(inventory);
    }
}

Test(plan, suites_never_seen_go_first_and_are_taken_for_the_mean)
{
    struct inventory *inventory = pool_new(4, 0, 1);
    pool_time(inventory, 0, 30000);
    pool_time(inventory, 1, 10000);
    pool_time(inventory, 3, 20000);
    struct plan *plan = pool_plan(inventory, 0, 0);
    static const size_t order[] = {2, 0, 3, 1};
    for (size_t i = 0; i < 4; i++)
        cr_assert_eq(plan->shards[0].suites[i], order[i]);
    cr_assert_eq(plan->predicted_ms, 80000);
    cr_assert_not_null(strstr(plan->explanation, "never seen"));
    plan_free(plan);
    pool_free(inventory);
}

Test(plan, without_any_history_a_suite_is_taken_for_ten_seconds)
{
    struct inventory *inventory = pool_new(3, 0, 1);
    struct plan *plan = pool_plan(inventory, 0, 0);
    cr_assert_eq(plan->predicted_ms, 30000);
    cr_assert_eq(plan->shards[0].suites[0], 0);
    plan_free(plan);
    pool_free(inventory);
}

Test(plan, shards_suites_accounts_and_jobs_limit_each_other_and_it_says_so)
{
    struct inventory *inventory = pool_new(6, 0, 4);
    for (size_t i = 0; i < 6; i++)
        pool_time(inventory, i, 1000);
    struct plan *plan = pool_plan(inventory, 0, 0);
    cr_assert_eq(plan->shard_count, 4);
    cr_assert_null(plan->explanation);
    plan_free(plan);
    plan = pool_plan(inventory, 200, 0);
    cr_assert_eq(plan->shard_count, 4);
    cr_assert_str_eq(plan->explanation, "200 shards asked, but there are 4 accounts: 4 shards");
    plan_free(plan);
    plan = pool_plan(inventory, 2, 0);
    cr_assert_eq(plan->shard_count, 2);
    cr_assert_eq(plan->predicted_ms, 3000);
    plan_free(plan);
    plan = pool_plan(inventory, 4, 2);
    cr_assert_eq(plan->shard_count, 4);
    cr_assert_eq(plan->job_count, 2);
    cr_assert_eq(plan->predicted_ms, 3000);
    cr_assert_eq(plan->lower_bound_ms, 3000);
    cr_assert_not_null(strstr(plan->explanation, "2 jobs"));
    plan_free(plan);
    inventory->account_count = 1;
    plan = pool_plan(inventory, 0, 0);
    cr_assert_eq(plan->shard_count, 1);
    cr_assert_not_null(strstr(plan->explanation, "one account"));
    plan_free(plan);
    pool_free(inventory);
    inventory = pool_new(3, 0, 9);
    plan = pool_plan(inventory, 8, 0);
    cr_assert_eq(plan->shard_count, 3);
    cr_assert(string_starts_with(plan->explanation, "8 shards asked, but 3 suites are selected: 3 shards"));
    plan_free(plan);
    pool_free(inventory);
}

Test(plan, without_accounts_or_suites_there_is_none)
{
    struct inventory *inventory = pool_new(1, 0, 0);
    size_t selected[] = {0};
    struct run_options options = {0};
    struct error error = {0};
    cr_assert_null(plan_make(inventory, selected, 1, &options, &error));
    cr_assert_eq(error.kind, ERROR_CONFIG);
    cr_assert_null(plan_make(inventory, selected, 0, &options, &error));
    cr_assert_eq(error.kind, ERROR_USAGE);
    plan_free(NULL);
    pool_free(inventory);
}

Test(plan, names_what_limits_it)
{
    struct inventory *inventory = pool_new(3, 0, 3);
    pool_time(inventory, 0, 443000);
    pool_time(inventory, 1, 100000);
    pool_time(inventory, 2, 100000);
    struct plan *plan = pool_plan(inventory, 0, 0);
    cr_assert_str_eq(plan->limited_by,
                     "the longest suite suite-00000 (7m 23s): more than 2 accounts change nothing");
    cr_assert_eq(plan->lower_bound_ms, 443000);
    plan_free(plan);
    pool_free(inventory);
    inventory = pool_new(40, 0, 4);
    for (size_t i = 0; i < 40; i++)
        pool_time(inventory, i, 6000);
    plan = pool_plan(inventory, 0, 0);
    cr_assert_str_eq(plan->limited_by, "the total work (4m 0s over 4 accounts): 8 would take at least 30.0s");
    plan_free(plan);
    plan = pool_plan(inventory, 0, 2);
    cr_assert_str_eq(plan->limited_by, "the total work (4m 0s over 2 jobs): 4 would take at least 1m 0s");
    plan_free(plan);
    pool_free(inventory);
    inventory = pool_new(2, 3, 2);
    pool_chain(inventory);
    for (size_t i = 0; i < 2; i++) {
        pool_time(inventory, i, 6000);
        pool_need(inventory, i, (size_t[]){0, 1, 2}, 3);
        pool_hold(inventory, i, 0, true);
    }
    plan = pool_plan(inventory, 0, 0);
    cr_assert_str_eq(
        plan->limited_by,
        "the deploys of stack-1, stack-2 in account-001 (2m 0s): with all stacks in place, at least 6.0s");
    cr_assert_eq(plan->predicted_ms, 126000);
    cr_assert_eq(plan->lower_bound_ms, 126000);
    plan_free(plan);
    pool_free(inventory);
}

Test(plan, reads_well_as_text_and_as_json)
{
    struct inventory *inventory = pool_new(2, 1, 2);
    pool_time(inventory, 0, 4000);
    pool_time(inventory, 1, 2000);
    pool_need(inventory, 1, (size_t[]){0}, 1);
    struct plan *plan = pool_plan(inventory, 0, 0);
    struct text text = {0};
    plan_write_text(plan, inventory, &text);
    cr_assert_not_null(strstr(
        text_string(&text), "predicted 1m 2s · at least 1m 2s (×1.00) · limited by the deploys of stack-0"));
    cr_assert_not_null(
        strstr(text_string(&text), "\nshard 1 · account-001 · 1 suite · 0 deploys · 4.0s\n  suite-00000\n"));
    cr_assert_not_null(
        strstr(text_string(&text), "\nshard 2 · account-002 · 1 suite · 1 deploy · 1m 2s\n  suite-00001\n"));
    text_reset(&text);
    plan_write_json(plan, inventory, &text);
    cr_assert_not_null(strstr(text_string(&text), "\"predicted_ms\": 62000"), "%s", text_string(&text));
    cr_assert_not_null(strstr(text_string(&text), "\"account\": \"account-002\""));
    text_clear(&text);
    plan_free(plan);
    pool_free(inventory);
}
