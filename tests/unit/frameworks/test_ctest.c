#include "samples.h"

static const struct suite suite = {.name = "native", .framework = "ctest", .cwd = "/repo/build"};

static const char *last_of(const char *test_name, struct arena *arena)
{
    struct framework_run run = {&suite, "/tmp/1/report.xml", test_name};
    const char *const *argv = framework_find("ctest")->argv(&run, arena);
    while (argv[1])
        argv++;
    return *argv;
}

Test(ctest, selects_by_a_regex_that_matches_one_name)
{
    struct arena *arena = arena_new();
    cr_assert_str_eq(last_of("cart (total) [1]+", arena), "^cart \\(total\\) \\[1\\]\\+$");
    arena_free(arena);
}

Test(ctest, reads_statuses_that_ctest_hides)
{
    struct report *report = read_sample("ctest", &suite, "ctest-3.25.xml");
    cr_assert(report->is_complete, "%s", report->problem);
    cr_assert_eq(report->count, 11);
    assert_case(report, "", "passes", CASE_PASSED);
    assert_case(report, "", "fails", CASE_FAILED);
    assert_case(report, "", "crashes", CASE_FAILED);
    assert_case(report, "", "slow", CASE_FAILED);
    assert_case(report, "", "weird (name) [1]+ \"q\" \xC3\xBC", CASE_FAILED);
    assert_case(report, "", "off", CASE_SKIPPED);
    assert_case(report, "", "skips", CASE_SKIPPED);
    assert_case(report, "", "needs_db", CASE_SKIPPED);
    assert_case(report, "", "missing", CASE_ERROR);
    assert_case(report, "", "fileless", CASE_ERROR);
    report_free(report);
}

Test(ctest, what_a_failed_test_wrote_is_its_body)
{
    struct report *report = read_sample("ctest", &suite, "ctest-3.25.xml");
    const struct test_case *fails = find_case(report, "", "fails");
    cr_assert_str_eq(fails->body, "expected 4 got 3\nx]]>y\nesc  bad");
    cr_assert_str_eq(fails->message, "esc  bad");
    cr_assert_str_eq(find_case(report, "", "missing")->message,
                     "Unable to find executable: /nonexistent/program");
    report_free(report);
}
