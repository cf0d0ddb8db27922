/* trace_context.h - who is who in the run's trace: the ids of its spans, and the traceparent of what it runs.
 *
 * An id follows from the run's id and a name alone, so that a suite is told its span before anything is
 * written, and a report made later has the same. Pure. Source: W3C Trace Context, level 1. */
#ifndef ITRUN_MODEL_TRACE_CONTEXT_H
#define ITRUN_MODEL_TRACE_CONTEXT_H
#include <stdbool.h>
#include <stddef.h>

#define TRACE_ID_SIZE    33
#define SPAN_ID_SIZE     17
#define TRACEPARENT_SIZE 64

struct trace_context {
    char trace_id[TRACE_ID_SIZE];
    char parent_id[SPAN_ID_SIZE]; /* the span that the run is a part of; "" when it is the root */
    char flags[3];
};
/* traceparent: as itrun was given it, NULL or not valid: the run is the root, and its id is the trace's. */
void trace_context_of_run(const char *run_id, const char *traceparent, struct trace_context *ret_context);

enum span_kind {
    SPAN_RUN,
    SPAN_LANE,
    SPAN_WAIT,
    SPAN_STACK_WAIT,
    SPAN_STACK,
    SPAN_SUITE,
    SPAN_ATTEMPT,
    SPAN_CASE
};
/* What names a span; what a kind does not use stays zero. */
struct span_key {
    enum span_kind kind;
    size_t shard;        /* LANE, WAIT, STACK*: 1-based */
    const char *name;    /* STACK*: the stack; SUITE, ATTEMPT, CASE: the suite */
    const char *account; /* STACK*: alias */
    size_t number;       /* ATTEMPT, CASE: the attempt; WAIT: which one of the lane */
    size_t index;        /* CASE: in the attempt's report */
};
void span_id(const char *run_id, const struct span_key *key, char ret_id[SPAN_ID_SIZE]);
/* "00-<trace>-<span>-<flags>" */
void traceparent_write(const struct trace_context *context, const char *span_id,
                       char ret_traceparent[TRACEPARENT_SIZE]);
#endif
