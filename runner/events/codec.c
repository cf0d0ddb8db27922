/* codec.c - event <-> one line of JSON, by one table of fields, so that no field is written and not read.
 *
 * A field at its zero value is left out, unless the type of the event always carries it. Seeds and fences are
 * strings: JSON readers lose integers from 2^53. Test cases have one-letter keys: they are most of a journal.
 */
#include "itrun/events.h"
#include "itrun/base/json.h"
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum field_kind { STRING, SIZE, INDEX, INT, INT64, UINT64, UINT64_TEXT, BOOL, OUTCOME };
struct field {
    const char *group; /* member of the line's object that holds it; NULL: the line's object itself */
    const char *key;
    size_t offset;
    enum field_kind kind;
    unsigned always_in; /* types that carry it even when zero */
};
#define IN(type)   (1u << EVENT_##type)
#define EVERYWHERE (~0u)
/* clang-format off */
#define FIELD(kind, name, always)      {NULL, #name, offsetof(struct event, name), (kind), (always)}
/* NOLINTNEXTLINE(bugprone-macro-parentheses): the name of a member takes none */
#define PART(kind, group, key, always) {#group, #key, offsetof(struct event, group.key), (kind), (always)}
/* clang-format on */

/* Fields of one group stand together. */
static const struct field fields[] = {
    FIELD(UINT64, seq, EVERYWHERE),
    FIELD(INT64, wall_us, EVERYWHERE),
    FIELD(INT64, monotonic_us, EVERYWHERE),
    FIELD(STRING, run, 0),
    FIELD(STRING, worker, 0),
    FIELD(SIZE, shard, 0),
    FIELD(INDEX, suite, 0),
    FIELD(STRING, suite_name, 0),
    FIELD(INT, attempt, 0),
    FIELD(STRING, account, 0),
    FIELD(STRING, stack, 0),
    FIELD(OUTCOME, outcome, IN(ATTEMPT_FINISHED) | IN(SUITE_FINISHED)),
    FIELD(STRING, reason, 0),
    FIELD(INT64, duration_ms, IN(ATTEMPT_FINISHED) | IN(SUITE_FINISHED)),
    FIELD(UINT64_TEXT, fence, IN(ACCOUNT_LEASED)),
    FIELD(SIZE, from_shard, 0),
    FIELD(STRING, problem_kind, 0),
    PART(STRING, start, version, 0),
    PART(STRING, start, project, 0),
    PART(STRING, start, commit, 0),
    PART(STRING, start, branch, 0),
    PART(STRING, start, base, 0),
    PART(STRING, start, base_commit, 0),
    PART(STRING, start, job, 0),
    PART(STRING, start, job_url, 0),
    PART(STRING, start, config, 0),
    PART(STRING, start, limited_by, 0),
    PART(UINT64_TEXT, start, seed, IN(RUN_STARTED)),
    PART(SIZE, start, shard_count, IN(RUN_STARTED)),
    PART(SIZE, start, account_count, IN(RUN_STARTED)),
    PART(SIZE, start, job_count, IN(RUN_STARTED)),
    PART(INT64, start, predicted_ms, IN(RUN_STARTED)),
    PART(INT64, start, lower_bound_ms, IN(RUN_STARTED)),
    PART(BOOL, start, is_dirty, 0),
    PART(STRING, start, resumed_from, 0),
    PART(STRING, start, ci, 0),
    PART(STRING, start, traceparent, 0),
    PART(STRING, start, resource, 0),
    PART(INT64, start, last_success_us, 0),
    PART(STRING, planned, group, 0),
    PART(STRING, planned, framework, 0),
    PART(STRING, planned, file, 0),
    PART(STRING, planned, repro, 0),
    PART(STRING, planned, repeat_of, 0),
    PART(SIZE, planned, repeat, 0),
    PART(BOOL, planned, can_select, 0),
    PART(INT64, planned, expected_ms, 0),
    PART(SIZE, planned, suite_count, IN(PLAN_ANNOUNCED)),
    PART(SIZE, planned, case_count, 0),
    PART(STRING, stack_action, action, 0),
    PART(BOOL, stack_action, is_ok, IN(STACK_FINISHED)),
    PART(STRING, stack_action, fingerprint, 0),
    PART(INT64, stack_action, expected_ms, 0),
    PART(INT, ended, exit_code, IN(ATTEMPT_FINISHED)),
    PART(INT, ended, signal, 0),
    PART(INT, ended, leaked_count, 0),
    PART(INT64, ended, user_us, 0),
    PART(INT64, ended, system_us, 0),
    PART(INT64, ended, max_rss_bytes, 0),
    PART(INT64, ended, output_bytes, 0),
    PART(BOOL, ended, is_output_cut, 0),
    PART(STRING, ended, output_tail, 0),
    PART(STRING, ended, output_path, 0),
    PART(INT, suite_end, attempts, IN(SUITE_FINISHED)),
    PART(BOOL, suite_end, is_flaky, 0),
    PART(INT, end, exit_code, IN(RUN_FINISHED)),
    PART(INT64, end, makespan_ms, IN(RUN_FINISHED)),
    PART(UINT64, end, aws_requests, IN(RUN_FINISHED)),
    PART(UINT64, end, aws_throttles, 0),
    PART(INT, end, stopped_by_signal, 0),
    PART(BOOL, end, is_past_deadline, 0),
};
#define FIELD_COUNT (sizeof fields / sizeof *fields)

