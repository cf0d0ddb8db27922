/* repeats.c - the executions of a repeated suite, counted together. */
#include "tally.h"
#include "itrun/base/map.h"
#include "itrun/base/memory.h"

static bool is_before(const struct fold_suite *suite, const struct fold_suite *other)
{
    return other == NULL || suite->started_us < other->started_us;
}

static void count(struct repeat *repeat, const struct fold_suite *suite)
{
    repeat->executions++;
    switch (suite->outcome) {
    case OUTCOME_PASSED:
    case OUTCOME_SKIPPED: repeat->passed++; return;
    case OUTCOME_INFRA: repeat->infra++; return;
    case OUTCOME_CANCELLED:
    case OUTCOME_LOST: repeat->not_finished++; return;
    case OUTCOME_FAILED:
    case OUTCOME_TIMEOUT:
    case OUTCOME_ERROR:
    case OUTCOME_COUNT: break;
    }
    repeat->failed++;
    if (is_before(suite, repeat->first_failure)) {
        repeat->first_failure = suite;
    }
}

size_t tally_repeats(const struct fold *fold, struct repeat **ret_repeats)
{
    struct repeat *repeats = memory_new((fold->suite_count + 1) * sizeof *repeats);
    struct map *by_name = map_new();
    size_t total = 0;
    for (size_t i = 0; i < fold->suite_count; i++) {
        const struct fold_suite *suite = &fold->suites[i];
        if (suite->repeat_of == NULL) {
            continue;
        }
        struct repeat *repeat = map_get(by_name, suite->repeat_of);
        if (repeat == NULL) {
            repeat = &repeats[total++];
            repeat->name = suite->repeat_of;
            map_put(by_name, suite->repeat_of, repeat);
        }
        count(repeat, suite);
    }
    map_free(by_name);
    *ret_repeats = repeats;
    return total;
}
