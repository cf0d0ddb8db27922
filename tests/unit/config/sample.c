#include "sample.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

char *sample_read(const char *name, size_t *ret_length)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/fixtures/config/%s", ITRUN_SOURCE_DIR, name);
    FILE *file = fopen(path, "rb");
    cr_assert_not_null(file, "cannot open %s", path);
    struct text text = {0};
    char piece[4096];
    for (size_t count; (count = fread(piece, 1, sizeof piece, file)) > 0;)
        text_append_bytes(&text, piece, count);
    fclose(file);
    *ret_length = text.length;
    char *bytes = memory_copy_bytes(text_string(&text), text.length);
    text_clear(&text);
    return bytes;
}

const char *sample_lookup(void *context, const char *name)
{
    (void)context;
    static const struct pair variables[] = {
        {"REGION", "eu-west-1"}, {"GREETING", "hello"}, {"EMPTY", ""}, {"SECRET", SAMPLE_SECRET}};
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        if (strcmp(variables[i].name, name) == 0)
            return variables[i].value;
    }
    return NULL;
}

struct config *sample_good(const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "good/%s", name);
    size_t length = 0;
    char *bytes = sample_read(path, &length);
    struct text report = {0};
    struct error error = {0};
    struct config *config = config_parse(name, bytes, length, sample_lookup, NULL, &report, &error);
    cr_assert_not_null(config, "%s", text_string(&report));
    cr_assert_eq(report.length, 0);
    cr_assert_eq(error.kind, ERROR_NONE);
    memory_free(bytes);
    text_clear(&report);
    return config;
}

struct config *sample_parse(const char *yaml, struct text *report, struct error *error)
{
    return config_parse("itrun.yaml", yaml, strlen(yaml), sample_lookup, NULL, report, error);
}
