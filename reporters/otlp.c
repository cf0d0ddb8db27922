/* otlp.c - the run as one trace: run, lanes, waits, deploys, suites, attempts, test cases, in OTLP's JSON.
 *
 * Names hold to OpenTelemetry's conventions for CI/CD (cicd.*), tests (test.*), version control (vcs.*) and
 * exceptions. Span ids are those that the suites were told (model/trace_context.h). A report of a framework
 * says how long a test case took, not when it began: cases are laid one after the other from the attempt's
 * start, and say so. Two forms: one whole document for a file, or batches for a collector.
 * Source: opentelemetry-proto, "OTLP/HTTP JSON encoding"; semantic-conventions, docs/cicd. */
#include "otlp.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

int64_t otlp_wall_us(const struct otlp *otlp, int64_t monotonic_us)
{
    return otlp->fold->start.wall_us - otlp->fold->start.monotonic_us + monotonic_us;
}

void otlp_next(struct otlp *otlp)
{
    if (otlp->into->length > 0) {
        text_append(otlp->into, ",\n");
    }
}

/* ---- the resource: what the run is of ---- */

struct attribute {
    const char *key, *value;
};
struct attributes {
    struct arena *arena;
    struct attribute list[64]; /* more than anybody gives; the rest is left out */
    size_t count;
};

static void set_attribute(struct attributes *attributes, const char *key, const char *value)
{
    for (size_t i = 0; i < attributes->count; i++) {
        if (strcmp(attributes->list[i].key, key) == 0) {
            attributes->list[i].value = value;
            return;
        }
    }
    if (attributes->count < sizeof attributes->list / sizeof *attributes->list) {
        attributes->list[attributes->count++] = (struct attribute){key, value};
    }
}

/* "key=value,key=value", values percent-encoded, as OTEL_RESOURCE_ATTRIBUTES; what is no pair is left out. */
static void add_given(struct attributes *attributes, const char *given)
{
    char *rest = arena_string(attributes->arena, given);
    while (rest != NULL && *rest != '\0') {
        char *pair = rest + strspn(rest, " \t");
        char *comma = strchr(rest, ',');
        rest = comma != NULL ? comma + 1 : NULL;
        if (comma != NULL) {
            *comma = '\0';
        }
        char *equals = strchr(pair, '=');
        if (equals != NULL && equals != pair) {
            *equals = '\0';
            string_decode_percent(equals + 1);
            set_attribute(attributes, pair, equals + 1);
        }
    }
}

static void write_resource(const struct otlp *otlp, struct text *text)
{
    const struct event *start = &otlp->fold->start;
    struct attributes attributes = {.arena = arena_new()};
    struct json_writer writer;
    set_attribute(&attributes, "service.name", "itrun");
    set_attribute(&attributes, "service.version", start->start.version);
    set_attribute(&attributes, "cicd.pipeline.name", start->start.project);
    set_attribute(&attributes, "cicd.pipeline.run.id", start->run);
    set_attribute(&attributes, "cicd.pipeline.run.url.full", start->start.job_url);
    set_attribute(&attributes, "vcs.ref.head.name", start->start.branch);
    set_attribute(&attributes, "vcs.ref.head.revision", start->start.commit);
    set_attribute(&attributes, "vcs.ref.base.name", start->start.base);
    set_attribute(&attributes, "vcs.ref.base.revision", start->start.base_commit);
    add_given(&attributes, start->start.resource);
    json_write_begin(&writer, text, 0);
    json_write_object(&writer, NULL);
    json_write_array(&writer, "attributes");
    for (size_t i = 0; i < attributes.count; i++) {
        otlp_string(&writer, attributes.list[i].key, attributes.list[i].value);
    }
    json_write_end(&writer, ']');
    json_write_end(&writer, '}');
    arena_free(attributes.arena);
}

/* An ExportTraceServiceRequest around written spans. */
static void write_request(const struct otlp *otlp, const char *spans, const char *more, struct text *text)
{
    struct json_writer writer;
    text_append(text, "{\"resourceSpans\":[{\"resource\":");
    write_resource(otlp, text);
    text_append(text, ",\"scopeSpans\":[{\"scope\":");
    json_write_begin(&writer, text, 0);
    json_write_object(&writer, NULL);
    json_write_string(&writer, "name", "itrun");
    json_write_string(&writer, "version",
                      otlp->fold->start.start.version != NULL ? otlp->fold->start.start.version : "");
    json_write_end(&writer, '}');
    text_append(text, ",\"spans\":[\n");
    text_append(text, spans);
    text_append(text, spans[0] != '\0' && more[0] != '\0' ? ",\n" : "");
    text_append(text, more);
    text_append(text, "\n]}]}]}\n");
}

static bool send_batch(struct otlp *otlp, struct error *error)
{
    struct text text = {0};
    write_request(otlp, text_string(&otlp->spans), "", &text);
    bool is_ok = otlp->out->append(otlp->out, text.bytes, text.length, error);
    text_clear(&text);
    text_reset(&otlp->spans);
    otlp->span_count = 0;
    return is_ok;
}

void otlp_span_written(struct otlp *otlp)
{
    if (otlp->into != &otlp->spans) {
        return;
    }
    otlp->span_count++;
    bool is_full = otlp->span_count >= BATCH_SPANS || otlp->spans.length >= BATCH_BYTES;
    if (otlp->is_batched && is_full && otlp->batch_error.kind == ERROR_NONE) {
        send_batch(otlp, &otlp->batch_error);
    }
}

/* ---- the run ---- */

