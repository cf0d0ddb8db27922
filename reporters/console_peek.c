/* console_peek.c - what runs at this moment, longest first, with its last lines: the answer to "what is it
 * doing?". */
#include "console.h"
#include <stdlib.h>

#define TAIL_LINES 3

static int longest_first(const void *a, const void *b)
{
    const struct peek *left = a, *right = b;
    return (left->running_ms < right->running_ms) - (left->running_ms > right->running_ms);
}

static void say_peek(struct console *console, const struct peek *peek)
{
    const struct fold *fold = console->tally->fold;
    struct text *text = &console->text;
    struct text age = {0};
    text_append_duration(&age, peek->running_ms);
    text_append_format(text, "%9s  ", text_string(&age));
    text_clear(&age);
    if (peek->suite < fold->suite_count) {
        line_append(text, fold->suites[peek->suite].name, NAME_LIMIT);
        console_append_place(text, &fold->suites[peek->suite]);
    } else {
        text_append(text, "deploy of stack ");
        line_append(text, peek->stack, NAME_LIMIT);
        text_append_format(text, " · shard %zu", peek->shard);
    }
    text_append_char(text, '\n');
    line_append_last(text, peek->tail[0] != '\0' ? peek->tail : "(no output yet)", TAIL_LINES,
                     "           | ");
}

void console_say_peeks(struct console *console, const struct peek *peeks, size_t count)
{
    struct peek *sorted = memory_new((count + 1) * sizeof *sorted);
    for (size_t i = 0; i < count; i++) {
        sorted[i] = peeks[i];
    }
    qsort(sorted, count, sizeof *sorted, longest_first);
    struct lanes_now lanes;
    console_count_lanes(console, &lanes);
    text_append(&console->text, "[");
    text_append_duration(&console->text, console->now_us / 1000);
    text_append_format(&console->text, "] %zu running, %zu lanes preparing stacks, %zu lanes waiting\n",
                       count, lanes.preparing, lanes.waiting);
    for (size_t i = 0; i < count; i++) {
        say_peek(console, &sorted[i]);
    }
    memory_free(sorted);
}
