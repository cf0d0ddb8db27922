/* merge_bench.c - many JUnit files -> one, by the shipped reader and the shipped sink, to be timed from
 * outside.
 *
 *     merge_bench OUTPUT.xml INPUT.xml...
 *
 * Each input is one suite; it passes through the same events as in a run. Prints how many cases were read. */
#include "itrun/frameworks.h"
#include "itrun/reporters.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_SIZE ((size_t)64 * 1024)

struct file_out {
    struct out out;
    const char *path;
};

static bool write_piece(void *context, const char *bytes, size_t length)
{
    return fwrite(bytes, 1, length, context) == length;
}

/* Part 1 is OUTPUT.xml, part 2 OUTPUT.xml.2. */
static bool file_replace_parts(struct out *out, const struct out_part *parts, size_t count, const char *mark,
                               struct error *error)
{
    (void)mark;
    bool is_ok = true;
    for (size_t i = 0; is_ok && i < count; i++) {
        struct text path = {0};
        text_append(&path, ((struct file_out *)out)->path);
        if (i > 0) {
            text_append_format(&path, ".%zu", i + 1);
        }
        FILE *file = fopen(text_string(&path), "wb");
        for (size_t k = 0; file != NULL && k < parts[i].count; k++) {
            is_ok = chunk_read(parts[i].chunks[k], write_piece, file) && is_ok;
        }
        is_ok = file != NULL && fclose(file) == 0 && is_ok;
        text_clear(&path);
    }
    return is_ok || error_set(error, ERROR_IO, "cannot write the report");
}

static void read_report(const char *path, struct report *report)
{
    static char chunk[CHUNK_SIZE];
    struct junit_reader *reader = junit_reader_new(report);
    FILE *file = fopen(path, "rb");
    size_t length;
    while (file != NULL && (length = fread(chunk, 1, sizeof chunk, file)) > 0) {
        junit_reader_feed(reader, chunk, length);
    }
    if (file != NULL) {
        fclose(file);
    }
    junit_reader_finish(reader);
    junit_reader_free(reader);
}

static void send(struct sink *sink, struct event event)
{
    struct error error;
    error_clear(&error);
    if (!sink->on_event(sink, &event, &error)) {
        fprintf(stderr, "merge_bench: %s\n", error.what);
        exit(1);
    }
}

static void announce(struct sink *sink, char *const *paths, size_t count)
{
    send(sink, (struct event){.type = EVENT_RUN_STARTED, .suite = NO_INDEX, .run = "merge"});
    for (size_t i = 0; i < count; i++) {
        struct event planned = {.type = EVENT_SUITE_PLANNED, .suite = i, .suite_name = paths[i]};
        planned.planned.group = "merged";
        send(sink, planned);
    }
    struct event announced = {.type = EVENT_PLAN_ANNOUNCED, .suite = NO_INDEX};
    announced.planned.suite_count = count;
    send(sink, announced);
}

static enum outcome outcome_of(const struct report *report)
{
    if (!report->is_complete) {
        return OUTCOME_ERROR;
    }
    size_t bad = report_count_status(report, CASE_FAILED) + report_count_status(report, CASE_ERROR);
    return bad > 0 ? OUTCOME_FAILED : OUTCOME_PASSED;
}

/* Returns the number of cases. */
static size_t merge(struct sink *sink, size_t suite, const char *path)
{
    struct report *report = report_new();
    read_report(path, report);
    int64_t duration_us = 0;
    for (size_t i = 0; i < report->count; i++) {
        duration_us += report->cases[i].duration_us;
    }
    struct event ended = {.type = EVENT_ATTEMPT_FINISHED, .suite = suite, .suite_name = path, .attempt = 1};
    ended.outcome = outcome_of(report);
    ended.reason = report->problem;
    ended.duration_ms = duration_us / 1000;
    ended.ended.report = report;
    send(sink, ended);
    size_t count = report->count;
    struct event finished = {.type = EVENT_SUITE_FINISHED, .suite = suite, .suite_name = path};
    finished.outcome = ended.outcome;
    finished.duration_ms = ended.duration_ms;
    send(sink, finished);
    report_free(report);
    return count;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: merge_bench OUTPUT.xml INPUT.xml...\n");
        return 2;
    }
    struct file_out out = {.out = {.replace_parts = file_replace_parts}, .path = argv[1]};
    struct sink *sink = junit_sink_new(&out.out);
    size_t count = (size_t)argc - 2;
    size_t cases = 0;
    announce(sink, argv + 2, count);
    for (size_t i = 0; i < count; i++) {
        cases += merge(sink, i, argv[i + 2]);
    }
    struct error error;
    error_clear(&error);
    bool is_ok = sink->flush(sink, &error);
    sink->free(sink);
    if (!is_ok) {
        fprintf(stderr, "merge_bench: %s\n", error.what);
        return 1;
    }
    printf("%zu cases of %zu files\n", cases, count);
    return 0;
}
