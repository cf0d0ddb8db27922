/* otlp_span.h - one span in OTLP's JSON: ids in hex, 64-bit integers as strings, enums as numbers. */
#ifndef ITRUN_REPORTERS_OTLP_SPAN_H
#define ITRUN_REPORTERS_OTLP_SPAN_H
#include "itrun/base/json.h"
#include "itrun/model/outcome.h"
#include "itrun/model/test_case.h"
#include "itrun/model/trace_context.h"

enum otlp_kind { OTLP_INTERNAL = 1, OTLP_SERVER = 2 };
struct otlp_span {
    const char *trace_id, *id, *parent_id; /* parent_id "": a root */
    const char *name;
    enum otlp_kind kind;
    int64_t start_us, end_us; /* wall */
};
/* What happened to it, in the words of the conventions for CI/CD. */
struct otlp_result {
    const char *result;     /* "success" "failure" "error" "timeout" "skip" "cancellation" */
    const char *error_type; /* NULL: no error */
    const char *message;    /* may be NULL */
};
struct otlp_result otlp_result_of_outcome(enum outcome outcome, const char *message);
const char *otlp_suite_status(enum outcome outcome); /* test.suite.run.status */

/* begin, any number of attributes, end. */
void otlp_begin(struct json_writer *writer, struct text *text, const struct otlp_span *span);
void otlp_string(struct json_writer *writer, const char *key, const char *value); /* NULL, "": left out */
void otlp_int(struct json_writer *writer, const char *key, int64_t value);
void otlp_bool(struct json_writer *writer, const char *key, bool value);
/* The attribute `key` has result->result, error.type what its name says, the status whether it was an error.
 * An exception that a test case raised becomes an event at the span's end; NULL: none. */
void otlp_end(struct json_writer *writer, const char *key, const struct otlp_result *result,
              const struct test_case *raised, int64_t end_us);
#endif
