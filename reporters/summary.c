/* summary.c - summary.json: the figures of the run and every failure with the command that reproduces it. */
#include "line.h"
#include "tally.h"
#include "itrun/base/json.h"
#include <inttypes.h>
#include <stdio.h>

#define MESSAGE_LIMIT 1000

struct failure {
    size_t suite;
    const char *test, *classname, *message, *repro;
    enum outcome outcome;
};
struct failures {
    struct arena *arena;
    struct failure *list;
    size_t count, capacity;
};
struct flaky { /* a test case that passed only when it was tried again */
    size_t suite, attempts;
    const char *test, *classname, *message;
};
struct summary {
    struct sink sink;
    struct out *out;
    struct tally *tally;
    struct totals totals; /* of finished suites */
    struct failures failures;
    struct flaky *flaky;
    size_t flaky_count, flaky_capacity;
    bool is_changed;
};

static const char *one_line(struct arena *arena, const char *string)
{
    struct text text = {0};
    line_append(&text, string, MESSAGE_LIMIT);
    const char *kept = arena_string(arena, text_string(&text));
    text_clear(&text);
    return kept;
}

static void note_failures(struct failures *failures, const struct fold_suite *suites, size_t index,
                          const struct reported *reported)
{
    for (size_t i = 0; i < reported->count; i++) {
        const struct reported_case *reported_case = &reported->list[i];
        if (reported_case->status != CASE_FAILED && reported_case->status != CASE_ERROR) {
            continue;
        }
        failures->list =
            memory_grow(failures->list, failures->count, &failures->capacity, sizeof *failures->list);
        struct failure *failure = &failures->list[failures->count++];
        const struct test_case *result = reported_case->main;
        failure->suite = index;
        failure->test = one_line(failures->arena, reported_case->name);
        failure->classname = one_line(failures->arena, result->classname);
        failure->message =
            one_line(failures->arena, result->message != NULL ? result->message : result->body);
        struct text repro = {0};
        case_append_repro(&suites[index], reported_case, &repro);
        failure->repro = repro.length > 0 ? arena_string(failures->arena, text_string(&repro)) : NULL;
        text_clear(&repro);
        if (reported_case->is_synthetic) {
            failure->outcome = suites[index].outcome;
        } else {
            failure->outcome = reported_case->status == CASE_FAILED ? OUTCOME_FAILED : OUTCOME_ERROR;
        }
    }
}

static void note_flaky(struct summary *summary, size_t index, const struct reported *reported)
{
    struct arena *arena = summary->failures.arena;
    for (size_t i = 0; i < reported->count; i++) {
        const struct reported_case *reported_case = &reported->list[i];
        if (!reported_case->is_flaky) {
            continue;
        }
        summary->flaky = memory_grow(summary->flaky, summary->flaky_count, &summary->flaky_capacity,
                                     sizeof *summary->flaky);
        const struct test_case *before = reported_case->others[0];
        summary->flaky[summary->flaky_count++] = (struct flaky){
            .suite = index,
            .attempts = summary->tally->fold->suites[index].attempt_count,
            .test = one_line(arena, reported_case->name),
            .classname = one_line(arena, reported_case->classname),
            .message = one_line(arena, before->message != NULL ? before->message : before->body),
        };
    }
}

static void write_flaky(struct json_writer *writer, const struct summary *summary)
{
    json_write_array(writer, "flaky");
    for (size_t i = 0; i < summary->flaky_count; i++) {
        const struct flaky *flaky = &summary->flaky[i];
        json_write_object(writer, NULL);
        json_write_string(writer, "suite", summary->tally->fold->suites[flaky->suite].name);
        json_write_string(writer, "test", flaky->test);
        json_write_string(writer, "classname", flaky->classname);
        json_write_int(writer, "attempts", (int64_t)flaky->attempts);
        json_write_string(writer, "message", flaky->message);
        json_write_end(writer, '}');
    }
    json_write_end(writer, ']');
}

static void write_repeats(struct json_writer *writer, const struct fold *fold)
{
    struct repeat *repeats = NULL;
    size_t count = tally_repeats(fold, &repeats);
    json_write_array(writer, "repeats");
    for (size_t i = 0; i < count; i++) {
        const struct repeat *repeat = &repeats[i];
        json_write_object(writer, NULL);
        json_write_string(writer, "suite", repeat->name);
        json_write_int(writer, "executions", (int64_t)repeat->executions);
        json_write_int(writer, "passed", (int64_t)repeat->passed);
        json_write_int(writer, "failed", (int64_t)repeat->failed);
        json_write_int(writer, "infra", (int64_t)repeat->infra);
        json_write_int(writer, "not_finished", (int64_t)repeat->not_finished);
        if (repeat->first_failure != NULL) {
            json_write_string(writer, "first_failure", repeat->first_failure->name);
            json_write_string(writer, "repro", repeat->first_failure->repro);
        }
        json_write_end(writer, '}');
    }
    json_write_end(writer, ']');
    memory_free(repeats);
}

