#include "itrun/base/json.h"
#include "lease_sqlite.h"
#include <stdio.h>
#include <string.h>

static void write_parts(const struct ledger_entry *entry, struct text *text)
{
    struct json_writer json;
    json_write_begin(&json, text, 0);
    json_write_object(&json, NULL);
    for (size_t i = 0; i < entry->part_count; i++) {
        json_write_string(&json, entry->parts[i].name, entry->parts[i].digest);
    }
    json_write_end(&json, '}');
}

bool ledger_write(struct sqlite3 *database, const struct lease_key *key, const struct ledger_entry *entry,
                  bool is_unfinished, const char *run, struct error *error)
{
    struct text parts = {0};
    write_parts(entry, &parts);
    bool is_done = database_do(
        database_query(database, error, "INSERT OR REPLACE INTO deploy VALUES(?1,?2,?3,?4,?5,?6,?7,?8)",
                       "tttttitt", key->endpoint, key->account, key->region, entry->stack_name,
                       entry->fingerprint, (int64_t)is_unfinished, run, text_string(&parts)),
        error);
    text_clear(&parts);
    return is_done;
}

static void read_parts(const char *bytes, struct arena *arena, struct ledger_entry *ret)
{
    struct error ignored = {0};
    struct json *root = bytes != NULL ? json_parse(bytes, strlen(bytes), &ignored) : NULL;
    struct fingerprint_part *parts = arena_alloc(arena, (json_count(root) + 1) * sizeof *parts);
    size_t count = 0;
    for (const struct json *part = json_first(root); part != NULL; part = json_next(part)) {
        parts[count].name = arena_string(arena, json_key(part));
        snprintf(parts[count].digest, sizeof parts[count].digest, "%s", json_string(part, ""));
        count++;
    }
    ret->parts = parts;
    ret->part_count = count;
    json_free(root);
}

bool ledger_read(struct sqlite3 *database, const struct lease_key *key, struct arena *arena,
                 const struct ledger_entry **ret_entries, size_t *ret_count, struct error *error)
{
    struct sqlite3_stmt *statement =
        database_query(database, error,
                       "SELECT stack, fingerprint, unfinished, run, parts FROM deploy WHERE endpoint=?1 AND "
                       "account=?2 AND region=?3 ORDER BY stack",
                       "ttt", key->endpoint, key->account, key->region);
    if (statement == NULL) {
        return false;
    }
    struct ledger_entry *entries = NULL;
    size_t count = 0, capacity = 0;
    int result;
    while ((result = sqlite3_step(statement)) == SQLITE_ROW) {
        entries = memory_grow(entries, count, &capacity, sizeof *entries);
        struct ledger_entry *entry = &entries[count++];
        *entry = (struct ledger_entry){
            .stack_name = arena_string(arena, database_text(statement, 0)),
            .is_unfinished = sqlite3_column_int64(statement, 2) != 0,
            .run = arena_string(arena, database_text(statement, 3)),
        };
        const char *fingerprint = database_text(statement, 1);
        snprintf(entry->fingerprint, sizeof entry->fingerprint, "%s", fingerprint != NULL ? fingerprint : "");
        read_parts(database_text(statement, 4), arena, entry);
    }
    bool is_fine = result == SQLITE_DONE || database_error(error, database, "read the ledger");
    sqlite3_finalize(statement);
    if (is_fine) {
        struct ledger_entry *kept = arena_alloc(arena, (count + 1) * sizeof *kept);
        if (count > 0) {
            memcpy(kept, entries, count * sizeof *kept);
        }
        *ret_entries = kept;
        *ret_count = count;
    }
    memory_free(entries);
    return is_fine;
}