static struct otlp_result run_result(const struct fold *fold)
{
    if (!fold->is_finished) {
        return (struct otlp_result){"error", "unfinished", "the run did not end"};
    }
    switch (fold->end.end.exit_code) {
    case EXIT_CODE_PASSED: return (struct otlp_result){"success", NULL, NULL};
    case EXIT_CODE_FAILED: return (struct otlp_result){"failure", "failed", "tests failed"};
    case EXIT_CODE_INFRA: return (struct otlp_result){"error", "infra", "only infrastructure failed"};
    case EXIT_CODE_NOTHING: return (struct otlp_result){"skip", NULL, NULL};
    case EXIT_CODE_DEADLINE: return (struct otlp_result){"timeout", "timeout", "the run's own deadline"};
    case EXIT_CODE_SIGINT:
    case EXIT_CODE_SIGTERM: return (struct otlp_result){"cancellation", "stopped", "stopped by a signal"};
    case EXIT_CODE_INCOMPLETE: return (struct otlp_result){"cancellation", "incomplete", fold->end.reason};
    default: return (struct otlp_result){"error", "unrecorded", "the run could not be recorded"};
    }
}

static void write_run(struct otlp *otlp)
{
    const struct fold *fold = otlp->fold;
    struct json_writer writer;
    struct text name = {0};
    char seed[24];
    struct verdict verdict;
    fold_verdict(fold, &verdict);
    text_append_format(&name, "RUN %s",
                       fold->start.start.project != NULL ? fold->start.start.project : "itrun");
    struct otlp_span span = {
        .trace_id = otlp->context.trace_id,
        .id = otlp->run_span,
        .parent_id = otlp->context.parent_id,
        .name = text_string(&name),
        .kind = OTLP_SERVER,
        .start_us = fold->start.wall_us,
        .end_us = otlp_wall_us(otlp, fold->last_monotonic_us),
    };
    otlp_next(otlp);
    otlp_begin(&writer, otlp->into, &span);
    otlp_string(&writer, "cicd.pipeline.action.name", "RUN");
    snprintf(seed, sizeof seed, "%" PRIu64, fold->start.start.seed);
    otlp_string(&writer, "itrun.seed", seed);
    otlp_int(&writer, "itrun.shards", (int64_t)fold->start.start.shard_count);
    otlp_int(&writer, "itrun.suites", (int64_t)fold->suite_count);
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        char key[60];
        snprintf(key, sizeof key, "itrun.suites.%s", outcome_name((enum outcome)i));
        otlp_int(&writer, key, (int64_t)verdict.counts[i]);
    }
    struct otlp_result result = run_result(fold);
    otlp_end(&writer, "cicd.pipeline.result", &result, NULL, 0);
    otlp_span_written(otlp);
    text_clear(&name);
}

static void run_started(struct otlp *otlp)
{
    const struct event *start = &otlp->fold->start;
    trace_context_of_run(start->run, start->start.traceparent, &otlp->context);
    span_id(start->run, &(struct span_key){.kind = SPAN_RUN}, otlp->run_span);
}

static bool otlp_on_event(struct sink *sink, const struct event *event, struct error *error)
{
    struct otlp *otlp = (struct otlp *)sink;
    if (!fold_event(otlp->fold, event, error)) {
        return false;
    }
    otlp->is_changed = true;
    if (event->type == EVENT_RUN_STARTED) {
        run_started(otlp);
    }
    segments_event(otlp->segments, event);
    if (event->type == EVENT_RUN_FINISHED) {
        write_run(otlp);
    }
    if (otlp->batch_error.kind != ERROR_NONE) {
        *error = otlp->batch_error;
        error_clear(&otlp->batch_error);
        return false;
    }
    return true;
}

/* The whole trace so far; what is under way ends with the last event. */
static bool write_document(struct otlp *otlp, struct error *error)
{
    struct text text = {0};
    text_reset(&otlp->open);
    otlp->into = &otlp->open;
    segments_tell_open(otlp->segments);
    if (!otlp->fold->is_finished && otlp->run_span[0] != '\0') {
        write_run(otlp);
    }
    otlp->into = &otlp->spans;
    write_request(otlp, text_string(&otlp->spans), text_string(&otlp->open), &text);
    bool is_ok = otlp->out->replace(otlp->out, text.bytes, text.length, error);
    text_clear(&text);
    return is_ok;
}

static bool otlp_flush(struct sink *sink, struct error *error)
{
    struct otlp *otlp = (struct otlp *)sink;
    if (!otlp->is_changed) {
        return true;
    }
    otlp->is_changed = false;
    if (otlp->is_batched) {
        return otlp->span_count == 0 || send_batch(otlp, error);
    }
    bool is_ok = write_document(otlp, error);
    otlp->is_changed = !is_ok;
    return is_ok;
}

static void otlp_free(struct sink *sink)
{
    struct otlp *otlp = (struct otlp *)sink;
    text_clear(&otlp->spans);
    text_clear(&otlp->open);
    segments_free(otlp->segments);
    fold_free(otlp->fold);
    memory_free(otlp);
}

static struct sink *make(struct out *out, bool is_batched)
{
    struct otlp *otlp = memory_new(sizeof *otlp);
    otlp->sink =
        (struct sink){.name = "otlp", .on_event = otlp_on_event, .flush = otlp_flush, .free = otlp_free};
    otlp->out = out;
    otlp->is_batched = is_batched;
    otlp->fold = fold_new();
    otlp->segments = segments_new(otlp->fold, otlp_segment_ended, otlp);
    otlp->into = &otlp->spans;
    return &otlp->sink;
}

struct sink *otlp_sink_new(struct out *out)
{
    return make(out, false);
}

struct sink *otlp_batch_sink_new(struct out *out)
{
    return make(out, true);
}