static void write_holds(struct json_writer *writer, const struct fold *fold)
{
    json_write_array(writer, "held_accounts");
    for (size_t i = 0; i < fold->hold_count; i++) {
        char until[32];
        time_format_utc((fold->is_finished ? fold->end.wall_us : fold->last_wall_us) +
                            fold->holds[i].hold_ms * 1000,
                        until);
        json_write_object(writer, NULL);
        json_write_string(writer, "account", fold->holds[i].account);
        json_write_int(writer, "shard", (int64_t)fold->holds[i].shard);
        json_write_string(writer, "until", until);
        json_write_end(writer, '}');
    }
    json_write_end(writer, ']');
}

static void write_suites(struct json_writer *writer, const struct fold *fold)
{
    struct verdict verdict;
    fold_verdict(fold, &verdict);
    json_write_object(writer, "suites");
    json_write_int(writer, "planned", (int64_t)fold->suite_count);
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        json_write_int(writer, outcome_name((enum outcome)i), (int64_t)verdict.counts[i]);
    }
    int64_t flaky = 0;
    for (size_t i = 0; i < fold->suite_count; i++) {
        flaky += fold->suites[i].is_flaky;
    }
    json_write_int(writer, "flaky", flaky);
    json_write_end(writer, '}');
}

static void write_tests(struct json_writer *writer, const struct totals *totals)
{
    json_write_object(writer, "tests");
    json_write_int(writer, "total", (int64_t)totals_count(totals));
    json_write_int(writer, "passed", (int64_t)totals->counts[CASE_PASSED]);
    json_write_int(writer, "failed", (int64_t)totals->counts[CASE_FAILED]);
    json_write_int(writer, "errors", (int64_t)totals->counts[CASE_ERROR]);
    json_write_int(writer, "skipped", (int64_t)totals->counts[CASE_SKIPPED]);
    json_write_int(writer, "flaky", (int64_t)totals->flaky);
    json_write_end(writer, '}');
}

static void write_retries(struct json_writer *writer, const struct fold *fold)
{
    json_write_object(writer, "retries");
    json_write_int(writer, "made", (int64_t)fold->retried_attempts);
    json_write_bool(writer, "is_budget_spent", fold->is_retry_budget_spent);
    json_write_end(writer, '}');
}

static void write_stacks(struct json_writer *writer, const struct fold *fold)
{
    json_write_object(writer, "stacks");
    json_write_int(writer, "skipped", (int64_t)fold->stacks_skipped);
    json_write_int(writer, "created", (int64_t)fold->stacks_created);
    json_write_int(writer, "updated", (int64_t)fold->stacks_updated);
    json_write_int(writer, "replaced", (int64_t)fold->stacks_replaced);
    json_write_int(writer, "failed", (int64_t)fold->stacks_failed);
    json_write_end(writer, '}');
}

static void write_failures(struct json_writer *writer, const struct fold *fold,
                           const struct failures *failures)
{
    for (size_t i = 0; i < failures->count; i++) {
        const struct failure *failure = &failures->list[i];
        const struct fold_suite *suite = &fold->suites[failure->suite];
        json_write_object(writer, NULL);
        json_write_string(writer, "suite", suite->name);
        json_write_string(writer, "test", failure->test);
        json_write_string(writer, "classname", failure->classname);
        json_write_int(writer, "shard", (int64_t)suite->shard);
        json_write_string(writer, "account", suite->account);
        json_write_string(writer, "outcome", outcome_name(failure->outcome));
        json_write_string(writer, "message", failure->message);
        json_write_string(writer, "repro", failure->repro);
        json_write_end(writer, '}');
    }
}

/* Suites without an outcome count and fail too: as lost. */
static void add_unfinished(const struct tally *tally, struct totals *totals, struct failures *failures)
{
    for (size_t i = 0; i < tally->fold->suite_count; i++) {
        if (!tally->fold->suites[i].is_finished) {
            struct reported reported;
            tally_cases(tally, i, &reported);
            totals_add(totals, &reported.totals);
            note_failures(failures, tally->fold->suites, i, &reported);
            reported_clear(&reported);
        }
    }
}

static int exit_code_of(const struct fold *fold)
{
    if (fold->is_finished) {
        return fold->end.end.exit_code;
    }
    struct verdict verdict;
    fold_verdict(fold, &verdict);
    return verdict_exit_code(&verdict);
}

