/* report_file.c - a file that is always whole: replaced on the worker, the newest content wins.
 *
 * While one content is being written, only the last one given meanwhile is kept: what nobody would see is not
 * written. */
#include "itrun/base/memory.h"
#include "itrun/host/journal.h"

struct report_file {
    struct out out; /* first: a sink's `out` is the file */
    struct worker *worker;
    char *path;
    struct text next, writing;
    bool has_next, is_writing, is_closing;
    struct error job_error; /* the worker's, while it writes */
    struct error error;     /* of the last content written */
    void (*closed)(void *context, const struct error *error);
    void *closed_context;
};

static void job_work(void *context)
{
    struct report_file *file = context;
    error_clear(&file->job_error);
    file_replace(file->path, text_string(&file->writing), file->writing.length, &file->job_error);
}

static void finish_close(struct report_file *file)
{
    struct error error = file->error;
    void (*closed)(void *, const struct error *) = file->closed;
    void *context = file->closed_context;
    text_clear(&file->next);
    text_clear(&file->writing);
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
    file->next = (struct text){0};
    file->has_next = false;
    file->is_writing = true;
    worker_submit(file->worker, job_work, job_done, file);
}

static void job_done(void *context)
{
    struct report_file *file = context;
    file->is_writing = false;
    /* The last one counts: an earlier failure is mended by a later success. */
    file->error = file->job_error;
    text_clear(&file->writing);
    if (file->has_next) {
        start_job(file);
    } else if (file->is_closing) {
        finish_close(file);
    }
}

static bool replace(struct out *out, const char *bytes, size_t length, struct error *error)
{
    (void)error;
    struct report_file *file = (struct report_file *)out;
    MUST(!file->is_closing);
    text_clear(&file->next);
    text_append_bytes(&file->next, bytes, length);
    file->has_next = true;
    if (!file->is_writing) {
        start_job(file);
    }
    return true;
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
    if (!file->is_writing) {
        /* An empty turn: closed() never comes from inside the call. */
        worker_submit(file->worker, close_work, close_done, file);
    }
}
