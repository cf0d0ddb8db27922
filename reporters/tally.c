/* tally.c - holds the test cases of each suite until it finishes. */
#include "tally.h"

struct tally *tally_new(void)
{
    struct tally *tally = memory_new(sizeof *tally);
    tally->fold = fold_new();
    return tally;
}

static void held_free(struct held *held)
{
    if (held != NULL) {
        arena_free(held->arena);
        memory_free(held->attempts);
        memory_free(held);
    }
}

void tally_free(struct tally *tally)
{
    for (size_t i = 0; i < tally->held_count; i++) {
        held_free(tally->held[i]);
    }
    memory_free(tally->held);
    fold_free(tally->fold);
    memory_free(tally);
}

void tally_drop(struct tally *tally, size_t suite)
{
    if (suite < tally->held_count) {
        held_free(tally->held[suite]);
        tally->held[suite] = NULL;
    }
}

static bool is_case_bad(enum case_status status)
{
    return status == CASE_FAILED || status == CASE_ERROR;
}

/* `previous`: the case before it and its copy, NULL for the first. Most cases share class and file with it;
 * then their copies do too. */
static void copy_case(const struct test_case *from, const struct test_case *previous, struct arena *arena,
                      struct test_case *ret_case)
{
    const struct test_case *copied = ret_case - (previous != NULL);
    bool has_same_class = previous != NULL && from->classname == previous->classname;
    bool has_same_file = previous != NULL && from->file == previous->file;
    const char *classname = from->classname != NULL ? from->classname : "";
    ret_case->status = from->status;
    ret_case->duration_us = from->duration_us;
    ret_case->line = from->line;
    ret_case->is_no_test = from->is_no_test;
    ret_case->classname = has_same_class ? copied->classname : arena_string(arena, classname);
    ret_case->name = arena_string(arena, from->name);
    ret_case->file = has_same_file ? copied->file : arena_string(arena, from->file);
    ret_case->type = arena_string(arena, from->type);
    ret_case->message = arena_string(arena, from->message);
    /* What a good test printed is shown nowhere. */
    bool is_shown = is_case_bad(from->status) || (from->status == CASE_PASSED && from->message != NULL);
    ret_case->body = is_shown ? arena_string(arena, from->body) : NULL;
    ret_case->output = is_shown ? arena_string(arena, from->output) : NULL;
}

static struct held *held_of(struct tally *tally, size_t suite)
{
    while (tally->held_count <= suite) {
        tally->held =
            memory_grow(tally->held, tally->held_count, &tally->held_capacity, sizeof(struct held *));
        tally->held_count++;
    }
    if (tally->held[suite] == NULL) {
        struct held *held = memory_new(sizeof *held);
        held->arena = arena_new();
        tally->held[suite] = held;
    }
    return tally->held[suite];
}

static void hold_report(struct tally *tally, const struct event *event)
{
    const struct report *report = event->ended.report;
    struct held *held = held_of(tally, event->suite);
    held->attempts = memory_grow(held->attempts, held->count, &held->capacity, sizeof *held->attempts);
    struct held_attempt *attempt = &held->attempts[held->count++];
    attempt->number = event->attempt;
    attempt->outcome = event->outcome;
    attempt->cases = arena_alloc(held->arena, report->count * sizeof *attempt->cases);
    for (size_t i = 0; i < report->count; i++) {
        copy_case(&report->cases[i], i > 0 ? &report->cases[i - 1] : NULL, held->arena, &attempt->cases[i]);
    }
    attempt->count = report->count;
}

bool tally_event(struct tally *tally, const struct event *event, struct error *error)
{
    if (!fold_event(tally->fold, event, error)) {
        return false;
    }
    if (event->type == EVENT_ATTEMPT_FINISHED && event->ended.report != NULL &&
        event->ended.report->count > 0) {
        hold_report(tally, event);
    }
    return true;
}

void tally_cases(const struct tally *tally, size_t suite, struct reported *ret_reported)
{
    const struct held *held = suite < tally->held_count ? tally->held[suite] : NULL;
    cases_merge(&tally->fold->suites[suite], held, ret_reported);
}

void tally_add_unfinished(const struct tally *tally, struct totals *totals)
{
    for (size_t i = 0; i < tally->fold->suite_count; i++) {
        if (!tally->fold->suites[i].is_finished) {
            struct reported reported;
            tally_cases(tally, i, &reported);
            totals_add(totals, &reported.totals);
            reported_clear(&reported);
        }
    }
}

void reported_clear(struct reported *reported)
{
    arena_free(reported->arena);
    *reported = (struct reported){0};
}

void totals_add(struct totals *totals, const struct totals *more)
{
    for (int i = 0; i < CASE_STATUS_COUNT; i++) {
        totals->counts[i] += more->counts[i];
    }
    totals->flaky += more->flaky;
}

size_t totals_count(const struct totals *totals)
{
    size_t count = 0;
    for (int i = 0; i < CASE_STATUS_COUNT; i++) {
        count += totals->counts[i];
    }
    return count;
}
