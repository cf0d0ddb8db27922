/* pytest.c - pytest, by its own JUnit file (family xunit1, the only one that says file and line).
 *
 * The file is written at the end of the session: a killed pytest leaves none. */
#include "adapters.h"
#include <string.h>

#define LAUNCHER "python3 -m pytest"

/* "services/x/tests/test_a.py" -> "services.x.tests.test_a", as pytest names a module. */
static const char *module_name(const char *file, struct arena *arena)
{
    size_t length = strlen(file);
    if (string_ends_with(file, ".py"))
        length -= 3;
    char *name = arena_bytes(arena, file, length);
    for (char *at = strchr(name, '/'); at; at = strchr(at, '/'))
        *at = '.';
    return name;
}

/* Where the module ends in a classname, 0: nowhere. pytest counts from its rootdir, which may be above or
 * below the suite's directory: either may have more in front. */
static size_t module_end(const char *classname, size_t length, const char *module)
{
    const char *at = module;
    do {
        size_t at_length = strlen(at);
        if (length >= at_length && memcmp(classname, at, at_length) == 0 &&
            (length == at_length || classname[at_length] == '.'))
            return at_length;
        at = strchr(at, '.');
    } while (at++);
    size_t module_length = strlen(module);
    for (size_t i = 1; i + module_length <= length; i++) {
        if (classname[i - 1] == '.' && memcmp(classname + i, module, module_length) == 0 &&
            (i + module_length == length || classname[i + module_length] == '.'))
            return i + module_length;
    }
    return 0;
}

/* The class part of a JUnit classname: "tests.test_a.TestCart.TestInner" -> "TestCart::TestInner". */
static const char *classes_of(const char *classname, size_t length, const char *module, struct arena *arena)
{
    size_t end = module_end(classname, length, module);
    if (end == 0 || end == length)
        return end == 0 ? NULL : "";
    struct text text = {0};
    for (size_t i = end + 1; i < length; i++) {
        if (classname[i] == '.')
            text_append(&text, "::");
        else
            text_append_char(&text, classname[i]);
    }
    const char *classes = arena_string(arena, text_string(&text));
    text_clear(&text);
    return classes;
}

/* What stands before the name of the test: the last "::" before a "[" of a parameter. */
static size_t prefix_before_name(const char *test_name)
{
    size_t end = strcspn(test_name, "[");
    size_t prefix = 0;
    for (size_t i = 0; i + 1 < end; i++) {
        if (test_name[i] == ':' && test_name[i + 1] == ':')
            prefix = i;
    }
    return prefix;
}

/* `test_name` is "test", "Class::test", "classname::test" as JUnit has it, or a node id of pytest itself. */
static const char *node_id(const struct framework_run *run, struct arena *arena)
{
    const char *file = file_argument(run->suite, arena);
    const char *name = run->test_name;
    size_t file_length = strlen(run->suite->file);
    if (strncmp(name, run->suite->file, file_length) == 0 && string_starts_with(name + file_length, "::"))
        return name;
    size_t prefix = prefix_before_name(name);
    const char *module = module_name(run->suite->source ? run->suite->source : run->suite->file, arena);
    const char *classes = prefix > 0 ? classes_of(name, prefix, module, arena) : NULL;
    if (classes && classes[0])
        return arena_format(arena, "%s::%s%s", file, classes, name + prefix);
    if (classes)
        return arena_format(arena, "%s%s", file, name + prefix);
    return arena_format(arena, "%s::%s", file, name);
}

static const char *const *pytest_argv(const struct framework_run *run, struct arena *arena)
{
    const struct suite *suite = run->suite;
    const char *arguments[12];
    size_t count = 0;
    if (suite->file)
        arguments[count++] = run->test_name ? node_id(run, arena) : file_argument(suite, arena);
    arguments[count++] = "-q";
    arguments[count++] = "--color=no";
    arguments[count++] = arena_format(arena, "--junitxml=%s", run->report_path);
    arguments[count++] = "-o";
    arguments[count++] = "junit_family=xunit1";
    arguments[count++] = "-p"; /* two suites in one checkout would write one .pytest_cache */
    arguments[count++] = "no:cacheprovider";
    if (!suite->file && run->test_name) {
        arguments[count++] = "-k";
        arguments[count++] =
            run->test_name +
            (prefix_before_name(run->test_name) > 0 ? prefix_before_name(run->test_name) + 2 : 0);
    }
    return command_line(suite->command ? suite->command : LAUNCHER, arguments, count, arena);
}