static bool is_zero(const struct field *field, const void *at)
{
    switch (field->kind) {
    case STRING: return *(const char *const *)at == NULL;
    case SIZE: return *(const size_t *)at == 0;
    case INDEX: return *(const size_t *)at == NO_INDEX;
    case INT: return *(const int *)at == 0;
    case INT64: return *(const int64_t *)at == 0;
    case UINT64:
    case UINT64_TEXT: return *(const uint64_t *)at == 0;
    case BOOL: return !*(const bool *)at;
    case OUTCOME: return *(const enum outcome *)at == OUTCOME_PASSED;
    }
    return true;
}

static void encode_field(const struct field *field, const void *at, struct json_writer *writer)
{
    char digits[24];
    switch (field->kind) {
    case STRING: json_write_string(writer, field->key, *(const char *const *)at); break;
    case SIZE:
    case INDEX: json_write_int(writer, field->key, (int64_t) * (const size_t *)at); break;
    case INT: json_write_int(writer, field->key, *(const int *)at); break;
    case INT64: json_write_int(writer, field->key, *(const int64_t *)at); break;
    case UINT64: json_write_int(writer, field->key, (int64_t) * (const uint64_t *)at); break;
    case UINT64_TEXT:
        snprintf(digits, sizeof digits, "%" PRIu64, *(const uint64_t *)at);
        json_write_string(writer, field->key, digits);
        break;
    case BOOL: json_write_bool(writer, field->key, *(const bool *)at); break;
    case OUTCOME: json_write_string(writer, field->key, outcome_name(*(const enum outcome *)at)); break;
    }
}

static void encode_string(struct json_writer *writer, const char *key, const char *value)
{
    if (value != NULL) {
        json_write_string(writer, key, value);
    }
}

static void encode_case(const struct test_case *test_case, struct json_writer *writer)
{
    json_write_object(writer, NULL);
    if (test_case->classname != NULL && test_case->classname[0] != '\0') {
        json_write_string(writer, "c", test_case->classname);
    }
    encode_string(writer, "n", test_case->name);
    encode_string(writer, "f", test_case->file);
    if (test_case->line != 0) {
        json_write_int(writer, "l", test_case->line);
    }
    if (test_case->duration_us != 0) {
        json_write_int(writer, "d", test_case->duration_us);
    }
    if (test_case->status != CASE_PASSED) {
        json_write_string(writer, "s", case_status_name(test_case->status));
    }
    encode_string(writer, "t", test_case->type);
    encode_string(writer, "m", test_case->message);
    encode_string(writer, "b", test_case->body);
    encode_string(writer, "o", test_case->output);
    if (test_case->is_no_test) {
        json_write_bool(writer, "x", true);
    }
    json_write_end(writer, '}');
}

static void encode_report(const struct report *report, struct json_writer *writer)
{
    json_write_object(writer, "report");
    json_write_bool(writer, "is_present", report->is_present);
    json_write_bool(writer, "is_complete", report->is_complete);
    encode_string(writer, "problem", report->problem);
    json_write_array(writer, "cases");
    for (size_t i = 0; i < report->count; i++) {
        encode_case(&report->cases[i], writer);
    }
    json_write_end(writer, ']');
    json_write_end(writer, '}');
}

/* Writes the fields from *index on that share a group; opens the group's object at its first field. */
static void encode_group(const struct event *event, size_t *index, struct json_writer *writer)
{
    const char *group = fields[*index].group;
    bool is_open = group == NULL;
    for (; *index < FIELD_COUNT && string_equal(fields[*index].group, group); (*index)++) {
        const struct field *field = &fields[*index];
        const void *at = (const char *)event + field->offset;
        if (is_zero(field, at) && (field->always_in & (1u << event->type)) == 0) {
            continue;
        }
        if (!is_open) {
            json_write_object(writer, group);
            is_open = true;
        }
        encode_field(field, at, writer);
    }
    if (string_equal(group, "ended") && event->ended.report != NULL) {
        if (!is_open) {
            json_write_object(writer, group);
            is_open = true;
        }
        encode_report(event->ended.report, writer);
    }
    if (is_open && group != NULL) {
        json_write_end(writer, '}');
    }
}

void event_encode(const struct event *event, struct text *text)
{
    struct json_writer writer;
    json_write_begin(&writer, text, 0);
    json_write_object(&writer, NULL);
    json_write_int(&writer, "v", EVENT_SCHEMA_VERSION);
    json_write_string(&writer, "type", event_type_name(event->type));
    for (size_t i = 0; i < FIELD_COUNT;) {
        encode_group(event, &i, &writer);
    }
    json_write_end(&writer, '}');
    text_append_char(text, '\n');
}

static uint64_t decode_digits(const char *digits)
{
    return digits != NULL ? strtoull(digits, NULL, 10) : 0;
}

