/* fold.c - the events of a run -> the state of that run: its suites, their attempts, its end. */
#include "fold_lanes.h"
#include <string.h>

struct fold *fold_new(void)
{
    struct fold *fold = memory_new(sizeof *fold);
    fold->arena = arena_new();
    return fold;
}

void fold_free(struct fold *fold)
{
    if (fold == NULL) {
        return;
    }
    for (size_t i = 0; i < fold->suite_count; i++) {
        memory_free(fold->suites[i].attempts);
    }
    memory_free(fold->suites);
    memory_free(fold->shards);
    memory_free(fold->holds);
    arena_free(fold->arena);
    memory_free(fold);
}

static const char *copy(struct fold *fold, const char *string)
{
    return arena_string(fold->arena, string);
}

/* An event borrows its strings; what the fold keeps of it must not. */
static struct event copy_of_run_event(struct fold *fold, const struct event *event)
{
    struct event kept = {.type = event->type,
                         .seq = event->seq,
                         .wall_us = event->wall_us,
                         .monotonic_us = event->monotonic_us,
                         .suite = NO_INDEX,
                         .end = event->end,
                         .start = event->start};
    kept.run = copy(fold, event->run);
    kept.worker = copy(fold, event->worker);
    kept.reason = copy(fold, event->reason);
    kept.start.version = copy(fold, event->start.version);
    kept.start.project = copy(fold, event->start.project);
    kept.start.commit = copy(fold, event->start.commit);
    kept.start.branch = copy(fold, event->start.branch);
    kept.start.base = copy(fold, event->start.base);
    kept.start.base_commit = copy(fold, event->start.base_commit);
    kept.start.job = copy(fold, event->start.job);
    kept.start.job_url = copy(fold, event->start.job_url);
    kept.start.config = copy(fold, event->start.config);
    kept.start.limited_by = copy(fold, event->start.limited_by);
    kept.start.resumed_from = copy(fold, event->start.resumed_from);
    kept.start.ci = copy(fold, event->start.ci);
    kept.start.traceparent = copy(fold, event->start.traceparent);
    kept.start.resource = copy(fold, event->start.resource);
    return kept;
}

static bool run_started(struct fold *fold, const struct event *event, struct error *error)
{
    if (fold->start.run != NULL && !string_equal(fold->start.run, event->run)) {
        return error_set(error, ERROR_INVALID, "the journal holds two runs, %s and %s", fold->start.run,
                         event->run != NULL ? event->run : "one without a name");
    }
    fold->start = copy_of_run_event(fold, event);
    return true;
}

static bool suite_planned(struct fold *fold, const struct event *event, struct error *error)
{
    const char *name = event->suite_name != NULL ? event->suite_name : "?";
    if (fold->is_announced) {
        return error_set(error, ERROR_INVALID, "suite %s was announced after the plan was closed", name);
    }
    if (event->suite < fold->suite_count) {
        return error_set(error, ERROR_INVALID, "suite number %zu was announced twice (%s)", event->suite,
                         name);
    }
    if (event->suite > fold->suite_count) {
        return error_set(error, ERROR_INVALID, "suite number %zu is missing from the announcement",
                         fold->suite_count);
    }
    fold->suites = memory_grow(fold->suites, fold->suite_count, &fold->suite_capacity, sizeof *fold->suites);
    struct fold_suite *suite = &fold->suites[fold->suite_count++];
    *suite = (struct fold_suite){.name = copy(fold, name),
                                 .group = copy(fold, event->planned.group),
                                 .framework = copy(fold, event->planned.framework),
                                 .file = copy(fold, event->planned.file),
                                 .repro = copy(fold, event->planned.repro),
                                 .repeat_of = copy(fold, event->planned.repeat_of),
                                 .can_select = event->planned.can_select,
                                 .shard = event->shard,
                                 .planned_shard = event->shard,
                                 .expected_ms = event->planned.expected_ms,
                                 .expected_cases = event->planned.case_count,
                                 .outcome = OUTCOME_LOST};
    return true;
}

