/* history_sqlite.c - itrun.db: what past runs took. A cache: a broken file is set aside and begun anew. */
#include "database_sqlite.h"
#include "itrun/base/memory.h"
#include "itrun/store.h"
#include <stdio.h>
#include <string.h>

#define HISTORY_SCHEMA                                                                                       \
    "CREATE TABLE IF NOT EXISTS history(suite TEXT NOT NULL, run TEXT NOT NULL, outcome TEXT NOT NULL,"      \
    " duration_ms INTEGER NOT NULL, wall_us INTEGER NOT NULL, cases INTEGER NOT NULL);"                      \
    "CREATE INDEX IF NOT EXISTS history_by_suite ON history(suite, wall_us);"                                \
    "CREATE TABLE IF NOT EXISTS flaky_case(suite TEXT NOT NULL, classname TEXT NOT NULL, test TEXT NOT "     \
    "NULL,"                                                                                                  \
    " run TEXT NOT NULL, wall_us INTEGER NOT NULL);"

#define ROW_COLUMNS "outcome, duration_ms, wall_us, cases, kind, attempts, flaky, run"

/* Added since the table was first made. */
static const struct {
    const char *name, *sql;
} later_columns[] = {
    {"kind", "ALTER TABLE history ADD COLUMN kind TEXT NOT NULL DEFAULT 'run'"},
    {"attempts", "ALTER TABLE history ADD COLUMN attempts INTEGER NOT NULL DEFAULT 1"},
    {"flaky", "ALTER TABLE history ADD COLUMN flaky INTEGER NOT NULL DEFAULT 0"},
};

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

static struct sqlite3 *open_database(const char *path, struct error *error)
{
    struct sqlite3 *database = database_open(path, false, HISTORY_SCHEMA, error);
    for (size_t i = 0; database != NULL && i < sizeof later_columns / sizeof *later_columns; i++) {
        bool is_there = sqlite3_table_column_metadata(database, NULL, "history", later_columns[i].name, NULL,
                                                      NULL, NULL, NULL, NULL) == SQLITE_OK;
        if (!is_there && !database_exec(database, later_columns[i].sql, error)) {
            sqlite3_close(database);
            return NULL;
        }
    }
    return database;
}

