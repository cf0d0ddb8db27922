/* account_choice.c - which accounts the shards use, where the pool has more than enough.
 *
 * An account is worth the work that it could begin at once, or, where a change upstream made stacks stale in
 * all accounts, first of all. One after another is taken for the needs whose work per account that serves
 * them is greatest, so that every need finds its accounts, and enough of them.
 */
#include "packing_problem.h"
#include "itrun/base/memory.h"
#include <stdlib.h>

struct choice {
    const struct problem *problem;
    bool *can_serve;     /* class x set: no account has these stacks any sooner */
    int64_t *served_ms;  /* per class: work it could begin so early */
    int64_t *lacking_ms; /* per class: sum of the waits of all sets */
    size_t *taken;       /* per class */
    size_t *servers;     /* per set: chosen accounts that serve it */
};

static bool can_serve(const struct choice *choice, size_t class, size_t set)
{
    return choice->can_serve[class * choice->problem->set_count + set];
}

static void choice_init(struct choice *choice, const struct problem *problem)
{
    struct arena *arena = problem->arena;
    size_t classes = problem->class_count;
    size_t sets = problem->set_count;
    *choice = (struct choice){.problem = problem};
    choice->can_serve = arena_alloc(arena, classes * sets * sizeof(bool));
    choice->served_ms = arena_alloc(arena, classes * sizeof(int64_t));
    choice->lacking_ms = arena_alloc(arena, classes * sizeof(int64_t));
    choice->taken = arena_alloc(arena, classes * sizeof(size_t));
    choice->servers = arena_alloc(arena, sets * sizeof(size_t));
    for (size_t c = 0; c < classes; c++) {
        for (size_t s = 0; s < sets; s++) {
            int64_t ready = ready_ms(problem, &problem->classes[c], &problem->sets[s]);
            bool serves = ready == problem->sets[s].least_ready_ms;
            choice->can_serve[c * sets + s] = serves;
            choice->served_ms[c] += serves ? problem->sets[s].work_ms : 0;
            choice->lacking_ms[c] += ready;
        }
    }
}

static bool is_free(const struct choice *choice, size_t class)
{
    return choice->taken[class] < choice->problem->classes[class].count;
}

/* The best class that has an account left and (set != NO_INDEX) serves the set; NO_INDEX: none. */
static size_t best_class(const struct choice *choice, size_t set)
{
    const struct problem *problem = choice->problem;
    size_t best = NO_INDEX;
    for (size_t c = 0; c < problem->class_count; c++) {
        if (!is_free(choice, c) || (set != NO_INDEX && !can_serve(choice, c, set)))
            continue;
        bool is_better = best == NO_INDEX || choice->served_ms[c] > choice->served_ms[best] ||
                         (choice->served_ms[c] == choice->served_ms[best] &&
                          choice->lacking_ms[c] < choice->lacking_ms[best]);
        best = is_better ? c : best;
    }
    return best;
}

/* The set with the most work per server, among those that have an account left; NO_INDEX: none. */
static size_t neediest_set(const struct choice *choice, const bool *is_exhausted)
{
    const struct problem *problem = choice->problem;
    size_t best = NO_INDEX;
    for (size_t s = 0; s < problem->set_count; s++) {
        if (is_exhausted[s])
            continue;
        if (best == NO_INDEX) {
            best = s;
            continue;
        }
        size_t mine = choice->servers[s];
        size_t other = choice->servers[best];
        if (mine == 0 || other == 0) {
            bool is_better =
                mine == 0 && (other > 0 || problem->sets[s].work_ms > problem->sets[best].work_ms);
            best = is_better ? s : best;
        } else if (problem->sets[s].work_ms / (int64_t)mine > problem->sets[best].work_ms / (int64_t)other) {
            best = s;
        }
    }
    return best;
}

static size_t next_class(const struct choice *choice, bool *is_exhausted)
{
    for (;;) {
        size_t set = neediest_set(choice, is_exhausted);
        size_t class = best_class(choice, set);
        if (class != NO_INDEX)
            return class;
        is_exhausted[set] = true; /* set is one: without a set, some class has an account left */
    }
}

static int compare_accounts(const void *a, const void *b)
{
    size_t left = *(const size_t *)a;
    size_t right = *(const size_t *)b;
    return (left > right) - (left < right);
}

size_t choose_accounts(const struct problem *problem, size_t **ret_accounts)
{
    size_t wanted = problem->shard_limit;
    size_t *accounts = arena_alloc(problem->arena, wanted * sizeof *accounts);
    *ret_accounts = accounts;
    if (problem->class_count == 1 || wanted == problem->inventory->account_count) {
        for (size_t i = 0; i < wanted; i++)
            accounts[i] = i;
        return wanted;
    }
    struct choice choice;
    choice_init(&choice, problem);
    bool *is_exhausted = arena_alloc(problem->arena, problem->set_count * sizeof *is_exhausted);
    for (size_t i = 0; i < wanted; i++) {
        size_t class = next_class(&choice, is_exhausted);
        accounts[i] = problem->classes[class].accounts[choice.taken[class]++];
        for (size_t s = 0; s < problem->set_count; s++)
            choice.servers[s] += can_serve(&choice, class, s);
    }
    qsort(accounts, wanted, sizeof *accounts, compare_accounts);
    return wanted;
}
