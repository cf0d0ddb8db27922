#include "itrun/events.h"
#include "itrun/base/json.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

/* A small generator of its own, so that a failing seed can be named. */
static uint64_t state;

static uint64_t next(uint64_t below)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (state >> 24) % below;
}

static const char *any_string(struct arena *arena)
{
    static const char *const pieces[] = {
        "api/x",     "\"", "\\",   "\n",   "\t",  "é",           "日本", "\xf0\x9f\x98\x80",
        "</script>", "",   "\x7f", "\x01", "a b", "\xe2\x80\xa8"};
    if (next(4) == 0) {
        return NULL;
    }
    struct text text = {0};
    for (uint64_t i = next(4); i > 0; i--) {
        text_append(&text, pieces[next(sizeof pieces / sizeof *pieces)]);
    }
    const char *string = arena_string(arena, text_string(&text));
    text_clear(&text);
    return string;
}

static int64_t any_int(void)
{
    return next(3) == 0 ? 0 : (int64_t)next((uint64_t)1 << 38) * (int64_t)next(1 << 14);
}

static size_t any_size(void)
{
    return (size_t)next(3) * (size_t)next(100000);
}

static const struct report *any_report(struct arena *arena)
{
    if (next(3) == 0) {
        return NULL;
    }
    struct report *report = arena_alloc(arena, sizeof *report);
    report->is_present = next(2);
    report->is_complete = next(2);
    report->problem = any_string(arena);
    report->count = (size_t)next(4);
    report->cases = report->count > 0 ? arena_alloc(arena, report->count * sizeof *report->cases) : NULL;
    for (size_t i = 0; i < report->count; i++) {
        const char *classname = any_string(arena);
        const char *name = any_string(arena);
        report->cases[i] = (struct test_case){.classname = classname != NULL ? classname : "",
                                              .name = name != NULL ? name : "x",
                                              .file = any_string(arena),
                                              .line = (int)next(1000),
                                              .duration_us = any_int(),
                                              .status = (enum case_status)next(CASE_STATUS_COUNT),
                                              .type = any_string(arena),
                                              .message = any_string(arena),
                                              .body = any_string(arena),
                                              .output = any_string(arena),
                                              .is_no_test = next(2)};
    }
    return report;
}

static struct event any_event(struct arena *arena)
{
    struct event event = {.type = (enum event_type)next(EVENT_TYPE_COUNT)};
    event.seq = next((uint64_t)1 << 50);
    event.wall_us = any_int();
    event.monotonic_us = any_int();
    event.run = any_string(arena);
    event.worker = any_string(arena);
    event.shard = any_size();
    event.suite = next(2) ? NO_INDEX : any_size();
    event.attempt = (int)next(5);
    event.suite_name = any_string(arena);
    event.account = any_string(arena);
    event.stack = any_string(arena);
    event.reason = any_string(arena);
    event.outcome = (enum outcome)next(OUTCOME_COUNT);
    event.duration_ms = any_int();
    event.start.version = any_string(arena);
    event.start.project = any_string(arena);
    event.start.commit = any_string(arena);
    event.start.branch = any_string(arena);
    event.start.base = any_string(arena);
    event.start.base_commit = any_string(arena);
    event.start.job = any_string(arena);
    event.start.job_url = any_string(arena);
    event.start.config = any_string(arena);
    event.start.limited_by = any_string(arena);
    event.start.seed = next(2) ? UINT64_MAX - next(1000) : next(1000);
    event.start.shard_count = any_size();
    event.start.account_count = any_size();
    event.start.job_count = any_size();
    event.start.predicted_ms = any_int();
    event.start.lower_bound_ms = any_int();
    event.start.is_dirty = next(2);
    event.start.resumed_from = any_string(arena);
    event.start.ci = any_string(arena);
    event.start.traceparent = any_string(arena);
    event.start.resource = any_string(arena);
    event.start.last_success_us = any_int();
    event.planned.group = any_string(arena);
    event.planned.framework = any_string(arena);
    event.planned.file = any_string(arena);
    event.planned.repro = any_string(arena);
    event.planned.can_select = next(2);
    event.planned.expected_ms = any_int();
    event.planned.suite_count = any_size();
    event.planned.case_count = any_size();
    event.stack_action.action = any_string(arena);
    event.stack_action.is_ok = next(2);
    event.stack_action.fingerprint = any_string(arena);
    event.stack_action.expected_ms = any_int();
    event.fence = next(2) ? UINT64_MAX : 0;
    event.from_shard = any_size();
    event.ended.exit_code = (int)next(256);
    event.ended.signal = (int)next(30);
    event.ended.leaked_count = (int)next(3);
    event.ended.user_us = any_int();
    event.ended.system_us = any_int();
    event.ended.max_rss_bytes = any_int();
    event.ended.output_bytes = any_int();
    event.ended.is_output_cut = next(2);
    event.ended.output_tail = any_string(arena);
    event.ended.output_path = any_string(arena);
    event.ended.report = any_report(arena);
    event.suite_end.attempts = (int)next(4);
    event.suite_end.is_flaky = next(2);
    event.problem_kind = any_string(arena);
    event.end.exit_code = (int)next(150);
    event.end.makespan_ms = any_int();
    event.end.aws_requests = next((uint64_t)1 << 40);
    event.end.aws_throttles = next((uint64_t)1 << 40);
    event.end.stopped_by_signal = (int)next(16);
    event.end.is_past_deadline = next(2);
    return event;
}

