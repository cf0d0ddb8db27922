#include "lease_sqlite.h"
#include <stdio.h>
#include <string.h>

#define KEYED " WHERE endpoint=?1 AND account=?2 AND region=?3"

struct row {
    bool is_there;
    enum account_state state;
    uint64_t fence;
    char owner[128], holder[256], boot[64], reason[256];
    int64_t expires_ms;
    int64_t seen_ms; /* awake time of this boot at which it was first seen expired; 0: not yet */
    bool is_dirty;
};

static enum account_state parse_state(const char *word)
{
    for (int i = 0; i < ACCOUNT_STATE_COUNT; i++) {
        if (word != NULL && strcmp(account_state_name((enum account_state)i), word) == 0) {
            return (enum account_state)i;
        }
    }
    return ACCOUNT_QUARANTINED; /* a state of a newer itrun: do not touch */
}

static void copy_column(char *ret, size_t size, struct sqlite3_stmt *statement, int column)
{
    const char *value = database_text(statement, column);
    snprintf(ret, size, "%s", value != NULL ? value : "");
}

static bool read_row(struct sqlite3 *database, const struct lease_key *key, struct row *ret,
                     struct error *error)
{
    struct sqlite3_stmt *statement = database_query(
        database, error,
        "SELECT state, fence, owner, holder, boot, expires_ms, dirty, reason, seen_ms FROM lease" KEYED,
        "ttt", key->endpoint, key->account, key->region);
    if (statement == NULL) {
        return false;
    }
    int result = sqlite3_step(statement);
    *ret = (struct row){.is_there = result == SQLITE_ROW};
    if (ret->is_there) {
        ret->state = parse_state(database_text(statement, 0));
        ret->fence = (uint64_t)sqlite3_column_int64(statement, 1);
        copy_column(ret->owner, sizeof ret->owner, statement, 2);
        copy_column(ret->holder, sizeof ret->holder, statement, 3);
        copy_column(ret->boot, sizeof ret->boot, statement, 4);
        ret->expires_ms = sqlite3_column_int64(statement, 5);
        ret->is_dirty = sqlite3_column_int64(statement, 6) != 0;
        copy_column(ret->reason, sizeof ret->reason, statement, 7);
        ret->seen_ms = sqlite3_column_int64(statement, 8);
    }
    bool is_fine = result == SQLITE_ROW || result == SQLITE_DONE || database_error(error, database, "read");
    sqlite3_finalize(statement);
    return is_fine;
}

/* --- a transaction around each ------------------------------------------------------------------------ */

static bool finish(struct sqlite3 *database, bool is_fine, struct error *error)
{
    if (is_fine && database_exec(database, "COMMIT", error)) {
        return true;
    }
    struct error ignored = {0};
    (void)database_exec(database, "ROLLBACK", &ignored);
    return false;
}

static bool is_expired(const struct row *row, const struct lease_owner *owner)
{
    return strcmp(row->boot, owner->boot) != 0 || row->expires_ms <= owner->now_boot_ms;
}

static bool refuse(struct lease_answer *answer, const struct row *row, const struct lease_owner *owner,
                   char holder_buffer[256])
{
    answer->state = row->state;
    answer->expires_in_ms = row->state == ACCOUNT_LEASED ? row->expires_ms - owner->now_boot_ms : -1;
    snprintf(holder_buffer, 256, "%s", row->state == ACCOUNT_LEASED ? row->holder : row->reason);
    answer->holder = holder_buffer;
    return error_set(&answer->error, ERROR_CONFLICT, "%s by %s", account_state_name(row->state),
                     holder_buffer);
}

static bool refuse_held(struct lease_answer *answer, const struct hold *hold, const struct lease_owner *owner,
                        char holder_buffer[256])
{
    answer->state = ACCOUNT_HELD;
    answer->expires_in_ms = (hold->until_us - owner->now_wall_us) / 1000 + 1;
    hold_describe(hold, holder_buffer, 256);
    answer->holder = holder_buffer;
    return error_set(&answer->error, ERROR_CONFLICT, "held by %s", holder_buffer);
}

