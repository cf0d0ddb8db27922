#include "feed.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static bool capture_append(struct out *out, const char *bytes, size_t length, struct error *error)
{
    struct capture *capture = (struct capture *)out;
    if (capture->is_broken) {
        return error_set(error, ERROR_IO, "no space left");
    }
    text_append_bytes(&capture->appended, bytes, length);
    return true;
}

static bool capture_replace(struct out *out, const char *bytes, size_t length, struct error *error)
{
    struct capture *capture = (struct capture *)out;
    if (capture->is_broken) {
        return error_set(error, ERROR_IO, "no space left");
    }
    text_reset(&capture->replaced);
    text_append_bytes(&capture->replaced, bytes, length);
    capture->replace_count++;
    return true;
}

static bool capture_piece(void *context, const char *bytes, size_t length)
{
    text_append_bytes(context, bytes, length);
    return true;
}

static bool capture_replace_parts(struct out *out, const struct out_part *parts, size_t count,
                                  const char *mark, struct error *error)
{
    struct capture *capture = (struct capture *)out;
    if (capture->is_broken) {
        return error_set(error, ERROR_IO, "no space left");
    }
    cr_assert_not_null(mark);
    cr_assert_leq(count, CAPTURE_PARTS);
    capture->replace_count++;
    capture->part_count = count;
    for (size_t i = 0; i < count; i++) {
        struct text *text = i == 0 ? &capture->replaced : &capture->parts[i];
        text_reset(text);
        for (size_t k = 0; k < parts[i].count; k++) {
            chunk_read(parts[i].chunks[k], capture_piece, text);
        }
        cr_assert(i == 0 || strstr(text_string(text), mark) != NULL);
    }
    return true;
}

static int capture_columns(struct out *out)
{
    return ((struct capture *)out)->columns;
}

static int capture_rows(struct out *out)
{
    return ((struct capture *)out)->rows;
}

void capture_init(struct capture *capture)
{
    *capture = (struct capture){.out = {.append = capture_append,
                                        .replace = capture_replace,
                                        .replace_parts = capture_replace_parts,
                                        .columns = capture_columns,
                                        .rows = capture_rows},
                                .columns = 60,
                                .rows = 24};
}

void capture_clear(struct capture *capture)
{
    text_clear(&capture->appended);
    text_clear(&capture->replaced);
    for (size_t i = 0; i < CAPTURE_PARTS; i++) {
        text_clear(&capture->parts[i]);
    }
}

void feed_event(struct feed *feed, struct event event)
{
    struct error error;
    error_clear(&error);
    event.seq = ++feed->seq;
    event.run = "0198-run";
    event.worker = "1";
    event.monotonic_us = feed->now_us;
    event.wall_us = FEED_WALL_US + feed->now_us;
    event_encode(&event, &feed->journal);
    cr_assert(feed->sink->on_event(feed->sink, &event, &error), "%s", error.what);
}

void feed_plan(struct feed *feed, const char *const *names, size_t count)
{
    struct event start = {.type = EVENT_RUN_STARTED, .suite = NO_INDEX};
    start.start.version = "0.1.0";
    start.start.project = "storefront";
    start.start.seed = 18446744073709551615u;
    start.start.shard_count = 3;
    start.start.account_count = 3;
    start.start.job_count = 3;
    start.start.predicted_ms = 90000;
    start.start.lower_bound_ms = 80000;
    feed_event(feed, start);
    for (size_t i = 0; i < count; i++) {
        char repro[200];
        char file[200];
        snprintf(repro, sizeof repro, "itrun run %s --seed 42", names[i]);
        snprintf(file, sizeof file, "tests/%s.py", names[i]);
        struct event planned = {
            .type = EVENT_SUITE_PLANNED, .suite = i, .suite_name = names[i], .shard = i % 3 + 1};
        planned.planned.group = "api";
        planned.planned.framework = "pytest";
        planned.planned.file = file;
        planned.planned.repro = repro;
        planned.planned.can_select = true;
        feed_event(feed, planned);
    }
    struct event announced = {.type = EVENT_PLAN_ANNOUNCED, .suite = NO_INDEX};
    announced.planned.suite_count = count;
    feed_event(feed, announced);
    feed->planned = count;
}

