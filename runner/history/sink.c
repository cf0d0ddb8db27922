/* sink.c - hands each finished suite of a run to the history, with the cases that failed before they passed.
 */
#include "itrun/history.h"
#include "itrun/base/memory.h"

struct watched { /* one suite, until it finishes */
    struct arena *arena;
    const char *name; /* of the suite itself, whichever execution it is; NULL: the event's */
    int64_t duration_ms;
    size_t case_count;
    struct history_case *cases; /* bad in some attempt; has_passed in a later one */
    bool *has_passed;
    size_t count, capacity, passed_capacity;
};
struct history {
    struct sink sink;
    enum history_kind kind;
    history_save *save;
    void *context;
    struct watched *suites;
    size_t count, capacity;
};

static struct watched *suite_at(struct history *history, size_t index)
{
    return index < history->count ? &history->suites[index] : NULL;
}

static void suite_planned(struct history *history, const struct event *event)
{
    if (event->suite == history->count) {
        history->suites =
            memory_grow(history->suites, history->count, &history->capacity, sizeof *history->suites);
        struct watched *watched = &history->suites[history->count++];
        if (event->planned.repeat_of != NULL) {
            watched->arena = arena_new();
            watched->name = arena_string(watched->arena, event->planned.repeat_of);
        }
    }
}

static size_t find_case(const struct watched *watched, const struct test_case *result)
{
    size_t i = 0;
    while (i < watched->count && !(string_equal(watched->cases[i].name, result->name) &&
                                   string_equal(watched->cases[i].classname, result->classname))) {
        i++;
    }
    return i;
}

static void note_case(struct watched *watched, const struct test_case *result)
{
    bool is_bad = result->status == CASE_FAILED || result->status == CASE_ERROR;
    if (!is_bad && watched->count == 0) {
        return;
    }
    size_t index = find_case(watched, result);
    if (index < watched->count) {
        watched->has_passed[index] = result->status == CASE_PASSED;
        return;
    }
    if (!is_bad) {
        return;
    }
    watched->arena = watched->arena != NULL ? watched->arena : arena_new();
    watched->cases = memory_grow(watched->cases, watched->count, &watched->capacity, sizeof *watched->cases);
    watched->has_passed =
        memory_grow(watched->has_passed, watched->count, &watched->passed_capacity, sizeof(bool));
    watched->has_passed[index] = false;
    watched->cases[index] =
        (struct history_case){.classname = arena_string(watched->arena, result->classname),
                              .name = arena_string(watched->arena, result->name)};
    watched->count++;
}

static void attempt_finished(struct history *history, const struct event *event)
{
    struct watched *watched = suite_at(history, event->suite);
    if (watched == NULL) {
        return;
    }
    const struct report *report = event->ended.report;
    watched->duration_ms = event->duration_ms;
    watched->case_count = report != NULL ? report->count : 0;
    /* What a broken account made of its tests says nothing about them. */
    for (size_t i = 0; report != NULL && event->outcome != OUTCOME_INFRA && i < report->count; i++) {
        note_case(watched, &report->cases[i]);
    }
}

static void keep_flaky_cases(struct watched *watched)
{
    size_t kept = 0;
    for (size_t i = 0; i < watched->count; i++) {
        if (watched->has_passed[i]) {
            watched->cases[kept++] = watched->cases[i];
        }
    }
    watched->count = kept;
}

static void watched_clear(struct watched *watched)
{
    memory_free(watched->cases);
    memory_free(watched->has_passed);
    arena_free(watched->arena);
    *watched = (struct watched){0};
}

/* Cancelled and lost suites teach nothing: nobody knows how long they would have taken. */
static void suite_finished(struct history *history, const struct event *event)
{
    struct watched *watched = suite_at(history, event->suite);
    if (watched == NULL || event->outcome == OUTCOME_CANCELLED || event->outcome == OUTCOME_LOST) {
        return;
    }
    keep_flaky_cases(watched);
    bool is_flaky = event->suite_end.is_flaky;
    struct history_row row = {.suite = watched->name != NULL ? watched->name : event->suite_name,
                              .outcome = event->outcome,
                              .duration_ms = watched->duration_ms,
                              .wall_us = event->wall_us,
                              .case_count = watched->case_count,
                              .kind = history->kind,
                              .attempts = event->suite_end.attempts,
                              .is_flaky = is_flaky,
                              .flaky = watched->cases,
                              .flaky_count = is_flaky ? watched->count : 0};
    history->save(history->context, &row);
    watched_clear(watched);
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
    for (size_t i = 0; i < history->count; i++) {
        watched_clear(&history->suites[i]);
    }
    memory_free(history->suites);
    memory_free(history);
}

struct sink *history_sink_new(enum history_kind kind, history_save *save, void *context)
{
    struct history *history = memory_new(sizeof *history);
    history->sink = (struct sink){.name = "history", .on_event = history_on_event, .free = history_free};
    history->kind = kind;
    history->save = save;
    history->context = context;
    return &history->sink;
}
