#include "feed.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define LIMIT ((size_t)900 * 1024)

static struct capture capture;
static struct feed feed;

static void begin(size_t limit)
{
    capture_init(&capture);
    feed_start(&feed, markdown_sink_new(&capture.out, limit), 4);
}

static void teardown(void)
{
    feed_clear(&feed);
    capture_clear(&capture);
}
TestSuite(markdown, .fini = teardown);

static const char *page(void)
{
    feed_flush(&feed);
    return text_string(&capture.replaced);
}

static void fail_with(size_t suite, const char *name, const char *message, const char *body)
{
    struct test_case cases[] = {case_failed(name, message)};
    cases[0].body = body;
    struct report report = report_of(cases, 1);
    feed_suite(&feed, suite, OUTCOME_FAILED, "1 test failed", &report);
}

Test(markdown, the_verdict_comes_first_then_failures_then_flaky_then_slow)
{
    begin(LIMIT);
    struct test_case bad = case_failed("test_pays", "boom");
    struct test_case good = case_passed("test_pays");
    struct report first = report_of(&bad, 1), second = report_of(&good, 1);
    feed_attempt_start(&feed, 0, 1);
    feed_attempt_end(&feed, 0, 1, OUTCOME_FAILED, NULL, &first);
    feed_attempt_start(&feed, 0, 2);
    feed_attempt_end(&feed, 0, 2, OUTCOME_PASSED, NULL, &second);
    feed_suite_end(&feed, 0, 2, OUTCOME_PASSED, NULL);
    fail_with(1, "test_total", "assert 30 == 27", "Traceback");
    feed_suite(&feed, 2, OUTCOME_INFRA, "no account", NULL);
    feed_suite_end(&feed, 3, 0, OUTCOME_CANCELLED, "stopped");
    feed_end(&feed, 1);
    const char *order[] = {"<h3>❌ <code>storefront</code>: 3 of 4 suites did not pass</h3>",
                           "<h4>Failures (1)</h4>",
                           "<code>test_total</code>: <code>assert 30 == 27</code>",
                           "reproduce: <code>itrun run api/order --seed 42 --test "
                           "tests.api.test_cart.TestCart::test_total</code>",
                           "<h4>Infrastructure: nobody's test (1)</h4>",
                           "no account",
                           "<h4>Not finished (1)</h4>",
                           "<h4>Flaky: failed, then passed (1)</h4>",
                           "The 3 slowest suites"};
    const char *at = page();
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        const char *found = strstr(at, order[i]);
        cr_assert(found != NULL, "%s is not where it belongs in\n%s", order[i], page());
        at = found;
    }
}

Test(markdown, a_good_run_says_so_in_one_line)
{
    begin(LIMIT);
    for (size_t i = 0; i < 4; i++) {
        feed_suite(&feed, i, OUTCOME_PASSED, NULL, NULL);
    }
    feed_end(&feed, 0);
    cr_assert(strstr(page(), "<h3>✅ <code>storefront</code>: all 4 suites passed</h3>") != NULL);
    cr_assert(strstr(page(), "Failures") == NULL);
}

Test(markdown, output_cannot_leave_its_fence)
{
    begin(LIMIT);
    fail_with(0, "t", "m", "a\n```\n# heading\n`````\n@octocat #12 ![x](http://evil/x.png)\n");
    cr_assert(strstr(page(), "\n``````text\na\n```\n# heading\n`````\n@octocat") != NULL, "%s", page());
    cr_assert_eq(count_of(page(), "\n``````"), 2);
}

Test(markdown, names_cannot_leave_their_code)
{
    begin(LIMIT);
    fail_with(0, "</code><img src=x onerror=y>\n\n# @octocat", "</summary>\n\n![i](http://e)", "x");
    cr_assert(strstr(page(), "<img") == NULL);
    cr_assert(strstr(page(), "<code>&lt;/code&gt;&lt;img src=x onerror=y&gt; # @octocat</code>") != NULL,
              "%s", page());
    cr_assert(strstr(page(), "<code>&lt;/summary&gt;</code></summary>") != NULL, "%s", page());
}

Test(markdown, the_page_keeps_its_limit_and_counts_what_it_left_out)
{
    size_t limit = (size_t)24 * 1024;
    struct test_case cases[500];
    char names[500][16], body[1024];
    memset(body, 'x', sizeof body - 1);
    body[sizeof body - 1] = '\0';
    begin(limit);
    for (size_t i = 0; i < 500; i++) {
        snprintf(names[i], sizeof names[i], "test_%03zu", i);
        cases[i] = case_failed(names[i], "boom");
        cases[i].body = body;
    }
    struct report report = report_of(cases, 500);
    feed_suite(&feed, 0, OUTCOME_FAILED, NULL, &report);
    feed_end(&feed, 1);
    const char *text = page();
    size_t shown = count_of(text, "<details><summary>✗ <code>api/cart");
    cr_assert_leq(capture.replaced.length, limit);
    cr_assert_gt(capture.replaced.length, limit - 2048);
    cr_assert(shown > 10 && shown < 30, "%zu are shown", shown);
    char counted[64];
    snprintf(counted, sizeof counted, "<b>and %zu more</b>", 500 - shown);
    cr_assert(strstr(text, counted) != NULL, "%s", counted);
    cr_assert(strstr(text, "Failures (500)") != NULL);
}

Test(markdown, a_page_with_no_room_is_empty_rather_than_torn)
{
    begin(100);
    fail_with(0, "t", "m", "x");
    page();
    cr_assert_eq(capture.replaced.length, 0);
    cr_assert_eq(capture.replace_count, 1);
}
