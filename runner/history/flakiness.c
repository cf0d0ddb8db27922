/* flakiness.c - the recorded executions of a suite -> how often it could not make up its mind. */
#include "itrun/history.h"
#include "itrun/base/memory.h"
#include <stdlib.h>
#include <string.h>

static const char *const kind_names[HISTORY_KIND_COUNT] = {
    [HISTORY_RUN] = "run", [HISTORY_RERUN] = "rerun", [HISTORY_REPEAT] = "repeat"};

const char *history_kind_name(enum history_kind kind)
{
    return kind_names[kind];
}

static bool is_failed(const struct history_row *row)
{
    return row->outcome == OUTCOME_FAILED || row->outcome == OUTCOME_ERROR || row->outcome == OUTCOME_TIMEOUT;
}

/* It failed, and another execution of the same repeated run passed: neighbours, since rows stand by time. */
static bool is_flaky_failure(const struct history_row *rows, size_t count, size_t index)
{
    const struct history_row *row = &rows[index];
    if (row->kind != HISTORY_REPEAT || !is_failed(row)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (rows[i].outcome == OUTCOME_PASSED && rows[i].kind == HISTORY_REPEAT &&
            string_equal(rows[i].run, row->run)) {
            return true;
        }
    }
    return false;
}

static int compare_int64(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

/* The smallest duration that so many percent do not exceed (nearest rank). */
static int64_t percentile(const int64_t *sorted, size_t count, size_t percent)
{
    return count == 0 ? -1 : sorted[(count * percent + 99) / 100 - 1];
}

static void set_durations(const struct history_row *rows, size_t count, struct flakiness *flakiness)
{
    int64_t *passed_ms = memory_new((count + 1) * sizeof *passed_ms);
    size_t passed = 0;
    for (size_t i = 0; i < count; i++) {
        if (rows[i].kind == HISTORY_RUN && rows[i].outcome == OUTCOME_PASSED) {
            passed_ms[passed++] = rows[i].duration_ms;
        }
    }
    qsort(passed_ms, passed, sizeof *passed_ms, compare_int64);
    flakiness->p50_ms = percentile(passed_ms, passed, 50);
    flakiness->p95_ms = percentile(passed_ms, passed, 95);
    memory_free(passed_ms);
}

void flakiness_from_history(const struct history_row *rows, size_t count, struct flakiness *ret_flakiness)
{
    struct flakiness flakiness = {
        .suite = rows[0].suite, .last_us = rows[0].wall_us, .last_outcome = rows[0].outcome};
    for (size_t i = 0; i < count; i++) {
        const struct history_row *row = &rows[i];
        bool is_telling = row->outcome == OUTCOME_PASSED || is_failed(row);
        bool is_flaky = row->is_flaky || is_flaky_failure(rows, count, i);
        flakiness.executions += is_telling;
        flakiness.failed += is_failed(row);
        flakiness.flaky += is_flaky;
        if (is_flaky && flakiness.last_flaky_us == 0) {
            flakiness.last_flaky_us = row->wall_us;
            flakiness.last_flaky_run = row->run;
        }
    }
    set_durations(rows, count, &flakiness);
    *ret_flakiness = flakiness;
}
