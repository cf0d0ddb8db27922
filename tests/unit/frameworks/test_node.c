#include "argv.h"

static const struct suite suite = {.name = "web/tests/cart.test.mjs",
                                   .framework = "node",
                                   .file = "tests/cart.test.mjs",
                                   .source = "tests/cart.test.mjs",
                                   .cwd = "/repo"};

Test(node, brings_its_reporter_as_a_url_without_what_a_url_would_take_for_more)
{
    struct arena *arena = arena_new();
    const char *line = argv_from(&suite, NULL, "node", arena);
    cr_assert(string_starts_with(line, "node --test --test-reporter=spec --test-reporter-destination=stdout "
                                       "--test-reporter=data:text/javascript,"));
    cr_assert(string_ends_with(line, " --test-reporter-destination=/tmp/1/report.xml tests/cart.test.mjs"));
    cr_assert_null(strpbrk(line, "?#%"));
    struct suite route = suite;
    route.file = "tests/[id].test.mjs"; /* a glob to --test, from Node.js 21 on */
    cr_assert(string_starts_with(argv_from(&route, NULL, "node", arena), "node --test-reporter=spec "));
    arena_free(arena);
}

Test(node, selects_by_the_own_title_and_subtests_by_their_test)
{
    struct arena *arena = arena_new();
    cr_assert_str_eq(argv_from(&suite, "tests/cart.test.mjs::steps > one", "--test-name", arena),
                     "--test-name-pattern=^\\s*(?:steps\\s>\\sone|steps)\\s*$ tests/cart.test.mjs");
    cr_assert_str_eq(argv_from(&suite, "cart::adds", "--test-name", arena),
                     "--test-name-pattern=^\\s*(?:cart::adds|adds)\\s*$ tests/cart.test.mjs");
    arena_free(arena);
}

Test(node, tells_describes_subtests_and_hooks_apart)
{
    struct report *report = read_sample("node", &suite, "node-20.ndjson");
    cr_assert(report->is_present && report->is_complete, "%s", report->problem);
    assert_case(report, "orders", "totals", CASE_FAILED);
    assert_case(report, "orders", "ships", CASE_PASSED);
    assert_case(report, "orders", "will be right", CASE_SKIPPED);
    assert_case(report, "tests/failing.test.mjs", "steps > bad step", CASE_FAILED);
    assert_case(report, "before all", "(hook)", CASE_ERROR);
    assert_case(report, "after all", "runs too", CASE_PASSED);
    cr_assert_eq(report->count, 13);
    const struct test_case *total = find_case(report, "orders", "totals");
    cr_assert_str_eq(total->message, "Expected values to be strictly equal: 2 !== 3");
    cr_assert_str_eq(total->type, "AssertionError");
    cr_assert_str_eq(total->file, "tests/failing.test.mjs");
    cr_assert_eq(total->line, 6);
    cr_assert_str_eq(find_case(report, "orders", "waits for its price")->message, "no price yet");
    cr_assert_str_eq(find_case(report, "orders", "throws no error")->message, "a string");
    report_free(report);
}

Test(node, a_killed_run_keeps_what_had_ended)
{
    struct text bytes = sample_bytes("node-20.ndjson");
    struct report *report = read_bytes("node", &suite, bytes.bytes, bytes.length / 2);
    cr_assert(report->is_present && !report->is_complete);
    cr_assert_not_null(strstr(report->problem, "ends in the middle"));
    cr_assert_gt(report->count, 0);
    report_free(report);
    text_clear(&bytes);
}

Test(node, a_file_that_left_without_a_test_is_never_green)
{
    static const char left[] = "{\"type\":\"start\",\"name\":\"tests/cart.test.mjs\",\"nesting\":0}\n"
                               "{\"type\":\"pass\",\"name\":\"tests/cart.test.mjs\",\"nesting\":0}\n"
                               "{\"type\":\"end\"}\n";
    struct report *report = read_bytes("node", &suite, left, sizeof left - 1);
    cr_assert(report->is_complete);
    cr_assert_eq(report->count, 0);
    cr_assert(framework_find("node")->is_empty_wrong);
    report_free(report);
}

Test(node, nesting_beyond_all_bounds_is_read_without_harm)
{
    static const char deep[] = "{\"type\":\"start\",\"name\":\"a\",\"nesting\":100000}\n"
                               "{\"type\":\"pass\",\"name\":\"a\",\"nesting\":100000}\n"
                               "{\"type\":\"pass\",\"name\":\"b\",\"nesting\":-5}\n"
                               "no event\n";
    struct report *report = read_bytes("node", &suite, deep, sizeof deep - 1);
    cr_assert_not(report->is_complete);
    cr_assert_eq(report->count, 2);
    report_free(report);
}
