/* trace.c - trace.json: the run in the Trace Event Format, for Perfetto, chrome://tracing and their kin.
 *
 * Process 1 is the run; a lane is a thread, what it deploys side by side stands in threads beneath it, so
 * that the slices of a thread nest. Complete ("X"), counter ("C"), instant ("i") and metadata ("M") events;
 * times in microseconds since the run's start. Source: "Trace Event Format", the Chromium project. */
#include "itrun/base/json.h"
#include "itrun/reporters.h"
#include "segments.h"
#include <inttypes.h>
#include <string.h>

#define PROCESS 1
/* Thread of a lane's slot: more than the lanes that a run can have. */
#define SLOT_STRIDE 100000

struct suite_slices {
    struct text attempts; /* written, but held until their suite's slice stands before them */
    size_t shard;         /* 0: none began */
    bool is_apart;        /* other lanes or other suites came between: no slice of its own would nest */
};
struct trace_lane {
    size_t suite; /* the last one, NO_INDEX */
    size_t slot_count;
};
struct trace {
    struct sink sink;
    struct out *out;
    struct fold *fold;
    struct segments *segments;
    struct text body, open;
    struct text *into; /* body, or open while what is under way is written */
    struct suite_slices *suites;
    size_t suite_count, suite_capacity;
    struct trace_lane *lanes;
    size_t lane_count, lane_capacity;
    int64_t running, leased, ended, bad;
    bool is_changed;
};

/* ---- one event ---- */

static void begin_event(struct json_writer *writer, struct text *text, const char *name, const char *phase,
                        size_t thread, int64_t at_us)
{
    text_append(text, ",\n");
    json_write_begin(writer, text, 0);
    json_write_object(writer, NULL);
    json_write_string(writer, "name", name);
    json_write_string(writer, "ph", phase);
    json_write_int(writer, "pid", PROCESS);
    json_write_int(writer, "tid", (int64_t)thread);
    json_write_int(writer, "ts", at_us);
}

static void end_event(struct json_writer *writer)
{
    json_write_end(writer, '}');
}

static void write_known(struct json_writer *writer, const char *key, const char *value)
{
    if (value != NULL && value[0] != '\0') {
        json_write_string(writer, key, value);
    }
}

static void write_counter(struct trace *trace, const char *name, const char *key, int64_t value,
                          int64_t at_us)
{
    struct json_writer writer;
    begin_event(&writer, &trace->body, name, "C", 0, at_us);
    json_write_object(&writer, "args");
    json_write_int(&writer, key, value);
    json_write_end(&writer, '}');
    end_event(&writer);
}

static void write_instant(struct trace *trace, const char *name, const char *category,
                          const struct event *event)
{
    struct json_writer writer;
    begin_event(&writer, &trace->body, name, "i", event->shard, event->monotonic_us);
    json_write_string(&writer, "cat", category);
    json_write_string(&writer, "s", event->shard != 0 ? "t" : "p");
    json_write_object(&writer, "args");
    write_known(&writer, "suite", event->suite_name);
    write_known(&writer, "stack", event->stack);
    write_known(&writer, "reason", event->reason);
    json_write_end(&writer, '}');
    end_event(&writer);
}

static void begin_slice(struct json_writer *writer, struct text *text, const char *name, const char *category,
                        size_t thread, const struct segment *segment)
{
    begin_event(writer, text, name, "X", thread, segment->start_us);
    json_write_int(writer, "dur", segment->end_us - segment->start_us);
    json_write_string(writer, "cat", category);
    json_write_object(writer, "args");
    write_known(writer, "account", segment->account);
    write_known(writer, "reason", segment->reason);
    if (segment->is_open) {
        json_write_bool(writer, "is_open", true);
    }
}

static void end_slice(struct json_writer *writer)
{
    json_write_end(writer, '}');
    end_event(writer);
}

/* ---- segments ---- */

static struct suite_slices *slices_of(struct trace *trace, size_t suite)
{
    while (trace->suite_count <= suite) {
        trace->suites =
            memory_grow(trace->suites, trace->suite_count, &trace->suite_capacity, sizeof *trace->suites);
        trace->suite_count++;
    }
    return &trace->suites[suite];
}

static struct trace_lane *lane_of(struct trace *trace, size_t shard)
{
    while (trace->lane_count < shard) {
        trace->lanes =
            memory_grow(trace->lanes, trace->lane_count, &trace->lane_capacity, sizeof *trace->lanes);
        trace->lanes[trace->lane_count++].suite = NO_INDEX;
    }
    return &trace->lanes[shard - 1];
}

