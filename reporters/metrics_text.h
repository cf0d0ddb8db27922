/* metrics_text.h - the pen of the metrics: series in Prometheus text, bounded histograms.
 *
 * Numbers are written without floating point, which a locale could spell differently. Names come without
 * "itrun_". */
#ifndef ITRUN_REPORTERS_METRICS_TEXT_H
#define ITRUN_REPORTERS_METRICS_TEXT_H
#include "itrun/base/text.h"

void metric_describe(struct text *text, const char *name, const char *type, const char *help);
void metric_label(struct text *text, const char *name, const char *value); /* NULL: "" */
/* A gauge of its own, described. */
void metric_count(struct text *text, const char *name, const char *help, uint64_t value);
void metric_seconds(struct text *text, const char *name, const char *help, int64_t us);
/* One series of a gauge that is described already. */
void metric_labelled(struct text *text, const char *name, const char *label, const char *value,
                     uint64_t number);
void metric_labelled_seconds(struct text *text, const char *name, const char *label, const char *value,
                             int64_t us);

#define HISTOGRAM_BOUNDS 11
struct histogram {
    uint64_t counts[HISTOGRAM_BOUNDS + 1]; /* by bucket, not cumulative; the last is beyond all bounds */
    int64_t sum_us;
};
void histogram_add(struct histogram *histogram, int64_t us);
/* Its series, described already; label NULL: none. */
void metric_histogram(struct text *text, const char *name, const char *label, const char *value,
                      const struct histogram *histogram);
#endif
