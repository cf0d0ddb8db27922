#include "feed.h"
#include <criterion/criterion.h>
#include <string.h>

static struct capture capture;
static struct feed feed;

static void start(enum console_style style, bool is_coloured)
{
    struct console_options options = {
        .style = style, .is_coloured = is_coloured, .directory = ".itrun/runs/0198-run"};
    feed_start(&feed, console_sink_new(&capture.out, &options), 4);
}

static void setup(void)
{
    capture_init(&capture);
}

static void teardown(void)
{
    feed_clear(&feed);
    capture_clear(&capture);
}
TestSuite(console, .init = setup, .fini = teardown);

static const char *shown(void)
{
    return text_string(&capture.appended);
}

static void tick(int64_t after_us)
{
    feed.now_us += after_us;
    feed.sink->on_tick(feed.sink, feed.now_us);
}

#define HAS(needle)     cr_assert(strstr(shown(), needle) != NULL, "'%s' is not in:\n%s", needle, shown())
#define HAS_NOT(needle) cr_assert(strstr(shown(), needle) == NULL, "'%s' is in:\n%s", needle, shown())

Test(console, plain_says_what_starts_and_one_line_a_suite)
{
    struct test_case cases[] = {case_passed("a"), case_passed("b")};
    struct report report = report_of(cases, 2);
    start(CONSOLE_PLAIN, false);
    feed_suite(&feed, 0, OUTCOME_PASSED, NULL, &report);
    HAS("itrun 0.1.0 · storefront · run 0198-run\n");
    HAS("4 suites on 3 shards · 3 accounts · 3 at once · seed 18446744073709551615\n");
    HAS("predicted 1m 30s, at best 1m 20s\n");
    HAS("✓ passed     api/cart · shard 1 · account-001 · 1.5s · 2 tests\n");
}

Test(console, a_failure_shows_message_last_lines_and_repro)
{
    struct test_case cases[] = {case_failed("refund", "expected 200\nmore")};
    struct report report = report_of(cases, 1);
    start(CONSOLE_PLAIN, false);
    feed_suite(&feed, 0, OUTCOME_FAILED, "1 of 1", &report);
    HAS("✗ failed     api/cart · shard 1 · account-001 · 1.5s · 1 of 1 tests failed\n"
        "      refund: AssertionError: expected 200\n"
        "      | line one\n      | line two\n"
        "      reproduce: itrun run api/cart --seed 42 --test tests.api.test_cart.TestCart::refund\n");
}

Test(console, nothing_a_test_says_controls_the_terminal)
{
    struct test_case cases[] = {case_failed("a\x1b]0;owned\x07\r\nb", "\x1b[2J\x1b[Hboom\x9b"
                                                                      "31m\n")};
    struct report report = report_of(cases, 1);
    start(CONSOLE_PLAIN, false);
    feed_suite(&feed, 0, OUTCOME_FAILED, "\x1b[31mred", &report);
    feed_end(&feed, 1);
    for (const char *c = shown(); *c != '\0'; c++) {
        cr_assert((unsigned char)*c >= 0x20 || *c == '\n', "control character %d", *c);
        cr_assert((unsigned char)*c != 0x7F);
    }
    HAS("boom");
    HAS_NOT("owned");
}

Test(console, plain_is_never_silent_for_longer_than_ten_seconds)
{
    start(CONSOLE_PLAIN, false);
    feed_attempt_start(&feed, 0, 1);
    tick(9000000);
    HAS_NOT("0/4 suites");
    tick(1000000);
    HAS("[10.0s] 0/4 suites, 1 running, 2 lanes waiting, oldest api/cart 10.0s\n");
    tick(5000000);
    cr_assert_eq(count_of(shown(), "0/4 suites"), 1);
}

Test(console, who_holds_the_accounts_is_said_once)
{
    start(CONSOLE_PLAIN, false);
    struct event waiting = {
        .type = EVENT_ACCOUNT_WAITING, .suite = NO_INDEX, .shard = 2, .reason = "run 7 on ci-7"};
    feed_event(&feed, waiting);
    waiting.shard = 3;
    feed_event(&feed, waiting);
    HAS("shard 2 waits for an account: held by run 7 on ci-7\n");
    HAS_NOT("shard 3 waits");
}

static void decide(const char *stack, const char *action, const char *reason)
{
    struct event decided = {
        .type = EVENT_STACK_DECIDED, .suite = NO_INDEX, .shard = 1, .stack = stack, .reason = reason};
    decided.stack_action.action = action;
    feed_event(&feed, decided);
}

Test(console, deploys_are_said_with_their_reasons_in_one_line_a_lane)
{
    start(CONSOLE_PLAIN, false);
    decide("base", "skip", "up to date");
    decide("data", "create", "there is no such stack");
    decide("orders", "create", "there is no such stack");
    decide("billing", "update", "parameter Stage changed");
    feed_attempt_start(&feed, 0, 1);
    HAS("↑ stacks     shard 1: create data, orders (there is no such stack); update billing "
        "(parameter Stage changed); 1 up to date\n");
}

