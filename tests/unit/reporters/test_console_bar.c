#include "feed.h"
#include <criterion/criterion.h>
#include <string.h>

static struct capture capture;
static struct feed feed;

static void setup(void)
{
    capture_init(&capture);
    struct console_options options = {.style = CONSOLE_BAR, .directory = ".itrun/runs/0198-run"};
    feed_start(&feed, console_sink_new(&capture.out, &options), 4);
}

static void teardown(void)
{
    feed_clear(&feed);
    capture_clear(&capture);
}
TestSuite(console_bar, .init = setup, .fini = teardown);

static const char *shown(void)
{
    return text_string(&capture.appended);
}

static void tick(int64_t after_us)
{
    feed.now_us += after_us;
    text_reset(&capture.appended);
    feed.sink->on_tick(feed.sink, feed.now_us);
}

#define HAS(needle)     cr_assert(strstr(shown(), needle) != NULL, "'%s' is not in:\n%s", needle, shown())
#define HAS_NOT(needle) cr_assert(strstr(shown(), needle) == NULL, "'%s' is in:\n%s", needle, shown())

Test(console_bar, rows_that_a_narrower_terminal_wrapped_are_erased_too)
{
    feed_attempt_start(&feed, 0, 1);
    tick(1000000);
    /* "[░…] 0/4  ✓ 0  1.0s of 1m 30s  1…" is 59 columns wide, "     1.0s  api/cart · shard 1 ·
     * account-001" 43. */
    capture.columns = 20;
    tick(1000000);
    HAS("\r\033[6A\033[J");
}

Test(console_bar, twenty_columns_show_numbers_and_no_bar)
{
    capture.columns = 20;
    feed_suite(&feed, 0, OUTCOME_FAILED, "1 of 1", NULL);
    tick(1000000);
    HAS("\033[J1/4  ✗ 1  ✓ 0");
    HAS_NOT("[█");
    HAS_NOT("░");
}

Test(console_bar, a_low_terminal_leaves_room_for_the_failures)
{
    for (size_t i = 0; i < 3; i++) {
        feed_attempt_start(&feed, i, 1);
    }
    capture.rows = 6;
    tick(1000000);
    HAS("api/cart");
    HAS("api/order");
    HAS_NOT("api/refund");
}

Test(console_bar, ailing_accounts_are_seen_and_healthy_ones_are_not_worth_a_line)
{
    tick(1000000);
    HAS_NOT("accounts:");
    struct event problem = {.type = EVENT_PROBLEM, .suite = NO_INDEX, .shard = 2, .reason = "Rate exceeded"};
    problem.problem_kind = "throttle";
    feed_event(&feed, problem);
    struct event lost = {
        .type = EVENT_ACCOUNT_RELEASED, .suite = NO_INDEX, .shard = 2, .account = "account-002"};
    lost.reason = "lost";
    feed_event(&feed, lost);
    tick(1000000);
    HAS("accounts: 1 lost, 1 throttle\n");
}

Test(console_bar, a_terminal_that_is_behind_is_not_sent_more_redraws)
{
    feed_attempt_start(&feed, 0, 1);
    capture.out.is_behind = true;
    tick(1000000);
    cr_assert_str_eq(shown(), "");
    feed_suite(&feed, 1, OUTCOME_ERROR, "died of signal 11", NULL);
    HAS("✗ error      api/order"); /* what is said once is never left out */
    capture.out.is_behind = false;
    tick(1000000);
    HAS("1/4");
}

Test(console_bar, what_runs_is_shown_longest_first_above_the_block)
{
    feed_attempt_start(&feed, 0, 1);
    feed_attempt_start(&feed, 1, 1);
    const struct peek peeks[] = {
        {.shard = 2, .suite = 1, .running_ms = 1500, .tail = "connecting\nwaiting\n"},
        {.shard = 1, .suite = 0, .running_ms = 61000, .tail = ""},
        {.shard = 3, .suite = NO_INDEX, .stack = "orders", .running_ms = 2000, .tail = "CREATE\x1b[2J"},
    };
    text_reset(&capture.appended);
    feed.sink->on_peek(feed.sink, peeks, 3);
    HAS("3 running, 0 lanes preparing stacks");
    const char *first = strstr(shown(), "1m 1s  api/cart · shard 1");
    const char *second = strstr(shown(), "2.0s  deploy of stack orders · shard 3\n           | CREATE\n");
    const char *third = strstr(shown(), "1.5s  api/order");
    const char *bar = strstr(shown(), "░");
    cr_assert(first != NULL && second > first && third > second && bar > third, "%s", shown());
    HAS("           | (no output yet)\n");
    HAS("           | connecting\n           | waiting\n");
    HAS_NOT("\033[2J");
}

Test(console_bar, a_note_stands_above_the_block)
{
    feed_attempt_start(&feed, 0, 1);
    tick(1000000);
    text_reset(&capture.appended);
    console_note(feed.sink, "itrun: report.html: no space left\n");
    const char *note = strstr(shown(), "\033[Jitrun: report.html: no space left\n");
    cr_assert(note != NULL && strstr(note, "░") != NULL, "%s", shown());
}
