/* go_events.c - the events of `go test -json` (go doc test2json), one JSON object a line.
 *
 * A test with subtests is counted by its subtests: go fails it with each of them, which would count one
 * failure twice. It is a case of its own where it failed by itself. What it said stands with the first
 * subtest that failed. */
#include "go_events.h"
#include "adapters.h"
#include "itrun/base/json.h"
#include "itrun/base/map.h"
#include <stdlib.h>
#include <string.h>

enum go_state { GO_RUNNING, GO_PASSED, GO_FAILED, GO_SKIPPED };

struct go_test { /* also the package itself: then test is "" */
    const char *package, *test;
    enum go_state state;
    int64_t duration_us;
    struct capped_text output;
    struct capped_text inherited; /* what a parent said that is no case */
    struct go_test *package_itself;
    struct go_test *heir; /* a bad subtest, which shows what this one said */
    bool has_subtests;
    bool has_bad_test; /* packages */
    bool is_build_broken;
};
struct go_stream {
    const struct suite *suite;
    struct report *report;
    struct map *by_name;      /* "package\ntest" -> struct go_test, in the order in which they began */
    struct capped_text build; /* what compiler, linker and go itself said */
    struct text key;
    size_t event_count;
    bool is_cut;
};

static struct go_test *find_test(struct go_stream *stream, const char *package, const char *test,
                                 size_t length)
{
    text_reset(&stream->key);
    text_append_format(&stream->key, "%s\n", package);
    text_append_bytes(&stream->key, test, length);
    return map_get(stream->by_name, text_string(&stream->key));
}

static struct go_test *take_test(struct go_stream *stream, const char *package, const char *test)
{
    struct go_test *found = find_test(stream, package, test, strlen(test));
    if (found)
        return found;
    found = memory_new(sizeof *found);
    found->package = printable_name(package, strlen(package), stream->report->arena);
    found->test = arena_string(stream->report->arena, test);
    map_put(stream->by_name, text_string(&stream->key), found);
    found->package_itself = test[0] ? take_test(stream, package, "") : found;
    return found;
}

/* "=== RUN   TestA", "    --- FAIL: TestA/b (0.00s)", "FAIL": what go says about tests, not what tests say.
 */
static bool is_frame(const char *line)
{
    static const char *const starts[] = {"=== ",   "--- PASS: ", "--- FAIL: ", "--- SKIP: ", "PASS\n",
                                         "FAIL\n", "FAIL\t",     "ok  \t",     "?   \t",     "exit status "};
    line += strspn(line, " ");
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        if (string_starts_with(line, starts[i]))
            return true;
    }
    return false;
}

/* "printed without a newline--- PASS: TestA (0.10s)": go before 1.20 then misses the end of the test. */
static void read_missed_end(struct go_stream *stream, struct go_test *test, const char *output)
{
    static const struct {
        const char *word;
        enum go_state state;
    } ends[] = {{"PASS", GO_PASSED}, {"FAIL", GO_FAILED}, {"SKIP", GO_SKIPPED}};
    for (size_t i = 0; test->test[0] && test->state == GO_RUNNING && i < sizeof ends / sizeof *ends; i++) {
        text_reset(&stream->key);
        text_append_format(&stream->key, "--- %s: %s (", ends[i].word, test->test);
        const char *found = strstr(output, text_string(&stream->key));
        if (found) {
            test->state = ends[i].state;
            test->duration_us = (int64_t)(strtod(found + stream->key.length, NULL) * 1e6 + 0.5);
        }
    }
}

static void take_output(struct go_stream *stream, struct go_test *test, const char *output)
{
    read_missed_end(stream, test, output);
    if (strstr(output, "[build failed]") || strstr(output, "[setup failed]"))
        test->package_itself->is_build_broken = true;
    if (!is_frame(output))
        capped_add(&test->output, output, strlen(output));
}

static void take_event(struct go_stream *stream, const struct json *event)
{
    const char *action = json_get_string(event, "Action", "");
    const char *output = json_get_string(event, "Output", "");
    if (string_starts_with(action, "build-")) {
        capped_add(&stream->build, output, strlen(output));
        return;
    }
    const char *package = json_get_string(event, "Package", NULL);
    if (!package)
        return;
    struct go_test *test = take_test(stream, package, json_get_string(event, "Test", ""));
    double elapsed = json_get_double(event, "Elapsed", 0);
    bool is_end = true;
    if (string_equal(action, "pass"))
        test->state = GO_PASSED;
    else if (string_equal(action, "fail"))
        test->state = GO_FAILED;
    else if (string_equal(action, "skip"))
        test->state = GO_SKIPPED;
    else
        is_end = false;
    if (is_end && elapsed > 0 && elapsed < 1e9)
        test->duration_us = (int64_t)(elapsed * 1e6 + 0.5);
    if (is_end && test->state == GO_PASSED)
        capped_clear(&test->output);
    if (json_get_string(event, "FailedBuild", NULL))
        test->is_build_broken = true;
    if (string_equal(action, "output"))
        take_output(stream, test, output);
}

