/* pack.c - longest first onto the account with the earliest finish.
 *
 * All deploys of an account begin at once, so work waits only for its own stacks, and the finish of an
 * account is max over its ready times r of (r + work that is ready at r or later). While nothing of a class
 * waits for a deploy, its best account is the least loaded: the top of a heap. */
#include "packing_problem.h"
#include "itrun/base/memory.h"
#include <stdlib.h>
#include <string.h>

/* The bins of one class. */
struct pool {
    size_t *heap; /* bins; by (total, account) while is_heap, else by account */
    size_t count;
    bool is_heap;
};

struct candidate {
    size_t bin;
    int64_t finish_ms, ready_ms, added_ms;
    size_t spare; /* current stacks it does not need: kept for those that do */
    bool is_empty;
};

const struct account_class *bin_class(const struct packing *packing, const struct bin *bin)
{
    return &packing->problem->classes[bin->class];
}

/* --- a bin --------------------------------------------------------------------------------------------- */

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* The finish of a bin that also gets this work. */
static int64_t finish_with(const struct bin *bin, int64_t ready, int64_t work)
{
    int64_t finish = bin->finish_ms;
    int64_t later = 0; /* work that is ready after `ready` */
    size_t i = 0;
    for (; i < bin->term_count && bin->terms[i].ready_ms > ready; i++)
        later += bin->terms[i].work_ms;
    int64_t sum = later + work;
    finish = larger(finish, ready + sum);
    for (; i < bin->term_count; i++) {
        sum += bin->terms[i].work_ms;
        finish = larger(finish, bin->terms[i].ready_ms + sum);
    }
    return finish;
}

static void add_term(struct bin *bin, int64_t ready, int64_t work)
{
    size_t at = 0;
    while (at < bin->term_count && bin->terms[at].ready_ms > ready)
        at++;
    if (at == bin->term_count || bin->terms[at].ready_ms != ready) {
        bin->terms = memory_grow(bin->terms, bin->term_count, &bin->term_capacity, sizeof *bin->terms);
        memmove(bin->terms + at + 1, bin->terms + at, (bin->term_count - at) * sizeof *bin->terms);
        bin->terms[at] = (struct term){.ready_ms = ready};
        bin->term_count++;
    }
    bin->terms[at].work_ms += work;
}

static void deploy_set(const struct packing *packing, struct bin *bin, const struct need_set *set)
{
    const struct account_class *class = bin_class(packing, bin);
    for (size_t n = 0; n < set->count; n++) {
        size_t stack = set->stacks[n];
        int64_t cost = stack_cost_ms(class, stack);
        if (cost == 0 || (bin->is_deployed && bin->is_deployed[stack]))
            continue;
        if (!bin->is_deployed)
            bin->is_deployed = memory_new(packing->problem->inventory->stack_count);
        bin->is_deployed[stack] = 1;
        bin->deploy_ms += cost;
        bin->deploy_count++;
    }
}

static int64_t added_deploys_ms(const struct packing *packing, const struct bin *bin,
                                const struct need_set *set)
{
    int64_t added = 0;
    for (size_t n = 0; n < set->count; n++) {
        bool is_there = bin->is_deployed && bin->is_deployed[set->stacks[n]];
        added += is_there ? 0 : stack_cost_ms(bin_class(packing, bin), set->stacks[n]);
    }
    return added;
}

static void bin_add(struct packing *packing, struct bin *bin, size_t item, int64_t ready)
{
    const struct item *placed = &packing->problem->items[item];
    bin->finish_ms = finish_with(bin, ready, placed->work_ms);
    bin->total_ms += placed->work_ms;
    add_term(bin, ready, placed->work_ms);
    if (ready > 0)
        deploy_set(packing, bin, &packing->problem->sets[placed->set]);
    bin->items = memory_grow(bin->items, bin->item_count, &bin->item_capacity, sizeof *bin->items);
    bin->items[bin->item_count++] = item;
}

/* --- the heap of a class ------------------------------------------------------------------------------- */

static bool is_before(const struct packing *packing, size_t a, size_t b)
{
    const struct bin *left = &packing->bins[a];
    const struct bin *right = &packing->bins[b];
    return left->total_ms != right->total_ms ? left->total_ms < right->total_ms : a < b;
}

static void heap_sink_top(const struct packing *packing, struct pool *pool)
{
    size_t at = 0;
    for (;;) {
        size_t least = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < pool->count; child++) {
            if (is_before(packing, pool->heap[child], pool->heap[least]))
                least = child;
        }
        if (least == at)
            return;
        size_t moved = pool->heap[at];
        pool->heap[at] = pool->heap[least];
        pool->heap[least] = moved;
        at = least;
    }
}