static bool plan_announced(struct fold *fold, const struct event *event, struct error *error)
{
    if (fold->is_announced) {
        return error_set(error, ERROR_INVALID, "the plan was announced twice");
    }
    if (event->planned.suite_count != fold->suite_count) {
        return error_set(error, ERROR_INVALID, "journal says %zu suites, %zu were announced",
                         event->planned.suite_count, fold->suite_count);
    }
    fold->is_announced = true;
    fold->announced_us = event->monotonic_us;
    for (size_t i = 0; i < fold->shard_count; i++) {
        fold->shards[i].since_us = event->monotonic_us;
    }
    return fold_lanes_make(fold, fold->start.start.shard_count, error);
}

static struct fold_suite *find_suite(struct fold *fold, const struct event *event, struct error *error)
{
    if (event->suite >= fold->suite_count) {
        error_set(error, ERROR_INVALID, "%s of a suite that was never announced (%s)",
                  event_type_name(event->type), event->suite_name != NULL ? event->suite_name : "no name");
        return NULL;
    }
    return &fold->suites[event->suite];
}

static void place_suite(struct fold *fold, struct fold_suite *suite, const struct event *event)
{
    if (event->shard != 0) {
        suite->shard = event->shard;
    }
    suite->account = fold_keep(fold, suite->account, event->account);
}

const struct fold_attempt *fold_last_attempt(const struct fold_suite *suite)
{
    return suite->attempt_count > 0 ? &suite->attempts[suite->attempt_count - 1] : NULL;
}

static struct fold_attempt *attempt_of(struct fold_suite *suite, int number)
{
    for (size_t i = suite->attempt_count; i > 0; i--) {
        if (suite->attempts[i - 1].number == number) {
            return &suite->attempts[i - 1];
        }
    }
    suite->attempts =
        memory_grow(suite->attempts, suite->attempt_count, &suite->attempt_capacity, sizeof *suite->attempts);
    struct fold_attempt *attempt = &suite->attempts[suite->attempt_count++];
    attempt->number = number;
    attempt->outcome = OUTCOME_LOST;
    return attempt;
}

static bool attempt_started(struct fold *fold, const struct event *event, struct error *error)
{
    struct fold_suite *suite = find_suite(fold, event, error);
    if (suite == NULL) {
        return false;
    }
    place_suite(fold, suite, event);
    const struct fold_attempt *before = fold_last_attempt(suite);
    if (before != NULL && before->number != event->attempt) {
        fold->retried_attempts++;
        fold->retry_ms += before->duration_ms;
    }
    struct fold_attempt *attempt = attempt_of(suite, event->attempt);
    attempt->started_us = event->wall_us;
    attempt->shard = event->shard;
    attempt->account = suite->account;
    if (suite->started_us == 0) {
        suite->started_us = event->wall_us;
    }
    return true;
}

static bool attempt_finished(struct fold *fold, const struct event *event, struct error *error)
{
    struct fold_suite *suite = find_suite(fold, event, error);
    if (suite == NULL) {
        return false;
    }
    place_suite(fold, suite, event);
    struct fold_attempt *attempt = attempt_of(suite, event->attempt);
    attempt->is_finished = true;
    attempt->outcome = event->outcome;
    attempt->reason = copy(fold, event->reason);
    attempt->duration_ms = event->duration_ms;
    attempt->shard = event->shard;
    attempt->account = suite->account;
    attempt->exit_code = event->ended.exit_code;
    attempt->signal = event->ended.signal;
    attempt->leaked_count = event->ended.leaked_count;
    attempt->output_path = copy(fold, event->ended.output_path);
    if (outcome_is_bad(event->outcome)) {
        attempt->output_tail = copy(fold, event->ended.output_tail);
    }
    if (event->ended.report != NULL) {
        for (size_t i = 0; i < event->ended.report->count; i++) {
            attempt->case_counts[event->ended.report->cases[i].status]++;
        }
    }
    fold->leaked_processes += event->ended.leaked_count > 0 ? (size_t)event->ended.leaked_count : 0;
    return true;
}

