/* hold_sqlite.c - accounts left as a failed run ended in them, until a time on the wall clock.
 *
 * A table of its own beside the leases: a hold goes on while a person is in the account with a lease, and is
 * still there when that lease ran out. An older itrun takes the state "held" for quarantined. */
#include "itrun/base/text.h"
#include "lease_sqlite.h"
#include <stdio.h>
#include <string.h>

#define KEYED " WHERE endpoint=?1 AND account=?2 AND region=?3"

static void copy_column(char *ret, size_t size, struct sqlite3_stmt *statement, int column)
{
    const char *value = database_text(statement, column);
    snprintf(ret, size, "%s", value != NULL ? value : "");
}

bool hold_read(struct sqlite3 *database, const struct lease_key *key, struct hold *ret, struct error *error)
{
    struct sqlite3_stmt *statement =
        database_query(database, error, "SELECT run, holder, shard, until_us FROM hold" KEYED, "ttt",
                       key->endpoint, key->account, key->region);
    if (statement == NULL) {
        return false;
    }
    int result = sqlite3_step(statement);
    struct hold hold = {.is_there = result == SQLITE_ROW};
    if (hold.is_there) {
        copy_column(hold.run, sizeof hold.run, statement, 0);
        copy_column(hold.holder, sizeof hold.holder, statement, 1);
        hold.shard = (size_t)sqlite3_column_int64(statement, 2);
        hold.until_us = sqlite3_column_int64(statement, 3);
    }
    bool is_fine =
        result == SQLITE_ROW || result == SQLITE_DONE || database_error(error, database, "read a hold");
    sqlite3_finalize(statement);
    if (is_fine) {
        *ret = hold;
    }
    return is_fine;
}

bool hold_write(struct sqlite3 *database, const struct lease_key *key, const struct lease_owner *owner,
                const struct lease_end *end, struct error *error)
{
    return database_do(database_query(database, error,
                                      "INSERT OR REPLACE INTO hold VALUES(?1,?2,?3,?4,?5,?6,?7)", "tttttii",
                                      key->endpoint, key->account, key->region, owner->run, owner->holder,
                                      (int64_t)end->shard, owner->now_wall_us + end->hold_ms * 1000),
                       error);
}

bool hold_delete(struct sqlite3 *database, const struct lease_key *key, struct error *error)
{
    return database_do(database_query(database, error, "DELETE FROM hold" KEYED, "ttt", key->endpoint,
                                      key->account, key->region),
                       error);
}

void hold_describe(const struct hold *hold, char *ret, size_t size)
{
    char until[32];
    time_format_utc(hold->until_us, until); /* 2026-11-24T21:05:09.000Z */
    snprintf(ret, size, "%s for its shard %zu, until %.10s %.5s UTC", hold->holder, hold->shard, until,
             until + 11);
}

bool hold_prolong(struct sqlite3 *database, const char *run, int64_t until_us, struct error *error)
{
    return database_do(
        database_query(database, error, "UPDATE hold SET until_us=?2 WHERE run=?1", "ti", run, until_us),
        error);
}

static bool end_held(struct sqlite3 *database, const struct lease_key *key, struct error *error)
{
    struct hold hold;
    if (!hold_read(database, key, &hold, error)) {
        return false;
    }
    if (!hold.is_there) {
        return error_set(error, ERROR_GONE, "it is not held");
    }
    /* Only where nobody is in it: a lease ends by its own rules. */
    if (!database_do(
            database_query(database, error,
                           "UPDATE lease SET state='dirty', dirty=1, reason='its hold was ended'" KEYED
                           " AND state='held'",
                           "ttt", key->endpoint, key->account, key->region),
            error)) {
        return false;
    }
    if (sqlite3_changes(database) == 0) {
        return error_set(error, ERROR_CONFLICT, "somebody is in it");
    }
    return hold_delete(database, key, error);
}

bool hold_end(struct sqlite3 *database, const struct lease_key *key, struct error *error)
{
    if (!database_exec(database, "BEGIN IMMEDIATE", error)) {
        return false;
    }
    if (end_held(database, key, error)) {
        return database_exec(database, "COMMIT", error);
    }
    struct error ignored = {0};
    (void)database_exec(database, "ROLLBACK", &ignored);
    return false;
}
