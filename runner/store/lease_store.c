/* lease_store.c - accounts.store on the loop: effects in, completions out, SQLite on one worker. */
#include "itrun/store.h"
#include "itrun/base/memory.h"
#include "lease_sqlite.h"
#include <stdio.h>
#include <string.h>

struct lease_store {
    struct worker *worker;
    struct sqlite3 *database;
    char *path, *endpoint, *region, *run, *holder, *hold_run;
    char boot[64];
    const struct account *accounts;
    size_t account_count;
    void (*closed)(void *context);
    void *closed_context;
};

struct job {
    struct lease_store *store;
    struct arena *arena;
    enum effect_type type;
    size_t account;
    uint64_t fence;
    int64_t duration_ms;
    struct lease_end end;
    struct ledger_entry entry;
    char holder[256];
    struct input completion;
    store_done *done;
    void *context;
};

/* --- open -------------------------------------------------------------------------------------------- */

static void read_boot_id(char ret[64])
{
    FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");
    snprintf(ret, 64, "unknown");
    if (file != NULL) {
        if (fgets(ret, 64, file) == NULL) {
            snprintf(ret, 64, "unknown");
        }
        fclose(file);
        ret[strcspn(ret, "\n")] = '\0';
    }
}

static bool make_parent(const char *path, struct error *error)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL || slash == path) {
        return true;
    }
    char *folder = memory_copy_bytes(path, (size_t)(slash - path));
    bool is_made = file_make_folders(folder, error);
    memory_free(folder);
    return is_made;
}

static void lease_store_free(struct lease_store *store)
{
    sqlite3_close(store->database);
    memory_free(store->path);
    memory_free(store->endpoint);
    memory_free(store->region);
    memory_free(store->run);
    memory_free(store->holder);
    memory_free(store->hold_run);
    memory_free(store);
}

struct lease_store *lease_store_open(uv_loop_t *loop, const struct lease_store_options *options,
                                     struct error *error)
{
    struct lease_store *store = memory_new(sizeof *store);
    store->path = memory_copy_string(options->path);
    store->endpoint = memory_copy_string(options->endpoint);
    store->region = memory_copy_string(options->region);
    store->run = memory_copy_string(options->owner_run);
    struct text holder = {0};
    text_append_format(&holder, "run %s on %s", options->owner_run, options->owner_host);
    store->holder = text_take(&holder);
    store->hold_run = options->hold_run != NULL ? memory_copy_string(options->hold_run) : NULL;
    store->accounts = options->accounts;
    store->account_count = options->account_count;
    read_boot_id(store->boot);
    bool is_open = make_parent(options->path, error);
    if (is_open) {
        store->database = database_open(options->path, true, LEASE_SCHEMA, error);
        is_open = store->database != NULL;
    }
    if (is_open) {
        store->worker = worker_new(loop, "leases", error);
        is_open = store->worker != NULL;
    }
    if (!is_open) {
        error_prefix(error, "the lease store");
        lease_store_free(store);
        return NULL;
    }
    return store;
}

static struct lease_key key_of(const struct lease_store *store, size_t account)
{
    return (struct lease_key){store->endpoint, store->accounts[account].id, store->region};
}

/* --- jobs -------------------------------------------------------------------------------------------- */

static void work(void *context)
{
    struct job *job = context;
    struct lease_store *store = job->store;
    struct lease_key key = key_of(store, job->account);
    struct lease_owner owner = {store->run,           store->holder,   store->boot,    clock_boottime_ms(),
                                clock_monotonic_ms(), clock_wall_us(), store->hold_run};
    struct lease_answer *lease = &job->completion.lease;
    switch (job->type) {
    case EFFECT_LEASE_ACQUIRE:
        lease_acquire(store->database, &key, &owner, job->duration_ms, lease, job->holder);
        break;
    case EFFECT_LEASE_RENEW:
        lease_renew(store->database, &key, &owner, job->fence, job->duration_ms, lease);
        break;
    case EFFECT_LEASE_RELEASE:
        lease_release(store->database, &key, &owner, job->fence, &job->end, lease);
        break;
    case EFFECT_LEDGER_READ:
        (void)ledger_read(store->database, &key, job->arena, &job->completion.ledger.entries,
                          &job->completion.ledger.entry_count, &job->completion.ledger.error);
        break;
    case EFFECT_LEDGER_BEGIN:
    case EFFECT_LEDGER_END:
        (void)ledger_write(store->database, &key, &job->entry, job->type == EFFECT_LEDGER_BEGIN, store->run,
                           &job->completion.ledger.error);
        break;
    case EFFECT_EMIT:
    case EFFECT_CLAIM:
    case EFFECT_AWS:
    case EFFECT_SPAWN:
    case EFFECT_SIGNAL:
    case EFFECT_GUARD_DEADLINE:
    case EFFECT_COLLECT:
    case EFFECT_LANE_CLOSE:
    case EFFECT_TYPE_COUNT: MUST(!"an effect of the lease store"); break;
    }
}

static void finished(void *context)
{
    struct job *job = context;
    job->done(job->context, &job->completion);
    arena_free(job->arena);
    memory_free(job);
}

static void copy_entry(struct job *job, const struct ledger_entry *entry)
{
    job->entry = *entry;
    job->entry.stack_name = arena_string(job->arena, entry->stack_name);
    struct fingerprint_part *parts = arena_alloc(job->arena, (entry->part_count + 1) * sizeof *parts);
    for (size_t i = 0; i < entry->part_count; i++) {
        parts[i] = entry->parts[i];
        parts[i].name = arena_string(job->arena, entry->parts[i].name);
    }
    job->entry.parts = parts;
}