/* The next run reads it here, so that the figure outlives a run that fails. */
static void write_last_success(struct json_writer *writer, const struct fold *fold)
{
    bool has_passed = fold->is_finished && fold->end.end.exit_code == EXIT_CODE_PASSED;
    int64_t wall_us = has_passed ? fold->end.wall_us : fold->start.start.last_success_us;
    char utc[32];
    time_format_utc(wall_us, utc);
    json_write_string(writer, "last_success_at", wall_us > 0 ? utc : NULL);
}

static void write_summary(const struct summary *summary, struct text *text)
{
    const struct fold *fold = summary->tally->fold;
    const struct event *start = &fold->start;
    struct failures unfinished = {.arena = arena_new()};
    struct totals totals = summary->totals;
    add_unfinished(summary->tally, &totals, &unfinished);
    struct json_writer writer;
    char seed[24];
    char started_at[32];
    snprintf(seed, sizeof seed, "%" PRIu64,
             start->start.seed); /* a number would lose its last digits in JSON */
    time_format_utc(start->wall_us, started_at);
    json_write_begin(&writer, text, 2);
    json_write_object(&writer, NULL);
    json_write_string(&writer, "run", start->run);
    json_write_string(&writer, "project", start->start.project);
    json_write_string(&writer, "commit", start->start.commit);
    json_write_string(&writer, "branch", start->start.branch);
    json_write_string(&writer, "started_at", started_at);
    write_last_success(&writer, fold);
    json_write_bool(&writer, "is_finished", fold->is_finished);
    json_write_int(&writer, "exit_code", exit_code_of(fold));
    json_write_string(&writer, "seed", seed);
    json_write_int(&writer, "shards", (int64_t)start->start.shard_count);
    json_write_int(&writer, "accounts", (int64_t)start->start.account_count);
    write_suites(&writer, fold);
    write_tests(&writer, &totals);
    write_retries(&writer, fold);
    write_stacks(&writer, fold);
    json_write_int(&writer, "makespan_ms", fold_makespan_ms(fold));
    json_write_int(&writer, "lower_bound_ms", start->start.lower_bound_ms);
    json_write_int(&writer, "predicted_ms", start->start.predicted_ms);
    json_write_int(&writer, "aws_requests", (int64_t)fold->end.end.aws_requests);
    json_write_int(&writer, "leaked_processes", (int64_t)fold->leaked_processes);
    json_write_array(&writer, "failures");
    write_failures(&writer, fold, &summary->failures);
    write_failures(&writer, fold, &unfinished);
    json_write_end(&writer, ']');
    write_flaky(&writer, summary);
    write_repeats(&writer, fold);
    write_holds(&writer, fold);
    json_write_end(&writer, '}');
    text_append_char(text, '\n');
    arena_free(unfinished.arena);
    memory_free(unfinished.list);
}

static bool summary_on_event(struct sink *sink, const struct event *event, struct error *error)
{
    struct summary *summary = (struct summary *)sink;
    if (!tally_event(summary->tally, event, error)) {
        return false;
    }
    summary->is_changed = true;
    if (event->type == EVENT_SUITE_FINISHED) {
        struct reported reported;
        tally_cases(summary->tally, event->suite, &reported);
        totals_add(&summary->totals, &reported.totals);
        note_failures(&summary->failures, summary->tally->fold->suites, event->suite, &reported);
        note_flaky(summary, event->suite, &reported);
        reported_clear(&reported);
        tally_drop(summary->tally, event->suite);
    }
    return true;
}

static bool summary_flush(struct sink *sink, struct error *error)
{
    struct summary *summary = (struct summary *)sink;
    if (!summary->is_changed) {
        return true;
    }
    struct text text = {0};
    write_summary(summary, &text);
    bool is_ok = summary->out->replace(summary->out, text_string(&text), text.length, error);
    text_clear(&text);
    summary->is_changed = !is_ok;
    return is_ok;
}

static void summary_free(struct sink *sink)
{
    struct summary *summary = (struct summary *)sink;
    arena_free(summary->failures.arena);
    memory_free(summary->failures.list);
    memory_free(summary->flaky);
    tally_free(summary->tally);
    memory_free(summary);
}

struct sink *summary_sink_new(struct out *out)
{
    struct summary *summary = memory_new(sizeof *summary);
    summary->sink = (struct sink){
        .name = "summary", .on_event = summary_on_event, .flush = summary_flush, .free = summary_free};
    summary->out = out;
    summary->tally = tally_new();
    summary->failures.arena = arena_new();
    return &summary->sink;
}
