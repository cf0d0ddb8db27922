/* itrun history - what the runs of this checkout taught: how long suites take, and which cannot make up their
 * mind. Reads itrun.db alone: no configuration has to be in order for it. */
#include "history_import.h"
#include "itrun/base/json.h"
#include "itrun/base/memory.h"
#include "itrun/model/outcome.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROWS_MOST   100 /* of a suite: the newest say most */
#define CASES_SHOWN 5   /* of a suite, as text */

struct teaching {
    struct arena *arena;
    struct flakiness *suites; /* the most flaky first */
    size_t count;
    struct history_case *cases;
    size_t case_count;
};

static bool is_wanted(const struct options *options, const char *suite)
{
    bool is_any = options->word_count == 0;
    for (size_t i = 0; i < options->word_count; i++) {
        size_t length = strlen(options->words[i]); /* a suite, or a group of them */
        is_any = is_any || (strncmp(suite, options->words[i], length) == 0 &&
                            (suite[length] == '\0' || suite[length] == '/'));
    }
    return is_any;
}

static double flake_rate(const struct flakiness *suite)
{
    return suite->executions > 0 ? (double)suite->flaky / (double)suite->executions : 0;
}

static int compare_suites(const void *a, const void *b)
{
    const struct flakiness *x = a, *y = b;
    double difference = flake_rate(y) - flake_rate(x);
    if (difference != 0) {
        return difference > 0 ? 1 : -1;
    }
    return strcmp(x->suite, y->suite);
}

static bool learn(struct history_store *store, const struct options *options, struct teaching *teaching,
                  struct error *error)
{
    struct history_row *rows = NULL;
    size_t count = 0;
    if (!history_store_read_all(store, teaching->arena, ROWS_MOST, &rows, &count, error) ||
        !history_store_read_flaky(store, teaching->arena, &teaching->cases, &teaching->case_count, error)) {
        return false;
    }
    teaching->suites = arena_alloc(teaching->arena, (count + 1) * sizeof *teaching->suites);
    for (size_t first = 0, next; first < count; first = next) {
        next = first;
        while (next < count && strcmp(rows[next].suite, rows[first].suite) == 0) {
            next++;
        }
        if (is_wanted(options, rows[first].suite)) {
            flakiness_from_history(&rows[first], next - first, &teaching->suites[teaching->count++]);
        }
    }
    qsort(teaching->suites, teaching->count, sizeof *teaching->suites, compare_suites);
    return true;
}

static void append_time(struct text *text, int64_t ms)
{
    if (ms < 0) {
        text_append_char(text, '-');
    } else {
        text_append_duration(text, ms);
    }
}

static void append_cases(const struct teaching *teaching, const char *suite, struct text *text)
{
    size_t count = 0;
    for (size_t i = 0; i < teaching->case_count; i++) {
        const struct history_case *one = &teaching->cases[i];
        if (strcmp(one->suite, suite) == 0 && count++ < CASES_SHOWN) {
            text_append_format(text, "    %s%s%s · flaky in %zu\n", one->classname,
                               one->classname[0] != '\0' ? " " : "", one->name, one->run_count);
        }
    }
    if (count > CASES_SHOWN) {
        text_append_format(text, "    and %zu more: --json\n", count - CASES_SHOWN);
    }
}

static void append_suite(const struct teaching *teaching, const struct flakiness *suite, struct text *text)
{
    text_append_format(text, "%s\n  flaky %.1f%% (%zu of %zu)", suite->suite, 100 * flake_rate(suite),
                       suite->flaky, suite->executions);
    text_append_format(text, " · failed %zu · p50 ", suite->failed);
    append_time(text, suite->p50_ms);
    text_append(text, " · p95 ");
    append_time(text, suite->p95_ms);
    text_append_format(text, " · last %s\n", outcome_name(suite->last_outcome));
    if (suite->last_flaky_us > 0) {
        char when[32];
        time_format_utc(suite->last_flaky_us, when);
        text_append_format(text, "  last flaky %.10s %.5s UTC in run %s\n", when, when + 11,
                           suite->last_flaky_run);
    }
    append_cases(teaching, suite->suite, text);
}

