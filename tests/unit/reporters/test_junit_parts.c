#include "feed.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

/* What one file may hold: as in junit_suite.h, said again so that a change there is noticed. */
#define MOST_CASES 5000
#define MOST_BYTES 25000000

static struct capture capture;
static struct feed feed;

static void setup(void)
{
    capture_init(&capture);
    feed_start(&feed, junit_sink_new(&capture.out), 4);
}

static void teardown(void)
{
    feed_clear(&feed);
    capture_clear(&capture);
}
TestSuite(junit_parts, .init = setup, .fini = teardown);

static void finish_with(size_t suite, size_t case_count, const char *body)
{
    struct test_case *cases = memory_new(case_count * sizeof *cases);
    char(*names)[48] = memory_new(case_count * sizeof *names);
    for (size_t i = 0; i < case_count; i++) {
        snprintf(names[i], sizeof names[i], "case %zu of %zu", i, suite);
        cases[i] = body != NULL ? case_failed(names[i], "no") : case_passed(names[i]);
        cases[i].body = body;
    }
    struct report report = report_of(cases, case_count);
    feed_suite(&feed, suite, body != NULL ? OUTCOME_FAILED : OUTCOME_PASSED, NULL, &report);
    memory_free(cases);
    memory_free(names);
}

static const struct text *part(size_t index)
{
    return index == 0 ? &capture.replaced : &capture.parts[index];
}

static size_t cases_in(size_t index)
{
    return count_of(text_string(part(index)), "<testcase ");
}

#define PART_HAS(index, needle)                                                                              \
    cr_assert(strstr(text_string(part(index)), needle) != NULL, "'%s' is not in part %d:\n%.600s", needle,   \
              (int)(index) + 1, text_string(part(index)))

Test(junit_parts, five_thousand_cases_fit_into_one_file)
{
    finish_with(0, 4997, NULL); /* and three suites that are lost so far */
    feed_flush(&feed);
    cr_assert_eq(capture.part_count, 1);
    cr_assert_eq(cases_in(0), MOST_CASES);
}

Test(junit_parts, the_suite_that_would_overflow_a_file_begins_the_next_one_whole)
{
    finish_with(0, 3000, NULL);
    finish_with(1, 2001, NULL);
    finish_with(2, 2000, NULL);
    feed_flush(&feed);
    cr_assert_eq(capture.part_count, 2);
    cr_assert_eq(cases_in(0), 3000);
    cr_assert_eq(cases_in(1), 2001 + 2000 + 1);
    PART_HAS(0, "<testsuites name=\"itrun\" tests=\"3000\"");
    PART_HAS(1, "<testsuites name=\"itrun, part 2\" tests=\"4002\" failures=\"0\" errors=\"1\"");
    PART_HAS(1, "</testsuite>\n</testsuites>\n");
}

Test(junit_parts, each_says_how_long_its_own_suites_took)
{
    finish_with(0, 3000, NULL); /* 1.5 s each, one after the other */
    finish_with(1, 3000, NULL);
    finish_with(2, 1000, NULL);
    finish_with(3, 1, NULL);
    feed_end(&feed, 0);
    feed_flush(&feed);
    PART_HAS(0, "skipped=\"0\" time=\"1.500\" timestamp=\"2025-11-24T16:00:00.000Z\">");
    PART_HAS(1, "skipped=\"0\" time=\"4.500\" timestamp=\"2025-11-24T16:00:01.500Z\">");
}

Test(junit_parts, a_suite_that_alone_is_too_large_is_cut_and_each_piece_says_whose_it_is)
{
    finish_with(0, 12000, NULL);
    feed_flush(&feed);
    cr_assert_eq(capture.part_count, 3);
    cr_assert_eq(cases_in(0), 5000);
    cr_assert_eq(cases_in(1), 5000);
    cr_assert_eq(cases_in(2), 2000 + 3);
    for (size_t i = 0; i < 3; i++) {
        PART_HAS(i, "<testsuite name=\"api/cart\" tests=\"");
    }
    PART_HAS(2, "<testsuite name=\"api/cart\" tests=\"2000\" failures=\"0\" errors=\"0\" skipped=\"0\" "
                "time=\"500.000\"");
}

Test(junit_parts, no_file_is_larger_than_25_megabytes)
{
    size_t size = 60000;
    char *body = memory_new(size + 1);
    memset(body, 'b', size);
    finish_with(0, 700, body); /* 42 MB: cut */
    finish_with(1, 100, body);
    feed_flush(&feed);
    cr_assert_eq(capture.part_count, 2);
    cr_assert_eq(cases_in(0) + cases_in(1), 700 + 100 + 2);
    cr_assert_leq(part(0)->length, MOST_BYTES);
    cr_assert_leq(part(1)->length, MOST_BYTES);
    cr_assert_gt(part(0)->length, MOST_BYTES - 200000, "a part is filled");
    memory_free(body);
}
