#include "process/handover_uv.h"
#include "itrun/base/memory.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include <uv.h>

#define RELAY_BYTES 16384

/* One direction; nothing more is read while something waits to be written. */
struct flow {
    char bytes[RELAY_BYTES];
    size_t offset, length;
};

struct handover {
    uv_loop_t *loop;
    void (*ended)(void *context);
    void *context;
    bool has_terminal, is_raw, is_over, is_closing;
    int tty, master, far_side; /* tty: an opening of our own, so that O_NONBLOCK stays ours */
    struct termios before;
    uv_poll_t tty_poll, master_poll;
    uv_signal_t resized;
    int open_handles;
    struct flow in, out; /* person to command, command to person */
};

static void give_terminal_back(struct handover *handover)
{
    if (handover->is_raw) {
        handover->is_raw = false;
        tcsetattr(handover->tty, TCSADRAIN, &handover->before);
    }
}

/* ---- the relay ---- */

static bool is_waiting(const struct flow *flow)
{
    return flow->offset < flow->length;
}

/* False: the source has ended. */
static bool fill(struct flow *flow, int fd)
{
    ssize_t count = read(fd, flow->bytes, sizeof flow->bytes);
    if (count <= 0) {
        return count < 0 && (errno == EAGAIN || errno == EINTR);
    }
    flow->offset = 0;
    flow->length = (size_t)count;
    return true;
}

/* False: nobody takes it any more. */
static bool drain(struct flow *flow, int fd)
{
    while (is_waiting(flow)) {
        ssize_t count = write(fd, flow->bytes + flow->offset, flow->length - flow->offset);
        if (count < 0 && errno != EINTR) {
            return errno == EAGAIN;
        }
        flow->offset += count > 0 ? (size_t)count : 0;
    }
    return true;
}

static void on_tty(uv_poll_t *poll, int status, int events);
static void on_master(uv_poll_t *poll, int status, int events);

static void attend_to(uv_poll_t *poll, bool may_read, bool must_write, uv_poll_cb heard)
{
    int events = (may_read ? UV_READABLE : 0) | (must_write ? UV_WRITABLE : 0);
    if (events != 0) {
        MUST(uv_poll_start(poll, events, heard) == 0);
    } else {
        uv_poll_stop(poll);
    }
}

static void attend(struct handover *handover)
{
    bool is_in_waiting = is_waiting(&handover->in), is_out_waiting = is_waiting(&handover->out);
    attend_to(&handover->tty_poll, !is_in_waiting, is_out_waiting, on_tty);
    attend_to(&handover->master_poll, !is_out_waiting, is_in_waiting, on_master);
}

static void stop(struct handover *handover)
{
    handover->is_over = true;
    if (handover->has_terminal) {
        uv_poll_stop(&handover->tty_poll);
        uv_poll_stop(&handover->master_poll);
        uv_signal_stop(&handover->resized);
    }
    give_terminal_back(handover);
}

static void finish(struct handover *handover)
{
    stop(handover);
    if (handover->ended != NULL) {
        handover->ended(handover->context); /* may close it */
    }
}

static void on_tty(uv_poll_t *poll, int status, int events)
{
    struct handover *handover = poll->data;
    bool is_alive = status == 0;
    if (is_alive && (events & UV_WRITABLE) != 0) {
        is_alive = drain(&handover->out, handover->tty);
    }
    if (is_alive && (events & UV_READABLE) != 0 && !is_waiting(&handover->in)) {
        is_alive = fill(&handover->in, handover->tty);
        (void)drain(&handover->in, handover->master);
    }
    if (!is_alive) { /* the person's terminal is gone: the command's goes too */
        handover_hang_up(handover);
        finish(handover);
        return;
    }
    attend(handover);
}

static void on_master(uv_poll_t *poll, int status, int events)
{
    struct handover *handover = poll->data;
    if (status == 0 && (events & UV_WRITABLE) != 0) {
        (void)drain(&handover->in, handover->master);
    }
    if ((status != 0 || (events & UV_READABLE) != 0) && !is_waiting(&handover->out)) {
        if (!fill(&handover->out, handover->master)) { /* EIO: the last process that had it is gone */
            finish(handover);
            return;
        }
        if (!drain(&handover->out, handover->tty)) {
            finish(handover);
            return;
        }
    }
    attend(handover);
}

static void copy_size(const struct handover *handover)
{
    struct winsize size;
    if (ioctl(handover->tty, TIOCGWINSZ, &size) == 0) {
        ioctl(handover->master, TIOCSWINSZ, &size);
    }
}

