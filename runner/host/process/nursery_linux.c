#include "process/nursery_linux.h"
#include "itrun/base/memory.h"
#include "itrun/base/text.h"
#include "process/guard_wire.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_SECONDS 10
/* Guards asked for before they are needed: on a busy machine a fork is answered as late as the loop is
 * through with ten lanes. */
#define AHEAD 16

struct nursery {
    char *guard_path, *cookie;
    pid_t pid; /* 0: none */
    int socket;
    size_t expected_count, asked_count;
    struct unborn {  /* a guard asked for, in the order of asking */
        int socket;  /* our end */
        int32_t pid; /* 0: not answered yet; less: minus an errno */
    } unborn[AHEAD];
    size_t unborn_count;
};

struct nursery *nursery_new(const char *guard_path, const char *cookie)
{
    struct nursery *nursery = memory_new(sizeof *nursery);
    nursery->guard_path = memory_copy_string(guard_path);
    nursery->cookie = memory_copy_string(cookie);
    nursery->socket = -1;
    return nursery;
}

/* Ends it; its wait status. */
static int nursery_end(struct nursery *nursery)
{
    int status = 0;
    for (size_t i = 0; i < nursery->unborn_count; i++) {
        close(nursery->unborn[i].socket); /* one that was born ends by this */
    }
    close(nursery->socket);
    nursery->socket = -1;
    if (waitpid(nursery->pid, &status, WNOHANG) == 0) {
        kill(nursery->pid, SIGKILL);
        waitpid(nursery->pid, &status, 0);
    }
    nursery->pid = 0;
    for (size_t i = 0; i < nursery->unborn_count; i++) {
        if (nursery->unborn[i].pid > 0) {
            waitpid(nursery->unborn[i].pid, NULL, 0);
        }
    }
    nursery->asked_count -= nursery->unborn_count;
    nursery->unborn_count = 0;
    return status;
}

static bool no_guard(const struct nursery *nursery, int problem, struct error *error)
{
    /* Whatever it is, no suite is to blame: never GONE or DENIED. */
    error_set(error, ERROR_IO, "cannot start the guard %s: %s", nursery->guard_path, strerror(problem));
    if (problem == EMFILE || problem == ENFILE) {
        return error_hint(error, "raise the limit on open files (ulimit -n), or run fewer at once (--jobs)");
    }
    if (problem == EAGAIN || problem == ENOMEM) {
        return error_hint(error, "run fewer at once (--jobs), or raise the limit on processes (ulimit -u)");
    }
    return error_hint(error, "itrun-guard belongs beside itrun: install both");
}

/* Socket at 3, nothing else of ours (the rest is close-on-exec, and the guard closes what is not), default
 * signals, a session of its own. The cookie stands in its environment, so that a census counts guards too. */
static int spawn_nursery(struct nursery *nursery, int socket)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
    posix_spawn_file_actions_adddup2(&actions, socket, GUARD_CONTROL_FD);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    struct text cookie = {0};
    text_append_format(&cookie, "ITRUN_COOKIE=%s", nursery->cookie);
    static char name[] = "itrun-guard", version[] = GUARD_VERSION;
    char *arguments[] = {name, version, NULL};
    char *variables[] = {cookie.bytes, NULL};
    pid_t pid = 0;
    int result = posix_spawn(&pid, nursery->guard_path, &actions, &attributes, arguments, variables);
    text_clear(&cookie);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    if (result == 0) {
        nursery->pid = pid;
    }
    return result;
}

static bool nursery_start(struct nursery *nursery, struct error *error)
{
    int sockets[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0) {
        return no_guard(nursery, errno, error);
    }
    int problem = spawn_nursery(nursery, sockets[1]);
    close(sockets[1]);
    if (problem != 0) {
        close(sockets[0]);
        return no_guard(nursery, problem, error);
    }
    nursery->socket = sockets[0];
    const struct timeval patience = {.tv_sec = PATIENCE_SECONDS};
    setsockopt(nursery->socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    return true;
}

static bool send_socket(const struct nursery *nursery, int socket)
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {0};
    char request = 'g';
    struct iovec part = {&request, 1};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof socket);
    memcpy(CMSG_DATA(rights), &socket, sizeof socket);
    ssize_t count;
    do {
        count = sendmsg(nursery->socket, &message, MSG_NOSIGNAL);
    } while (count < 0 && errno == EINTR);
    return count > 0;
}

