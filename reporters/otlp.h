/* otlp.h - what the files of the OTLP reporter share. */
#ifndef ITRUN_REPORTERS_OTLP_H
#define ITRUN_REPORTERS_OTLP_H
#include "itrun/reporters.h"
#include "otlp_span.h"
#include "segments.h"

#define BATCH_SPANS 512
#define BATCH_BYTES ((size_t)512 * 1024)

struct otlp {
    struct sink sink;
    struct out *out;
    bool is_batched;
    struct fold *fold;
    struct segments *segments;
    struct trace_context context;
    char run_span[SPAN_ID_SIZE];
    struct text spans, open;
    struct text *into;        /* spans, or open while what is under way is written */
    size_t span_count;        /* in spans */
    struct error batch_error; /* the first that the collector's out gave */
    bool is_changed;
};
int64_t otlp_wall_us(const struct otlp *otlp, int64_t monotonic_us);
/* Before each span: they stand in an array. */
void otlp_next(struct otlp *otlp);
void otlp_span_written(struct otlp *otlp); /* counts it; full batches go */
/* A segment_seen: the span of the segment, and of the test cases of an attempt. */
void otlp_segment_ended(void *context, const struct segment *segment, const struct event *event);
#endif