#define SAME(field)        cr_assert_eq(a->field, b->field, #field ", seed %zu", seed)
#define SAME_STRING(field) cr_assert(string_equal(a->field, b->field), #field ", seed %zu", seed)

static void assert_same_report(const struct report *a, const struct report *b, size_t seed)
{
    cr_assert_eq(a == NULL, b == NULL);
    if (a == NULL) {
        return;
    }
    cr_assert_null(b->arena);
    SAME(is_present);
    SAME(is_complete);
    SAME_STRING(problem);
    SAME(count);
    for (size_t i = 0; i < a->count; i++) {
        SAME_STRING(cases[i].classname);
        SAME_STRING(cases[i].name);
        SAME_STRING(cases[i].file);
        SAME(cases[i].line);
        SAME(cases[i].duration_us);
        SAME(cases[i].status);
        SAME_STRING(cases[i].type);
        SAME_STRING(cases[i].message);
        SAME_STRING(cases[i].body);
        SAME_STRING(cases[i].output);
        SAME(cases[i].is_no_test);
    }
}

static void assert_same_start(const struct event *a, const struct event *b, size_t seed)
{
    SAME_STRING(start.version);
    SAME_STRING(start.project);
    SAME_STRING(start.commit);
    SAME_STRING(start.branch);
    SAME_STRING(start.base);
    SAME_STRING(start.base_commit);
    SAME_STRING(start.job);
    SAME_STRING(start.job_url);
    SAME_STRING(start.config);
    SAME_STRING(start.limited_by);
    SAME(start.seed);
    SAME(start.shard_count);
    SAME(start.account_count);
    SAME(start.job_count);
    SAME(start.predicted_ms);
    SAME(start.lower_bound_ms);
    SAME(start.is_dirty);
    SAME_STRING(start.resumed_from);
    SAME_STRING(start.ci);
    SAME_STRING(start.traceparent);
    SAME_STRING(start.resource);
    SAME(start.last_success_us);
    SAME_STRING(planned.group);
    SAME_STRING(planned.framework);
    SAME_STRING(planned.file);
    SAME_STRING(planned.repro);
    SAME(planned.can_select);
    SAME(planned.expected_ms);
    SAME(planned.suite_count);
    SAME(planned.case_count);
}

