#include "feed.h"
#include "itrun/base/xml.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct capture capture;
static struct feed feed;

static void setup(void)
{
    capture_init(&capture);
    feed_start(&feed, junit_sink_new(&capture.out), 2);
}

static void teardown(void)
{
    feed_clear(&feed);
    capture_clear(&capture);
}
TestSuite(junit, .init = setup, .fini = teardown);

static const char *xml(void)
{
    feed_flush(&feed);
    return text_string(&capture.replaced);
}

#define HAS(needle)     cr_assert(strstr(xml(), needle) != NULL, "'%s' is not in:\n%s", needle, xml())
#define HAS_NOT(needle) cr_assert(strstr(xml(), needle) == NULL, "'%s' is in:\n%s", needle, xml())

static void ignore_start(void *context, const char *name, const char *const *attributes)
{
    (void)attributes;
    size_t *count = context;
    *count += strcmp(name, "testcase") == 0;
}

static void ignore_end(void *context, const char *name)
{
    (void)context;
    (void)name;
}

/* Well-formed, and how many test cases. */
static size_t parsed_cases(void)
{
    size_t count = 0;
    struct xml_handler handler = {.context = &count, .start = ignore_start, .end = ignore_end};
    struct xml_reader *reader = xml_reader_new(&handler);
    struct error error;
    error_clear(&error);
    const char *bytes = xml();
    cr_assert(xml_reader_feed(reader, bytes, strlen(bytes), true, &error), "%s %s\n%s", error.where,
              error.what, bytes);
    xml_reader_free(reader);
    return count;
}

Test(junit, a_passing_case_is_one_empty_element)
{
    struct test_case cases[] = {case_passed("adds item")};
    cases[0].output = "chatter";
    struct report report = report_of(cases, 1);
    feed_suite(&feed, 0, OUTCOME_PASSED, NULL, &report);
    HAS("<testcase classname=\"api.tests.api.test_cart.TestCart\" name=\"adds item\" "
        "file=\"tests/api/cart.py\" "
        "time=\"0.250\"/>");
    HAS_NOT("chatter");
}

Test(junit, the_header_adds_up_its_suites)
{
    struct test_case cases[] = {case_passed("a"), case_failed("b", "no"), case_passed("c")};
    struct report report = report_of(cases, 3);
    feed_suite(&feed, 0, OUTCOME_FAILED, "1 of 3 test cases failed", &report);
    feed_suite(&feed, 1, OUTCOME_SKIPPED, "does not apply", NULL);
    feed_end(&feed, 1);
    HAS("<testsuites name=\"itrun\" tests=\"4\" failures=\"1\" errors=\"0\" skipped=\"1\" time=\"3.000\" "
        "timestamp=\"2025-11-24T16:00:00.000Z\">");
    HAS("<testsuite name=\"api/cart\" tests=\"3\" failures=\"1\" errors=\"0\" skipped=\"0\" time=\"1.500\" "
        "timestamp=\"2025-11-24T16:00:00.000Z\" hostname=\"shard-01\">");
    cr_assert_eq(parsed_cases(), 4);
}

Test(junit, a_failure_has_message_type_body_repro_and_output)
{
    struct test_case cases[] = {case_failed("b", "expected 200")};
    struct report report = report_of(cases, 1);
    feed_suite(&feed, 0, OUTCOME_FAILED, "1 of 1", &report);
    HAS("<failure message=\"expected 200\" type=\"AssertionError\"><![CDATA[Traceback\n  assert 1 == 2\n\n"
        "reproduce: itrun run api/cart --seed 42 --test tests.api.test_cart.TestCart::b]]></failure>"
        "<system-out><![CDATA[printed by the test]]></system-out>");
    HAS_NOT("[itrun] suite result\" file=\"tests/api/cart.py");
}

Test(junit, message_and_type_are_there_even_when_the_framework_gave_none)
{
    struct test_case cases[] = {{.classname = "", .name = "x", .status = CASE_FAILED}};
    struct report report = report_of(cases, 1);
    feed_suite(&feed, 0, OUTCOME_FAILED, NULL, &report);
    HAS("<failure message=\"failed\" type=\"failed\">");
}

Test(junit, a_suite_without_cases_speaks_by_one_synthetic_case)
{
    feed_suite(&feed, 0, OUTCOME_PASSED, NULL, NULL);
    feed_suite(&feed, 1, OUTCOME_ERROR, "no report was written, exit status 3", NULL);
    HAS("<testcase classname=\"api.tests.api.cart\" name=\"[itrun] suite result\" file=\"tests/api/cart.py\" "
        "time=\"1.500\"/>");
    HAS("<error message=\"no report was written, exit status 3\" type=\"error\"><![CDATA[line one\nline "
        "two\n\n"
        "(whole output: suites/s/1/output.log)\n\nreproduce: itrun run api/order --seed 42]]></error>");
}

