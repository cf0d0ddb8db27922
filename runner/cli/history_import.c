/* history_import.c - `itrun history import FILE…`: what pytest-split measured, as a first guess of how long
 * suites take.
 *
 * A file is an object of seconds by node id, as `pytest --store-durations` writes it (.test_durations). The
 * cases of a file are added up for the suite that runs it. What itrun measures itself is newer and soon
 * counts alone. Source: pytest-split, https://github.com/jerry-git/pytest-split. */
#include "history_import.h"
#include "itrun/base/json.h"
#include "itrun/base/map.h"
#include "itrun/base/memory.h"
#include <stdio.h>
#include <string.h>

#define FILE_LIMIT_BYTES ((size_t)64 * 1024 * 1024)

struct sum { /* of one test file */
    double seconds;
    size_t case_count;
};

static bool add_case(struct map *sums, struct arena *arena, const struct json *one, struct error *error)
{
    const char *id = json_key(one);
    const char *end = strstr(id, "::");
    double seconds = json_number(one, -1);
    if (end == NULL || !(seconds >= 0 && seconds < 1e7)) {
        error_set(error, ERROR_CONFIG, "'%.200s' is no test with its seconds", id);
        return error_hint(error, "a file of pytest-split has entries like \"tests/test_x.py::test_y\": 1.5");
    }
    const char *file = arena_bytes(arena, id, (size_t)(end - id));
    struct sum *sum = map_get(sums, file);
    if (sum == NULL) {
        sum = arena_alloc(arena, sizeof *sum);
        map_put(sums, file, sum);
    }
    sum->seconds += seconds;
    sum->case_count++;
    return true;
}

static bool read_sums(const char *path, struct map *sums, struct arena *arena, struct error *error)
{
    char *bytes = NULL;
    size_t length = 0;
    if (!file_read(path, FILE_LIMIT_BYTES, &bytes, &length, error)) {
        return false;
    }
    struct json *root = json_parse(bytes, length, error);
    memory_free(bytes);
    bool is_fine = root != NULL;
    if (is_fine && !json_is_object(root)) {
        is_fine = error_set(error, ERROR_CONFIG, "it is no object of durations");
    }
    const struct json *one = is_fine ? json_first(root) : NULL;
    for (; is_fine && one != NULL; one = json_next(one)) {
        is_fine = add_case(sums, arena, one, error);
    }
    json_free(root);
    if (!is_fine) {
        error_where(error, "%s", path);
        if (error->hint[0] == '\0') {
            error_hint(error, "itrun imports what pytest --store-durations writes (.test_durations)");
        }
    }
    return is_fine;
}

static const struct sum *sum_of(const struct map *sums, const struct suite *suite)
{
    const struct sum *sum = suite->file != NULL ? map_get(sums, suite->file) : NULL;
    return sum == NULL && suite->source != NULL ? map_get(sums, suite->source) : sum;
}

static size_t add_rows(struct workspace *workspace, const struct map *sums)
{
    size_t count = 0;
    for (size_t i = 0; i < workspace->inventory->suite_count; i++) {
        const struct suite *suite = &workspace->inventory->suites[i];
        const struct sum *sum = sum_of(sums, suite);
        if (sum == NULL) {
            continue;
        }
        struct history_row row = {.suite = suite->name,
                                  .outcome = OUTCOME_PASSED,
                                  .duration_ms = (int64_t)(sum->seconds * 1000),
                                  .wall_us = 1, /* older than anything measured here */
                                  .case_count = sum->case_count,
                                  .attempts = 1};
        history_store_add(workspace->history, "imported", &row);
        count++;
    }
    return count;
}

static bool import(struct workspace *workspace, const struct map *sums, struct error *error)
{
    struct text path = {0};
    text_append_format(&path, "%s/itrun.db", workspace->output);
    bool is_open = file_make_folders(workspace->output, error);
    if (is_open) {
        workspace->history = history_store_open(&workspace->loop, text_string(&path), error);
        is_open = workspace->history != NULL;
    }
    text_clear(&path);
    if (is_open) {
        size_t count = add_rows(workspace, sums);
        printf("%zu of %zu suites now have a first guess, from %zu files of tests\n", count,
               workspace->inventory->suite_count, map_count(sums));
    }
    return is_open;
}

int history_import(const struct options *options)
{
    struct error error = {0};
    struct arena *arena = arena_new();
    struct map *sums = map_new();
    struct workspace workspace = {.run_id = "imported"};
    bool is_done = options->word_count > 1;
    if (!is_done) {
        error_set(&error, ERROR_USAGE, "itrun history import wants a file");
        error_hint(&error, "pytest --store-durations writes one: .test_durations");
    }
    for (size_t i = 1; is_done && i < options->word_count; i++) {
        is_done = read_sums(options->words[i], sums, arena, &error);
    }
    bool is_opened = is_done;
    is_done = is_done && workspace_open(&workspace, options, WANT_FILES_ONLY, &error) &&
              import(&workspace, sums, &error);
    if (!is_done && error.what[0] != '\0') {
        complain(&error);
    }
    if (is_opened) {
        workspace_close(&workspace);
    }
    map_free(sums);
    arena_free(arena);
    return is_done ? EXIT_CODE_PASSED : exit_code_of(&error);
}
