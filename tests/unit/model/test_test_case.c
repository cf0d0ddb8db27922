#include <criterion/criterion.h>
#include "itrun/model/test_case.h"
#include "itrun/base/memory.h"

Test(test_case, a_report_grows_and_keeps_every_case)
{
    struct report *report = report_new();
    for (int i = 0; i < 1000; i++) {
        struct test_case *added = report_add(report);
        cr_assert_eq(added->line, 0);
        cr_assert_null(added->name);
        added->name = "x";
        added->line = i;
        added->status = i % 4 == 0 ? CASE_FAILED : CASE_PASSED;
    }
    cr_assert_eq(report->count, 1000);
    for (int i = 0; i < 1000; i++)
        cr_assert_eq(report->cases[i].line, i);
    cr_assert_eq(report_count_status(report, CASE_FAILED), 250);
    cr_assert_eq(report_count_status(report, CASE_PASSED), 750);
    cr_assert_eq(report_count_status(report, CASE_SKIPPED), 0);
    report_free(report);
    report_free(NULL);
}

Test(test_case, every_status_has_a_word_that_reads_back)
{
    for (int i = 0; i < CASE_STATUS_COUNT; i++) {
        enum case_status status = CASE_STATUS_COUNT;
        cr_assert(case_status_parse(case_status_name((enum case_status)i), &status));
        cr_assert_eq((int)status, i);
    }
    enum case_status untouched = CASE_ERROR;
    cr_assert_not(case_status_parse("broken", &untouched));
    cr_assert_eq(untouched, CASE_ERROR);
}

Test(test_case, a_selector_names_class_and_test)
{
    struct text text = {0};
    struct test_case named = {.classname = "tests.test_x.TestCart", .name = "test_sum[a]"};
    test_case_selector(&named, &text);
    cr_assert_str_eq(text_string(&text), "tests.test_x.TestCart::test_sum[a]");
    text_reset(&text);
    struct test_case alone = {.classname = "", .name = "at the root"};
    test_case_selector(&alone, &text);
    cr_assert_str_eq(text_string(&text), "at the root");
    text_clear(&text);
}

Test(test_case, a_selector_means_a_name_or_a_name_below_an_end_of_its_class)
{
    static const struct {
        const char *classname, *selector;
        bool is_selected;
    } rows[] = {{"cart", "total", true},
                {"cart", "cart::total", true},
                {"cart", "other::total", false},
                {"a.b.cart", "cart::total", true},
                {"a.bcart", "cart::total", false},
                {"cart", "xtotal", false},
                {"", "::total", true},
                {"", "cart::total", false},
                {"cart", "tot", false}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct test_case one = {.classname = rows[i].classname, .name = "total"};
        cr_expect_eq(test_case_is_selected(&one, rows[i].selector), rows[i].is_selected, "%s of %s",
                     rows[i].selector, rows[i].classname);
    }
}
