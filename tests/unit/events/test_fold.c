#include "itrun/events.h"
#include <criterion/criterion.h>
#include <string.h>

static struct fold *fold;
static struct text journal;
static struct error error;
static int64_t now_us;

static void setup(void)
{
    fold = fold_new();
    now_us = 0;
    error_clear(&error);
}

static void teardown(void)
{
    fold_free(fold);
    text_clear(&journal);
}
TestSuite(fold, .init = setup, .fini = teardown);

static bool feed(struct event event)
{
    event.monotonic_us = now_us;
    event.wall_us = 1000000000 + now_us;
    event.run = "run-1";
    event_encode(&event, &journal);
    return fold_event(fold, &event, &error);
}

static bool plan_suite(size_t suite, const char *name)
{
    struct event event = {.type = EVENT_SUITE_PLANNED, .suite = suite, .suite_name = name, .shard = 1};
    event.planned.expected_ms = 500;
    return feed(event);
}

static bool announce(size_t count)
{
    struct event event = {.type = EVENT_PLAN_ANNOUNCED, .suite = NO_INDEX};
    event.planned.suite_count = count;
    return feed(event);
}

static void start(void)
{
    struct event event = {.type = EVENT_RUN_STARTED, .suite = NO_INDEX};
    event.start.shard_count = 2;
    event.start.seed = 42;
    cr_assert(feed(event));
    cr_assert(plan_suite(0, "a"));
    cr_assert(plan_suite(1, "b"));
    cr_assert(announce(2));
}

static bool of_suite(enum event_type type, size_t suite, int attempt, enum outcome outcome)
{
    struct event event = {.type = type,
                          .suite = suite,
                          .suite_name = "s",
                          .shard = 1,
                          .attempt = attempt,
                          .account = "account-001",
                          .outcome = outcome,
                          .duration_ms = 700};
    return feed(event);
}

Test(fold, a_suite_without_an_outcome_is_lost)
{
    start();
    cr_assert(of_suite(EVENT_ATTEMPT_STARTED, 0, 1, OUTCOME_PASSED));
    cr_assert(of_suite(EVENT_ATTEMPT_FINISHED, 0, 1, OUTCOME_PASSED));
    cr_assert(of_suite(EVENT_SUITE_FINISHED, 1, 1, OUTCOME_PASSED));
    struct verdict verdict;
    fold_verdict(fold, &verdict);
    cr_assert_eq(verdict.counts[OUTCOME_LOST], 1);
    cr_assert_eq(verdict.counts[OUTCOME_PASSED], 1);
    cr_assert_eq(verdict_exit_code(&verdict), EXIT_CODE_INCOMPLETE);
}

Test(fold, the_announcement_must_match_what_was_announced)
{
    cr_assert(plan_suite(0, "a"));
    cr_assert(!announce(3));
    cr_assert_eq(error.kind, ERROR_INVALID);
    cr_assert_str_eq(error.what, "journal says 3 suites, 1 were announced");
}

Test(fold, no_suite_is_announced_twice_or_late_or_left_out)
{
    cr_assert(plan_suite(0, "a"));
    cr_assert(!plan_suite(0, "a"));
    cr_assert(!plan_suite(2, "c"));
    cr_assert(announce(1));
    cr_assert(!plan_suite(1, "b"));
    cr_assert(!announce(1));
    cr_assert_eq(fold->suite_count, 1);
}

Test(fold, no_suite_finishes_twice)
{
    start();
    cr_assert(of_suite(EVENT_SUITE_FINISHED, 0, 1, OUTCOME_FAILED));
    cr_assert(!of_suite(EVENT_SUITE_FINISHED, 0, 1, OUTCOME_PASSED));
    cr_assert_str_eq(error.what, "suite a finished twice");
    cr_assert_eq(fold->suites[0].outcome, OUTCOME_FAILED);
}

Test(fold, what_was_never_announced_is_refused)
{
    start();
    cr_assert(!of_suite(EVENT_SUITE_FINISHED, 2, 1, OUTCOME_PASSED));
    cr_assert(!of_suite(EVENT_ATTEMPT_STARTED, 7, 1, OUTCOME_PASSED));
    cr_assert(!of_suite(EVENT_ATTEMPT_FINISHED, NO_INDEX, 1, OUTCOME_PASSED));
    cr_assert_eq(error.kind, ERROR_INVALID);
}

Test(fold, two_runs_do_not_mix)
{
    start();
    struct event other = {.type = EVENT_RUN_STARTED, .suite = NO_INDEX, .run = "run-2"};
    cr_assert(!fold_event(fold, &other, &error));
    cr_assert_eq(error.kind, ERROR_INVALID);
}

