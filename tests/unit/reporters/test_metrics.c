#include "feed.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct capture capture;
static struct feed feed;

static void setup(void)
{
    capture_init(&capture);
    feed_start(&feed, metrics_sink_new(&capture.out), 3);
}

static void teardown(void)
{
    feed_clear(&feed);
    capture_clear(&capture);
}
TestSuite(metrics, .init = setup, .fini = teardown);

static const char *metrics(void)
{
    feed_flush(&feed);
    return text_string(&capture.replaced);
}

#define HAS(line) cr_assert(strstr(metrics(), "\n" line "\n") != NULL, "'%s' is not in:\n%s", line, metrics())

Test(metrics, every_outcome_is_present_even_at_zero)
{
    feed_suite(&feed, 0, OUTCOME_PASSED, NULL, NULL);
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        char line[100];
        int count = i == OUTCOME_PASSED ? 1 : i == OUTCOME_LOST ? 2 : 0;
        snprintf(line, sizeof line, "\nitrun_suites{outcome=\"%s\"} %d\n", outcome_name((enum outcome)i),
                 count);
        cr_assert(strstr(metrics(), line) != NULL, "%s", line);
    }
}

/* The name of a series, without what a histogram adds to it. */
static size_t family_length(const char *line)
{
    static const char *const parts[] = {"_bucket", "_sum", "_count"};
    size_t length = strcspn(line, "{ ");
    bool is_histogram = strncmp(line, "itrun_account_wait_seconds_", 27) == 0 ||
                        strncmp(line, "itrun_stack_deploy_", 19) == 0;
    for (size_t i = 0; is_histogram && i < 3; i++) {
        size_t part = strlen(parts[i]);
        if (strncmp(line + length - part, parts[i], part) == 0) {
            return length - part;
        }
    }
    return length;
}

Test(metrics, each_series_has_help_and_type_and_two_are_histograms)
{
    struct test_case cases[] = {case_passed("a")};
    struct report report = report_of(cases, 1);
    feed_suite(&feed, 0, OUTCOME_PASSED, NULL, &report);
    feed_end(&feed, 0);
    const char *bytes = metrics();
    cr_assert_eq(count_of(bytes, "# HELP "), count_of(bytes, "# TYPE "));
    cr_assert_eq(count_of(bytes, " histogram\n"), 2);
    cr_assert_eq(count_of(bytes, "# TYPE "), count_of(bytes, " gauge\n") + 2);
    for (const char *line = bytes; *line != '\0'; line = strchr(line, '\n') + 1) {
        char type[200];
        if (*line != '#') {
            snprintf(type, sizeof type, "# TYPE %.*s ", (int)family_length(line), line);
            cr_assert(strstr(bytes, type) != NULL, "%s", type);
        }
    }
}

Test(metrics, every_name_is_there_before_anything_happened)
{
    static const char *const names[] = {"run_info{",
                                        "run_end_timestamp_seconds ",
                                        "run_last_success_timestamp_seconds ",
                                        "run_duration_seconds ",
                                        "run_lower_bound_seconds ",
                                        "run_predicted_seconds ",
                                        "suites{outcome=\"passed\"} ",
                                        "tests{result=\"passed\"} ",
                                        "flaky_tests ",
                                        "retried_attempts{reason=\"failed\"} ",
                                        "retry_seconds ",
                                        "lane_seconds{phase=\"reset\"} ",
                                        "account_wait_seconds_bucket{le=\"+Inf\"} ",
                                        "accounts{state=\"free\"} ",
                                        "stack_actions{action=\"recreate\"} ",
                                        "stack_deploy_seconds_count{action=\"create\"} ",
                                        "stack_saved_seconds ",
                                        "suite_prediction_error_ratio ",
                                        "first_failure_seconds ",
                                        "infra_problems{kind=\"report_missing\"} "};
    const char *bytes = metrics();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char series[100];
        snprintf(series, sizeof series, "\nitrun_%s", names[i]);
        cr_assert(strstr(bytes, series) != NULL, "%s", series);
    }
}

Test(metrics, tests_are_counted_by_result)
{
    struct test_case cases[] = {case_passed("a"), case_failed("b", "no")};
    struct report report = report_of(cases, 2);
    feed_suite(&feed, 0, OUTCOME_FAILED, NULL, &report);
    HAS("itrun_tests{result=\"passed\"} 1");
    HAS("itrun_tests{result=\"failed\"} 1");
    HAS("itrun_tests{result=\"error\"} 2"); /* two suites have no outcome yet */
    HAS("itrun_first_failure_seconds 1.500000");
}

Test(metrics, lanes_add_up_to_lanes_times_makespan)
{
    struct event leased = {
        .type = EVENT_ACCOUNT_LEASED, .suite = NO_INDEX, .shard = 1, .account = "account-001"};
    feed.now_us += 2000000;
    feed_event(&feed, leased);
    feed.now_us += 1000000;
    feed_suite(&feed, 0, OUTCOME_PASSED, NULL, NULL);
    feed.now_us += 500000;
    feed_end(&feed, 6);
    HAS("itrun_lane_seconds{phase=\"wait\"} 12.000000");     /* 2, and two lanes all the while */
    HAS("itrun_lane_seconds{phase=\"reconcile\"} 0.000000"); /* nothing was said of a stack */
    HAS("itrun_lane_seconds{phase=\"test\"} 1.500000");
    HAS("itrun_lane_seconds{phase=\"idle\"} 1.500000");
    HAS("itrun_account_wait_max_seconds 5.000000");
}