static void assert_same_end(const struct event *a, const struct event *b, size_t seed)
{
    SAME(ended.exit_code);
    SAME(ended.signal);
    SAME(ended.leaked_count);
    SAME(ended.user_us);
    SAME(ended.system_us);
    SAME(ended.max_rss_bytes);
    SAME(ended.output_bytes);
    SAME(ended.is_output_cut);
    SAME_STRING(ended.output_tail);
    SAME_STRING(ended.output_path);
    assert_same_report(a->ended.report, b->ended.report, seed);
    SAME(suite_end.attempts);
    SAME(suite_end.is_flaky);
    SAME(end.exit_code);
    SAME(end.makespan_ms);
    SAME(end.aws_requests);
    SAME(end.aws_throttles);
    SAME(end.stopped_by_signal);
    SAME(end.is_past_deadline);
}

static void assert_same(const struct event *a, const struct event *b, size_t seed)
{
    SAME(type);
    SAME(seq);
    SAME(wall_us);
    SAME(monotonic_us);
    SAME_STRING(run);
    SAME_STRING(worker);
    SAME(shard);
    SAME(suite);
    SAME(attempt);
    SAME_STRING(suite_name);
    SAME_STRING(account);
    SAME_STRING(stack);
    SAME_STRING(reason);
    SAME(outcome);
    SAME(duration_ms);
    SAME_STRING(stack_action.action);
    SAME(stack_action.is_ok);
    SAME_STRING(stack_action.fingerprint);
    SAME(stack_action.expected_ms);
    SAME(fence);
    SAME(from_shard);
    SAME_STRING(problem_kind);
    assert_same_start(a, b, seed);
    assert_same_end(a, b, seed);
}

Test(codec, what_was_written_is_read_back_the_same)
{
    for (size_t seed = 0; seed < 2000; seed++) {
        state = seed * 977;
        struct arena *arena = arena_new();
        struct event written = any_event(arena);
        struct event read;
        struct text line = {0};
        struct error error;
        error_clear(&error);
        event_encode(&written, &line);
        cr_assert_eq(strchr(line.bytes, '\n'), line.bytes + line.length - 1, "one line, seed %zu", seed);
        cr_assert(event_decode(line.bytes, line.length - 1, arena, &read, &error), "%s, seed %zu", error.what,
                  seed);
        assert_same(&written, &read, seed);
        text_clear(&line);
        arena_free(arena);
    }
}

static bool decode(const char *line, struct event *ret_event, struct error *error)
{
    static struct arena *arena; /* freed by the next call; the test's process ends after the last */
    arena_free(arena);
    arena = arena_new();
    bool is_ok = event_decode(line, strlen(line), arena, ret_event, error);
    return is_ok;
}

Test(codec, fields_of_a_later_version_are_ignored)
{
    struct event event;
    struct error error;
    cr_assert(decode(
        "{\"v\":9,\"type\":\"run.finished\",\"colour\":{\"a\":[1]},\"end\":{\"exit_code\":6,\"new\":1}}",
        &event, &error));
    cr_assert_eq(event.end.exit_code, 6);
    cr_assert_eq(event.suite, NO_INDEX);
}

Test(codec, an_unknown_type_is_told_apart_from_a_broken_line)
{
    struct event event = {.seq = 77};
    struct error error;
    cr_assert(!decode("{\"v\":9,\"type\":\"suite.dreamt\"}", &event, &error));
    cr_assert_eq(error.kind, ERROR_GONE);
    cr_assert(!decode("{\"v\":1,\"type\":\"suite.fini", &event, &error));
    cr_assert_eq(error.kind, ERROR_INVALID);
    cr_assert(!decode("[]", &event, &error));
    cr_assert_eq(error.kind, ERROR_INVALID);
    cr_assert_eq(event.seq, 77, "untouched on failure");
}

Test(codec, no_word_it_does_not_know_is_a_pass)
{
    struct event event;
    struct error error;
    cr_assert(decode("{\"type\":\"suite.finished\",\"suite\":0,\"outcome\":\"splendid\"}", &event, &error));
    cr_assert_eq(event.outcome, OUTCOME_ERROR);
    cr_assert(!decode("{\"type\":\"suite.finished\",\"suite\":0}", &event, &error));
    cr_assert(decode("{\"type\":\"attempt.finished\",\"outcome\":\"failed\",\"ended\":{\"report\":"
                     "{\"cases\":[{\"n\":\"a\",\"s\":\"splendid\"}]}}}",
                     &event, &error));
    cr_assert_eq(event.ended.report->cases[0].status, CASE_ERROR);
}

