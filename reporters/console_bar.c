/* console_bar.c - the block at the bottom of a terminal: how far, how well, which accounts ail, and what
 * takes so long.
 *
 * Drawn anew by moving up and clearing to the end. Every line is clipped to the width, and its own width is
 * remembered: a terminal made narrower meanwhile has wrapped it, and all its rows are to be erased. */
#include "console.h"

#define BAR_WIDTH       24
#define BAR_COLUMNS     60 /* narrower than this there is no room for a bar, only for numbers */
#define OLDEST_SHOWN    8
#define COLUMNS_DEFAULT 80
#define ROWS_DEFAULT    24

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

static size_t columns_of(const struct console *console)
{
    int columns = console->out->columns != NULL ? console->out->columns(console->out) : 0;
    return columns > 0 ? (size_t)columns : COLUMNS_DEFAULT;
}

static size_t rows_of(const struct console *console)
{
    int rows = console->out->rows != NULL ? console->out->rows(console->out) : 0;
    return rows > 0 ? (size_t)rows : ROWS_DEFAULT;
}

void console_erase_block(struct console *console, struct text *text)
{
    size_t columns = columns_of(console), rows = 0;
    for (size_t i = 0; i < console->block_lines; i++) {
        size_t width = console->block_widths[i];
        rows += width > columns ? (width + columns - 1) / columns : 1;
    }
    if (rows > 0) {
        text_append_format(text, "\r\033[%zuA\033[J", rows);
    }
    console->block_lines = 0;
}

static void draw_line(struct console *console, const char *line, struct text *text)
{
    /* One column less: a terminal that is written full to its edge may already have moved to the next line.
     */
    size_t width = line_append_clipped(text, line, columns_of(console) - 1);
    text_append(text, console->options.is_coloured ? "\033[0m\n" : "\n");
    console->block_widths[console->block_lines++] = width;
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

static void append_lanes(const struct console *console, struct text *line)
{
    struct lanes_now lanes;
    console_count_lanes(console, &lanes);
    text_append_format(line, "  %zu running", console->running_count);
    if (lanes.preparing > 0) {
        text_append_format(line, ", %zu preparing stacks", lanes.preparing);
    }
    if (lanes.waiting > 0) {
        text_append_format(line, ", %zu waiting", lanes.waiting);
    }
}

static void draw_bar(struct console *console, struct text *text)
{
    const struct fold *fold = console->tally->fold;
    struct text line = {0};
    size_t finished, bad;
    bool is_wide = columns_of(console) >= BAR_COLUMNS;
    console_count_suites(console, &finished, &bad);
    if (is_wide) {
        append_bar(finished, fold->suite_count, &line);
    } else {
        text_append_format(&line, "%zu/%zu", finished, fold->suite_count);
    }
    /* What matters most stands first: a narrow terminal cuts the end. */
    if (bad > 0 && !is_wide) {
        append_painted_count(console, OUTCOME_FAILED, bad, &line);
    }
    append_painted_count(console, OUTCOME_PASSED, finished - bad, &line);
    if (bad > 0 && is_wide) {
        append_painted_count(console, OUTCOME_FAILED, bad, &line);
    }
    text_append(&line, "  ");
    text_append_duration(&line, console->now_us / 1000);
    if (fold->start.start.predicted_ms > 0) {
        text_append(&line, " of ");
        text_append_duration(&line, fold->start.start.predicted_ms);
    }
    append_lanes(console, &line);
    draw_line(console, text_string(&line), text);
    text_clear(&line);
}

/* Nothing while all accounts are well. */
static void draw_account_health(struct console *console, struct text *text)
{
    const struct fold *fold = console->tally->fold;
    if (console->dirty_accounts + console->lost_accounts + fold->problem_count == 0) {
        return;
    }
    struct text line = {0};
    text_append(&line, "accounts:");
    const char *separator = " ";
    if (console->dirty_accounts > 0) {
        text_append_format(&line, "%s%zu dirty", separator, console->dirty_accounts);
        separator = ", ";
    }
    if (console->lost_accounts > 0) {
        text_append_format(&line, "%s%zu lost", separator, console->lost_accounts);
        separator = ", ";
    }
    for (size_t i = 0; i < fold->problem_count; i++) {
        text_append_format(&line, "%s%zu ", separator, fold->problems[i].count);
        line_append(&line, fold->problems[i].kind, NAME_LIMIT);
        separator = ", ";
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
    draw_account_health(console, text);
    size_t room = rows_of(console) / 3; /* the failures above it are what people look for */
    room = room < OLDEST_SHOWN ? room : OLDEST_SHOWN;
    for (size_t i = 0; i < console->running_count && i < room; i++) {
        draw_running(console, &console->running[i], text);
    }
}