static bool write_lease(struct sqlite3 *database, const struct lease_key *key,
                        const struct lease_owner *owner, uint64_t fence, int64_t expires_ms, bool is_dirty,
                        struct error *error)
{
    return database_do(
        database_query(
            database, error,
            "INSERT INTO lease VALUES(?1,?2,?3,'leased',?4,?5,?6,?7,?8,?9,NULL,0) ON CONFLICT DO UPDATE SET"
            " state='leased', fence=?4, owner=?5, holder=?6, boot=?7, expires_ms=?8, dirty=?9, reason=NULL, "
            "seen_ms=0",
            "tttitttii", key->endpoint, key->account, key->region, (int64_t)fence, owner->run, owner->holder,
            owner->boot, expires_ms, (int64_t)is_dirty),
        error);
}

/* True: it may be taken over now. False: not yet (answer says when), or the store failed. */
static bool may_take_over(struct sqlite3 *database, const struct lease_key *key,
                          const struct lease_owner *owner, const struct row *row, struct lease_answer *answer,
                          char holder_buffer[256])
{
    if (strcmp(row->boot, owner->boot) != 0) {
        return true; /* nothing lives from before a reboot */
    }
    if (row->seen_ms != 0 && owner->now_awake_ms >= row->seen_ms + TAKEOVER_GRACE_MS) {
        return true;
    }
    if (row->seen_ms == 0 &&
        !database_do(database_query(database, &answer->error, "UPDATE lease SET seen_ms=?4" KEYED, "ttti",
                                    key->endpoint, key->account, key->region, owner->now_awake_ms),
                     &answer->error)) {
        return false;
    }
    refuse(answer, row, owner, holder_buffer);
    int64_t seen_ms = row->seen_ms != 0 ? row->seen_ms : owner->now_awake_ms;
    answer->expires_in_ms = seen_ms + TAKEOVER_GRACE_MS - owner->now_awake_ms;
    return false;
}

static bool acquire(struct sqlite3 *database, const struct lease_key *key, const struct lease_owner *owner,
                    int64_t duration_ms, struct lease_answer *answer, char holder_buffer[256])
{
    struct row row;
    struct hold hold;
    if (!read_row(database, key, &row, &answer->error) || !hold_read(database, key, &hold, &answer->error)) {
        return false;
    }
    bool is_ours = row.is_there && row.state == ACCOUNT_LEASED && strcmp(row.owner, owner->run) == 0;
    bool was_held = row.is_there && row.state == ACCOUNT_HELD;
    bool is_free = !row.is_there || row.state == ACCOUNT_FREE || row.state == ACCOUNT_DIRTY || was_held;
    bool is_left = row.is_there && row.state == ACCOUNT_LEASED && !is_ours && is_expired(&row, owner);
    if (!is_ours && !is_free && !is_left) {
        return refuse(answer, &row, owner, holder_buffer);
    }
    bool is_held = hold.is_there && hold.until_us > owner->now_wall_us;
    if (is_held && !is_ours && (owner->hold_run == NULL || strcmp(owner->hold_run, hold.run) != 0)) {
        return refuse_held(answer, &hold, owner, holder_buffer);
    }
    if (hold.is_there && !is_held && !hold_delete(database, key, &answer->error)) {
        return false;
    }
    if (is_left && !may_take_over(database, key, owner, &row, answer, holder_buffer)) {
        return false;
    }
    answer->fence = is_ours ? row.fence : row.fence + 1; /* ours: the answer to an earlier try was lost */
    answer->was_dirty = row.is_there && (row.is_dirty || row.state == ACCOUNT_DIRTY || is_left || was_held);
    return write_lease(database, key, owner, answer->fence, owner->now_boot_ms + duration_ms,
                       answer->was_dirty, &answer->error);
}

void lease_acquire(struct sqlite3 *database, const struct lease_key *key, const struct lease_owner *owner,
                   int64_t duration_ms, struct lease_answer *answer, char holder_buffer[256])
{
    *answer = (struct lease_answer){.sent_at_lease_ms = owner->now_boot_ms};
    if (database_exec(database, "BEGIN IMMEDIATE", &answer->error)) {
        bool is_decided = acquire(database, key, owner, duration_ms, answer, holder_buffer) ||
                          answer->error.kind == ERROR_CONFLICT;
        (void)finish(database, is_decided,
                     &answer->error); /* a refusal may have noted that the lease was seen expired */
    }
}

