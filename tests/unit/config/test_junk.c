/* Whatever the bytes are: one clear error, in bounded time, and nothing lost. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "sample.h"

#define MIB ((size_t)1024 * 1024)

static size_t lines_count(const struct text *text)
{
    size_t count = 0;
    for (size_t i = 0; i < text->length; i++)
        count += text->bytes[i] == '\n';
    return count;
}

/* Parses and expects one problem; returns what it says. */
static void one_error(const char *bytes, size_t length, const char *what)
{
    struct text report = {0};
    struct error error = {0};
    cr_assert_null(config_parse("itrun.yaml", bytes, length, sample_lookup, NULL, &report, &error));
    cr_assert_eq(error.kind, ERROR_CONFIG);
    cr_assert_not_null(strstr(error.what, what), "%s", error.what);
    cr_assert_eq(lines_count(&report), 4, "%s", text_string(&report));
    text_clear(&report);
}

Test(junk, a_file_over_one_mebibyte_is_refused)
{
    char *bytes = memory_new(MIB + 2);
    memset(bytes, '#', MIB + 1);
    one_error(bytes, MIB + 1, "larger than 1 MiB");
    one_error(bytes, MIB, "empty");
    memory_free(bytes);
}

Test(junk, no_bytes_at_all_is_an_empty_file)
{
    one_error(NULL, 0, "empty");
    one_error("\xEF\xBB\xBF", 3, "empty");
    one_error("---\n", 4, "empty");
}

Test(junk, binary_bytes_give_one_error)
{
    unsigned seed = 7;
    char bytes[4096];
    for (int round = 0; round < 200; round++) {
        for (size_t i = 0; i < sizeof bytes; i++) {
            seed = seed * 1103515245u + 12345u;
            bytes[i] = (char)(seed >> 16);
        }
        one_error(bytes, sizeof bytes, "the file");
    }
}

Test(junk, deep_nesting_gives_one_error)
{
    struct text text = {0};
    for (int i = 0; i < 50000; i++)
        text_append(&text, "{a: ");
    one_error(text.bytes, text.length, "too deeply");
    text_reset(&text);
    for (int i = 0; i < 50000; i++)
        text_append(&text, "- ");
    one_error(text.bytes, text.length, "too deeply");
    text_clear(&text);
}

/* Damaged copies of a good file: cut anywhere, a byte replaced. None may crash or leak; a refusal says why.
 */
static void damaged(const char *bytes, size_t length)
{
    struct text report = {0};
    struct error error = {0};
    struct config *config = config_parse("itrun.yaml", bytes, length, sample_lookup, NULL, &report, &error);
    cr_assert_eq(config == NULL, error.kind == ERROR_CONFIG);
    cr_assert_eq(config == NULL, report.length > 0);
    text_clear(&report);
    config_free(config);
}

Test(junk, damaged_files_are_read_or_refused_but_never_worse)
{
    size_t length = 0;
    char *bytes = sample_read("good/everything.yaml", &length);
    for (size_t cut = 0; cut < length; cut += 3)
        damaged(bytes, cut);
    static const char strange[] = "{}[]:,&*!|>'\"%@`#-?\n\t \\$";
    unsigned seed = 11;
    for (int round = 0; round < 600; round++) {
        seed = seed * 1103515245u + 12345u;
        size_t place = (seed >> 8) % length;
        char kept = bytes[place];
        bytes[place] = strange[(seed >> 20) % (sizeof strange - 1)];
        damaged(bytes, length);
        bytes[place] = kept;
    }
    memory_free(bytes);
}

Test(junk, a_thousand_problems_are_cut_short_and_counted)
{
    struct text yaml = {0};
    text_append(&yaml, "version: 1\nproject: shop\nsuites: [{name: a, command: b}]\n");
    for (int i = 0; i < 1000; i++)
        text_append_format(&yaml, "wrong%d: x\n", i);
    struct text report = {0};
    struct error error = {0};
    cr_assert_null(config_parse("itrun.yaml", yaml.bytes, yaml.length, NULL, NULL, &report, &error));
    cr_assert_eq(lines_count(&report), 401);
    cr_assert(string_ends_with(text_string(&report), "itrun.yaml: 900 more problems are not shown\n"));
    text_clear(&yaml);
    text_clear(&report);
}

/* Quadratic reading of these would take minutes, not seconds. */
Test(junk, twenty_thousand_keys_and_stacks_are_read_in_linear_time, .timeout = 30)
{
    struct text yaml = {0};
    text_append(&yaml, "version: 1\nproject: shop\nsuites:\n- {name: a, command: b, env: {X: y");
    for (int i = 0; i < 20000; i++)
        text_append_format(&yaml, ", K%d: v", i);
    text_append(&yaml, "}}\nstacks:\n- {name: s0, template: t}\n");
    for (int i = 1; i < 10000; i++)
        text_append_format(&yaml, "- {name: s%d, template: t, depends_on: [s%d]}\n", i, i - 1);
    struct error error = {0};
    struct config *config = config_parse("itrun.yaml", yaml.bytes, yaml.length, NULL, NULL, NULL, &error);
    cr_assert_not_null(config, "%s: %s", error.where, error.what);
    cr_assert_eq(config->stack_count, 10000);
    cr_assert_eq(config->suites[0].env_count, 20001);
    config_free(config);
    text_clear(&yaml);
}

Test(junk, a_circle_of_thousands_is_named_briefly)
{
    struct text yaml = {0};
    text_append(&yaml, "version: 1\nproject: shop\nsuites: [{name: a, command: b}]\nstacks:\n");
    for (int i = 0; i < 5000; i++)
        text_append_format(&yaml, "- {name: s%d, template: t, depends_on: [s%d]}\n", i, (i + 1) % 5000);
    struct error error = {0};
    cr_assert_null(config_parse("itrun.yaml", yaml.bytes, yaml.length, NULL, NULL, NULL, &error));
    cr_assert_str_eq(error.what,
                     "these stacks depend on each other: s0 -> s1 -> s2 -> s3 -> s4 -> s5 -> s6 -> s7 "
                     "-> ... -> s0");
    text_clear(&yaml);
}
