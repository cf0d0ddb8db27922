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
    " unfinished INTEGER NOT NULL, run TEXT, parts TEXT, PRIMARY KEY(endpoint, account, region, stack));"

struct lease_key {
    const char *endpoint, *account, *region;
};
struct lease_owner {
    const char *run;    /* unique */
    const char *holder; /* "run R on H": what others are told */
    const char *boot;
    int64_t now_boot_ms;
    int64_t now_awake_ms; /* CLOCK_MONOTONIC: the grace before a takeover counts awake time */
};
/* answer->holder is put into holder_buffer. */
void lease_acquire(struct sqlite3 *database, const struct lease_key *key, const struct lease_owner *owner,
                   int64_t duration_ms, struct lease_answer *answer, char holder_buffer[256]);
void lease_renew(struct sqlite3 *database, const struct lease_key *key, const struct lease_owner *owner,
                 uint64_t fence, int64_t duration_ms, struct lease_answer *answer);
void lease_release(struct sqlite3 *database, const struct lease_key *key, const struct lease_owner *owner,
                   uint64_t fence, enum account_state next, const char *reason, struct lease_answer *answer);

bool ledger_write(struct sqlite3 *database, const struct lease_key *key, const struct ledger_entry *entry,
                  bool is_unfinished, const char *run, struct error *error);
bool ledger_read(struct sqlite3 *database, const struct lease_key *key, struct arena *arena,
                 const struct ledger_entry **ret_entries, size_t *ret_count, struct error *error);
#endif