/* One more guard, whose answer is not waited for. False: the nursery is not
 * there, or errno says why. */
static bool ask(struct nursery *nursery)
{
    int sockets[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0) {
        return false;
    }
    bool is_sent = send_socket(nursery, sockets[1]);
    close(sockets[1]);
    if (!is_sent) {
        close(sockets[0]);
        errno = 0;
        return false;
    }
    nursery->unborn[nursery->unborn_count++] = (struct unborn){.socket = sockets[0]};
    nursery->asked_count++;
    return true;
}

/* Waits for the answer to the unborn guard at `index`, those before it having
 * theirs. False: no nursery. */
static bool hear(struct nursery *nursery, size_t index)
{
    int32_t *answer = &nursery->unborn[index].pid;
    ssize_t count = sizeof *answer;
    while (*answer == 0 &&
           ((count = recv(nursery->socket, answer, sizeof *answer, MSG_WAITALL)) < 0 && errno == EINTR)) {
    }
    return count == (ssize_t)sizeof *answer && *answer != 0;
}

bool nursery_owns(struct nursery *nursery, pid_t pid)
{
    for (size_t i = 0; i < nursery->unborn_count && hear(nursery, i); i++) {
        if (nursery->unborn[i].pid == pid) {
            return true;
        }
    }
    return nursery->pid != 0 && nursery->pid == pid;
}

void nursery_free(struct nursery *nursery)
{
    for (size_t i = 0; i < nursery->unborn_count && hear(nursery, i); i++) {
    }
    if (nursery->pid != 0) {
        nursery_end(nursery);
    }
    memory_free(nursery->guard_path);
    memory_free(nursery->cookie);
    memory_free(nursery);
}

void nursery_expect(struct nursery *nursery, size_t count)
{
    nursery->expected_count = count;
}

/* The oldest one becomes the caller's. */
static bool take_guard(struct nursery *nursery, int *ret_socket, pid_t *ret_pid, struct error *error)
{
    struct unborn oldest = nursery->unborn[0];
    nursery->unborn_count--;
    memmove(nursery->unborn, nursery->unborn + 1, nursery->unborn_count * sizeof oldest);
    if (oldest.pid < 0) {
        close(oldest.socket);
        return no_guard(nursery, -oldest.pid, error);
    }
    *ret_socket = oldest.socket;
    *ret_pid = oldest.pid;
    return true;
}

static bool nursery_broke(struct nursery *nursery, int status, struct error *error)
{
    if (WIFEXITED(status) && WEXITSTATUS(status) == GUARD_EXIT_VERSION) {
        error_set(error, ERROR_BUG, "%s is of another version than itrun", nursery->guard_path);
        return error_hint(error, "install both together");
    }
    error_set(error, ERROR_IO, "the guard %s does not start guards (wait status %d)", nursery->guard_path,
              status);
    return error_hint(error, "itrun-guard belongs beside itrun: install both");
}

bool nursery_fork_guard(struct nursery *nursery, int *ret_socket, pid_t *ret_pid, struct error *error)
{
    int status = 0;
    /* A second try: the nursery may have been killed long ago. */
    for (int tries = 0; tries < 2; tries++) {
        if (nursery->pid == 0 && !nursery_start(nursery, error)) {
            return false;
        }
        bool is_there = nursery->unborn_count > 0 || ask(nursery);
        if (!is_there && errno != 0) {
            return no_guard(nursery, errno, error);
        }
        while (is_there && nursery->unborn_count < AHEAD && nursery->asked_count < nursery->expected_count &&
               ask(nursery)) {
        }
        if (is_there && hear(nursery, 0)) {
            return take_guard(nursery, ret_socket, ret_pid, error);
        }
        status = nursery_end(nursery);
    }
    return nursery_broke(nursery, status, error);
}
