/* guard_uv.c - the socket and the pidfd of one guard on the loop.
 *
 * Sending never blocks: what the socket does not take waits in `outgoing`, and goes when it is writable
 * again. */
#include "process/guard_uv.h"
#include "itrun/base/memory.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

struct guard {
    uv_poll_t socket_poll, pid_poll;
    struct guard_options options;
    pid_t pid;
    int socket, pidfd;
    bool is_socket_open, is_dead;
    int wait_status;
    int open_handles;
    struct text outgoing;
    size_t outgoing_offset;
    int outgoing_fds[GUARD_DESCRIPTORS]; /* our copies, ride on the next byte */
    size_t outgoing_fd_count;
    struct guard_report incoming;
    size_t incoming_length;
};

static void on_socket(uv_poll_t *poll, int status, int events);
static void on_pid(uv_poll_t *poll, int status, int events);

static void watch(struct guard *guard)
{
    uv_loop_t *loop = guard->options.loop;
    guard->socket_poll.data = guard->pid_poll.data = guard;
    MUST(uv_poll_init(loop, &guard->socket_poll, guard->socket) == 0);
    MUST(uv_poll_init(loop, &guard->pid_poll, guard->pidfd) == 0);
    MUST(uv_poll_start(&guard->socket_poll, UV_READABLE, on_socket) == 0);
    MUST(uv_poll_start(&guard->pid_poll, UV_READABLE, on_pid) == 0);
    guard->is_socket_open = true;
    guard->open_handles = 2;
}

struct guard *guard_start(struct nursery *nursery, const struct guard_options *options, struct error *error)
{
    int socket, pidfd;
    pid_t pid;
    if (!nursery_fork_guard(nursery, &socket, &pid, error)) {
        return NULL;
    }
    pidfd = (int)syscall(SYS_pidfd_open, pid, 0); /* close-on-exec by itself */
    if (pidfd < 0) {
        file_error(error, errno, "watch", "a guard");
        close(socket); /* it ends by this */
        waitpid(pid, NULL, 0);
        return NULL;
    }
    struct guard *guard = memory_new(sizeof *guard);
    guard->options = *options;
    guard->pid = pid;
    guard->socket = socket;
    guard->pidfd = pidfd;
    watch(guard);
    return guard;
}

pid_t guard_pid(const struct guard *guard)
{
    return guard->pid;
}

/* ---- sending ---- */

static ssize_t send_some(int socket, struct iovec *parts, size_t count, const int *fds, size_t fd_count)
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(GUARD_DESCRIPTORS * sizeof(int))];
    } control = {0};
    struct msghdr header = {.msg_iov = parts, .msg_iovlen = count};
    if (fd_count > 0) {
        header.msg_control = &control;
        header.msg_controllen = CMSG_SPACE(fd_count * sizeof *fds);
        struct cmsghdr *message = CMSG_FIRSTHDR(&header);
        message->cmsg_level = SOL_SOCKET;
        message->cmsg_type = SCM_RIGHTS;
        message->cmsg_len = CMSG_LEN(fd_count * sizeof *fds);
        memcpy(CMSG_DATA(message), fds, fd_count * sizeof *fds);
    }
    ssize_t sent;
    do {
        sent = sendmsg(socket, &header, MSG_NOSIGNAL | MSG_DONTWAIT);
    } while (sent < 0 && errno == EINTR);
    return sent;
}

static void drop_copies(struct guard *guard)
{
    while (guard->outgoing_fd_count > 0) {
        close(guard->outgoing_fds[--guard->outgoing_fd_count]);
    }
}

static void drop_outgoing(struct guard *guard)
{
    text_clear(&guard->outgoing);
    guard->outgoing_offset = 0;
    drop_copies(guard);
}

static void flush_outgoing(struct guard *guard)
{
    while (guard->outgoing_offset < guard->outgoing.length) {
        struct iovec part = {guard->outgoing.bytes + guard->outgoing_offset,
                             guard->outgoing.length - guard->outgoing_offset};
        ssize_t sent = send_some(guard->socket, &part, 1, guard->outgoing_fds, guard->outgoing_fd_count);
        if (sent < 0 && errno == EAGAIN) {
            return;
        }
        if (sent < 0) {
            break; /* the guard is dying: died() will say so */
        }
        guard->outgoing_offset += (size_t)sent;
        drop_copies(guard);
    }
    drop_outgoing(guard);
    MUST(uv_poll_start(&guard->socket_poll, UV_READABLE, on_socket) == 0);
}

