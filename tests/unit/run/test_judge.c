#include "machines.h"
#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>

static struct suite suite = {.name = "api/x", .framework = "pytest"};

struct given {
    struct process_end end;
    bool is_present, is_torn;
    size_t passed, failed, skipped;
    enum attempt_cut cut;
    bool is_command, is_one_test;
    const char *framework;
};

static void add_cases(struct report *report, size_t count, enum case_status status)
{
    for (size_t i = 0; i < count; i++) {
        struct test_case *one = report_add(report);
        one->name = "case";
        one->classname = "";
        one->status = status;
    }
}

static enum outcome judge(const struct given *given, struct text *reason)
{
    struct report *report = report_new();
    report->is_present = given->is_present;
    report->is_complete = given->is_present && !given->is_torn;
    add_cases(report, given->passed, CASE_PASSED);
    add_cases(report, given->failed, CASE_FAILED);
    add_cases(report, given->skipped, CASE_SKIPPED);
    struct judged judged = {
        .suite = &suite,
        .framework = framework_find(given->framework    ? given->framework
                                    : given->is_command ? "command"
                                                        : "pytest"),
        .end = &given->end,
        .report = report,
        .cut = given->cut,
        .cut_reason = "timed out after 3s",
        .is_one_test = given->is_one_test,
    };
    enum outcome outcome = attempt_judge(&judged, reason);
    report_free(report);
    return outcome;
}

static void expect_outcome(struct given given, enum outcome expected, const char *word)
{
    struct text reason = {0};
    enum outcome outcome = judge(&given, &reason);
    cr_expect_eq(outcome, expected, "%s instead of %s: %s", outcome_name(outcome), outcome_name(expected),
                 text_string(&reason));
    cr_expect_not_null(strstr(text_string(&reason), word), "'%s' is not in '%s'", word, text_string(&reason));
    text_clear(&reason);
}

Test(judge, exit_0_and_a_clean_report_pass)
{
    expect_outcome((struct given){.is_present = true, .passed = 3}, OUTCOME_PASSED, "");
}

Test(judge, reported_failures_fail_whatever_the_exit_status)
{
    expect_outcome((struct given){.is_present = true, .passed = 2, .failed = 1, .end = {.exit_code = 1}},
                   OUTCOME_FAILED, "1 of 3");
    expect_outcome((struct given){.is_present = true, .passed = 2, .failed = 1}, OUTCOME_FAILED, "1 of 3");
}

Test(judge, a_clean_report_and_a_bad_exit_disagree_and_never_pass)
{
    expect_outcome((struct given){.is_present = true, .passed = 3, .end = {.exit_code = 3}}, OUTCOME_ERROR,
                   "exit status 3");
}

Test(judge, death_by_signal_is_an_error_even_with_a_clean_report)
{
    expect_outcome((struct given){.is_present = true, .passed = 3, .end = {.signal = SIGSEGV}}, OUTCOME_ERROR,
                   "signal 11");
}

Test(judge, a_missing_or_torn_report_is_an_error_with_exit_0_too)
{
    expect_outcome((struct given){.is_present = false}, OUTCOME_ERROR, "no report was written");
    expect_outcome((struct given){.is_present = true, .is_torn = true, .passed = 2}, OUTCOME_ERROR,
                   "2 cases were readable");
}

Test(judge, zero_cases_where_there_were_some_before_is_no_green)
{
    suite.estimate.case_count = 7;
    expect_outcome((struct given){.is_present = true}, OUTCOME_ERROR, "had 7");
    suite.estimate.case_count = 0;
    expect_outcome((struct given){.is_present = true}, OUTCOME_PASSED, "");
    expect_outcome((struct given){.is_present = true, .is_one_test = true}, OUTCOME_SKIPPED,
                   "no test case of that name");
    expect_outcome((struct given){.is_present = true, .is_one_test = true, .end = {.exit_code = 4}},
                   OUTCOME_SKIPPED, "no test case of that name");
    expect_outcome((struct given){.is_present = true, .is_one_test = true, .end = {.exit_code = 2}},
                   OUTCOME_ERROR, "exit status 2");
}