static void write_stack(struct trace *trace, const struct segment *segment)
{
    struct text name = {0};
    struct json_writer writer;
    struct trace_lane *lane = lane_of(trace, segment->shard);
    lane->slot_count = segment->number + 1 > lane->slot_count ? segment->number + 1 : lane->slot_count;
    text_append_format(&name, "%s %s", segment->action, segment->stack);
    begin_slice(&writer, trace->into, text_string(&name), "reconcile",
                (segment->number + 1) * SLOT_STRIDE + segment->shard, segment);
    json_write_string(&writer, "stack", segment->stack);
    json_write_string(&writer, "action", segment->action);
    json_write_bool(&writer, "is_ok", segment->is_ok);
    end_slice(&writer);
    text_clear(&name);
}

static void write_attempt(struct trace *trace, const struct segment *segment)
{
    struct text name = {0};
    struct json_writer writer;
    struct suite_slices *slices = slices_of(trace, segment->suite);
    text_append_format(&name, "attempt %zu", segment->number);
    begin_slice(&writer, &slices->attempts, text_string(&name), "test", segment->shard, segment);
    json_write_string(&writer, "suite", trace->fold->suites[segment->suite].name);
    json_write_int(&writer, "attempt", (int64_t)segment->number);
    json_write_string(&writer, "outcome", outcome_name(segment->outcome));
    end_slice(&writer);
    text_clear(&name);
}

/* The suite's slice, and its attempts within. */
static void write_suite(struct trace *trace, const struct segment *segment)
{
    struct suite_slices *slices = slices_of(trace, segment->suite);
    const struct fold_suite *suite = &trace->fold->suites[segment->suite];
    if (slices->shard != 0 && !slices->is_apart) {
        struct json_writer writer;
        begin_slice(&writer, trace->into, suite->name, "suite", slices->shard, segment);
        json_write_string(&writer, "suite", suite->name);
        json_write_int(&writer, "attempts", (int64_t)suite->attempt_count);
        json_write_string(&writer, "outcome", outcome_name(segment->outcome));
        json_write_bool(&writer, "is_flaky", suite->is_flaky);
        json_write_int(&writer, "expected_ms", suite->expected_ms);
        end_slice(&writer);
    }
    text_append(trace->into, text_string(&slices->attempts));
    if (trace->into == &trace->body) {
        text_clear(&slices->attempts);
    }
}

static void segment_ended(void *context, const struct segment *segment, const struct event *event)
{
    struct trace *trace = context;
    struct json_writer writer;
    (void)event;
    switch (segment->kind) {
    case SEGMENT_WAIT:
        begin_slice(&writer, trace->into, "wait for an account", "wait", segment->shard, segment);
        end_slice(&writer);
        break;
    case SEGMENT_STACK: write_stack(trace, segment); break;
    case SEGMENT_ATTEMPT: write_attempt(trace, segment); break;
    case SEGMENT_SUITE: write_suite(trace, segment); break;
    case SEGMENT_LANE: break; /* the thread itself */
    }
}

/* ---- what is no stretch of time ---- */

static void attempt_started(struct trace *trace, const struct event *event)
{
    struct suite_slices *slices = slices_of(trace, event->suite);
    struct trace_lane *lane = lane_of(trace, event->shard);
    bool goes_on = lane->suite == event->suite && slices->shard == event->shard;
    slices->is_apart = slices->is_apart || (slices->shard != 0 && !goes_on);
    slices->shard = event->shard;
    lane->suite = event->suite;
    if (event->attempt > 1) {
        write_instant(trace, "retry", "test", event);
    }
}

static void write_counters(struct trace *trace, const struct event *event)
{
    int64_t at_us = event->monotonic_us;
    switch (event->type) {
    case EVENT_ACCOUNT_LEASED:
        write_counter(trace, "accounts in use", "accounts", ++trace->leased, at_us);
        break;
    case EVENT_ACCOUNT_RELEASED:
        write_counter(trace, "accounts in use", "accounts", --trace->leased, at_us);
        break;
    case EVENT_ATTEMPT_STARTED:
        write_counter(trace, "suites running", "suites", ++trace->running, at_us);
        break;
    case EVENT_ATTEMPT_FINISHED:
        write_counter(trace, "suites running", "suites", --trace->running, at_us);
        break;
    case EVENT_SUITE_FINISHED:
        write_counter(trace, "suites ended", "suites", ++trace->ended, at_us);
        if (outcome_is_bad(event->outcome)) {
            write_counter(trace, "suites not passed", "suites", ++trace->bad, at_us);
        }
        break;
    default: break;
    }
}

