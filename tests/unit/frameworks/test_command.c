#include "samples.h"

static const char *joined(const char *const *argv, struct arena *arena)
{
    struct text text = {0};
    for (; *argv; argv++) {
        text_append(&text, text.length ? "|" : "");
        text_append(&text, *argv);
    }
    const char *line = arena_string(arena, text_string(&text));
    text_clear(&text);
    return line;
}

Test(command, plain_words_run_directly_and_others_through_sh)
{
    static const struct {
        const char *command, *argv;
    } rows[] = {
        {"./smoke.sh", "./smoke.sh"},
        {"  poetry  run\tpytest ", "poetry|run|pytest"},
        {"make -j2 CC=gcc", "make|-j2|CC=gcc"},
        {"A=1 make", "sh|-c|A=1 make"},
        {"echo $HOME", "sh|-c|echo $HOME"},
        {"a && b", "sh|-c|a && b"},
        {"echo 'x y'", "sh|-c|echo 'x y'"},
        {"ls *.c", "sh|-c|ls *.c"},
        {"exit 77", "sh|-c|exit 77"},
        {"cd x", "sh|-c|cd x"},
        {"a\nb", "sh|-c|a\nb"},
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_assert_str_eq(joined(command_argv(rows[i].command, arena), arena), rows[i].argv);
    arena_free(arena);
}

Test(command, a_file_is_appended_or_run_itself)
{
    struct arena *arena = arena_new();
    const struct framework *command = framework_find("command");
    struct suite suite = {.file = "tests/a b.sh", .command = "bash -e"};
    struct framework_run run = {.suite = &suite};
    cr_assert_str_eq(joined(command->argv(&run, arena), arena), "bash|-e|tests/a b.sh");
    suite.command = "env | sort; bash";
    cr_assert_str_eq(joined(command->argv(&run, arena), arena), "sh|-c|env | sort; bash 'tests/a b.sh'");
    suite.command = NULL;
    cr_assert_str_eq(joined(command->argv(&run, arena), arena), "./tests/a b.sh");
    suite.command = "node";
    suite.file = "-x.js";
    cr_assert_str_eq(joined(command->argv(&run, arena), arena), "node|./-x.js");
    arena_free(arena);
}

Test(command, is_judged_by_its_exit_status_unless_it_reports)
{
    const struct framework *command = framework_find("command");
    cr_assert_not(command->has_report);
    cr_assert_not(command->can_select);
    cr_assert(framework_find("pytest")->has_report && framework_find("mocha")->has_report);
}

Test(frameworks, every_name_is_found_and_no_other)
{
    size_t count;
    const char *const *names = framework_names(&count);
    cr_assert_geq(count, 3);
    for (size_t i = 0; i < count; i++)
        cr_assert_str_eq(framework_find(names[i])->name, names[i]);
    cr_assert_null(framework_find("pytests"));
    cr_assert_null(framework_find(NULL));
}

Test(command, paths_of_a_report_are_told_from_the_configuration)
{
    static const struct {
        const char *cwd, *file, *source, *path, *wanted;
    } rows[] = {
        {"/repo", "t/a.py", "t/a.py", "t/a.py", "t/a.py"},
        {"/repo", "t/a.py", "t/a.py", "/repo/t/b.py", "t/b.py"},
        {"/repo", "t/a.py", "t/a.py", "/elsewhere/b.py", NULL},
        {"/repo", "t/a.py", "t/a.py", "../b.py", NULL},
        {"/repo", NULL, NULL, "./t\\b.py", "t/b.py"},
        {"/repo/s/x", "t/a.py", "s/x/t/a.py", "t/b.py", "s/x/t/b.py"},
        {"/repo/s/x", "t/a.py", "s/x/t/a.py", "/repo/s/x/t/b.py", "s/x/t/b.py"},
        {"/repo/s/x", "t/a.py", "s/x/t/a.py", "/repo/lib/b.py", "lib/b.py"},
        {"/repo/s/x", "t/a.py", "s/x/t/a.py", "s/x/t/b.py", "s/x/t/b.py"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct suite suite = {.cwd = rows[i].cwd, .file = rows[i].file, .source = rows[i].source};
        struct text xml = {0};
        text_append_format(&xml, "<testsuite><testcase name='a' file='%s'/></testsuite>", rows[i].path);
        struct report *report = read_bytes("command", &suite, xml.bytes, xml.length);
        cr_assert(string_equal(report->cases[0].file, rows[i].wanted), "row %zu: %s", i,
                  report->cases[0].file);
        report_free(report);
        text_clear(&xml);
    }
}