Test(fold, a_damaged_shard_number_takes_no_memory)
{
    start();
    struct event event = {.type = EVENT_ACCOUNT_LEASED, .suite = NO_INDEX, .shard = (size_t)1 << 40};
    cr_assert(!fold_event(fold, &event, &error));
    cr_assert_eq(error.kind, ERROR_INVALID);
}

Test(fold, attempts_retries_and_their_cost_are_kept)
{
    start();
    cr_assert(of_suite(EVENT_ATTEMPT_STARTED, 0, 1, OUTCOME_PASSED));
    cr_assert(of_suite(EVENT_ATTEMPT_FINISHED, 0, 1, OUTCOME_TIMEOUT));
    cr_assert(of_suite(EVENT_ATTEMPT_STARTED, 0, 2, OUTCOME_PASSED));
    cr_assert(of_suite(EVENT_ATTEMPT_FINISHED, 0, 2, OUTCOME_PASSED));
    struct fold_suite *suite = &fold->suites[0];
    cr_assert_eq(suite->attempt_count, 2);
    cr_assert_eq(suite->attempts[0].outcome, OUTCOME_TIMEOUT);
    cr_assert_eq(fold_last_attempt(suite)->number, 2);
    cr_assert_eq(fold->retried_attempts, 1);
    cr_assert_eq(fold->retry_ms, 700);
    cr_assert_str_eq(suite->account, "account-001");
}

Test(fold, stacks_are_counted_by_what_became_of_them)
{
    static const struct {
        enum event_type type;
        const char *action;
        bool is_ok;
    } facts[] = {{EVENT_STACK_DECIDED, "skip", true},    {EVENT_STACK_DECIDED, "create", true},
                 {EVENT_STACK_FINISHED, "create", true}, {EVENT_STACK_FINISHED, "update", true},
                 {EVENT_STACK_FINISHED, "repair", true}, {EVENT_STACK_FINISHED, "replace", true},
                 {EVENT_STACK_FINISHED, "create", false}};
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++) {
        struct event event = {.type = facts[i].type, .suite = NO_INDEX, .shard = 1, .duration_ms = 10};
        event.stack_action.action = facts[i].action;
        event.stack_action.is_ok = facts[i].is_ok;
        cr_assert(feed(event));
    }
    cr_assert_eq(fold->stacks_skipped, 1);
    cr_assert_eq(fold->stacks_created, 1);
    cr_assert_eq(fold->stacks_updated, 2);
    cr_assert_eq(fold->stacks_replaced, 1);
    cr_assert_eq(fold->stacks_failed, 1);
}

Test(fold, a_lanes_time_is_charged_to_what_it_did)
{
    start();
    struct event leased = {.type = EVENT_ACCOUNT_LEASED, .suite = NO_INDEX, .shard = 1};
    struct event released = {.type = EVENT_ACCOUNT_RELEASED, .suite = NO_INDEX, .shard = 1};
    struct event decided = {.type = EVENT_STACK_DECIDED, .suite = NO_INDEX, .shard = 1};
    decided.stack_action.action = "skip";
    now_us = 10;
    cr_assert(feed(leased));
    now_us = 20;
    cr_assert(feed(decided));
    now_us = 30;
    cr_assert(of_suite(EVENT_ATTEMPT_STARTED, 0, 1, OUTCOME_PASSED));
    now_us = 70;
    cr_assert(of_suite(EVENT_ATTEMPT_FINISHED, 0, 1, OUTCOME_INFRA));
    now_us = 71;
    cr_assert(feed(released));
    now_us = 171;
    cr_assert(feed(leased));
    struct fold_shard shard;
    fold_shard_now(fold, 0, &shard);
    cr_assert_eq(shard.phase_us[FOLD_WAIT], 110);
    cr_assert_eq(shard.phase_us[FOLD_RECONCILE], 10);
    cr_assert_eq(shard.phase_us[FOLD_TEST], 40);
    cr_assert_eq(shard.phase_us[FOLD_IDLE], 11); /* ready, but not yet its turn */
    cr_assert_eq(shard.longest_wait_us, 100);
    fold_shard_now(fold, 1, &shard);
    cr_assert_eq(shard.phase_us[FOLD_WAIT], 171);
}

