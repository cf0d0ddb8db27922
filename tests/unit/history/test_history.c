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
    struct sink *sink = history_sink_new(HISTORY_RUN, save, &saved);
    struct test_case cases[7] = {0};
    for (size_t i = 0; i < 7; i++) {
        cases[i] = (struct test_case){.classname = "c", .name = "passes", .status = CASE_PASSED};
    }
    struct report report = {.cases = cases, .count = 7};
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
    struct sink *sink = history_sink_new(HISTORY_RUN, save, &saved);
    plan(sink, 3);
    finish(sink, 0, OUTCOME_CANCELLED, 1, NULL);
    finish(sink, 1, OUTCOME_LOST, 1, NULL);
    cr_assert_eq(saved.count, 0);
    finish(sink, 2, OUTCOME_FAILED, 1, NULL);
    cr_assert_eq(saved.count, 1);
    sink->free(sink);
}

/* --- flakiness ---------------------------------------------------------------------------------------- */

static void attempt(struct sink *sink, enum outcome outcome, enum case_status shaky)
{
    struct test_case cases[] = {{.classname = "c", .name = "steady", .status = CASE_PASSED},
                                {.classname = "c", .name = "shaky", .status = shaky},
                                {.classname = "d", .name = "shaky", .status = CASE_PASSED}};
    struct report report = {.cases = cases, .count = 3};
    struct event ended = {.type = EVENT_ATTEMPT_FINISHED, .suite = 0, .outcome = outcome};
    ended.ended.report = &report;
    cr_assert(sink->on_event(sink, &ended, NULL));
}

static void end(struct sink *sink, enum outcome outcome, bool is_flaky)
{
    struct event finished = {
        .type = EVENT_SUITE_FINISHED, .suite = 0, .suite_name = "api/x@2", .outcome = outcome, .wall_us = 5};
    finished.suite_end.is_flaky = is_flaky;
    cr_assert(sink->on_event(sink, &finished, NULL));
}

struct noted {
    char suite[32], flaky[32];
    size_t flaky_count;
    enum history_kind kind;
};

static void note(void *context, const struct history_row *saved_row)
{
    struct noted *noted = context;
    noted->kind = saved_row->kind;
    noted->flaky_count = saved_row->flaky_count;
    strcpy(noted->suite, saved_row->suite);
    if (saved_row->flaky_count > 0) {
        strcpy(noted->flaky, saved_row->flaky[0].name);
        cr_expect_str_eq(saved_row->flaky[0].classname, "c");
    }
}

Test(history, the_cases_that_failed_before_they_passed_are_saved_under_the_suites_own_name)
{
    struct noted noted = {.flaky_count = 9};
    struct sink *sink = history_sink_new(HISTORY_REPEAT, note, &noted);
    struct event planned = {.type = EVENT_SUITE_PLANNED, .suite = 0};
    planned.planned.repeat_of = "api/x";
    cr_assert(sink->on_event(sink, &planned, NULL));
    attempt(sink, OUTCOME_FAILED, CASE_FAILED);
    attempt(sink, OUTCOME_PASSED, CASE_PASSED);
    end(sink, OUTCOME_PASSED, true);
    cr_expect_str_eq(noted.suite, "api/x");
    cr_expect_eq((int)noted.kind, HISTORY_REPEAT);
    cr_assert_eq(noted.flaky_count, 1);
    cr_expect_str_eq(noted.flaky, "shaky");
    sink->free(sink);
}

Test(history, what_failed_in_the_end_or_by_the_infrastructure_is_no_flaky_case)
{
    static const struct {
        enum outcome first, last;
        enum case_status last_status;
    } stories[] = {{OUTCOME_FAILED, OUTCOME_FAILED, CASE_FAILED},
                   {OUTCOME_INFRA, OUTCOME_PASSED, CASE_PASSED}};
    for (size_t i = 0; i < 2; i++) {
        struct noted noted = {.flaky_count = 9};
        struct sink *sink = history_sink_new(HISTORY_RUN, note, &noted);
        plan(sink, 1);
        attempt(sink, stories[i].first, CASE_FAILED);
        attempt(sink, stories[i].last, stories[i].last_status);
        end(sink, stories[i].last, false);
        cr_expect_eq(noted.flaky_count, 0);
        sink->free(sink);
    }
}

Test(history, reruns_and_repeats_feed_no_expected_time)
{
    struct history_row rows[] = {row(OUTCOME_PASSED, 5, 1), row(OUTCOME_PASSED, 7, 2),
                                 row(OUTCOME_PASSED, 100, 3)};
    rows[0].kind = HISTORY_RERUN;
    rows[1].kind = HISTORY_REPEAT;
    cr_expect_eq(estimate_of(rows, 3).expected_ms, 100);
    cr_expect_eq(estimate_of(rows, 3).case_count, 3);
    cr_expect_not(estimate_of(rows, 2).is_known);
}

Test(history, flakiness_counts_what_passed_only_when_tried_again_and_repeats_that_disagree)
{
    struct history_row rows[] = {
        {.suite = "a", .outcome = OUTCOME_FAILED, .kind = HISTORY_REPEAT, .run = "r3", .wall_us = 60},
        {.suite = "a",
         .outcome = OUTCOME_PASSED,
         .kind = HISTORY_REPEAT,
         .run = "r3",
         .wall_us = 50,
         .duration_ms = 1},
        {.suite = "a", .outcome = OUTCOME_INFRA, .kind = HISTORY_RUN, .run = "r2", .wall_us = 40},
        {.suite = "a",
         .outcome = OUTCOME_PASSED,
         .kind = HISTORY_RUN,
         .run = "r1",
         .wall_us = 30,
         .duration_ms = 300,
         .is_flaky = true},
        {.suite = "a", .outcome = OUTCOME_FAILED, .kind = HISTORY_RUN, .run = "r0", .wall_us = 20},
        {.suite = "a",
         .outcome = OUTCOME_PASSED,
         .kind = HISTORY_RUN,
         .run = "q9",
         .wall_us = 10,
         .duration_ms = 100},
    };
    struct flakiness flakiness;
    flakiness_from_history(rows, 6, &flakiness);
    cr_expect_eq(flakiness.executions, 5, "what the infrastructure failed says nothing");
    cr_expect_eq(flakiness.flaky, 2);
    cr_expect_eq(flakiness.failed, 2);
    cr_expect_eq(flakiness.p50_ms, 100, "repeats are not timed");
    cr_expect_eq(flakiness.p95_ms, 300);
    cr_expect_eq(flakiness.last_flaky_us, 60);
    cr_expect_str_eq(flakiness.last_flaky_run, "r3");
    rows[1].run = "another"; /* then nobody says that the failure was not the change's */
    flakiness_from_history(rows, 6, &flakiness);
    cr_expect_eq(flakiness.flaky, 1);
}