/* --- placing ------------------------------------------------------------------------------------------- */

static bool is_better(const struct candidate *a, const struct candidate *b)
{
    if (b->bin == NO_INDEX || a->finish_ms != b->finish_ms)
        return b->bin == NO_INDEX || a->finish_ms < b->finish_ms;
    if (a->is_empty != b->is_empty)
        return a->is_empty; /* as many shards as asked: deploys hide work, but predictions err */
    if (a->added_ms != b->added_ms)
        return a->added_ms < b->added_ms;
    return a->spare != b->spare ? a->spare < b->spare : a->bin < b->bin;
}

static void look_at_bin(const struct packing *packing, size_t index, const struct item *item, int64_t ready,
                        struct candidate *best)
{
    const struct bin *bin = &packing->bins[index];
    if (best->bin != NO_INDEX && bin->finish_ms > best->finish_ms)
        return;
    struct candidate candidate = {.bin = index, .ready_ms = ready, .is_empty = bin->item_count == 0};
    candidate.finish_ms = finish_with(bin, ready, item->work_ms);
    if (best->bin != NO_INDEX && candidate.finish_ms > best->finish_ms)
        return;
    const struct need_set *set = &packing->problem->sets[item->set];
    candidate.added_ms = ready > 0 ? added_deploys_ms(packing, bin, set) : 0;
    size_t current = bin_class(packing, bin)->current_count;
    candidate.spare = current > set->count ? current - set->count : 0;
    if (is_better(&candidate, best))
        *best = candidate;
}

static void look_at_pool(const struct packing *packing, const struct pool *pool, const struct item *item,
                         int64_t ready, struct candidate *best)
{
    if (pool->is_heap) {
        look_at_bin(packing, pool->heap[0], item, ready, best);
        return;
    }
    bool has_seen_empty = false; /* empty accounts of one class are alike: the first will do */
    for (size_t i = 0; i < pool->count; i++) {
        bool is_empty = packing->bins[pool->heap[i]].item_count == 0;
        if (!is_empty || !has_seen_empty)
            look_at_bin(packing, pool->heap[i], item, ready, best);
        has_seen_empty = has_seen_empty || is_empty;
    }
}

static int compare_indices(const void *a, const void *b)
{
    size_t left = *(const size_t *)a;
    size_t right = *(const size_t *)b;
    return (left > right) - (left < right);
}

static void place(struct packing *packing, struct pool *pools, size_t index, bool is_sparing)
{
    const struct problem *problem = packing->problem;
    const struct item *item = &problem->items[index];
    struct candidate best = {.bin = NO_INDEX};
    int64_t least = INT64_MAX;
    for (size_t c = 0; c < problem->class_count; c++) {
        if (pools[c].count == 0)
            continue;
        int64_t ready = ready_ms(problem, &problem->classes[c], &problem->sets[item->set]);
        if (is_sparing && ready > least)
            continue;
        if (is_sparing && ready < least) {
            least = ready;
            best.bin = NO_INDEX;
        }
        look_at_pool(packing, &pools[c], item, ready, &best);
    }
    MUST(best.bin != NO_INDEX);
    struct bin *bin = &packing->bins[best.bin];
    struct pool *pool = &pools[bin->class];
    bin_add(packing, bin, index, best.ready_ms);
    if (pool->is_heap && best.ready_ms > 0) {
        pool->is_heap = false;
        qsort(pool->heap, pool->count, sizeof *pool->heap, compare_indices);
    } else if (pool->is_heap) {
        heap_sink_top(packing, pool);
    }
}

/* --- idle accounts ------------------------------------------------------------------------------------- */

/* The last item of the busiest bin that could begin at once in `idle`; its bin, or NO_INDEX. */
static size_t find_gift(const struct packing *packing, const struct bin *idle, size_t *ret_position)
{
    const struct problem *problem = packing->problem;
    size_t best = NO_INDEX;
    for (size_t b = 0; b < packing->bin_count; b++) {
        const struct bin *bin = &packing->bins[b];
        if (bin->item_count < 2 || (best != NO_INDEX && bin->finish_ms <= packing->bins[best].finish_ms))
            continue;
        for (size_t i = bin->item_count; i-- > 0;) {
            const struct item *item = &problem->items[bin->items[i]];
            if (ready_ms(problem, bin_class(packing, idle), &problem->sets[item->set]) == 0) {
                best = b;
                *ret_position = i;
                break;
            }
        }
    }
    return best;
}

