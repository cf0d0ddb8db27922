#include "samples.h"

static const struct suite suite = {.name = "web/test/cart.spec.js",
                                   .framework = "mocha",
                                   .file = "test/cart.spec.js",
                                   .source = "test/cart.spec.js",
                                   .cwd = "/repo"};

static const char *last_of(const char *test_name, struct arena *arena)
{
    struct framework_run run = {&suite, "/tmp/1/report.xml", test_name};
    const char *const *argv = framework_find("mocha")->argv(&run, arena);
    while (argv[1])
        argv++;
    return *argv;
}

Test(mocha, asks_for_its_json_reporter_in_a_file)
{
    struct arena *arena = arena_new();
    struct framework_run run = {&suite, "/tmp/1/report.xml", NULL};
    const char *const *argv = framework_find("mocha")->argv(&run, arena);
    static const char *const wanted[] = {"npx",
                                         "--no-install",
                                         "mocha",
                                         "test/cart.spec.js",
                                         "--reporter",
                                         "json",
                                         "--reporter-option",
                                         "output=/tmp/1/report.xml"};
    for (size_t i = 0; i < 8; i++)
        cr_assert_str_eq(argv[i], wanted[i]);
    cr_assert_null(argv[8]);
    arena_free(arena);
}

Test(mocha, selects_by_an_escaped_regex)
{
    struct arena *arena = arena_new();
    cr_assert_str_eq(last_of("adds (x+y)", arena), "^\\s*(?:(?:.*\\s)?adds\\s\\(x\\+y\\))\\s*$");
    cr_assert_str_eq(last_of("cart adding::adds one", arena),
                     "^\\s*(?:(?:.*\\s)?cart\\sadding::adds\\sone|cart\\sadding\\s+adds\\sone)\\s*$");
    cr_assert_str_eq(last_of("test/cart.spec.js::at the root", arena), "^\\s*(?:at\\sthe\\sroot)\\s*$");
    arena_free(arena);
}

Test(mocha, reads_passes_failures_pending_and_hooks_in_order)
{
    struct report *report = read_sample("mocha", &suite, "mocha-12.json");
    cr_assert(report->is_present && report->is_complete, "%s", report->problem);
    cr_assert_eq(report->count, 10);
    cr_assert_eq(report_count_status(report, CASE_PASSED), 3);
    cr_assert_eq(report_count_status(report, CASE_SKIPPED), 2);
    cr_assert_eq(report_count_status(report, CASE_FAILED), 3);
    cr_assert_eq(report_count_status(report, CASE_ERROR), 2);
    cr_assert_str_eq(report->cases[0].name, "at the root");
    assert_case(report, "test/cart.spec.js", "at the root", CASE_PASSED);
    assert_case(report, "cart adding items", "adds \"two\" (x+y)", CASE_FAILED);
    assert_case(report, "cart adding items", "is pending", CASE_SKIPPED);
    assert_case(report, "cart with a broken hook", "\"before all\" hook for \"never runs\"", CASE_ERROR);
    assert_case(report, "cart after each", "\"after each\" hook: cleanTable for \"runs once\"", CASE_ERROR);
    report_free(report);
}

Test(mocha, errors_are_printable_and_typed)
{
    struct report *report = read_sample("mocha", &suite, "mocha-12.json");
    const struct test_case *escapes = find_case(report, "cart", "prints escapes");
    cr_assert_str_eq(escapes->message, "red  bell");
    cr_assert_str_eq(escapes->type, "Error");
    cr_assert_str_eq(escapes->file, "test/cart.spec.js");
    cr_assert_str_eq(find_case(report, "cart adding items", "adds \"two\" (x+y)")->type, "AssertionError");
    const struct test_case *slow = find_case(report, "cart adding items", "is slow");
    cr_assert_eq(slow->duration_us, 21000);
    cr_assert_not_null(strstr(slow->body, "Timeout of 20ms exceeded"));
    report_free(report);
}

Test(mocha, what_is_no_report_says_so)
{
    struct report *cut = read_bytes("mocha", &suite, "{\"stats\": {", 11);
    cr_assert(cut->is_present);
    cr_assert_not(cut->is_complete);
    cr_assert_not_null(strstr(cut->problem, "not JSON"));
    report_free(cut);
    struct report *other = read_bytes("mocha", &suite, "{\"numTotalTests\": 3}", 20);
    cr_assert_not(other->is_complete);
    cr_assert_not_null(strstr(other->problem, "mocha"));
    report_free(other);
    struct report *nothing = read_bytes("mocha", &suite, "\n", 1);
    cr_assert_not(nothing->is_present);
    report_free(nothing);
}