static void write_cases(const struct teaching *teaching, const char *suite, struct json_writer *json)
{
    json_write_array(json, "flaky_tests");
    for (size_t i = 0; i < teaching->case_count; i++) {
        const struct history_case *one = &teaching->cases[i];
        if (strcmp(one->suite, suite) != 0) {
            continue;
        }
        char when[32];
        time_format_utc(one->last_us, when);
        json_write_object(json, NULL);
        json_write_string(json, "test", one->name);
        json_write_string(json, "classname", one->classname);
        json_write_int(json, "executions", (int64_t)one->run_count);
        json_write_string(json, "last_at", when);
        json_write_string(json, "last_run", one->run);
        json_write_end(json, '}');
    }
    json_write_end(json, ']');
}

static void write_suite(const struct teaching *teaching, const struct flakiness *suite,
                        struct json_writer *json)
{
    char when[32];
    json_write_object(json, NULL);
    json_write_string(json, "suite", suite->suite);
    json_write_int(json, "executions", (int64_t)suite->executions);
    json_write_int(json, "flaky", (int64_t)suite->flaky);
    json_write_int(json, "failed", (int64_t)suite->failed);
    if (suite->p50_ms >= 0) {
        json_write_int(json, "p50_ms", suite->p50_ms);
        json_write_int(json, "p95_ms", suite->p95_ms);
    }
    time_format_utc(suite->last_us, when);
    json_write_string(json, "last_at", when);
    json_write_string(json, "last_outcome", outcome_name(suite->last_outcome));
    if (suite->last_flaky_us > 0) {
        time_format_utc(suite->last_flaky_us, when);
        json_write_string(json, "last_flaky_at", when);
        json_write_string(json, "last_flaky_run", suite->last_flaky_run);
    }
    write_cases(teaching, suite->suite, json);
    json_write_end(json, '}');
}

static void show(const struct options *options, const struct teaching *teaching)
{
    struct text text = {0};
    struct json_writer json;
    if (options->is_json) {
        json_write_begin(&json, &text, 1);
        json_write_array(&json, NULL);
    }
    for (size_t i = 0; i < teaching->count; i++) {
        if (options->is_json) {
            write_suite(teaching, &teaching->suites[i], &json);
        } else {
            append_suite(teaching, &teaching->suites[i], &text);
        }
    }
    if (options->is_json) {
        json_write_end(&json, ']');
        text_append_char(&text, '\n');
    }
    if (teaching->count == 0) {
        fprintf(stderr, "itrun: no run of %s was recorded yet\n",
                options->word_count > 0 ? "these suites" : "this checkout");
    }
    fputs(text_string(&text), stdout);
    text_clear(&text);
}

static void closed(void *context, const struct error *error)
{
    (void)error; /* nothing was written */
    *(bool *)context = true;
}

static bool read_and_show(uv_loop_t *loop, const char *path, const struct options *options,
                          struct error *error)
{
    struct history_store *store = history_store_open(loop, path, error);
    if (store == NULL) {
        return false;
    }
    struct teaching teaching = {.arena = arena_new()};
    bool is_read = learn(store, options, &teaching, error);
    if (is_read) {
        show(options, &teaching);
    }
    bool is_closed = false;
    history_store_close(store, closed, &is_closed);
    while (!is_closed) {
        uv_run(loop, UV_RUN_ONCE);
    }
    arena_free(teaching.arena);
    return is_read;
}

static int run(const struct options *options)
{
    if (options->word_count > 0 && strcmp(options->words[0], "import") == 0) {
        return history_import(options);
    }
    struct error error = {0};
    struct text path = {0};
    uv_loop_t loop;
    uv_loop_init(&loop);
    bool is_done = output_folder(options, &path, &error);
    text_append(&path, "/itrun.db");
    if (is_done && access(text_string(&path), F_OK) != 0) {
        struct teaching nothing = {0};
        show(options, &nothing);
    } else {
        is_done = is_done && read_and_show(&loop, text_string(&path), options, &error);
    }
    if (!is_done) {
        complain(&error);
    }
    text_clear(&path);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
    return is_done ? EXIT_CODE_PASSED : exit_code_of(&error);
}

const struct command history_command = {"history", "[SUITE…] | import FILE…",
                                        "flake rates and timings of past runs", GROUP_ALWAYS, run};
