/* console_bar.c - the block at the bottom of a terminal: how far, how well, and what takes so long.
 *
 * Drawn anew by moving up and clearing to the end; every line is clipped to the width, since one that wraps
 * would be erased only by half. */
#include "console.h"

#define BAR_WIDTH       24
#define OLDEST_SHOWN    4
#define COLUMNS_DEFAULT 80

void console_count_lanes(const struct console *console, struct lanes_now *ret_lanes)
{
    const struct fold *fold = console->tally->fold;
    struct lanes_now lanes = {0};
    for (size_t i = 0; i < fold->shard_count; i++) {
        const struct fold_shard *shard = &fold->shards[i];
        if (shard->is_finished || shard->is_testing) {
            continue;
        }
        lanes.waiting += !shard->is_leased;
        lanes.preparing += shard->is_leased && shard->deploys_open > 0;
    }
    *ret_lanes = lanes;
}

void console_count_suites(const struct console *console, size_t *ret_finished, size_t *ret_bad)
{
    const struct fold *fold = console->tally->fold;
    size_t finished = 0;
    size_t bad = 0;
    for (size_t i = 0; i < fold->suite_count; i++) {
        finished += fold->suites[i].is_finished;
        bad += fold->suites[i].is_finished && outcome_is_bad(fold->suites[i].outcome);
    }
    *ret_finished = finished;
    *ret_bad = bad;
}

void console_erase_block(struct console *console, struct text *text)
{
    if (console->block_lines > 0) {
        text_append_format(text, "\r\033[%zuA\033[J", console->block_lines);
        console->block_lines = 0;
    }
}

static size_t columns_of(const struct console *console)
{
    int columns = console->out->columns != NULL ? console->out->columns(console->out) : 0;
    return columns > 0 ? (size_t)columns : COLUMNS_DEFAULT;
}

static void draw_line(struct console *console, const char *line, struct text *text)
{
    /* One column less: a terminal that is written full to its edge may already have moved to the next line.
     */
    line_append_clipped(text, line, columns_of(console) - 1);
    text_append(text, console->options.is_coloured ? "\033[0m\n" : "\n");
    console->block_lines++;
}

static void append_painted_count(const struct console *console, enum outcome outcome, size_t count,
                                 struct text *text)
{
    if (console->options.is_coloured) {
        text_append_format(text, "  \033[%sm%s %zu\033[0m", outcome_colour(outcome), outcome_symbol(outcome),
                           count);
    } else {
        text_append_format(text, "  %s %zu", outcome_symbol(outcome), count);
    }
}

static void append_bar(size_t finished, size_t count, struct text *text)
{
    size_t full = count > 0 ? finished * BAR_WIDTH / count : 0;
    text_append_char(text, '[');
    for (size_t i = 0; i < BAR_WIDTH; i++) {
        text_append(text, i < full ? "█" : "░");
    }
    text_append_format(text, "] %zu/%zu", finished, count);
}

static void draw_bar(struct console *console, struct text *text)
{
    const struct fold *fold = console->tally->fold;
    struct text line = {0};
    struct lanes_now lanes;
    size_t finished, bad;
    console_count_suites(console, &finished, &bad);
    console_count_lanes(console, &lanes);
    append_bar(finished, fold->suite_count, &line);
    append_painted_count(console, OUTCOME_PASSED, finished - bad, &line);
    if (bad > 0) {
        append_painted_count(console, OUTCOME_FAILED, bad, &line);
    }
    text_append(&line, "  ");
    text_append_duration(&line, console->now_us / 1000);
    if (fold->start.start.predicted_ms > 0) {
        text_append(&line, " of ");
        text_append_duration(&line, fold->start.start.predicted_ms);
    }
    text_append_format(&line, "  %zu running", console->running_count);
    if (lanes.preparing > 0) {
        text_append_format(&line, ", %zu preparing stacks", lanes.preparing);
    }
    if (lanes.waiting > 0) {
        text_append_format(&line, ", %zu waiting", lanes.waiting);
    }
    draw_line(console, text_string(&line), text);
    text_clear(&line);
}

static void draw_running(struct console *console, const struct running *running, struct text *text)
{
    const struct fold_suite *suite = &console->tally->fold->suites[running->suite];
    struct text age = {0};
    struct text line = {0};
    text_append_duration(&age, (console->now_us - running->started_us) / 1000);
    text_append_format(&line, "%9s  ", text_string(&age));
    line_append(&line, suite->name, NAME_LIMIT);
    console_append_place(&line, suite);
    draw_line(console, text_string(&line), text);
    text_clear(&age);
    text_clear(&line);
}

void console_draw_block(struct console *console, struct text *text)
{
    if (!console->tally->fold->is_announced) {
        return;
    }
    draw_bar(console, text);
    for (size_t i = 0; i < console->running_count && i < OLDEST_SHOWN; i++) {
        draw_running(console, &console->running[i], text);
    }
}
