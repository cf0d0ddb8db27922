#include "../../../reporters/html/markup.h"
#include "../../../reporters/html/page_assets.h"
#include "feed.h"
#include "itrun/base/memory.h"
#include <criterion/criterion.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>

static struct capture capture;
static struct feed feed;

static void setup(void)
{
    capture_init(&capture);
    feed_start(&feed, html_sink_new(&capture.out), 3);
}

static void teardown(void)
{
    feed_clear(&feed);
    capture_clear(&capture);
}
TestSuite(html, .init = setup, .fini = teardown);

static const char *page(void)
{
    feed_flush(&feed);
    return text_string(&capture.replaced);
}

#define HAS(part)     cr_assert(strstr(page(), part) != NULL, "'%s' is not in the page", part)
#define HAS_NOT(part) cr_assert(strstr(page(), part) == NULL, "'%s' is in the page", part)

Test(html, the_plain_page_names_test_fault_and_command)
{
    struct test_case cases[] = {case_passed("a"), case_failed("adds an item", "3 is not 4")};
    struct report report = report_of(cases, 2);
    feed_suite(&feed, 0, OUTCOME_FAILED, "1 of 2 test cases failed", &report);
    feed_suite(&feed, 1, OUTCOME_INFRA, "Throttling: Rate exceeded", NULL);
    feed_suite(&feed, 2, OUTCOME_PASSED, NULL, NULL);
    feed_end(&feed, 1);
    HAS("<h1 class=\"verdict failed\">Failed</h1>");
    HAS("2 bad results in 2 of 3 suites. Tests failed. Exit code 1.");
    HAS("adds an item</h4>");
    HAS("<pre class=\"message\">AssertionError: 3 is not 4</pre>");
    HAS("<h3>Your tests <span>1</span></h3>");
    HAS("<h3>The account <span>1</span></h3>");
    HAS("Throttling: Rate exceeded");
    HAS("<code>itrun run ");
}

Test(html, a_stack_that_fails_is_told_once_and_blamed_on_the_deploy)
{
    for (size_t i = 0; i < 3; i++) {
        feed_suite_end(&feed, i, 0, OUTCOME_ERROR, "orders: no such queue");
    }
    feed_end(&feed, 1);
    HAS("<h3>The deploy <span>3</span></h3>");
    HAS("the same in 2 more suites");
    cr_assert_eq(count_of(page(), "orders: no such queue"), 1);
}

Test(html, suites_without_an_outcome_are_lost_and_their_shards_named)
{
    feed_suite(&feed, 0, OUTCOME_PASSED, NULL, NULL);
    HAS("<h1 class=\"verdict lost\">Incomplete</h1>");
    HAS("The journal ends before the run does");
    HAS("<h2>Lost shards <span>");
    HAS("<h3>Lost <span>2</span></h3>");
}

Test(html, a_flake_is_told_apart)
{
    struct test_case bad[] = {case_failed("adds", "late")};
    struct test_case good[] = {case_passed("adds")};
    struct report first = report_of(bad, 1);
    struct report second = report_of(good, 1);
    feed_attempt_start(&feed, 0, 1);
    feed_attempt_end(&feed, 0, 1, OUTCOME_FAILED, "1 failed", &first);
    feed_attempt_start(&feed, 0, 2);
    feed_attempt_end(&feed, 0, 2, OUTCOME_PASSED, NULL, &second);
    feed_suite_end(&feed, 0, 2, OUTCOME_PASSED, NULL);
    HAS("<h3>Flakes <span>1</span></h3>");
    HAS("<pre class=\"message\">AssertionError: late</pre>");
}

Test(html, fifty_failures_are_plain_and_the_rest_is_counted)
{
    struct test_case cases[70];
    char names[70][8];
    for (size_t i = 0; i < 70; i++) {
        snprintf(names[i], sizeof names[i], "t%zu", i);
        cases[i] = case_failed(names[i], "no");
    }
    struct report report = report_of(cases, 70);
    feed_suite(&feed, 0, OUTCOME_FAILED, "70 of 70", &report);
    for (size_t i = 1; i < 3; i++) {
        feed_suite(&feed, i, OUTCOME_PASSED, NULL, NULL);
    }
    feed_end(&feed, 1);
    cr_assert_eq(count_of(page(), "<article class=\"failure\""), 50);
    HAS("and 20 more: summary.json and junit.xml hold them all");
}

Test(html, a_plan_cut_off_names_its_shards_too)
{
    struct capture cut;
    capture_init(&cut);
    struct sink *sink = html_sink_new(&cut.out);
    struct error error = {0};
    struct event events[] = {{.type = EVENT_RUN_STARTED, .suite = NO_INDEX, .run = "r"},
                             {.type = EVENT_SUITE_PLANNED, .suite = 0, .suite_name = "api", .shard = 7}};
    cr_assert(sink->on_event(sink, &events[0], &error) && sink->on_event(sink, &events[1], &error));
    cr_assert(sink->flush(sink, &error));
    cr_assert(strstr(text_string(&cut.replaced), "<li>shard 7: 1 suite without outcome: api</li>") != NULL);
    sink->free(sink);
    capture_clear(&cut);
}