Test(junit, a_timeout_behind_passing_cases_is_not_green)
{
    struct test_case cases[] = {case_passed("a")};
    struct report report = report_of(cases, 1);
    feed_suite(&feed, 0, OUTCOME_TIMEOUT, "took longer than 5m", &report);
    HAS("tests=\"2\" failures=\"0\" errors=\"1\"");
    HAS("name=\"[itrun] suite result\" file=\"tests/api/cart.py\" time=\"1.250\"><error message=\"took "
        "longer than 5m\" "
        "type=\"timeout\">");
}

Test(junit, suites_without_an_outcome_are_lost_and_cancelled_ones_skipped)
{
    feed_suite_end(&feed, 0, 0, OUTCOME_CANCELLED, "the run was stopped");
    HAS("<skipped message=\"the run was stopped\" type=\"cancelled\"><![CDATA[the run was "
        "stopped]]></skipped>");
    HAS("<error message=\"no outcome was recorded\" type=\"lost\">");
    HAS("tests=\"2\" failures=\"0\" errors=\"1\" skipped=\"1\"");
}

Test(junit, a_flaky_pass_shows_its_failure_without_being_red)
{
    struct test_case first[] = {case_failed("a", "flake"), case_passed("b")};
    struct test_case second[] = {case_passed("a"), case_passed("b")};
    struct report reports[] = {report_of(first, 2), report_of(second, 2)};
    feed_attempt_start(&feed, 0, 1);
    feed_attempt_end(&feed, 0, 1, OUTCOME_FAILED, NULL, &reports[0]);
    feed_attempt_start(&feed, 0, 2);
    feed_attempt_end(&feed, 0, 2, OUTCOME_PASSED, NULL, &reports[1]);
    feed_suite_end(&feed, 0, 2, OUTCOME_PASSED, NULL);
    HAS("tests=\"2\" failures=\"0\" errors=\"0\" skipped=\"0\" flakes=\"1\"");
    HAS("<flakyFailure message=\"flake\" type=\"AssertionError\"><stackTrace><![CDATA[Traceback\n  assert 1 "
        "== 2]]>"
        "</stackTrace><system-out><![CDATA[printed by the test]]></system-out></flakyFailure></testcase>");
    HAS("<property name=\"itrun.attempts\" value=\"2\"/>");
}

Test(junit, a_failure_that_stays_is_the_first_and_rerun_failures)
{
    struct test_case first[] = {case_failed("a", "first")};
    struct test_case second[] = {case_failed("a", "second")};
    struct report reports[] = {report_of(first, 1), report_of(second, 1)};
    for (int i = 0; i < 2; i++) {
        feed_attempt_start(&feed, 0, i + 1);
        feed_attempt_end(&feed, 0, i + 1, OUTCOME_FAILED, NULL, &reports[i]);
    }
    feed_suite_end(&feed, 0, 2, OUTCOME_FAILED, NULL);
    HAS("<failure message=\"first\"");
    HAS("<rerunFailure message=\"second\"");
    cr_assert_eq(parsed_cases(), 2); /* the other suite's is its lost one */
}

Test(junit, properties_carry_what_names_must_not)
{
    feed_suite(&feed, 1, OUTCOME_PASSED, NULL, NULL);
    HAS("<properties><property name=\"itrun.suite\" value=\"api/order\"/>"
        "<property name=\"itrun.shard\" value=\"2\"/><property name=\"dd_tags[itrun.shard]\" value=\"2\"/>"
        "<property name=\"itrun.account\" value=\"account-002\"/>"
        "<property name=\"itrun.attempts\" value=\"1\"/>"
        "<property name=\"itrun.seed\" value=\"18446744073709551615\"/>"
        "<property name=\"itrun.output\" value=\"suites/s/1/output.log\"/></properties>");
}

Test(junit, classnames_have_dots_and_no_extension_that_names_a_framework)
{
    struct test_case cases[] = {case_passed("a")};
    cases[0].classname = "tests/web/cart.test.js";
    cases[0].file = "tests/web/cart.test.js";
    cases[0].line = 41;
    struct report report = report_of(cases, 1);
    feed_suite(&feed, 0, OUTCOME_PASSED, NULL, &report);
    HAS("classname=\"api.tests.web.cart.test\" name=\"a\" file=\"tests/web/cart.test.js\" line=\"41\"");
    HAS_NOT(".py\" name=");
}

