#include "../../../reporters/tally.h"
#include "feed.h"
#include <criterion/criterion.h>
#include <string.h>

static struct test_case first_cases[8], second_cases[8];
static struct held_attempt attempts[2];
static struct fold_attempt fold_attempts[2];
static struct held held = {.attempts = attempts};
static struct fold_suite suite;
static struct reported reported;

static void setup(void)
{
    memset(fold_attempts, 0, sizeof fold_attempts);
    suite = (struct fold_suite){.name = "api/cart", .is_finished = true, .attempts = fold_attempts};
    held.count = 0;
    reported = (struct reported){0};
}

static void teardown(void)
{
    reported_clear(&reported);
}
TestSuite(cases, .init = setup, .fini = teardown);

static void add_attempt(enum outcome outcome, struct test_case *cases, size_t count)
{
    int number = (int)++suite.attempt_count;
    fold_attempts[number - 1] =
        (struct fold_attempt){.number = number, .outcome = outcome, .reason = "why", .is_finished = true};
    if (count > 0) {
        attempts[held.count++] =
            (struct held_attempt){.number = number, .outcome = outcome, .cases = cases, .count = count};
    }
}

static void merge(enum outcome outcome)
{
    suite.outcome = outcome;
    cases_merge(&suite, &held, &reported);
}

Test(cases, every_case_is_reported_once_however_often_it_ran)
{
    first_cases[0] = case_failed("a", "no");
    first_cases[1] = case_passed("b");
    second_cases[0] = case_failed("a", "again");
    second_cases[1] = case_passed("b");
    add_attempt(OUTCOME_FAILED, first_cases, 2);
    add_attempt(OUTCOME_FAILED, second_cases, 2);
    merge(OUTCOME_FAILED);
    cr_assert_eq(reported.count, 2);
    cr_assert_str_eq(reported.list[0].main->message, "no");
    cr_assert_eq(reported.list[0].other_count, 1);
    cr_assert_str_eq(reported.list[0].others[0]->message, "again");
}

Test(cases, a_broken_teardown_joins_its_failed_test)
{
    first_cases[0] = case_failed("a", "no");
    first_cases[1] = case_failed("a", "failed on teardown with \"KeyError\"");
    first_cases[1].status = CASE_ERROR;
    first_cases[1].body = "teardown trace";
    add_attempt(OUTCOME_FAILED, first_cases, 2);
    merge(OUTCOME_FAILED);
    cr_assert_eq(reported.count, 1);
    cr_assert_eq(reported.list[0].status, CASE_FAILED);
    cr_assert(strstr(reported.list[0].main->body, "assert 1 == 2") != NULL);
    cr_assert(strstr(reported.list[0].main->body, "teardown trace") != NULL);
}

Test(cases, namesakes_are_numbered_and_none_is_swallowed)
{
    for (int i = 0; i < 4; i++) {
        first_cases[i] = case_passed("works");
        second_cases[i] = case_passed("works");
    }
    second_cases[2] = case_failed("works", "third");
    add_attempt(OUTCOME_ERROR, first_cases, 4);
    add_attempt(OUTCOME_FAILED, second_cases, 4);
    merge(OUTCOME_FAILED);
    cr_assert_eq(reported.count, 4);
    cr_assert_str_eq(reported.list[2].name, "works #3");
    cr_assert_eq(reported.list[2].status, CASE_FAILED);
    cr_assert_eq(reported.totals.counts[CASE_PASSED], 3);
}

Test(cases, many_namesakes_do_not_take_for_ever)
{
    enum { MANY = 20000 };
    struct test_case *many = memory_new(MANY * sizeof *many);
    for (size_t i = 0; i < MANY; i++) {
        many[i] = case_passed("works");
    }
    add_attempt(OUTCOME_PASSED, many, MANY);
    merge(OUTCOME_PASSED);
    cr_assert_eq(reported.count, MANY);
    cr_assert_str_eq(reported.list[MANY - 1].name, "works #20000");
    memory_free(many);
}

Test(cases, what_broke_with_the_account_makes_no_test_flaky)
{
    first_cases[0] = case_failed("a", "connection refused");
    second_cases[0] = case_passed("a");
    add_attempt(OUTCOME_INFRA, first_cases, 1);
    add_attempt(OUTCOME_PASSED, second_cases, 1);
    merge(OUTCOME_PASSED);
    cr_assert_eq(reported.count, 1);
    cr_assert_eq(reported.totals.flaky, 0);
}

Test(cases, a_case_that_the_passing_attempt_did_not_report_is_skipped_and_says_so)
{
    first_cases[0] = case_failed("test[uuid-1]", "no");
    second_cases[0] = case_passed("test[uuid-2]");
    add_attempt(OUTCOME_FAILED, first_cases, 1);
    add_attempt(OUTCOME_PASSED, second_cases, 1);
    merge(OUTCOME_PASSED);
    cr_assert_eq(reported.count, 2);
    cr_assert_eq(reported.list[0].status, CASE_SKIPPED);
    cr_assert_str_eq(reported.list[0].main->message,
                     "failed in attempt 1; the attempt that passed did not report it");
}

