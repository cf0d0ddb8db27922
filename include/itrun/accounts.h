/* accounts.h - which account this run may use, and until when: the pool and its lease machine.
 *
 * Decides; the host carries LEASE_* effects to the lease store, which makes them durable and exclusive, and
 * brings the answers back. Does not assume roles, deploy, wait, or call anyone. Time    lease clock
 * (input->lease_now_ms) only: it counts sleep. A lease is valid until the time at which its last successful
 * acquire or renewal was SENT, plus lease_ms, less a margin of a tenth. Errors  arrive as POOL_REFUSED; kinds
 * denied and config are final. Facts   are queued: pool_request, pool_release and pool_withdraw may be called
 * while they are drained. After LOST the lane still calls pool_release, and gets RELEASED. Source  fencing
 * token: Kleppmann, "How to do distributed locking", 2016. */
#ifndef ITRUN_ACCOUNTS_H
#define ITRUN_ACCOUNTS_H
#include "itrun/model/input.h"

enum pool_fact_type { POOL_GRANTED, POOL_WAITING, POOL_REFUSED, POOL_EXTENDED, POOL_LOST, POOL_RELEASED };
struct pool_fact { /* strings valid until the next step */
    enum pool_fact_type type;
    size_t lane;
    size_t account;
    uint64_t fence; /* GRANTED */
    int64_t
        stop_by_ms; /* GRANTED, EXTENDED: lease clock; no process of ours lives past it. INT64_MAX: local */
    bool was_dirty; /* GRANTED: its last owner did not end in order */
    enum account_state next; /* RELEASED: as what; a lost one as DIRTY */
    const char *holder;      /* WAITING: "run 0198... of ci-7" */
    struct error error;      /* REFUSED, LOST */
};
struct pool;
/* Borrows accounts. hold_ms: how long an account that is released as HELD is kept. */
struct pool *pool_new(const struct account *accounts, size_t account_count, int64_t lease_ms,
                      int64_t hold_ms);
void pool_free(struct pool *pool); /* frees memory, not leases */
/* An account for this lane: the preferred one if it is free, else the first free one in order that no other
 * lane of ours prefers, else any; when none is free, waits (WAITING names a holder once per holder) and asks
 * again when the earliest lease runs out or after 2 s, whichever comes first. avoid: an account that this
 * lane gets only when no other is free (NO_INDEX: none). Dirty accounts are given (was_dirty), quarantined
 * ones and those that this run holds never. Nothing left at all: REFUSED. */
void pool_request(struct pool *pool, size_t lane, size_t preferred, size_t avoid, struct effects *effects);
/* Another account is free, as far as is known. */
bool pool_has_other(const struct pool *pool, size_t account);
void pool_withdraw(struct pool *pool, size_t lane,
                   struct effects *effects); /* a grant in flight is given back */
void pool_release(struct pool *pool, size_t lane, enum account_state next, const char *reason,
                  struct effects *effects);
void pool_step(struct pool *pool, const struct input *input,
               struct effects *effects);                /* LEASE_ANSWERED, DEADLINE */
int64_t pool_next_deadline_ms(const struct pool *pool); /* on the LEASE clock; INT64_MAX: none */
bool pool_next_fact(struct pool *pool, struct pool_fact *ret_fact);
bool pool_is_idle(const struct pool *pool); /* no lease held, no effect outstanding */
/* Every move of an account's state (runner/accounts/pool_state.h), for a simulation; NULL: none. */
typedef void pool_moved(void *context, int from, int to);
void pool_observe(struct pool *pool, pool_moved *moved, void *context);
bool pool_is_valid(const struct pool *pool, size_t lane, int64_t lease_now_ms); /* checked before each use */
#endif
