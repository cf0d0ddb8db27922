/* store.h - SQLite: leases and the deploy ledger (accounts.store), history (itrun.db). Off the loop, on one
 * worker each.
 *
 * accounts.store: keyed by endpoint, account id and region, shared by every checkout and project on the
 * machine. synchronous FULL, BEGIN IMMEDIATE, an own jittered busy handler. A lease row: owner, fence (only
 * grows), state, expiry. Expiry is compared on CLOCK_BOOTTIME together with the boot id: after a reboot every
 * lease has expired. Every write accepts "already mine, same fence" as success. Threads: called on the loop;
 * done() on the loop. */
#ifndef ITRUN_STORE_H
#define ITRUN_STORE_H
#include "itrun/history.h"
#include "itrun/loop.h"
#include "itrun/model/input.h"

struct lease_store_options {
    const char *path;
    const char *endpoint; /* "" for real AWS */
    const char *region;
    const char *owner_run, *owner_host, *owner_worker; /* shown to whoever has to wait: "run R on H" */
    const char *hold_run; /* whose held accounts may be entered (itrun shell); NULL: nobody's */
    const struct account *accounts;
    size_t account_count;
};
struct lease_store;
struct lease_store *lease_store_open(uv_loop_t *loop, const struct lease_store_options *options,
                                     struct error *error);
/* Performs LEASE_* and LEDGER_* effects (copies what it needs); done gets a completed input (type, effect_id,
 * lane and payload set; clocks not), valid during the call. */
typedef void store_done(void *context, const struct input *completion);
void lease_store_perform(struct lease_store *store, const struct effect *effect, store_done *done,
                         void *context);
void lease_store_close(struct lease_store *store, void (*closed)(void *context), void *context);
/* Blocking, for commands and for planning, before a loop runs: every ledger entry of every account. */
bool lease_store_read_ledger(struct lease_store *store, struct arena *arena, size_t account,
                             const struct ledger_entry **ret_entries, size_t *ret_count, struct error *error);
struct lease_row {
    size_t account;
    enum account_state state;
    uint64_t fence;
    const char *owner; /* or NULL */
    int64_t expires_in_ms;
    const char *reason;
    /* A hold: left as a failed run ended in it, until then, whether or not somebody is in it just now. */
    const char *hold_run;  /* whose; NULL: none */
    size_t hold_shard;     /* 1-based, of that run */
    int64_t hold_until_us; /* wall clock: a hold outlives a reboot */
};
/* Holds. An account released as HELD (effect store.next, with duration_ms) is refused to everybody until its
 * time has come (CONFLICT, state HELD, the holder says for which run and until when), but to a store opened
 * with hold_run: who enters takes the lease as usual, and releases as HELD with duration 0 to leave the hold
 * as it was, or as DIRTY to end it. A hold that ran out is a dirty account. lease_store_list shows them. */
/* The holds of this run end so long from now: at the end of a run. Blocking. */
bool lease_store_prolong_holds(struct lease_store *store, const char *run, int64_t duration_ms,
                               struct error *error);
/* Ends the hold of an account that nobody is in: it is dirty then. False, kind CONFLICT: somebody is; GONE:
 * it is not held. Blocking. */
bool lease_store_end_hold(struct lease_store *store, size_t account, struct error *error);
bool lease_store_list(struct lease_store *store, struct arena *arena, struct lease_row **ret_rows,
                      size_t *ret_count, struct error *error);
/* $XDG_STATE_HOME/itrun/accounts.db, else $HOME/.local/state/itrun/accounts.db, from lookup. */
bool lease_store_default_path(const char *(*lookup)(void *context, const char *name), void *context,
                              struct text *ret_path, struct error *error);

struct history_store;
/* Creates the file; a broken one is set aside (renamed) and begun anew, which costs time, never truth. */
struct history_store *history_store_open(uv_loop_t *loop, const char *path, struct error *error);
/* Blocking, before the run: newest first, at most `limit` rows of each suite. */
bool history_store_read(struct history_store *store, struct arena *arena, const char *suite, size_t limit,
                        struct history_row **ret_rows, size_t *ret_count, struct error *error);
/* Blocking: the newest `limit` rows of every suite; suites by name, the newest row first. */
bool history_store_read_all(struct history_store *store, struct arena *arena, size_t limit,
                            struct history_row **ret_rows, size_t *ret_count, struct error *error);
/* Blocking: every case that was ever flaky; suites by name, the most often flaky first. */
bool history_store_read_flaky(struct history_store *store, struct arena *arena,
                              struct history_case **ret_cases, size_t *ret_count, struct error *error);
/* Queued; written in groups. Errors are kept and given at close. */
void history_store_add(struct history_store *store, const char *run, const struct history_row *row);
void history_store_close(struct history_store *store,
                         void (*closed)(void *context, const struct error *error), void *context);
#endif
