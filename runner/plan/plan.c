/* plan.c - the planner's one decision, and the plan that comes of it.
 *
 * Two packings are compared. The free one minimises the finish, deploys included. The sparing one deploys
 * only where no account holds what a suite needs: without it, drifting durations would move suites into
 * accounts that lack their stacks, and a pool that did not change would be deployed to again. It is taken
 * unless it would take more than twice as long: a pool that was warmed for ten shards must not hold two
 * hundred in ten accounts. */
#include "packing_problem.h"
#include "itrun/base/memory.h"

#define SPARING_FACTOR 2

static bool check(const struct inventory *inventory, size_t selected_count, struct error *error)
{
    if (selected_count == 0)
        return error_set(error, ERROR_USAGE, "no suite is selected");
    if (inventory->account_count == 0) {
        error_set(error, ERROR_CONFIG, "there is no account to run in");
        return error_hint(error, "see `itrun list accounts`; `accounts: {provider: local}` needs none");
    }
    return true;
}

/* The better packing in *ret; *ret_is_sparing: suites were kept where their stacks are, at some price in
 * time. */
static void pack(struct packing *ret, const struct problem *problem, bool *ret_is_sparing)
{
    size_t *accounts;
    size_t count = choose_accounts(problem, &accounts);
    packing_make(ret, problem, accounts, count, false);
    *ret_is_sparing = false;
    if (ret->deploy_ms == 0)
        return;
    struct packing sparing;
    packing_make(&sparing, problem, accounts, count, true);
    bool is_worth_it =
        sparing.deploy_ms < ret->deploy_ms &&
        (problem->options->is_no_deploy || sparing.makespan_ms <= SPARING_FACTOR * ret->makespan_ms);
    if (!is_worth_it) {
        packing_clear(&sparing);
        return;
    }
    *ret_is_sparing = sparing.makespan_ms > ret->makespan_ms;
    packing_clear(ret);
    *ret = sparing;
}

static const char *plural(size_t count)
{
    return count == 1 ? "" : "s";
}

static void explain_shards(const struct problem *problem, size_t used, struct text *text)
{
    size_t asked = problem->options->shards_asked;
    size_t accounts = problem->inventory->account_count;
    size_t suites = problem->item_count;
    if (accounts == 1 && suites > 1)
        text_append_format(text, "one account: its %zu suites run one after another\n", suites);
    else if (asked > suites && suites <= accounts)
        text_append_format(text, "%zu shards asked, but %zu suite%s selected: %zu shard%s, one suite each\n",
                           asked, suites, suites == 1 ? " is" : "s are", suites, plural(suites));
    else if (asked > accounts)
        text_append_format(text, "%zu shards asked, but there are %zu accounts: %zu shards\n", asked,
                           accounts, accounts);
    if (used < problem->shard_limit)
        text_append_format(text,
                           "%zu of %zu shards are used: no account beyond holds the stacks of a suite\n",
                           used, problem->shard_limit);
    if (problem->job_limit < used)
        text_append_format(text, "%zu job%s: at most so many of %zu shards run a suite at once\n",
                           problem->job_limit, plural(problem->job_limit), used);
}

static const char *explain(const struct problem *problem, size_t used, bool is_sparing, struct arena *arena)
{
    struct text text = {0};
    explain_shards(problem, used, &text);
    if (is_sparing)
        text_append(&text,
                    "suites stay in accounts that hold their stacks: spreading them would deploy more\n");
    if (problem->unknown_count > 0) {
        text_append_format(&text, "%zu suite%s never seen before, taken for ", problem->unknown_count,
                           problem->unknown_count == 1 ? " was" : "s were");
        text_append_duration(&text, problem->unknown_ms);
        text_append(&text, problem->unknown_count == 1 ? "\n" : " each\n");
    }
    if (text.length > 0)
        text_truncate(&text, text.length - 1);
    const char *result = text.length > 0 ? arena_string(arena, text_string(&text)) : NULL;
    text_clear(&text);
    return result;
}

static void fill_shards(struct plan *plan, const struct packing *packing, const int64_t *ends)
{
    plan->shards = arena_alloc(plan->arena, packing->bin_count * sizeof *plan->shards);
    for (size_t b = 0; b < packing->bin_count; b++) {
        const struct bin *bin = &packing->bins[b];
        if (bin->item_count == 0)
            continue;
        size_t *suites = arena_alloc(plan->arena, bin->item_count * sizeof *suites);
        for (size_t i = 0; i < bin->item_count; i++)
            suites[i] = packing->problem->items[bin->items[i]].suite;
        plan->shards[plan->shard_count++] = (struct shard){.account = bin->account,
                                                           .suites = suites,
                                                           .suite_count = bin->item_count,
                                                           .predicted_ms = ends[b],
                                                           .deploy_count = bin->deploy_count};
    }
}

struct plan *plan_make(const struct inventory *inventory, const size_t *selected, size_t selected_count,
                       const struct run_options *options, struct error *error)
{
    if (!check(inventory, selected_count, error))
        return NULL;
    struct problem problem;
    problem_init(&problem, inventory, selected, selected_count, options);
    struct packing packing;
    bool is_sparing;
    pack(&packing, &problem, &is_sparing);
    struct plan *plan = memory_new(sizeof *plan);
    plan->arena = arena_new();
    int64_t *ends = memory_new((packing.bin_count + 1) * sizeof *ends);
    plan->predicted_ms = predict_ends(&packing, ends);
    plan->lower_bound_ms = lower_bound_ms(&problem);
    plan->limited_by = limited_by(&packing, ends, plan->arena);
    fill_shards(plan, &packing, ends);
    plan->job_count = problem.job_limit;
    plan->explanation = explain(&problem, plan->shard_count, is_sparing, plan->arena);
    memory_free(ends);
    packing_clear(&packing);
    problem_clear(&problem);
    return plan;
}

void plan_free(struct plan *plan)
{
    if (!plan)
        return;
    arena_free(plan->arena);
    memory_free(plan);
}
