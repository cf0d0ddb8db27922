/* repeat.c - `--repeat N`: each selected suite becomes N executions, each a suite of its own in the plan.
 *
 * So all promises hold for an execution as for any suite: it is announced, has one outcome, is scheduled,
 * stolen and timed out by itself, on as many lanes as there are. Its name is the suite's with "@k"; what the
 * suite is told and what the history learns is the suite's own name. */
#include "assembly.h"
#include "itrun/base/memory.h"

#define EXECUTIONS_MOST 100000

static bool is_repeatable(const struct repetition *repetition, size_t count, struct error *error)
{
    if (count > 0 && repetition->times > EXECUTIONS_MOST / count) {
        error_set(error, ERROR_USAGE, "--repeat %zu makes more than %d executions of %zu suites",
                  repetition->times, EXECUTIONS_MOST, count);
        return error_hint(error, "repeat fewer suites, or fewer times");
    }
    return true;
}

static struct suite execution_of(const struct suite *suite, size_t number, bool do_seeds_vary,
                                 struct arena *arena)
{
    struct suite execution = *suite;
    execution.name = arena_format(arena, "%s@%zu", suite->name, number);
    execution.repeat_of = suite->name;
    execution.repeat = number;
    execution.seed_offset = do_seeds_vary ? number - 1 : 0;
    return execution;
}

bool inventory_repeat(struct inventory *inventory, const struct repetition *repetition, size_t **suites,
                      size_t *count, struct error *error)
{
    if (!is_repeatable(repetition, *count, error)) {
        return false;
    }
    size_t total = *count * repetition->times;
    size_t before = inventory->suite_count;
    struct suite *all = memory_resize(inventory->suites, (before + total + 1) * sizeof *all);
    size_t *chosen = arena_alloc(inventory->arena, (total + 1) * sizeof *chosen);
    size_t made = 0;
    for (size_t number = 1; number <= repetition->times; number++) { /* in turn: the first round ends first */
        for (size_t i = 0; i < *count; i++) {
            chosen[made] = before + made;
            all[chosen[made++]] =
                execution_of(&all[(*suites)[i]], number, repetition->do_seeds_vary, inventory->arena);
        }
    }
    inventory->suites = all;
    inventory->suite_count = before + total;
    *suites = chosen;
    *count = total;
    return true;
}