static bool trace_on_event(struct sink *sink, const struct event *event, struct error *error)
{
    struct trace *trace = (struct trace *)sink;
    if (!fold_event(trace->fold, event, error)) {
        return false;
    }
    trace->is_changed = true;
    if (event->type == EVENT_ATTEMPT_STARTED && event->shard != 0) {
        attempt_started(trace, event);
    }
    segments_event(trace->segments, event);
    write_counters(trace, event);
    if (event->type == EVENT_SUITE_STOLEN) {
        write_instant(trace, "taken over", "suite", event);
    } else if (event->type == EVENT_STACK_DECIDED && string_equal(event->stack_action.action, "skip")) {
        write_instant(trace, "skip", "reconcile", event);
    } else if (event->type == EVENT_PROBLEM) {
        write_instant(trace, event->problem_kind != NULL ? event->problem_kind : "problem", "problem", event);
    }
    return true;
}

/* ---- the file ---- */

static void write_metadata(struct text *text, const char *what, size_t thread, const char *name,
                           int64_t order)
{
    struct json_writer writer;
    begin_event(&writer, text, what, "M", thread, 0);
    json_write_object(&writer, "args");
    if (name != NULL) {
        json_write_string(&writer, "name", name);
    } else {
        json_write_int(&writer, "sort_index", order);
    }
    json_write_end(&writer, '}');
    end_event(&writer);
}

static void write_threads(const struct trace *trace, struct text *text)
{
    struct text name = {0};
    for (size_t i = 0; i < trace->fold->shard_count; i++) {
        const char *account = trace->fold->shards[i].account;
        size_t slot_count = i < trace->lane_count ? trace->lanes[i].slot_count : 0;
        for (size_t k = 0; k <= slot_count; k++) {
            size_t thread = k * SLOT_STRIDE + i + 1;
            text_reset(&name);
            text_append_format(&name, "shard %zu", i + 1);
            if (k > 0) {
                text_append_format(&name, " deploys %zu", k);
            } else if (account != NULL) {
                text_append_format(&name, " on %s", account);
            }
            write_metadata(text, "thread_name", thread, text_string(&name), 0);
            write_metadata(text, "thread_sort_index", thread, NULL, (int64_t)((i + 1) * 100 + k));
        }
    }
    text_clear(&name);
}

static void write_head(const struct trace *trace, struct text *text)
{
    const struct event *start = &trace->fold->start;
    struct json_writer writer;
    struct text name = {0};
    text_append(text, "{\"displayTimeUnit\":\"ms\",\"otherData\":");
    json_write_begin(&writer, text, 0);
    json_write_object(&writer, NULL);
    write_known(&writer, "run", start->run);
    write_known(&writer, "version", start->start.version);
    write_known(&writer, "commit", start->start.commit);
    json_write_end(&writer, '}');
    text_append(text, ",\"traceEvents\":[\n");
    size_t first = text->length;
    text_append_format(&name, "itrun %s", start->start.project != NULL ? start->start.project : "");
    write_metadata(text, "process_name", 0, text_string(&name), 0);
    memmove(text->bytes + first, text->bytes + first + 2, text->length - first - 2); /* no comma before it */
    text_truncate(text, text->length - 2);
    write_threads(trace, text);
    text_clear(&name);
}

static bool trace_flush(struct sink *sink, struct error *error)
{
    struct trace *trace = (struct trace *)sink;
    if (!trace->is_changed) {
        return true;
    }
    text_reset(&trace->open);
    trace->into = &trace->open;
    size_t *kept = memory_new((trace->suite_count + 1) * sizeof *kept);
    for (size_t i = 0; i < trace->suite_count; i++) {
        kept[i] = trace->suites[i].attempts.length;
    }
    segments_tell_open(trace->segments);
    for (size_t i = 0; i < trace->suite_count; i++) {
        text_truncate(&trace->suites[i].attempts, kept[i]);
    }
    memory_free(kept);
    trace->into = &trace->body;
    struct text text = {0};
    write_head(trace, &text);
    text_append(&text, text_string(&trace->body));
    text_append(&text, text_string(&trace->open));
    text_append(&text, "\n]}\n");
    bool is_ok = trace->out->replace(trace->out, text.bytes, text.length, error);
    text_clear(&text);
    trace->is_changed = !is_ok;
    return is_ok;
}

static void trace_free(struct sink *sink)
{
    struct trace *trace = (struct trace *)sink;
    for (size_t i = 0; i < trace->suite_count; i++) {
        text_clear(&trace->suites[i].attempts);
    }
    memory_free(trace->suites);
    memory_free(trace->lanes);
    text_clear(&trace->body);
    text_clear(&trace->open);
    segments_free(trace->segments);
    fold_free(trace->fold);
    memory_free(trace);
}

struct sink *trace_sink_new(struct out *out)
{
    struct trace *trace = memory_new(sizeof *trace);
    trace->sink =
        (struct sink){.name = "trace", .on_event = trace_on_event, .flush = trace_flush, .free = trace_free};
    trace->out = out;
    trace->fold = fold_new();
    trace->segments = segments_new(trace->fold, segment_ended, trace);
    trace->into = &trace->body;
    return &trace->sink;
}
