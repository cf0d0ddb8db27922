/* doctor_machine.c - tools in PATH, places that must be writable, limits of this machine. */
#include "doctor.h"
#include "itrun/base/memory.h"
#include "itrun/base/text.h"
#include "itrun/frameworks.h"
#include "itrun/host/process.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define OPEN_FILES_A_LANE 6
#define OPEN_FILES_OWN    64
#define FREE_BYTES_WANTED ((uint64_t)256 << 20)

/* ---- tools ---- */

static bool is_program(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode) && access(path, X_OK) == 0;
}

/* As a command of a suite is looked for: from its working directory, or in PATH. */
static bool can_be_found(const char *name, const char *cwd)
{
    struct text path = {0};
    bool is_found = false;
    if (strchr(name, '/') != NULL) {
        text_append_format(&path, "%s%s%s", name[0] == '/' ? "" : cwd, name[0] == '/' ? "" : "/", name);
        is_found = is_program(text_string(&path));
        text_clear(&path);
        return is_found;
    }
    const char *rest = getenv("PATH");
    while (rest != NULL && !is_found) {
        size_t length = strcspn(rest, ":");
        text_reset(&path);
        text_append_bytes(&path, rest, length);
        text_append_format(&path, "%s%s", length > 0 ? "/" : "./", name);
        is_found = is_program(text_string(&path));
        rest = rest[length] == ':' ? rest + length + 1 : NULL;
    }
    text_clear(&path);
    return is_found;
}

struct tool {
    const char *name, *cwd, *user; /* user: "suite api/…", "stack billing" */
    const char *install;           /* how to get it, or NULL */
};

static void check_tool(struct doctor *doctor, const struct tool *tool, size_t *ret_missing)
{
    if (can_be_found(tool->name, tool->cwd)) {
        return;
    }
    ++*ret_missing;
    struct finding *finding =
        doctor_say(doctor, HEALTH_BAD, "tools", "%s cannot be found; %s needs it", tool->name, tool->user);
    finding->mend =
        tool->install != NULL ? tool->install
        : strchr(tool->name, '/') != NULL
            ? arena_format(doctor->arena, "ls -l %s   # from %s: is it there, may it be executed?",
                           tool->name, tool->cwd)
            : arena_format(doctor->arena, "install %s, or put its folder into PATH", tool->name);
}

static bool is_new(const char **seen, size_t *count, const char *name)
{
    for (size_t i = 0; i < *count; i++) {
        if (strcmp(seen[i], name) == 0) {
            return false;
        }
    }
    seen[(*count)++] = name;
    return true;
}

/* The first word of each kind of command once; a shell finds its own words. */
static void check_tools(struct doctor *doctor)
{
    const struct inventory *inventory = doctor->workspace->inventory;
    const char **seen =
        arena_alloc(doctor->arena, (inventory->suite_count + inventory->stack_count + 1) * sizeof *seen);
    size_t count = 0, missing = 0;
    for (size_t i = 0; i < inventory->suite_count; i++) {
        const struct suite *suite = &inventory->suites[i];
        const struct framework *framework = framework_find(suite->framework);
        const struct framework_run run = {.suite = suite, .report_path = "/dev/null"};
        const char *const *argv = framework->argv(&run, doctor->arena);
        if (is_new(seen, &count, argv[0])) {
            const struct tool tool = {argv[0], suite->cwd,
                                      arena_format(doctor->arena, "suite %s", suite->name),
                                      framework->install};
            check_tool(doctor, &tool, &missing);
        }
    }
    for (size_t i = 0; i < inventory->stack_count; i++) {
        const struct stack *stack = &inventory->stacks[i];
        const char *const *argv =
            stack->kind == STACK_COMMAND ? command_argv(stack->command, doctor->arena) : NULL;
        if (argv != NULL && is_new(seen, &count, argv[0])) {
            const struct tool tool = {argv[0], stack->cwd,
                                      arena_format(doctor->arena, "stack %s", stack->name), NULL};
            check_tool(doctor, &tool, &missing);
        }
    }
    if (missing == 0) {
        doctor_say(doctor, HEALTH_FINE, "tools", "all %zu that suites and stacks begin with are there",
                   count);
    }
}