static bool is_held_by(const struct row *row, const struct lease_owner *owner, uint64_t fence)
{
    return row->is_there && row->state == ACCOUNT_LEASED && row->fence == fence &&
           strcmp(row->owner, owner->run) == 0;
}

static bool renew(struct sqlite3 *database, const struct lease_key *key, const struct lease_owner *owner,
                  uint64_t fence, int64_t duration_ms, struct lease_answer *answer)
{
    struct row row;
    if (!read_row(database, key, &row, &answer->error)) {
        return false;
    }
    if (!is_held_by(&row, owner, fence)) {
        answer->state = row.state;
        return error_set(&answer->error, ERROR_CONFLICT, "it was taken over%s%s",
                         row.holder[0] != '\0' ? " by " : "", row.holder);
    }
    if (is_expired(&row, owner)) {
        return error_set(&answer->error, ERROR_CONFLICT, "it ran out before its renewal");
    }
    answer->fence = fence;
    return write_lease(database, key, owner, fence, owner->now_boot_ms + duration_ms, row.is_dirty,
                       &answer->error);
}

void lease_renew(struct sqlite3 *database, const struct lease_key *key, const struct lease_owner *owner,
                 uint64_t fence, int64_t duration_ms, struct lease_answer *answer)
{
    *answer = (struct lease_answer){.sent_at_lease_ms = owner->now_boot_ms};
    if (database_exec(database, "BEGIN IMMEDIATE", &answer->error)) {
        (void)finish(database, renew(database, key, owner, fence, duration_ms, answer), &answer->error);
    }
}

/* A held account is given as dirty one day: a person was in it. */
static bool write_release(struct sqlite3 *database, const struct lease_key *key,
                          const struct lease_owner *owner, const struct lease_end *end, struct error *error)
{
    enum account_state next = end->next;
    struct hold hold;
    if (!hold_read(database, key, &hold, error)) {
        return false;
    }
    if (next == ACCOUNT_HELD && end->hold_ms == 0 && !hold.is_there) {
        next = ACCOUNT_DIRTY; /* it was ended meanwhile */
    }
    bool is_written = true;
    if (next != ACCOUNT_HELD && hold.is_there) {
        is_written = hold_delete(database, key, error);
    } else if (next == ACCOUNT_HELD && end->hold_ms > 0) {
        is_written = hold_write(database, key, owner, end, error);
    }
    bool is_dirty = next == ACCOUNT_DIRTY || next == ACCOUNT_HELD;
    return is_written &&
           database_do(database_query(database, error,
                                      "UPDATE lease SET state=?4, owner=NULL, holder=NULL, boot=NULL, "
                                      "expires_ms=0, dirty=?5, reason=?6" KEYED,
                                      "ttttit", key->endpoint, key->account, key->region,
                                      account_state_name(next), (int64_t)is_dirty, end->reason),
                       error);
}

static bool release(struct sqlite3 *database, const struct lease_key *key, const struct lease_owner *owner,
                    uint64_t fence, const struct lease_end *end, struct lease_answer *answer)
{
    struct row row;
    if (!read_row(database, key, &row, &answer->error)) {
        return false;
    }
    if (row.is_there && row.state != ACCOUNT_LEASED && row.fence == fence) {
        return true; /* released already: the answer to an earlier try was lost */
    }
    if (!is_held_by(&row, owner, fence)) {
        return error_set(&answer->error, ERROR_CONFLICT, "it was taken over by %s", row.holder);
    }
    return write_release(database, key, owner, end, &answer->error);
}

void lease_release(struct sqlite3 *database, const struct lease_key *key, const struct lease_owner *owner,
                   uint64_t fence, const struct lease_end *end, struct lease_answer *answer)
{
    *answer = (struct lease_answer){.sent_at_lease_ms = owner->now_boot_ms, .fence = fence};
    if (database_exec(database, "BEGIN IMMEDIATE", &answer->error)) {
        (void)finish(database, release(database, key, owner, fence, end, answer), &answer->error);
    }
}
