/* console.c - follows the events and decides what is said when; how it is said stands in the other console
 * files.
 *
 * Plain, for logs: a line a suite, and never ten seconds of silence. Bar, for people: failures scroll by, a
 * block at the bottom is drawn anew. None: only the end. */
#include "console.h"

#define SILENCE_US (10 * 1000000)

static bool is_talking(const struct console *console)
{
    return console->options.style != CONSOLE_NONE;
}

static bool is_plain(const struct console *console)
{
    return console->options.style == CONSOLE_PLAIN;
}

/* Sends what was said, with the block (if any) below it again. */
static bool send(struct console *console, bool is_redrawn, struct error *error)
{
    bool has_block = console->options.style == CONSOLE_BAR;
    if (console->text.length == 0 && !(is_redrawn && has_block)) {
        return true;
    }
    if (console->text.length > 0) {
        console->printed_us = console->now_us;
    }
    struct text bytes = {0};
    if (has_block) {
        console_erase_block(console, &bytes);
    }
    text_append(&bytes, text_string(&console->text));
    if (has_block && !console->tally->fold->is_finished) {
        console_draw_block(console, &bytes);
    }
    text_reset(&console->text);
    bool is_ok = bytes.length == 0 || console->out->append(console->out, bytes.bytes, bytes.length, error);
    text_clear(&bytes);
    return is_ok;
}

/* Text waits for nothing; a redraw of what is there waits until the terminal has taken all. */
static bool can_redraw(const struct console *console)
{
    return !console->out->is_behind;
}

static void attempt_started(struct console *console, const struct event *event)
{
    console->running = memory_grow(console->running, console->running_count, &console->running_capacity,
                                   sizeof *console->running);
    console->running[console->running_count++] =
        (struct running){.suite = event->suite, .started_us = event->monotonic_us};
    if (is_plain(console)) {
        console_say_news(console, event->shard);
    }
    if (is_talking(console) && event->attempt > 1) {
        console_say_retry(console, event);
    }
}

static void attempt_ended(struct console *console, size_t suite)
{
    size_t kept = 0;
    for (size_t i = 0; i < console->running_count; i++) {
        if (console->running[i].suite != suite) {
            console->running[kept++] = console->running[i];
        }
    }
    console->running_count = kept;
}

static void suite_finished(struct console *console, const struct event *event)
{
    struct reported reported;
    attempt_ended(console, event->suite);
    tally_cases(console->tally, event->suite, &reported);
    totals_add(&console->totals, &reported.totals);
    if (outcome_is_bad(event->outcome)) {
        console_note_suite(console, event->suite, &reported);
    }
    console_note_flaky(console, event->suite, &reported);
    /* Cancelled suites come by the hundred, and the end counts them. */
    bool is_failure = outcome_is_bad(event->outcome) && event->outcome != OUTCOME_CANCELLED;
    if (is_plain(console) || (is_talking(console) && is_failure)) {
        console_say_suite(console, event->suite, &reported);
    }
    if (is_talking(console)) {
        console_say_names(console, event->suite, &reported);
    }
    reported_clear(&reported);
    tally_drop(console->tally, event->suite);
}

static void note_release(struct console *console, const struct event *event)
{
    console->dirty_accounts += string_equal(event->reason, "dirty");
    console->lost_accounts += string_equal(event->reason, "lost");
}

static void follow(struct console *console, const struct event *event)
{
    switch (event->type) {
    case EVENT_RUN_STARTED:
        if (is_talking(console)) {
            console_say_start(console);
        }
        break;
    case EVENT_PLAN_ANNOUNCED:
        if (is_talking(console)) {
            console_say_plan(console);
        }
        break;
    case EVENT_ACCOUNT_WAITING:
        if (is_talking(console)) {
            console_say_waiting(console, event);
        }
        break;
    case EVENT_ACCOUNT_RELEASED: note_release(console, event); break;
    case EVENT_STACK_DECIDED: console_note_decision(console, event); break;
    case EVENT_STACK_FINISHED:
        if (is_talking(console) && !event->stack_action.is_ok) {
            console_say_stack_failure(console, event);
        }
        break;
    case EVENT_ATTEMPT_STARTED: attempt_started(console, event); break;
    case EVENT_ATTEMPT_FINISHED: attempt_ended(console, event->suite); break;
    case EVENT_SUITE_FINISHED: suite_finished(console, event); break;
    case EVENT_SHARD_FINISHED:
        if (is_plain(console)) {
            console_say_news(console, event->shard);
        }
        break;
    case EVENT_PROBLEM:
        if (is_talking(console)) {
            console_say_problem(console, event);
        }
        break;
    case EVENT_RUN_FINISHED: console_say_end(console); break;
    case EVENT_SUITE_PLANNED:
    case EVENT_ACCOUNT_LEASED:
    case EVENT_SUITE_STOLEN:
    case EVENT_TYPE_COUNT: break;
    }
}

static bool console_on_event(struct sink *sink, const struct event *event, struct error *error)
{
    struct console *console = (struct console *)sink;
    if (!tally_event(console->tally, event, error)) {
        return false;
    }
    if (event->monotonic_us > console->now_us) {
        console->now_us = event->monotonic_us;
    }
    follow(console, event);
    if (is_plain(console)) {
        console_follow_phases(console, event);
    }
    return send(console, false, error);
}

static void console_on_tick(struct sink *sink, int64_t monotonic_us)
{
    struct console *console = (struct console *)sink;
    console->now_us = monotonic_us > console->now_us ? monotonic_us : console->now_us;
    const struct fold *fold = console->tally->fold;
    if (!fold->is_announced || fold->is_finished) {
        return;
    }
    if (is_plain(console) && console->now_us - console->printed_us >= SILENCE_US) {
        console_say_all_news(console);
        console_say_progress(console);
    }
    send(console, can_redraw(console), NULL); /* the next event tells of a broken terminal */
}

static void console_on_peek(struct sink *sink, const struct peek *peeks, size_t count)
{
    struct console *console = (struct console *)sink;
    if (console->tally->fold->is_announced) {
        console_say_peeks(console, peeks, count);
        send(console, false, NULL);
    }
}

void console_note(struct sink *sink, const char *lines)
{
    struct console *console = (struct console *)sink;
    text_append(&console->text, lines);
    send(console, false, NULL);
}

static void console_free(struct sink *sink)
{
    struct console *console = (struct console *)sink;
    console_news_clear(console);
    text_clear(&console->text);
    text_clear(&console->last_holder);
    text_clear(&console->flaky);
    memory_free(console->running);
    memory_free(console->notes);
    memory_free(console->has_been_leased);
    memory_free(console->has_started);
    arena_free(console->arena);
    tally_free(console->tally);
    memory_free(console);
}

struct sink *console_sink_new(struct out *out, const struct console_options *options)
{
    struct console *console = memory_new(sizeof *console);
    console->sink = (struct sink){.name = "console",
                                  .on_event = console_on_event,
                                  .on_tick = console_on_tick,
                                  .on_peek = console_on_peek,
                                  .free = console_free};
    console->out = out;
    console->arena = arena_new();
    console->options = *options;
    console->options.directory = arena_string(console->arena, options->directory);
    console->tally = tally_new();
    return &console->sink;
}