static void take_line(struct go_stream *stream, const char *line, size_t length, bool is_ended)
{
    struct error error = {0};
    struct json *event = length > 0 && line[0] == '{' ? json_parse(line, length, &error) : NULL;
    if (event && json_get(event, "Action")) {
        stream->event_count++;
        take_event(stream, event);
    } else if (length > 0 && line[0] == '{' && !is_ended) {
        stream->is_cut = true;
    } else { /* go before 1.24 says so that a build failed */
        capped_add(&stream->build, line, length);
        capped_add(&stream->build, "\n", 1);
        const char *tab = memchr(line, '\t', length);
        if (tab && length > 5 && memcmp(line, "FAIL\t", 5) == 0) {
            size_t package_length = (size_t)(line + length - tab - 1);
            const char *blank = memchr(tab + 1, ' ', package_length);
            package_length = blank ? (size_t)(blank - tab - 1) : package_length;
            take_test(stream, arena_bytes(stream->report->arena, tab + 1, package_length), "")
                ->is_build_broken = true;
        }
    }
    json_free(event);
}

/* --- families ------------------------------------------------------------------------------------------- */

static bool is_bad(const struct go_test *test)
{
    return test->state == GO_FAILED || test->state == GO_RUNNING;
}

static bool is_silent(const struct go_test *test)
{
    return test->output.length == 0;
}

/* A panic in a subtest is told by its parent; a subtest that said nothing is the one to show it. */
static void note_family(struct go_stream *stream, struct go_test *test)
{
    if (!test->test[0])
        return;
    if (is_bad(test))
        test->package_itself->has_bad_test = true;
    for (const char *slash = strrchr(test->test, '/'); slash;) {
        size_t length = (size_t)(slash - test->test);
        struct go_test *parent = find_test(stream, test->package, test->test, length);
        if (parent) {
            parent->has_subtests = true;
            bool is_better = is_bad(test) && (!parent->heir || (is_silent(test) && !is_silent(parent->heir)));
            parent->heir = is_better ? test : parent->heir;
        }
        slash = memrchr(test->test, '/', length);
    }
}

static bool is_counted_by_subtests(const struct go_test *test)
{
    return test->has_subtests && (test->state == GO_PASSED || test->heir);
}

static void give_to_heir(struct go_test *test)
{
    struct go_test *heir = test->heir;
    if (!heir)
        return;
    struct text *parts[] = {&test->inherited.head, &test->inherited.tail, &test->output.head,
                            &test->output.tail};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        capped_add(&heir->inherited, text_string(parts[i]), parts[i]->length);
}

/* --- cases ---------------------------------------------------------------------------------------------- */

/* "    cart_test.go:12: got 3" -> its place and "got 3". */
static const char *read_place(const char *line, struct test_case *ret_case, struct arena *arena)
{
    line += strspn(line, " \t");
    size_t length = strcspn(line, " \t\n:");
    if (length < 4 || line[length] != ':' || memcmp(line + length - 3, ".go", 3) != 0)
        return NULL;
    int number = 0;
    const char *at = line + length + 1;
    for (; *at >= '0' && *at <= '9' && number < 10000000; at++)
        number = number * 10 + (*at - '0');
    if (number == 0 || *at != ':')
        return NULL;
    ret_case->file = arena_bytes(arena, line, length);
    ret_case->line = number;
    return at + 1 + strspn(at + 1, " \t\r");
}

/* testify's way: "Error:" and what it says, on a line of its own. */
static const char *labelled_error(const char *body)
{
    const char *found = strstr(body, "Error:");
    return found ? found + strlen("Error:") : NULL;
}

/* The last line with a place: t.Fatal ends a test, what it logged stands before. A panic says more. */
static void find_message(struct test_case *found, struct arena *arena)
{
    const char *message = NULL;
    for (const char *line = found->body; line && *line; line = strchr(line, '\n')) {
        line += *line == '\n';
        const char *told = read_place(line, found, arena);
        message = told ? told : message;
        if (string_starts_with(line, "panic: ")) {
            found->type = "panic";
            message = line;
            break;
        }
    }
    if (message && (*message == '\n' || *message == '\0'))
        message = labelled_error(message);
    found->message = message ? printable_first_line(message, arena) : NULL;
    if (!found->message && found->body)
        found->message = printable_first_line(found->body, arena);
}

/* Files of a test are named without their directory. */
static const char *place_of(const struct go_stream *stream, const char *file)
{
    const char *directory = stream->suite ? stream->suite->file : NULL;
    if (!file || !directory)
        return NULL;
    if (strcmp(directory, ".") != 0)
        file = arena_format(stream->report->arena, "%s/%s", directory, file);
    return case_file(stream->suite, file, stream->report->arena);
}

