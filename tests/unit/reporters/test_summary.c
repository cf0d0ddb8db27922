#include "feed.h"
#include "itrun/base/json.h"
#include <criterion/criterion.h>
#include <string.h>

static struct capture capture;
static struct feed feed;
static struct json *root;

static void setup(void)
{
    capture_init(&capture);
    feed_start(&feed, summary_sink_new(&capture.out), 4);
}

static void teardown(void)
{
    json_free(root);
    feed_clear(&feed);
    capture_clear(&capture);
}
TestSuite(summary, .init = setup, .fini = teardown);

static const struct json *summary(void)
{
    struct error error;
    feed_flush(&feed);
    json_free(root);
    root = json_parse(capture.replaced.bytes, capture.replaced.length, &error);
    cr_assert(root != NULL);
    return root;
}

static int64_t number(const char *group, const char *key)
{
    return json_get_int(group != NULL ? json_get(root, group) : root, key, -1);
}

Test(summary, every_key_of_the_contract_is_there)
{
    static const char *const keys[] = {"run",
                                       "exit_code",
                                       "seed",
                                       "shards",
                                       "accounts",
                                       "suites",
                                       "tests",
                                       "stacks",
                                       "makespan_ms",
                                       "lower_bound_ms",
                                       "predicted_ms",
                                       "aws_requests",
                                       "leaked_processes",
                                       "failures"};
    static const char *const suite_keys[] = {"planned", "passed",  "failed",    "error", "timeout",
                                             "infra",   "skipped", "cancelled", "lost",  "flaky"};
    summary();
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        cr_assert(json_get(root, keys[i]) != NULL, "%s", keys[i]);
    }
    for (size_t i = 0; i < sizeof suite_keys / sizeof *suite_keys; i++) {
        cr_assert_neq(number("suites", suite_keys[i]), -1, "%s", suite_keys[i]);
    }
    cr_assert_str_eq(json_get_string(root, "seed", ""), "18446744073709551615");
}

static void run_four_suites(void)
{
    static struct test_case good[2], bad[2];
    good[0] = case_passed("a");
    good[1] = case_passed("b");
    bad[0] = case_passed("a");
    bad[1] = case_failed("b", "expected\n200");
    static struct report reports[2];
    reports[0] = report_of(good, 2);
    reports[1] = report_of(bad, 2);
    feed_suite(&feed, 0, OUTCOME_PASSED, NULL, &reports[0]);
    feed_suite(&feed, 1, OUTCOME_FAILED, "1 of 2", &reports[1]);
    feed_suite(&feed, 2, OUTCOME_TIMEOUT, "took longer than 5m", &reports[0]);
}

Test(summary, counts_exactly_the_cases_of_junit)
{
    run_four_suites();
    feed_end(&feed, 1);
    summary();
    struct capture junit;
    capture_init(&junit);
    struct sink *sink = junit_sink_new(&junit.out);
    struct error error;
    cr_assert(events_read(feed.journal.bytes, feed.journal.length, (event_visit *)sink->on_event, sink, NULL,
                          &error));
    cr_assert(sink->flush(sink, &error));
    cr_assert_eq(number("tests", "total"), (int64_t)count_of(text_string(&junit.replaced), "<testcase"));
    cr_assert_eq(number("tests", "total"), 8); /* 6, the timeout's and the lost one's */
    cr_assert_eq(number("tests", "failed"), 1);
    cr_assert_eq(number("tests", "errors"), 2);
    sink->free(sink);
    capture_clear(&junit);
}

Test(summary, each_failure_names_test_place_outcome_message_and_repro)
{
    run_four_suites();
    summary();
    const struct json *failures = json_get(root, "failures");
    cr_assert_eq(json_count(failures), 3);
    const struct json *failure = json_first(failures);
    cr_assert_str_eq(json_get_string(failure, "suite", ""), "api/order");
    cr_assert_str_eq(json_get_string(failure, "test", ""), "b");
    cr_assert_eq(json_get_int(failure, "shard", 0), 2);
    cr_assert_str_eq(json_get_string(failure, "account", ""), "account-002");
    cr_assert_str_eq(json_get_string(failure, "outcome", ""), "failed");
    cr_assert_str_eq(json_get_string(failure, "message", ""), "expected 200");
    cr_assert_str_eq(json_get_string(failure, "repro", ""),
                     "itrun run api/order --seed 42 --test tests.api.test_cart.TestCart::b");
    failure = json_next(failure);
    cr_assert_str_eq(json_get_string(failure, "outcome", ""), "timeout");
    cr_assert_str_eq(json_get_string(json_next(failure), "outcome", ""), "lost");
}

Test(summary, an_unfinished_run_is_incomplete_and_a_finished_one_has_its_own_code)
{
    feed_suite(&feed, 0, OUTCOME_PASSED, NULL, NULL);
    summary();
    cr_assert_eq(number(NULL, "exit_code"), EXIT_CODE_INCOMPLETE);
    cr_assert_eq(number("suites", "lost"), 3);
    feed_end(&feed, EXIT_CODE_RECORD);
    summary();
    cr_assert_eq(number(NULL, "exit_code"), EXIT_CODE_RECORD);
    cr_assert_eq(number(NULL, "aws_requests"), 17);
    cr_assert_eq(number(NULL, "makespan_ms"), 1500);
}
