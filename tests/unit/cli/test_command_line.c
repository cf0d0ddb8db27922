#include "command_line.h"
#include <criterion/criterion.h>
#include <stdarg.h>
#include <string.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#define WORDS_MAX 12

struct parsed {
    const struct command *command;
    struct options options;
    struct error error;
    bool is_fine;
};

/* The words end with NULL; argv[0] is added. */
static struct parsed parse(const char *first, ...)
{
    char *argv[WORDS_MAX + 1] = {(char *)"itrun"};
    int argc = 1;
    va_list words;
    va_start(words, first);
    for (const char *word = first; word != NULL; word = va_arg(words, const char *)) {
        argv[argc++] = (char *)word;
    }
    va_end(words);
    struct parsed parsed = {0};
    parsed.is_fine = command_line_parse(argc, argv, &parsed.command, &parsed.options, &parsed.error);
    return parsed;
}

static void expect_refused(struct parsed *parsed, const char *what, const char *hint)
{
    cr_expect_not(parsed->is_fine);
    cr_expect_eq(parsed->error.kind, ERROR_USAGE);
    cr_expect_not_null(strstr(parsed->error.what, what), "'%s' is not in '%s'", what, parsed->error.what);
    cr_expect_not_null(strstr(parsed->error.hint, hint), "'%s' is not in '%s'", hint, parsed->error.hint);
    command_line_clear(&parsed->options);
}

Test(command_line, itrun_alone_means_run)
{
    struct parsed parsed = parse("--shards", "200", NULL);
    cr_assert(parsed.is_fine);
    cr_expect_str_eq(parsed.command->name, "run");
    cr_expect_eq(parsed.options.shards, 200);
    cr_expect_eq(parsed.options.retries, -1, "not asked for is not zero");
    command_line_clear(&parsed.options);
}

Test(command_line, options_stand_before_or_after_the_command)
{
    struct parsed parsed =
        parse("--seed", "7", "run", "api", "-c", "x.yaml", "-j4", "--fail-fast", "web", NULL);
    cr_assert(parsed.is_fine, "%s", parsed.error.what);
    cr_expect_str_eq(parsed.options.seed, "7");
    cr_expect_str_eq(parsed.options.config, "x.yaml");
    cr_expect_eq(parsed.options.jobs, 4);
    cr_expect_eq(parsed.options.fail_fast, 1);
    cr_assert_eq(parsed.options.word_count, 2);
    cr_expect_str_eq(parsed.options.words[1], "web");
    command_line_clear(&parsed.options);
}

Test(command_line, after_two_dashes_everything_is_a_word)
{
    struct parsed parsed = parse("run", "--", "--shards", NULL);
    cr_assert(parsed.is_fine);
    cr_assert_eq(parsed.options.word_count, 1);
    cr_expect_str_eq(parsed.options.words[0], "--shards");
    command_line_clear(&parsed.options);
}

Test(command_line, durations_are_read_with_their_unit)
{
    struct parsed parsed = parse("--timeout=1h30m", "--suite-timeout", "500ms", NULL);
    cr_assert(parsed.is_fine);
    cr_expect_eq(parsed.options.timeout_ms, 5400000);
    cr_expect_eq(parsed.options.suite_timeout_ms, 500);
    command_line_clear(&parsed.options);
    parsed = parse("--timeout", "90", NULL);
    expect_refused(&parsed, "duration, not '90'", "90s");
}

Test(command_line, an_unknown_word_gets_the_nearest_known_one)
{
    struct parsed parsed = parse("--shrads", "3", NULL);
    expect_refused(&parsed, "--shrads", "--shards");
    parsed = parse("explan", NULL);
    expect_refused(&parsed, "explan", "explain");
    parsed = parse("-x", NULL);
    expect_refused(&parsed, "-x", "--help");
}

Test(command_line, an_option_of_another_command_is_refused)
{
    struct parsed parsed = parse("list", "suites", "--shards", "3", NULL);
    expect_refused(&parsed, "'itrun list' has no option --shards", "itrun list --help");
}

