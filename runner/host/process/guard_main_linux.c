/* guard_main_linux.c - itrun-guard: runs one command at a time for itrun, and lets nothing of it survive.
 *
 * As it is started, in a session of its own, it is a nursery: it forks a guard for each socket that itrun
 * sends, until its own socket ends.
 *
 *   IDLE --RUN--> RUNNING --main ended--> LINGERING --no descendant left, or 100 ms--> report --> IDLE
 *                    |                        |
 *                    +---- KILL, deadline ----+------> everything killed and reaped --> report --> IDLE
 *
 * It is the subreaper of all that the command starts, so whatever sets sessions and forks twice still ends
 * here. When the control socket ends, itrun is dead: TERM to all, a short grace, KILL, exit. When the lease's
 * deadline passes on CLOCK_BOOTTIME, everything is killed at once, whether itrun runs, is stopped or is gone:
 * the account may belong to somebody else a moment later. */
#include "process/guard_main.h"
#include "process/proc_tree_linux.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LINGER_MS                                                                                            \
    100 /* what outlives the main process may still end by itself: a `tee`, a closing worker                 \
         */
#define ORPHANED_GRACE_MS 500

struct guard {
    pid_t itrun;
    int signals, timer;
    pid_t main_pid; /* 0: idle */
    bool is_main_ended, is_kill_asked, is_orphaned, has_children;
    int64_t linger_until_ms, kill_at_ms; /* CLOCK_MONOTONIC */
    int64_t deadline_ms;                 /* CLOCK_BOOTTIME */
    struct guard_report report;
    char *payload;
    size_t payload_capacity;
    struct pid_list pids;
};

static int64_t read_clock_ms(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- reaping and killing ---- */

static void add_usage(struct guard *guard, const struct rusage *usage)
{
    struct guard_report *report = &guard->report;
    report->user_us += (int64_t)usage->ru_utime.tv_sec * 1000000 + usage->ru_utime.tv_usec;
    report->system_us += (int64_t)usage->ru_stime.tv_sec * 1000000 + usage->ru_stime.tv_usec;
    int64_t rss_bytes = (int64_t)usage->ru_maxrss * 1024;
    if (rss_bytes > report->max_rss_bytes) {
        report->max_rss_bytes = rss_bytes;
    }
}

static void note_ended(struct guard *guard, pid_t pid, int status, const struct rusage *usage,
                       bool is_sweeping)
{
    add_usage(guard, usage);
    if (pid == guard->main_pid) {
        guard->is_main_ended = true;
        guard->report.wait_status = status;
        guard->linger_until_ms = read_clock_ms(CLOCK_MONOTONIC) + LINGER_MS;
    } else if (is_sweeping && !guard->is_kill_asked && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) {
        guard->report.leaked_count++;
    }
}

static void reap(struct guard *guard, int options, bool is_sweeping)
{
    for (;;) {
        int status;
        struct rusage usage;
        pid_t pid = wait4(-1, &status, options, &usage);
        if (pid > 0) {
            note_ended(guard, pid, status, &usage, is_sweeping);
            options = WNOHANG;
        } else if (pid == 0 || errno != EINTR) {
            guard->has_children = pid == 0;
            return;
        }
    }
}

/* Ends when there is no child left: each death hands its children to this process, so none can hide below
 * another. */
static void sweep(struct guard *guard)
{
    reap(guard, WNOHANG, false);
    while (guard->has_children) {
        proc_tree_descendants(&guard->pids);
        for (size_t i = 0; i < guard->pids.count; i++) {
            kill(guard->pids.pids[i], SIGKILL);
        }
        reap(guard, 0, true);
    }
}

/* Each process gets it once: many take a second TERM for "now, and without tidying up". CONT wakes what is
 * stopped. */
static void terminate(struct guard *guard)
{
    pid_t group = guard->is_main_ended ? 0 : guard->main_pid;
    if (group > 0) {
        kill(-group, SIGTERM);
        kill(-group, SIGCONT);
    }
    proc_tree_descendants(&guard->pids);
    for (size_t i = 0; i < guard->pids.count; i++) {
        pid_t pid = guard->pids.pids[i];
        if (group == 0 || getpgid(pid) != group) {
            kill(pid, SIGTERM);
            kill(pid, SIGCONT);
        }
    }
}

/* ---- talking to itrun ---- */

static bool read_all(char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t count = recv(GUARD_CONTROL_FD, bytes, length, 0);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            return false;
        }
        bytes += count;
        length -= (size_t)count;
    }
    return true;
}

static void take_descriptors(struct msghdr *header, int ret_fds[GUARD_DESCRIPTORS])
{
    const struct cmsghdr *control = CMSG_FIRSTHDR(header);
    if (control != NULL && control->cmsg_level == SOL_SOCKET && control->cmsg_type == SCM_RIGHTS) {
        memcpy(ret_fds, CMSG_DATA(control), control->cmsg_len - CMSG_LEN(0));
    }
}

