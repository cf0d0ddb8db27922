#include "samples.h"

static const struct suite suite = {
    .name = "unit", .framework = "criterion", .command = "build/unit", .cwd = "/repo"};

static const char *line_of(const char *test_name, struct arena *arena)
{
    struct framework_run run = {&suite, "/tmp/1/report.xml", test_name};
    const char *const *argv = framework_find("criterion")->argv(&run, arena);
    struct text text = {0};
    for (; *argv; argv++) {
        text_append(&text, text.length ? "|" : "");
        text_append(&text, *argv);
    }
    const char *line = arena_string(arena, text_string(&text));
    text_clear(&text);
    return line;
}

Test(criterion_adapter, selects_by_suite_and_name)
{
    struct arena *arena = arena_new();
    cr_assert_str_eq(line_of(NULL, arena), "build/unit|--xml=/tmp/1/report.xml");
    cr_assert_str_eq(line_of("cart::total", arena), "build/unit|--xml=/tmp/1/report.xml|--filter|cart/total");
    cr_assert_str_eq(line_of("cart/total", arena), "build/unit|--xml=/tmp/1/report.xml|--filter|cart/total");
    cr_assert_str_eq(line_of("total", arena), "build/unit|--xml=/tmp/1/report.xml|--filter|*/total");
    arena_free(arena);
}

Test(criterion_adapter, mends_what_is_no_xml_and_tells_failures_in_their_order)
{
    struct report *report = read_sample("criterion", &suite, "criterion-2.4.xml");
    cr_assert(report->is_complete, "%s", report->problem);
    cr_assert_eq(report->count, 11);
    assert_case(report, "cart", "total", CASE_PASSED);
    assert_case(report, "cart", "skipped", CASE_SKIPPED);
    assert_case(report, "cart", "crashes", CASE_ERROR);
    assert_case(report, "cart", "slow", CASE_ERROR);
    const struct test_case *wrong = find_case(report, "cart", "wrong");
    cr_assert_str_eq(wrong->message, "one is ]]> red  <b>");
    cr_assert_eq(wrong->line, 7);
    cr_assert_str_eq(wrong->file, "t.c");
    cr_assert_not_null(strstr(wrong->body, "second"));
    cr_assert_not_null(strstr(find_case(report, "cart", "exits")->message, "did it call exit"));
    report_free(report);
}

Test(criterion_adapter, what_the_filter_left_out_is_no_result)
{
    struct text bytes = sample_bytes("criterion-2.4.xml");
    struct report *report = report_new();
    framework_read(framework_find("criterion"), &suite, "nope::total", bytes.bytes, bytes.length, report);
    for (size_t i = 0; i < report->count; i++)
        cr_assert_neq(report->cases[i].status, CASE_SKIPPED);
    report_free(report);
    report = report_new();
    framework_read(framework_find("criterion"), &suite, "cart::skipped", bytes.bytes, bytes.length, report);
    cr_assert_eq(report_count_status(report, CASE_SKIPPED), 1, "the chosen one is skipped itself");
    report_free(report);
    text_clear(&bytes);
}

Test(criterion_adapter, a_report_cut_in_the_middle_is_not_complete)
{
    struct text bytes = sample_bytes("criterion-2.4.xml");
    for (size_t length = 0; length + 20 < bytes.length; length += 7) {
        struct report *report = read_bytes("criterion", &suite, text_string(&bytes), length);
        cr_assert_not(report->is_complete, "cut at %zu", length);
        report_free(report);
    }
    text_clear(&bytes);
}
