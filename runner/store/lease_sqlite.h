/* lease_sqlite.h - the lease protocol as pure SQL transactions on one connection; no loop, no thread.
 *
 * Each function is one BEGIN IMMEDIATE ... COMMIT. now_boot_ms is CLOCK_BOOTTIME; boot names the boot it
 * counts from: a lease of another boot has expired. */
#ifndef ITRUN_STORE_LEASE_SQLITE_H
#define ITRUN_STORE_LEASE_SQLITE_H
#include "database_sqlite.h"
#include "itrun/model/input.h"

#define LEASE_SCHEMA                                                                                         \
    "CREATE TABLE IF NOT EXISTS lease(endpoint TEXT, account TEXT, region TEXT, state TEXT NOT NULL,"        \
    " fence INTEGER NOT NULL, owner TEXT, holder TEXT, boot TEXT, expires_ms INTEGER, dirty INTEGER NOT "    \
    "NULL,"                                                                                                  \
    " reason TEXT, seen_ms INTEGER, PRIMARY KEY(endpoint, account, region));"                                \
    "CREATE TABLE IF NOT EXISTS deploy(endpoint TEXT, account TEXT, region TEXT, stack TEXT, fingerprint "   \
    "TEXT,"                                                                                                  \
    " unfinished INTEGER NOT NULL, run TEXT, parts TEXT, PRIMARY KEY(endpoint, account, region, stack));"    \
    "CREATE TABLE IF NOT EXISTS hold(endpoint TEXT, account TEXT, region TEXT, run TEXT NOT NULL, holder "   \
    "TEXT,"                                                                                                  \
    " shard INTEGER NOT NULL, until_us INTEGER NOT NULL, PRIMARY KEY(endpoint, account, region));"

struct lease_key {
    const char *endpoint, *account, *region;
};
struct lease_owner {
    const char *run;    /* unique */
    const char *holder; /* "run R on H": what others are told */
    const char *boot;
    int64_t now_boot_ms;
    int64_t now_awake_ms; /* CLOCK_MONOTONIC: the grace before a takeover counts awake time */
    int64_t now_wall_us;  /* holds */
    const char *hold_run; /* whose holds it may enter, or NULL */
};
/* How an account is let go. */
struct lease_end {
    enum account_state next;
    const char *reason;
    int64_t hold_ms; /* HELD: from now; 0: the hold that is there stays as it is */
    size_t shard;    /* HELD: of the run that holds it */
};
/* answer->holder is put into holder_buffer. */
void lease_acquire(struct sqlite3 *database, const struct lease_key *key, const struct lease_owner *owner,
                   int64_t duration_ms, struct lease_answer *answer, char holder_buffer[256]);
void lease_renew(struct sqlite3 *database, const struct lease_key *key, const struct lease_owner *owner,
                 uint64_t fence, int64_t duration_ms, struct lease_answer *answer);
void lease_release(struct sqlite3 *database, const struct lease_key *key, const struct lease_owner *owner,
                   uint64_t fence, const struct lease_end *end, struct lease_answer *answer);

/* hold_sqlite.c: accounts left for a person to look into; within a transaction of the caller. */
struct hold {
    bool is_there;
    char run[128], holder[256];
    size_t shard;
    int64_t until_us;
};
bool hold_read(struct sqlite3 *database, const struct lease_key *key, struct hold *ret, struct error *error);
bool hold_write(struct sqlite3 *database, const struct lease_key *key, const struct lease_owner *owner,
                const struct lease_end *end, struct error *error);
bool hold_delete(struct sqlite3 *database, const struct lease_key *key, struct error *error);
/* "run R on H for its shard 3, until 2026-11-24 21:05 UTC" */
void hold_describe(const struct hold *hold, char *ret, size_t size);
bool hold_prolong(struct sqlite3 *database, const char *run, int64_t until_us, struct error *error);
/* One transaction; see lease_store_end_hold. */
bool hold_end(struct sqlite3 *database, const struct lease_key *key, struct error *error);

bool ledger_write(struct sqlite3 *database, const struct lease_key *key, const struct ledger_entry *entry,
                  bool is_unfinished, const char *run, struct error *error);
bool ledger_read(struct sqlite3 *database, const struct lease_key *key, struct arena *arena,
                 const struct ledger_entry **ret_entries, size_t *ret_count, struct error *error);
#endif
