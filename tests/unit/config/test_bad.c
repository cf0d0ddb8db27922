/* Every file of fixtures/config/bad is refused with exactly the report beside it. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "sample.h"

#define NAME_SIZE 96
#define FEWEST    40

struct bad_file {
    char name[NAME_SIZE];
};

static int name_compare(const void *a, const void *b)
{
    return strcmp(a, b);
}

static size_t bad_files_find(struct bad_file **ret_files)
{
    DIR *folder = opendir(ITRUN_SOURCE_DIR "/fixtures/config/bad");
    size_t count = 0, capacity = 0;
    struct bad_file *files = NULL;
    for (struct dirent *entry; folder && (entry = readdir(folder)) != NULL;) {
        if (!string_ends_with(entry->d_name, ".yaml") || strlen(entry->d_name) >= NAME_SIZE)
            continue;
        files = memory_grow(files, count, &capacity, sizeof *files);
        strcpy(files[count++].name, entry->d_name);
    }
    if (folder)
        closedir(folder);
    if (count > 0)
        qsort(files, count, sizeof *files, name_compare);
    *ret_files = files;
    return count;
}

Test(bad, there_are_at_least_forty_bad_files)
{
    struct bad_file *files = NULL;
    size_t count = bad_files_find(&files);
    cr_assert_geq(count, FEWEST, "only %zu bad files were found", count);
    memory_free(files);
}

static void parameters_free(struct criterion_test_params *parameters)
{
    cr_free(parameters->params);
}

ParameterizedTestParameters(bad, each_bad_file_is_refused_with_its_report)
{
    struct bad_file *files = NULL;
    size_t count = bad_files_find(&files);
    struct bad_file *copies = cr_malloc((count + 1) * sizeof *copies);
    if (count > 0)
        memcpy(copies, files, count * sizeof *copies);
    memory_free(files);
    return cr_make_param_array(struct bad_file, copies, count, parameters_free);
}

/* FILE:LINE:COL: what / source / caret / hint, for as many problems as there are. */
static void form_check(const char *name, char *report)
{
    int row = 0;
    for (char *line = strtok(report, "\n"); line; line = strtok(NULL, "\n"), row++) {
        int line_number = 0, column = 0, used = 0;
        switch (row % 4) {
        case 0:
            cr_assert(string_starts_with(line, name), "%s", line);
            cr_assert_eq(sscanf(line + strlen(name), ":%d:%d: %n", &line_number, &column, &used), 2, "%s",
                         line);
            cr_assert(line_number > 0 && column > 0 && line[strlen(name) + (size_t)used], "%s", line);
            break;
        case 1: cr_assert(string_starts_with(line, "    "), "no source line: %s", line); break;
        case 2:
            cr_assert_eq(strspn(line, " \t"), strlen(line) - 1, "no caret line: %s", line);
            cr_assert(string_ends_with(line, "^"), "no caret line: %s", line);
            break;
        case 3: cr_assert(string_starts_with(line, "  hint: ") && line[8], "no hint: %s", line); break;
        }
    }
    cr_assert(row > 0 && row % 4 == 0, "%s: %d lines", name, row);
}

ParameterizedTest(struct bad_file *file, bad, each_bad_file_is_refused_with_its_report)
{
    char path[NAME_SIZE + 16];
    size_t length = 0, expected_length = 0;
    snprintf(path, sizeof path, "bad/%s", file->name);
    char *bytes = sample_read(path, &length);
    snprintf(path, sizeof path, "bad/%.*s.expected", (int)(strlen(file->name) - strlen(".yaml")), file->name);
    char *expected = sample_read(path, &expected_length);

    struct text report = {0};
    struct error error = {0};
    struct config *config = config_parse(file->name, bytes, length, sample_lookup, NULL, &report, &error);
    cr_assert_null(config, "%s was accepted", file->name);
    cr_assert_str_eq(text_string(&report), expected, "%s, got:\n%s", file->name, text_string(&report));
    cr_assert_null(strstr(text_string(&report), SAMPLE_SECRET), "%s shows a secret", file->name);

    char first[1024];
    snprintf(first, sizeof first, "%s: %s\n", error.where, error.what);
    cr_assert_eq(error.kind, ERROR_CONFIG);
    cr_assert(string_starts_with(text_string(&report), first), "%s: the error is %s", file->name, first);
    cr_assert(error.hint[0] != '\0');
    form_check(file->name, report.bytes);
    text_clear(&report);
    memory_free(bytes);
    memory_free(expected);
}
