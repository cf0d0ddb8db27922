/* vitest.c - vitest 1 to 5, by its built-in JUnit reporter, which tells what hooks threw; its JSON does not.
 *
 * The file is opened at the start and filled at the end: killed, it is empty. The class is the file, the name
 * all titles joined by " > ". A describe whose hook threw stands there as a case, its tests as skipped; so
 * does what
 * `-t` left out. */
#include "javascript.h"
#include <stdlib.h>
#include <string.h>

#define LAUNCHER  "npx --no-install vitest"
#define SEPARATOR " > "
#define ARROW     "\xE2\x9D\xAF " /* before each frame of a stack */

static const char *const *vitest_argv(const struct framework_run *run, struct arena *arena)
{
    const struct suite *suite = run->suite;
    const char *arguments[8];
    size_t count = 0;
    arguments[count++] = "run";
    if (suite->file) /* a relative path would be looked for anywhere in other paths */
        arguments[count++] =
            suite->file[0] == '/' ? suite->file : arena_format(arena, "%s/%s", suite->cwd, suite->file);
    arguments[count++] = "--reporter=default";
    arguments[count++] = "--reporter=junit";
    arguments[count++] = arena_format(arena, "--outputFile.junit=%s", run->report_path);
    if (run->test_name)
        arguments[count++] = arena_format(arena, "--testNamePattern=%s",
                                          full_title_pattern(suite, run->test_name, SEPARATOR, arena));
    return command_line(suite->command ? suite->command : LAUNCHER, arguments, count, arena);
}

/* --- report -------------------------------------------------------------------------------------------- */

/* What stands in a describe has its titles before its own. */
static bool is_inside(const char *name, const char *describe)
{
    size_t length = strlen(describe);
    return strncmp(name, describe, length) == 0 && string_starts_with(name + length, SEPARATOR);
}

static bool is_describe(const struct report *report, const struct test_case *candidate)
{
    for (size_t i = 0; i < report->count; i++) {
        if (is_inside(report->cases[i].name, candidate->name))
            return true;
    }
    return false;
}

static void mark_tests_of_broken_describe(struct report *report, const char *describe)
{
    for (size_t i = 0; i < report->count; i++) {
        struct test_case *test = &report->cases[i];
        if (test->status == CASE_SKIPPED && is_inside(test->name, describe)) {
            test->type = "did not run";
            test->message = "did not run: a hook of its describe failed";
        }
    }
}

/* The first frame in the test's own file: " > tests/a.test.js:7:19". */
static int line_of(const char *body, const char *path)
{
    size_t length = strlen(path);
    for (const char *at = body ? strstr(body, ARROW) : NULL; at; at = strstr(at + 1, ARROW)) {
        const char *place = at + strlen(ARROW);
        if (strncmp(place, path, length) == 0 && place[length] == ':')
            return atoi(place + length + 1);
    }
    return 0;
}

static void split_name(struct test_case *found, struct arena *arena)
{
    const char *last = NULL;
    for (const char *at = strstr(found->name, SEPARATOR); at; at = strstr(at + 1, SEPARATOR))
        last = at;
    const char *file = found->file ? found->file : ""; /* in no describe: as mocha has it */
    found->classname = last ? arena_bytes(arena, found->name, (size_t)(last - found->name)) : file;
    if (last && last[strlen(SEPARATOR)])
        found->name = last + strlen(SEPARATOR);
}

static void finish_case(const struct suite *suite, struct test_case *found, bool is_hook, struct arena *arena)
{
    const char *path = found->classname;
    bool is_file = string_equal(found->name, path);
    found->file = case_file(suite, path, arena);
    found->line = line_of(found->body, path);
    if (is_file || is_hook) {
        found->status = CASE_ERROR;
        found->is_no_test = true;
        found->classname = is_file ? "" : found->name;
        found->name = is_file ? "(file)" : "(hook)";
        return;
    }
    split_name(found, arena);
}

static void vitest_read(const struct suite *suite, const char *bytes, size_t length, struct report *report)
{
    struct junit_reader *reader = junit_reader_new(report);
    junit_reader_feed(reader, bytes, length);
    junit_reader_finish(reader);
    junit_reader_free(reader);
    bool *is_hook = arena_alloc(report->arena, (report->count + 1) * sizeof *is_hook);
    for (size_t i = 0; i < report->count; i++) {
        is_hook[i] = report->cases[i].status == CASE_FAILED && is_describe(report, &report->cases[i]);
        if (is_hook[i])
            mark_tests_of_broken_describe(report, report->cases[i].name);
    }
    for (size_t i = 0; i < report->count; i++)
        finish_case(suite, &report->cases[i], is_hook[i], report->arena);
    report_expect_file(report, suite);
}

const struct framework framework_vitest = {
    .name = "vitest",
    .default_glob_hint = "tests/**/*.test.ts",
    .install = "npm install --save-dev vitest",
    .absent_signs = npx_absent_signs,
    .can_select = true,
    .shows_unselected = true,
    .is_empty_wrong = true,
    .has_report = true,
    .argv = vitest_argv,
    .read = vitest_read,
};
