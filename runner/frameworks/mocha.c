/* mocha.c - mocha 9.2 to 12, by its built-in json reporter: no package of ours in the user's node_modules.
 *
 * The file is written when the run ended; a killed or exiting process leaves none. A failed hook stands among
 * the failures only, since it is no test. */
#include "javascript.h"
#include <string.h>

#define LAUNCHER "npx --no-install mocha"

/* --- argv ---------------------------------------------------------------------------------------------- */

static const char *const *mocha_argv(const struct framework_run *run, struct arena *arena)
{
    const struct suite *suite = run->suite;
    const char *arguments[8];
    size_t count = 0;
    if (suite->file)
        arguments[count++] = file_argument(suite, arena);
    arguments[count++] = "--reporter";
    arguments[count++] = "json";
    arguments[count++] = "--reporter-option";
    arguments[count++] = arena_format(arena, "output=%s", run->report_path);
    if (run->test_name) {
        arguments[count++] = "--grep";
        arguments[count++] = full_title_pattern(suite, run->test_name, NULL, arena);
    }
    return command_line(suite->command ? suite->command : LAUNCHER, arguments, count, arena);
}

/* --- report -------------------------------------------------------------------------------------------- */

struct mocha_lists {
    const struct json *passes, *pending, *failures; /* the next one of each that was not taken */
};

/* The full title is the describes' titles and the test's own, joined by blanks. Without a describe: the file.
 */
static const char *classname_of(const char *full_title, const char *title, const char *file,
                                struct arena *arena)
{
    size_t full_length = strlen(full_title);
    size_t length = strlen(title);
    if (full_length <= length || !string_ends_with(full_title, title))
        return file ? file : "";
    return printable_name(full_title, full_length - length, arena);
}

static void add_error(struct test_case *added, const struct json *err, enum case_status status,
                      struct arena *arena)
{
    added->status = status;
    thrown_fill(added, json_get_string(err, "name", NULL), json_get_string(err, "message", ""),
                json_get_string(err, "stack", ""), arena);
}

static void add_case(struct report *report, const struct suite *suite, const struct json *found,
                     enum case_status status)
{
    struct arena *arena = report->arena;
    struct test_case *added = report_add(report);
    const char *title = json_get_string(found, "title", "");
    const char *full_title = json_get_string(found, "fullTitle", title);
    added->file = case_file(suite, json_get_string(found, "file", NULL), arena);
    added->classname = classname_of(full_title, title, added->file, arena);
    added->name = printable_name(title, strlen(title), arena);
    if (!added->name[0])
        added->name = "(unnamed)";
    added->duration_us = json_get_int(found, "duration", 0) * 1000;
    if (added->duration_us < 0)
        added->duration_us = 0;
    if (status == CASE_SKIPPED) {
        added->status = status;
        added->type = "pending";
        added->message = "pending";
    } else if (status != CASE_PASSED) {
        add_error(added, json_get(found, "err"), status, arena);
        added->is_no_test = status == CASE_ERROR; /* a hook */
    }
}

static bool is_same(const struct json *a, const struct json *b)
{
    return a && b && string_equal(json_get_string(a, "fullTitle", ""), json_get_string(b, "fullTitle", "")) &&
           string_equal(json_get_string(a, "file", ""), json_get_string(b, "file", ""));
}

/* A test among the failures, with the failed hooks before it taken on the way. */
static bool take_failure(struct report *report, const struct suite *suite, struct mocha_lists *lists,
                         const struct json *test)
{
    const struct json *found = lists->failures;
    while (found && !is_same(found, test))
        found = json_next(found);
    if (!found)
        return false;
    for (; lists->failures != found; lists->failures = json_next(lists->failures))
        add_case(report, suite, lists->failures, CASE_ERROR);
    add_case(report, suite, found, CASE_FAILED);
    lists->failures = json_next(found);
    return true;
}

/* `tests` holds what ran in order; each of them stands in one of the lists, in the same order. */
static void read_tests(struct report *report, const struct suite *suite, const struct json *root)
{
    struct mocha_lists lists = {json_first(json_get(root, "passes")), json_first(json_get(root, "pending")),
                                json_first(json_get(root, "failures"))};
    const struct json *tests = json_get(root, "tests");
    for (const struct json *test = json_first(tests); test; test = json_next(test)) {
        bool has_error = json_count(json_get(test, "err")) > 0;
        if (has_error && take_failure(report, suite, &lists, test))
            continue;
        if (is_same(lists.passes, test)) {
            add_case(report, suite, test, CASE_PASSED);
            lists.passes = json_next(lists.passes);
        } else if (is_same(lists.pending, test)) {
            add_case(report, suite, test, CASE_SKIPPED);
            lists.pending = json_next(lists.pending);
        } else {
            take_failure(report, suite, &lists, test);
        }
    }
    for (; lists.passes; lists.passes = json_next(lists.passes))
        add_case(report, suite, lists.passes, CASE_PASSED);
    for (; lists.pending; lists.pending = json_next(lists.pending))
        add_case(report, suite, lists.pending, CASE_SKIPPED);
    for (; lists.failures; lists.failures = json_next(lists.failures))
        add_case(report, suite, lists.failures, CASE_ERROR);
}

static const char *find_problem(const struct report *report, const struct json *root)
{
    const struct json *stats = json_get(root, "stats");
    if (!stats || !json_is_array(json_get(root, "failures")) || !json_is_array(json_get(root, "passes")))
        return "not a report of mocha's json reporter: it has no stats, passes and failures";
    size_t bad = report_count_status(report, CASE_FAILED) + report_count_status(report, CASE_ERROR);
    int64_t failures = json_get_int(stats, "failures", 0);
    if (failures > 0 && bad == 0)
        return arena_format(report->arena, "announces %lld failures and shows none", (long long)failures);
    return NULL;
}

static void mocha_read(const struct suite *suite, const char *bytes, size_t length, struct report *report)
{
    struct json *root = report_parse_json(report, bytes, length);
    if (!root)
        return;
    read_tests(report, suite, root);
    report_expect_file(report, suite);
    report->problem = find_problem(report, root);
    report->is_complete = report->problem == NULL;
    json_free(root);
}

const struct framework framework_mocha = {
    .name = "mocha",
    .default_glob_hint = "test/**/*.spec.js",
    .install = "npm install --save-dev mocha",
    .absent_signs = npx_absent_signs,
    .can_select = true,
    .has_report = true,
    .argv = mocha_argv,
    .read = mocha_read,
};