Test(junit, whatever_a_test_prints_the_file_stays_well_formed)
{
    struct test_case cases[] = {case_failed("a\x01\"<&>\n", "\x1b[31mred\x1b[0m ]]> \xff\xfe")};
    cases[0].body = "]]> and <b> & \x1b]52;c;AAAA\x07 \xf0\x9f\x98\x80 \xef\xbf\xbe";
    cases[0].output = "\x00";
    struct report report = report_of(cases, 1);
    feed_suite(&feed, 0, OUTCOME_FAILED, NULL, &report);
    cr_assert_eq(parsed_cases(), 2);
    HAS("name=\"a&quot;&lt;&amp;&gt;&#10;\"");
    HAS("message=\"red ]]&gt;");
    HAS("\xf0\x9f\x98\x80");
    HAS_NOT("AAAA");
}

Test(junit, long_names_are_cut_and_stay_different)
{
    char long_a[1200], long_b[1200];
    memset(long_a, 'n', sizeof long_a - 1);
    memset(long_b, 'n', sizeof long_b - 1);
    long_a[1199] = long_b[1199] = '\0';
    long_b[1198] = 'x';
    struct test_case cases[] = {case_passed(long_a), case_passed(long_b)};
    struct report report = report_of(cases, 2);
    feed_suite(&feed, 0, OUTCOME_PASSED, NULL, &report);
    const char *first = strstr(xml(), " name=\"nnn");
    const char *second = strstr(first + 1, " name=\"nnn");
    size_t length = strcspn(first + 7, "\"");
    cr_assert_lt(length, 900);
    cr_assert_eq(first[7 + length - 9], '~');
    cr_assert(strncmp(first, second, length + 7) != 0);
}

Test(junit, huge_bodies_keep_head_and_tail)
{
    size_t size = 200000;
    char *body = memory_new(size + 1);
    memset(body, 'm', size);
    memcpy(body, "HEAD", 4);
    memcpy(body + size - 4, "TAIL", 4);
    struct test_case cases[] = {case_failed("a", "long")};
    cases[0].body = body;
    struct report report = report_of(cases, 1);
    feed_suite(&feed, 0, OUTCOME_FAILED, NULL, &report);
    HAS("[134464 bytes cut, see suites/s/1/output.log]");
    HAS("HEADmmm");
    HAS("mmmTAIL");
    cr_assert_lt(capture.replaced.length, 80000);
    memory_free(body);
}

Test(junit, the_journal_gives_the_bytes_of_the_live_run)
{
    struct test_case cases[] = {case_passed("a"), case_failed("b", "no")};
    struct report report = report_of(cases, 2);
    feed_suite(&feed, 1, OUTCOME_FAILED, "1 of 2", &report);
    feed_suite(&feed, 0, OUTCOME_PASSED, NULL, NULL);
    feed_end(&feed, 1);
    char *live = memory_copy_string(xml());
    struct capture again;
    capture_init(&again);
    struct sink *sink = junit_sink_new(&again.out);
    struct error error;
    error_clear(&error);
    cr_assert(events_read(feed.journal.bytes, feed.journal.length, (event_visit *)sink->on_event, sink, NULL,
                          &error),
              "%s", error.what);
    cr_assert(sink->flush(sink, &error));
    cr_assert_str_eq(text_string(&again.replaced), live);
    sink->free(sink);
    capture_clear(&again);
    memory_free(live);
}

Test(junit, nothing_is_written_when_nothing_changed_and_again_after_a_failed_write)
{
    feed_flush(&feed);
    feed_flush(&feed);
    cr_assert_eq(capture.replace_count, 1);
    feed_suite(&feed, 0, OUTCOME_PASSED, NULL, NULL);
    struct error error;
    capture.is_broken = true;
    cr_assert(!feed.sink->flush(feed.sink, &error));
    cr_assert_eq(error.kind, ERROR_IO);
    capture.is_broken = false;
    feed_flush(&feed);
    cr_assert_eq(capture.replace_count, 2);
}

Test(junit, suites_stand_in_the_order_of_announcement)
{
    feed_suite(&feed, 1, OUTCOME_PASSED, NULL, NULL);
    feed_suite(&feed, 0, OUTCOME_PASSED, NULL, NULL);
    const char *bytes = xml();
    cr_assert_lt(strstr(bytes, "\"api/cart\""), strstr(bytes, "\"api/order\""));
}

