#include "argv.h"

static const struct suite suite = {.name = "ui/tests/cart.spec.js",
                                   .framework = "playwright",
                                   .file = "tests/cart.spec.js",
                                   .source = "tests/cart.spec.js",
                                   .cwd = "/repo"};

Test(playwright, is_given_one_file_and_an_output_folder_of_its_own)
{
    struct arena *arena = arena_new();
    cr_assert_str_eq(argv_from(&suite, NULL, "npx", arena),
                     "npx --no-install playwright test ^\\/repo\\/tests\\/cart\\.spec\\.js$ "
                     "--reporter=list,json --output=/tmp/1/playwright");
    struct suite own = suite;
    own.command = "npx playwright --output=kept";
    cr_assert_null(strstr(argv_from(&own, NULL, "npx", arena), "/tmp/1/playwright"));
    struct framework_run run = {&suite, "/tmp/1/report.xml", NULL};
    const struct pair *pairs;
    cr_assert_eq(framework_find("playwright")->environment(&run, arena, &pairs), 2);
    cr_assert_str_eq(pairs[0].value, "/tmp/1/report.xml");
    arena_free(arena);
}

Test(playwright, selects_by_project_file_and_titles)
{
    struct arena *arena = arena_new();
    cr_assert(string_starts_with(
        argv_from(&suite, "[desk] cart \xE2\x80\xBA full::adds", "--grep", arena),
        "--grep=/^desk (?:.*[\\/\\\\])?cart\\.spec\\.js (?:cart(?: @\\S+)*(?: \xE2\x80\xBA |\\s)full"
        "(?: @\\S+)*\\s+adds)(?: @\\S+)*$/ "));
    cr_assert(string_starts_with(argv_from(&suite, "[desk]::adds", "--grep", arena),
                                 "--grep=/^desk (?:.*[\\/\\\\])?cart\\.spec\\.js (?:adds)(?: @\\S+)*$/ "));
    cr_assert(string_starts_with(argv_from(&suite, "tests/cart.spec.js::adds", "--grep", arena),
                                 "--grep=/^(?:.*[\\s\\/\\\\])?cart\\.spec\\.js (?:adds)(?: @\\S+)*$/ "));
    arena_free(arena);
}

Test(playwright, tells_what_never_ran_from_what_was_skipped)
{
    struct report *report = read_sample("playwright", &suite, "playwright-1.json");
    cr_assert(report->is_present && report->is_complete, "%s", report->problem);
    assert_case(report, "[desk] orders", "totals", CASE_FAILED);
    assert_case(report, "[desk] orders", "ships", CASE_PASSED);
    assert_case(report, "[desk] orders", "is known to fail", CASE_PASSED);
    assert_case(report, "[desk] orders", "waits for its price", CASE_SKIPPED);
    assert_case(report, "[desk] one after the other", "never runs", CASE_SKIPPED);
    cr_assert_str_eq(find_case(report, "[desk] orders", "waits for its price")->type, "skipped");
    cr_assert_str_eq(find_case(report, "[desk] one after the other", "never runs")->type, "did not run");
    cr_assert_str_eq(find_case(report, "[desk] orders", "takes its time")->type, "Timeout");
    const struct test_case *total = find_case(report, "[desk] orders", "totals");
    cr_assert_str_eq(total->message, "expect(received).toBe(expected): Expected: 3, Received: 2");
    cr_assert_str_eq(total->file, "tests/failing.spec.js");
    cr_assert_eq(total->line, 7);
    assert_case(report, "[desk] tried again", "comes at the second try", CASE_PASSED);
    const struct test_case *tried = find_case(report, "[desk] tried again", "comes at the second try");
    cr_assert_str_eq(tried->message, "expect(received).toBe(expected): Expected: 1, Received: 0");
    cr_assert_not_null(strstr(tried->body, "failing.spec.js:"));
    report_free(report);
}

Test(playwright, a_file_that_does_not_load_is_one_error)
{
    struct report *report = read_sample("playwright", &suite, "playwright-1-broken.json");
    cr_assert(report->is_complete);
    cr_assert_eq(report->count, 1);
    assert_case(report, "", "(file)", CASE_ERROR);
    cr_assert_str_eq(report->cases[0].type, "SyntaxError");
    cr_assert_str_eq(report->cases[0].file, "tests/broken.spec.js");
    report_free(report);
}

Test(playwright, nothing_ran_is_never_green)
{
    static const char idle[] =
        "{\"errors\":[],\"suites\":[{\"title\":\"a\",\"specs\":[{\"title\":\"t\",\"tests\":[{"
        "\"expectedStatus\":\"passed\",\"status\":\"skipped\",\"results\":[]}]}]}]}";
    struct report *report = read_bytes("playwright", &suite, idle, sizeof idle - 1);
    cr_assert_eq(report_count_status(report, CASE_ERROR), 1);
    cr_assert_str_eq(report->cases[1].message, "1 of 1 tests did not run");
    report_free(report);
}

Test(playwright, a_missing_browser_is_named_with_its_mend)
{
    static const char missing[] = "{\"errors\":[],\"suites\":[{\"title\":\"a\",\"specs\":[{\"title\":\"t\","
                                  "\"tests\":[{\"status\":\"unexpected\","
                                  "\"results\":[{\"status\":\"failed\",\"errors\":[{\"message\":\"Error: "
                                  "browserType.launch: Executable doesn't "
                                  "exist at /x\"}]}]}]}]}]}";
    struct report *report = read_bytes("playwright", &suite, missing, sizeof missing - 1);
    assert_case(report, "", "t", CASE_ERROR);
    cr_assert_not_null(strstr(report->cases[0].message, "npx playwright install"));
    report_free(report);
}