/* ret_fds stay as they are where fewer came. */
static bool read_with_descriptors(void *bytes, size_t length, int ret_fds[GUARD_DESCRIPTORS])
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(GUARD_DESCRIPTORS * sizeof(int))];
    } control;
    struct iovec place = {bytes, length};
    struct msghdr header = {
        .msg_iov = &place, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t count;
    do {
        count = recvmsg(GUARD_CONTROL_FD, &header, MSG_CMSG_CLOEXEC);
    } while (count < 0 && errno == EINTR);
    if (count <= 0) {
        return false;
    }
    take_descriptors(&header, ret_fds);
    return read_all((char *)bytes + count, length - (size_t)count);
}

static void send_report(struct guard *guard)
{
    const char *bytes = (const char *)&guard->report;
    size_t left = sizeof guard->report;
    while (left > 0) {
        ssize_t count = send(GUARD_CONTROL_FD, bytes, left, MSG_NOSIGNAL);
        if (count < 0 && errno != EINTR) {
            return; /* itrun is gone: the end of the socket says so too */
        }
        if (count > 0) {
            bytes += count;
            left -= (size_t)count;
        }
    }
}

/* ---- what happens ---- */

static void set_deadline(struct guard *guard, int64_t deadline_ms)
{
    if (deadline_ms == guard->deadline_ms) {
        return;
    }
    guard->deadline_ms = deadline_ms;
    struct itimerspec when = {0};
    if (deadline_ms != INT64_MAX) {
        int64_t at_ms = deadline_ms > 0 ? deadline_ms : 1;
        when.it_value.tv_sec = at_ms / 1000;
        when.it_value.tv_nsec = at_ms % 1000 * 1000000;
    }
    timerfd_settime(guard->timer, TFD_TIMER_ABSTIME, &when, NULL);
}

static bool is_too_late(const struct guard *guard)
{
    return guard->deadline_ms != INT64_MAX && read_clock_ms(CLOCK_BOOTTIME) >= guard->deadline_ms;
}

static void run(struct guard *guard, const struct guard_message *message, const int *descriptors)
{
    set_deadline(guard, message->deadline_ms);
    guard->report = (struct guard_report){.stage = GUARD_STARTED};
    guard->is_main_ended = guard->is_kill_asked = false;
    struct guard_command command = {message, guard->payload, descriptors};
    enum guard_stage stage = GUARD_TOO_LATE;
    int problem = 0;
    pid_t pid = 0;
    if (is_too_late(guard)) {
        guard->report.is_past_deadline = 1;
    } else if (guard_command_start(&command, &pid, &stage, &problem)) {
        guard->main_pid = pid;
        guard->has_children = true;
        return;
    }
    if (pid > 0) {
        waitpid(pid, NULL, 0);
    }
    guard->report.stage = (int32_t)stage;
    guard->report.problem = problem;
    send_report(guard);
}

static void orphaned(struct guard *guard)
{
    guard->is_orphaned = true;
    if (guard->main_pid != 0) {
        terminate(guard);
        guard->kill_at_ms = read_clock_ms(CLOCK_MONOTONIC) + ORPHANED_GRACE_MS;
    }
}

static bool reserve_payload(struct guard *guard, size_t length)
{
    if (length > guard->payload_capacity) {
        free(guard->payload);
        guard->payload = malloc(length);
        guard->payload_capacity = guard->payload == NULL ? 0 : length;
    }
    return length <= guard->payload_capacity;
}

static void on_control(struct guard *guard)
{
    struct guard_message message;
    int descriptors[GUARD_DESCRIPTORS] = {-1, -1, -1};
    if (!read_with_descriptors(&message, sizeof message, descriptors) ||
        !reserve_payload(guard, message.length) || !read_all(guard->payload, message.length)) {
        orphaned(guard);
        return;
    }
    switch (message.type) {
    case GUARD_RUN: run(guard, &message, descriptors); break;
    case GUARD_SET_DEADLINE: set_deadline(guard, message.deadline_ms); break;
    case GUARD_SIGNAL:
        if (guard->main_pid != 0 && message.signal == SIGKILL) {
            guard->is_kill_asked = true;
        } else if (guard->main_pid != 0) {
            terminate(guard);
        }
        break;
    default: break;
    }
    for (int i = 0; i < GUARD_DESCRIPTORS && descriptors[i] >= 0; i++) {
        close(descriptors[i]);
    }
}

static void on_timer(struct guard *guard)
{
    uint64_t expirations;
    if (read(guard->timer, &expirations, sizeof expirations) > 0 && guard->main_pid != 0 &&
        is_too_late(guard)) {
        guard->is_kill_asked = true;
        guard->report.is_past_deadline = 1;
    }
}

static void on_signals(struct guard *guard)
{
    struct signalfd_siginfo signals[4];
    ssize_t count = read(guard->signals, signals, sizeof signals);
    for (ssize_t i = 0; i < count / (ssize_t)sizeof *signals; i++) {
        /* PDEATHSIG arrives as TERM, after the guard got another parent; of anybody else's TERM it makes
         * nothing. */
        if (signals[i].ssi_signo == (uint32_t)SIGTERM && getppid() != guard->itrun && !guard->is_orphaned) {
            orphaned(guard);
        }
    }
    reap(guard, WNOHANG, false);
}

