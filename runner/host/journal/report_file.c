/* report_file.c - a file that is always whole: replaced on the worker, the newest content wins.
 *
 * While one content is being written, only the last one given meanwhile is kept: what nobody would see is not
 * written. A content may have numbered parts, each a file. What was written is remembered by its chunks, so
 * that of a large report only the parts that changed are written again. */
#include "itrun/base/memory.h"
#include "itrun/host/journal.h"
#include "report_parts.h"

struct report_file {
    struct out out; /* first: a sink's `out` is the file */
    struct worker *worker;
    char *path;
    struct content *next, *writing; /* NULL: nothing */
    struct content *written;        /* what stands in the files; NULL: unknown */
    bool is_closing;
    struct error job_error; /* the worker's, while it writes */
    struct error error;     /* of the last content written */
    void (*closed)(void *context, const struct error *error);
    void *closed_context;
};

static void job_work(void *context)
{
    struct report_file *file = context;
    error_clear(&file->job_error);
    content_write(file->writing, file->written, file->path, &file->job_error);
}

static void finish_close(struct report_file *file)
{
    struct error error = file->error;
    void (*closed)(void *, const struct error *) = file->closed;
    void *context = file->closed_context;
    content_free(file->next);
    content_free(file->writing);
    content_free(file->written);
    memory_free(file->path);
    memory_free(file);
    if (closed != NULL) {
        closed(context, &error);
    }
}

static void job_done(void *context);

static void start_job(struct report_file *file)
{
    file->writing = file->next;
    file->next = NULL;
    worker_submit(file->worker, job_work, job_done, file);
}

/* What was written is kept only to be compared, which is worth it for parts. */
static void remember(struct report_file *file)
{
    bool is_known = file->job_error.kind == ERROR_NONE && content_has_parts(file->writing);
    content_free(file->written);
    file->written = is_known ? file->writing : NULL;
    if (!is_known) {
        content_free(file->writing);
    }
    file->writing = NULL;
}

static void job_done(void *context)
{
    struct report_file *file = context;
    /* The last one counts: an earlier failure is mended by a later success. */
    file->error = file->job_error;
    remember(file);
    if (file->next != NULL) {
        start_job(file);
    } else if (file->is_closing) {
        finish_close(file);
    }
}

static bool take_content(struct report_file *file, struct content *content)
{
    MUST(!file->is_closing);
    content_free(file->next);
    file->next = content;
    if (file->writing == NULL) {
        start_job(file);
    }
    return true;
}

static bool replace(struct out *out, const char *bytes, size_t length, struct error *error)
{
    (void)error;
    struct chunk *whole = chunk_new(bytes, length);
    const struct out_part part = {&whole, 1};
    bool is_taken = take_content((struct report_file *)out, content_new(&part, 1, NULL));
    chunk_drop(whole);
    return is_taken;
}

static bool replace_parts(struct out *out, const struct out_part *parts, size_t count, const char *mark,
                          struct error *error)
{
    (void)error;
    return take_content((struct report_file *)out, content_new(parts, count, mark));
}

static bool append(struct out *out, const char *bytes, size_t length, struct error *error)
{
    (void)bytes;
    (void)length;
    const struct report_file *file = (const struct report_file *)out;
    return error_set(error, ERROR_BUG, "%s is replaced whole, never appended to", file->path);
}

struct report_file *report_file_new(uv_loop_t *loop, struct worker *worker, const char *path)
{
    (void)loop;
    struct report_file *file = memory_new(sizeof *file);
    file->worker = worker;
    file->path = memory_copy_string(path);
    file->out.append = append;
    file->out.replace = replace;
    file->out.replace_parts = replace_parts;
    return file;
}

struct out *report_file_out(struct report_file *file)
{
    return &file->out;
}

static void close_work(void *context)
{
    (void)context;
}

static void close_done(void *context)
{
    finish_close(context);
}

void report_file_close(struct report_file *file, void (*closed)(void *context, const struct error *error),
                       void *context)
{
    file->is_closing = true;
    file->closed = closed;
    file->closed_context = context;
    if (file->writing == NULL) {
        /* An empty turn: closed() never comes from inside the call. */
        worker_submit(file->worker, close_work, close_done, file);
    }
}
