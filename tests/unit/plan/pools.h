/* pools.h - inventories made up for the planner: suites, a graph of stacks, accounts that hold what they
 * hold. */
#ifndef TEST_POOLS_H
#define TEST_POOLS_H
#include <criterion/criterion.h>
#include "itrun/base/memory.h"
#include "itrun/planner.h"
#include <stdio.h>
#include <string.h>

static inline uint32_t random_next(uint32_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

static inline struct inventory *pool_new(size_t suites, size_t stacks, size_t accounts)
{
    struct arena *arena = arena_new();
    struct inventory *inventory = arena_alloc(arena, sizeof *inventory);
    *inventory = (struct inventory){
        .arena = arena, .suite_count = suites, .stack_count = stacks, .account_count = accounts};
    inventory->suites = arena_alloc(arena, (suites + 1) * sizeof *inventory->suites);
    inventory->stacks = arena_alloc(arena, (stacks + 1) * sizeof *inventory->stacks);
    inventory->accounts = arena_alloc(arena, (accounts + 1) * sizeof *inventory->accounts);
    for (size_t i = 0; i < suites; i++)
        inventory->suites[i].name = arena_format(arena, "suite-%05zu", i);
    for (size_t i = 0; i < stacks; i++)
        inventory->stacks[i].name = arena_format(arena, "stack-%zu", i);
    for (size_t i = 0; i < accounts; i++)
        inventory->accounts[i].alias = arena_format(arena, "account-%03zu", i + 1);
    return inventory;
}

static inline void pool_free(struct inventory *inventory)
{
    arena_free(inventory->arena);
}

static inline void pool_time(struct inventory *inventory, size_t suite, int64_t ms)
{
    inventory->suites[suite].estimate = (struct estimate){.expected_ms = ms, .is_known = true};
}

/* Stack i depends on stack i - 1; a suite that needs i needs 0 ... i. */
static inline void pool_chain(struct inventory *inventory)
{
    for (size_t i = 1; i < inventory->stack_count; i++) {
        size_t *depends = arena_alloc(inventory->arena, sizeof *depends);
        *depends = i - 1;
        inventory->stacks[i].depends = depends;
        inventory->stacks[i].depend_count = 1;
        inventory->stacks[i].level = i;
    }
}

static inline void pool_need(struct inventory *inventory, size_t suite, const size_t *stacks, size_t count)
{
    size_t *needs = arena_alloc(inventory->arena, (count + 1) * sizeof *needs);
    memcpy(needs, stacks, count * sizeof *needs);
    inventory->suites[suite].needs = needs;
    inventory->suites[suite].need_count = count;
}

static inline void pool_hold(struct inventory *inventory, size_t account, size_t stack, bool is_current)
{
    struct account *holder = &inventory->accounts[account];
    struct holding *holdings = arena_alloc(inventory->arena, (holder->holding_count + 1) * sizeof *holdings);
    size_t count = 0;
    for (size_t i = 0; i < holder->holding_count; i++) {
        if (holder->holdings[i].stack != stack)
            holdings[count++] = holder->holdings[i];
    }
    holdings[count++] = (struct holding){stack, is_current};
    holder->holdings = holdings;
    holder->holding_count = count;
}

static inline void pool_hold_all(struct inventory *inventory)
{
    for (size_t a = 0; a < inventory->account_count; a++) {
        for (size_t s = 0; s < inventory->stack_count; s++)
            pool_hold(inventory, a, s, true);
    }
}

/* Afterwards every account holds what its shard deployed. */
static inline void pool_run(struct inventory *inventory, const struct plan *plan)
{
    for (size_t i = 0; i < plan->shard_count; i++) {
        for (size_t s = 0; s < plan->shards[i].suite_count; s++) {
            const struct suite *suite = &inventory->suites[plan->shards[i].suites[s]];
            for (size_t n = 0; n < suite->need_count; n++)
                pool_hold(inventory, plan->shards[i].account, suite->needs[n], true);
        }
    }
}

static inline struct plan *pool_plan(const struct inventory *inventory, size_t shards, size_t jobs)
{
    size_t *selected = memory_new((inventory->suite_count + 1) * sizeof *selected);
    for (size_t i = 0; i < inventory->suite_count; i++)
        selected[i] = i;
    struct run_options options = {.shards_asked = shards, .job_count = jobs};
    struct error error = {0};
    struct plan *plan = plan_make(inventory, selected, inventory->suite_count, &options, &error);
    memory_free(selected);
    cr_assert_not_null(plan, "%s", error.what);
    return plan;
}

static inline size_t plan_deploys(const struct plan *plan)
{
    size_t count = 0;
    for (size_t i = 0; i < plan->shard_count; i++)
        count += plan->shards[i].deploy_count;
    return count;
}

/* Every suite once, no empty shard, no account twice, bound <= makespan. */
static inline void check_plan(const struct inventory *inventory, const struct plan *plan)
{
    char *seen = memory_new(inventory->suite_count + 1);
    char *used = memory_new(inventory->account_count + 1);
    size_t count = 0;
    int64_t latest = 0;
    for (size_t i = 0; i < plan->shard_count; i++) {
        const struct shard *shard = &plan->shards[i];
        cr_assert_gt(shard->suite_count, 0);
        cr_assert_lt(shard->account, inventory->account_count);
        cr_assert_not(used[shard->account]);
        used[shard->account] = 1;
        for (size_t s = 0; s < shard->suite_count; s++) {
            cr_assert_not(seen[shard->suites[s]]);
            seen[shard->suites[s]] = 1;
            count++;
        }
        latest = shard->predicted_ms > latest ? shard->predicted_ms : latest;
    }
    cr_assert_eq(count, inventory->suite_count);
    cr_assert_eq(latest, plan->predicted_ms);
    cr_assert_leq(plan->lower_bound_ms, plan->predicted_ms);
    cr_assert_not_null(plan->limited_by);
    cr_assert_null(strchr(plan->limited_by, '\n'));
    memory_free(seen);
    memory_free(used);
}
#endif
