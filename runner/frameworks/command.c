/* command.c - any program. Judged by its exit status unless its suite declares a JUnit report. */
#include "adapters.h"
#include <string.h>

static const char *const *command_suite_argv(const struct framework_run *run, struct arena *arena)
{
    const struct suite *suite = run->suite;
    MUST(suite->command || suite->file);
    if (!suite->command) { /* the file is the program: "./x", since a bare name would be looked up in PATH */
        const char **argv = arena_alloc(arena, 2 * sizeof *argv);
        argv[0] = suite->file[0] == '/' ? suite->file : arena_format(arena, "./%s", suite->file);
        return argv;
    }
    const char *file = suite->file ? file_argument(suite, arena) : NULL;
    return command_line(suite->command, &file, file ? 1 : 0, arena);
}

/* Runs of blank lines and attributes differ from tool to tool; all of them write JUnit's elements. */
static void command_read(const struct suite *suite, const char *bytes, size_t length, struct report *report)
{
    struct junit_reader *reader = junit_reader_new(report);
    junit_reader_feed(reader, bytes, length);
    junit_reader_finish(reader);
    junit_reader_free(reader);
    for (size_t i = 0; i < report->count; i++)
        report->cases[i].file = case_file(suite, report->cases[i].file, report->arena);
}

const struct framework framework_command = {
    .name = "command",
    .default_glob_hint = "tests/*.sh",
    .argv = command_suite_argv,
    .read = command_read,
};
