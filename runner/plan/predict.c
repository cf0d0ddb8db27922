/* predict.c - the three numbers of a plan: when it ends, when it must end at the earliest, and what limits
 * it. */
#include "packing_problem.h"
#include "itrun/base/memory.h"
#include <stdlib.h>

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static const struct item *item_at(const struct packing *packing, const struct bin *bin, size_t position)
{
    return &packing->problem->items[bin->items[position]];
}

static int64_t item_ready_ms(const struct packing *packing, const struct bin *bin, const struct item *item)
{
    const struct problem *problem = packing->problem;
    return ready_ms(problem, bin_class(packing, bin), &problem->sets[item->set]);
}

/* --- the end: lanes that share job slots --------------------------------------------------------------- */

struct lane {
    size_t bin;
    size_t next;          /* position of its next item */
    int64_t may_start_ms; /* of that item: the lane is free and the stacks stand */
};

struct simulation {
    const struct packing *packing;
    struct lane *lanes; /* heap by (may_start_ms, bin) */
    size_t lane_count;
    int64_t *slots; /* heap of times at which a job slot is free */
    size_t slot_count;
};

static bool lane_is_before(const struct lane *a, const struct lane *b)
{
    return a->may_start_ms != b->may_start_ms ? a->may_start_ms < b->may_start_ms : a->bin < b->bin;
}

static void sink_lane(struct simulation *simulation, size_t at)
{
    for (;;) {
        size_t least = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < simulation->lane_count; child++) {
            if (lane_is_before(&simulation->lanes[child], &simulation->lanes[least]))
                least = child;
        }
        if (least == at)
            return;
        struct lane moved = simulation->lanes[at];
        simulation->lanes[at] = simulation->lanes[least];
        simulation->lanes[least] = moved;
        at = least;
    }
}

static void sink_slot(struct simulation *simulation)
{
    int64_t *slots = simulation->slots;
    for (size_t at = 0;;) {
        size_t least = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < simulation->slot_count; child++)
            least = slots[child] < slots[least] ? child : least;
        if (least == at)
            return;
        int64_t moved = slots[at];
        slots[at] = slots[least];
        slots[least] = moved;
        at = least;
    }
}

static void simulation_init(struct simulation *simulation, const struct packing *packing)
{
    *simulation = (struct simulation){.packing = packing, .slot_count = packing->problem->job_limit};
    simulation->lanes = memory_new((packing->bin_count + 1) * sizeof *simulation->lanes);
    simulation->slots = memory_new((simulation->slot_count + 1) * sizeof *simulation->slots);
    for (size_t b = 0; b < packing->bin_count; b++) {
        const struct bin *bin = &packing->bins[b];
        if (bin->item_count == 0)
            continue;
        int64_t ready = item_ready_ms(packing, bin, item_at(packing, bin, 0));
        simulation->lanes[simulation->lane_count++] = (struct lane){b, 0, ready};
    }
    for (size_t at = simulation->lane_count; at-- > 0;)
        sink_lane(simulation, at);
}

int64_t predict_ends(const struct packing *packing, int64_t *ret_ends)
{
    struct simulation simulation;
    simulation_init(&simulation, packing);
    int64_t makespan = 0;
    while (simulation.lane_count > 0) {
        struct lane *lane = &simulation.lanes[0];
        const struct bin *bin = &packing->bins[lane->bin];
        int64_t start = larger(lane->may_start_ms, simulation.slots[0]);
        int64_t end = start + item_at(packing, bin, lane->next)->work_ms;
        simulation.slots[0] = end;
        sink_slot(&simulation);
        ret_ends[lane->bin] = end;
        makespan = larger(makespan, end);
        if (++lane->next < bin->item_count)
            lane->may_start_ms = larger(end, item_ready_ms(packing, bin, item_at(packing, bin, lane->next)));
        else
            *lane = simulation.lanes[--simulation.lane_count];
        sink_lane(&simulation, 0);
    }
    memory_free(simulation.lanes);
    memory_free(simulation.slots);
    return makespan;
}

/* --- the bound ----------------------------------------------------------------------------------------- */

struct bound {
    const struct item *longest; /* with its wait for deploys in the best account */
    int64_t longest_ms;
    int64_t earliest_ms; /* before this nothing can begin */
};

static struct bound bound_of(const struct problem *problem)
{
    struct bound bound = {.earliest_ms = INT64_MAX};
    for (size_t i = 0; i < problem->item_count; i++) {
        const struct item *item = &problem->items[i];
        int64_t ready = problem->sets[item->set].least_ready_ms;
        bound.earliest_ms = ready < bound.earliest_ms ? ready : bound.earliest_ms;
        if (!bound.longest || ready + item->work_ms > bound.longest_ms) {
            bound.longest = item;
            bound.longest_ms = ready + item->work_ms;
        }
    }
    MUST(bound.longest);
    return bound;
}

/* Work in so many hands; job_limit counts shards and accounts already. */
static int64_t spread_ms(const struct problem *problem, const struct bound *bound, size_t hands)
{
    return bound->earliest_ms + problem->total_ms / (int64_t)hands;
}

int64_t lower_bound_ms(const struct problem *problem)
{
    struct bound bound = bound_of(problem);
    return larger(bound.longest_ms, spread_ms(problem, &bound, problem->job_limit));
}

/* --- what limits it ------------------------------------------------------------------------------------ */

