/* console_stacks.c - what is deployed where, and why: gathered, for a cold start decides thousands of times.
 */
#include "console.h"
#include <string.h>

#define REASON_LIMIT 200

static struct news *news_of(struct console *console, size_t shard)
{
    while (console->news_count < shard) {
        console->news =
            memory_grow(console->news, console->news_count, &console->news_capacity, sizeof *console->news);
        console->news_count++;
    }
    return &console->news[shard - 1];
}

static void set(struct text *text, const char *string)
{
    text_reset(text);
    text_append(text, string);
}

/* Stacks of one action and one reason share a clause. */
static void note_deploy(struct news *news, const struct event *event)
{
    const char *action = event->stack_action.action != NULL ? event->stack_action.action : "deploy";
    const char *reason = event->reason != NULL ? event->reason : "";
    bool is_same = news->deploys > 0 && string_equal(text_string(&news->action), action) &&
                   string_equal(text_string(&news->reason), reason);
    if (is_same) {
        text_append(&news->said, ", ");
    } else {
        if (news->deploys > 0) {
            text_append_format(&news->said, " (%s); ", text_string(&news->reason));
        }
        line_append(&news->said, action, NAME_LIMIT);
        text_append_char(&news->said, ' ');
        set(&news->action, action);
        text_reset(&news->reason);
        line_append_first(&news->reason, reason, REASON_LIMIT);
    }
    line_append(&news->said, event->stack, NAME_LIMIT);
    news->deploys++;
}

void console_note_decision(struct console *console, const struct event *event)
{
    if (event->shard == 0) {
        return;
    }
    struct news *news = news_of(console, event->shard);
    if (event->stack_action.action != NULL && strcmp(event->stack_action.action, "skip") == 0) {
        news->up_to_date++;
    } else {
        note_deploy(news, event);
    }
}

void console_say_news(struct console *console, size_t shard)
{
    if (shard == 0 || shard > console->news_count || console->news[shard - 1].deploys == 0) {
        return;
    }
    struct news *news = &console->news[shard - 1];
    const struct fold *fold = console->tally->fold;
    const char *account = shard <= fold->shard_count ? fold->shards[shard - 1].account : NULL;
    struct text *text = &console->text;
    text_append_format(text, "↑ stacks     shard %zu", shard);
    if (account != NULL) {
        text_append(text, " · ");
        line_append(text, account, NAME_LIMIT);
    }
    text_append_format(text, ": %s (%s)", text_string(&news->said), text_string(&news->reason));
    if (news->up_to_date > 0) {
        text_append_format(text, "; %zu up to date", news->up_to_date);
    }
    text_append_char(text, '\n');
    news->up_to_date = 0;
    news->deploys = 0;
    text_reset(&news->said);
}

void console_say_all_news(struct console *console)
{
    for (size_t shard = 1; shard <= console->news_count; shard++) {
        console_say_news(console, shard);
    }
}

void console_news_clear(struct console *console)
{
    for (size_t i = 0; i < console->news_count; i++) {
        text_clear(&console->news[i].said);
        text_clear(&console->news[i].action);
        text_clear(&console->news[i].reason);
    }
    memory_free(console->news);
}
