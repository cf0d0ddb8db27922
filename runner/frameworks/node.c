/* node.c - Node.js' own test runner (from 20 on), by its events, one JSON object a line.
 *
 * Its built-in JUnit reporter writes control characters raw, names twice escaped, and neither file nor line.
 * A reporter may be any module, hence also a data: URL: nothing of ours lies in the user's folders. The lines
 * come as it runs, so that a killed one still tells what had ended.
 *
 * A parent is told after its children. A describe is a class; a test that has subtests is no case of its own
 * unless it failed by itself, and its subtests are named "test > subtest". */
#include "javascript.h"
#include <string.h>

#define SEPARATOR    " > "
#define NESTING_MAX  64
#define NOT_SELECTED "test name does not match pattern"

/* In a URL neither ?, # nor % stand for themselves. */
static const char reporter[] =
    "data:text/javascript,"
    "const text=(value)=>[value].filter((it)=>typeof it===\"string\").join(\"\");"
    "function pick(error){"
    "if(error===null||error===undefined)return null;"
    "if(typeof error!==\"object\")return{message:String(error)};"
    "return{name:text(error.name),failureType:text(error.failureType),message:text(error.message),"
    "stack:text(error.stack),cause:pick(error.cause)}}"
    "export default async function*(events){"
    "for await(const{type,data}of events){"
    "const kind=type.slice(5),details=(data&&data.details)||{};"
    "if(kind===\"start\"||kind===\"pass\"||kind===\"fail\")"
    "yield JSON.stringify({type:kind,name:data.name,nesting:data.nesting,file:data.file,line:data.line,"
    "skip:data.skip,todo:data.todo,is_suite:details.type===\"suite\",duration_ms:details.duration_ms,"
    "error:pick(details.error)})+\"\\n\"}"
    "yield'{\"type\":\"end\"}\\n'}";

/* --- argv ---------------------------------------------------------------------------------------------- */

/* Node matches the test's own title, so that equal titles of one file run together. A subtest runs with its
 * test. */
static const char *title_pattern(const struct suite *suite, const char *test_name, struct arena *arena)
{
    struct text regex = {0};
    const char *root_title = title_below_file(suite, test_name);
    const char *separator = "";
    text_append(&regex, "^\\s*(?:");
    for (const char *title = root_title ? root_title : test_name; title;) {
        const char *subtest = strstr(title, SEPARATOR);
        text_append(&regex, separator);
        regex_append_escaped(&regex, title, strlen(title));
        if (subtest) {
            text_append_char(&regex, '|');
            regex_append_escaped(&regex, title, (size_t)(subtest - title));
        }
        separator = "|";
        title = root_title ? NULL : strstr(title, "::");
        title = title ? title + 2 : NULL;
    }
    text_append(&regex, ")\\s*$");
    const char *result = arena_string(arena, text_string(&regex));
    text_clear(&regex);
    return result;
}

static const char *const *node_argv(const struct framework_run *run, struct arena *arena)
{
    const struct suite *suite = run->suite;
    const char *arguments[8];
    size_t count = 0;
    bool is_like_glob = suite->file && strpbrk(suite->file, "*?[]{}()!"); /* --test would look for others */
    if (!is_like_glob)
        arguments[count++] = "--test";
    arguments[count++] = "--test-reporter=spec";
    arguments[count++] = "--test-reporter-destination=stdout";
    arguments[count++] = arena_format(arena, "--test-reporter=%s", reporter);
    arguments[count++] = arena_format(arena, "--test-reporter-destination=%s", run->report_path);
    if (run->test_name)
        arguments[count++] =
            arena_format(arena, "--test-name-pattern=%s", title_pattern(suite, run->test_name, arena));
    if (suite->file)
        arguments[count++] = file_argument(suite, arena);
    return command_line(suite->command ? suite->command : "node", arguments, count, arena);
}

/* --- report -------------------------------------------------------------------------------------------- */

/* One that began and did not end yet. */
struct open_test {
    const char *name;
    size_t child_count;
    size_t first_case; /* of what stands in it */
};

/* Where a case stands. */
struct place {
    const char *const *titles; /* around it, outermost first */
    size_t depth;              /* how many */
    size_t class_depth;        /* how many of them are describes: the others belong to the name */
};

struct node_reading {
    struct report *report;
    const struct suite *suite;
    struct open_test open[NESTING_MAX];
    struct place *places; /* of each case */
    size_t capacity;
    bool has_ended;
};

