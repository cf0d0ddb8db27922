/* console_flaky.c - what the last page says beside failures: tests that passed only when they were tried
 * again, and accounts that are held for whoever looks into them. */
#include "console.h"

#define FLAKY_SHOWN   12
#define MESSAGE_LIMIT 200

void console_note_flaky(struct console *console, size_t suite, const struct reported *reported)
{
    for (size_t i = 0; i < reported->count; i++) {
        const struct reported_case *reported_case = &reported->list[i];
        if (!reported_case->is_flaky || console->flaky_count++ >= FLAKY_SHOWN) {
            continue;
        }
        const struct fold_suite *noun = &console->tally->fold->suites[suite];
        struct text *text = &console->flaky;
        text_append(text, "  ");
        line_append(text, noun->name, NAME_LIMIT);
        text_append_format(text, " · attempt %zu of %zu\n      ", noun->attempt_count, noun->attempt_count);
        line_append(text, reported_case->name, NAME_LIMIT);
        const struct test_case *before = reported_case->others[0];
        const char *message = before->message != NULL ? before->message : before->type;
        if (message != NULL) {
            text_append(text, ": before, ");
            line_append_first(text, message, MESSAGE_LIMIT);
        }
        text_append_char(text, '\n');
    }
}

void console_say_flaky(struct console *console)
{
    if (console->flaky_count == 0) {
        return;
    }
    struct text title = {0};
    text_append_format(&title, "\nflaky: %zu test%s passed only when tried again\n", console->flaky_count,
                       console->flaky_count == 1 ? "" : "s");
    console_paint(console, "1", text_string(&title));
    text_clear(&title);
    text_append(&console->text, text_string(&console->flaky));
    if (console->flaky_count > FLAKY_SHOWN) {
        text_append_format(&console->text, "  and %zu more: see summary.json\n",
                           console->flaky_count - FLAKY_SHOWN);
    }
}

void console_say_repeats(struct console *console)
{
    struct repeat *repeats = NULL;
    size_t count = tally_repeats(console->tally->fold, &repeats);
    for (size_t i = 0; i < count; i++) {
        const struct repeat *repeat = &repeats[i];
        struct text *text = &console->text;
        text_append(text, i == 0 ? "\nrepeated\n  " : "  ");
        line_append(text, repeat->name, NAME_LIMIT);
        text_append_format(text, ": %zu of %zu executions failed", repeat->failed,
                           repeat->executions - repeat->not_finished);
        if (repeat->infra > 0) {
            text_append_format(text, ", %zu by the infrastructure", repeat->infra);
        }
        if (repeat->not_finished > 0) {
            text_append_format(text, ", %zu not finished", repeat->not_finished);
        }
        text_append_char(text, '\n');
        if (repeat->first_failure != NULL && repeat->first_failure->repro != NULL) {
            text_append(text, "      first failure ");
            line_append(text, repeat->first_failure->name, NAME_LIMIT);
            text_append(text, ": ");
            line_append_exact(text, repeat->first_failure->repro);
            text_append_char(text, '\n');
        }
    }
    memory_free(repeats);
}

void console_say_holds(struct console *console)
{
    const struct fold *fold = console->tally->fold;
    for (size_t i = 0; i < fold->hold_count; i++) {
        const struct fold_hold *hold = &fold->holds[i];
        char until[32];
        time_format_utc(fold->end.wall_us + hold->hold_ms * 1000, until);
        text_append(&console->text, "held       ");
        line_append(&console->text, hold->account, NAME_LIMIT);
        text_append_format(&console->text, " until %.10s %.5s UTC · enter: itrun shell --shard %zu", until,
                           until + 11, hold->shard);
        text_append(&console->text, " · end: itrun accounts release ");
        line_append(&console->text, hold->account, NAME_LIMIT);
        text_append_char(&console->text, '\n');
    }
}