void lease_store_perform(struct lease_store *store, const struct effect *effect, store_done *done,
                         void *context)
{
    struct job *job = memory_new(sizeof *job);
    bool is_lease = effect->type == EFFECT_LEASE_ACQUIRE || effect->type == EFFECT_LEASE_RENEW ||
                    effect->type == EFFECT_LEASE_RELEASE;
    *job = (struct job){
        .store = store,
        .arena = arena_new(),
        .type = effect->type,
        .account = effect->store.account,
        .fence = effect->store.fence,
        .duration_ms = effect->store.duration_ms,
        .end = {.next = effect->store.next, .hold_ms = effect->store.duration_ms, .shard = effect->lane + 1},
        .completion = {.type = is_lease ? INPUT_LEASE_ANSWERED : INPUT_LEDGER_ANSWERED,
                       .effect_id = effect->id,
                       .lane = effect->lane},
        .done = done,
        .context = context,
    };
    job->end.reason = arena_string(job->arena, effect->store.reason);
    if (effect->store.entry != NULL) {
        copy_entry(job, effect->store.entry);
    }
    worker_submit(store->worker, work, finished, job);
}

static void worker_ended(void *context)
{
    struct lease_store *store = context;
    void (*closed)(void *) = store->closed;
    void *closed_context = store->closed_context;
    lease_store_free(store);
    closed(closed_context);
}

void lease_store_close(struct lease_store *store, void (*closed)(void *context), void *context)
{
    store->closed = closed;
    store->closed_context = context;
    worker_close(store->worker, worker_ended, store);
}

/* --- blocking reads ---------------------------------------------------------------------------------- */

bool lease_store_read_ledger(struct lease_store *store, struct arena *arena, size_t account,
                             const struct ledger_entry **ret_entries, size_t *ret_count, struct error *error)
{
    struct lease_key key = key_of(store, account);
    return ledger_read(store->database, &key, arena, ret_entries, ret_count, error);
}

bool lease_store_prolong_holds(struct lease_store *store, const char *run, int64_t duration_ms,
                               struct error *error)
{
    return hold_prolong(store->database, run, clock_wall_us() + duration_ms * 1000, error);
}

bool lease_store_end_hold(struct lease_store *store, size_t account, struct error *error)
{
    struct lease_key key = key_of(store, account);
    return hold_end(store->database, &key, error);
}

static bool read_hold(struct lease_store *store, const struct lease_key *key, struct arena *arena,
                      struct lease_row *ret, struct error *error)
{
    struct hold hold;
    if (!hold_read(store->database, key, &hold, error)) {
        return false;
    }
    if (hold.is_there && hold.until_us > clock_wall_us()) {
        ret->hold_run = arena_string(arena, hold.run);
        ret->hold_shard = hold.shard;
        ret->hold_until_us = hold.until_us;
    } else if (ret->state == ACCOUNT_HELD) {
        ret->state = ACCOUNT_DIRTY; /* what it is to whoever asks next */
    }
    return true;
}

static void read_lease(struct sqlite3_stmt *statement, const struct lease_store *store, struct arena *arena,
                       struct lease_row *ret)
{
    const char *state = database_text(statement, 0);
    for (int i = 0; i < ACCOUNT_STATE_COUNT; i++) {
        if (state != NULL && strcmp(state, account_state_name((enum account_state)i)) == 0) {
            ret->state = (enum account_state)i;
        }
    }
    ret->fence = (uint64_t)sqlite3_column_int64(statement, 1);
    ret->owner = arena_string(arena, database_text(statement, 2));
    const char *boot = database_text(statement, 3);
    bool is_this_boot = boot != NULL && strcmp(boot, store->boot) == 0;
    ret->expires_in_ms = is_this_boot ? sqlite3_column_int64(statement, 4) - clock_boottime_ms() : 0;
    ret->reason = arena_string(arena, database_text(statement, 5));
}

bool lease_store_list(struct lease_store *store, struct arena *arena, struct lease_row **ret_rows,
                      size_t *ret_count, struct error *error)
{
    struct lease_row *rows = arena_alloc(arena, (store->account_count + 1) * sizeof *rows);
    for (size_t i = 0; i < store->account_count; i++) {
        struct lease_key key = key_of(store, i);
        rows[i] = (struct lease_row){.account = i, .state = ACCOUNT_FREE};
        struct sqlite3_stmt *statement =
            database_query(store->database, error,
                           "SELECT state, fence, holder, boot, expires_ms, reason FROM lease WHERE "
                           "endpoint=?1 AND account=?2 AND region=?3",
                           "ttt", key.endpoint, key.account, key.region);
        if (statement == NULL) {
            return false;
        }
        if (sqlite3_step(statement) == SQLITE_ROW) {
            read_lease(statement, store, arena, &rows[i]);
        }
        sqlite3_finalize(statement);
        if (!read_hold(store, &key, arena, &rows[i], error)) {
            return false;
        }
    }
    *ret_rows = rows;
    *ret_count = store->account_count;
    return true;
}

bool lease_store_default_path(const char *(*lookup)(void *context, const char *name), void *context,
                              struct text *ret_path, struct error *error)
{
    const char *state = lookup(context, "XDG_STATE_HOME");
    const char *home = lookup(context, "HOME");
    if (state != NULL && state[0] == '/') {
        text_append_format(ret_path, "%s/itrun/accounts.db", state);
    } else if (home != NULL && home[0] == '/') {
        text_append_format(ret_path, "%s/.local/state/itrun/accounts.db", home);
    } else {
        error_set(error, ERROR_CONFIG, "neither XDG_STATE_HOME nor HOME says where the lease store lies");
        return error_hint(error, "set accounts.store: sqlite:PATH in the configuration");
    }
    return true;
}
