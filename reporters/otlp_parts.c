/* otlp_parts.c - what lanes did, as spans: lane, wait, deploy, suite, attempt, test case. */
#include "otlp.h"
#include <stdio.h>
#include <string.h>

/* ---- one span ---- */

static void begin_span(struct otlp *otlp, struct json_writer *writer, const char *id, const char *parent_id,
                       const char *name, const struct segment *when)
{
    struct otlp_span span = {
        .trace_id = otlp->context.trace_id,
        .id = id,
        .parent_id = parent_id,
        .name = name,
        .kind = OTLP_INTERNAL,
        .start_us = otlp_wall_us(otlp, when->start_us),
        .end_us = otlp_wall_us(otlp, when->end_us),
    };
    otlp_next(otlp);
    otlp_begin(writer, otlp->into, &span);
}

static void end_span(struct otlp *otlp, struct json_writer *writer, const char *key,
                     const struct otlp_result *result)
{
    otlp_end(writer, key, result, NULL, 0);
    otlp_span_written(otlp);
}

static const char *run_id_of(const struct otlp *otlp)
{
    return otlp->fold->start.run != NULL ? otlp->fold->start.run : "";
}

static void lane_id(const struct otlp *otlp, size_t shard, char ret_id[SPAN_ID_SIZE])
{
    if (shard == 0) {
        memcpy(ret_id, otlp->run_span, SPAN_ID_SIZE);
        return;
    }
    span_id(run_id_of(otlp), &(struct span_key){.kind = SPAN_LANE, .shard = shard}, ret_id);
}

/* cicd.pipeline.task.*: what it is, and which one of the run. */
static void write_task(struct otlp *otlp, struct json_writer *writer, const char *type, const char *name,
                       const char *id)
{
    struct text run = {0};
    text_append_format(&run, "%s/%s", run_id_of(otlp), id);
    otlp_string(writer, "cicd.pipeline.task.name", name);
    otlp_string(writer, "cicd.pipeline.task.run.id", text_string(&run));
    otlp_string(writer, "cicd.pipeline.task.type", type);
    text_clear(&run);
}

static void write_place(struct json_writer *writer, const struct segment *segment)
{
    if (segment->shard != 0) {
        otlp_int(writer, "itrun.shard", (int64_t)segment->shard);
    }
    otlp_string(writer, "cicd.worker.name", segment->account);
}

#define TASK_RESULT "cicd.pipeline.task.run.result"

/* ---- what segments become ---- */

static struct otlp_result lane_result(const struct segment *segment)
{
    static const struct {
        const char *reason;
        enum outcome outcome;
    } table[] = {{"done", OUTCOME_PASSED},           {"nothing to do", OUTCOME_SKIPPED},
                 {"shard timeout", OUTCOME_TIMEOUT}, {"cancelled", OUTCOME_CANCELLED},
                 {"infrastructure", OUTCOME_INFRA},  {"lease lost", OUTCOME_INFRA}};
    for (size_t i = 0; !segment->is_open && i < sizeof table / sizeof *table; i++) {
        if (string_equal(segment->reason, table[i].reason)) {
            return otlp_result_of_outcome(table[i].outcome, segment->reason);
        }
    }
    return otlp_result_of_outcome(OUTCOME_LOST, segment->reason);
}

static void write_lane(struct otlp *otlp, const struct segment *segment)
{
    struct json_writer writer;
    char id[SPAN_ID_SIZE], name[40];
    lane_id(otlp, segment->shard, id);
    snprintf(name, sizeof name, "shard %zu", segment->shard);
    begin_span(otlp, &writer, id, otlp->run_span, name, segment);
    write_task(otlp, &writer, NULL, "shard", name);
    write_place(&writer, segment);
    struct otlp_result result = lane_result(segment);
    end_span(otlp, &writer, TASK_RESULT, &result);
}