void feed_start(struct feed *feed, struct sink *sink, size_t suite_count)
{
    static const char *const names[] = {"api/cart", "api/order", "api/refund", "api/search"};
    *feed = (struct feed){.sink = sink};
    feed_plan(feed, names, suite_count);
}

static struct event of_suite(enum event_type type, size_t suite)
{
    static const char *const accounts[] = {"account-001", "account-002", "account-003"};
    return (struct event){.type = type,
                          .suite = suite,
                          .suite_name = "suite",
                          .shard = suite % 3 + 1,
                          .account = accounts[suite % 3]};
}

void feed_attempt_start(struct feed *feed, size_t suite, int attempt)
{
    struct event event = of_suite(EVENT_ATTEMPT_STARTED, suite);
    event.attempt = attempt;
    feed_event(feed, event);
}

void feed_attempt_end(struct feed *feed, size_t suite, int attempt, enum outcome outcome, const char *reason,
                      const struct report *report)
{
    struct event event = of_suite(EVENT_ATTEMPT_FINISHED, suite);
    event.attempt = attempt;
    event.outcome = outcome;
    event.reason = reason;
    event.duration_ms = 1500;
    event.ended.output_tail = "line one\nline two\n";
    event.ended.output_path = "suites/s/1/output.log";
    event.ended.report = report;
    feed_event(feed, event);
}

void feed_suite_end(struct feed *feed, size_t suite, int attempts, enum outcome outcome, const char *reason)
{
    struct event event = of_suite(EVENT_SUITE_FINISHED, suite);
    event.outcome = outcome;
    event.reason = reason;
    event.duration_ms = attempts > 0 ? 1500 : 0;
    event.suite_end.attempts = attempts;
    event.suite_end.is_flaky = outcome == OUTCOME_PASSED && attempts > 1;
    feed_event(feed, event);
}

void feed_suite(struct feed *feed, size_t suite, enum outcome outcome, const char *reason,
                const struct report *report)
{
    feed_attempt_start(feed, suite, 1);
    feed->now_us += 1500000;
    feed_attempt_end(feed, suite, 1, outcome, reason, report);
    feed_suite_end(feed, suite, 1, outcome, reason);
}

void feed_end(struct feed *feed, int exit_code)
{
    struct event event = {.type = EVENT_RUN_FINISHED, .suite = NO_INDEX};
    event.end.exit_code = exit_code;
    event.end.makespan_ms = feed->now_us / 1000;
    event.end.aws_requests = 17;
    feed_event(feed, event);
}

void feed_flush(struct feed *feed)
{
    struct error error;
    error_clear(&error);
    cr_assert(feed->sink->flush(feed->sink, &error), "%s", error.what);
}

void feed_clear(struct feed *feed)
{
    feed->sink->free(feed->sink);
    text_clear(&feed->journal);
}

struct test_case case_passed(const char *name)
{
    return (struct test_case){.classname = "tests.api.test_cart.TestCart",
                              .name = name,
                              .duration_us = 250000,
                              .status = CASE_PASSED};
}

struct test_case case_failed(const char *name, const char *message)
{
    return (struct test_case){.classname = "tests.api.test_cart.TestCart",
                              .name = name,
                              .duration_us = 250000,
                              .status = CASE_FAILED,
                              .type = "AssertionError",
                              .message = message,
                              .body = "Traceback\n  assert 1 == 2",
                              .output = "printed by the test"};
}

struct report report_of(struct test_case *cases, size_t count)
{
    return (struct report){.cases = cases, .count = count, .is_present = true, .is_complete = true};
}

size_t count_of(const char *haystack, const char *needle)
{
    size_t count = 0;
    for (const char *c = haystack; (c = strstr(c, needle)) != NULL; c += strlen(needle)) {
        count++;
    }
    return count;
}
