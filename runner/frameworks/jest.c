/* jest.c - jest 27 to 30, by its built-in JSON file: no reporter package in the user's node_modules.
 *
 * The file is written when the run ended. A test file that does not load has no cases there, only a message;
 * so has what an afterAll hook threw. `-t` lists what it left out as pending. */
#include "javascript.h"
#include <string.h>

#define LAUNCHER "npx --no-install jest"
#define HEADING  "Test suite failed to run"

static const char *const *jest_argv(const struct framework_run *run, struct arena *arena)
{
    const struct suite *suite = run->suite;
    const char *arguments[8];
    size_t count = 0;
    arguments[count++] = "--json"; /* what people read still goes to the standard error */
    arguments[count++] = arena_format(arena, "--outputFile=%s", run->report_path);
    arguments[count++] = "--testLocationInResults";
    if (run->test_name)
        arguments[count++] = arena_format(arena, "--testNamePattern=%s",
                                          full_title_pattern(suite, run->test_name, NULL, arena));
    if (suite->file) {
        arguments[count++] = "--runTestsByPath";
        arguments[count++] = file_argument(suite, arena);
    }
    return command_line(suite->command ? suite->command : LAUNCHER, arguments, count, arena);
}

/* --- report -------------------------------------------------------------------------------------------- */

static const char *join_titles(const struct json *titles, struct arena *arena)
{
    struct text text = {0};
    for (const struct json *title = json_first(titles); title; title = json_next(title)) {
        if (text.length > 0)
            text_append_char(&text, ' ');
        text_append(&text, json_string(title, ""));
    }
    const char *joined = printable_name(text_string(&text), text.length, arena);
    text_clear(&text);
    return joined;
}

static void fill_failure(struct test_case *added, const struct json *messages, struct arena *arena)
{
    added->status = CASE_FAILED;
    for (const struct json *message = json_first(messages); message; message = json_next(message)) {
        const char *text = json_string(message, "");
        if (!added->type)
            thrown_fill(added, NULL, text, text, arena);
        else
            added->body = text_join(added->body, printable_text(text, arena), arena);
    }
    if (!added->type)
        thrown_fill(added, NULL, "failed without a message", NULL, arena);
}

static void add_assertion(struct report *report, const struct json *assertion, const char *file)
{
    struct arena *arena = report->arena;
    struct test_case *added = report_add(report);
    const char *title = json_get_string(assertion, "title", "");
    const char *status = json_get_string(assertion, "status", "");
    added->classname = join_titles(json_get(assertion, "ancestorTitles"), arena);
    if (!added->classname[0] && file)
        added->classname = file; /* as mocha has it */
    added->name = printable_name(title, strlen(title), arena);
    if (!added->name[0])
        added->name = "(unnamed)";
    added->file = file;
    added->line = (int)json_get_int(json_get(assertion, "location"), "line", 0);
    added->duration_us = duration_of_json(json_get(assertion, "duration"));
    if (strcmp(status, "failed") == 0) {
        fill_failure(added, json_get(assertion, "failureMessages"), arena);
    } else if (strcmp(status, "passed") != 0) {
        added->status = CASE_SKIPPED;
        added->type = strcmp(status, "todo") == 0 ? "todo" : "skipped";
        added->message = added->type;
    }
    const struct json *reasons = json_get(assertion, "retryReasons"); /* of jest.retryTimes */
    if (added->status == CASE_PASSED && json_count(reasons) > 0) {
        const char *reason = json_string(json_first(reasons), "failed");
        thrown_fill(added, NULL, reason, reason, arena);
    }
}

/* What broke outside any test: the file did not load, or a hook threw after its tests. */
static void add_file_error(struct report *report, const char *message, const char *file)
{
    const char *heading = strstr(message, HEADING);
    const char *text = heading ? heading + strlen(HEADING) : message;
    struct test_case *added = report_add_error(report, "(file)", NULL);
    added->file = file;
    thrown_fill(added, NULL, text, text, report->arena);
}

static void read_file(struct report *report, const struct suite *suite, const struct json *result)
{
    const char *file = case_file(suite, json_get_string(result, "name", NULL), report->arena);
    const char *message = json_get_string(result, "message", "");
    bool has_failed_test = false;
    const struct json *assertions = json_get(result, "assertionResults");
    for (const struct json *found = json_first(assertions); found; found = json_next(found)) {
        add_assertion(report, found, file);
        has_failed_test |= strcmp(json_get_string(found, "status", ""), "failed") == 0;
    }
    bool is_failed = strcmp(json_get_string(result, "status", ""), "failed") == 0;
    if (is_failed && (!has_failed_test || strstr(message, HEADING)))
        add_file_error(report, message[0] ? message : "failed without a message", file);
}

static const char *find_problem(const struct report *report, const struct json *root)
{
    if (!json_is_array(json_get(root, "testResults")) || !json_get(root, "numTotalTests"))
        return "not a report of jest --json: it has no testResults and numTotalTests";
    size_t bad = report_count_status(report, CASE_FAILED) + report_count_status(report, CASE_ERROR);
    int64_t failed = json_get_int(root, "numFailedTests", 0) + json_get_int(root, "numFailedTestSuites", 0);
    if (failed > 0 && bad == 0)
        return "announces failures and shows none";
    return json_get_bool(root, "wasInterrupted", false) ? "jest was interrupted" : NULL;
}

static void jest_read(const struct suite *suite, const char *bytes, size_t length, struct report *report)
{
    struct json *root = report_parse_json(report, bytes, length);
    if (!root)
        return;
    const struct json *results = json_get(root, "testResults");
    for (const struct json *result = json_first(results); result; result = json_next(result))
        read_file(report, suite, result);
    report_expect_file(report, suite);
    report->problem = find_problem(report, root);
    report->is_complete = report->problem == NULL;
    json_free(root);
}

const struct framework framework_jest = {
    .name = "jest",
    .default_glob_hint = "tests/**/*.test.js",
    .install = "npm install --save-dev jest",
    .absent_signs = npx_absent_signs,
    .can_select = true,
    .shows_unselected = true,
    .is_empty_wrong = true,
    .has_report = true,
    .argv = jest_argv,
    .read = jest_read,
};
