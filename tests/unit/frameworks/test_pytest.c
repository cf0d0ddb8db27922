#include "samples.h"

static const struct suite suite = {.name = "api/tests/test_mixed.py",
                                   .framework = "pytest",
                                   .file = "tests/test_mixed.py",
                                   .source = "services/shop/tests/test_mixed.py",
                                   .cwd = "/repo/services/shop"};

static const char *line_of(const struct suite *of, const char *test_name, struct arena *arena)
{
    struct framework_run run = {of, "/tmp/1/report.xml", test_name};
    const char *const *argv = framework_find("pytest")->argv(&run, arena);
    struct text text = {0};
    for (; *argv; argv++) {
        text_append(&text, text.length ? "|" : "");
        text_append(&text, *argv);
    }
    const char *line = arena_string(arena, text_string(&text));
    text_clear(&text);
    return line;
}

Test(pytest, asks_for_its_junit_file_with_lines_and_no_cache)
{
    struct arena *arena = arena_new();
    cr_assert_str_eq(line_of(&suite, NULL, arena),
                     "python3|-m|pytest|tests/test_mixed.py|-q|--color=no|--junitxml=/tmp/1/"
                     "report.xml|-o|junit_family=xunit1|"
                     "-p|no:cacheprovider");
    struct suite poetry = suite;
    poetry.command = "poetry run pytest";
    cr_assert(string_starts_with(line_of(&poetry, NULL, arena), "poetry|run|pytest|tests/test_mixed.py|"));
    poetry.command = ". venv/bin/activate && pytest";
    poetry.file = "tests/a b.py";
    cr_assert(string_starts_with(line_of(&poetry, NULL, arena),
                                 "sh|-c|. venv/bin/activate && pytest 'tests/a b.py' -q --color=no "));
    arena_free(arena);
}

Test(pytest, selects_one_test_however_it_is_named)
{
    static const struct {
        const char *name, *id;
    } rows[] = {
        {"test_a", "tests/test_mixed.py::test_a"},
        {"TestCart::test_a", "tests/test_mixed.py::TestCart::test_a"},
        {"tests.test_mixed.TestCart::test_a", "tests/test_mixed.py::TestCart::test_a"},
        {"tests.test_mixed::test_a[a::b]", "tests/test_mixed.py::test_a[a::b]"},
        {"test_a[a::b]", "tests/test_mixed.py::test_a[a::b]"},
        {"services.shop.tests.test_mixed.TestCart.TestInner::test_a",
         "tests/test_mixed.py::TestCart::TestInner::test_a"},
        {"tests/test_mixed.py::TestCart::test_a", "tests/test_mixed.py::TestCart::test_a"},
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *line = line_of(&suite, rows[i].name, arena);
        const char *wanted = arena_format(arena, "python3|-m|pytest|%s|-q|", rows[i].id);
        cr_assert(string_starts_with(line, wanted), "%s", line);
    }
    arena_free(arena);
}

Test(pytest, a_selector_of_its_own_report_selects_that_case)
{
    struct report *report = read_sample("pytest", &suite, "pytest-9.xml");
    struct arena *arena = arena_new();
    struct text selector = {0};
    test_case_selector(find_case(report, "tests.test_mixed.TestCart", "test_price"), &selector);
    cr_assert_not_null(strstr(line_of(&suite, text_string(&selector), arena),
                              "|tests/test_mixed.py::TestCart::test_price|"));
    text_clear(&selector);
    arena_free(arena);
    report_free(report);
}

Test(pytest, merges_a_failure_and_the_error_of_its_teardown)
{
    struct report *report = read_sample("pytest", &suite, "pytest-9.xml");
    cr_assert(report->is_complete, "%s", report->problem);
    cr_assert_eq(report->count, 14);
    const struct test_case *both = find_case(report, "tests.test_mixed.TestCart", "test_both");
    cr_assert_eq(both->status, CASE_FAILED);
    cr_assert_str_eq(both->type, "AssertionError");
    cr_assert_not_null(strstr(both->body, "teardown broke"));
    cr_assert_not_null(strstr(both->body, "assert False"));
    assert_case(report, "tests.test_mixed.TestCart", "test_teardown_only", CASE_ERROR);
    cr_assert_str_eq(find_case(report, "tests.test_mixed.TestCart", "test_teardown_only")->type,
                     "RuntimeError");
    cr_assert_str_eq(find_case(report, "tests.test_mixed.TestCart", "test_setup")->type, "ValueError");
    report_free(report);
}

Test(pytest, lines_count_from_one_and_files_from_the_configuration)
{
    struct report *report = read_sample("pytest", &suite, "pytest-9.xml");
    const struct test_case *adds = find_case(report, "tests.test_mixed.TestCart", "test_adds");
    cr_assert_eq(adds->line, 3);
    cr_assert_str_eq(adds->file, "services/shop/tests/test_mixed.py");
    cr_assert_eq(adds->status, CASE_PASSED);
    cr_assert_null(adds->message);
    report_free(report);
}

Test(pytest, expected_failures_are_skipped_and_strict_passes_fail)
{
    struct report *report = read_sample("pytest", &suite, "pytest-9.xml");
    assert_case(report, "tests.test_mixed", "test_xfail", CASE_SKIPPED);
    assert_case(report, "tests.test_mixed", "test_strict_xpass", CASE_FAILED);
    assert_case(report, "tests.test_mixed", "test_skipped", CASE_SKIPPED);
    cr_assert_str_eq(find_case(report, "tests.test_mixed", "test_xfail")->message, "known");
    const struct test_case *price = find_case(report, "tests.test_mixed.TestCart", "test_price");
    cr_assert_str_eq(price->message, "AssertionError: wrong price");
    cr_assert_str_eq(price->type, "AssertionError");
    report_free(report);
}

Test(pytest, a_file_that_cannot_be_collected_is_one_error)
{
    struct report *report = read_sample("pytest", &suite, "pytest-9-collection.xml");
    cr_assert_eq(report->count, 1);
    assert_case(report, "", "tests.test_import", CASE_ERROR);
    cr_assert_not_null(strstr(report->cases[0].body, "ModuleNotFoundError"));
    report_free(report);
}

Test(pytest, colours_that_it_spelled_out_are_dropped_and_other_text_stays)
{
    static const char xml[] =
        "<testsuites><testsuite name=\"pytest\"><testcase classname=\"t\" name=\"a\">"
        "<failure message=\"is #x1B[31mred#x1B[0m, #x1 and #x1B\">E  #x1B[1;31mred#x1B[0m</failure>"
        "<system-out>#x1B[2Jcleared</system-out></testcase></testsuite></testsuites>";
    struct report *report = report_new();
    framework_find("pytest")->read(&suite, xml, sizeof xml - 1, report);
    cr_assert_eq(report->count, 1);
    cr_assert_str_eq(report->cases[0].message, "is red, #x1 and #x1B");
    cr_assert_str_eq(report->cases[0].body, "E  red");
    cr_assert_str_eq(report->cases[0].output, "cleared");
    report_free(report);
}
