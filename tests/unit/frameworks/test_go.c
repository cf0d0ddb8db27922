#include "samples.h"

static const struct suite suite = {.name = "unit/cart",
                                   .framework = "go",
                                   .file = "cart",
                                   .source = "services/cart",
                                   .cwd = "/repo/services"};

static struct report *read_stream(const char *stream)
{
    return read_bytes("go", &suite, stream, strlen(stream));
}

static const char *argument_after(const char *test_name, const char *flag, struct arena *arena)
{
    struct framework_run run = {&suite, "/tmp/1/report.xml", test_name};
    const char *const *argv = framework_find("go")->argv(&run, arena);
    while (*argv && strcmp(*argv, flag) != 0)
        argv++;
    cr_assert_not_null(*argv, "no %s", flag);
    return argv[1];
}

Test(go, runs_a_package_whole_and_never_from_the_cache)
{
    struct arena *arena = arena_new();
    struct framework_run run = {&suite, "/tmp/1/report.xml", NULL};
    const char *const *argv = framework_find("go")->argv(&run, arena);
    static const char *const words[] = {"go", "test", "-json", "-count=1", "./cart"};
    cr_assert_str_eq(argv[0], "sh");
    cr_assert_not_null(strstr(argv[2], "$ITRUN_REPORT"));
    for (size_t i = 0; i < 5; i++)
        cr_assert_str_eq(argv[4 + i], words[i]);
    cr_assert_null(argv[9]);
    arena_free(arena);
}

Test(go, selects_each_level_of_a_name_by_an_escaped_regex)
{
    struct arena *arena = arena_new();
    cr_assert_str_eq(argument_after("TestA", "-run", arena), "^TestA$");
    cr_assert_str_eq(argument_after("TestA/x(1)/y", "-run", arena), "^TestA$/^x\\(1\\)$/^y$");
    cr_assert_str_eq(argument_after("example.com/shop/cart::TestA/b::c", "-run", arena), "^TestA$/^b::c$");
    cr_assert_str_eq(argument_after("TestA/b::Test", "-run", arena), "^TestA$/^b::Test$");
    arena_free(arena);
}

Test(go, a_case_of_a_suite_of_all_packages_runs_in_its_own)
{
    static const struct {
        const char *command, *test_name, *package;
    } rows[] = {
        {"go test ./... -race", "example.com/shop/cart::TestA", "example.com/shop/cart"},
        {"go test ./...", "TestA", "./..."},
        {"go test ./cart/...", "example.com/shop/cart::TestA", "./cart/..."},
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct suite whole = {.name = "all", .framework = "go", .command = rows[i].command, .cwd = "/repo"};
        struct framework_run run = {&whole, "/tmp/1/report.xml", rows[i].test_name};
        cr_expect_str_eq(framework_find("go")->argv(&run, arena)[6], rows[i].package);
    }
    arena_free(arena);
}

Test(go, reads_what_go_says)
{
    struct report *report = read_sample("go", &suite, "go-1.26.ndjson");
    const char *cart = "example.com/shop/cart";
    cr_assert(report->is_present && report->is_complete, "%s", report->problem);
    assert_case(report, cart, "TestOne", CASE_PASSED);
    assert_case(report, cart, "TestSkipped", CASE_SKIPPED);
    assert_case(report, cart, "TestBad", CASE_FAILED);
    assert_case(report, cart, "ExampleTotal", CASE_FAILED);
    const struct test_case *bad = find_case(report, cart, "TestBad");
    cr_assert_str_eq(bad->message, "got 3, want 4");
    cr_assert_not_null(strstr(bad->body, "second line"));
    cr_assert_str_eq(bad->file, "services/cart/cart_test.go");
    cr_assert_eq(bad->line, 11);
    cr_assert_eq(find_case(report, cart, "TestPar2")->duration_us, 100000);
    report_free(report);
}

Test(go, counts_a_test_with_subtests_by_its_subtests)
{
    struct report *report = read_sample("go", &suite, "go-1.26.ndjson");
    for (size_t i = 0; i < report->count; i++)
        cr_assert_str_neq(report->cases[i].name, "TestTable");
    const struct test_case *heir = find_case(report, "example.com/shop/cart", "TestTable/bad");
    cr_assert_str_eq(heir->message, "bad one");
    cr_assert_not_null(strstr(heir->body, "parent log"), "what the parent said is lost");
    report_free(report);
}