/* Whatever just happened: is the command over, and is there still something to guard? */
static void settle(struct guard *guard)
{
    int64_t now_ms = guard->linger_until_ms > 0 || guard->kill_at_ms > 0 ? read_clock_ms(CLOCK_MONOTONIC) : 0;
    if (guard->is_orphaned && now_ms >= guard->kill_at_ms) {
        guard->is_kill_asked = true;
    }
    bool is_over = guard->is_main_ended && (!guard->has_children || now_ms >= guard->linger_until_ms);
    if (guard->main_pid != 0 && (is_over || guard->is_kill_asked)) {
        sweep(guard);
        guard->main_pid = 0;
        guard->linger_until_ms = 0;
        send_report(guard);
    }
    if (guard->is_orphaned && guard->main_pid == 0) {
        _exit(0); /* what exit() would tidy up is shared with the nursery: each page of it would be copied */
    }
}

static int wait_ms(const struct guard *guard)
{
    int64_t until_ms = INT64_MAX;
    if (guard->main_pid != 0 && guard->is_main_ended) {
        until_ms = guard->linger_until_ms;
    }
    if (guard->is_orphaned && guard->kill_at_ms < until_ms) {
        until_ms = guard->kill_at_ms;
    }
    if (until_ms == INT64_MAX) {
        return -1;
    }
    int64_t left_ms = until_ms - read_clock_ms(CLOCK_MONOTONIC);
    return left_ms > 0 ? (int)left_ms : 0;
}

static void close_others(void)
{
    if (close_range(GUARD_CONTROL_FD + 1, ~0U, 0) == 0) {
        return;
    }
    struct rlimit limit;
    int end = getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < 65536 ? (int)limit.rlim_cur : 65536;
    for (int fd = GUARD_CONTROL_FD + 1; fd < end; fd++) {
        close(fd);
    }
}

/* posix_spawn leaves the two signals of the C library's own ignored; sigaction() refuses them. */
static void give_back_internal_signals(void)
{
    struct {
        void (*handler)(int);
        unsigned long flags;
        void (*restorer)(void);
        unsigned long mask;
    } plain = {.handler = SIG_DFL};
    for (int signal = 32; signal < 34; signal++) {
        syscall(SYS_rt_sigaction, signal, &plain, NULL, sizeof plain.mask);
    }
}

static bool prepare(struct guard *guard)
{
    guard->itrun = getppid();
    sigset_t awaited;
    sigemptyset(&awaited);
    sigaddset(&awaited, SIGCHLD);
    sigaddset(&awaited, SIGTERM);
    sigprocmask(SIG_SETMASK, &awaited, NULL);
    guard->signals = signalfd(-1, &awaited, SFD_CLOEXEC | SFD_NONBLOCK);
    guard->timer = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
    guard->deadline_ms = INT64_MAX;
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    return guard->signals >= 0 && guard->timer >= 0 && prctl(PR_SET_CHILD_SUBREAPER, 1) == 0;
}

static int guard_main(void)
{
    static struct guard guard;
    if (!prepare(&guard)) {
        return 1;
    }
    for (;;) {
        struct pollfd watched[] = {{.fd = guard.is_orphaned ? -1 : GUARD_CONTROL_FD, .events = POLLIN},
                                   {.fd = guard.signals, .events = POLLIN},
                                   {.fd = guard.timer, .events = POLLIN}};
        if (poll(watched, 3, wait_ms(&guard)) < 0) {
            continue;
        }
        if (watched[1].revents != 0) {
            on_signals(&guard);
        }
        if (watched[2].revents != 0) {
            on_timer(&guard);
        }
        if (watched[0].revents != 0) {
            on_control(&guard);
        }
        settle(&guard);
    }
}

/* Forks a guard that is itrun's child, not the nursery's. In the guard: true. */
static bool fork_guard(int socket)
{
    int32_t answer = (int32_t)syscall(SYS_clone, CLONE_PARENT | SIGCHLD, NULL, NULL, NULL, NULL);
    if (answer == 0) {
        dup3(socket, GUARD_CONTROL_FD, O_CLOEXEC);
        close(socket);
        return true;
    }
    answer = answer < 0 ? -errno : answer;
    close(socket);
    send(GUARD_CONTROL_FD, &answer, sizeof answer, MSG_NOSIGNAL);
    return false;
}

int main(int argc, char **argv)
{
    if (argc != 2 || strcmp(argv[1], GUARD_VERSION) != 0) {
        return GUARD_EXIT_VERSION;
    }
    close_others();
    give_back_internal_signals();
    fcntl(GUARD_CONTROL_FD, F_SETFD, FD_CLOEXEC);
    prctl(PR_SET_NAME, "itrun-guard");
    for (;;) {
        char request;
        int descriptors[GUARD_DESCRIPTORS] = {-1, -1, -1};
        if (!read_with_descriptors(&request, 1, descriptors)) {
            return 0;
        }
        if (descriptors[0] >= 0 && fork_guard(descriptors[0])) {
            return guard_main();
        }
    }
}