Test(metrics, lanes_add_up_to_the_makespan_also_when_the_run_ends_later)
{
    feed_suite(&feed, 0, OUTCOME_PASSED, NULL, NULL);
    feed.now_us += 700000; /* giving the account back */
    struct event finished = {.type = EVENT_RUN_FINISHED, .suite = NO_INDEX};
    finished.end.makespan_ms = 1500;
    feed_event(&feed, finished);
    HAS("itrun_run_duration_seconds 1.500000");
    HAS("itrun_lane_seconds{phase=\"wait\"} 3.000000");
    HAS("itrun_lane_seconds{phase=\"test\"} 1.500000");
    HAS("itrun_lane_seconds{phase=\"idle\"} 0.000000");
}

static void lease(size_t shard, const char *account)
{
    feed_event(
        &feed,
        (struct event){.type = EVENT_ACCOUNT_LEASED, .suite = NO_INDEX, .shard = shard, .account = account});
}

static void release(size_t shard, const char *account, const char *reason)
{
    feed_event(&feed, (struct event){.type = EVENT_ACCOUNT_RELEASED,
                                     .suite = NO_INDEX,
                                     .shard = shard,
                                     .account = account,
                                     .reason = reason});
}

Test(metrics, each_wait_for_an_account_counts_once_however_often_it_was_told)
{
    feed.now_us += 3000000;
    feed_event(&feed, (struct event){.type = EVENT_ACCOUNT_WAITING, .suite = NO_INDEX, .shard = 1});
    feed.now_us += 4000000;
    lease(1, "account-001");
    release(1, "account-001", "lost");
    feed.now_us += 500000;
    lease(1, "account-002");
    HAS("itrun_account_wait_seconds_bucket{le=\"1\"} 1");
    HAS("itrun_account_wait_seconds_bucket{le=\"5\"} 1");
    HAS("itrun_account_wait_seconds_bucket{le=\"15\"} 2");
    HAS("itrun_account_wait_seconds_bucket{le=\"+Inf\"} 2");
    HAS("itrun_account_wait_seconds_sum 7.500000");
    HAS("itrun_account_wait_seconds_count 2");
}

Test(metrics, accounts_are_counted_by_what_the_run_knows_of_them)
{
    lease(1, "account-001");
    lease(2, "account-002");
    release(2, "account-002", "dirty");
    HAS("itrun_accounts{state=\"free\"} 1");
    HAS("itrun_accounts{state=\"leased\"} 1");
    HAS("itrun_accounts{state=\"dirty\"} 1");
    HAS("itrun_accounts{state=\"quarantined\"} 0");
    release(1, "account-001", "free");
    HAS("itrun_accounts{state=\"free\"} 2");
}

Test(metrics, retries_are_counted_by_what_made_them)
{
    for (int i = 1; i <= 2; i++) {
        feed_attempt_start(&feed, 0, i);
        feed_attempt_end(&feed, 0, i, i == 1 ? OUTCOME_TIMEOUT : OUTCOME_PASSED, "slow", NULL);
    }
    feed_suite_end(&feed, 0, 2, OUTCOME_PASSED, NULL);
    HAS("itrun_retried_attempts{reason=\"timeout\"} 1");
    HAS("itrun_retried_attempts{reason=\"infra\"} 0");
    HAS("itrun_retry_seconds 1.500000");
    HAS("itrun_flaky_tests 1");
}

Test(metrics, stacks_and_problems_are_counted)
{
    struct event decided = {.type = EVENT_STACK_DECIDED, .suite = NO_INDEX, .shard = 1, .stack = "data"};
    decided.stack_action.action = "skip";
    decided.stack_action.expected_ms = 30000;
    feed_event(&feed, decided);
    struct event finished = {.type = EVENT_STACK_FINISHED, .suite = NO_INDEX, .shard = 1, .stack = "orders"};
    finished.stack_action.action = "create";
    finished.stack_action.is_ok = true;
    finished.duration_ms = 2500;
    feed_event(&feed, finished);
    feed_event(&feed, (struct event){.type = EVENT_PROBLEM, .suite = NO_INDEX, .problem_kind = "throttle"});
    feed_event(&feed,
               (struct event){.type = EVENT_PROBLEM, .suite = NO_INDEX, .problem_kind = "odd \"kind\"\n"});
    HAS("itrun_stack_actions{action=\"skip\"} 1");
    HAS("itrun_stack_actions{action=\"create\"} 1");
    HAS("itrun_stack_actions{action=\"recreate\"} 0");
    HAS("itrun_stack_deploy_seconds_bucket{action=\"create\",le=\"1\"} 0");
    HAS("itrun_stack_deploy_seconds_bucket{action=\"create\",le=\"5\"} 1");
    HAS("itrun_stack_deploy_seconds_sum{action=\"create\"} 2.500000");
    HAS("itrun_stack_deploy_seconds_count{action=\"update\"} 0");
    HAS("itrun_stack_saved_seconds 30.000000");
    HAS("itrun_infra_problems{kind=\"throttle\"} 1");
    HAS("itrun_infra_problems{kind=\"leak\"} 0");
    HAS("itrun_infra_problems{kind=\"odd \\\"kind\\\"\\n\"} 1");
}

Test(metrics, only_a_passed_run_moves_the_last_success)
{
    feed_end(&feed, 1);
    HAS("itrun_run_last_success_timestamp_seconds 0.000000");
    HAS("itrun_run_info{version=\"0.1.0\",project=\"storefront\",branch=\"\",ci=\"\",result=\"failed\"} 1");
}

Test(metrics, throttles_are_known_by_their_number_at_the_end)
{
    struct event finished = {.type = EVENT_RUN_FINISHED, .suite = NO_INDEX};
    finished.end.aws_throttles = 5;
    feed_event(&feed, finished);
    HAS("itrun_infra_problems{kind=\"throttle\"} 5");
}