static bool suite_finished(struct fold *fold, const struct event *event, struct error *error)
{
    struct fold_suite *suite = find_suite(fold, event, error);
    if (suite == NULL) {
        return false;
    }
    if (suite->is_finished) {
        return error_set(error, ERROR_INVALID, "suite %s finished twice", suite->name);
    }
    place_suite(fold, suite, event);
    suite->is_finished = true;
    suite->outcome = event->outcome;
    suite->reason = copy(fold, event->reason);
    suite->duration_ms = event->duration_ms;
    suite->is_flaky = event->suite_end.is_flaky;
    if (fold->first_failure_us == 0 && outcome_is_bad(event->outcome) &&
        event->outcome != OUTCOME_CANCELLED) {
        fold->first_failure_us = event->monotonic_us;
    }
    return true;
}

static void count_problem(struct fold *fold, const char *kind)
{
    size_t capacity = sizeof fold->problems / sizeof *fold->problems;
    size_t i = 0;
    while (i < fold->problem_count && strcmp(fold->problems[i].kind, kind) != 0) {
        i++;
    }
    if (i == capacity) {
        return;
    }
    if (i == fold->problem_count) {
        fold->problems[fold->problem_count++].kind = copy(fold, kind);
    }
    fold->problems[i].count++;
}

static bool fold_by_type(struct fold *fold, const struct event *event, struct error *error)
{
    switch (event->type) {
    case EVENT_RUN_STARTED: return run_started(fold, event, error);
    case EVENT_SUITE_PLANNED: return suite_planned(fold, event, error);
    case EVENT_PLAN_ANNOUNCED: return plan_announced(fold, event, error);
    case EVENT_ATTEMPT_STARTED:
        return fold_lane_event(fold, event, error) && attempt_started(fold, event, error);
    case EVENT_ATTEMPT_FINISHED:
        return fold_lane_event(fold, event, error) && attempt_finished(fold, event, error);
    case EVENT_SUITE_FINISHED: return suite_finished(fold, event, error);
    case EVENT_ACCOUNT_WAITING:
    case EVENT_ACCOUNT_LEASED:
    case EVENT_ACCOUNT_RELEASED:
    case EVENT_STACK_DECIDED:
    case EVENT_STACK_FINISHED:
    case EVENT_SHARD_FINISHED: return fold_lane_event(fold, event, error);
    case EVENT_PROBLEM:
        count_problem(fold, event->problem_kind != NULL ? event->problem_kind : "other");
        fold->is_retry_budget_spent =
            fold->is_retry_budget_spent || string_equal(event->problem_kind, "retry_budget");
        return true;
    case EVENT_RUN_FINISHED:
        fold->is_finished = true;
        fold->end = copy_of_run_event(fold, event);
        return true;
    case EVENT_SUITE_STOLEN: /* the attempt that follows says where it runs */
    case EVENT_TYPE_COUNT: break;
    }
    return true;
}

bool fold_event(struct fold *fold, const struct event *event, struct error *error)
{
    if (!fold_by_type(fold, event, error)) {
        return false;
    }
    if (event->monotonic_us > fold->last_monotonic_us) {
        fold->last_monotonic_us = event->monotonic_us;
    }
    if (event->wall_us > fold->last_wall_us) {
        fold->last_wall_us = event->wall_us;
    }
    fold->last_seq = event->seq;
    return true;
}

static bool fold_line(void *context, const struct event *event, struct error *error)
{
    return fold_event(context, event, error);
}

bool fold_journal(struct fold *fold, const char *bytes, size_t length, bool *ret_torn, struct error *error)
{
    return events_read(bytes, length, fold_line, fold, ret_torn, error);
}

void fold_verdict(const struct fold *fold, struct verdict *ret_verdict)
{
    struct verdict verdict = {.stopped_by_signal = fold->end.end.stopped_by_signal,
                              .is_past_deadline = fold->end.end.is_past_deadline};
    for (size_t i = 0; i < fold->suite_count; i++) {
        verdict.counts[fold->suites[i].outcome]++;
    }
    *ret_verdict = verdict;
}

int64_t fold_makespan_ms(const struct fold *fold)
{
    return fold->is_finished ? fold->end.end.makespan_ms : fold->last_monotonic_us / 1000;
}
