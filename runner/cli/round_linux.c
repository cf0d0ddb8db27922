#include "round_linux.h"
#include "itrun/base/memory.h"
#include "itrun/loop.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

struct argv {
    char **list;
    size_t count, capacity;
};

static void add_word(struct argv *argv, const char *word)
{
    argv->list = memory_grow(argv->list, argv->count, &argv->capacity, sizeof *argv->list);
    argv->list[argv->count++] = word != NULL ? memory_copy_string(word) : NULL;
}

static void add_option(void *context, const char *word)
{
    add_word(context, word);
}

static void make_argv(struct argv *argv, const char *program, const struct options *options,
                      const struct map *names)
{
    struct options again = *options;
    again.is_watch = false;
    if (names != NULL) {
        again.filter = again.tag = NULL;
    }
    add_word(argv, program);
    add_word(argv, "run");
    add_word(argv, "--failed-first");
    command_line_again(&again, GROUP_ALWAYS | GROUP_SELECT | GROUP_RUN | GROUP_REPORTS, add_option, argv);
    add_word(argv, "--");
    for (size_t i = 0; names != NULL && i < map_count(names); i++) {
        add_word(argv, map_key(names, i));
    }
    for (size_t i = 0; names == NULL && i < options->word_count; i++) {
        add_word(argv, options->words[i]);
    }
    add_word(argv, NULL); /* ends it for exec */
}

_Noreturn static void become(const char *program, char *const *argv, pid_t watcher)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    int nothing = open("/dev/null", O_RDONLY);
    if (nothing >= 0) {
        dup2(nothing, STDIN_FILENO);
        close(nothing);
    }
    if (getppid() == watcher) { /* else it died before the parent-death signal was set */
        execv(program, argv);
    }
    _exit(127);
}

pid_t round_start(const struct options *options, const struct map *names, struct error *error)
{
    char program[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    if (length <= 0) {
        file_error(error, errno, "find", "/proc/self/exe");
        return 0;
    }
    program[length] = '\0';
    struct argv argv = {0};
    make_argv(&argv, program, options, names);
    pid_t watcher = getpid();
    fflush(NULL);
    pid_t round = fork();
    if (round == 0) {
        become(program, argv.list, watcher);
    }
    if (round < 0) {
        error_set(error, ERROR_LIMIT, "no process could be made for a round");
        error_hint(error, "raise the limit on processes (ulimit -u)");
    }
    for (size_t i = 0; i < argv.count; i++) {
        memory_free(argv.list[i]);
    }
    memory_free(argv.list);
    return round > 0 ? round : 0;
}

bool round_has_ended(pid_t round, int *ret_exit_code)
{
    int status = 0;
    if (waitpid(round, &status, WNOHANG) != round) {
        return false;
    }
    *ret_exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    return true;
}
