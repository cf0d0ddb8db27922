/* console_phases.c - when a run passed which point, for logs that have no bar: the last account leased, the
 * first suite of the last lane started, the last suite done; and at the end what the lanes spent their time
 * on. */
#include "console.h"

static bool *flag_of(bool **flags, size_t shard_count, size_t shard)
{
    if (*flags == NULL) {
        *flags = memory_new(shard_count * sizeof **flags);
    }
    return &(*flags)[shard - 1];
}

static void say_phase(struct console *console, const char *what)
{
    struct text *text = &console->text;
    text_append_char(text, '[');
    text_append_duration(text, console->now_us / 1000);
    text_append_format(text, "] %s\n", what);
}

static void shard_leased(struct console *console, size_t shard, size_t shard_count)
{
    bool *is_leased = flag_of(&console->has_been_leased, shard_count, shard);
    console->phases.leased_shards += !*is_leased;
    *is_leased = true;
    if (console->phases.leased_shards == shard_count && !console->phases.is_leased) {
        console->phases.is_leased = true;
        say_phase(console, shard_count == 1 ? "its account is leased" : "all lanes have their account");
    }
}

static void shard_started(struct console *console, size_t shard, size_t shard_count)
{
    bool *has_started = flag_of(&console->has_started, shard_count, shard);
    console->phases.started_shards += !*has_started;
    *has_started = true;
    if (console->phases.started_shards == shard_count && !console->phases.is_ready) {
        console->phases.is_ready = true;
        say_phase(console, shard_count == 1 ? "its first suite runs" : "every lane runs its first suite");
    }
}

static void suite_done(struct console *console)
{
    if (++console->phases.finished_suites == console->tally->fold->suite_count) {
        say_phase(console, "every suite has its outcome");
    }
}

void console_follow_phases(struct console *console, const struct event *event)
{
    size_t shard_count = console->tally->fold->start.start.shard_count;
    bool is_lane = event->shard > 0 && event->shard <= shard_count;
    if (event->type == EVENT_ACCOUNT_LEASED && is_lane) {
        shard_leased(console, event->shard, shard_count);
    } else if (event->type == EVENT_ATTEMPT_STARTED && is_lane) {
        shard_started(console, event->shard, shard_count);
    } else if (event->type == EVENT_SUITE_FINISHED) {
        suite_done(console);
    }
}

void console_say_lane_times(struct console *console)
{
    static const char *const names[FOLD_PHASE_COUNT] = {
        [FOLD_WAIT] = "waiting for accounts",
        [FOLD_RECONCILE] = "stacks",
        [FOLD_TEST] = "suites",
        [FOLD_IDLE] = "idle",
    };
    const struct fold *fold = console->tally->fold;
    int64_t sums_us[FOLD_PHASE_COUNT] = {0};
    for (size_t i = 0; i < fold->shard_count; i++) {
        struct fold_shard shard;
        fold_shard_now(fold, i, &shard);
        for (int phase = 0; phase < FOLD_PHASE_COUNT; phase++) {
            sums_us[phase] += shard.phase_us[phase];
        }
    }
    text_append(&console->text, "lanes      ");
    for (int phase = 0; phase < FOLD_PHASE_COUNT; phase++) {
        text_append(&console->text, phase > 0 ? ", " : "");
        text_append_duration(&console->text, sums_us[phase] / 1000);
        text_append_format(&console->text, " %s", names[phase]);
    }
    text_append(&console->text, fold->shard_count > 1 ? " (all lanes added up)\n" : "\n");
}
