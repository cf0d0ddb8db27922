/* playwright.c - Playwright's test runner (from 1.30 on), by its built-in JSON reporter.
 *
 * Its JUnit shows a test that never ran as skipped and lets the projects' tests collide; the JSON tells them
 * apart: a skipped test was expected to be. The class is "[project] describe" with arrows between describes.
 * What Playwright itself tried again until it passed is passed, with how it failed first. Written at
 * the end.
 *
 * Each run empties its output directory, so that two suites of one checkout must not share it. */
#include "javascript.h"
#include <string.h>

#define LAUNCHER  "npx --no-install playwright"
#define SEPARATOR " \xE2\x80\xBA " /* as its own list has it */
#define TAGS      "(?: @\\S+)*"

/* --- argv ---------------------------------------------------------------------------------------------- */

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* "[desk] cart::adds" -> the project; what comes after it begins at *ret_rest. */
static size_t project_length(const char *test_name, const char **ret_rest)
{
    const char *end = test_name[0] == '[' ? strstr(test_name, "]") : NULL;
    bool is_project = end && (end[1] == ' ' || string_starts_with(end + 1, "::"));
    *ret_rest = !is_project ? test_name : end + 1 + (end[1] == ' ');
    return is_project ? (size_t)(end - test_name) - 1 : 0;
}

/* Titles of describes, each with its tags after it. */
static void append_path(struct text *regex, const char *bytes, size_t length)
{
    size_t width = strlen(SEPARATOR);
    size_t start = 0;
    for (size_t at = 0; at + width <= length;) {
        if (memcmp(bytes + at, SEPARATOR, width) != 0) {
            at++;
            continue;
        }
        regex_append_escaped(regex, bytes + start, at - start);
        text_append(regex, TAGS "(?:" SEPARATOR "|\\s)");
        at += width;
        start = at;
    }
    regex_append_escaped(regex, bytes + start, length - start);
    if (length > 0)
        text_append(regex, TAGS "\\s+");
}

/* What --grep is matched with is "PROJECT FILE DESCRIBES TITLE TAGS". Between slashes it minds the case. */
static const char *grep_of(const struct framework_run *run, struct arena *arena)
{
    struct text regex = {0};
    const char *rest;
    size_t project = project_length(run->test_name, &rest);
    const char *root_title = title_below_file(run->suite, rest);
    const char *colons = root_title ? root_title - 2 : strstr(rest, "::");
    rest = root_title ? colons : rest;
    text_append(&regex, "/^");
    if (project > 0)
        regex_append_escaped(&regex, run->test_name + 1, project);
    text_append(&regex, project > 0 ? " (?:.*[\\/\\\\])?" : "(?:.*[\\s\\/\\\\])?");
    const char *file = run->suite->file ? base_name(run->suite->file) : "";
    if (colons)
        regex_append_escaped(&regex, file, strlen(file));
    text_append(&regex, colons && file[0] ? " (?:" : "(?:");
    if (!colons)
        regex_append_escaped(&regex, rest, strlen(rest));
    for (const char *between = ""; colons; between = "|") {
        text_append(&regex, between);
        append_path(&regex, rest, (size_t)(colons - rest));
        regex_append_escaped(&regex, colons + 2, strlen(colons + 2));
        colons = root_title ? NULL : strstr(colons + 2, "::");
    }
    text_append(&regex, ")" TAGS "$/");
    const char *result = arena_string(arena, text_string(&regex));
    text_clear(&regex);
    return result;
}

/* A file is a regex on absolute paths. */
static const char *file_pattern(const struct suite *suite, struct arena *arena)
{
    struct text regex = {0};
    text_append_char(&regex, '^');
    if (suite->file[0] != '/') {
        regex_append_escaped(&regex, suite->cwd, strlen(suite->cwd));
        text_append(&regex, "\\/");
    }
    regex_append_escaped(&regex, suite->file, strlen(suite->file));
    text_append_char(&regex, '$');
    const char *result = arena_string(arena, text_string(&regex));
    text_clear(&regex);
    return result;
}

static const char *const *playwright_argv(const struct framework_run *run, struct arena *arena)
{
    const struct suite *suite = run->suite;
    const char *arguments[8];
    size_t count = 0;
    arguments[count++] = "test";
    if (suite->file)
        arguments[count++] = file_pattern(suite, arena);
    arguments[count++] = "--reporter=list,json";
    if (!suite->command || !strstr(suite->command, "--output")) {
        size_t length = (size_t)(base_name(run->report_path) - run->report_path);
        arguments[count++] = arena_format(arena, "--output=%.*splaywright", (int)length, run->report_path);
    }
    if (run->test_name) {
        arguments[count++] = arena_format(arena, "--grep=%s", grep_of(run, arena));
        arguments[count++] = "--pass-with-no-tests"; /* a suite without that test is no error */
    }
    return command_line(suite->command ? suite->command : LAUNCHER, arguments, count, arena);
}