static int64_t decode_int(const struct json *object, const char *key, int64_t lowest, int64_t highest)
{
    int64_t value = json_get_int(object, key, 0);
    return value < lowest ? lowest : value > highest ? highest : value;
}

static void decode_field(const struct field *field, const struct json *object, struct arena *arena, void *at)
{
    if (json_get(object, field->key) == NULL) {
        return;
    }
    switch (field->kind) {
    case STRING: *(const char **)at = arena_string(arena, json_get_string(object, field->key, NULL)); break;
    case SIZE:
    case INDEX: *(size_t *)at = (size_t)decode_int(object, field->key, 0, INT64_MAX); break;
    case INT: *(int *)at = (int)decode_int(object, field->key, INT_MIN, INT_MAX); break;
    case INT64: *(int64_t *)at = json_get_int(object, field->key, 0); break;
    case UINT64: *(uint64_t *)at = (uint64_t)decode_int(object, field->key, 0, INT64_MAX); break;
    case UINT64_TEXT: *(uint64_t *)at = decode_digits(json_get_string(object, field->key, NULL)); break;
    case BOOL: *(bool *)at = json_get_bool(object, field->key, false); break;
    case OUTCOME:
        if (!outcome_parse(json_get_string(object, field->key, ""), at)) {
            *(enum outcome *)at = OUTCOME_ERROR; /* a word of a later version is no pass */
        }
        break;
    }
}

static void decode_case(const struct json *object, struct arena *arena, struct test_case *ret_case)
{
    ret_case->classname = arena_string(arena, json_get_string(object, "c", ""));
    ret_case->name = arena_string(arena, json_get_string(object, "n", "?"));
    ret_case->file = arena_string(arena, json_get_string(object, "f", NULL));
    ret_case->line = (int)decode_int(object, "l", 0, INT_MAX);
    ret_case->duration_us = json_get_int(object, "d", 0);
    ret_case->status = CASE_ERROR; /* a word of a later version is no pass */
    case_status_parse(json_get_string(object, "s", "passed"), &ret_case->status);
    ret_case->type = arena_string(arena, json_get_string(object, "t", NULL));
    ret_case->message = arena_string(arena, json_get_string(object, "m", NULL));
    ret_case->body = arena_string(arena, json_get_string(object, "b", NULL));
    ret_case->output = arena_string(arena, json_get_string(object, "o", NULL));
    ret_case->is_no_test = json_get_bool(object, "x", false);
}

static const struct report *decode_report(const struct json *object, struct arena *arena)
{
    if (!json_is_object(object)) {
        return NULL;
    }
    struct report *report = arena_alloc(arena, sizeof *report);
    report->is_present = json_get_bool(object, "is_present", false);
    report->is_complete = json_get_bool(object, "is_complete", false);
    report->problem = arena_string(arena, json_get_string(object, "problem", NULL));
    const struct json *cases = json_get(object, "cases");
    size_t count = json_is_array(cases) ? json_count(cases) : 0;
    if (count > 0) {
        report->cases = arena_alloc(arena, count * sizeof *report->cases);
        for (const struct json *child = json_first(cases); child != NULL; child = json_next(child)) {
            decode_case(child, arena, &report->cases[report->count++]);
        }
    }
    return report;
}

static bool decode_type(const struct json *root, enum event_type *ret_type, struct error *error)
{
    const char *name = json_get_string(root, "type", NULL);
    if (name == NULL) {
        return error_set(error, ERROR_INVALID, "not an event: it has no type");
    }
    for (int i = 0; i < EVENT_TYPE_COUNT; i++) {
        if (strcmp(event_type_name((enum event_type)i), name) == 0) {
            *ret_type = (enum event_type)i;
            return true;
        }
    }
    return error_set(error, ERROR_GONE, "event type '%.60s' is not known to this version", name);
}

static bool is_outcome_missing(const struct event *event, const struct json *root)
{
    bool is_wanted = event->type == EVENT_ATTEMPT_FINISHED || event->type == EVENT_SUITE_FINISHED;
    return is_wanted && json_get(root, "outcome") == NULL;
}

bool event_decode(const char *line, size_t length, struct arena *arena, struct event *ret_event,
                  struct error *error)
{
    struct error problem;
    struct json *root = json_parse(line, length, &problem);
    if (root == NULL) {
        return error_set(error, ERROR_INVALID, "not an event: %s", problem.what);
    }
    struct event event = {.suite = NO_INDEX};
    bool is_ok = decode_type(root, &event.type, error);
    if (is_ok) {
        for (size_t i = 0; i < FIELD_COUNT; i++) {
            const char *group = fields[i].group;
            const struct json *object = group == NULL ? root : json_get(root, group);
            decode_field(&fields[i], object, arena, (char *)&event + fields[i].offset);
        }
        if (is_outcome_missing(&event, root)) {
            is_ok = error_set(error, ERROR_INVALID, "%s without an outcome", event_type_name(event.type));
        }
        event.ended.report = decode_report(json_get(json_get(root, "ended"), "report"), arena);
    }
    if (is_ok) {
        *ret_event = event;
    }
    json_free(root);
    return is_ok;
}
