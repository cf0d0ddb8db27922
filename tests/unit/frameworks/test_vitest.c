#include "argv.h"

static const struct suite suite = {.name = "web/tests/cart.test.mjs",
                                   .framework = "vitest",
                                   .file = "tests/cart.test.mjs",
                                   .source = "tests/cart.test.mjs",
                                   .cwd = "/repo"};

Test(vitest, is_given_the_whole_path_lest_it_find_others)
{
    struct arena *arena = arena_new();
    cr_assert_str_eq(argv_from(&suite, NULL, "npx", arena),
                     "npx --no-install vitest run /repo/tests/cart.test.mjs --reporter=default "
                     "--reporter=junit --outputFile.junit=/tmp/1/report.xml");
    arena_free(arena);
}

Test(vitest, joins_describes_by_a_blank_where_its_report_has_an_arrow)
{
    struct arena *arena = arena_new();
    const char *selected = argv_from(&suite, "cart > full::adds", "--testName", arena);
    cr_assert_not_null(strstr(selected, "|cart(?:\\s>\\s|\\s)full\\s+adds)\\s*$"), "%s", selected);
    arena_free(arena);
}

Test(vitest, reads_hooks_and_what_they_kept_from_running)
{
    struct suite other = suite;
    other.file = other.source = "tests/failing.test.mjs";
    struct report *report = read_sample("vitest", &other, "vitest-4.xml");
    cr_assert(report->is_present && report->is_complete, "%s", report->problem);
    assert_case(report, "orders", "totals", CASE_FAILED);
    assert_case(report, "orders", "ships", CASE_PASSED);
    assert_case(report, "orders", "waits for its price", CASE_SKIPPED);
    assert_case(report, "before all", "(hook)", CASE_ERROR);
    assert_case(report, "after all", "(hook)", CASE_ERROR);
    assert_case(report, "", "(file)", CASE_ERROR);
    cr_assert_str_eq(find_case(report, "before all", "never runs")->type, "did not run");
    cr_assert_str_eq(find_case(report, "before all", "(hook)")->message, "no table");
    const struct test_case *total = find_case(report, "orders", "totals");
    cr_assert_str_eq(total->type, "AssertionError");
    cr_assert_str_eq(total->file, "tests/failing.test.mjs");
    cr_assert_eq(total->line, 7);
    report_free(report);
}

Test(vitest, a_killed_run_leaves_an_empty_file)
{
    struct report *report = read_bytes("vitest", &suite, "", 0);
    cr_assert(!report->is_present && !report->is_complete);
    report_free(report);
}