static size_t playwright_environment(const struct framework_run *run, struct arena *arena,
                                     const struct pair **ret)
{
    struct pair *pairs = arena_alloc(arena, 2 * sizeof *pairs);
    pairs[0] = (struct pair){"PLAYWRIGHT_JSON_OUTPUT_FILE", run->report_path};
    pairs[1] = (struct pair){"PLAYWRIGHT_JSON_OUTPUT_NAME", run->report_path}; /* before 1.45 */
    *ret = pairs;
    return 2;
}

/* --- report -------------------------------------------------------------------------------------------- */

struct playwright_reading {
    struct report *report;
    const struct suite *suite;
    const char *root; /* what files are relative to */
    struct text path; /* the describes' titles, joined */
    size_t not_run_count;
};

/* Nobody's test: the machine lacks something. */
static const struct {
    const char *sign, *type, *mend;
} lacks[] = {
    {"xecutable doesn't exist", "browser missing",
     "a browser is missing; install it: npx playwright install"},
    {"distribution '", "browser missing",
     "a browser is missing; install it, for Chrome: npx playwright install chrome"},
    {"Host system is missing dependencies", "libraries missing",
     "the browser lacks libraries of the system: npx playwright install-deps"},
};

static void name_what_is_missing(struct test_case *failed, const char *message)
{
    for (size_t i = 0; i < sizeof lacks / sizeof *lacks; i++) {
        if (!strstr(message, lacks[i].sign))
            continue;
        failed->status = CASE_ERROR;
        failed->type = lacks[i].type;
        failed->message = lacks[i].mend;
        return;
    }
}

static void fill_failure(struct test_case *added, const struct json *result, struct arena *arena)
{
    const struct json *errors = json_get(result, "errors");
    const struct json *error = json_count(errors) > 0 ? json_first(errors) : json_get(result, "error");
    const char *status = json_get_string(result, "status", "failed");
    const char *message = json_get_string(error, "message", json_get_string(error, "value", NULL));
    added->status = CASE_FAILED;
    if (!message)
        message = strcmp(status, "passed") == 0 ? "expected to fail, but passed" : status;
    thrown_fill(added, strcmp(status, "timedOut") == 0 ? "Timeout" : NULL, message,
                json_get_string(error, "stack", ""), arena);
    const char *snippet = json_get_string(error, "snippet", "");
    added->body = text_join(added->body, printable_text(snippet, arena), arena);
    for (error = json_next(error); error && json_count(errors) > 1; error = json_next(error)) {
        const char *text = json_get_string(error, "stack", json_get_string(error, "message", ""));
        added->body = text_join(added->body, printable_text(text, arena), arena);
    }
    name_what_is_missing(added, message);
}

static const char *output_of(const struct json *result, struct arena *arena)
{
    static const char *const streams[] = {"stdout", "stderr"};
    struct capped_text capped = {0};
    for (size_t i = 0; i < 2; i++) {
        const struct json *pieces = json_get(result, streams[i]);
        for (const struct json *piece = json_first(pieces); piece; piece = json_next(piece)) {
            const char *text = json_get_string(piece, "text", "");
            capped_add(&capped, text, strlen(text));
        }
    }
    const char *output = capped_finish(&capped, arena);
    capped_clear(&capped);
    return output;
}

static void fill_skip(struct playwright_reading *reading, struct test_case *added, const struct json *test)
{
    added->status = CASE_SKIPPED;
    if (strcmp(json_get_string(test, "expectedStatus", ""), "skipped") != 0) {
        added->type = "did not run";
        added->message = "did not run: what came before it failed, or the run ended";
        reading->not_run_count++;
        return;
    }
    const struct json *annotations = json_get(test, "annotations");
    added->type = added->message = "skipped";
    for (const struct json *found = json_first(annotations); found; found = json_next(found)) {
        const char *description = json_get_string(found, "description", NULL);
        const char *line = description ? printable_first_line(description, reading->report->arena) : NULL;
        if (line && string_equal(added->message, "skipped"))
            added->message = line;
    }
}

static const char *place_of(const struct playwright_reading *reading, const char *file)
{
    struct arena *arena = reading->report->arena;
    if (file && file[0] != '/' && reading->root)
        file = arena_format(arena, "%s/%s", reading->root, file);
    return case_file(reading->suite, file, arena);
}

static const char *classname_of(struct playwright_reading *reading, const struct json *test, const char *file)
{
    const char *project = json_get_string(test, "projectName", "");
    const char *path = text_string(&reading->path);
    struct arena *arena = reading->report->arena;
    if (!project[0] && !path[0])
        return file ? file : ""; /* as mocha has it */
    const char *name = project[0] ? arena_format(arena, "[%s]%s%s", project, path[0] ? " " : "", path) : path;
    return printable_name(name, strlen(name), arena);
}