/* pytest names no type; its message begins with it: "AssertionError: ...", "failed on setup with "X: ..."".
 */
static const char *type_in_message(const char *message, struct arena *arena)
{
    const char *quote = string_starts_with(message, "failed on ") ? strchr(message, '"') : NULL;
    const char *start = quote ? quote + 1 : message;
    size_t length = strcspn(start, " :\"(");
    bool is_type = length > 0 && (start[length] == ':' || start[length] == '"' || start[length] == '\0');
    if (is_type && strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_", start[0])) {
        const char *dot = start + length;
        while (dot > start && dot[-1] != '.')
            dot--;
        return arena_bytes(arena, dot, (size_t)(start + length - dot));
    }
    return string_starts_with(start, "assert ") ? "AssertionError" : NULL;
}

static bool is_default_type(const struct test_case *test_case)
{
    return string_equal(test_case->type, case_status_name(test_case->status)) ||
           string_equal(test_case->type, "failure");
}

/* A test that failed and whose fixture then broke at teardown is written twice: one case, one name. */
static struct test_case *find_called(struct report *report, size_t count, const struct test_case *teardown)
{
    if (teardown->status != CASE_ERROR || !string_starts_with(teardown->message, "failed on teardown"))
        return NULL;
    for (size_t i = count; i-- > 0;) {
        struct test_case *other = &report->cases[i];
        if (string_equal(other->name, teardown->name) && string_equal(other->classname, teardown->classname))
            return other;
    }
    return NULL;
}

static void merge_teardown(struct test_case *called, const struct test_case *teardown, struct arena *arena)
{
    called->duration_us += teardown->duration_us;
    called->body = text_join(called->body, teardown->body, arena);
    called->output = text_join(called->output, teardown->output, arena);
    if (called->status == CASE_FAILED || called->status == CASE_ERROR)
        return;
    called->status = teardown->status;
    called->type = teardown->type;
    called->message = teardown->message;
}

/* pytest spells what XML forbids: "#x1B[31m" was a colour. Put back, so that the sequence goes as a whole. */
static const char *without_spelled_escapes(const char *string, struct arena *arena)
{
    static const char spelled[] = "#x1B[";
    const char *at = string != NULL ? strstr(string, spelled) : NULL;
    if (at == NULL)
        return string;
    struct text restored = {0};
    struct text clean = {0};
    for (; at != NULL; at = strstr(string, spelled)) {
        text_append_bytes(&restored, string, (size_t)(at - string));
        text_append_char(&restored, '\033');
        string = at + strlen(spelled) - 1;
    }
    text_append(&restored, string);
    text_append_printable(&clean, restored.bytes, restored.length);
    const char *result = arena_string(arena, text_string(&clean));
    text_clear(&restored);
    text_clear(&clean);
    return result;
}

static void pytest_read(const struct suite *suite, const char *bytes, size_t length, struct report *report)
{
    struct junit_reader *reader = junit_reader_new(report);
    junit_reader_feed(reader, bytes, length);
    junit_reader_finish(reader);
    junit_reader_free(reader);
    size_t kept = 0;
    for (size_t i = 0; i < report->count; i++) {
        struct test_case *found = &report->cases[i];
        bool is_bad = found->status == CASE_FAILED || found->status == CASE_ERROR;
        found->message = without_spelled_escapes(found->message, report->arena);
        found->body = without_spelled_escapes(found->body, report->arena);
        found->output = without_spelled_escapes(found->output, report->arena);
        if (is_bad && is_default_type(found)) {
            const char *type = type_in_message(found->message, report->arena);
            found->type = type ? type : found->type;
        }
        found->is_no_test = found->classname[0] == '\0'; /* a file that cannot be collected */
        struct test_case *called = find_called(report, kept, found);
        if (called) {
            merge_teardown(called, found, report->arena);
            continue;
        }
        found->file = case_file(suite, found->file, report->arena);
        if (found->line > 0 || found->file)
            found->line++; /* pytest counts from 0 */
        report->cases[kept++] = *found;
    }
    report->count = kept;
}

static const char *const absent_signs[] = {"No module named pytest", NULL};

const struct framework framework_pytest = {
    .name = "pytest",
    .default_glob_hint = "tests/**/test_*.py",
    .install = "python3 -m pip install pytest",
    .absent_signs = absent_signs,
    .can_select = true,
    .no_match_statuses = 1u << 0 | 1u << 4 | 1u << 5, /* 4: no such item, 5: none collected */
    .has_report = true,
    .argv = pytest_argv,
    .read = pytest_read,
};