static void check_git(struct doctor *doctor)
{
    if (!can_be_found("git", "/")) {
        doctor_say(doctor, HEALTH_DOUBTFUL, "git",
                   "git is not in PATH: files are walked, no run knows its commit")
            ->mend = "apt-get install git";
    } else if (doctor->workspace->inventory->commit == NULL) {
        doctor_say(doctor, HEALTH_DOUBTFUL, "git",
                   "not in a git repository with a commit: no run knows its commit")
            ->mend = "git init && git add -A && git commit -m first";
    } else {
        doctor_say(doctor, HEALTH_FINE, "git", "commit %.10s%s", doctor->workspace->inventory->commit,
                   doctor->workspace->inventory->is_dirty ? " with local changes" : "");
    }
}

static void check_guard(struct doctor *doctor)
{
    struct text path = {0};
    struct error error = {0};
    if (process_find_guard(&path, &error)) {
        doctor_say(doctor, HEALTH_FINE, "guard", "%s", text_string(&path));
    } else {
        doctor_say_error(doctor, "guard", &error);
    }
    text_clear(&path);
}

/* ---- places ---- */

static void check_place(struct doctor *doctor, const char *name, const char *path)
{
    struct stat status;
    struct statvfs room;
    bool is_folder = stat(path, &status) == 0 && S_ISDIR(status.st_mode);
    bool is_writable = is_folder && access(path, W_OK | X_OK) == 0;
    if (!is_writable) {
        const char *why = is_folder ? strerror(errno) : "it is not a folder";
        doctor_say(doctor, HEALTH_BAD, name, "%s cannot be written: %s", path, why)->mend =
            arena_format(doctor->arena, "ls -ld %s", path);
    } else if (statvfs(path, &room) == 0 && (uint64_t)room.f_bavail * room.f_frsize < FREE_BYTES_WANTED) {
        doctor_say(doctor, HEALTH_DOUBTFUL, name, "%s has only %" PRIu64 " MB left", path,
                   (uint64_t)room.f_bavail * room.f_frsize >> 20)
            ->mend = arena_format(doctor->arena, "df -h %s", path);
    } else {
        doctor_say(doctor, HEALTH_FINE, name, "%s can be written", path);
    }
}

/* What is not there is made by the first run: then what is above it counts. */
static const char *nearest_there(struct doctor *doctor, const char *path)
{
    char *nearest = arena_string(doctor->arena, path);
    while (access(nearest, F_OK) != 0 && nearest[0] != '\0') {
        char *slash = strrchr(nearest, '/');
        *(slash != NULL ? slash : nearest) = '\0';
    }
    return nearest[0] != '\0' ? nearest : "/";
}

static void check_places(struct doctor *doctor)
{
    const char *tmp = getenv("TMPDIR");
    check_place(doctor, "temporary", tmp != NULL && tmp[0] == '/' ? tmp : "/tmp");
    check_place(doctor, "output", nearest_there(doctor, doctor->workspace->output));
}

/* ---- limits ---- */

static void check_limits(struct doctor *doctor)
{
    size_t lanes = doctor->workspace->inventory->suite_count, fit = jobs_that_fit();
    uint64_t wanted = OPEN_FILES_OWN + OPEN_FILES_A_LANE * (uint64_t)lanes;
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_max != RLIM_INFINITY && limit.rlim_max < wanted) {
        doctor_say(doctor, HEALTH_BAD, "open files",
                   "at most %" PRIu64 " may be open, one lane a suite takes %" PRIu64,
                   (uint64_t)limit.rlim_max, wanted)
            ->mend = arena_format(
            doctor->arena, "ulimit -Hn %" PRIu64 "   # as root, or fewer lanes: itrun --shards N", wanted);
    } else {
        doctor_say(doctor, HEALTH_FINE, "open files", "enough for %zu lanes", lanes);
    }
    if (fit < lanes) {
        doctor_say(doctor, HEALTH_DOUBTFUL, "memory", "%zu suites fit at once (100 MB each); there are %zu",
                   fit, lanes)
            ->mend = "itrun plan   # what that costs; a bigger machine, or --jobs N where suites are small";
    } else {
        doctor_say(doctor, HEALTH_FINE, "memory", "enough for %zu suites at once", lanes);
    }
}

void doctor_check_machine(struct doctor *doctor)
{
    check_git(doctor);
    check_guard(doctor);
    check_tools(doctor);
    check_places(doctor);
    check_limits(doctor);
}