/* The descriptors are ours to send, not to close: copies are made where they have to wait. */
static void send_or_queue(struct guard *guard, const struct guard_message *message, const char *payload,
                          const int *fds, size_t fd_count)
{
    if (!guard->is_socket_open) {
        return;
    }
    struct iovec parts[2] = {{(void *)message, sizeof *message}, {(void *)payload, message->length}};
    size_t total = sizeof *message + message->length, sent = 0;
    if (guard->outgoing.length == 0) {
        ssize_t result = send_some(guard->socket, parts, message->length > 0 ? 2 : 1, fds, fd_count);
        if (result < 0 && errno != EAGAIN) {
            return;
        }
        sent = result > 0 ? (size_t)result : 0;
    }
    if (sent == total) {
        return;
    }
    for (size_t i = 0; sent == 0 && i < fd_count; i++) {
        int copy = fcntl(fds[i], F_DUPFD_CLOEXEC, 0);
        if (copy >= 0) {
            guard->outgoing_fds[guard->outgoing_fd_count++] = copy;
        }
    }
    if (sent < sizeof *message) {
        text_append_bytes(&guard->outgoing, (const char *)message + sent, sizeof *message - sent);
        sent = sizeof *message;
    }
    if (sent < total) {
        text_append_bytes(&guard->outgoing, payload + (sent - sizeof *message), total - sent);
    }
    MUST(uv_poll_start(&guard->socket_poll, UV_READABLE | UV_WRITABLE, on_socket) == 0);
}

void guard_run(struct guard *guard, struct guard_message *message, const struct text *payload,
               const int *descriptors, size_t descriptor_count)
{
    message->type = GUARD_RUN;
    message->length = (uint32_t)payload->length;
    send_or_queue(guard, message, payload->bytes, descriptors, descriptor_count);
}

void guard_signal(struct guard *guard, int signal)
{
    struct guard_message message = {.type = GUARD_SIGNAL, .signal = signal};
    send_or_queue(guard, &message, NULL, NULL, 0);
}

void guard_set_deadline(struct guard *guard, int64_t deadline_ms)
{
    struct guard_message message = {.type = GUARD_SET_DEADLINE, .deadline_ms = deadline_ms};
    send_or_queue(guard, &message, NULL, NULL, 0);
}

void guard_kill(struct guard *guard)
{
    if (!guard->is_dead) {
        kill(guard->pid, SIGKILL);
    }
}

/* ---- ending ---- */

static void on_closed(uv_handle_t *handle)
{
    struct guard *guard = handle->data;
    close(handle == (uv_handle_t *)&guard->socket_poll ? guard->socket : guard->pidfd);
    if (--guard->open_handles == 0) {
        memory_free(guard);
    }
}

static void close_socket(struct guard *guard)
{
    if (guard->is_socket_open) {
        guard->is_socket_open = false;
        drop_outgoing(guard);
        /* Now, not when the handle is closed: the guard waits for it. */
        shutdown(guard->socket, SHUT_RDWR);
        uv_close((uv_handle_t *)&guard->socket_poll, on_closed);
    }
}

void guard_leave(struct guard *guard)
{
    if (!guard->is_dead) {
        close_socket(guard);
    }
}

/* ---- listening ---- */

static void read_reports(struct guard *guard)
{
    while (guard->is_socket_open) {
        char *place = (char *)&guard->incoming + guard->incoming_length;
        ssize_t count =
            recv(guard->socket, place, sizeof guard->incoming - guard->incoming_length, MSG_DONTWAIT);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0 && errno == EAGAIN) {
            return;
        }
        if (count <= 0) {
            /* Its end: the guard is dying, which the pidfd tells better. */
            uv_poll_stop(&guard->socket_poll);
            return;
        }
        guard->incoming_length += (size_t)count;
        if (guard->incoming_length == sizeof guard->incoming) {
            struct guard_report report = guard->incoming;
            guard->incoming_length = 0;
            guard->options.ended(guard->options.context, &report);
            return; /* one command, one report: a second look would find nothing */
        }
    }
}

static void on_socket(uv_poll_t *poll, int status, int events)
{
    struct guard *guard = poll->data;
    if (status == 0 && (events & UV_WRITABLE) != 0) {
        flush_outgoing(guard);
    }
    if (status != 0 || (events & UV_READABLE) != 0) {
        read_reports(guard);
    }
}

static void on_pid(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    struct guard *guard = poll->data;
    if (waitpid(guard->pid, &guard->wait_status, WNOHANG) != guard->pid) {
        return;
    }
    guard->is_dead = true;
    read_reports(guard); /* what it said before it died counts */
    close_socket(guard);
    uv_close((uv_handle_t *)&guard->pid_poll, on_closed);
    guard->options.died(guard->options.context, guard->wait_status);
}
