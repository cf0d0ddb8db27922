/* journal_uv.c - one job in flight on uv's threads: it writes all that was queued meanwhile in one call and,
 * where any of it asked for that, syncs once. So a sync covers every line written before it, and lines keep
 * their order. */
#include "itrun/host/journal.h"
#include "itrun/base/memory.h"
#include "itrun/base/text.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#define TORN_LINE_LIMIT_BYTES (64 << 20)
#define KEPT_BYTES            (1 << 20) /* memory of a batch that is used again; more is given back */

struct line {
    uint64_t effect_id;
    journal_written *written;
    void *context;
};

struct batch {
    struct text bytes;
    struct line *lines;
    size_t count, capacity;
    bool is_synced;
};

struct journal {
    uv_loop_t *loop;
    uv_work_t job;
    char *path;
    int fd;
    struct batch filling, writing;
    bool is_job_running, is_closing;
    struct error job_error; /* the job's, while it runs */
    struct error error;     /* final */
    void (*closed)(void *context, const struct error *error);
    void *closed_context;
};

/* ---- opening ---- */

/* A crash may have torn the last line. Whoever goes on must not write behind half a line: it is taken off. */
static bool drop_torn_line(int fd, const char *path, struct error *error)
{
    struct stat status;
    if (fstat(fd, &status) != 0) {
        return file_error(error, errno, "read", path);
    }
    off_t end = status.st_size;
    char block[4096];
    while (end > 0 && status.st_size - end < TORN_LINE_LIMIT_BYTES) {
        size_t length = end < (off_t)sizeof block ? (size_t)end : sizeof block;
        ssize_t count = pread(fd, block, length, end - (off_t)length);
        if (count != (ssize_t)length) {
            return file_error(error, count < 0 ? errno : EIO, "read", path);
        }
        const char *newline = memrchr(block, '\n', length);
        if (newline != NULL) {
            end -= (off_t)length - (newline - block) - 1;
            break;
        }
        end -= (off_t)length;
    }
    return end == status.st_size || ftruncate(fd, end) == 0 || file_error(error, errno, "mend", path);
}

static void sync_folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder =
        slash == NULL ? memory_copy_string(".") : memory_copy_bytes(path, (size_t)(slash - path) + 1);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd);
        close(fd);
    }
    memory_free(folder);
}

struct journal *journal_open(uv_loop_t *loop, const char *path, bool is_new, struct error *error)
{
    int fd = open(path, O_RDWR | O_APPEND | O_CLOEXEC | (is_new ? O_CREAT | O_EXCL : 0), 0666);
    if (fd < 0) {
        file_error(error, errno, "open the journal", path);
        return NULL;
    }
    if (is_new) {
        sync_folder_of(path);
    } else if (!drop_torn_line(fd, path, error)) {
        close(fd);
        return NULL;
    }
    struct journal *journal = memory_new(sizeof *journal);
    journal->loop = loop;
    journal->path = memory_copy_string(path);
    journal->fd = fd;
    journal->job.data = journal;
    return journal;
}

/* ---- the job ---- */

static bool write_batch(struct journal *journal)
{
    const char *bytes = journal->writing.bytes.bytes;
    size_t left = journal->writing.bytes.length;
    while (left > 0) {
        ssize_t count = write(journal->fd, bytes, left);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            return file_error(&journal->job_error, errno, "write the journal", journal->path);
        }
        bytes += count;
        left -= (size_t)count;
    }
    return true;
}

static void job_work(uv_work_t *job)
{
    struct journal *journal = job->data;
    if (write_batch(journal) && journal->writing.is_synced && fdatasync(journal->fd) != 0) {
        file_error(&journal->job_error, errno, "sync the journal", journal->path);
    }
}

/* A failed journal still completes each line, but never from inside journal_append. */
static void nothing_work(uv_work_t *job)
{
    (void)job;
}

static void job_done(uv_work_t *job, int status);

static void batch_clear(struct batch *batch)
{
    text_clear(&batch->bytes);
    memory_free(batch->lines);
    *batch = (struct batch){0};
}

static void start_job(struct journal *journal)
{
    if (journal->is_job_running || journal->filling.count == 0) {
        return;
    }
    /* The two batches change places: their memory is used again. */
    struct batch empty = journal->writing;
    journal->writing = journal->filling;
    journal->filling = empty;
    journal->is_job_running = true;
    uv_work_cb work = journal->error.kind == ERROR_NONE ? job_work : nothing_work;
    MUST(uv_queue_work(journal->loop, &journal->job, work, job_done) == 0);
}

static void finish_close(struct journal *journal)
{
    if (close(journal->fd) != 0 && journal->error.kind == ERROR_NONE) {
        file_error(&journal->error, errno, "write the journal", journal->path);
    }
    struct error error = journal->error;
    void (*closed)(void *, const struct error *) = journal->closed;
    void *context = journal->closed_context;
    batch_clear(&journal->filling);
    batch_clear(&journal->writing);
    memory_free(journal->path);
    memory_free(journal);
    if (closed != NULL) {
        closed(context, &error);
    }
}

static void job_done(uv_work_t *job, int status)
{
    (void)status;
    struct journal *journal = job->data;
    if (journal->error.kind == ERROR_NONE && journal->job_error.kind != ERROR_NONE) {
        journal->error = journal->job_error;
    }
    struct error error = journal->error;
    struct batch written = journal->writing;
    journal->writing = (struct batch){0};
    for (size_t i = 0; i < written.count; i++) {
        if (written.lines[i].written != NULL) {
            written.lines[i].written(written.lines[i].context, written.lines[i].effect_id, &error);
        }
    }
    if (written.bytes.capacity > KEPT_BYTES) {
        text_clear(&written.bytes);
    }
    text_reset(&written.bytes);
    written.count = 0;
    written.is_synced = false;
    journal->writing = written;
    journal->is_job_running = false;
    start_job(journal);
    if (journal->is_closing && !journal->is_job_running) {
        finish_close(journal);
    }
}

void journal_append(struct journal *journal, const char *line, size_t length, bool is_synced,
                    uint64_t effect_id, journal_written *written, void *context)
{
    MUST(!journal->is_closing);
    struct batch *batch = &journal->filling;
    if (journal->error.kind == ERROR_NONE) {
        text_append_bytes(&batch->bytes, line, length);
    }
    batch->is_synced = batch->is_synced || is_synced;
    batch->lines = memory_grow(batch->lines, batch->count, &batch->capacity, sizeof *batch->lines);
    batch->lines[batch->count++] = (struct line){effect_id, written, context};
    start_job(journal);
}

void journal_close(struct journal *journal, void (*closed)(void *context, const struct error *error),
                   void *context)
{
    MUST(!journal->is_closing);
    /* One more, empty and synced: closed() means that everything is on disk, and never comes from inside the
     * call. */
    journal_append(journal, "", 0, true, 0, NULL, NULL);
    journal->is_closing = true;
    journal->closed = closed;
    journal->closed_context = context;
}