Test(console, lanes_with_nothing_to_deploy_are_not_worth_a_line)
{
    start(CONSOLE_PLAIN, false);
    decide("base", "skip", "up to date");
    feed_attempt_start(&feed, 0, 1);
    HAS_NOT("stacks");
}

Test(console, a_broken_stack_is_said_at_once)
{
    start(CONSOLE_BAR, false);
    struct event finished = {.type = EVENT_STACK_FINISHED,
                             .suite = NO_INDEX,
                             .shard = 2,
                             .account = "account-002",
                             .stack = "orders",
                             .reason = "Resource handler returned 400"};
    finished.stack_action.action = "update";
    feed_event(&feed, finished);
    HAS("✗ deploy     stack orders · shard 2 · account-002 · update: Resource handler returned 400\n");
}

Test(console, a_retry_says_what_came_before)
{
    start(CONSOLE_PLAIN, false);
    feed_attempt_start(&feed, 0, 1);
    feed_attempt_end(&feed, 0, 1, OUTCOME_TIMEOUT, "took longer than 5m", NULL);
    feed_attempt_start(&feed, 0, 2);
    HAS("↻ again      api/cart · attempt 2 · shard 1 · account-001 · was timeout: took longer than 5m\n");
}

Test(console, problems_of_one_kind_are_said_three_times_and_then_counted)
{
    start(CONSOLE_PLAIN, false);
    for (int i = 0; i < 5; i++) {
        feed_event(&feed,
                   (struct event){.type = EVENT_PROBLEM, .suite = NO_INDEX, .problem_kind = "throttle"});
    }
    cr_assert_eq(count_of(shown(), "! problem    throttle"), 3);
    feed_end(&feed, 6);
    HAS("problems   throttle 5\n");
}

Test(console, the_end_groups_failures_by_whose_fault_they_are)
{
    struct test_case cases[] = {case_failed("refund", "expected 200")};
    struct report report = report_of(cases, 1);
    start(CONSOLE_NONE, false);
    feed_suite(&feed, 0, OUTCOME_FAILED, "1 of 1", &report);
    feed_suite_end(&feed, 1, 0, OUTCOME_ERROR, "stack orders: bad template");
    feed_suite(&feed, 2, OUTCOME_INFRA, "AssumeRole: AccessDenied", NULL);
    feed_suite_end(&feed, 3, 0, OUTCOME_CANCELLED, "the run was stopped");
    cr_assert_str_eq(shown(), "");
    feed_end(&feed, 1);
    HAS("FAILED (exit code 1)\n"
        "suites     4: 0 passed, 1 infra, 1 cancelled, 1 failed, 1 error\n"
        "tests      4: 0 passed, 1 failed, 2 error, 1 skipped\n");
    HAS("\ntests failed: 1 suite\n  api/cart · shard 1 · account-001\n      refund: AssertionError: expected "
        "200\n"
        "        itrun run api/cart --seed 42 --test tests.api.test_cart.TestCart::refund\n");
    HAS("\ndeploy: 1 suite\n  stack orders: bad template\n      api/order · shard 2 · account-002\n"
        "      itrun run api/order --seed 42\n");
    HAS("\ninfrastructure: 1 suite\n  AssumeRole: AccessDenied\n");
    HAS("\nnot finished: 1 suite\n  the run was stopped\n      api/search · shard 1 · account-001\n");
    HAS("files      .itrun/runs/0198-run (report.html, junit.xml");
    HAS("took       3.0s (predicted 1m 30s, lower bound 1m 20s)\n"
        "lanes      6.0s waiting for accounts, 0ms stacks, 3.0s suites, 0ms idle (all lanes added up)\n"
        "FAILED (exit code 1)\n");
}

Test(console, suites_that_broke_for_one_reason_are_said_once)
{
    start(CONSOLE_NONE, false);
    for (size_t i = 0; i < 4; i++) {
        feed_suite(&feed, i, OUTCOME_INFRA, "AssumeRole: AccessDenied", NULL);
    }
    feed_end(&feed, 3);
    cr_assert_eq(count_of(shown(), "AssumeRole: AccessDenied\n"), 1);
    HAS("      and 1 more suites\n");
    HAS("INFRASTRUCTURE FAILED (exit code 3)\n");
}

Test(console, what_has_no_outcome_at_the_end_is_named)
{
    start(CONSOLE_NONE, false);
    feed_suite(&feed, 0, OUTCOME_PASSED, NULL, NULL);
    feed_end(&feed, 6);
    HAS("not finished: 3 suites\n  lost\n      api/order");
}

/* Every line of the block, without what moves the cursor, is narrower than the terminal. */
static void assert_narrow(const char *bytes, size_t columns)
{
    size_t width = 0;
    for (const char *c = bytes; *c != '\0'; c++) {
        if (*c == '\033') {
            c += 1 + strcspn(c + 1, "mAJ");
        } else if (*c == '\n' || *c == '\r') {
            width = 0;
        } else if (((unsigned char)*c & 0xC0) != 0x80) {
            cr_assert_lt(++width, columns, "too wide: %s", bytes);
        }
    }
}

