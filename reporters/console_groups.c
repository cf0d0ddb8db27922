/* console_groups.c - what a CI service's log folds: a failure's lines under its headline. Nothing else: a
 * passed suite is one line.
 *
 * GitHub and GitLab close a group, which is then folded. Buildkite's only end where the next begins: a
 * failure stays open ("+++"), the lines of passed suites after it are folded ("---"). */
#include "console.h"
#include <inttypes.h>

static bool is_grouping(const struct console *console, enum ci_log log)
{
    return console->options.style == CONSOLE_PLAIN && console->options.log == log;
}

/* What is printed between two of these is a command to GitHub; all else is text, whatever it looks like. */
static void say_command(struct console *console, const char *name, const char *data)
{
    struct text *text = &console->text;
    const char *token = console->options.stop_token;
    if (token != NULL) {
        text_append_format(text, "::%s::\n", token);
    }
    text_append_format(text, "::%s::", name);
    ci_append_data(text, data);
    text_append_char(text, '\n');
    if (token != NULL) {
        text_append_format(text, "::stop-commands::%s\n", token);
    }
}

static void say_section(struct console *console, const char *mark, size_t suite, const char *options)
{
    int64_t now_s = console->tally->fold->last_wall_us / 1000000;
    text_append_format(&console->text, "\033[0Ksection_%s:%" PRId64 ":itrun_suite_%zu%s\r\033[0K", mark,
                       now_s, suite, options);
}

void console_open_group(struct console *console, size_t suite, const char *headline)
{
    if (is_grouping(console, CI_LOG_GITHUB)) {
        say_command(console, "group", headline);
        return;
    }
    if (is_grouping(console, CI_LOG_GITLAB)) {
        say_section(console, "start", suite, "[collapsed=true]");
    } else if (is_grouping(console, CI_LOG_BUILDKITE)) {
        text_append(&console->text, "+++ ");
    }
    text_append(&console->text, headline);
    text_append_char(&console->text, '\n');
}

void console_close_group(struct console *console, size_t suite)
{
    if (is_grouping(console, CI_LOG_GITHUB)) {
        say_command(console, "endgroup", "");
    } else if (is_grouping(console, CI_LOG_GITLAB)) {
        say_section(console, "end", suite, "");
        text_append_char(&console->text, '\n');
    } else if (is_grouping(console, CI_LOG_BUILDKITE)) {
        text_append(&console->text, "--- more suites\n");
    }
}

void console_say_end_heading(struct console *console)
{
    if (is_grouping(console, CI_LOG_BUILDKITE)) {
        text_append(&console->text, "+++ the whole run\n");
    }
}