struct history_store *history_store_open(uv_loop_t *loop, const char *path, struct error *error)
{
    struct error why = {0};
    struct sqlite3 *database = open_database(path, &why);
    if (database == NULL) {
        struct text aside = {0};
        text_append_format(&aside, "%s.broken", path);
        bool is_aside = rename(path, text_string(&aside)) == 0;
        text_clear(&aside);
        database = is_aside ? open_database(path, &why) : NULL;
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
        store->read_statement = database_query(store->database, error,
                                               "SELECT " ROW_COLUMNS
                                               " FROM history WHERE suite=?1 ORDER BY wall_us DESC LIMIT ?2",
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

/* ROW_COLUMNS from the first column on; false: an outcome that this itrun does not know. */
static bool read_row(struct sqlite3_stmt *statement, struct arena *arena, struct history_row *ret)
{
    const char *outcome = database_text(statement, 0);
    if (outcome == NULL || !outcome_parse(outcome, &ret->outcome)) {
        return false;
    }
    ret->duration_ms = sqlite3_column_int64(statement, 1);
    ret->wall_us = sqlite3_column_int64(statement, 2);
    ret->case_count = (size_t)sqlite3_column_int64(statement, 3);
    const char *kind = database_text(statement, 4);
    ret->kind = HISTORY_RERUN; /* a kind of a newer itrun: at least it feeds no expected time */
    for (int i = 0; i < HISTORY_KIND_COUNT; i++) {
        if (string_equal(kind, history_kind_name((enum history_kind)i))) {
            ret->kind = (enum history_kind)i;
        }
    }
    ret->attempts = sqlite3_column_int(statement, 5);
    ret->is_flaky = sqlite3_column_int(statement, 6) != 0;
    ret->run = arena_string(arena, database_text(statement, 7));
    return true;
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
        rows[count].suite = suite;
        count += read_row(statement, arena, &rows[count]);
    }
    if (result != SQLITE_DONE) {
        return database_error(error, store->database, "read the history");
    }
    *ret_rows = rows;
    *ret_count = count;
    return true;
}

/* What was read into a growing list, as the arena's; false after a failed read. */
static bool finish_list(struct history_store *store, struct sqlite3_stmt *statement, int result, void **list,
                        size_t size, struct arena *arena, struct error *error)
{
    bool is_fine = result == SQLITE_DONE || database_error(error, store->database, "read the history");
    sqlite3_finalize(statement);
    void *kept = arena_alloc(arena, size + 1);
    if (size > 0) {
        memcpy(kept, *list, size);
    }
    memory_free(*list);
    *list = kept;
    return is_fine;
}

bool history_store_read_all(struct history_store *store, struct arena *arena, size_t limit,
                            struct history_row **ret_rows, size_t *ret_count, struct error *error)
{
    struct sqlite3_stmt *statement =
        database_query(store->database, error,
                       "SELECT " ROW_COLUMNS
                       ", suite FROM (SELECT *, row_number() OVER (PARTITION BY suite ORDER BY wall_us "
                       "DESC) AS place FROM history) WHERE place <= ?1 ORDER BY suite, place",
                       "i", (int64_t)limit);
    if (statement == NULL) {
        return false;
    }
    struct history_row *rows = NULL;
    size_t count = 0, capacity = 0;
    int result;
    while ((result = sqlite3_step(statement)) == SQLITE_ROW) {
        rows = memory_grow(rows, count, &capacity, sizeof *rows);
        rows[count] = (struct history_row){.suite = arena_string(arena, database_text(statement, 8))};
        count += read_row(statement, arena, &rows[count]);
    }
    void *list = rows;
    bool is_read = finish_list(store, statement, result, &list, count * sizeof *rows, arena, error);
    *ret_rows = list;
    *ret_count = count;
    return is_read;
}

bool history_store_read_flaky(struct history_store *store, struct arena *arena,
                              struct history_case **ret_cases, size_t *ret_count, struct error *error)
{
    /* run is of the row with the newest time: SQLite takes bare columns from where max() was found. */
    struct sqlite3_stmt *statement =
        database_query(store->database, error,
                       "SELECT suite, classname, test, run, max(wall_us), count(*) FROM flaky_case"
                       " GROUP BY suite, classname, test ORDER BY suite, count(*) DESC, classname, test",
                       "");
    if (statement == NULL) {
        return false;
    }
    struct history_case *cases = NULL;
    size_t count = 0, capacity = 0;
    int result;
    while ((result = sqlite3_step(statement)) == SQLITE_ROW) {
        cases = memory_grow(cases, count, &capacity, sizeof *cases);
        cases[count++] = (struct history_case){.suite = arena_string(arena, database_text(statement, 0)),
                                               .classname = arena_string(arena, database_text(statement, 1)),
                                               .name = arena_string(arena, database_text(statement, 2)),
                                               .run = arena_string(arena, database_text(statement, 3)),
                                               .last_us = sqlite3_column_int64(statement, 4),
                                               .run_count = (size_t)sqlite3_column_int64(statement, 5)};
    }
    void *list = cases;
    bool is_read = finish_list(store, statement, result, &list, count * sizeof *cases, arena, error);
    *ret_cases = list;
    *ret_count = count;
    return is_read;
}

/* --- writing: one batch at the worker, the next one gathers meanwhile ---------------------------------- */

static bool write_row(struct sqlite3 *database, const char *run, const struct history_row *row,
                      struct error *error)
{
    bool is_written = database_do(
        database_query(database, error,
                       "INSERT INTO history(suite, run, outcome, duration_ms, wall_us, cases, kind, attempts,"
                       " flaky) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9)",
                       "tttiiitii", row->suite, run, outcome_name(row->outcome), row->duration_ms,
                       row->wall_us, (int64_t)row->case_count, history_kind_name(row->kind),
                       (int64_t)row->attempts, (int64_t)row->is_flaky),
        error);
    for (size_t i = 0; is_written && i < row->flaky_count; i++) {
        const struct history_case *flaky = &row->flaky[i];
        is_written =
            database_do(database_query(database, error, "INSERT INTO flaky_case VALUES(?1,?2,?3,?4,?5)",
                                       "tttti", row->suite, flaky->classname != NULL ? flaky->classname : "",
                                       flaky->name, run, row->wall_us),
                        error);
    }
    return is_written;
}

static bool write_rows(struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        if (!write_row(batch->store->database, batch->runs[i], &batch->rows[i], &batch->error)) {
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

static struct history_row copy_of_row(struct arena *arena, const struct history_row *row)
{
    struct history_row copy = *row;
    copy.suite = arena_string(arena, row->suite);
    struct history_case *flaky = arena_alloc(arena, (row->flaky_count + 1) * sizeof *flaky);
    for (size_t i = 0; i < row->flaky_count; i++) {
        flaky[i] = (struct history_case){.classname = arena_string(arena, row->flaky[i].classname),
                                         .name = arena_string(arena, row->flaky[i].name)};
    }
    copy.flaky = flaky;
    return copy;
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
    batch->rows[batch->count] = copy_of_row(batch->arena, row);
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