static void add_case(struct go_stream *stream, const struct go_test *test)
{
    static const enum case_status statuses[] = {[GO_RUNNING] = CASE_ERROR,
                                                [GO_PASSED] = CASE_PASSED,
                                                [GO_FAILED] = CASE_FAILED,
                                                [GO_SKIPPED] = CASE_SKIPPED};
    struct arena *arena = stream->report->arena;
    struct test_case *added = report_add(stream->report);
    added->classname = test->package;
    added->name = printable_name(test->test, strlen(test->test), arena);
    added->duration_us = test->duration_us;
    added->status = statuses[test->state];
    if (test->state == GO_PASSED)
        return;
    added->type = test->state == GO_SKIPPED ? "skipped" : "failure";
    added->body = capped_finish(is_silent(test) ? &test->inherited : &test->output, arena);
    find_message(added, arena);
    if (!is_silent(test))
        added->body = text_join(added->body, capped_finish(&test->inherited, arena), arena);
    added->file = place_of(stream, added->file);
    if (test->state == GO_RUNNING) {
        added->type = "unfinished";
        added->message = "it did not end: the test program ended while it ran";
    }
    if (!added->message)
        added->message = test->state == GO_SKIPPED ? "skipped" : "failed without a word";
}

static void add_package_case(struct go_stream *stream, struct go_test *package)
{
    struct arena *arena = stream->report->arena;
    struct test_case *added = report_add(stream->report);
    added->classname = package->package;
    added->name = package->is_build_broken ? "(build)" : "(package)";
    added->status = CASE_ERROR;
    added->is_no_test = true;
    added->type = package->is_build_broken ? "build failed" : "package failed";
    added->body = capped_finish(package->is_build_broken ? &stream->build : &package->output, arena);
    const char *line = added->body;
    while (line && (line[0] == '#' || string_starts_with(line, "FAIL\t"))) { /* "# package": a title */
        line = strchr(line, '\n');
        line = line ? line + 1 : NULL;
    }
    added->message = line ? printable_first_line(line, arena) : NULL;
    if (!added->message)
        added->message = package->is_build_broken ? "it does not build: see the output"
                                                  : "the package failed, though none of its tests did";
}

/* Not one event: go refused before it began, or it is not go. */
static const char *go_said(const struct go_stream *stream)
{
    struct arena *arena = stream->report->arena;
    const char *text = capped_finish(&stream->build, arena);
    const char *line = text ? printable_first_line(text, arena) : NULL;
    return line ? arena_format(arena, "no event of go test -json, but: %s", line)
                : "no event of go test -json";
}

static const char *find_problem(const struct go_stream *stream)
{
    if (stream->event_count == 0 && map_count(stream->by_name) == 0)
        return go_said(stream);
    for (size_t i = 0; i < map_count(stream->by_name); i++) {
        const struct go_test *test = map_value(stream->by_name, i);
        if (!test->test[0] && test->state == GO_RUNNING && !test->is_build_broken)
            return arena_format(stream->report->arena, "the events end before the package %s did",
                                test->package);
    }
    return stream->is_cut ? "the last event is cut" : NULL;
}

static void make_cases(struct go_stream *stream)
{
    size_t count = map_count(stream->by_name);
    for (size_t i = 0; i < count; i++)
        note_family(stream, map_value(stream->by_name, i));
    for (size_t i = 0; i < count; i++)
        give_to_heir(map_value(stream->by_name, i));
    for (size_t i = 0; i < count; i++) {
        struct go_test *test = map_value(stream->by_name, i);
        if (test->test[0] && !is_counted_by_subtests(test))
            add_case(stream, test);
        else if (!test->test[0] && !test->has_bad_test && (test->state == GO_FAILED || test->is_build_broken))
            add_package_case(stream, test);
    }
}

void go_read(const struct suite *suite, const char *bytes, size_t length, struct report *report)
{
    struct go_stream stream = {.suite = suite, .report = report, .by_name = map_new()};
    for (size_t at = 0; at < length;) {
        const char *newline = memchr(bytes + at, '\n', length - at);
        size_t line_length = newline ? (size_t)(newline - bytes) - at : length - at;
        take_line(&stream, bytes + at, line_length, newline != NULL);
        at += line_length + 1;
    }
    report->is_present = stream.event_count > 0 || stream.build.length > 1;
    make_cases(&stream);
    report->problem = report->is_present ? find_problem(&stream) : "the file is empty";
    report->is_complete = report->problem == NULL;
    for (size_t i = 0; i < map_count(stream.by_name); i++) {
        struct go_test *test = map_value(stream.by_name, i);
        capped_clear(&test->output);
        capped_clear(&test->inherited);
        memory_free(test);
    }
    map_free(stream.by_name);
    capped_clear(&stream.build);
    text_clear(&stream.key);
}
