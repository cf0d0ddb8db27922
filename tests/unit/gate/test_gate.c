/* A gate by its policy, over results made by hand. Today is 2026-11-24. */
#include "itrun/gate.h"
#include <criterion/criterion.h>
#include <string.h>

#define TODAY_US 1795521600000000LL /* 2026-11-24T12:00:00Z */
#define HOUR_US  (3600LL * 1000 * 1000)

static struct arena *arena;
static struct gate_policy policy;
static struct gate_verdict verdict;
static struct result_case cases[8];
static struct result_suite suites[8];
static struct results runs[3];
static size_t run_count;

static struct result_case test(const char *name, enum case_status status)
{
    return (struct result_case){.name = name, .status = status};
}

static struct result_suite suite(const char *name, const char *group, enum outcome outcome)
{
    return (struct result_suite){.name = name, .group = group, .outcome = outcome, .repro = "itrun run it"};
}

static void setup(void)
{
    arena = arena_new();
    policy = (struct gate_policy){.flaky_limit = GATE_NO_LIMIT, .quarantine_passes = 3};
    suites[0] = suite("api/a", "api", OUTCOME_PASSED);
    suites[1] = suite("web", "web", OUTCOME_PASSED);
    cases[0] = test("test_pays", CASE_PASSED);
    cases[1] = test("test_ships", CASE_PASSED);
    suites[0].cases = cases;
    suites[0].case_count = 2;
    runs[0] = (struct results){.run = "r0",
                               .project = "shop",
                               .commit = "c",
                               .started_us = TODAY_US - HOUR_US,
                               .is_finished = true,
                               .suites = suites,
                               .suite_count = 2};
    run_count = 1;
}

static void teardown(void)
{
    arena_free(arena);
}
TestSuite(gate, .init = setup, .fini = teardown);

static int decide_with(const char *base, const size_t *streaks)
{
    struct error error = {0};
    const struct gate_question question = {.policy = &policy,
                                           .runs = runs,
                                           .run_count = run_count,
                                           .now_us = TODAY_US,
                                           .base = base,
                                           .streaks = streaks};
    cr_assert(gate_decide(&question, arena, &verdict, &error), "%s", error.what);
    return verdict.exit_code;
}

static int decide(void)
{
    return decide_with(NULL, NULL);
}

static const struct gate_reason *reason(const char *part)
{
    for (size_t i = 0; i < verdict.reason_count; i++) {
        if (strstr(verdict.reasons[i].what, part) != NULL) {
            return &verdict.reasons[i];
        }
    }
    return NULL;
}

static void quarantine(struct quarantine_entry *entry)
{
    policy.quarantine = entry;
    policy.quarantine_count = 1;
}

static void fail(size_t at, size_t bad)
{
    suites[at].outcome = OUTCOME_FAILED;
    cases[bad].status = CASE_FAILED;
}

Test(gate, all_passed_is_open_and_says_nothing)
{
    cr_assert_eq(decide(), 0);
    cr_assert_eq(verdict.reason_count, 0);
    cr_assert_eq(verdict.test_count, 2);
    cr_assert_eq(verdict.group_count, 2);
}

Test(gate, a_failure_blocks_wherever_it_is_not_advisory)
{
    fail(0, 0);
    cr_assert_eq(decide(), 1);
    cr_assert_str_eq(reason("api/a: failed")->repro, "itrun run it");
    policy.advisory = (const char *const[]){"api"};
    policy.advisory_count = 1;
    cr_assert_eq(decide(), 0);
    cr_assert_eq(reason("(advisory)")->weight, GATE_EXCUSED);
}

Test(gate, what_did_not_run_blocks_also_in_an_advisory_group)
{
    static const enum outcome outcomes[] = {OUTCOME_LOST, OUTCOME_CANCELLED};
    policy.advisory = (const char *const[]){"web"};
    policy.advisory_count = 1;
    for (size_t i = 0; i < 2; i++) {
        suites[1].outcome = outcomes[i];
        cr_assert_eq(decide(), 6);
    }
    suites[1].outcome = OUTCOME_PASSED;
    runs[0].is_finished = false;
    cr_assert_eq(decide(), 6);
    runs[0].is_finished = true;
    runs[0].suite_count = 0;
    cr_assert_eq(decide(), 4);
}

Test(gate, infrastructure_alone_is_three_and_a_failure_outranks_it)
{
    suites[1].outcome = OUTCOME_INFRA;
    cr_assert_eq(decide(), 3);
    fail(0, 0);
    cr_assert_eq(decide(), 1);
}

