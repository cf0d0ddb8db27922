/* console.h - the terminal's inside: one struct, for the console_*.c files alone.
 *
 * console.c follows the events; console_lines.c says one thing in one line; console_bar.c draws the block at
 * the bottom of a terminal; console_end.c writes what stands there at three in the morning. */
#ifndef ITRUN_REPORTERS_CONSOLE_H
#define ITRUN_REPORTERS_CONSOLE_H
#include "line.h"
#include "tally.h"

#define NAME_LIMIT    200
#define TESTS_SHOWN   5
#define PROBLEM_KINDS 16
#define BLOCK_LINES   12

/* Whose fault a bad suite is: the first thing that whoever reads it must know. */
enum fault {
    FAULT_TESTS,
    FAULT_SUITE,
    FAULT_TIMEOUT,
    FAULT_DEPLOY,
    FAULT_INFRA,
    FAULT_UNFINISHED,
    FAULT_COUNT
};

struct note { /* a bad suite, kept for the end */
    size_t suite;
    enum fault fault;
    const char *reason;              /* one line */
    const char *tests[TESTS_SHOWN];  /* "name: message" */
    const char *repros[TESTS_SHOWN]; /* of one test alone; NULL: the suite's */
    size_t test_count;               /* may be more than TESTS_SHOWN */
};
struct running {
    size_t suite;
    int64_t started_us;
};
struct news { /* what was decided about a lane's stacks and not yet said */
    size_t up_to_date, deploys;
    struct text said;           /* "create data, orders (no such stack)" */
    struct text action, reason; /* of the last one */
};
struct console {
    struct sink sink;
    struct out *out;
    struct console_options options;
    struct tally *tally;
    struct totals totals;
    struct arena *arena;
    struct text text; /* what the event under way prints */
    int64_t now_us, printed_us;
    struct running *running; /* oldest first */
    size_t running_count, running_capacity;
    struct news *news; /* by shard - 1 */
    size_t news_count, news_capacity;
    struct note *notes;
    size_t note_count, note_capacity;
    struct text flaky; /* lines for the end */
    size_t flaky_count;
    struct text last_holder;
    struct {
        const char *kind;
        size_t count;
    } problems[PROBLEM_KINDS]; /* printed so far, by kind */
    size_t problem_count;
    size_t block_widths[BLOCK_LINES]; /* bar: columns of the lines that stand at the bottom now */
    size_t block_lines;
    size_t dirty_accounts, lost_accounts;
    struct {
        bool is_leased, is_ready; /* said already */
        size_t leased_shards, started_shards, finished_suites;
    } phases;
    bool *has_been_leased, *has_started; /* by shard - 1 */
    unsigned volatile_parts_said;        /* kinds that console_names.c has warned of */
};

/* console_names.c */
void console_say_names(struct console *console, size_t suite, const struct reported *reported);

/* console_lines.c: each appends whole lines to console->text */
void console_paint(struct console *console, const char *colour, const char *string);
void console_say_start(struct console *console);
void console_say_plan(struct console *console);
void console_say_suite(struct console *console, size_t suite, const struct reported *reported);
void console_say_retry(struct console *console, const struct event *event);
void console_say_waiting(struct console *console, const struct event *event);
void console_say_stack_failure(struct console *console, const struct event *event);
void console_say_problem(struct console *console, const struct event *event);
void console_say_progress(struct console *console);
/* "test_refund: AssertionError: 500"; also for a suite's own result. */
void console_append_test(struct text *text, const struct reported_case *reported_case);
/* " · shard 17 · account-017" */
void console_append_place(struct text *text, const struct fold_suite *suite);

/* console_groups.c: a failure's lines under its headline, folded where the log can fold */
void console_open_group(struct console *console, size_t suite, const char *headline);
void console_close_group(struct console *console, size_t suite);
void console_say_end_heading(struct console *console);

/* console_stacks.c: decisions are many; one line a lane tells what is deployed and why */
void console_note_decision(struct console *console, const struct event *event);
void console_say_news(struct console *console, size_t shard);
void console_say_all_news(struct console *console);
void console_news_clear(struct console *console);

/* console_phases.c: when the run passed which point; for logs */
void console_follow_phases(struct console *console, const struct event *event);
void console_say_lane_times(struct console *console);

/* console_peek.c */
void console_say_peeks(struct console *console, const struct peek *peeks, size_t count);

/* console_bar.c */
struct lanes_now {
    size_t waiting, preparing;
};
void console_count_lanes(const struct console *console, struct lanes_now *ret_lanes);
void console_count_suites(const struct console *console, size_t *ret_finished, size_t *ret_bad);
void console_erase_block(struct console *console, struct text *text);
void console_draw_block(struct console *console, struct text *text);

/* console_flaky.c */
void console_note_flaky(struct console *console, size_t suite, const struct reported *reported);
void console_say_flaky(struct console *console);
void console_say_repeats(struct console *console);
void console_say_holds(struct console *console);

/* console_end.c */
enum fault console_fault(const struct fold_suite *suite);
void console_note_suite(struct console *console, size_t suite, const struct reported *reported);
void console_say_end(struct console *console);
#endif