Test(judge, all_cases_skipped_is_skipped)
{
    expect_outcome((struct given){.is_present = true, .skipped = 4}, OUTCOME_SKIPPED,
                   "every test case was skipped");
}

Test(judge, a_plain_command_is_judged_by_its_exit_status)
{
    expect_outcome((struct given){.is_command = true}, OUTCOME_PASSED, "");
    expect_outcome((struct given){.is_command = true, .end = {.exit_code = 77}}, OUTCOME_SKIPPED, "77");
    expect_outcome((struct given){.is_command = true, .end = {.exit_code = 99}}, OUTCOME_INFRA, "99");
    expect_outcome((struct given){.is_command = true, .end = {.exit_code = 1}}, OUTCOME_ERROR,
                   "exit status 1");
}

Test(judge, a_plain_command_that_reports_failures_does_not_pass)
{
    expect_outcome((struct given){.is_command = true, .is_present = true, .passed = 1, .failed = 1},
                   OUTCOME_FAILED, "1 of 2");
}

Test(judge, a_cut_outranks_all_that_the_suite_left_behind)
{
    struct given given = {.is_present = true, .passed = 3, .cut = CUT_SUITE_TIMEOUT};
    expect_outcome(given, OUTCOME_TIMEOUT, "timed out");
    given.cut = CUT_SHARD_TIMEOUT;
    expect_outcome(given, OUTCOME_TIMEOUT, "timed out");
    given.cut = CUT_CANCELLED;
    expect_outcome(given, OUTCOME_CANCELLED, "");
    given.cut = CUT_LEASE_LOST;
    expect_outcome(given, OUTCOME_INFRA, "");
}

Test(judge, what_the_infrastructure_did_is_nobody_s_test)
{
    expect_outcome((struct given){.end = {.exit_code = 1, .infra_reason = "the queue was away"}},
                   OUTCOME_INFRA, "the queue was away");
    expect_outcome((struct given){.end = {.signal = SIGKILL, .is_killed_by_guard = true}}, OUTCOME_INFRA,
                   "lease");
    expect_outcome((struct given){.is_present = true, .passed = 1, .end = {.infra_reason = "slow"}},
                   OUTCOME_PASSED, "");
}

Test(judge, a_command_that_does_not_exist_is_the_suite_s_error)
{
    struct given given = {0};
    error_set(&given.end.error, ERROR_GONE, "command not found: pytset");
    expect_outcome(given, OUTCOME_ERROR, "pytset");
    error_set(&given.end.error, ERROR_IO, "the guard died");
    expect_outcome(given, OUTCOME_INFRA, "guard");
}

Test(judge, a_framework_that_finds_no_test_and_exits_0_is_no_green)
{
    static const char *const frameworks[] = {"go", "ctest", "criterion"};
    for (size_t i = 0; i < 3; i++) {
        expect_outcome((struct given){.is_present = true, .framework = frameworks[i]}, OUTCOME_ERROR,
                       "holds no test case");
    }
}

Test(judge, a_framework_that_is_not_there_is_named_with_how_to_install_it)
{
    expect_outcome((struct given){.framework = "go", .end = {.exit_code = 127}}, OUTCOME_ERROR,
                   "go is not installed: apt install golang-go");
    expect_outcome(
        (struct given){.end = {.exit_code = 1, .output_tail = "python3: No module named pytest\n"}},
        OUTCOME_ERROR, "pytest is not installed: python3 -m pip install pytest");
    struct text reason = {0};
    struct given other = {.end = {.exit_code = 1, .output_tail = "Segmentation fault\n"}};
    cr_assert_eq(judge(&other, &reason), OUTCOME_ERROR);
    cr_assert_null(strstr(text_string(&reason), "installed"), "%s", text_string(&reason));
    text_clear(&reason);
}
