#include "database_sqlite.h"
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#define BUSY_STEP_NS   200000
#define BUSY_JITTER_NS 800000
#define BUSY_TRIES_MAX 16000 /* about 10 s */

static int busy(void *context, int tries)
{
    (void)context;
    if (tries >= BUSY_TRIES_MAX) {
        return 0;
    }
    /* Any cheap spread will do: two waiters must only not wake in step. */
    uint32_t mix = ((uint32_t)tries + 1) * 2654435761u ^ (uint32_t)(uintptr_t)&tries;
    struct timespec pause = {.tv_nsec = BUSY_STEP_NS + (long)(mix % BUSY_JITTER_NS)};
    nanosleep(&pause, NULL);
    return 1;
}

bool database_error(struct error *error, struct sqlite3 *database, const char *doing)
{
    int code = sqlite3_errcode(database);
    const char *path = sqlite3_db_filename(database, "main");
    error_set(error, code == SQLITE_BUSY ? ERROR_TRANSIENT : ERROR_IO, "%s: %s", doing,
              sqlite3_errmsg(database));
    error_where(error, "%s", path != NULL ? path : "");
    if (code == SQLITE_FULL || code == SQLITE_IOERR) {
        error_hint(error, "is the disk full?");
    } else if (code == SQLITE_READONLY || code == SQLITE_CANTOPEN || code == SQLITE_PERM) {
        error_hint(error, "make the file and its folder writable, or name another one");
    } else if (code == SQLITE_NOTADB || code == SQLITE_CORRUPT) {
        error_hint(error, "the file is damaged or no database: move it away");
    }
    return false;
}

bool database_exec(struct sqlite3 *database, const char *sql, struct error *error)
{
    if (sqlite3_exec(database, sql, NULL, NULL, NULL) != SQLITE_OK) {
        return database_error(error, database, "database");
    }
    return true;
}

struct sqlite3 *database_open(const char *path, bool is_full_sync, const char *schema, struct error *error)
{
    struct sqlite3 *database = NULL;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX;
    if (sqlite3_open_v2(path, &database, flags, NULL) != SQLITE_OK) {
        if (database != NULL) {
            database_error(error, database, "open");
        }
        error_where(error, "%s", path);
        sqlite3_close(database);
        return NULL;
    }
    sqlite3_busy_handler(database, busy, NULL);
    const char *sync = is_full_sync ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL";
    if (!database_exec(database, "PRAGMA journal_mode=WAL", error) || !database_exec(database, sync, error) ||
        !database_exec(database, schema, error)) {
        error_where(error, "%s", path);
        sqlite3_close(database);
        return NULL;
    }
    return database;
}

struct sqlite3_stmt *database_query(struct sqlite3 *database, struct error *error, const char *sql,
                                    const char *types, ...)
{
    struct sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(database, sql, -1, &statement, NULL) != SQLITE_OK) {
        database_error(error, database, "prepare");
        return NULL;
    }
    va_list arguments;
    va_start(arguments, types);
    for (int i = 0; types[i] != '\0'; i++) {
        if (types[i] == 't') {
            sqlite3_bind_text(statement, i + 1, va_arg(arguments, const char *), -1, SQLITE_TRANSIENT);
        } else {
            sqlite3_bind_int64(statement, i + 1, va_arg(arguments, int64_t));
        }
    }
    va_end(arguments);
    return statement;
}

bool database_do(struct sqlite3_stmt *statement, struct error *error)
{
    if (statement == NULL) {
        return false;
    }
    bool is_done = sqlite3_step(statement) == SQLITE_DONE;
    if (!is_done) {
        database_error(error, sqlite3_db_handle(statement), "write");
    }
    sqlite3_finalize(statement);
    return is_done;
}

const char *database_text(struct sqlite3_stmt *statement, int column)
{
    return (const char *)sqlite3_column_text(statement, column);
}
