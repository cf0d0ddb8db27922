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

Test(metrics, each_series_has_help_and_type_and_all_are_gauges)
{
    struct test_case cases[] = {case_passed("a")};
    struct report report = report_of(cases, 1);
    feed_suite(&feed, 0, OUTCOME_PASSED, NULL, &report);
    feed_end(&feed, 0);
    const char *bytes = metrics();
    cr_assert_eq(count_of(bytes, "# HELP "), count_of(bytes, "# TYPE "));
    cr_assert_eq(count_of(bytes, "# TYPE "), count_of(bytes, " gauge\n"));
    for (const char *line = bytes; *line != '\0'; line = strchr(line, '\n') + 1) {
        char type[200];
        if (*line != '#') {
            snprintf(type, sizeof type, "# TYPE %.*s gauge\n", (int)strcspn(line, "{ "), line);
            cr_assert(strstr(bytes, type) != NULL, "%s", type);
        }
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
    HAS("itrun_lane_seconds{phase=\"wait\"} 12.000000"); /* 2, and two lanes all the while */
    HAS("itrun_lane_seconds{phase=\"reconcile\"} 1.000000");
    HAS("itrun_lane_seconds{phase=\"test\"} 1.500000");
    HAS("itrun_lane_seconds{phase=\"idle\"} 0.500000");
    HAS("itrun_account_wait_max_seconds 5.000000");
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
    HAS("itrun_stack_actions{action=\"replace\"} 0");
    HAS("itrun_stack_deploy_seconds 2.500000");
    HAS("itrun_infra_problems{kind=\"throttle\"} 1");
    HAS("itrun_infra_problems{kind=\"leak\"} 0");
    HAS("itrun_infra_problems{kind=\"odd \\\"kind\\\"\\n\"} 1");
}

Test(metrics, only_a_passed_run_sets_the_last_success)
{
    feed_end(&feed, 1);
    cr_assert(strstr(metrics(), "last_success") == NULL);
    HAS("itrun_run_info{version=\"0.1.0\",project=\"storefront\",branch=\"\",result=\"failed\"} 1");
}