static void bin_empty(struct bin *bin)
{
    memory_free(bin->is_deployed);
    bin->is_deployed = NULL;
    bin->deploy_ms = bin->total_ms = bin->finish_ms = 0;
    bin->deploy_count = bin->item_count = bin->term_count = 0;
}

static void bin_refill(struct packing *packing, struct bin *bin, const size_t *items, size_t count)
{
    const struct problem *problem = packing->problem;
    bin_empty(bin);
    for (size_t i = 0; i < count; i++) {
        const struct need_set *set = &problem->sets[problem->items[items[i]].set];
        bin_add(packing, bin, items[i], ready_ms(problem, bin_class(packing, bin), set));
    }
}

/* Placing by finish alone can leave an account without work that it could take: nobody waits for nothing. */
static void employ_idle(struct packing *packing)
{
    for (size_t b = 0; b < packing->bin_count; b++) {
        struct bin *idle = &packing->bins[b];
        size_t position = 0;
        size_t giver = idle->item_count == 0 ? find_gift(packing, idle, &position) : NO_INDEX;
        if (giver == NO_INDEX)
            continue;
        struct bin *bin = &packing->bins[giver];
        size_t item = bin->items[position];
        size_t left = bin->item_count - 1;
        size_t *rest = memory_new(left * sizeof *rest);
        memcpy(rest, bin->items, position * sizeof *rest);
        memcpy(rest + position, bin->items + position + 1, (left - position) * sizeof *rest);
        bin_refill(packing, bin, rest, left);
        bin_refill(packing, idle, &item, 1);
        memory_free(rest);
    }
}

/* --- the whole ----------------------------------------------------------------------------------------- */

static void init_bins(struct packing *packing, const size_t *accounts, size_t count, struct pool *pools)
{
    const struct problem *problem = packing->problem;
    for (size_t c = 0; c < problem->class_count; c++) {
        pools[c].heap = arena_alloc(problem->arena, problem->classes[c].count * sizeof(size_t));
        pools[c].is_heap = true;
    }
    packing->bins = memory_new(count * sizeof *packing->bins);
    packing->bin_count = count;
    for (size_t i = 0; i < count; i++) {
        struct bin *bin = &packing->bins[i];
        bin->account = accounts[i];
        bin->class = problem->class_of[accounts[i]];
        pools[bin->class].heap[pools[bin->class].count++] = i; /* all empty: ascending is a heap */
    }
}

struct running { /* an item in the order of running */
    int64_t ready_ms;
    size_t item;
};

static int compare_running(const void *a, const void *b)
{
    const struct running *left = a;
    const struct running *right = b;
    if (left->ready_ms != right->ready_ms)
        return left->ready_ms < right->ready_ms ? -1 : 1;
    return (left->item > right->item) - (left->item < right->item);
}

/* Earliest ready first is optimal in one account; then the items' own order. */
static void sort_bin(const struct packing *packing, struct bin *bin)
{
    const struct problem *problem = packing->problem;
    if (bin->item_count == 0)
        return;
    struct running *list = memory_new(bin->item_count * sizeof *list);
    for (size_t i = 0; i < bin->item_count; i++) {
        const struct need_set *set = &problem->sets[problem->items[bin->items[i]].set];
        list[i] = (struct running){ready_ms(problem, bin_class(packing, bin), set), bin->items[i]};
    }
    qsort(list, bin->item_count, sizeof *list, compare_running);
    for (size_t i = 0; i < bin->item_count; i++)
        bin->items[i] = list[i].item;
    memory_free(list);
}

void packing_make(struct packing *packing, const struct problem *problem, const size_t *accounts,
                  size_t count, bool is_sparing)
{
    *packing = (struct packing){.problem = problem};
    struct pool *pools = arena_alloc(problem->arena, problem->class_count * sizeof *pools);
    init_bins(packing, accounts, count, pools);
    for (size_t i = 0; i < problem->item_count; i++)
        place(packing, pools, i, is_sparing);
    employ_idle(packing);
    for (size_t b = 0; b < packing->bin_count; b++) {
        struct bin *bin = &packing->bins[b];
        sort_bin(packing, bin);
        packing->makespan_ms = larger(packing->makespan_ms, bin->finish_ms);
        packing->deploy_ms += bin->deploy_ms;
        packing->deploy_count += bin->deploy_count;
    }
}

void packing_clear(struct packing *packing)
{
    for (size_t b = 0; b < packing->bin_count; b++) {
        memory_free(packing->bins[b].terms);
        memory_free(packing->bins[b].items);
        memory_free(packing->bins[b].is_deployed);
    }
    memory_free(packing->bins);
    packing->bins = NULL;
    packing->bin_count = 0;
}
