#include "terminal.h"
#include "itrun/loop.h"
#include <errno.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define GATHER_MS 5 /* lines come in bursts: one write for many costs the loop one wake of the thread */

static void write_all(void *context)
{
    struct terminal *terminal = context;
    const char *bytes = terminal->writing.bytes;
    size_t length = terminal->writing.length;
    while (length > 0) {
        ssize_t written = write(terminal->descriptor, bytes, length);
        if (written > 0) {
            bytes += written;
            length -= (size_t)written;
        } else if (errno == EAGAIN) {
            struct pollfd ready = {.fd = terminal->descriptor, .events = POLLOUT};
            (void)poll(&ready, 1, 1000);
        } else if (errno != EINTR) {
            return;
        }
    }
}

static void written(void *context);

static void write_next(struct terminal *terminal)
{
    terminal->is_writing = terminal->waiting.length > 0;
    terminal->out.is_behind = terminal->is_writing;
    if (terminal->is_writing) {
        text_clear(&terminal->writing);
        terminal->writing = terminal->waiting;
        terminal->waiting = (struct text){0};
        worker_submit(terminal->worker, write_all, written, terminal);
    }
}

static void written(void *context)
{
    write_next(context);
}

static void gathered(uv_timer_t *timer)
{
    struct terminal *terminal = timer->data;
    terminal->is_due = false;
    write_next(terminal);
}

static bool append(struct out *out, const char *bytes, size_t length, struct error *error)
{
    (void)error;
    struct terminal *terminal = (struct terminal *)out;
    text_append_bytes(&terminal->waiting, bytes, length);
    if (!terminal->is_writing && !terminal->is_due) {
        terminal->is_due = true;
        uv_timer_start(&terminal->gather, gathered, GATHER_MS, 0);
    }
    return true;
}

static struct winsize size_of(const struct out *out)
{
    const struct terminal *terminal = (const struct terminal *)out;
    struct winsize size = {0};
    (void)ioctl(terminal->descriptor, TIOCGWINSZ, &size);
    return size;
}

static int columns(struct out *out)
{
    return size_of(out).ws_col;
}

static int rows(struct out *out)
{
    return size_of(out).ws_row;
}

bool terminal_open(struct terminal *terminal, uv_loop_t *loop, int descriptor, struct error *error)
{
    *terminal = (struct terminal){
        .out = {.append = append, .is_terminal = isatty(descriptor) == 1, .columns = columns, .rows = rows},
        .loop = loop,
        .descriptor = descriptor,
        .worker = worker_new(loop, "terminal", error),
    };
    terminal->gather.data = terminal;
    return terminal->worker != NULL && uv_timer_init(loop, &terminal->gather) == 0;
}

static void worker_closed(void *context)
{
    struct terminal *terminal = context;
    terminal->closing--;
}

static void timer_closed(uv_handle_t *handle)
{
    worker_closed(handle->data);
}

void terminal_close(struct terminal *terminal)
{
    if (terminal->worker == NULL) {
        return;
    }
    while (terminal->is_writing || terminal->is_due) {
        uv_run(terminal->loop, UV_RUN_ONCE);
    }
    terminal->closing = 2;
    uv_close((uv_handle_t *)&terminal->gather, timer_closed);
    worker_close(terminal->worker, worker_closed, terminal);
    while (terminal->closing > 0) {
        uv_run(terminal->loop, UV_RUN_ONCE);
    }
    text_clear(&terminal->waiting);
    text_clear(&terminal->writing);
}