static size_t nesting_of(const struct json *event)
{
    int64_t nesting = json_get_int(event, "nesting", 0);
    return nesting < 0 ? 0 : nesting >= NESTING_MAX ? NESTING_MAX - 1 : (size_t)nesting;
}

static void test_started(struct node_reading *reading, const struct json *event)
{
    size_t nesting = nesting_of(event);
    const char *name = json_get_string(event, "name", "");
    struct open_test *open = &reading->open[nesting];
    *open = (struct open_test){.name = printable_name(name, strlen(name), reading->report->arena),
                               .first_case = reading->report->count};
    if (nesting > 0)
        reading->open[nesting - 1].child_count++;
}

static struct test_case *add_case(struct node_reading *reading, const struct json *event, size_t depth)
{
    struct report *report = reading->report;
    size_t at = report->count;
    reading->places = memory_grow(reading->places, at, &reading->capacity, sizeof *reading->places);
    const char **titles = arena_alloc(report->arena, (depth + 1) * sizeof *titles);
    for (size_t i = 0; i < depth; i++)
        titles[i] = reading->open[i].name ? reading->open[i].name : "";
    reading->places[at] = (struct place){titles, depth, depth};
    struct test_case *added = report_add(report);
    const char *name = json_get_string(event, "name", "");
    added->name = printable_name(name, strlen(name), report->arena);
    if (!added->name[0])
        added->name = "(unnamed)";
    added->file = case_file(reading->suite, json_get_string(event, "file", NULL), report->arena);
    added->line = (int)json_get_int(event, "line", 0);
    added->duration_us = duration_of_json(json_get(event, "duration_ms"));
    return added;
}

static void fill_error(struct test_case *added, enum case_status status, const struct json *error,
                       struct arena *arena)
{
    const struct json *cause = json_is_object(json_get(error, "cause")) ? json_get(error, "cause") : error;
    added->status = status;
    thrown_fill(added, json_get_string(cause, "name", NULL), json_get_string(cause, "message", ""),
                json_get_string(cause, "stack", ""), arena);
    if (cause != error && strcmp(json_get_string(error, "failureType", ""), "hookFailed") == 0)
        added->body = text_join(json_get_string(error, "message", NULL), added->body, arena);
    added->body = added->body ? arena_string(arena, added->body) : NULL;
}

/* skip and todo: true, or a reason. */
static bool fill_skip(struct test_case *added, const struct json *event, const char *word,
                      struct arena *arena)
{
    const struct json *value = json_get(event, word);
    bool is_set = json_is_string(value) || (json_is_bool(value) && json_get_bool(event, word, false));
    if (!is_set)
        return false;
    added->status = CASE_SKIPPED;
    added->type = strcmp(word, "todo") == 0 ? "todo" : "skipped";
    added->message = printable_first_line(json_string(value, ""), arena);
    if (!added->message)
        added->message = added->type;
    return true;
}

/* Where a file did not load, or no test of it was told, the file itself stands for a test. */
static bool is_whole_file(const struct node_reading *reading, const struct json *event)
{
    const char *name = json_get_string(event, "name", "");
    const char *file = json_get_string(event, "file", "");
    bool is_own = reading->suite && string_equal(name, reading->suite->file);
    return nesting_of(event) == 0 && name[0] && (strcmp(name, file) == 0 || is_own);
}

/* One that is fine is nothing: it left before its tests were told, has none, or none was chosen. */
static void add_whole_file(struct node_reading *reading, const struct json *event, bool is_fine)
{
    if (is_fine)
        return;
    struct test_case *added = add_case(reading, event, 0);
    added->name = "(file)";
    added->is_no_test = true;
    added->status = CASE_ERROR;
    added->type = "Error";
    added->line = 0;
    added->message = "the file did not load, or broke outside its tests: see the output";
}

static bool is_by_its_tests(const struct json *event)
{
    const char *type = json_get_string(json_get(event, "error"), "failureType", "");
    return strcmp(type, "subtestsFailed") == 0;
}

static bool is_unselected(const struct json *event)
{
    return strcmp(json_get_string(event, "skip", ""), NOT_SELECTED) == 0;
}

