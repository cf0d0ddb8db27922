/* telemetry.h - spans on their way to an OpenTelemetry collector, over OTLP/HTTP in JSON.
 *
 * Takes whole requests (ExportTraceServiceRequest) and posts them on the loop, a few at once, in the
 * background. What the collector refuses for now (429, 502, 503, 504, no connection) is sent again while the
 * run goes on, as long as a request may take; at the end each gets one last chance and all have that long
 * together. Bounded: of more than 64 requests that wait, further ones are dropped. Never fails a run: what
 * was not taken is said once, at close. Loop thread. Sending twice does no harm: a span is known by its id.
 * Source: "OpenTelemetry Protocol Specification", OTLP/HTTP. */
#ifndef ITRUN_HOST_TELEMETRY_H
#define ITRUN_HOST_TELEMETRY_H
#include "itrun/events.h"
#include "itrun/http.h"
#include "itrun/loop.h"

#define TELEMETRY_HEADERS_MAX 32
struct telemetry_options { /* copied */
    const char *url;       /* of traces, whole */
    const struct http_header *headers;
    size_t header_count;
    const char *raw_headers; /* as the environment has them, and the suites': a secret too; or NULL */
    int64_t timeout_ms;      /* of one request with its repetitions, and of the end */
    const char *ca_bundle;   /* or NULL */
};
struct telemetry;
struct telemetry *telemetry_open(uv_loop_t *loop, const struct telemetry_options *options,
                                 struct error *error);
struct out *telemetry_out(struct telemetry *telemetry); /* append takes one request, and always succeeds */
/* error.kind NONE: all was taken. Afterwards telemetry is gone. */
void telemetry_close(struct telemetry *telemetry, void (*closed)(void *context, const struct error *error),
                     void *context);
#endif