/* One test of one project. */
static void add_test(struct playwright_reading *reading, const struct json *spec, const struct json *test)
{
    struct arena *arena = reading->report->arena;
    struct test_case *added = report_add(reading->report);
    const char *title = json_get_string(spec, "title", "");
    const struct json *results = json_get(test, "results");
    const struct json *last = NULL;
    added->name = printable_name(title, strlen(title), arena);
    if (!added->name[0])
        added->name = "(unnamed)";
    added->file = place_of(reading, json_get_string(spec, "file", NULL));
    added->classname = classname_of(reading, test, added->file);
    added->line = (int)json_get_int(spec, "line", 0);
    for (const struct json *result = json_first(results); result; result = json_next(result)) {
        added->duration_us += duration_of_json(json_get(result, "duration"));
        last = result;
    }
    const char *status = json_get_string(test, "status", "");
    if (strcmp(status, "skipped") == 0)
        fill_skip(reading, added, test);
    else if (strcmp(status, "expected") != 0)
        fill_failure(added, strcmp(status, "flaky") == 0 ? json_first(results) : last, arena);
    if (strcmp(status, "flaky") == 0)
        added->status = CASE_PASSED;
    added->output = output_of(last, arena);
}

static void read_suite(struct playwright_reading *reading, const struct json *suite, bool is_file)
{
    size_t length = reading->path.length;
    const char *title = json_get_string(suite, "title", "");
    if (!is_file && title[0]) {
        text_append(&reading->path, length > 0 ? SEPARATOR : "");
        text_append(&reading->path, title);
    }
    const struct json *specs = json_get(suite, "specs");
    for (const struct json *spec = json_first(specs); spec; spec = json_next(spec)) {
        const struct json *tests = json_get(spec, "tests");
        for (const struct json *test = json_first(tests); test; test = json_next(test))
            add_test(reading, spec, test);
    }
    const struct json *inner = json_get(suite, "suites");
    for (const struct json *child = json_first(inner); child; child = json_next(child))
        read_suite(reading, child, false);
    text_truncate(&reading->path, length);
}

/* Errors outside any test: a file that does not load, a global set-up, no tests at all. */
static void read_errors(struct playwright_reading *reading, const struct json *errors)
{
    struct report *report = reading->report;
    for (const struct json *error = json_first(errors); error; error = json_next(error)) {
        const char *message = json_get_string(error, "message", json_get_string(error, "value", "failed"));
        bool is_consequence = error != json_first(errors) && strstr(message, "No tests found");
        if (is_consequence)
            continue;
        struct test_case *added = report_add_error(report, "(file)", NULL);
        const struct json *location = json_get(error, "location");
        thrown_fill(added, NULL, message, json_get_string(error, "stack", ""), report->arena);
        const char *snippet = json_get_string(error, "snippet", "");
        added->body = text_join(added->body, printable_text(snippet, report->arena), report->arena);
        added->file = place_of(reading, json_get_string(location, "file", NULL));
        added->line = (int)json_get_int(location, "line", 0);
    }
}

static void playwright_read(const struct suite *suite, const char *bytes, size_t length,
                            struct report *report)
{
    struct json *root = report_parse_json(report, bytes, length);
    if (!root)
        return;
    struct playwright_reading reading = {.report = report, .suite = suite};
    reading.root = json_get_string(json_get(root, "config"), "rootDir", NULL);
    const struct json *suites = json_get(root, "suites");
    for (const struct json *child = json_first(suites); child; child = json_next(child))
        read_suite(&reading, child, true);
    read_errors(&reading, json_get(root, "errors"));
    size_t bad = report_count_status(report, CASE_FAILED) + report_count_status(report, CASE_ERROR);
    if (reading.not_run_count > 0 && bad == 0)
        report_add_error(report, "(run)",
                         arena_format(report->arena, "%zu of %zu tests did not run", reading.not_run_count,
                                      report->count));
    if (!json_is_array(suites) || !json_is_array(json_get(root, "errors")))
        report->problem = "not a report of Playwright's json reporter: it has no suites and errors";
    report->is_complete = report->problem == NULL;
    text_clear(&reading.path);
    json_free(root);
}

const struct framework framework_playwright = {
    .name = "playwright",
    .default_glob_hint = "tests/**/*.spec.ts",
    .install = "npm install --save-dev @playwright/test",
    .absent_signs = npx_absent_signs,
    .can_select = true,
    .is_empty_wrong = true,
    .has_report = true,
    .argv = playwright_argv,
    .environment = playwright_environment,
    .read = playwright_read,
};
