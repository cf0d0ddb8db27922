#include "itrun/history.h"
#include <criterion/criterion.h>
#include <string.h>

static struct estimate estimate_of(const struct history_row *rows, size_t count)
{
    struct estimate estimate;
    estimate_from_history(rows, count, &estimate);
    return estimate;
}

static struct history_row row(enum outcome outcome, int64_t duration_ms, size_t case_count)
{
    return (struct history_row){
        .suite = "a", .outcome = outcome, .duration_ms = duration_ms, .case_count = case_count};
}

Test(history, a_suite_never_seen_is_unknown)
{
    struct estimate estimate = estimate_of(NULL, 0);
    cr_assert(!estimate.is_known);
    cr_assert(!estimate.has_failed_last);
    cr_assert_eq(estimate.expected_ms, 0);
}

Test(history, expects_the_median_of_the_last_three_passed)
{
    struct history_row rows[] = {row(OUTCOME_PASSED, 900, 12), row(OUTCOME_TIMEOUT, 99999, 1),
                                 row(OUTCOME_PASSED, 100, 10), row(OUTCOME_PASSED, 300, 9),
                                 row(OUTCOME_PASSED, 5, 8)};
    struct estimate estimate = estimate_of(rows, 5);
    cr_assert(estimate.is_known);
    cr_assert_eq(estimate.expected_ms, 300);
    cr_assert_eq(estimate.case_count, 12);
    cr_assert(!estimate.has_failed_last);
}

Test(history, two_passed_runs_meet_in_the_middle)
{
    struct history_row rows[] = {row(OUTCOME_PASSED, 100, 1), row(OUTCOME_PASSED, 300, 1)};
    cr_assert_eq(estimate_of(rows, 2).expected_ms, 200);
}

Test(history, a_suite_that_only_ever_failed_is_unknown_and_failed_last)
{
    struct history_row rows[] = {row(OUTCOME_FAILED, 100, 3)};
    struct estimate estimate = estimate_of(rows, 1);
    cr_assert(!estimate.is_known);
    cr_assert(estimate.has_failed_last);
    cr_assert_eq(estimate.case_count, 0);
}

struct saved {
    struct history_row rows[4];
    size_t count;
};

static void save(void *context, const struct history_row *saved_row)
{
    struct saved *saved = context;
    saved->rows[saved->count++] = *saved_row;
}

static void plan(struct sink *sink, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct event event = {.type = EVENT_SUITE_PLANNED, .suite = i};
        cr_assert(sink->on_event(sink, &event, NULL));
    }
}

static void finish(struct sink *sink, size_t suite, enum outcome outcome, int64_t duration_ms,
                   const struct report *report)
{
    struct event ended = {
        .type = EVENT_ATTEMPT_FINISHED, .suite = suite, .outcome = outcome, .duration_ms = duration_ms};
    ended.ended.report = report;
    cr_assert(sink->on_event(sink, &ended, NULL));
    struct event finished = {.type = EVENT_SUITE_FINISHED,
                             .suite = suite,
                             .suite_name = "api/x",
                             .outcome = outcome,
                             .wall_us = 5};
    cr_assert(sink->on_event(sink, &finished, NULL));
}

Test(history, each_finished_suite_is_saved_with_its_last_attempt)
{
    struct saved saved = {.count = 0};
    struct sink *sink = history_sink_new(save, &saved);
    struct report report = {.count = 7};
    plan(sink, 2);
    struct event first = {
        .type = EVENT_ATTEMPT_FINISHED, .suite = 1, .outcome = OUTCOME_TIMEOUT, .duration_ms = 9999};
    cr_assert(sink->on_event(sink, &first, NULL));
    finish(sink, 1, OUTCOME_PASSED, 120, &report);
    cr_assert_eq(saved.count, 1);
    cr_assert_str_eq(saved.rows[0].suite, "api/x");
    cr_assert_eq(saved.rows[0].duration_ms, 120);
    cr_assert_eq(saved.rows[0].case_count, 7);
    cr_assert_eq(saved.rows[0].wall_us, 5);
    sink->free(sink);
}

Test(history, cancelled_and_lost_suites_teach_nothing)
{
    struct saved saved = {.count = 0};
    struct sink *sink = history_sink_new(save, &saved);
    plan(sink, 3);
    finish(sink, 0, OUTCOME_CANCELLED, 1, NULL);
    finish(sink, 1, OUTCOME_LOST, 1, NULL);
    cr_assert_eq(saved.count, 0);
    finish(sink, 2, OUTCOME_FAILED, 1, NULL);
    cr_assert_eq(saved.count, 1);
    sink->free(sink);
}
