#include "argv.h"

static const struct suite suite = {.name = "web/tests/cart.test.js",
                                   .framework = "jest",
                                   .file = "tests/cart.test.js",
                                   .source = "tests/cart.test.js",
                                   .cwd = "/repo"};

Test(jest, is_asked_for_its_own_json_of_exactly_one_file)
{
    struct arena *arena = arena_new();
    cr_assert_str_eq(argv_from(&suite, NULL, "npx", arena),
                     "npx --no-install jest --json --outputFile=/tmp/1/report.xml --testLocationInResults "
                     "--runTestsByPath tests/cart.test.js");
    struct suite own = suite;
    own.command = "yarn jest --ci";
    cr_assert(string_starts_with(argv_from(&own, NULL, "yarn", arena), "yarn jest --ci --json "));
    arena_free(arena);
}

Test(jest, selects_by_the_full_title)
{
    struct arena *arena = arena_new();
    const char *selected = argv_from(&suite, "cart (new)::adds $1", "--testName", arena);
    cr_assert_not_null(strstr(selected, "|cart\\s\\(new\\)\\s+adds\\s\\$1)\\s*$ "), "%s", selected);
    const char *root = argv_from(&suite, "tests/cart.test.js::adds", "--testName", arena);
    cr_assert(string_starts_with(root, "--testNamePattern=^\\s*(?:adds)\\s*$ "), "%s", root);
    arena_free(arena);
}

Test(jest, reads_tests_hooks_and_files_that_do_not_load)
{
    struct suite other = suite;
    other.file = other.source = "tests/failing.test.js";
    struct report *report = read_sample("jest", &other, "jest-30.json");
    cr_assert(report->is_present && report->is_complete, "%s", report->problem);
    assert_case(report, "orders", "totals", CASE_FAILED);
    assert_case(report, "orders", "ships", CASE_PASSED);
    assert_case(report, "orders", "waits for its price", CASE_SKIPPED);
    cr_assert_str_eq(find_case(report, "orders", "refunds")->type, "todo");
    assert_case(report, "before all", "never runs", CASE_FAILED);
    const struct test_case *total = find_case(report, "orders", "totals");
    cr_assert_str_eq(total->message, "expect(received).toBe(expected): Expected: 3, Received: 2");
    cr_assert_str_eq(total->type, "AssertionError");
    cr_assert_str_eq(total->file, "tests/failing.test.js");
    cr_assert_eq(total->line, 4);
    cr_assert_str_eq(find_case(report, "orders", "throws")->type, "TypeError");
    cr_assert_eq(report_count_status(report, CASE_ERROR), 2); /* an afterAll, and a file */
    for (size_t i = 0; i < report->count; i++)
        cr_assert_eq(report->cases[i].is_no_test, report->cases[i].status == CASE_ERROR);
    report_free(report);
}

Test(jest, another_file_in_place_of_the_suite_s_is_an_error)
{
    static const char other[] =
        "{\"numTotalTests\":1,\"testResults\":[{\"name\":\"/repo/tests/c.test.js\",\"status\":\"passed\","
        "\"assertionResults\":[{\"title\":\"a\",\"status\":\"passed\"}]}]}";
    struct report *report = read_bytes("jest", &suite, other, sizeof other - 1);
    cr_assert_eq(report_count_status(report, CASE_ERROR), 1);
    cr_assert_not_null(strstr(report->cases[1].message, "command: node_modules/.bin/jest"));
    report_free(report);
}

Test(jest, what_it_tried_again_is_told)
{
    static const char retried[] = "{\"numTotalTests\":1,\"testResults\":[{\"status\":\"passed\","
                                  "\"assertionResults\":[{\"ancestorTitles\":[],"
                                  "\"title\":\"a\",\"status\":\"passed\",\"invocations\":2,\"retryReasons\":["
                                  "\"Error: the first try\"]}]}]}";
    struct report *report = read_bytes("jest", &suite, retried, sizeof retried - 1);
    cr_assert(report->is_complete);
    cr_assert_eq(report->cases[0].status, CASE_PASSED);
    cr_assert_str_eq(report->cases[0].message, "the first try");
    report_free(report);
}

Test(jest, a_torn_or_foreign_report_says_so)
{
    struct text bytes = sample_bytes("jest-30.json");
    struct report *torn = read_bytes("jest", &suite, bytes.bytes, bytes.length / 2);
    cr_assert(torn->is_present && !torn->is_complete);
    cr_assert_not_null(strstr(torn->problem, "not JSON"));
    struct report *foreign = read_bytes("jest", &suite, "{\"stats\": {}}", 13);
    cr_assert_not(foreign->is_complete);
    struct report *quiet =
        read_bytes("jest", &suite, "{\"numTotalTests\":1,\"numFailedTests\":1,\"testResults\":[]}", 54);
    cr_assert_not(quiet->is_complete, "failures announced and none shown");
    report_free(torn);
    report_free(foreign);
    report_free(quiet);
    text_clear(&bytes);
}