static void on_resized(uv_signal_t *signal, int number)
{
    (void)number;
    copy_size(signal->data);
}

/* ---- opening ---- */

static bool open_pair(struct handover *handover, struct error *error)
{
    const char *mine = ttyname(STDIN_FILENO);
    handover->tty = open(mine != NULL ? mine : "/dev/tty", O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (handover->tty < 0 || tcgetattr(handover->tty, &handover->before) != 0) {
        return file_error(error, errno, "open", "the terminal");
    }
    handover->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    char name[64];
    if (handover->master < 0 || grantpt(handover->master) != 0 || unlockpt(handover->master) != 0 ||
        ptsname_r(handover->master, name, sizeof name) != 0) {
        return file_error(error, errno, "make", "a pseudo-terminal");
    }
    handover->far_side = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (handover->far_side < 0) {
        return file_error(error, errno, "open", name);
    }
    tcsetattr(handover->far_side, TCSANOW, &handover->before); /* its erase key, its flow control */
    copy_size(handover);
    return true;
}

static void start_relay(struct handover *handover)
{
    struct termios raw = handover->before;
    cfmakeraw(&raw);
    tcsetattr(handover->tty, TCSADRAIN, &raw);
    handover->is_raw = true;
    MUST(uv_poll_init(handover->loop, &handover->tty_poll, handover->tty) == 0);
    MUST(uv_poll_init(handover->loop, &handover->master_poll, handover->master) == 0);
    MUST(uv_signal_init(handover->loop, &handover->resized) == 0);
    handover->tty_poll.data = handover->master_poll.data = handover->resized.data = handover;
    handover->open_handles = 3;
    uv_signal_start(&handover->resized, on_resized, SIGWINCH);
    attend(handover);
}

static void handover_free(struct handover *handover)
{
    const int fds[] = {handover->tty, handover->master, handover->far_side};
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++) {
        if (fds[i] >= 0) {
            close(fds[i]);
        }
    }
    memory_free(handover);
}

struct handover *handover_new(uv_loop_t *loop, void (*ended)(void *context), void *context,
                              int ret_streams[GUARD_DESCRIPTORS], struct error *error)
{
    struct handover *handover = memory_new(sizeof *handover);
    handover->loop = loop;
    handover->ended = ended;
    handover->context = context;
    handover->tty = handover->master = handover->far_side = -1;
    handover->has_terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
    handover->is_over = !handover->has_terminal; /* nothing of theirs passes through us */
    if (handover->has_terminal && !open_pair(handover, error)) {
        handover_free(handover);
        return NULL;
    }
    if (handover->has_terminal) {
        start_relay(handover);
    }
    for (int fd = 0; fd < GUARD_DESCRIPTORS; fd++) {
        ret_streams[fd] = handover->has_terminal ? handover->far_side : fd;
    }
    /* `itrun shell 2>log` on a terminal: errors go where they were sent */
    if (handover->has_terminal && !isatty(STDERR_FILENO)) {
        ret_streams[STDERR_FILENO] = STDERR_FILENO;
    }
    return handover;
}

bool handover_has_terminal(const struct handover *handover)
{
    return handover->has_terminal;
}

void handover_sent(struct handover *handover)
{
    if (handover->far_side >= 0) {
        close(handover->far_side);
        handover->far_side = -1;
    }
}

bool handover_has_ended(const struct handover *handover)
{
    return handover->is_over;
}

/* ---- ending ---- */

static void on_closed(uv_handle_t *handle)
{
    struct handover *handover = handle->data;
    if (--handover->open_handles == 0) {
        handover_free(handover);
    }
}

void handover_hang_up(struct handover *handover)
{
    stop(handover);
    if (handover->master >= 0 && !uv_is_closing((uv_handle_t *)&handover->master_poll)) {
        /* The handle stays until close; what the kernel hears is that the terminal is gone. */
        int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
        if (nowhere >= 0) {
            dup3(nowhere, handover->master, O_CLOEXEC);
            close(nowhere);
        }
    }
}

void handover_close(struct handover *handover)
{
    handover->ended = NULL;
    stop(handover);
    if (!handover->has_terminal) {
        handover_free(handover);
        return;
    }
    uv_close((uv_handle_t *)&handover->tty_poll, on_closed);
    uv_close((uv_handle_t *)&handover->master_poll, on_closed);
    uv_close((uv_handle_t *)&handover->resized, on_closed);
}
