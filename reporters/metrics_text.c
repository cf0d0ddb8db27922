#include "metrics_text.h"
#include <inttypes.h>
#include <string.h>

/* From a warm account's deploy to the longest that a quota makes anyone wait. */
static const int bounds_s[HISTOGRAM_BOUNDS] = {1, 5, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600};

void metric_describe(struct text *text, const char *name, const char *type, const char *help)
{
    text_append_format(text, "# HELP itrun_%s %s\n# TYPE itrun_%s %s\n", name, help, name, type);
}

static void append_seconds(struct text *text, int64_t us)
{
    text_append_format(text, "%s%" PRId64 ".%06" PRId64 "\n", us < 0 ? "-" : "",
                       us < 0 ? -us / 1000000 : us / 1000000, us < 0 ? -us % 1000000 : us % 1000000);
}

void metric_label(struct text *text, const char *name, const char *value)
{
    struct text clean = {0};
    text_append_printable(&clean, value != NULL ? value : "", value != NULL ? strlen(value) : 0);
    text_append_format(text, "%s=\"", name);
    for (const char *c = text_string(&clean); *c != '\0'; c++) {
        if (*c == '\n') {
            text_append(text, "\\n");
            continue;
        }
        if (*c == '\\' || *c == '"') {
            text_append_char(text, '\\');
        }
        text_append_char(text, *c);
    }
    text_append_char(text, '"');
    text_clear(&clean);
}

void metric_count(struct text *text, const char *name, const char *help, uint64_t value)
{
    metric_describe(text, name, "gauge", help);
    text_append_format(text, "itrun_%s %" PRIu64 "\n", name, value);
}

void metric_seconds(struct text *text, const char *name, const char *help, int64_t us)
{
    metric_describe(text, name, "gauge", help);
    text_append_format(text, "itrun_%s ", name);
    append_seconds(text, us);
}

static void begin_labelled(struct text *text, const char *name, const char *label, const char *value)
{
    text_append_format(text, "itrun_%s{", name);
    metric_label(text, label, value);
    text_append(text, "} ");
}

void metric_labelled(struct text *text, const char *name, const char *label, const char *value,
                     uint64_t number)
{
    begin_labelled(text, name, label, value);
    text_append_format(text, "%" PRIu64 "\n", number);
}

void metric_labelled_seconds(struct text *text, const char *name, const char *label, const char *value,
                             int64_t us)
{
    begin_labelled(text, name, label, value);
    append_seconds(text, us);
}

void histogram_add(struct histogram *histogram, int64_t us)
{
    size_t at = 0;
    while (at < HISTOGRAM_BOUNDS && us > (int64_t)bounds_s[at] * 1000000) {
        at++;
    }
    histogram->counts[at]++;
    histogram->sum_us += us;
}

static void begin_part(struct text *text, const char *name, const char *part, const char *label,
                       const char *value)
{
    text_append_format(text, "itrun_%s_%s", name, part);
    if (label != NULL) {
        text_append_char(text, '{');
        metric_label(text, label, value);
        text_append_char(text, '}');
    }
    text_append_char(text, ' ');
}

void metric_histogram(struct text *text, const char *name, const char *label, const char *value,
                      const struct histogram *histogram)
{
    uint64_t count = 0;
    for (size_t i = 0; i <= HISTOGRAM_BOUNDS; i++) {
        count += histogram->counts[i];
        text_append_format(text, "itrun_%s_bucket{", name);
        if (label != NULL) {
            metric_label(text, label, value);
            text_append_char(text, ',');
        }
        if (i < HISTOGRAM_BOUNDS) {
            text_append_format(text, "le=\"%d\"} %" PRIu64 "\n", bounds_s[i], count);
        } else {
            text_append_format(text, "le=\"+Inf\"} %" PRIu64 "\n", count);
        }
    }
    begin_part(text, name, "sum", label, value);
    append_seconds(text, histogram->sum_us);
    begin_part(text, name, "count", label, value);
    text_append_format(text, "%" PRIu64 "\n", count);
}
