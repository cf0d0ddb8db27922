/* history_sqlite.c - itrun.db: what past runs took. A cache: a broken file is set aside and begun anew. */
#include "database_sqlite.h"
#include "itrun/base/memory.h"
#include "itrun/store.h"
#include <stdio.h>
#include <string.h>

#define HISTORY_SCHEMA                                                                                       \
    "CREATE TABLE IF NOT EXISTS history(suite TEXT NOT NULL, run TEXT NOT NULL, outcome TEXT NOT NULL,"      \
    " duration_ms INTEGER NOT NULL, wall_us INTEGER NOT NULL, cases INTEGER NOT NULL);"                      \
    "CREATE INDEX IF NOT EXISTS history_by_suite ON history(suite, wall_us);"

struct history_store {
    struct worker *worker;
    struct sqlite3 *database;
    struct batch *open; /* rows not yet handed to the worker */
    bool is_writing;
    bool is_reading; /* one transaction around the reads of a command: hundreds of suites, one lock */
    struct sqlite3_stmt *read_statement;
    struct error first_error;
    void (*closed)(void *context, const struct error *error);
    void *closed_context;
};

struct batch {
    struct history_store *store;
    struct arena *arena;
    struct history_row *rows;
    const char **runs;
    size_t count, capacity, run_capacity;
    struct error error;
};

struct history_store *history_store_open(uv_loop_t *loop, const char *path, struct error *error)
{
    struct error why = {0};
    struct sqlite3 *database = database_open(path, false, HISTORY_SCHEMA, &why);
    if (database == NULL) {
        struct text aside = {0};
        text_append_format(&aside, "%s.broken", path);
        bool is_aside = rename(path, text_string(&aside)) == 0;
        text_clear(&aside);
        database = is_aside ? database_open(path, false, HISTORY_SCHEMA, &why) : NULL;
    }
    struct worker *worker = database != NULL ? worker_new(loop, "history", &why) : NULL;
    if (worker == NULL) {
        sqlite3_close(database);
        *error = why;
        return NULL;
    }
    struct history_store *store = memory_new(sizeof *store);
    store->database = database;
    store->worker = worker;
    return store;
}

/* Prepared once, within one transaction: a lock and a parse a suite would cost more than the rows. */
static struct sqlite3_stmt *begin_read(struct history_store *store, const char *suite, size_t limit,
                                       struct error *error)
{
    if (!store->is_reading) {
        if (!database_exec(store->database, "BEGIN", error)) {
            return NULL;
        }
        store->is_reading = true;
        store->read_statement =
            database_query(store->database, error,
                           "SELECT outcome, duration_ms, wall_us, cases FROM history WHERE suite=?1"
                           " ORDER BY wall_us DESC LIMIT ?2",
                           "ti", suite, (int64_t)limit);
        return store->read_statement;
    }
    if (store->read_statement != NULL) {
        sqlite3_reset(store->read_statement);
        sqlite3_bind_text(store->read_statement, 1, suite, -1, SQLITE_TRANSIENT);
        sqlite3_bind_int64(store->read_statement, 2, (int64_t)limit);
    }
    return store->read_statement;
}

/* Before the first write and before the end. */
static void end_reads(struct history_store *store)
{
    if (store->is_reading) {
        struct error ignored = {0};
        sqlite3_finalize(store->read_statement);
        store->read_statement = NULL;
        store->is_reading = false;
        (void)database_exec(store->database, "COMMIT",
                            &ignored); /* nothing was written: nothing can be lost */
    }
}

