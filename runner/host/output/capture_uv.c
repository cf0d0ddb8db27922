/* capture_uv.c - pipe -> redaction -> limit -> queue -> file.
 *
 * Two texts: `filling` takes what comes, `writing` belongs to the job in flight on uv's threads; one job at a
 * time, so bytes stay in order. A file error ends the writing, never the reading: a command must not hang on
 * a full pipe. */
#include "output/capture.h"
#include "itrun/base/memory.h"
#include "output/tail.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#define QUEUE_LIMIT_BYTES 65536
#define READS_A_TURN      4 /* then others have their turn */

struct capture {
    uv_poll_t poll;
    uv_work_t job;
    struct capture_options options;
    int read_fd;
    struct redaction *redaction;
    struct text redacted; /* scratch of one chunk */
    struct text filling, writing;
    struct tail tail;
    int64_t read_bytes, kept_bytes, cut_bytes;
    char last_kept;
    bool is_input_ended, is_job_running, is_paused, has_ended, is_freed;
    /* The job's, while it runs: */
    int file_fd;
    bool is_last_write;
    struct error job_error;
    struct error error; /* copied from the job's when it is done */
};

static void on_readable(uv_poll_t *poll, int status, int events);

struct capture *capture_new(int read_fd, const struct capture_options *options)
{
    struct capture *capture = memory_new(sizeof *capture);
    capture->options = *options;
    capture->options.path = options->path != NULL ? memory_copy_string(options->path) : NULL;
    capture->read_fd = read_fd;
    capture->file_fd = -1;
    capture->redaction = redaction_new(options->redactor);
    capture->poll.data = capture;
    capture->job.data = capture;
    MUST(uv_poll_init(options->loop, &capture->poll, read_fd) == 0);
    MUST(uv_poll_start(&capture->poll, UV_READABLE, on_readable) == 0);
    return capture;
}

static void write_all(struct capture *capture)
{
    const char *bytes = capture->writing.bytes;
    size_t left = capture->writing.length;
    while (left > 0) {
        ssize_t count = write(capture->file_fd, bytes, left);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            file_error(&capture->job_error, errno, "write", capture->options.path);
            return;
        }
        bytes += count;
        left -= (size_t)count;
    }
}

static void open_file(struct capture *capture)
{
    const int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC;
    const char *path = capture->options.path;
    capture->file_fd = open(path, flags, 0666);
    if (capture->file_fd < 0 && errno == ENOENT) {
        const char *slash = strrchr(path, '/');
        char *folder = memory_copy_bytes(path, (size_t)(slash - path));
        bool is_made = file_make_folders(folder, &capture->job_error);
        memory_free(folder);
        if (!is_made) {
            return;
        }
        capture->file_fd = open(path, flags, 0666);
    }
    if (capture->file_fd < 0) {
        file_error(&capture->job_error, errno, "write", path);
    }
}

static void job_work(uv_work_t *job)
{
    struct capture *capture = job->data;
    if (capture->file_fd < 0 && capture->job_error.kind == ERROR_NONE) {
        open_file(capture);
    }
    if (capture->job_error.kind == ERROR_NONE) {
        write_all(capture);
    }
    if (capture->is_last_write && capture->file_fd >= 0) {
        if (close(capture->file_fd) != 0 && capture->job_error.kind == ERROR_NONE) {
            file_error(&capture->job_error, errno, "write", capture->options.path);
        }
        capture->file_fd = -1;
    }
}

static void go_on(struct capture *capture);

static void job_done(uv_work_t *job, int status)
{
    (void)status;
    struct capture *capture = job->data;
    capture->is_job_running = false;
    text_clear(&capture->writing);
    if (capture->job_error.kind != ERROR_NONE) {
        capture->error = capture->job_error;
    }
    if (capture->is_paused && !capture->is_input_ended) {
        capture->is_paused = false;
        MUST(uv_poll_start(&capture->poll, UV_READABLE, on_readable) == 0);
    }
    go_on(capture);
}

static void end_now(struct capture *capture)
{
    if (!capture->has_ended) {
        capture->has_ended = true;
        capture->options.ended(capture->options.context);
    }
}

