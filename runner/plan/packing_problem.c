/* packing_problem.c - from an inventory to items, need sets and classes of accounts: what is alike is looked
 * at once.
 */
#include "packing_problem.h"
#include "itrun/base/map.h"
#include "itrun/base/memory.h"
#include <stdlib.h>
#include <string.h>

/* --- items --------------------------------------------------------------------------------------------- */

static int compare_items(const void *a, const void *b)
{
    const struct item *left = a;
    const struct item *right = b;
    if (left->is_known != right->is_known)
        return left->is_known ? 1 : -1;
    if (left->work_ms != right->work_ms)
        return left->work_ms > right->work_ms ? -1 : 1;
    int names = strcmp(left->name, right->name);
    return names != 0 ? names : (left->suite > right->suite) - (left->suite < right->suite);
}

static void init_items(struct problem *problem, const size_t *selected, size_t count)
{
    problem->item_count = count;
    problem->items = arena_alloc(problem->arena, count * sizeof *problem->items);
    int64_t known_ms = 0;
    size_t known_count = 0;
    for (size_t i = 0; i < count; i++) {
        const struct suite *suite = &problem->inventory->suites[selected[i]];
        struct item *item = &problem->items[i];
        *item =
            (struct item){.suite = selected[i], .name = suite->name, .is_known = suite->estimate.is_known};
        if (!item->is_known)
            continue;
        item->work_ms = suite->estimate.expected_ms > 0 ? suite->estimate.expected_ms : 1;
        known_ms += item->work_ms;
        known_count++;
    }
    problem->unknown_count = count - known_count;
    problem->unknown_ms = known_count > 0 ? known_ms / (int64_t)known_count : WORK_UNKNOWN_MS;
    for (size_t i = 0; i < count; i++) {
        if (!problem->items[i].is_known)
            problem->items[i].work_ms = problem->unknown_ms > 0 ? problem->unknown_ms : 1;
        problem->total_ms += problem->items[i].work_ms;
    }
    qsort(problem->items, count, sizeof *problem->items, compare_items);
}

/* --- need sets ----------------------------------------------------------------------------------------- */

static void init_sets(struct problem *problem)
{
    struct map *seen = map_new();
    struct text key = {0};
    problem->sets = arena_alloc(problem->arena, problem->item_count * sizeof *problem->sets);
    for (size_t i = 0; i < problem->item_count; i++) {
        struct item *item = &problem->items[i];
        const struct suite *suite = &problem->inventory->suites[item->suite];
        text_reset(&key);
        text_append_char(&key, ':');
        for (size_t n = 0; n < suite->need_count; n++)
            text_append_format(&key, "%zx,", suite->needs[n]);
        struct need_set *set = map_get(seen, text_string(&key));
        if (!set) {
            set = &problem->sets[problem->set_count++];
            *set = (struct need_set){.stacks = suite->needs, .count = suite->need_count};
            map_put(seen, text_string(&key), set);
        }
        set->work_ms += item->work_ms;
        item->set = (size_t)(set - problem->sets);
    }
    text_clear(&key);
    map_free(seen);
}

/* --- classes of accounts ------------------------------------------------------------------------------- */

/* Stacks that nobody needs do not tell accounts apart: they are taken for current everywhere. */
static void fill_states(const struct problem *problem, const struct account *account, const bool *is_needed,
                        unsigned char *states)
{
    size_t count = problem->inventory->stack_count;
    for (size_t i = 0; i < count; i++)
        states[i] = is_needed[i] && !account->is_local ? STACK_LACKING : STACK_CURRENT;
    if (account->is_local)
        return;
    for (size_t i = 0; i < account->holding_count; i++) {
        const struct holding *holding = &account->holdings[i];
        bool is_current = holding->is_current && !problem->options->is_force_deploy;
        if (is_needed[holding->stack])
            states[holding->stack] = is_current ? STACK_CURRENT : STACK_STALE;
    }
}

static size_t class_of(struct problem *problem, struct map *seen, const unsigned char *states,
                       const bool *is_needed)
{
    size_t stack_count = problem->inventory->stack_count;
    char *key = arena_alloc(problem->arena, stack_count + 1);
    for (size_t i = 0; i < stack_count; i++)
        key[i] = (char)('0' + states[i]);
    struct account_class *class = map_get(seen, key);
    if (class)
        return (size_t)(class - problem->classes);
    class = &problem->classes[problem->class_count];
    unsigned char *copy = arena_alloc(problem->arena, stack_count + 1);
    memcpy(copy, states, stack_count);
    class->states = copy;
    for (size_t i = 0; i < stack_count; i++)
        class->current_count += is_needed[i] && states[i] == STACK_CURRENT;
    map_put(seen, key, class);
    return problem->class_count++;
}

