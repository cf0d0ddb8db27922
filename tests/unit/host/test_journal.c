#include "itrun/base/memory.h"
#include "itrun/host/journal.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

struct bench {
    uv_loop_t loop;
    char folder[64], path[96];
    uint64_t order[4096];
    size_t written, failed;
    bool is_closed;
    struct error closed_error, first_error;
    struct journal *journal;
};

static void bench_open(struct bench *bench)
{
    memset(bench, 0, sizeof *bench);
    strcpy(bench->folder, "/tmp/itrun-journal-XXXXXX");
    cr_assert_not_null(mkdtemp(bench->folder));
    snprintf(bench->path, sizeof bench->path, "%s/events.ndjson", bench->folder);
    cr_assert_eq(uv_loop_init(&bench->loop), 0);
}

static void written(void *context, uint64_t effect_id, const struct error *error)
{
    struct bench *bench = context;
    bench->order[bench->written++] = effect_id;
    if (error->kind != ERROR_NONE) {
        bench->failed++;
        bench->first_error = *error;
    }
}

static void closed(void *context, const struct error *error)
{
    struct bench *bench = context;
    bench->is_closed = true;
    bench->closed_error = *error;
}

static void bench_close(struct bench *bench)
{
    journal_close(bench->journal, closed, bench);
    cr_assert(!bench->is_closed, "closed from inside the call");
    cr_assert_eq(uv_run(&bench->loop, UV_RUN_DEFAULT), 0);
    cr_assert(bench->is_closed);
    cr_assert_eq(uv_loop_close(&bench->loop), 0);
    file_remove_tree(bench->folder, NULL);
}

static char *read_whole(const char *path)
{
    char *bytes = NULL;
    size_t length;
    cr_assert(file_read(path, 1 << 24, &bytes, &length, NULL));
    return bytes;
}

Test(journal, lines_and_completions_keep_their_order)
{
    static struct bench bench;
    bench_open(&bench);
    bench.journal = journal_open(&bench.loop, bench.path, true, NULL);
    cr_assert_not_null(bench.journal);
    struct text expected = {0};
    for (uint64_t i = 0; i < 2000; i++) {
        char line[32];
        int length = snprintf(line, sizeof line, "{\"seq\":%d}\n", (int)i);
        text_append(&expected, line);
        journal_append(bench.journal, line, (size_t)length, i % 7 == 0, i, written, &bench);
        memset(line, 'x', sizeof line); /* it was copied */
        if (i % 100 == 0) {
            uv_run(&bench.loop, UV_RUN_NOWAIT);
        }
    }
    cr_assert_lt(bench.written, 2000, "completed from inside the call");
    uv_run(&bench.loop, UV_RUN_DEFAULT);
    cr_assert_eq(bench.written, 2000);
    for (uint64_t i = 0; i < 2000; i++) {
        cr_assert_eq(bench.order[i], i);
    }
    char *bytes = read_whole(bench.path);
    cr_assert_str_eq(bytes, text_string(&expected));
    memory_free(bytes);
    text_clear(&expected);
    bench_close(&bench);
    cr_assert_eq(bench.closed_error.kind, ERROR_NONE);
}

Test(journal, whoever_goes_on_takes_a_torn_line_off)
{
    static struct bench bench;
    bench_open(&bench);
    FILE *file = fopen(bench.path, "w");
    fputs("{\"seq\":1}\n{\"seq\":2}\n", file);
    for (int i = 0; i < 3000; i++) {
        fputs("torn", file);
    }
    fclose(file);
    bench.journal = journal_open(&bench.loop, bench.path, false, NULL);
    cr_assert_not_null(bench.journal);
    journal_append(bench.journal, "{\"seq\":3}\n", 10, true, 1, written, &bench);
    uv_run(&bench.loop, UV_RUN_DEFAULT);
    char *bytes = read_whole(bench.path);
    cr_assert_str_eq(bytes, "{\"seq\":1}\n{\"seq\":2}\n{\"seq\":3}\n");
    memory_free(bytes);
    bench_close(&bench);
}

Test(journal, never_writes_over_an_old_one)
{
    static struct bench bench;
    struct error error = {0};
    bench_open(&bench);
    bench.journal = journal_open(&bench.loop, bench.path, true, NULL);
    cr_assert_null(journal_open(&bench.loop, bench.path, true, &error));
    cr_assert_neq(error.kind, ERROR_NONE);
    bench_close(&bench);
}

Test(journal, an_error_is_final_and_completes_every_line)
{
    static struct bench bench;
    bench_open(&bench);
    bench.journal = journal_open(&bench.loop, "/dev/full", false, NULL);
    cr_assert_not_null(bench.journal);
    journal_append(bench.journal, "one\n", 4, false, 1, written, &bench);
    journal_append(bench.journal, "two\n", 4, true, 2, written, &bench);
    uv_run(&bench.loop, UV_RUN_DEFAULT);
    journal_append(bench.journal, "three\n", 6, true, 3, written, &bench);
    cr_assert_eq(bench.written, 2, "completed from inside the call");
    uv_run(&bench.loop, UV_RUN_DEFAULT);
    cr_assert_eq(bench.written, 3);
    cr_assert_eq(bench.failed, 3);
    cr_assert_str_eq(bench.first_error.code, "ENOSPC");
    cr_assert_not_null(strstr(bench.first_error.hint, "free some space"));
    bench_close(&bench);
    cr_assert_str_eq(bench.closed_error.code, "ENOSPC");
}

/* ---- report files ---- */

