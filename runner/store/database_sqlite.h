/* database_sqlite.h - one SQLite connection, opened as our stores need it: WAL, an own jittered busy handler.
 *
 * SQLite's own busy_timeout is unfair under many writers: its worst wait is thousands of times the mean. Ours
 * sleeps 0.2 to 1 ms with jitter, for at most 10 s. Blocks: use it from a worker. */
#ifndef ITRUN_STORE_DATABASE_SQLITE_H
#define ITRUN_STORE_DATABASE_SQLITE_H
#include "itrun/base/error.h"
#include <sqlite3.h>

struct sqlite3 *database_open(const char *path, bool is_full_sync, const char *schema, struct error *error);
bool database_exec(struct sqlite3 *database, const char *sql, struct error *error);
/* Prepared and bound from "t" (text or NULL) and "i" (int64) arguments; NULL on failure. Owner:
 * sqlite3_finalize. */
struct sqlite3_stmt *database_query(struct sqlite3 *database, struct error *error, const char *sql,
                                    const char *types, ...);
/* Runs a statement that returns no rows; finalizes it. */
bool database_do(struct sqlite3_stmt *statement, struct error *error);
bool database_error(struct error *error, struct sqlite3 *database, const char *doing);
const char *database_text(struct sqlite3_stmt *statement,
                          int column); /* NULL for NULL; valid until the next step */
#endif
