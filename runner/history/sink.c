/* sink.c - hands each finished suite of a run to the history. */
#include "itrun/history.h"

struct last_attempt { /* of one suite, until it finishes */
    int64_t duration_ms;
    size_t case_count;
};
struct history {
    struct sink sink;
    history_save *save;
    void *context;
    struct last_attempt *suites;
    size_t count, capacity;
};

static struct last_attempt *suite_at(struct history *history, size_t index)
{
    return index < history->count ? &history->suites[index] : NULL;
}

static void suite_planned(struct history *history, const struct event *event)
{
    if (event->suite == history->count) {
        history->suites =
            memory_grow(history->suites, history->count, &history->capacity, sizeof *history->suites);
        history->count++;
    }
}

static void attempt_finished(struct history *history, const struct event *event)
{
    struct last_attempt *last = suite_at(history, event->suite);
    if (last != NULL) {
        last->duration_ms = event->duration_ms;
        last->case_count = event->ended.report != NULL ? event->ended.report->count : 0;
    }
}

/* Cancelled and lost suites teach nothing: nobody knows how long they would have taken. */
static void suite_finished(struct history *history, const struct event *event)
{
    const struct last_attempt *last = suite_at(history, event->suite);
    if (last == NULL || event->outcome == OUTCOME_CANCELLED || event->outcome == OUTCOME_LOST) {
        return;
    }
    struct history_row row = {.suite = event->suite_name,
                              .outcome = event->outcome,
                              .duration_ms = last->duration_ms,
                              .wall_us = event->wall_us,
                              .case_count = last->case_count};
    history->save(history->context, &row);
}

static bool history_on_event(struct sink *sink, const struct event *event, struct error *error)
{
    (void)error; /* the store tells its own failures; a missing row costs time, never truth */
    struct history *history = (struct history *)sink;
    if (event->type == EVENT_SUITE_PLANNED) {
        suite_planned(history, event);
    } else if (event->type == EVENT_ATTEMPT_FINISHED) {
        attempt_finished(history, event);
    } else if (event->type == EVENT_SUITE_FINISHED) {
        suite_finished(history, event);
    }
    return true;
}

static void history_free(struct sink *sink)
{
    struct history *history = (struct history *)sink;
    memory_free(history->suites);
    memory_free(history);
}

struct sink *history_sink_new(history_save *save, void *context)
{
    struct history *history = memory_new(sizeof *history);
    history->sink = (struct sink){.name = "history", .on_event = history_on_event, .free = history_free};
    history->save = save;
    history->context = context;
    return &history->sink;
}
