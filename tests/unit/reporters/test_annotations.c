#include "feed.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct capture capture;
static struct feed feed;

static void begin(const char *folder, const char *token)
{
    capture_init(&capture);
    const struct annotations_options options = {.folder = folder, .stop_token = token};
    feed_start(&feed, annotations_sink_new(&capture.out, &options), 4);
}

static void teardown(void)
{
    feed_clear(&feed);
    capture_clear(&capture);
}
TestSuite(annotations, .fini = teardown);

static const char *fail(struct test_case *cases, size_t count)
{
    struct report report = report_of(cases, count);
    feed_suite(&feed, 0, OUTCOME_FAILED, NULL, &report);
    feed_end(&feed, 1);
    return text_string(&capture.appended);
}

Test(annotations, a_failure_stands_beside_its_line)
{
    begin("services/shop", NULL);
    struct test_case one = case_failed("test_total", "assert 30 == 27");
    one.file = "tests/cart.py";
    one.line = 12;
    cr_assert_str_eq(fail(&one, 1),
                     "::error file=services/shop/tests/cart.py,line=12,title=api/cart%3A test_total::"
                     "assert 30 == 27%0Areproduce: itrun run api/cart --seed 42 "
                     "--test tests.api.test_cart.TestCart::test_total\n");
}

Test(annotations, without_a_line_the_suites_file_is_named)
{
    begin("", NULL);
    struct test_case one = case_failed("test_total", "boom");
    cr_assert(string_starts_with(fail(&one, 1), "::error file=tests/api/cart.py,title="), "%s",
              text_string(&capture.appended));
}

Test(annotations, of_more_than_nine_the_tenth_says_how_many)
{
    struct test_case cases[25];
    char names[25][16];
    begin("", NULL);
    for (size_t i = 0; i < 25; i++) {
        snprintf(names[i], sizeof names[i], "test_%zu", i);
        cases[i] = case_failed(names[i], "boom");
    }
    const char *text = fail(cases, 25);
    cr_assert_eq(count_of(text, "::error "), 10);
    cr_assert(strstr(text, "::error title=itrun::and 16 more failures") != NULL, "%s", text);
}

Test(annotations, a_name_cannot_become_a_second_command)
{
    begin("", "0123456789abcdef0123456789abcdef");
    struct test_case one =
        case_failed("x,line=1::\n::add-mask::main", "y\r\n::stop-commands::a\n##[add-matcher]/tmp/m.json");
    one.file = "a,b:c.py";
    const char *text = fail(&one, 1);
    cr_assert_eq(count_of(text, "\n"), 3, "%s", text);
    cr_assert(string_starts_with(text, "::0123456789abcdef0123456789abcdef::\n::error file=a%2Cb%3Ac.py,"),
              "%s", text);
    cr_assert(string_ends_with(text, "\n::stop-commands::0123456789abcdef0123456789abcdef\n"), "%s", text);
}

Test(annotations, a_good_run_says_nothing)
{
    begin("", "0123456789abcdef0123456789abcdef");
    feed_suite(&feed, 0, OUTCOME_PASSED, NULL, NULL);
    feed_end(&feed, 0);
    cr_assert_eq(capture.appended.length, 0);
}