static void write_wait(struct otlp *otlp, const struct segment *segment)
{
    struct json_writer writer;
    char id[SPAN_ID_SIZE], parent[SPAN_ID_SIZE], task[80];
    lane_id(otlp, segment->shard, parent);
    struct span_key key = {.kind = SPAN_WAIT, .shard = segment->shard, .number = segment->number};
    span_id(run_id_of(otlp), &key, id);
    snprintf(task, sizeof task, "shard %zu/wait %zu", segment->shard, segment->number);
    begin_span(otlp, &writer, id, parent, "wait for an account", segment);
    write_task(otlp, &writer, NULL, "wait for an account", task);
    write_place(&writer, segment);
    struct otlp_result result =
        otlp_result_of_outcome(segment->is_ok ? OUTCOME_PASSED : OUTCOME_CANCELLED, NULL);
    end_span(otlp, &writer, TASK_RESULT, &result);
}

static void write_stack(struct otlp *otlp, const struct segment *segment)
{
    struct json_writer writer;
    struct text name = {0}, task = {0};
    char id[SPAN_ID_SIZE], parent[SPAN_ID_SIZE];
    bool is_wait = strcmp(segment->action, "wait") == 0;
    lane_id(otlp, segment->shard, parent);
    struct span_key key = {.kind = is_wait ? SPAN_STACK_WAIT : SPAN_STACK,
                           .shard = segment->shard,
                           .name = segment->stack,
                           .account = segment->account};
    span_id(run_id_of(otlp), &key, id);
    text_append_format(&name, "%s %s", is_wait ? "wait for" : "deploy", segment->stack);
    text_append_format(&task, "shard %zu/%s", segment->shard, text_string(&name));
    begin_span(otlp, &writer, id, parent, text_string(&name), segment);
    write_task(otlp, &writer, "deploy", text_string(&name), text_string(&task));
    write_place(&writer, segment);
    otlp_string(&writer, "itrun.stack.name", segment->stack);
    otlp_string(&writer, "itrun.stack.action", segment->action);
    otlp_string(&writer, "itrun.reason", segment->reason);
    enum outcome bad = segment->is_open ? OUTCOME_LOST : OUTCOME_ERROR;
    struct otlp_result result =
        otlp_result_of_outcome(segment->is_ok ? OUTCOME_PASSED : bad, segment->reason);
    end_span(otlp, &writer, TASK_RESULT, &result);
    text_clear(&name);
    text_clear(&task);
}

static void suite_id(const struct otlp *otlp, const char *suite, char ret_id[SPAN_ID_SIZE])
{
    span_id(run_id_of(otlp), &(struct span_key){.kind = SPAN_SUITE, .name = suite}, ret_id);
}

static void attempt_id(const struct otlp *otlp, const char *suite, size_t number, char ret_id[SPAN_ID_SIZE])
{
    struct span_key key = {.kind = SPAN_ATTEMPT, .name = suite, .number = number};
    span_id(run_id_of(otlp), &key, ret_id);
}

static void write_suite(struct otlp *otlp, const struct segment *segment)
{
    struct json_writer writer;
    struct text task = {0};
    const struct fold_suite *suite = &otlp->fold->suites[segment->suite];
    char id[SPAN_ID_SIZE], parent[SPAN_ID_SIZE];
    suite_id(otlp, suite->name, id);
    lane_id(otlp, segment->shard, parent);
    text_append_format(&task, "suite %s", suite->name);
    begin_span(otlp, &writer, id, parent, suite->name, segment);
    write_task(otlp, &writer, "test", suite->name, text_string(&task));
    write_place(&writer, segment);
    otlp_string(&writer, "test.suite.name", suite->name);
    otlp_string(&writer, "test.suite.run.status", otlp_suite_status(segment->outcome));
    otlp_string(&writer, "code.file.path", suite->file);
    otlp_string(&writer, "itrun.suite.framework", suite->framework);
    otlp_string(&writer, "itrun.outcome", outcome_name(segment->outcome));
    otlp_int(&writer, "itrun.suite.attempts", (int64_t)suite->attempt_count);
    otlp_bool(&writer, "itrun.suite.is_flaky", suite->is_flaky);
    if (outcome_is_bad(segment->outcome)) {
        otlp_string(&writer, "itrun.repro", suite->repro);
    }
    struct otlp_result result = otlp_result_of_outcome(segment->outcome, segment->reason);
    end_span(otlp, &writer, TASK_RESULT, &result);
    text_clear(&task);
}