static size_t last_bin(const struct packing *packing, const int64_t *ends)
{
    size_t last = NO_INDEX;
    for (size_t b = 0; b < packing->bin_count; b++) {
        if (packing->bins[b].item_count > 0 && (last == NO_INDEX || ends[b] > ends[last]))
            last = b;
    }
    return last;
}

/* The ready time from which on the bin never waits: what of its finish is deploys. */
static int64_t deploy_wait_ms(const struct bin *bin)
{
    int64_t sum = 0;
    for (size_t i = 0; i < bin->term_count; i++) {
        sum += bin->terms[i].work_ms;
        if (bin->terms[i].ready_ms + sum == bin->finish_ms)
            return bin->terms[i].ready_ms;
    }
    return 0;
}

/* When each stack of a set stands; 0 for all others. Owner: memory_free. */
static int64_t *finishes_of(const struct packing *packing, const struct bin *bin, const struct need_set *set)
{
    const struct inventory *inventory = packing->problem->inventory;
    int64_t *finishes = memory_new((inventory->stack_count + 1) * sizeof *finishes);
    for (size_t n = 0; n < set->count; n++) {
        const struct stack *stack = &inventory->stacks[set->stacks[n]];
        int64_t start = 0;
        for (size_t d = 0; d < stack->depend_count; d++)
            start = larger(start, finishes[stack->depends[d]]);
        finishes[set->stacks[n]] = start + stack_cost_ms(bin_class(packing, bin), set->stacks[n]);
    }
    return finishes;
}

/* Names the path of deploys that ends with `stack`, from its start. */
static void append_path(const struct packing *packing, const struct bin *bin, const int64_t *finishes,
                        size_t stack, struct text *text)
{
    const struct stack *noun = &packing->problem->inventory->stacks[stack];
    size_t before = NO_INDEX;
    for (size_t d = 0; d < noun->depend_count; d++) {
        if (before == NO_INDEX || finishes[noun->depends[d]] > finishes[before])
            before = noun->depends[d];
    }
    if (before != NO_INDEX && finishes[before] > 0)
        append_path(packing, bin, finishes, before, text);
    if (stack_cost_ms(bin_class(packing, bin), stack) == 0)
        return;
    text_append(text, string_ends_with(text_string(text), " of ") ? "" : ", ");
    text_append(text, noun->name);
}

static void append_chain(const struct packing *packing, const struct bin *bin, int64_t until_ms,
                         struct text *text)
{
    const struct need_set *set = NULL;
    for (size_t i = 0; i < bin->item_count && !set; i++) {
        const struct item *item = item_at(packing, bin, i);
        set = item_ready_ms(packing, bin, item) == until_ms ? &packing->problem->sets[item->set] : NULL;
    }
    MUST(set);
    int64_t *finishes = finishes_of(packing, bin, set);
    for (size_t n = 0; n < set->count; n++) {
        if (finishes[set->stacks[n]] == until_ms) {
            append_path(packing, bin, finishes, set->stacks[n], text);
            break;
        }
    }
    memory_free(finishes);
}

static void say_deploys(const struct packing *packing, const struct bin *bin, int64_t wait_ms,
                        struct text *text)
{
    const struct problem *problem = packing->problem;
    text_append(text, "the deploys of ");
    append_chain(packing, bin, wait_ms, text);
    text_append_format(text, " in %s (", problem->inventory->accounts[bin->account].alias);
    text_append_duration(text, wait_ms);
    text_append(text, "): with all stacks in place, at least ");
    int64_t longest = 0;
    for (size_t i = 0; i < problem->item_count; i++)
        longest = larger(longest, problem->items[i].work_ms);
    text_append_duration(text, larger(longest, problem->total_ms / (int64_t)problem->job_limit));
}

static void say_longest(const struct problem *problem, const struct bound *bound, struct text *text)
{
    text_append_format(text, "the longest suite %s (", bound->longest->name);
    text_append_duration(text, bound->longest_ms);
    int64_t enough = (problem->total_ms + bound->longest_ms - 1) / bound->longest_ms;
    text_append_format(text, "): more than %lld account%s change%s nothing", (long long)enough,
                       enough == 1 ? "" : "s", enough == 1 ? "s" : "");
}

static void say_work(const struct problem *problem, const struct bound *bound, struct text *text)
{
    bool is_jobs = problem->job_limit < problem->shard_limit;
    text_append(text, "the total work (");
    text_append_duration(text, problem->total_ms);
    text_append_format(text, " over %zu %s%s): %zu would take at least ", problem->job_limit,
                       is_jobs ? "job" : "account", problem->job_limit == 1 ? "" : "s",
                       2 * problem->job_limit);
    text_append_duration(text, larger(bound->longest_ms, spread_ms(problem, bound, 2 * problem->job_limit)));
}

const char *limited_by(const struct packing *packing, const int64_t *ends, struct arena *arena)
{
    const struct problem *problem = packing->problem;
    struct bound bound = bound_of(problem);
    const struct bin *last = &packing->bins[last_bin(packing, ends)];
    int64_t wait_ms = deploy_wait_ms(last);
    struct text text = {0};
    if (wait_ms > 0 && 2 * wait_ms >= last->finish_ms)
        say_deploys(packing, last, wait_ms, &text);
    else if (bound.longest_ms >= spread_ms(problem, &bound, problem->job_limit))
        say_longest(problem, &bound, &text);
    else
        say_work(problem, &bound, &text);
    const char *line = arena_string(arena, text_string(&text));
    text_clear(&text);
    return line;
}
