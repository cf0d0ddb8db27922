/* guard_main_command_linux.c - the start of a command, as vfork does it: the child borrows the guard's memory
 * until it executes, so it costs no copy of anything, and writes what went wrong straight into `struct
 * launch`.
 *
 * Between clone and exec the child makes system calls only. The guard sleeps meanwhile. */
#include "process/guard_main.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define CHILD_STACK_BYTES 65536
static const char default_path[] = "/usr/local/bin:/usr/bin:/bin";

struct launch {
    const char *cwd;
    char **arguments; /* one free place before it, for the shell */
    char **variables;
    const char *path;                   /* value of PATH in the command's environment */
    int descriptors[GUARD_DESCRIPTORS]; /* as 0, 1, 2; -1: stays as the guard has it */
    bool has_terminal;
    uint64_t open_files;
    pid_t guard;
    enum guard_stage stage;
    int problem;
};

/* A script without a first line "#!" is a shell script, as for every shell. */
static void execute(const struct launch *launch, char *path)
{
    execve(path, launch->arguments, launch->variables);
    if (errno == ENOEXEC) {
        char **with_shell = launch->arguments - 1;
        static char shell[] = "/bin/sh";
        char *first = with_shell[1];
        with_shell[0] = shell;
        with_shell[1] = path;
        execve(shell, with_shell, launch->variables);
        with_shell[1] = first;
        errno = ENOEXEC;
    }
}

static bool is_there(const char *path)
{
    int before = errno;
    bool is = access(path, F_OK) == 0;
    errno = before;
    return is;
}

/* The next candidate of PATH: folder/name. NULL: no more, or too long. */
static const char *next_candidate(const char *rest, const char *name, char ret[PATH_MAX])
{
    size_t length = strcspn(rest, ":"), name_length = strlen(name);
    if (length + name_length + 2 > PATH_MAX) {
        ret[0] = '\0';
    } else if (length == 0) {
        memcpy(ret, name, name_length + 1); /* an empty part of PATH is the working directory */
    } else {
        memcpy(ret, rest, length);
        ret[length] = '/';
        memcpy(ret + length + 1, name, name_length + 1);
    }
    return rest[length] == ':' ? rest + length + 1 : NULL;
}

/* Returns only when nothing could be executed. */
static enum guard_stage execute_by_name(const struct launch *launch)
{
    char candidate[PATH_MAX];
    char *name = launch->arguments[0];
    if (strchr(name, '/') != NULL) {
        execute(launch, name);
        return errno == ENOENT && is_there(name) ? GUARD_NO_INTERPRETER : GUARD_NO_COMMAND;
    }
    enum guard_stage stage = GUARD_NO_COMMAND;
    int problem = ENOENT;
    for (const char *rest = launch->path; rest != NULL && *name != '\0';) {
        rest = next_candidate(rest, name, candidate);
        if (!is_there(candidate)) {
            continue; /* a look costs a fraction of a vain execve, and PATH is long */
        }
        execute(launch, candidate);
        if (errno == ENOENT) {
            stage = GUARD_NO_INTERPRETER;
        } else if (errno != ENOTDIR) {
            problem = errno;
            if (problem != EACCES) {
                break;
            }
        }
    }
    errno = problem;
    return problem == ENOENT ? stage : GUARD_NO_COMMAND;
}

static void give_back_limit(uint64_t open_files)
{
    struct rlimit limit;
    if (open_files > 0 && getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != open_files) {
        limit.rlim_cur = open_files;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* A session of its own has no terminal yet: job control and Ctrl-C come with this one. */
static bool take_streams(const struct launch *launch)
{
    for (int fd = 0; fd < GUARD_DESCRIPTORS; fd++) {
        if (launch->descriptors[fd] >= 0 && dup2(launch->descriptors[fd], fd) < 0) {
            return false;
        }
    }
    return !launch->has_terminal || ioctl(STDIN_FILENO, TIOCSCTTY, 0) == 0;
}

static int child_main(void *argument)
{
    struct launch *launch = argument;
    sigset_t none;
    sigemptyset(&none);
    setsid();
    /* The guard's own death must take the main process along; it may already have come. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != launch->guard) {
        _exit(127);
    }
    launch->stage = GUARD_NO_PROCESS;
    if (take_streams(launch)) {
        launch->stage = GUARD_NO_FOLDER;
        if (chdir(launch->cwd) == 0) {
            give_back_limit(launch->open_files);
            sigprocmask(SIG_SETMASK, &none, NULL);
            launch->stage = execute_by_name(launch);
        }
    }
    launch->problem = errno;
    _exit(127);
}

/* Fills `list` with `count` strings from *at on and a final NULL. */
static void split(char **list, uint32_t count, char **at)
{
    for (uint32_t i = 0; i < count; i++) {
        list[i] = *at;
        *at += strlen(*at) + 1;
    }
    list[count] = NULL;
}

static const char *find_path(char **variables)
{
    for (; *variables != NULL; variables++) {
        if (strncmp(*variables, "PATH=", 5) == 0) {
            return *variables + 5;
        }
    }
    return default_path;
}

bool guard_command_start(const struct guard_command *command, pid_t *ret_pid, enum guard_stage *ret_stage,
                         int *ret_problem)
{
    static char stack[CHILD_STACK_BYTES] __attribute__((aligned(64)));
    const struct guard_message *message = command->message;
    char **strings = calloc((size_t)message->argument_count + message->variable_count + 3, sizeof *strings);
    if (strings == NULL) {
        *ret_stage = GUARD_NO_PROCESS;
        *ret_problem = ENOMEM;
        return false;
    }
    char *at = command->payload;
    struct launch launch = {
        .cwd = at, .has_terminal = message->has_terminal != 0, .open_files = message->open_files};
    const int *given = command->descriptors;
    bool is_output_alone = given[1] < 0;
    const int streams[GUARD_DESCRIPTORS] = {is_output_alone ? -1 : given[0],
                                            is_output_alone ? given[0] : given[1],
                                            is_output_alone ? given[0] : given[2]};
    memcpy(launch.descriptors, streams, sizeof streams);
    at += strlen(at) + 1;
    launch.arguments = strings + 1;
    split(launch.arguments, message->argument_count, &at);
    launch.variables = launch.arguments + message->argument_count + 1;
    split(launch.variables, message->variable_count, &at);
    launch.path = find_path(launch.variables);
    launch.guard = getpid();
    pid_t pid = clone(child_main, stack + sizeof stack, CLONE_VM | CLONE_VFORK | SIGCHLD, &launch);
    int clone_problem = errno;
    free(strings);
    *ret_pid = pid;
    *ret_stage = pid < 0 ? GUARD_NO_PROCESS : launch.stage;
    *ret_problem = pid < 0 ? clone_problem : launch.problem;
    return pid > 0 && launch.problem == 0;
}