Test(cases, a_failing_case_stays_red_even_where_the_suite_says_passed)
{
    first_cases[0] = case_failed("a", "no");
    add_attempt(OUTCOME_PASSED, first_cases, 1);
    merge(OUTCOME_PASSED);
    cr_assert_eq(reported.list[0].status, CASE_FAILED);
}

Test(cases, cases_of_an_attempt_before_a_crash_are_kept)
{
    first_cases[0] = case_failed("a", "no");
    first_cases[1] = case_passed("b");
    add_attempt(OUTCOME_FAILED, first_cases, 2);
    add_attempt(OUTCOME_ERROR, NULL, 0);
    merge(OUTCOME_ERROR);
    cr_assert_eq(reported.count, 3);
    cr_assert_eq(reported.totals.counts[CASE_FAILED], 1);
    cr_assert(reported.list[2].is_synthetic);
    cr_assert_str_eq(reported.list[2].main->type, "error");
}

Test(cases, a_pass_after_a_crash_that_no_case_shows_is_flaky)
{
    second_cases[0] = case_passed("a");
    add_attempt(OUTCOME_TIMEOUT, NULL, 0);
    add_attempt(OUTCOME_PASSED, second_cases, 1);
    merge(OUTCOME_PASSED);
    cr_assert_eq(reported.count, 2);
    cr_assert(reported.list[1].is_synthetic && reported.list[1].is_flaky);
    cr_assert_eq(reported.list[1].status, CASE_PASSED);
    cr_assert_str_eq(reported.list[1].others[0]->type, "timeout");
}

Test(cases, what_a_framework_itself_tried_again_is_flaky)
{
    first_cases[0] = case_passed("a");
    first_cases[0].type = "Error";
    first_cases[0].message = "not yet";
    first_cases[1] = case_passed("b");
    add_attempt(OUTCOME_PASSED, first_cases, 2);
    merge(OUTCOME_PASSED);
    cr_assert_eq(reported.totals.flaky, 1);
    cr_assert(reported.list[0].is_flaky && !reported.list[1].is_flaky);
    cr_assert_eq(reported.list[0].status, CASE_PASSED);
    cr_assert_null(reported.list[0].main->message);
    cr_assert_str_eq(reported.list[0].others[0]->message, "not yet");
    cr_assert_eq(reported.list[0].others[0]->status, CASE_FAILED);
}

Test(cases, infra_beside_failing_cases_is_said_too)
{
    first_cases[0] = case_failed("a", "no");
    add_attempt(OUTCOME_INFRA, first_cases, 1);
    merge(OUTCOME_INFRA);
    cr_assert_eq(reported.totals.counts[CASE_ERROR], 1);
    cr_assert_str_eq(reported.list[1].main->type, "infra");
}

Test(cases, a_test_whose_name_changes_from_attempt_to_attempt_is_one_flaky_test)
{
    first_cases[0] = case_failed("pays[0b7f1c2e-31a7-4d0e-9a55-0c8f2f6a1b3d]", "no");
    second_cases[0] = case_passed("pays[9c1d2f3a-77b1-4c0e-8a11-aa8f2f6a1b3d]");
    add_attempt(OUTCOME_FAILED, first_cases, 1);
    add_attempt(OUTCOME_PASSED, second_cases, 1);
    merge(OUTCOME_PASSED);
    cr_assert_eq(reported.count, 1);
    cr_assert_eq(reported.totals.flaky, 1);
    cr_assert_str_eq(reported.list[0].name, "pays[<uuid>]");
    cr_assert_str_eq(reported.list[0].main->name, second_cases[0].name, "the raw name stays");
    cr_assert_neq(reported.list[0].volatile_parts, 0);
}

static void expect_repro(size_t index, const char *expected)
{
    struct text text = {0};
    case_append_repro(&suite, &reported.list[index], &text);
    cr_expect_str_eq(text_string(&text), expected);
    text_clear(&text);
}

Test(cases, a_case_is_reproduced_alone_where_the_framework_can_and_it_is_a_test)
{
    first_cases[0] = case_failed("it's [1]", "no");
    first_cases[0].classname = "tests.test_cart";
    first_cases[1] = case_failed("\"before all\" hook", "no");
    first_cases[1].is_no_test = true;
    first_cases[2] = case_passed("same");
    first_cases[3] = case_failed("same", "the second of one name");
    add_attempt(OUTCOME_FAILED, first_cases, 4);
    merge(OUTCOME_FAILED);
    suite.repro = "itrun run api/cart --seed 42";
    suite.can_select = true;
    expect_repro(0, "itrun run api/cart --seed 42 --test 'tests.test_cart::it'\\''s [1]'");
    expect_repro(1, "itrun run api/cart --seed 42");
    cr_assert_str_eq(reported.list[3].name, "same #2");
    cr_assert(string_ends_with(reported.list[3].main->name, "same"));
    suite.can_select = false;
    expect_repro(0, "itrun run api/cart --seed 42");
}

Test(cases, what_speaks_for_a_suite_is_reproduced_by_the_suite)
{
    add_attempt(OUTCOME_ERROR, NULL, 0);
    merge(OUTCOME_ERROR);
    suite.repro = "itrun run api/cart --seed 42";
    suite.can_select = true;
    expect_repro(0, "itrun run api/cart --seed 42");
}