Test(console, the_bar_never_wraps)
{
    start(CONSOLE_BAR, true);
    for (size_t i = 0; i < 3; i++) {
        feed_attempt_start(&feed, i, 1);
    }
    for (int columns = 1; columns < 100; columns += 7) {
        capture.columns = columns;
        text_reset(&capture.appended);
        tick(100000);
        assert_narrow(shown(), (size_t)columns > 1 ? (size_t)columns : 2);
    }
}

Test(console, the_bar_is_erased_exactly_and_shows_the_oldest)
{
    start(CONSOLE_BAR, false);
    feed_attempt_start(&feed, 1, 1);
    feed.now_us += 5000000;
    feed_attempt_start(&feed, 0, 1);
    tick(1000000);
    text_reset(&capture.appended);
    tick(1000000);
    cr_assert_str_eq(shown(), "\r\033[3A\033[J"
                              "[░░░░░░░░░░░░░░░░░░░░░░░░] 0/4  ✓ 0  7.0s of 1m 30s  2 run…\n"
                              "     7.0s  api/order · shard 2 · account-002\n"
                              "     2.0s  api/cart · shard 1 · account-001\n");
}

Test(console, failures_scroll_above_the_bar_and_passes_do_not)
{
    start(CONSOLE_BAR, false);
    feed_suite(&feed, 0, OUTCOME_PASSED, NULL, NULL);
    HAS_NOT("passed     api/cart");
    text_reset(&capture.appended);
    feed_suite(&feed, 1, OUTCOME_ERROR, "died of signal 11", NULL);
    const char *failure = strstr(shown(), "✗ error      api/order");
    cr_assert(failure != NULL);
    cr_assert(strstr(failure, "1/4") == NULL);
    cr_assert(strstr(failure, "2/4") != NULL);
    text_reset(&capture.appended);
    feed_end(&feed, 1);
    cr_assert(strncmp(shown(), "\r\033[1A\033[J", 8) == 0);
    cr_assert(strstr(shown(), "[█") == NULL);
}

Test(console, colour_only_when_asked)
{
    start(CONSOLE_PLAIN, true);
    feed_suite(&feed, 0, OUTCOME_PASSED, NULL, NULL);
    HAS("\033[32m✓ passed   \033[0m");
}

Test(console, a_terminal_that_is_gone_is_an_error_of_the_sink)
{
    start(CONSOLE_PLAIN, false);
    capture.is_broken = true;
    struct error error;
    struct event event = {.type = EVENT_PROBLEM, .suite = NO_INDEX, .problem_kind = "throttle"};
    cr_assert(!feed.sink->on_event(feed.sink, &event, &error));
    cr_assert_eq(error.kind, ERROR_IO);
}

Test(console, plain_says_when_the_run_passed_which_point)
{
    start(CONSOLE_PLAIN, false);
    struct event leased = {.type = EVENT_ACCOUNT_LEASED, .suite = NO_INDEX};
    for (leased.shard = 1; leased.shard <= 3; leased.shard++) {
        HAS_NOT("all lanes have their account");
        feed_event(&feed, leased);
    }
    HAS("all lanes have their account\n");
    for (size_t i = 0; i < 3; i++) {
        HAS_NOT("every lane runs its first suite");
        feed_attempt_start(&feed, i, 1);
    }
    HAS("every lane runs its first suite\n");
    for (size_t i = 0; i < 4; i++) {
        HAS_NOT("every suite has its outcome");
        feed_suite_end(&feed, i, 1, OUTCOME_PASSED, NULL);
    }
    HAS("every suite has its outcome\n");
    cr_assert_eq(count_of(shown(), "all lanes have their account"), 1);
}

Test(console, a_name_that_changes_in_every_run_is_warned_of_once_a_kind)
{
    struct test_case cases[] = {case_passed("pays[0b7f1c2e-31a7-4d0e-9a55-0c8f2f6a1b3d]"),
                                case_passed("pays[9c1d2f3a-77b1-4c0e-8a11-aa8f2f6a1b3d]"),
                                case_passed("at 2026-11-24T14:44:25Z"), case_passed("b")};
    struct report report = report_of(cases, 4);
    start(CONSOLE_PLAIN, false);
    feed_suite(&feed, 0, OUTCOME_PASSED, NULL, &report);
    feed_suite(&feed, 1, OUTCOME_PASSED, NULL, &report);
    cr_assert_eq(count_of(shown(), "! name"), 2);
    HAS("! name       api/cart: 'pays[0b7f1c2e-31a7-4d0e-9a55-0c8f2f6a1b3d]' holds a UUID; reports say "
        "'pays[<uuid>]'");
    HAS("api/cart: 'at 2026-11-24T14:44:25Z' holds a time");
}