Test(html, ten_thousand_cases_stay_below_ten_megabytes)
{
    enum { EACH = 3400 };
    static struct test_case cases[EACH];
    static char names[EACH][64];
    for (size_t i = 0; i < EACH; i++) {
        snprintf(names[i], sizeof names[i], "test_of_a_name_as_long_as_they_mostly_are[%zu]", i);
        cases[i] = i % 10 == 0 ? case_failed(names[i], "expected 200, got 503") : case_passed(names[i]);
    }
    struct report report = report_of(cases, EACH);
    size_t before = mallinfo2().uordblks;
    for (size_t i = 0; i < 3; i++) {
        feed_suite(&feed, i, OUTCOME_FAILED, "some of them", &report);
    }
    feed_end(&feed, 1);
    size_t journal = feed.journal.capacity;
    size_t held = mallinfo2().uordblks - before;
    cr_assert_lt(held, journal + 10000000, "%zu bytes, %zu of them the test's own", held, journal);
    cr_assert_lt(strlen(page()), 3000000);
}

Test(html, what_a_test_says_stays_text)
{
    struct test_case cases[] = {
        case_failed("</script><script>x</script>", "<img src=x onerror=y> {{data}} \xE2\x80\xAE")};
    struct report report = report_of(cases, 1);
    feed_suite(&feed, 0, OUTCOME_FAILED, "1 of 1", &report);
    HAS("&lt;/script&gt;&lt;script&gt;x&lt;/script&gt;");
    HAS("&lt;img src=x onerror=y&gt; {{data}} ");
    HAS_NOT("<script>x");
    HAS_NOT("\xE2\x80\xAE");
    cr_assert_eq(count_of(page(), "<script"), 2);
}

Test(html, the_policy_allows_nothing_but_the_page_itself)
{
    HAS("content=\"default-src 'none'; base-uri 'none'; form-action 'none'; img-src data:; script-src "
        "'sha256-");
    HAS_NOT("unsafe-inline");
    HAS_NOT("http://");
    cr_assert(strstr(page_script, "fetch(") == NULL && strstr(page_script, "innerHTML") == NULL);
}

Test(html, the_journal_gives_the_same_bytes_again)
{
    struct test_case cases[] = {case_passed("a"), case_failed("b", "no")};
    struct report report = report_of(cases, 2);
    feed_suite(&feed, 0, OUTCOME_FAILED, "1 of 2", &report);
    feed_suite(&feed, 2, OUTCOME_PASSED, NULL, NULL);
    feed_end(&feed, 6);
    struct capture again;
    capture_init(&again);
    struct sink *sink = html_sink_new(&again.out);
    struct arena *arena = arena_new();
    struct error error = {0};
    const char *line = text_string(&feed.journal);
    for (const char *end = strchr(line, '\n'); end != NULL; line = end + 1, end = strchr(line, '\n')) {
        struct event event;
        cr_assert(event_decode(line, (size_t)(end - line), arena, &event, &error), "%s", error.what);
        cr_assert(sink->on_event(sink, &event, &error), "%s", error.what);
    }
    cr_assert(sink->flush(sink, &error));
    cr_assert_str_eq(text_string(&again.replaced), page());
    sink->free(sink);
    arena_free(arena);
    capture_clear(&again);
}

Test(html, it_is_written_at_the_end_alone)
{
    cr_assert(feed.sink->writes_only_at_end, "three megabytes every five seconds");
    page();
    page();
    cr_assert_eq(capture.replace_count, 1, "nothing changed in between");
}

Test(markup, escapes_what_ends_an_element_or_an_attribute)
{
    struct text text = {0};
    markup_append(&text, "<a b=\"c\" d='e'>&");
    cr_assert_str_eq(text_string(&text), "&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;");
    text_clear(&text);
}

Test(markup, drops_what_turns_writing_round_and_breaks_lines_unseen)
{
    struct text text = {0};
    markup_append_clean(&text,
                        "a\xE2\x80\xAE"
                        "b\xE2\x80\xA8"
                        "c\xE2\x81\xA9"
                        "d\nf\x1b[31mg",
                        100);
    cr_assert_str_eq(text_string(&text), "abcd\nfg");
    text_clear(&text);
}

Test(markup, a_line_holds_no_unseen_break)
{
    struct text text = {0};
    markup_append_line(&text,
                       "a\nb\xE2\x80\xA8"
                       "c\xE2\x80\xA9",
                       100);
    cr_assert_str_eq(text_string(&text), "a bc");
    text_clear(&text);
}

Test(markup, leaves_out_the_middle_between_characters)
{
    struct text text = {0};
    markup_append_clean(&text, "äöüäöüäöüäöüäöüäöü", 16);
    cr_assert_str_eq(text_string(&text), "äö\n… 22 bytes left out …\nöüäöü");
    text_clear(&text);
}

Test(markup, a_path_becomes_no_scheme)
{
    struct text text = {0};
    markup_append_path(&text, "javascript:x y/\"z\"");
    cr_assert_str_eq(text_string(&text), "./javascript%3Ax%20y/%22z%22");
    text_clear(&text);
}

Test(markup, anchors_follow_the_name_alone)
{
    char first[ANCHOR_SIZE];
    char second[ANCHOR_SIZE];
    markup_anchor("api", "Cart", "adds", first);
    markup_anchor("api", "Cart", "adds", second);
    cr_assert_str_eq(first, second);
    markup_anchor("api", "Carta", "dds", second);
    cr_assert_str_neq(first, second);
    cr_assert_eq(strlen(first), ANCHOR_SIZE - 1);
}