static void test_ended(struct node_reading *reading, const struct json *event, bool is_fine)
{
    size_t nesting = nesting_of(event);
    struct arena *arena = reading->report->arena;
    const struct open_test *open = &reading->open[nesting];
    bool is_suite = json_get_bool(event, "is_suite", false);
    if (open->child_count > 0 && !is_suite) { /* the titles around its subtests end being a class here */
        for (size_t i = open->first_case; i < reading->report->count; i++) {
            if (reading->places[i].class_depth > nesting)
                reading->places[i].class_depth = nesting;
        }
    }
    if (is_unselected(event) || (!is_fine && is_by_its_tests(event)))
        return;
    if (is_whole_file(reading, event)) {
        add_whole_file(reading, event, is_fine);
        return;
    }
    struct test_case skip = {0};
    bool is_left_out = fill_skip(&skip, event, "todo", arena) || fill_skip(&skip, event, "skip", arena);
    if (is_fine && (is_suite || open->child_count > 0) && !(is_left_out && open->child_count == 0))
        return;
    struct test_case *added = add_case(reading, event, nesting + (is_suite && !is_left_out));
    added->is_no_test = is_suite;
    if (is_suite && !is_left_out)
        added->name = "(hook)";
    if (is_left_out) {
        added->status = skip.status;
        added->type = skip.type;
        added->message = skip.message;
    } else if (!is_fine) {
        fill_error(added, is_suite ? CASE_ERROR : CASE_FAILED, json_get(event, "error"), arena);
    }
}

static const char *join(const char *const *titles, size_t count, const char *separator, const char *last,
                        struct arena *arena)
{
    struct text text = {0};
    for (size_t i = 0; i < count; i++) {
        text_append(&text, i > 0 ? separator : "");
        text_append(&text, titles[i]);
    }
    if (last) {
        text_append(&text, count > 0 ? separator : "");
        text_append(&text, last);
    }
    const char *joined = arena_string(arena, text_string(&text));
    text_clear(&text);
    return joined;
}

static void name_cases(struct node_reading *reading)
{
    struct arena *arena = reading->report->arena;
    for (size_t i = 0; reading->places && i < reading->report->count; i++) {
        const struct place *place = &reading->places[i];
        struct test_case *found = &reading->report->cases[i];
        size_t inner = place->depth - place->class_depth;
        found->classname = join(place->titles, place->class_depth, " ", NULL, arena);
        if (place->class_depth == 0 && found->file)
            found->classname = found->file; /* as mocha has it */
        if (inner > 0)
            found->name = join(place->titles + place->class_depth, inner, SEPARATOR, found->name, arena);
    }
}

static void read_line(struct node_reading *reading, const char *bytes, size_t length)
{
    struct error error = {0};
    struct json *event = json_parse(bytes, length, &error);
    const char *type = json_get_string(event, "type", "");
    if (strcmp(type, "start") == 0)
        test_started(reading, event);
    else if (strcmp(type, "pass") == 0 || strcmp(type, "fail") == 0)
        test_ended(reading, event, type[0] == 'p');
    else if (strcmp(type, "end") == 0)
        reading->has_ended = true;
    else if (!reading->report->problem)
        reading->report->problem = "not what node's tests tell: a line is no event";
    json_free(event);
}

static void node_read(const struct suite *suite, const char *bytes, size_t length, struct report *report)
{
    struct node_reading reading = {.report = report, .suite = suite};
    size_t blanks = 0;
    while (blanks < length && bytes[blanks] != '\0' && strchr(" \t\r\n", bytes[blanks]))
        blanks++;
    report->is_present = blanks < length;
    for (size_t at = blanks; at < length;) {
        const char *end = memchr(bytes + at, '\n', length - at);
        size_t line = end ? (size_t)(end - bytes) - at : length - at;
        if (line > 0 && end)
            read_line(&reading, bytes + at, line);
        at += line + 1;
    }
    name_cases(&reading);
    if (!report->is_present)
        report->problem = "the file is empty";
    else if (!reading.has_ended && !report->problem)
        report->problem = "the report ends in the middle: node did not come to its end";
    report->is_complete = report->problem == NULL;
    memory_free(reading.places);
}

static const char *const absent_signs[] = {"bad option: --test", NULL};

const struct framework framework_node = {
    .name = "node",
    .default_glob_hint = "test/**/*.test.mjs",
    .install = "install Node.js 20 or newer",
    .absent_signs = absent_signs,
    .can_select = true,
    .is_empty_wrong = true,
    .has_report = true,
    .argv = node_argv,
    .read = node_read,
};
