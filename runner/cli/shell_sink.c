#include "shell_sink.h"
#include "itrun/base/memory.h"
#include <stdio.h>
#include <string.h>

struct shell_sink {
    struct sink sink;
    size_t shard;
    const char *account;
    bool is_inside, has_ended, is_taken_away;
    int exit_code, signal;
    struct text later, told; /* told: the holders that were named already */
};

static void say(struct shell_sink *sink, const char *line)
{
    if (sink->is_inside) {
        text_append_format(&sink->later, "itrun: %s\n", line);
    } else {
        fprintf(stderr, "itrun: %s\n", line);
    }
}

/* Each holder once, however long it takes. */
static void say_waiting(struct shell_sink *sink, const char *holder)
{
    struct text line = {0};
    text_append_format(&line, "no account is free, held by %s; waiting (Ctrl-C gives up)", holder);
    if (strstr(text_string(&sink->told), text_string(&line)) == NULL) {
        say(sink, text_string(&line));
        text_append(&sink->told, text_string(&line));
    }
    text_clear(&line);
}

static void say_leased(struct shell_sink *sink, const struct event *event)
{
    struct text line = {0};
    text_append_format(&line, "this is %s", event->account);
    if (sink->account != NULL && strcmp(sink->account, event->account) != 0) {
        text_append_format(&line, "; shard %zu had %s, which is taken", sink->shard, sink->account);
    } else if (sink->account != NULL) {
        text_append_format(&line, ", as shard %zu had it", sink->shard);
    }
    say(sink, text_string(&line));
    text_clear(&line);
}

static void say_stack(struct shell_sink *sink, const struct event *event)
{
    struct text line = {0};
    if (event->type == EVENT_STACK_DECIDED && strcmp(event->stack_action.action, "skip") != 0) {
        text_append_format(&line, "stack %s: %s, %s", event->stack, event->stack_action.action,
                           event->reason != NULL ? event->reason : "");
    } else if (event->type == EVENT_STACK_FINISHED && !event->stack_action.is_ok) {
        text_append_format(&line, "stack %s is not as it should be: %s", event->stack,
                           event->reason != NULL ? event->reason : "");
    }
    if (line.length > 0) {
        say(sink, text_string(&line));
    }
    text_clear(&line);
}

static void note_end(struct shell_sink *sink, const struct event *event)
{
    sink->is_inside = false;
    sink->has_ended = event->outcome != OUTCOME_CANCELLED;
    sink->exit_code = event->ended.exit_code;
    sink->signal = event->ended.signal;
    fputs(text_string(&sink->later), stderr);
    text_reset(&sink->later);
    if (event->ended.leaked_count > 0) {
        fprintf(stderr, "itrun: %d process%s that it left behind %s ended\n", event->ended.leaked_count,
                event->ended.leaked_count == 1 ? "" : "es", event->ended.leaked_count == 1 ? "was" : "were");
    }
}

static bool on_event(struct sink *base, const struct event *event, struct error *error)
{
    (void)error;
    struct shell_sink *sink = (struct shell_sink *)base;
    struct text line = {0};
    if (event->type == EVENT_ACCOUNT_WAITING) {
        say_waiting(sink, event->reason != NULL ? event->reason : "somebody else");
    } else if (event->type == EVENT_ACCOUNT_LEASED) {
        say_leased(sink, event);
    } else if (event->type == EVENT_STACK_DECIDED || event->type == EVENT_STACK_FINISHED) {
        say_stack(sink, event);
    } else if (event->type == EVENT_ATTEMPT_STARTED) {
        sink->is_inside = true;
    } else if (event->type == EVENT_ATTEMPT_FINISHED) {
        note_end(sink, event);
    } else if (event->type == EVENT_PROBLEM && strcmp(event->problem_kind, "lease_lost") == 0) {
        sink->is_taken_away = true;
        text_append_format(&line, "the account is no longer ours: %s", event->reason);
        say(sink, text_string(&line));
    } else if (event->type == EVENT_SUITE_FINISHED && event->suite_end.attempts == 0 &&
               event->reason != NULL) {
        text_append_format(&line, "the shell did not begin: %s", event->reason);
        say(sink, text_string(&line));
    }
    text_clear(&line);
    return true;
}

static bool flush(struct sink *base, struct error *error)
{
    (void)base;
    (void)error;
    return true;
}

struct shell_sink *shell_sink_new(size_t shard, const char *account)
{
    struct shell_sink *sink = memory_new(sizeof *sink);
    sink->sink = (struct sink){.name = "shell", .on_event = on_event, .flush = flush};
    sink->shard = shard;
    sink->account = account;
    return sink;
}

struct sink *shell_sink_sink(struct shell_sink *sink)
{
    return &sink->sink;
}

int shell_sink_exit_code(const struct shell_sink *sink, int run_exit_code)
{
    if (!sink->has_ended || sink->is_taken_away) {
        return run_exit_code;
    }
    return sink->signal != 0 ? 128 + sink->signal : sink->exit_code;
}

void shell_sink_free(struct shell_sink *sink)
{
    text_clear(&sink->later);
    text_clear(&sink->told);
    memory_free(sink);
}