static void write_attempt(struct otlp *otlp, const struct segment *segment, const struct event *event)
{
    struct json_writer writer;
    struct text task = {0};
    const char *suite = otlp->fold->suites[segment->suite].name;
    char id[SPAN_ID_SIZE], parent[SPAN_ID_SIZE], name[40];
    attempt_id(otlp, suite, segment->number, id);
    suite_id(otlp, suite, parent);
    snprintf(name, sizeof name, "attempt %zu", segment->number);
    text_append_format(&task, "suite %s/%s", suite, name);
    begin_span(otlp, &writer, id, parent, name, segment);
    write_task(otlp, &writer, "test", suite, text_string(&task));
    write_place(&writer, segment);
    otlp_string(&writer, "test.suite.name", suite);
    otlp_string(&writer, "test.suite.run.status", otlp_suite_status(segment->outcome));
    otlp_string(&writer, "itrun.outcome", outcome_name(segment->outcome));
    otlp_int(&writer, "itrun.attempt", (int64_t)segment->number);
    if (event != NULL && event->ended.signal == 0) {
        otlp_int(&writer, "process.exit.code", event->ended.exit_code);
    }
    struct otlp_result result = otlp_result_of_outcome(segment->outcome, segment->reason);
    end_span(otlp, &writer, TASK_RESULT, &result);
    text_clear(&task);
}

/* ---- test cases ---- */

static void write_case(struct otlp *otlp, const struct test_case *test_case, const struct segment *when,
                       const struct span_key *key, const char *parent)
{
    struct json_writer writer;
    char id[SPAN_ID_SIZE];
    bool is_bad = test_case->status == CASE_FAILED || test_case->status == CASE_ERROR;
    struct otlp_result result = {
        .result = is_bad ? "fail" : "pass",
        .error_type = !is_bad                   ? NULL
                      : test_case->type != NULL ? test_case->type
                                                : case_status_name(test_case->status),
        .message = test_case->message,
    };
    if (test_case->status == CASE_SKIPPED) {
        result.result = NULL; /* the convention has a word for neither */
    }
    span_id(run_id_of(otlp), key, id);
    begin_span(otlp, &writer, id, parent, test_case->name, when);
    otlp_string(&writer, "test.case.name", test_case->name);
    otlp_string(&writer, "test.suite.name", key->name);
    otlp_string(&writer, "code.namespace", test_case->classname);
    otlp_string(&writer, "code.file.path", test_case->file);
    if (test_case->line > 0) {
        otlp_int(&writer, "code.line.number", test_case->line);
    }
    otlp_string(&writer, "itrun.case.status", case_status_name(test_case->status));
    otlp_bool(&writer, "itrun.case.is_start_estimated", true);
    otlp_end(&writer, "test.case.result.status", &result, is_bad ? test_case : NULL,
             otlp_wall_us(otlp, when->end_us));
    otlp_span_written(otlp);
}

static void write_cases(struct otlp *otlp, const struct segment *segment, const struct event *event)
{
    const struct report *report = event != NULL ? event->ended.report : NULL;
    const char *suite = otlp->fold->suites[segment->suite].name;
    char parent[SPAN_ID_SIZE];
    attempt_id(otlp, suite, segment->number, parent);
    int64_t at_us = segment->start_us;
    for (size_t i = 0; report != NULL && i < report->count; i++) {
        const struct test_case *test_case = &report->cases[i];
        struct segment when = {.start_us = at_us, .end_us = at_us};
        when.end_us += test_case->duration_us > 0 ? test_case->duration_us : 0;
        when.end_us = when.end_us < segment->end_us ? when.end_us : segment->end_us;
        struct span_key key = {.kind = SPAN_CASE, .name = suite, .number = segment->number, .index = i};
        write_case(otlp, test_case, &when, &key, parent);
        at_us = when.end_us;
    }
}

void otlp_segment_ended(void *context, const struct segment *segment, const struct event *event)
{
    struct otlp *otlp = context;
    switch (segment->kind) {
    case SEGMENT_LANE: write_lane(otlp, segment); break;
    case SEGMENT_WAIT: write_wait(otlp, segment); break;
    case SEGMENT_STACK: write_stack(otlp, segment); break;
    case SEGMENT_SUITE: write_suite(otlp, segment); break;
    case SEGMENT_ATTEMPT:
        write_cases(otlp, segment, event);
        write_attempt(otlp, segment, event);
        break;
    }
}
