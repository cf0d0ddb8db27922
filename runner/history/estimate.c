/* estimate.c - what the recorded runs of a suite promise for its next one. */
#include "itrun/history.h"

/* Three: one slow machine does not move the median, and a real change shows after two runs. */
#define RUNS_THAT_COUNT 3

static int64_t median(int64_t *values, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        for (size_t k = i; k > 0 && values[k - 1] > values[k]; k--) {
            int64_t swap = values[k];
            values[k] = values[k - 1];
            values[k - 1] = swap;
        }
    }
    return count % 2 == 1 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

void estimate_from_history(const struct history_row *rows, size_t count, struct estimate *ret_estimate)
{
    struct estimate estimate = {0};
    int64_t passed_ms[RUNS_THAT_COUNT];
    size_t passed_count = 0;
    for (size_t i = 0; i < count && passed_count < RUNS_THAT_COUNT; i++) {
        if (rows[i].outcome != OUTCOME_PASSED || rows[i].kind != HISTORY_RUN) {
            continue;
        }
        if (passed_count == 0) {
            estimate.case_count = rows[i].case_count;
        }
        passed_ms[passed_count++] = rows[i].duration_ms;
    }
    if (passed_count > 0) {
        estimate.is_known = true;
        estimate.expected_ms = median(passed_ms, passed_count);
    }
    estimate.has_failed_last = count > 0 && outcome_is_bad(rows[0].outcome);
    *ret_estimate = estimate;
}
