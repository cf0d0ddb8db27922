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

struct nursery {
    char *guard_path, *cookie;
    pid_t pid; /* 0: none */
    int socket;
};

struct nursery *nursery_new(const char *guard_path, const char *cookie)
{
    struct nursery *nursery = memory_new(sizeof *nursery);
    nursery->guard_path = memory_copy_string(guard_path);
    nursery->cookie = memory_copy_string(cookie);
    nursery->socket = -1;
    return nursery;
}

pid_t nursery_pid(const struct nursery *nursery)
{
    return nursery->pid;
}

/* Ends it; its wait status. */
static int nursery_end(struct nursery *nursery)
{
    int status = 0;
    close(nursery->socket);
    nursery->socket = -1;
    if (waitpid(nursery->pid, &status, WNOHANG) == 0) {
        kill(nursery->pid, SIGKILL);
        waitpid(nursery->pid, &status, 0);
    }
    nursery->pid = 0;
    return status;
}

void nursery_free(struct nursery *nursery)
{
    if (nursery->pid != 0) {
        nursery_end(nursery);
    }
    memory_free(nursery->guard_path);
    memory_free(nursery->cookie);
    memory_free(nursery);
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

/* Asks, and waits for the answer: a pid, or less an errno. False: it is not there. */
static bool ask(const struct nursery *nursery, int socket, int32_t *ret_answer)
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
    while (count > 0) {
        count = recv(nursery->socket, ret_answer, sizeof *ret_answer, MSG_WAITALL);
        if (count >= 0 || errno != EINTR) {
            break;
        }
        count = 1;
    }
    return count == (ssize_t)sizeof *ret_answer;
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

bool nursery_fork_guard(struct nursery *nursery, int socket, pid_t *ret_pid, struct error *error)
{
    int status = 0;
    /* A second try: the nursery may have been killed long ago. */
    for (int tries = 0; tries < 2; tries++) {
        if (nursery->pid == 0 && !nursery_start(nursery, error)) {
            return false;
        }
        int32_t answer = 0;
        if (ask(nursery, socket, &answer)) {
            *ret_pid = answer;
            return answer > 0 || no_guard(nursery, -answer, error);
        }
        status = nursery_end(nursery);
    }
    return nursery_broke(nursery, status, error);
}