/* Whatever just happened: starts the next job, or ends. */
static void go_on(struct capture *capture)
{
    if (capture->is_job_running) {
        return;
    }
    bool is_open = capture->file_fd >= 0;
    bool is_broken = capture->error.kind != ERROR_NONE;
    if (is_broken) {
        text_clear(&capture->filling);
    }
    if (capture->filling.length == 0 && !(capture->is_input_ended && is_open)) {
        if (capture->is_input_ended) {
            end_now(capture);
        }
        return;
    }
    capture->writing = capture->filling;
    capture->filling = (struct text){0};
    capture->is_last_write = capture->is_input_ended;
    capture->is_job_running = true;
    MUST(uv_queue_work(capture->options.loop, &capture->job, job_work, job_done) == 0);
}

static void keep(struct capture *capture, const char *bytes, size_t length)
{
    tail_feed(&capture->tail, bytes, length);
    int64_t room = capture->options.limit_bytes - capture->kept_bytes;
    size_t kept = room < (int64_t)length ? (size_t)room : length;
    capture->kept_bytes += (int64_t)kept;
    capture->cut_bytes += (int64_t)(length - kept);
    if (kept > 0 && capture->options.path != NULL && capture->error.kind == ERROR_NONE) {
        text_append_bytes(&capture->filling, bytes, kept);
        capture->last_kept = bytes[kept - 1];
    }
}

static void take(struct capture *capture, const char *bytes, size_t length, bool is_last)
{
    capture->read_bytes += (int64_t)length;
    redaction_feed(capture->redaction, bytes, length, is_last, &capture->redacted);
    if (capture->redacted.length > 0) {
        keep(capture, capture->redacted.bytes, capture->redacted.length);
        text_clear(&capture->redacted);
    }
}

static void input_ended(struct capture *capture)
{
    if (capture->is_input_ended) {
        return;
    }
    take(capture, "", 0, true);
    capture->is_input_ended = true;
    uv_poll_stop(&capture->poll);
    if (capture->cut_bytes > 0 && capture->options.path != NULL) {
        text_append_format(&capture->filling, "%sitrun: %" PRId64 " bytes of output cut\n",
                           capture->last_kept == '\n' ? "" : "\n", capture->cut_bytes);
    }
}

/* Reads until the pipe is empty, ended, or the queue is full. */
static void read_some(struct capture *capture, size_t turns)
{
    for (size_t turn = 0; turn < turns && !capture->is_input_ended && !capture->is_paused; turn++) {
        ssize_t count = read(capture->read_fd, capture->options.read_buffer, capture->options.read_size);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            break;
        }
        if (count <= 0) {
            input_ended(capture);
            break;
        }
        take(capture, capture->options.read_buffer, (size_t)count, false);
        if (capture->filling.length >= QUEUE_LIMIT_BYTES && capture->is_job_running) {
            capture->is_paused = true;
            uv_poll_stop(&capture->poll);
        }
    }
    go_on(capture);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    (void)events;
    struct capture *capture = poll->data;
    if (status != 0) {
        input_ended(capture);
    }
    read_some(capture, READS_A_TURN);
}

void capture_read_now(struct capture *capture)
{
    /* A pipe holds 64 KiB: a command that has ended has left no more than a few reads. */
    read_some(capture, 2 * READS_A_TURN);
}

bool capture_is_paused(const struct capture *capture)
{
    return capture->is_paused;
}

bool capture_has_ended(const struct capture *capture)
{
    return capture->has_ended;
}

void capture_cut_off(struct capture *capture)
{
    input_ended(capture);
    go_on(capture);
}

int64_t capture_bytes(const struct capture *capture)
{
    return capture->read_bytes;
}

bool capture_is_cut(const struct capture *capture)
{
    return capture->cut_bytes > 0;
}

const struct error *capture_error(const struct capture *capture)
{
    return &capture->error;
}

void capture_show_tail(const struct capture *capture, struct text *text)
{
    tail_show(&capture->tail, text);
}

static void on_closed(uv_handle_t *handle)
{
    struct capture *capture = handle->data;
    close(capture->read_fd);
    redaction_free(capture->redaction);
    text_clear(&capture->redacted);
    text_clear(&capture->filling);
    tail_clear(&capture->tail);
    memory_free((char *)capture->options.path);
    memory_free(capture);
}

void capture_free(struct capture *capture)
{
    MUST(capture->has_ended && !capture->is_job_running && !capture->is_freed);
    capture->is_freed = true;
    uv_close((uv_handle_t *)&capture->poll, on_closed);
}
