#include "otlp_span.h"
#include "json_limited.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MESSAGE_LIMIT    1000
#define STACKTRACE_LIMIT (8 * 1024)
#define STATUS_ERROR     2

struct otlp_result otlp_result_of_outcome(enum outcome outcome, const char *message)
{
    static const char *const results[OUTCOME_COUNT] = {
        [OUTCOME_PASSED] = "success",  [OUTCOME_FAILED] = "failure",        [OUTCOME_ERROR] = "error",
        [OUTCOME_TIMEOUT] = "timeout", [OUTCOME_INFRA] = "error",           [OUTCOME_SKIPPED] = "skip",
        [OUTCOME_LOST] = "error",      [OUTCOME_CANCELLED] = "cancellation"};
    bool is_error = outcome_is_bad(outcome) && outcome != OUTCOME_CANCELLED;
    return (struct otlp_result){results[outcome], is_error ? outcome_name(outcome) : NULL, message};
}

const char *otlp_suite_status(enum outcome outcome)
{
    static const char *const words[OUTCOME_COUNT] = {
        [OUTCOME_PASSED] = "success",    [OUTCOME_FAILED] = "failure",   [OUTCOME_ERROR] = "failure",
        [OUTCOME_TIMEOUT] = "timed_out", [OUTCOME_INFRA] = "aborted",    [OUTCOME_SKIPPED] = "skipped",
        [OUTCOME_LOST] = "aborted",      [OUTCOME_CANCELLED] = "aborted"};
    return words[outcome];
}

static void write_nanoseconds(struct json_writer *writer, const char *key, int64_t us)
{
    char digits[32];
    snprintf(digits, sizeof digits, "%" PRId64 "000", us > 0 ? us : 0);
    json_write_string(writer, key, us > 0 ? digits : "0");
}

void otlp_begin(struct json_writer *writer, struct text *text, const struct otlp_span *span)
{
    json_write_begin(writer, text, 0);
    json_write_object(writer, NULL);
    json_write_string(writer, "traceId", span->trace_id);
    json_write_string(writer, "spanId", span->id);
    if (span->parent_id[0] != '\0') {
        json_write_string(writer, "parentSpanId", span->parent_id);
    }
    json_write_string(writer, "name", span->name);
    json_write_int(writer, "kind", span->kind);
    write_nanoseconds(writer, "startTimeUnixNano", span->start_us);
    write_nanoseconds(writer, "endTimeUnixNano",
                      span->end_us > span->start_us ? span->end_us : span->start_us);
    json_write_array(writer, "attributes");
}

static void begin_attribute(struct json_writer *writer, const char *key)
{
    json_write_object(writer, NULL);
    json_write_string(writer, "key", key);
    json_write_object(writer, "value");
}

static void end_attribute(struct json_writer *writer)
{
    json_write_end(writer, '}');
    json_write_end(writer, '}');
}

static void limited_string(struct json_writer *writer, const char *key, const char *value, size_t limit)
{
    if (value != NULL && value[0] != '\0') {
        begin_attribute(writer, key);
        json_write_limited(writer, "stringValue", value, limit);
        end_attribute(writer);
    }
}

void otlp_string(struct json_writer *writer, const char *key, const char *value)
{
    limited_string(writer, key, value, MESSAGE_LIMIT);
}

void otlp_int(struct json_writer *writer, const char *key, int64_t value)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%" PRId64, value);
    begin_attribute(writer, key);
    json_write_string(writer, "intValue", digits);
    end_attribute(writer);
}

void otlp_bool(struct json_writer *writer, const char *key, bool value)
{
    begin_attribute(writer, key);
    json_write_bool(writer, "boolValue", value);
    end_attribute(writer);
}

static void write_exception(struct json_writer *writer, const struct test_case *raised, int64_t end_us)
{
    json_write_array(writer, "events");
    json_write_object(writer, NULL);
    write_nanoseconds(writer, "timeUnixNano", end_us);
    json_write_string(writer, "name", "exception");
    json_write_array(writer, "attributes");
    otlp_string(writer, "exception.type",
                raised->type != NULL ? raised->type : case_status_name(raised->status));
    otlp_string(writer, "exception.message", raised->message);
    limited_string(writer, "exception.stacktrace", raised->body, STACKTRACE_LIMIT);
    json_write_end(writer, ']');
    json_write_end(writer, '}');
    json_write_end(writer, ']');
}

void otlp_end(struct json_writer *writer, const char *key, const struct otlp_result *result,
              const struct test_case *raised, int64_t end_us)
{
    otlp_string(writer, key, result->result);
    otlp_string(writer, "error.type", result->error_type);
    json_write_end(writer, ']');
    if (raised != NULL) {
        write_exception(writer, raised, end_us);
    }
    json_write_object(writer, "status");
    if (result->error_type != NULL) {
        json_write_int(writer, "code", STATUS_ERROR);
        json_write_limited(writer, "message", result->message != NULL ? result->message : result->error_type,
                           MESSAGE_LIMIT);
    }
    json_write_end(writer, '}');
    json_write_end(writer, '}');
}
