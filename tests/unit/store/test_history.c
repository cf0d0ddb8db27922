#include "itrun/store.h"
#include "itrun/base/memory.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <uv.h>

static uv_loop_t loop;
static char folder[] = "/tmp/itrun-history-XXXXXX";
static char path[64];

static void open_loop(void)
{
    cr_assert_not_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/itrun.db", folder);
    uv_loop_init(&loop);
}

static void close_loop(void)
{
    struct error error = {0};
    uv_loop_close(&loop);
    file_remove_tree(folder, &error);
}

static struct history_store *open_store(void)
{
    struct error error = {0};
    struct history_store *store = history_store_open(&loop, path, &error);
    cr_assert_not_null(store, "%s", error.what);
    return store;
}

static void closed(void *context, const struct error *error)
{
    cr_expect_eq(error->kind, ERROR_NONE, "%s", error->what);
    *(bool *)context = true;
}

static void close_store(struct history_store *store)
{
    bool is_closed = false;
    history_store_close(store, closed, &is_closed);
    while (!is_closed) {
        uv_run(&loop, UV_RUN_ONCE);
    }
    uv_run(&loop, UV_RUN_DEFAULT);
}

static size_t read_rows(struct history_store *store, struct arena *arena, const char *suite,
                        struct history_row **ret_rows)
{
    struct error error = {0};
    size_t count = 0;
    cr_assert(history_store_read(store, arena, suite, 2, ret_rows, &count, &error), "%s", error.what);
    return count;
}

TestSuite(history_store, .init = open_loop, .fini = close_loop);

Test(history_store, gives_the_newest_rows_of_each_suite_first)
{
    struct history_store *store = open_store();
    for (int i = 1; i <= 3; i++) {
        struct history_row row = {
            .suite = "api/a", .outcome = OUTCOME_PASSED, .duration_ms = 10 * i, .wall_us = i};
        history_store_add(store, "run", &row);
    }
    struct history_row other = {
        .suite = "api/b", .outcome = OUTCOME_FAILED, .duration_ms = 7, .wall_us = 9, .case_count = 4};
    history_store_add(store, "run", &other);
    close_store(store);
    store = open_store();
    struct arena *arena = arena_new();
    struct history_row *rows = NULL;
    cr_assert_eq(read_rows(store, arena, "api/a", &rows), 2, "at most two were asked for");
    cr_expect_eq(rows[0].duration_ms, 30);
    cr_expect_eq(rows[1].duration_ms, 20);
    cr_assert_eq(read_rows(store, arena, "api/b", &rows), 1);
    cr_expect_eq(rows[0].outcome, OUTCOME_FAILED);
    cr_expect_eq(rows[0].case_count, 4);
    cr_assert_eq(read_rows(store, arena, "api/c", &rows), 0);
    history_store_add(store, "run 2", &other); /* reading is over: this must be written, too */
    close_store(store);
    store = open_store();
    cr_expect_eq(read_rows(store, arena, "api/b", &rows), 2);
    close_store(store);
    arena_free(arena);
}

Test(history_store, a_broken_file_is_set_aside_and_begun_anew)
{
    FILE *file = fopen(path, "w");
    fputs("this is no database, and it is long enough to be taken for a header of one ......................",
          file);
    fclose(file);
    struct history_store *store = open_store();
    struct arena *arena = arena_new();
    struct history_row *rows = NULL;
    cr_expect_eq(read_rows(store, arena, "api/a", &rows), 0);
    close_store(store);
    arena_free(arena);
    char aside[80];
    snprintf(aside, sizeof aside, "%s.broken", path);
    cr_expect_eq(access(aside, F_OK), 0);
}