bool history_store_read(struct history_store *store, struct arena *arena, const char *suite, size_t limit,
                        struct history_row **ret_rows, size_t *ret_count, struct error *error)
{
    struct sqlite3_stmt *statement = begin_read(store, suite, limit, error);
    if (statement == NULL) {
        return false;
    }
    struct history_row *rows = arena_alloc(arena, (limit + 1) * sizeof *rows);
    size_t count = 0;
    int result;
    while ((result = sqlite3_step(statement)) == SQLITE_ROW) {
        const char *outcome = database_text(statement, 0);
        struct history_row *row = &rows[count];
        if (outcome != NULL && outcome_parse(outcome, &row->outcome)) {
            row->suite = suite;
            row->duration_ms = sqlite3_column_int64(statement, 1);
            row->wall_us = sqlite3_column_int64(statement, 2);
            row->case_count = (size_t)sqlite3_column_int64(statement, 3);
            count++;
        }
    }
    if (result != SQLITE_DONE) {
        return database_error(error, store->database, "read the history");
    }
    *ret_rows = rows;
    *ret_count = count;
    return true;
}

/* --- writing: one batch at the worker, the next one gathers meanwhile ---------------------------------- */

static bool write_rows(struct batch *batch)
{
    struct sqlite3 *database = batch->store->database;
    for (size_t i = 0; i < batch->count; i++) {
        const struct history_row *row = &batch->rows[i];
        if (!database_do(database_query(database, &batch->error,
                                        "INSERT INTO history VALUES(?1,?2,?3,?4,?5,?6)", "tttiii", row->suite,
                                        batch->runs[i], outcome_name(row->outcome), row->duration_ms,
                                        row->wall_us, (int64_t)row->case_count),
                         &batch->error)) {
            return false;
        }
    }
    return true;
}

static void write_batch(void *context)
{
    struct batch *batch = context;
    struct sqlite3 *database = batch->store->database;
    if (!database_exec(database, "BEGIN IMMEDIATE", &batch->error)) {
        return;
    }
    if (!write_rows(batch) || !database_exec(database, "COMMIT", &batch->error)) {
        struct error ignored = {0};
        (void)database_exec(database, "ROLLBACK", &ignored);
    }
}

static void submit(struct history_store *store);

static void batch_free(struct batch *batch)
{
    if (batch != NULL) {
        arena_free(batch->arena);
        memory_free(batch->rows);
        memory_free(batch->runs);
        memory_free(batch);
    }
}

static void batch_written(void *context)
{
    struct batch *batch = context;
    struct history_store *store = batch->store;
    if (batch->error.kind != ERROR_NONE && store->first_error.kind == ERROR_NONE) {
        store->first_error = batch->error;
    }
    batch_free(batch);
    store->is_writing = false;
    submit(store);
}

static void worker_ended(void *context)
{
    struct history_store *store = context;
    sqlite3_close(store->database);
    store->closed(store->closed_context, &store->first_error);
    memory_free(store);
}

static void submit(struct history_store *store)
{
    if (store->is_writing) {
        return;
    }
    if (store->open != NULL) {
        struct batch *batch = store->open;
        store->open = NULL;
        store->is_writing = true;
        worker_submit(store->worker, write_batch, batch_written, batch);
    } else if (store->closed != NULL) {
        worker_close(store->worker, worker_ended, store);
    }
}

void history_store_add(struct history_store *store, const char *run, const struct history_row *row)
{
    end_reads(store);
    if (store->open == NULL) {
        store->open = memory_new(sizeof *store->open);
        store->open->store = store;
        store->open->arena = arena_new();
    }
    struct batch *batch = store->open;
    batch->rows = memory_grow(batch->rows, batch->count, &batch->capacity, sizeof *batch->rows);
    batch->runs = memory_grow(batch->runs, batch->count, &batch->run_capacity, sizeof *batch->runs);
    batch->rows[batch->count] = *row;
    batch->rows[batch->count].suite = arena_string(batch->arena, row->suite);
    batch->runs[batch->count] = arena_string(batch->arena, run);
    batch->count++;
    submit(store);
}

void history_store_close(struct history_store *store,
                         void (*closed)(void *context, const struct error *error), void *context)
{
    end_reads(store);
    store->closed = closed;
    store->closed_context = context;
    submit(store);
}
