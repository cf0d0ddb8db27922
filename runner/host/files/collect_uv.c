#include "itrun/host/files.h"
#include "itrun/base/memory.h"
#include "itrun/frameworks.h"
#include <errno.h>
#include <unistd.h>
#include <uv.h>

#define AT_ONCE 3 /* of the pool's four threads: one is left to the journal */

struct collecting {
    uv_work_t work;
    struct collector *collector;
    struct collecting *next; /* waiting */
    uint64_t effect_id;
    char *report_path;
    char *store_path; /* absolute */
    const struct suite *suite;
    const struct framework *framework;
    char *test_name;             /* or NULL */
    struct redaction *redaction; /* NULL: nothing to redact */
    struct redactor *secrets;    /* a copy: the loop may learn new ones meanwhile */
    struct report *report;
    struct error error;
    collect_done *done;
    void *context;
};

static bool store(const struct collecting *collecting, const char *bytes, size_t length, struct error *error)
{
    char *folder = memory_copy_string(collecting->store_path);
    char *slash = NULL;
    for (char *c = folder; *c != '\0'; c++) {
        slash = *c == '/' ? c : slash;
    }
    bool is_made = true;
    if (slash != NULL) {
        *slash = '\0';
        is_made = file_make_folders(folder, error);
    }
    memory_free(folder);
    return is_made && file_replace(collecting->store_path, bytes, length, error);
}

/* Redacts before anything else sees the bytes: what is stored and what is parsed is the same. */
static void read_report(struct collecting *collecting)
{
    char *bytes = NULL;
    size_t length = 0;
    struct error error = {0};
    if (!file_read(collecting->report_path, REPORT_LIMIT_BYTES, &bytes, &length, &error)) {
        if (error.kind != ERROR_GONE) {
            collecting->error = error;
        }
        return;
    }
    struct text clean = {0};
    if (collecting->redaction != NULL) {
        redaction_feed(collecting->redaction, bytes, length, true, &clean);
    } else {
        text_append_bytes(&clean, bytes, length);
    }
    memory_free(bytes);
    if (clean.length > 0) {
        (void)store(collecting, clean.bytes, clean.length, &collecting->error);
        framework_read(collecting->framework, collecting->suite, collecting->test_name, clean.bytes,
                       clean.length, collecting->report);
    }
    text_clear(&clean);
}

static void work(uv_work_t *request)
{
    read_report(request->data);
}

static void start_next(struct collector *collector);

static void after(uv_work_t *request, int status)
{
    (void)status;
    struct collecting *collecting = request->data;
    struct collector *collector = collecting->collector;
    collecting->done(collecting->context, collecting->effect_id, &collecting->error, collecting->report);
    report_free(collecting->report);
    redaction_free(collecting->redaction);
    redactor_free(collecting->secrets);
    memory_free(collecting->report_path);
    memory_free(collecting->test_name);
    memory_free(collecting->store_path);
    memory_free(collecting);
    collector->running--;
    start_next(collector);
}

static void start_next(struct collector *collector)
{
    while (collector->running < AT_ONCE && collector->first != NULL) {
        struct collecting *collecting = collector->first;
        collector->first = collecting->next;
        collector->last = collector->first != NULL ? collector->last : NULL;
        collector->running++;
        MUST(uv_queue_work(collector->loop, &collecting->work, work, after) == 0);
    }
}

static void enqueue(struct collector *collector, struct collecting *collecting)
{
    if (collector->last != NULL) {
        collector->last->next = collecting;
    } else {
        collector->first = collecting;
    }
    collector->last = collecting;
}

bool collect_start(struct collector *collector, uint64_t effect_id, const struct collect *collect,
                   const struct suite *suite, const char *run_directory, const struct redactor *redactor,
                   collect_done *done, void *context)
{
    if (access(collect->report_path, F_OK) != 0 && (errno == ENOENT || errno == ENOTDIR)) {
        return false;
    }
    struct collecting *collecting = memory_new(sizeof *collecting);
    struct text path = {0};
    text_append_format(&path, "%s/%s", run_directory, collect->store_path);
    collecting->store_path = text_take(&path);
    collecting->report_path = memory_copy_string(collect->report_path);
    collecting->effect_id = effect_id;
    collecting->suite = suite;
    collecting->framework = framework_find(collect->framework);
    collecting->test_name = collect->test_name != NULL ? memory_copy_string(collect->test_name) : NULL;
    collecting->report = report_new();
    if (redactor != NULL) {
        collecting->secrets = redactor_copy(redactor);
        collecting->redaction = redaction_new(collecting->secrets);
    }
    collecting->done = done;
    collecting->context = context;
    collecting->work.data = collecting;
    collecting->collector = collector;
    enqueue(collector, collecting);
    start_next(collector);
    return true;
}