Test(command_line, values_are_checked)
{
    struct parsed parsed = parse("--jobs", "many", NULL);
    expect_refused(&parsed, "whole number, not 'many'", "--jobs 4");
    parsed = parse("--jobs", "-1", NULL);
    expect_refused(&parsed, "whole number", "--jobs 4");
    parsed = parse("--seed", NULL);
    expect_refused(&parsed, "--seed wants a value", "");
    parsed = parse("--ci", "github", NULL);
    expect_refused(&parsed, "--ci does not know 'github'", "auto|none");
    parsed = parse("--no-deploy=yes", NULL);
    expect_refused(&parsed, "takes no value", "");
}

Test(command_line, help_names_every_command_and_a_command_s_own_options)
{
    struct text text = {0};
    command_line_help(NULL, &text);
    for (size_t i = 0; commands[i] != NULL; i++) {
        cr_expect_not_null(strstr(text_string(&text), commands[i]->name), "%s", commands[i]->name);
        struct text own = {0};
        command_line_help(commands[i], &own);
        cr_expect_not_null(strstr(text_string(&own), "--help"));
        text_clear(&own);
    }
    text_clear(&text);
}

/* --- what stood after "--", and options written down again ------------------------------------------------
 */

Test(command_line, what_stands_after_two_dashes_is_known_apart)
{
    struct options options = {0};
    const struct command *command = NULL;
    struct error error = {0};
    char *argv[] = {"itrun", "shell", "run-1", "--shard", "3", "--", "aws", "--shard", "x"};
    cr_assert(command_line_parse(9, argv, &command, &options, &error), "%s", error.what);
    cr_assert_eq(options.word_count, 4);
    cr_assert_eq(options.rest_count, 3);
    cr_assert_str_eq(options.rest[0], "aws");
    cr_assert_str_eq(options.rest[1], "--shard");
    cr_assert_eq(options.shard, 3);
    command_line_clear(&options);
}

struct words {
    char *list[128];
    int count;
};

static void keep_word(void *context, const char *word)
{
    struct words *words = context;
    words->list[words->count++] = strdup(word);
}

/* Each option of run by itself: given, written down, and read again, it is the same. */
Test(command_line, every_option_of_run_survives_being_written_down)
{
    const unsigned groups = GROUP_ALWAYS | GROUP_SELECT | GROUP_RUN | GROUP_REPORTS;
    size_t total = 0, seen = 0;
    const struct option *table = command_line_options(&total);
    for (size_t i = 0; i < total; i++) {
        if ((table[i].groups & groups) == 0 || table[i].offset == offsetof(struct options, is_help) ||
            table[i].offset == offsetof(struct options, is_version)) {
            continue;
        }
        static const char *const values[] = {[OPTION_FLAG] = "",
                                             [OPTION_STRING] = "=a b",
                                             [OPTION_COUNT] = "=7",
                                             [OPTION_DURATION] = "=90s",
                                             [OPTION_COUNT_OR_ONE] = "=3"};
        char given[128];
        snprintf(given, sizeof given, "--%s%s", table[i].name, values[table[i].kind]);
        if (table[i].kind == OPTION_STRING &&
            strchr(table[i].value, '|') != NULL) { /* one of those it knows */
            snprintf(given, sizeof given, "--%s=%.*s", table[i].name, (int)strcspn(table[i].value, "|"),
                     table[i].value);
        }
        char *argv[] = {"itrun", "run", given};
        struct options first = {0}, again = {0};
        const struct command *command = NULL;
        struct error error = {0};
        cr_assert(command_line_parse(3, argv, &command, &first, &error), "%s: %s", given, error.what);
        struct words words = {.list = {"itrun", "run"}, .count = 2};
        command_line_again(&first, groups, keep_word, &words);
        cr_assert_eq(words.count, 3, "%s was written as %d words", given, words.count - 2);
        cr_assert(command_line_parse(3, words.list, &command, &again, &error), "%s: %s", words.list[2],
                  error.what);
        command_line_clear(&first);
        command_line_clear(&again);
        const char *field = (const char *)&first + table[i].offset,
                   *other = (const char *)&again + table[i].offset;
        if (table[i].kind == OPTION_STRING) {
            cr_assert_str_eq(*(const char *const *)(const void *)field,
                             *(const char *const *)(const void *)other);
        } else {
            size_t size = table[i].kind == OPTION_FLAG ? sizeof(bool) : sizeof(int64_t);
            cr_assert(memcmp(field, other, size) == 0, "%s became %s", given, words.list[2]);
        }
        free(words.list[2]);
        seen++;
    }
    cr_assert_gt(seen, 20);
}