static void report_closed(void *context, const struct error *error)
{
    closed(context, error);
}

Test(report_file, the_newest_content_wins)
{
    static struct bench bench;
    bench_open(&bench);
    struct worker *worker = worker_new(&bench.loop, "reports", NULL);
    struct report_file *file = report_file_new(&bench.loop, worker, bench.path);
    struct out *out = report_file_out(file);
    char content[32];
    for (int i = 0; i < 100; i++) {
        snprintf(content, sizeof content, "<report n=\"%d\"/>\n", i);
        cr_assert(out->replace(out, content, strlen(content), NULL));
    }
    report_file_close(file, report_closed, &bench);
    while (!bench.is_closed) {
        uv_run(&bench.loop, UV_RUN_ONCE);
    }
    worker_close(worker, NULL, NULL);
    uv_run(&bench.loop, UV_RUN_DEFAULT);
    cr_assert_eq(bench.closed_error.kind, ERROR_NONE);
    char *bytes = read_whole(bench.path);
    cr_assert_str_eq(bytes, "<report n=\"99\"/>\n");
    memory_free(bytes);
    cr_assert_eq(uv_loop_close(&bench.loop), 0);
    file_remove_tree(bench.folder, NULL);
}

Test(report_file, an_error_is_told_at_close)
{
    static struct bench bench;
    bench_open(&bench);
    struct worker *worker = worker_new(&bench.loop, "reports", NULL);
    struct report_file *file = report_file_new(&bench.loop, worker, "/no/such/folder/junit.xml");
    struct out *out = report_file_out(file);
    cr_assert(out->replace(out, "x", 1, NULL));
    struct error error = {0};
    cr_assert_not(out->append(out, "x", 1, &error));
    report_file_close(file, report_closed, &bench);
    worker_close(worker, NULL, NULL);
    uv_run(&bench.loop, UV_RUN_DEFAULT);
    cr_assert(bench.is_closed);
    cr_assert_eq(bench.closed_error.kind, ERROR_GONE);
    cr_assert_not_null(strstr(bench.closed_error.what, "/no/such/folder/junit.xml"));
    cr_assert_eq(uv_loop_close(&bench.loop), 0);
    file_remove_tree(bench.folder, NULL);
}

/* ---- reports in parts ---- */

#define MARK "<report part="

static void replace_parts(struct bench *bench, const char *const *contents, size_t count)
{
    struct worker *worker = worker_new(&bench->loop, "reports", NULL);
    struct report_file *file = report_file_new(&bench->loop, worker, bench->path);
    struct chunk *chunks[4];
    struct out_part parts[4];
    for (size_t i = 0; i < count; i++) {
        chunks[i] = chunk_new(contents[i], strlen(contents[i]));
        parts[i] = (struct out_part){&chunks[i], 1};
    }
    struct out *out = report_file_out(file);
    cr_assert(out->replace_parts(out, parts, count, MARK, NULL));
    for (size_t i = 0; i < count; i++) {
        chunk_drop(chunks[i]); /* the file keeps what it needs */
    }
    bench->is_closed = false;
    report_file_close(file, report_closed, bench);
    worker_close(worker, NULL, NULL);
    uv_run(&bench->loop, UV_RUN_DEFAULT);
    cr_assert(bench->is_closed);
    cr_assert_eq(bench->closed_error.kind, ERROR_NONE, "%s", bench->closed_error.what);
}

/* "…/events.ndjson" -> "…/events-2.ndjson" */
static bool part_is(const struct bench *bench, size_t number, const char *expected)
{
    struct text path = {0};
    const char *dot = strrchr(bench->path, '.');
    text_append_bytes(&path, bench->path, (size_t)(dot - bench->path));
    text_append_format(&path, "-%zu%s", number, dot);
    char *bytes = NULL;
    size_t length = 0;
    bool is_there = file_read(text_string(&path), 1000, &bytes, &length, NULL);
    bool is_it = expected == NULL ? !is_there : is_there && strcmp(bytes, expected) == 0;
    memory_free(bytes);
    text_clear(&path);
    return is_it;
}

Test(report_file, parts_become_numbered_files_and_outdated_ones_go)
{
    static struct bench bench;
    static const char *const contents[] = {"<report>", MARK "2>", MARK "3>"};
    bench_open(&bench);
    replace_parts(&bench, contents, 3);
    cr_assert(part_is(&bench, 2, MARK "2>"));
    cr_assert(part_is(&bench, 3, MARK "3>"));
    replace_parts(&bench, contents, 1);
    cr_assert(part_is(&bench, 2, NULL));
    cr_assert(part_is(&bench, 3, NULL));
    char *first = read_whole(bench.path);
    cr_assert_str_eq(first, "<report>");
    memory_free(first);
    cr_assert_eq(uv_loop_close(&bench.loop), 0);
    file_remove_tree(bench.folder, NULL);
}

Test(report_file, a_file_of_somebody_else_with_a_parts_name_stays)
{
    static struct bench bench;
    static const char *const contents[] = {"<report>"};
    bench_open(&bench);
    struct text path = {0};
    const char *dot = strrchr(bench.path, '.');
    text_append_bytes(&path, bench.path, (size_t)(dot - bench.path));
    text_append_format(&path, "-2%s", dot);
    cr_assert(file_replace(text_string(&path), "mine", 4, NULL));
    replace_parts(&bench, contents, 1);
    cr_assert(part_is(&bench, 2, "mine"));
    text_clear(&path);
    cr_assert_eq(uv_loop_close(&bench.loop), 0);
    file_remove_tree(bench.folder, NULL);
}
