/* failure.c - why a command did not start or its guard broke, in words. GONE and DENIED blame the command
 * itself; every other kind says that no suite can help it. */
#include "process/room.h"
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

static void no_folder(const struct command *command, int problem, struct error *error)
{
    if (problem == EACCES || problem == EPERM) {
        error_set(error, ERROR_DENIED, "no access to the working directory %s", command->cwd);
        return;
    }
    error_set(error, problem == ENOENT || problem == ENOTDIR ? ERROR_GONE : ERROR_IO,
              "no such working directory: %s", command->cwd);
    error_hint(error, "check cwd in the configuration");
}

static void no_command(const struct command *command, int problem, struct error *error)
{
    bool is_path = strchr(command->name, '/') != NULL;
    switch (problem) {
    case ENOENT:
    case ENOTDIR:
        error_set(error, ERROR_GONE, "command not found: %s", command->name);
        if (is_path) {
            error_hint(error, "it was looked for from %s", command->cwd);
        } else {
            error_hint(error, "is it installed, and in PATH?");
        }
        break;
    case EACCES:
    case EPERM:
        error_set(error, ERROR_DENIED, "not executable: %s", command->name);
        error_hint(error, "chmod +x it, or name its interpreter in the command");
        break;
    case ENOEXEC: error_set(error, ERROR_DENIED, "not a program for this machine: %s", command->name); break;
    case E2BIG:
        error_set(error, ERROR_LIMIT, "arguments and environment of %s are larger than the system allows",
                  command->name);
        error_hint(error, "does the environment hold something very large?");
        break;
    default: error_set(error, ERROR_IO, "cannot run %s: %s", command->name, strerror(problem)); break;
    }
}

void failure_of_start(const struct command *command, const struct guard_report *report, struct error *error)
{
    switch ((enum guard_stage)report->stage) {
    case GUARD_STARTED:
    case GUARD_TOO_LATE: break;
    case GUARD_NO_FOLDER: no_folder(command, report->problem, error); break;
    case GUARD_NO_COMMAND: no_command(command, report->problem, error); break;
    case GUARD_NO_INTERPRETER:
        error_set(error, ERROR_GONE,
                  "cannot run %s: the interpreter that its first line names does not exist", command->name);
        break;
    case GUARD_NO_PROCESS:
        error_set(error, ERROR_LIMIT, "cannot start a process for %s: %s", command->name,
                  strerror(report->problem));
        error_hint(error, "run fewer at once (--jobs), or raise the limit on processes (ulimit -u)");
        break;
    }
}

void failure_of_guard(int wait_status, struct error *error)
{
    if (WIFSIGNALED(wait_status)) {
        error_set(error, ERROR_IO,
                  "the guard of this command was killed (%s); what it guarded was killed too",
                  strsignal(WTERMSIG(wait_status)));
        error_hint(error, "was memory short? run fewer at once (--jobs)");
    } else {
        error_set(error, ERROR_IO,
                  "the guard of this command ended by itself (status %d); what it guarded was killed",
                  WEXITSTATUS(wait_status));
    }
}