Test(codec, seeds_and_fences_are_strings_and_empty_fields_absent)
{
    struct event event = {.type = EVENT_ACCOUNT_LEASED, .suite = NO_INDEX, .shard = 3, .fence = UINT64_MAX};
    struct text line = {0};
    event_encode(&event, &line);
    cr_assert_str_eq(line.bytes,
                     "{\"v\":1,\"type\":\"account.leased\",\"seq\":0,\"wall_us\":0,\"monotonic_us\":0,"
                     "\"shard\":3,\"fence\":\"18446744073709551615\"}\n");
    text_clear(&line);
}

Test(codec, names_and_syncs_are_those_of_the_table)
{
    cr_assert_str_eq(event_type_name(EVENT_ATTEMPT_FINISHED), "attempt.finished");
    cr_assert(event_type_is_synced(EVENT_PLAN_ANNOUNCED));
    cr_assert(event_type_is_synced(EVENT_SUITE_FINISHED));
    cr_assert(event_type_is_synced(EVENT_RUN_FINISHED));
    cr_assert(!event_type_is_synced(EVENT_ATTEMPT_FINISHED));
}

/* The published schema as a tree; owner: json_free. */
static struct json *read_schema(void)
{
    static char bytes[100000];
    FILE *file = fopen(ITRUN_SOURCE_DIR "/include/itrun/events.schema.json", "rb");
    cr_assert_not_null(file);
    size_t length = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    struct error error;
    error_clear(&error);
    struct json *schema = json_parse(bytes, length, &error);
    cr_assert_not_null(schema, "%s", error.what);
    return schema;
}

static void assert_described(const struct json *value, const struct json *schema, const char *where)
{
    const struct json *properties = json_get(schema, "properties");
    for (const struct json *member = json_first(value); member != NULL; member = json_next(member)) {
        const struct json *described = json_get(properties, json_key(member));
        cr_assert_not_null(described, "the schema lacks %s of %s", json_key(member), where);
        if (json_is_object(member) && strcmp(json_key(member), "report") != 0) {
            assert_described(member, described, json_key(member));
        }
    }
}

Test(codec, the_published_schema_knows_every_field)
{
    struct json *schema = read_schema();
    for (size_t seed = 0; seed < 50; seed++) {
        state = seed;
        struct arena *arena = arena_new();
        struct event event = any_event(arena);
        struct text line = {0};
        struct error error;
        event_encode(&event, &line);
        struct json *value = json_parse(line.bytes, line.length, &error);
        assert_described(value, schema, "an event");
        const struct json *report = json_get(json_get(value, "ended"), "report");
        assert_described(report, json_get(json_get(schema, "$defs"), "report"), "report");
        const struct json *first = json_first(json_get(report, "cases"));
        assert_described(first, json_get(json_get(schema, "$defs"), "case"), "case");
        json_free(value);
        text_clear(&line);
        arena_free(arena);
    }
    json_free(schema);
}

Test(codec, the_published_schema_lists_every_type_and_outcome)
{
    struct json *schema = read_schema();
    const struct json *properties = json_get(schema, "properties");
    const struct json *type = json_first(json_get(json_get(properties, "type"), "enum"));
    for (int i = 0; i < EVENT_TYPE_COUNT; i++, type = json_next(type)) {
        cr_assert_str_eq(json_string(type, ""), event_type_name((enum event_type)i));
    }
    const struct json *outcome = json_first(json_get(json_get(properties, "outcome"), "enum"));
    for (int i = 0; i < OUTCOME_COUNT; i++, outcome = json_next(outcome)) {
        cr_assert_str_eq(json_string(outcome, ""), outcome_name((enum outcome)i));
    }
    json_free(schema);
}
