/* results_sink.c - the outcomes and the cases' names of a run, kept for whoever judges them. */
#include "tally.h"

struct results_sink {
    struct sink sink;
    struct results *results;
    struct tally *tally;
    size_t capacity;
};

static struct result_suite *suite_at(struct results_sink *keeper, size_t index)
{
    struct results *results = keeper->results;
    while (results->suite_count <= index) {
        results->suites =
            memory_grow(results->suites, results->suite_count, &keeper->capacity, sizeof *results->suites);
        results->suite_count++;
    }
    return &results->suites[index];
}

static void keep_suite(struct results_sink *keeper, size_t index)
{
    struct arena *arena = keeper->results->arena;
    const struct fold_suite *suite = &keeper->tally->fold->suites[index];
    struct result_suite *kept = suite_at(keeper, index);
    struct reported reported;
    tally_cases(keeper->tally, index, &reported);
    *kept =
        (struct result_suite){.name = arena_string(arena, suite->name),
                              .group = arena_string(arena, suite->group != NULL ? suite->group : suite->name),
                              .reason = arena_string(arena, suite->reason),
                              .repro = arena_string(arena, suite->repro),
                              .outcome = suite->outcome,
                              .is_flaky = suite->is_flaky,
                              .cases = arena_alloc(arena, reported.count * sizeof *kept->cases),
                              .case_count = reported.count};
    for (size_t i = 0; i < reported.count; i++) {
        const struct reported_case *from = &reported.list[i];
        kept->cases[i] = (struct result_case){.name = arena_string(arena, from->name),
                                              .status = from->status,
                                              .is_flaky = from->is_flaky,
                                              .is_synthetic = from->is_synthetic};
    }
    reported_clear(&reported);
}

static bool results_on_event(struct sink *sink, const struct event *event, struct error *error)
{
    struct results_sink *keeper = (struct results_sink *)sink;
    if (!tally_event(keeper->tally, event, error)) {
        return false;
    }
    if (event->type == EVENT_SUITE_FINISHED) {
        keep_suite(keeper, event->suite);
        tally_drop(keeper->tally, event->suite);
    }
    return true;
}

static bool results_flush(struct sink *sink, struct error *error)
{
    struct results_sink *keeper = (struct results_sink *)sink;
    struct results *results = keeper->results;
    const struct fold *fold = keeper->tally->fold;
    (void)error;
    for (size_t i = 0; i < fold->suite_count; i++) {
        if (!fold->suites[i].is_finished) {
            keep_suite(keeper, i);
        }
    }
    results->run = arena_string(results->arena, fold->start.run);
    results->project = arena_string(results->arena, fold->start.start.project);
    results->commit = arena_string(results->arena, fold->start.start.commit);
    results->base_commit = arena_string(results->arena, fold->start.start.base_commit);
    results->job_url = arena_string(results->arena, fold->start.start.job_url);
    results->started_us = fold->start.wall_us;
    results->is_finished = fold->is_finished;
    results->exit_code = fold->end.end.exit_code;
    return true;
}

static void results_free(struct sink *sink)
{
    struct results_sink *keeper = (struct results_sink *)sink;
    tally_free(keeper->tally);
    memory_free(keeper);
}

struct sink *results_sink_new(struct results *ret_results)
{
    struct results_sink *keeper = memory_new(sizeof *keeper);
    keeper->sink = (struct sink){
        .name = "results", .on_event = results_on_event, .flush = results_flush, .free = results_free};
    *ret_results = (struct results){.arena = arena_new()};
    keeper->results = ret_results;
    keeper->tally = tally_new();
    return &keeper->sink;
}
