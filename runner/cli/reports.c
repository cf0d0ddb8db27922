#include "reports.h"
#include "commands.h"
#include "itrun/base/memory.h"
#include "itrun/host/journal.h"
#include "itrun/reporters.h"
#include <assert.h>
#include <stddef.h>
#include <string.h>

#define MARKDOWN_LIMIT_BYTES ((size_t)900 * 1024) /* GitHub and Buildkite take 1 MiB */

static struct sink *markdown_page_new(struct out *out)
{
    return markdown_sink_new(out, MARKDOWN_LIMIT_BYTES);
}

/* Every report of a run, in the order it is written. A new one is a row here, a field of struct options with
 * its option, and a maker in reporters.h. */
static const struct report_kind {
    const char *name; /* in the run's folder; NULL: only where it is asked for */
    size_t asked;     /* the option that names a copy: offset in struct options */
    struct sink *(*make)(struct out *out);
    struct sink *(*make_strict)(struct out *out); /* with --junit-strict; NULL: the same */
} kinds[] = {
    {"junit.xml", offsetof(struct options, junit), junit_sink_new, junit_strict_sink_new},
    {"metrics.prom", offsetof(struct options, metrics), metrics_sink_new, NULL},
    {"summary.json", offsetof(struct options, summary), summary_sink_new, NULL},
    {"trace.json", offsetof(struct options, trace), trace_sink_new, NULL},
    {"report.html", offsetof(struct options, html), html_sink_new, NULL},
    {NULL, offsetof(struct options, markdown), markdown_page_new, NULL},
    {NULL, offsetof(struct options, ctrf), ctrf_sink_new, NULL},
    {NULL, offsetof(struct options, otlp), otlp_sink_new, NULL},
};
#define REPORT_COUNT (sizeof kinds / sizeof *kinds)
static_assert(REPORT_COUNT <= REPORTS_MAX, "callers hold their sinks in arrays of REPORTS_MAX");

/* One reporter's bytes, to its file in the run's folder and to the copy that was asked for. */
struct copies {
    struct out out;
    struct report_file *files[2];
    size_t count;
};

struct reports {
    uv_loop_t *loop;
    struct worker *worker;
    struct copies copies[REPORT_COUNT];
    struct sink *sinks[REPORT_COUNT];
    size_t closing;
    bool is_broken;
};

static bool copies_replace(struct out *out, const char *bytes, size_t length, struct error *error)
{
    struct copies *copies = (struct copies *)out;
    bool is_fine = true;
    for (size_t i = 0; i < copies->count; i++) {
        struct out *one = report_file_out(copies->files[i]);
        is_fine = one->replace(one, bytes, length, error) && is_fine;
    }
    return is_fine;
}

static bool copies_replace_parts(struct out *out, const struct out_part *parts, size_t count,
                                 const char *mark, struct error *error)
{
    struct copies *copies = (struct copies *)out;
    bool is_fine = true;
    for (size_t i = 0; i < copies->count; i++) {
        struct out *one = report_file_out(copies->files[i]);
        is_fine = one->replace_parts(one, parts, count, mark, error) && is_fine;
    }
    return is_fine;
}

static void add_file(struct reports *reports, struct copies *copies, const char *path)
{
    copies->files[copies->count++] = report_file_new(reports->loop, reports->worker, path);
}

/* Before the run begins: after an hour of it nobody wants to learn that a folder was missing. */
static bool make_folder_of(const char *path, struct error *error)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL || slash == path) {
        return true;
    }
    char *folder = memory_copy_bytes(path, (size_t)(slash - path));
    bool is_made = file_make_folders(folder, error);
    memory_free(folder);
    return is_made;
}

static const char *asked_path(const struct options *options, const struct report_kind *kind)
{
    return *(const char *const *)(const void *)((const char *)options + kind->asked);
}

bool reports_are_asked(const struct options *options)
{
    for (size_t i = 0; i < REPORT_COUNT; i++) {
        if (asked_path(options, &kinds[i]) != NULL) {
            return true;
        }
    }
    return false;
}

struct reports *reports_open(uv_loop_t *loop, const char *folder, const struct options *options,
                             struct error *error)
{
    struct reports *reports = memory_new(sizeof *reports);
    reports->loop = loop;
    reports->worker = worker_new(loop, "reports", error);
    if (reports->worker == NULL) {
        memory_free(reports);
        return NULL;
    }
    for (size_t i = 0; i < REPORT_COUNT; i++) {
        struct copies *copies = &reports->copies[i];
        const char *asked = asked_path(options, &kinds[i]);
        copies->out.replace = copies_replace;
        copies->out.replace_parts = copies_replace_parts;
        if (folder != NULL && kinds[i].name != NULL) {
            struct text path = {0};
            text_append_format(&path, "%s/%s", folder, kinds[i].name);
            add_file(reports, copies, text_string(&path));
            text_clear(&path);
        }
        if (asked != NULL) {
            if (!make_folder_of(asked, error)) {
                reports_close(reports);
                return NULL;
            }
            add_file(reports, copies, asked);
        }
        if (copies->count > 0) {
            bool is_strict = options->is_junit_strict && kinds[i].make_strict != NULL;
            reports->sinks[i] = is_strict ? kinds[i].make_strict(&copies->out) : kinds[i].make(&copies->out);
        }
    }
    return reports;
}

size_t reports_sinks(struct reports *reports, struct sink **ret_sinks, size_t capacity)
{
    size_t count = 0;
    for (size_t i = 0; i < REPORT_COUNT; i++) {
        if (reports->sinks[i] != NULL && count < capacity) {
            ret_sinks[count++] = reports->sinks[i];
        }
    }
    return count;
}

static void file_closed(void *context, const struct error *error)
{
    struct reports *reports = context;
    if (error != NULL && error->kind != ERROR_NONE) {
        complain(error);
        reports->is_broken = true;
    }
    reports->closing--;
}

static void worker_closed(void *context)
{
    struct reports *reports = context;
    reports->closing--;
}

bool reports_close(struct reports *reports)
{
    for (size_t i = 0; i < REPORT_COUNT; i++) {
        for (size_t f = 0; f < reports->copies[i].count; f++) {
            reports->closing++;
            report_file_close(reports->copies[i].files[f], file_closed, reports);
        }
    }
    while (reports->closing > 0) {
        uv_run(reports->loop, UV_RUN_ONCE);
    }
    reports->closing = 1;
    worker_close(reports->worker, worker_closed, reports);
    while (reports->closing > 0) {
        uv_run(reports->loop, UV_RUN_ONCE);
    }
    for (size_t i = 0; i < REPORT_COUNT; i++) {
        if (reports->sinks[i] != NULL) {
            reports->sinks[i]->free(reports->sinks[i]);
        }
    }
    bool is_fine = !reports->is_broken;
    memory_free(reports);
    return is_fine;
}