Test(go, a_test_with_subtests_that_fails_by_itself_is_a_case)
{
    struct report *report = read_stream("{\"Action\":\"run\",\"Package\":\"p\",\"Test\":\"TestA\"}\n"
                                        "{\"Action\":\"run\",\"Package\":\"p\",\"Test\":\"TestA/b\"}\n"
                                        "{\"Action\":\"pass\",\"Package\":\"p\",\"Test\":\"TestA/b\"}\n"
                                        "{\"Action\":\"fail\",\"Package\":\"p\",\"Test\":\"TestA\"}\n"
                                        "{\"Action\":\"fail\",\"Package\":\"p\"}\n");
    cr_assert_eq(report->count, 2);
    assert_case(report, "p", "TestA", CASE_FAILED);
    assert_case(report, "p", "TestA/b", CASE_PASSED);
    report_free(report);
}

Test(go, a_panic_stands_with_the_subtest_that_panicked)
{
    struct report *report = read_sample("go", &suite, "go-1.26.ndjson");
    const struct test_case *panicked = find_case(report, "example.com/shop/panics", "TestX/sub");
    cr_assert_str_eq(panicked->type, "panic");
    cr_assert(string_starts_with(panicked->message, "panic: assignment to entry in nil map"));
    cr_assert_not_null(strstr(panicked->body, "goroutine"));
    report_free(report);
}

Test(go, a_test_that_exits_did_not_end)
{
    struct report *report = read_sample("go", &suite, "go-1.26.ndjson");
    assert_case(report, "example.com/shop/exits", "TestA", CASE_PASSED);
    assert_case(report, "example.com/shop/exits", "TestX", CASE_ERROR);
    cr_assert_str_eq(find_case(report, "example.com/shop/exits", "TestX")->type, "unfinished");
    report_free(report);
}

Test(go, a_package_that_does_not_build_is_one_error)
{
    struct report *report = read_sample("go", &suite, "go-1.26.ndjson");
    const struct test_case *build = find_case(report, "example.com/shop/broken", "(build)");
    cr_assert_eq(build->status, CASE_ERROR);
    cr_assert(build->is_no_test, "--test would be offered for it");
    cr_assert_str_eq(build->message, "broken/b_test.go:3:28: undefined: undefined");
    report_free(report);
    report = read_stream("FAIL\texample.com/old [build failed]\n"); /* go 1.19 */
    assert_case(report, "example.com/old", "(build)", CASE_ERROR);
    report_free(report);
}

Test(go, a_package_that_fails_without_a_failed_test_is_an_error)
{
    struct report *report =
        read_stream("{\"Action\":\"run\",\"Package\":\"p\",\"Test\":\"TestA\"}\n"
                    "{\"Action\":\"pass\",\"Package\":\"p\",\"Test\":\"TestA\"}\n"
                    "{\"Action\":\"output\",\"Package\":\"p\",\"Output\":\"panic: in TestMain\\n\"}\n"
                    "{\"Action\":\"fail\",\"Package\":\"p\"}\n");
    assert_case(report, "p", "(package)", CASE_ERROR);
    cr_assert_str_eq(find_case(report, "p", "(package)")->message, "panic: in TestMain");
    report_free(report);
}

Test(go, a_cut_stream_keeps_what_was_seen_and_is_not_complete)
{
    struct report *report =
        read_stream("{\"Action\":\"run\",\"Package\":\"p\",\"Test\":\"TestA\"}\n"
                    "{\"Action\":\"pass\",\"Package\":\"p\",\"Test\":\"TestA\"}\n"
                    "{\"Action\":\"run\",\"Package\":\"p\",\"Test\":\"TestB\"}\n{\"Action\":\"pa");
    cr_assert(report->is_present && !report->is_complete);
    assert_case(report, "p", "TestA", CASE_PASSED);
    assert_case(report, "p", "TestB", CASE_ERROR);
    report_free(report);
    report = read_stream("go: go.mod file not found\n");
    cr_assert(report->is_present && !report->is_complete);
    cr_assert_not_null(strstr(report->problem, "go.mod file not found"));
    report_free(report);
}

Test(go, a_test_that_prints_no_newline_before_its_end_has_an_end) /* go 1.19 */
{
    struct report *report = read_stream("{\"Action\":\"run\",\"Package\":\"p\",\"Test\":\"TestA\"}\n"
                                        "{\"Action\":\"output\",\"Package\":\"p\",\"Test\":\"TestA\","
                                        "\"Output\":\"done--- PASS: TestA (0.25s)\\n\"}\n"
                                        "{\"Action\":\"pass\",\"Package\":\"p\"}\n");
    assert_case(report, "p", "TestA", CASE_PASSED);
    cr_assert_eq(find_case(report, "p", "TestA")->duration_us, 250000);
    report_free(report);
}
