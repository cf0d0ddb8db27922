/* reporters.h - the projections of a run's events: JUnit, metrics, summary, console. Each is a struct sink.
 *
 * A reporter keeps what it needs and writes through a struct out that it borrows. It reads no clock and no
 * file, so that `itrun report` on an old journal gives the very bytes of the live run. A reporter's failure
 * is told at the end and never stops a run. */
#ifndef ITRUN_REPORTERS_H
#define ITRUN_REPORTERS_H
#include "itrun/ci.h"
#include "itrun/events.h"
#include "itrun/model/results.h"

/* Dialect: the one that most readers understand; flat, one outcome a case. Written by out->replace_parts. */
struct sink *junit_sink_new(struct out *out);
struct sink *junit_strict_sink_new(struct out *out); /* only what Jenkins' junit-10.xsd knows */
struct sink *metrics_sink_new(struct out *out);      /* Prometheus text format, gauges */
struct sink *summary_sink_new(struct out *out);      /* summary.json */
struct sink *trace_sink_new(struct out *out);        /* trace.json: Trace Event Format, for Perfetto */
struct sink *html_sink_new(struct out *out);         /* report.html: one file; written at the end */
struct sink *ctrf_sink_new(struct out *out);         /* Common Test Report Format */
/* OTLP traces in JSON: for a file, the whole trace by out->replace; for a collector, requests of at most 512
 * spans, each by one out->append. */
struct sink *otlp_sink_new(struct out *out);
struct sink *otlp_batch_sink_new(struct out *out);
enum console_style { CONSOLE_BAR, CONSOLE_PLAIN, CONSOLE_NONE };
struct console_options {
    enum console_style style;
    bool is_coloured;
    bool has_keys;          /* a key can ask what runs: say which */
    const char *directory;  /* shown at the end: where the files lie */
    enum ci_log log;        /* PLAIN style: each failure folds as this log can */
    const char *stop_token; /* GitHub: commands are off but between this word's; NULL: they are on */
};
/* A page of Markdown of at most limit_bytes: verdict, failures, flaky, slow; what was left out is counted.
 * Whatever tests print is shown as code: it makes no link, no image, no mention and ends no block. */
struct sink *markdown_sink_new(struct out *out, size_t limit_bytes);
/* GitHub's annotations, at the end of a run: at most ten, the last says how many more there are. */
struct annotations_options {
    const char *folder;     /* of the configuration in the repository: "services/shop", or "" */
    const char *stop_token; /* as the console's */
};
struct sink *annotations_sink_new(struct out *out, const struct annotations_options *options);
/* For a gate and for commit statuses: complete once flushed. Owner of what is in it: results_clear. */
struct sink *results_sink_new(struct results *ret_results);
struct sink *console_sink_new(struct out *out, const struct console_options *options);
/* Something to say that is no event (a report that could not be written): above the block, as whole lines. */
void console_note(struct sink *console, const char *lines);
#endif