Test(junit, names_are_stable_and_the_raw_one_stands_beside)
{
    struct test_case cases[] = {case_passed("pays[0b7f1c2e-31a7-4d0e-9a55-0c8f2f6a1b3d]"),
                                case_passed("pays[9c1d2f3a-77b1-4c0e-8a11-aa8f2f6a1b3d]"), case_passed("b")};
    struct report report = report_of(cases, 3);
    feed_suite(&feed, 0, OUTCOME_PASSED, NULL, &report);
    HAS("name=\"pays[&lt;uuid&gt;]\" file=\"tests/api/cart.py\" time=\"0.250\"><properties>"
        "<property name=\"itrun.name\" "
        "value=\"pays[0b7f1c2e-31a7-4d0e-9a55-0c8f2f6a1b3d]\"/></properties></testcase>");
    HAS("name=\"pays[&lt;uuid&gt;] #2\"");
    HAS("name=\"b\" file=\"tests/api/cart.py\" time=\"0.250\"/>");
}

Test(junit, suite_names_do_not_let_codecov_guess_a_framework)
{
    static const char *const names[] = {"jest/src/cart", "Pytest", "jester", "e2e-vitest/a", "phpunit9"};
    static const char *const expected[] = {"jests/src/cart", "Pytests", "jester", "e2e-vitests/a",
                                           "phpunit9"};
    feed_clear(&feed);
    feed = (struct feed){.sink = junit_sink_new(&capture.out)};
    feed_plan(&feed, names, 5);
    for (size_t i = 0; i < 5; i++) {
        char tag[100];
        snprintf(tag, sizeof tag, " <testsuite name=\"%s\"", expected[i]);
        HAS(tag);
        snprintf(tag, sizeof tag, "<property name=\"itrun.suite\" value=\"%s\"/>", names[i]);
        HAS(tag);
    }
}

Test(junit, a_name_is_cut_by_the_bytes_that_it_takes_escaped)
{
    char quotes[801];
    memset(quotes, '"', 800);
    quotes[800] = '\0';
    struct test_case cases[] = {case_passed(quotes)};
    struct report report = report_of(cases, 1);
    feed_suite(&feed, 0, OUTCOME_PASSED, NULL, &report);
    const char *name = strstr(xml(), " name=\"&quot;");
    cr_assert_leq(strcspn(name + 7, "\""), 900);
    cr_assert_eq(name[7 + strcspn(name + 7, "\"") - 9], '~');
}

Test(junit, a_file_that_leaves_no_room_for_the_name_is_not_said)
{
    char path[960];
    memset(path, 'p', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    struct test_case cases[] = {case_passed("a"), case_passed("b")};
    cases[0].file = path;
    struct report report = report_of(cases, 2);
    feed_suite(&feed, 0, OUTCOME_PASSED, NULL, &report);
    HAS_NOT("ppppp");
    HAS("name=\"b\" file=\"tests/api/cart.py\"");
}

Test(junit, the_strict_dialect_says_nothing_that_its_schema_does_not_know)
{
    struct test_case first[] = {case_failed("a", "flake"), case_passed("at 2026-11-24T14:44:25Z")};
    struct test_case second[] = {case_passed("a"), case_passed("at 2026-11-25T09:00:00Z")};
    first[0].file = second[0].file = "tests/cart.py";
    first[0].line = second[0].line = 4;
    struct report reports[] = {report_of(first, 2), report_of(second, 2)};
    feed_clear(&feed);
    feed_start(&feed, junit_strict_sink_new(&capture.out), 1);
    for (int i = 0; i < 2; i++) {
        feed_attempt_start(&feed, 0, i + 1);
        feed_attempt_end(&feed, 0, i + 1, i == 0 ? OUTCOME_FAILED : OUTCOME_PASSED, NULL, &reports[i]);
    }
    feed_suite_end(&feed, 0, 2, OUTCOME_PASSED, NULL);
    HAS("<testsuites name=\"itrun\" tests=\"2\" failures=\"0\" errors=\"0\" time=\"0.000\">");
    HAS("name=\"a\" time=\"0.250\"><flakyFailure message=\"flake\" type=\"AssertionError\">");
    HAS("<property name=\"itrun.name[at &lt;time&gt;]\" value=\"at 2026-11-25T09:00:00Z\"/></properties>\n  "
        "<testcase");
    HAS("name=\"at &lt;time&gt;\" time=\"0.250\"/>");
    HAS_NOT("flakes=");
    HAS_NOT("file=");
}