Test(gate, a_required_group_must_have_run_and_skipping_is_not_running)
{
    policy.required = (const char *const[]){"e2e"};
    policy.required_count = 1;
    cr_assert_eq(decide(), 6);
    cr_assert(reason("required group e2e did not run") != NULL);
    policy.required = (const char *const[]){"web"};
    cr_assert_eq(decide(), 0);
    suites[1].outcome = OUTCOME_SKIPPED;
    cr_assert_eq(decide(), 6);
}

Test(gate, fewer_tests_than_the_minimum_are_incomplete_and_skipped_ones_do_not_count)
{
    policy.minimum_tests = 2;
    cr_assert_eq(decide(), 0);
    cases[1].status = CASE_SKIPPED;
    cr_assert_eq(decide(), 6);
    cr_assert(reason("1 tests ran, at least 2 are expected") != NULL);
}

Test(gate, flaky_tests_are_allowed_by_number_or_by_ratio)
{
    cases[0].is_flaky = true;
    cr_assert_eq(decide(), 0);
    policy.flaky_limit = 1;
    cr_assert_eq(decide(), 0);
    policy.flaky_limit = 0;
    cr_assert_eq(decide(), 1);
    policy.flaky_limit = GATE_NO_LIMIT;
    policy.flaky_ratio = "49.99%";
    cr_assert_eq(decide(), 1);
    policy.flaky_ratio = "50%";
    cr_assert_eq(decide(), 0);
}

Test(gate, a_quarantined_test_may_fail_until_its_day_and_is_named_with_its_ticket)
{
    struct quarantine_entry entry = {"api/a", "test_pays", "SHOP-1", "2026-11-24"};
    quarantine(&entry);
    fail(0, 0);
    cr_assert_eq(decide(), 0, "the last day still excuses");
    cr_assert(reason("api/a: test_pays is bad, in quarantine until 2026-11-24 (SHOP-1)") != NULL);
    cr_assert_eq(verdict.groups[0].excused, 1);
    entry.expires = "2026-11-23";
    cr_assert_eq(decide(), 1);
    cr_assert(reason("its quarantine expired on 2026-11-23 (SHOP-1)") != NULL);
}

Test(gate, another_failure_in_the_same_suite_is_not_excused)
{
    struct quarantine_entry entry = {"api/a", "test_pays", "SHOP-1", "2026-12-31"};
    quarantine(&entry);
    fail(0, 0);
    fail(0, 1);
    cr_assert_eq(decide(), 1);
}

Test(gate, a_whole_suite_in_quarantine_may_break_but_not_stay_away)
{
    struct quarantine_entry entry = {"web", NULL, "SHOP-2", "2026-12-31"};
    quarantine(&entry);
    suites[1].outcome = OUTCOME_TIMEOUT;
    cr_assert_eq(decide(), 0);
    suites[1].outcome = OUTCOME_INFRA;
    cr_assert_eq(decide(), 6, "it did not run: found incomplete before infrastructure");
    runs[0].suite_count = 1;
    cr_assert_eq(decide(), 6);
    cr_assert(reason("web is in quarantine and did not run (SHOP-2)") != NULL);
}

Test(gate, a_suite_that_breaks_is_not_excused_by_an_entry_for_one_test)
{
    struct quarantine_entry entry = {"api/a", "test_pays", "SHOP-1", "2026-12-31"};
    quarantine(&entry);
    suites[0].outcome = OUTCOME_ERROR; /* a bad exit with a clean report */
    cr_assert_eq(decide(), 1);
}

Test(gate, an_entry_that_is_not_needed_any_more_is_said)
{
    struct quarantine_entry entry = {"api/a", "test_pays", "SHOP-1", "2026-11-01"};
    quarantine(&entry);
    cr_assert_eq(decide(), 0);
    cr_assert_eq(reason("expired on 2026-11-01, and it is good")->weight, GATE_SAYS);
    entry.expires = "2026-12-31";
    size_t streak = 2;
    cr_assert_eq(decide_with(NULL, &streak), 0);
    cr_assert_eq(verdict.reason_count, 0);
    streak = 3;
    cr_assert_eq(decide_with(NULL, &streak), 0);
    cr_assert(reason("was good in its last 3 runs (SHOP-1)") != NULL);
}

