/* go.c - go test, by the stream of events of `go test -json`. A suite is a package: the directory of the
 * files.
 *
 * go test has no option for a report file, and with -json its output is for machines. So the stream goes to
 * the report, and what it says to people goes on to the suite's output as it comes; the exit status is that
 * of go. The stream is written while the tests run: what a killed run had done stands in it. */
#include "adapters.h"
#include "go_events.h"
#include <string.h>

#define LAUNCHER "go test"

/* For want of pipefail the status comes by descriptor 3 and the output leaves by 4. What go itself says, such
 * as a compiler's errors before 1.24, stands in the stream too. */
static const char script[] =
    "exec 4>&1\n"
    "status=$({ { \"$@\" 2>&1 3>&- 4>&-; echo $? >&3; } | tee \"$ITRUN_REPORT\" 3>&- 4>&- | sed -un '"
    "/^{/!{\n p\n d\n}\n"
    "/\"Output\":\"/!d\n"
    "s/^.*\"Output\":\"//\n"
    "s/\"\\(,\"OutputType\":\"[a-z-]*\"\\)\\{0,1\\}}$//\n"
    "s/\\\\n$//\n"
    "/^ *=== /d\n"
    "s/\\\\t/\t/g\n"
    "s/\\\\u003c/</g\n"
    "s/\\\\u003e/>/g\n"
    "s/\\\\u0026/\\&/g\n"
    "s/\\\\\\([\"\\\\]\\)/\\1/g\n"
    "p' >&4 3>&-; } 3>&1)\n"
    "exit \"${status:-1}\"\n";

static const char *const *through_script(const char *const *words, struct arena *arena)
{
    size_t count = 0;
    while (words[count])
        count++;
    const char **argv = arena_alloc(arena, (count + 5) * sizeof *argv);
    argv[0] = "sh";
    argv[1] = "-c";
    argv[2] = script;
    argv[3] = "go";
    memcpy(argv + 4, words, count * sizeof *argv);
    return argv;
}

static bool is_test_name(const char *name)
{
    return string_starts_with(name, "Test") || string_starts_with(name, "Example") ||
           string_starts_with(name, "Fuzz");
}

/* The length of the package in "example.com/shop/cart::TestA"; 0: none is named. */
static size_t package_of(const char *test_name)
{
    const char *colons = strstr(test_name, "::");
    bool is_named = colons && !is_test_name(test_name) && is_test_name(colons + 2);
    return is_named ? (size_t)(colons - test_name) : 0;
}

/* A command for all packages, "go test ./...", runs but the one that the case is of: another may have a test
 * of that name. */
static const char *command_of(const struct framework_run *run, struct arena *arena)
{
    static const char all[] = "./...";
    const char *command = run->suite->command ? run->suite->command : LAUNCHER;
    const char *found = run->test_name ? strstr(command, all) : NULL;
    size_t length = found ? package_of(run->test_name) : 0;
    const char *after = found ? found + sizeof all - 1 : NULL;
    if (length == 0 || (*after && *after != ' ') || (found > command && found[-1] != ' '))
        return command;
    struct text package = {0};
    text_append_shell_word(&package, arena_bytes(arena, run->test_name, length));
    const char *narrowed =
        arena_format(arena, "%.*s%s%s", (int)(found - command), command, text_string(&package), after);
    text_clear(&package);
    return narrowed;
}

/* "package::TestA/sub" or "TestA/sub" -> "^TestA$/^sub$": go splits both at slashes, and matches each part.
 */
static const char *run_pattern(const char *test_name, struct arena *arena)
{
    size_t package_length = package_of(test_name);
    const char *at = test_name + package_length + (package_length > 0 ? 2 : 0);
    struct text regex = {0};
    text_append_char(&regex, '^');
    for (; *at; at++) {
        if (*at == '/')
            text_append(&regex, "$/^");
        else if (strchr("\\^$.|?*+()[]{}", *at))
            text_append_format(&regex, "\\%c", *at);
        else
            text_append_char(&regex, *at);
    }
    text_append_char(&regex, '$');
    const char *pattern = arena_string(arena, text_string(&regex));
    text_clear(&regex);
    return pattern;
}

static const char *const *go_argv(const struct framework_run *run, struct arena *arena)
{
    const struct suite *suite = run->suite;
    const char *arguments[6];
    size_t count = 0;
    arguments[count++] = "-json";
    arguments[count++] = "-count=1"; /* a cached result is no run */
    if (suite->timeout_ms > 0)
        arguments[count++] = "-timeout=0"; /* ours counts; go's own is ten minutes */
    if (run->test_name) {
        arguments[count++] = "-run";
        arguments[count++] = run_pattern(run->test_name, arena);
    }
    if (suite->file)
        arguments[count++] = strcmp(suite->file, ".") == 0 ? "." : arena_format(arena, "./%s", suite->file);
    return through_script(command_line(command_of(run, arena), arguments, count, arena), arena);
}

static const char *const absent_signs[] = {"go: not found", NULL};

const struct framework framework_go = {
    .name = "go",
    .default_glob_hint = "**/*_test.go",
    .install = "apt install golang-go, or https://go.dev/dl",
    .absent_signs = absent_signs,
    .can_select = true,
    .is_per_directory = true,
    .is_empty_wrong = true,
    .has_report = true,
    .argv = go_argv,
    .read = go_read,
};
