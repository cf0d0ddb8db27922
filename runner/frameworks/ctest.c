/* ctest.c - ctest from 3.21 on, by its own JUnit file. A suite is a build directory.
 *
 * The file says little: a failure has no message (a crash and a timeout neither), what the test wrote stands
 * in system-out, a test that could not run has only a status, and control bytes are spelled out. */
#include "adapters.h"
#include <string.h>

#define LAUNCHER "ctest"

/* A regex of CMake's own kind. */
static const char *name_pattern(const char *name, struct arena *arena)
{
    struct text regex = {0};
    text_append_char(&regex, '^');
    for (; *name; name++) {
        if (strchr("^$.[]-*+?|()\\", *name))
            text_append_char(&regex, '\\');
        text_append_char(&regex, *name);
    }
    text_append_char(&regex, '$');
    const char *pattern = arena_string(arena, text_string(&regex));
    text_clear(&regex);
    return pattern;
}

static const char *const *ctest_argv(const struct framework_run *run, struct arena *arena)
{
    const struct suite *suite = run->suite;
    const char *arguments[8];
    size_t count = 0;
    if (suite->file) {
        arguments[count++] = "--test-dir";
        arguments[count++] = file_argument(suite, arena);
    }
    arguments[count++] = "--output-on-failure";
    arguments[count++] = "--no-tests=error";
    arguments[count++] = "--output-junit";
    arguments[count++] = run->report_path;
    if (run->test_name) {
        arguments[count++] = "-R";
        arguments[count++] = name_pattern(run->test_name, arena);
    }
    return command_line(suite->command ? suite->command : LAUNCHER, arguments, count, arena);
}

/* "[NON-XML-CHAR-0x1B]" was ESC: put back, so that its sequence goes as a whole. Others go. */
static void restore_controls(const char *bytes, size_t length, struct text *ret)
{
    static const char spelled[] = "[NON-XML-CHAR-0x";
    const char *end = bytes + length;
    while (bytes < end) {
        const char *found = memmem(bytes, (size_t)(end - bytes), spelled, sizeof spelled - 1);
        text_append_bytes(ret, bytes, (size_t)((found ? found : end) - bytes));
        if (!found)
            return;
        const char *close = memchr(found, ']', (size_t)(end - found));
        if (!close || close - found > 24)
            close = found + sizeof spelled - 2;
        else if (memcmp(found + sizeof spelled - 1, "1B]", 3) == 0)
            text_append_char(ret, '\033');
        bytes = close + 1;
    }
}

static const char *last_line(const char *text, struct arena *arena)
{
    const char *found = NULL;
    for (const char *line = text; line && *line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (line[strspn(line, " \t\r")] != '\n' && *line)
            found = line;
    }
    return found ? printable_first_line(found, arena) : NULL;
}

/* A program or a file is missing: ctest counts that as a failure, and calls it skipped. What a fixture's
 * failure left out is skipped: the fixture itself has failed. */
static bool is_broken(const struct test_case *found)
{
    return found->status == CASE_SKIPPED && found->message &&
           (string_starts_with(found->message, "Unable to find") ||
            string_starts_with(found->message, "Required Files Missing"));
}

static void tell_more(struct test_case *found, struct arena *arena)
{
    found->classname = ""; /* ctest repeats the name there */
    if (is_broken(found)) {
        found->status = CASE_ERROR;
        found->type = "not run";
    }
    if (found->status == CASE_PASSED)
        return;
    bool has_message = found->message && !string_equal(found->message, found->type);
    const char *said = found->output ? last_line(found->output, arena) : NULL;
    if (!has_message || found->status == CASE_ERROR)
        found->message = said ? said : "failed and wrote nothing: ctest's output says how it ended";
    if (!found->body) {
        found->body = found->output;
        found->output = NULL;
    }
}

static void ctest_read(const struct suite *suite, const char *bytes, size_t length, struct report *report)
{
    (void)suite;
    struct text restored = {0};
    restore_controls(bytes, length, &restored);
    struct junit_reader *reader = junit_reader_new(report);
    junit_reader_feed(reader, text_string(&restored), restored.length);
    junit_reader_finish(reader);
    junit_reader_free(reader);
    text_clear(&restored);
    for (size_t i = 0; i < report->count; i++)
        tell_more(&report->cases[i], report->arena);
}

const struct framework framework_ctest = {
    .name = "ctest",
    .default_glob_hint = "build/**/CTestTestfile.cmake",
    .install = "apt install cmake (3.21 or newer)",
    .can_select = true,
    .is_per_directory = true,
    .is_empty_wrong = true,
    .has_report = true,
    .argv = ctest_argv,
    .read = ctest_read,
};