Test(gate, flakiness_in_quarantine_or_advisory_uses_up_no_allowance)
{
    struct quarantine_entry entry = {"api/a", "test_pays", "SHOP-1", "2026-12-31"};
    quarantine(&entry);
    cases[0].is_flaky = true;
    policy.flaky_limit = 0;
    cr_assert_eq(decide(), 0);
    cases[1].is_flaky = true;
    cr_assert_eq(decide(), 1);
    policy.advisory = (const char *const[]){"api"};
    policy.advisory_count = 1;
    cr_assert_eq(decide(), 0);
}

Test(gate, old_results_and_a_stale_base_are_incomplete)
{
    policy.max_age_ms = 3600 * 1000;
    cr_assert_eq(decide(), 0);
    policy.max_age_ms--;
    cr_assert_eq(decide(), 6);
    policy.max_age_ms = 0;
    cr_assert_eq(decide_with("b2", NULL), 6);
    cr_assert(reason("was on the base (not recorded), not on b2") != NULL);
    runs[0].base_commit = "b2";
    cr_assert_eq(decide_with("b2", NULL), 0);
}

Test(gate, a_rerun_supersedes_and_counts_as_flaky)
{
    struct result_suite again = suite("web", "web", OUTCOME_PASSED);
    runs[1] = runs[0];
    runs[1].run = "r1";
    runs[1].started_us += HOUR_US / 2;
    runs[1].suites = &again;
    runs[1].suite_count = 1;
    run_count = 2;
    suites[1].outcome = OUTCOME_FAILED;
    policy.flaky_limit = 1;
    cr_assert_eq(decide(), 0);
    cr_assert_eq(verdict.flaky_count, 1);
    cr_assert_eq(verdict.suite_count, 2);
    policy.flaky_limit = 0;
    cr_assert_eq(decide(), 1);
    runs[1].started_us =
        runs[0].started_us - 1; /* now the failure is the newer one, whatever the order given */
    policy.flaky_limit = 1;
    cr_assert_eq(decide(), 1);
}

Test(gate, runs_of_two_commits_or_one_run_twice_are_refused)
{
    struct error error = {0};
    runs[1] = runs[0];
    runs[1].run = "r1";
    runs[1].commit = "d";
    const struct gate_question question = {
        .policy = &policy, .runs = runs, .run_count = 2, .now_us = TODAY_US};
    cr_assert_not(gate_decide(&question, arena, &verdict, &error));
    cr_assert_eq(error.kind, ERROR_USAGE);
    cr_assert(strstr(error.what, "not of one commit: r0 of c, r1 of d") != NULL);
    runs[1] = runs[0];
    cr_assert_not(gate_decide(&question, arena, &verdict, &error));
    cr_assert(strstr(error.what, "given twice") != NULL);
}

Test(gate, the_page_lists_what_blocks_first_and_breaks_commands)
{
    struct quarantine_entry entry = {"api/a", "test_pays", "SHOP-1", "2026-12-31"};
    quarantine(&entry);
    fail(0, 0);
    suites[1].outcome = OUTCOME_FAILED;
    suites[1].reason = "##[error]x\n::add-mask::main";
    cr_assert_eq(decide(), 1);
    struct text text = {0};
    gate_write_text(&verdict, &text);
    cr_assert(string_starts_with(text.bytes, "gate CLOSED: tests failed (exit code 1)\n"));
    const char *blocks = strstr(text.bytes, "\nblocks:\n  web: failed");
    const char *excused = strstr(text.bytes, "\nexcused:\n  api/a: test_pays is bad");
    cr_assert(blocks != NULL && excused != NULL && blocks < excused, "%s", text.bytes);
    cr_assert(strstr(text.bytes, "##[") == NULL && strstr(text.bytes, "\n::") == NULL, "%s", text.bytes);
    text_clear(&text);
}

Test(gate, each_group_has_a_status_of_at_most_140_characters)
{
    struct commit_status *statuses;
    size_t count;
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        suites[i] = suite("s", "api", (enum outcome)i);
        suites[i].name = arena_format(arena, "s%d", i);
    }
    runs[0].suite_count = OUTCOME_COUNT;
    decide();
    commit_statuses(&verdict, arena, &statuses, &count);
    cr_assert_eq(count, 1);
    cr_assert_str_eq(statuses[0].context, "itrun/api");
    cr_assert_str_eq(statuses[0].state, "failure");
    cr_assert(string_starts_with(statuses[0].description, "1 error, 1 timeout, 1 failed, 1 lost"));
    cr_assert_leq(strlen(statuses[0].description), 140);
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        suites[i].outcome = OUTCOME_INFRA;
    }
    decide();
    commit_statuses(&verdict, arena, &statuses, &count);
    cr_assert_str_eq(statuses[0].state, "error");
}