static void init_classes(struct problem *problem)
{
    const struct inventory *inventory = problem->inventory;
    struct arena *arena = problem->arena;
    bool *is_needed = arena_alloc(arena, (inventory->stack_count + 1) * sizeof *is_needed);
    for (size_t s = 0; s < problem->set_count; s++) {
        for (size_t n = 0; n < problem->sets[s].count; n++)
            is_needed[problem->sets[s].stacks[n]] = true;
    }
    unsigned char *states = arena_alloc(arena, inventory->stack_count + 1);
    struct map *seen = map_new();
    problem->classes = arena_alloc(arena, inventory->account_count * sizeof *problem->classes);
    problem->class_of = arena_alloc(arena, inventory->account_count * sizeof *problem->class_of);
    for (size_t i = 0; i < inventory->account_count; i++) {
        fill_states(problem, &inventory->accounts[i], is_needed, states);
        problem->class_of[i] = class_of(problem, seen, states, is_needed);
        problem->classes[problem->class_of[i]].count++;
    }
    map_free(seen);
    for (size_t c = 0; c < problem->class_count; c++) {
        problem->classes[c].accounts = arena_alloc(arena, problem->classes[c].count * sizeof(size_t));
        problem->classes[c].count = 0;
    }
    for (size_t i = 0; i < inventory->account_count; i++) {
        struct account_class *class = &problem->classes[problem->class_of[i]];
        class->accounts[class->count++] = i;
    }
}

/* --- costs --------------------------------------------------------------------------------------------- */

int64_t stack_cost_ms(const struct account_class *class, size_t stack)
{
    static const int64_t costs[] = {
        [STACK_LACKING] = COST_CREATE_MS, [STACK_STALE] = COST_UPDATE_MS, [STACK_CURRENT] = 0};
    return costs[class->states[stack]];
}

int64_t ready_ms(const struct problem *problem, const struct account_class *class, const struct need_set *set)
{
    int64_t latest = 0;
    int64_t *finish = problem->finish_ms;
    for (size_t n = 0; n < set->count; n++) {
        const struct stack *stack = &problem->inventory->stacks[set->stacks[n]];
        int64_t start = 0;
        for (size_t d = 0; d < stack->depend_count; d++) {
            int64_t needed = finish[stack->depends[d]];
            start = needed > start ? needed : start;
        }
        finish[set->stacks[n]] = start + stack_cost_ms(class, set->stacks[n]);
        latest = finish[set->stacks[n]] > latest ? finish[set->stacks[n]] : latest;
    }
    for (size_t n = 0; n < set->count; n++)
        finish[set->stacks[n]] = 0;
    return latest;
}

static void init_least_ready(struct problem *problem)
{
    for (size_t s = 0; s < problem->set_count; s++) {
        struct need_set *set = &problem->sets[s];
        set->least_ready_ms = INT64_MAX;
        for (size_t c = 0; c < problem->class_count && set->least_ready_ms > 0; c++) {
            int64_t ready = ready_ms(problem, &problem->classes[c], set);
            set->least_ready_ms = ready < set->least_ready_ms ? ready : set->least_ready_ms;
        }
    }
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

void problem_init(struct problem *problem, const struct inventory *inventory, const size_t *selected,
                  size_t selected_count, const struct run_options *options)
{
    *problem = (struct problem){.inventory = inventory, .options = options, .arena = arena_new()};
    problem->finish_ms = arena_alloc(problem->arena, (inventory->stack_count + 1) * sizeof(int64_t));
    size_t asked = options->shards_asked > 0 ? options->shards_asked : selected_count;
    problem->shard_limit = smaller(smaller(asked, selected_count), inventory->account_count);
    problem->job_limit =
        options->job_count > 0 ? smaller(options->job_count, problem->shard_limit) : problem->shard_limit;
    init_items(problem, selected, selected_count);
    init_sets(problem);
    init_classes(problem);
    init_least_ready(problem);
}

void problem_clear(struct problem *problem)
{
    arena_free(problem->arena);
}