Test(fold, a_lane_whose_stacks_are_ready_is_idle_until_its_turn)
{
    static const struct {
        enum event_type type;
        const char *action;
        int64_t at_us;
    } facts[] = {{EVENT_ACCOUNT_LEASED, NULL, 10},    {EVENT_STACK_DECIDED, "wait", 20},
                 {EVENT_STACK_DECIDED, "skip", 50},   {EVENT_STACK_DECIDED, "delete again", 60},
                 {EVENT_STACK_DECIDED, "create", 70}, {EVENT_STACK_FINISHED, "replace", 90},
                 {EVENT_ACCOUNT_RELEASED, NULL, 1090}};
    start();
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++) {
        struct event event = {.type = facts[i].type, .suite = NO_INDEX, .shard = 1};
        event.stack_action.action = facts[i].action;
        event.stack_action.is_ok = true;
        now_us = facts[i].at_us;
        cr_assert(feed(event));
    }
    struct fold_shard shard;
    fold_shard_now(fold, 0, &shard);
    cr_assert_eq(shard.phase_us[FOLD_RECONCILE], 80);
    cr_assert_eq(shard.phase_us[FOLD_IDLE], 1000);
}

Test(fold, keeps_its_own_copies)
{
    start();
    char reason[] = "first reason";
    struct event event = {
        .type = EVENT_SUITE_FINISHED, .suite = 0, .outcome = OUTCOME_ERROR, .reason = reason};
    cr_assert(feed(event));
    memset(reason, 'x', sizeof reason - 1);
    cr_assert_str_eq(fold->suites[0].reason, "first reason");
}

Test(fold, a_journal_gives_what_the_live_run_had)
{
    start();
    cr_assert(of_suite(EVENT_SUITE_FINISHED, 0, 1, OUTCOME_INFRA));
    struct fold *again = fold_new();
    bool is_torn = true;
    cr_assert(fold_journal(again, journal.bytes, journal.length, &is_torn, &error), "%s", error.what);
    cr_assert(!is_torn);
    cr_assert_eq(again->suites[0].outcome, OUTCOME_INFRA);
    cr_assert_eq(again->start.start.seed, 42);
    cr_assert_eq(again->last_monotonic_us, fold->last_monotonic_us);
    cr_assert(again->is_announced);
    fold_free(again);
}

Test(fold, a_torn_last_line_is_dropped_at_every_byte)
{
    start();
    size_t whole = journal.length;
    cr_assert(of_suite(EVENT_SUITE_FINISHED, 0, 1, OUTCOME_PASSED));
    for (size_t length = whole; length < journal.length; length++) {
        struct fold *again = fold_new();
        bool is_torn = false;
        cr_assert(fold_journal(again, journal.bytes, length, &is_torn, &error), "%s", error.what);
        cr_assert_eq(is_torn, length > whole);
        cr_assert_eq(again->suites[0].outcome, OUTCOME_LOST);
        fold_free(again);
    }
}

Test(fold, zeros_at_the_end_are_torn_and_damage_in_the_middle_is_not)
{
    start();
    struct fold *again = fold_new();
    bool is_torn = false;
    struct text damaged = {0};
    text_append_bytes(&damaged, journal.bytes, journal.length);
    text_append_bytes(&damaged, "\0\0\0\0\n", 5);
    cr_assert(fold_journal(again, damaged.bytes, damaged.length, &is_torn, &error));
    cr_assert(is_torn);
    fold_free(again);
    again = fold_new();
    damaged.bytes[strcspn(damaged.bytes, "\n") - 1] = '!';
    cr_assert(!fold_journal(again, damaged.bytes, damaged.length, &is_torn, &error));
    cr_assert(string_starts_with(error.what, "journal line 1: "), "%s", error.what);
    fold_free(again);
    text_clear(&damaged);
}

Test(fold, events_of_a_later_version_are_passed_over)
{
    start();
    text_append(&journal, "{\"v\":2,\"type\":\"suite.dreamt\",\"suite\":0}\n");
    cr_assert(of_suite(EVENT_SUITE_FINISHED, 0, 1, OUTCOME_PASSED));
    struct fold *again = fold_new();
    cr_assert(fold_journal(again, journal.bytes, journal.length, NULL, &error), "%s", error.what);
    cr_assert_eq(again->suites[0].outcome, OUTCOME_PASSED);
    fold_free(again);
}

Test(fold, an_impossible_history_names_its_line)
{
    start();
    cr_assert(of_suite(EVENT_SUITE_FINISHED, 0, 1, OUTCOME_PASSED));
    of_suite(EVENT_SUITE_FINISHED, 0, 1, OUTCOME_PASSED);
    struct fold *again = fold_new();
    cr_assert(!fold_journal(again, journal.bytes, journal.length, NULL, &error));
    cr_assert_str_eq(error.what, "journal line 6: suite a finished twice");
    fold_free(again);
}
