/* fake_lease.h - the lease store of the simulated world: one account's lease as plain data.
 *
 * Must answer as the real one does; tests/contract/ asks both the same questions. Times are the caller's:
 * boot_ms counts sleep, awake_ms does not. Owners are small numbers. */
#ifndef ITRUN_SIM_FAKE_LEASE_H
#define ITRUN_SIM_FAKE_LEASE_H
#include "itrun/model/input.h"

struct fake_lease {
    int owner; /* or -1 */
    int last_owner;
    uint64_t fence;
    int64_t expires_ms;      /* boot time */
    int64_t seen_expired_ms; /* awake time at which somebody first saw it expired; -1 */
    bool is_dirty, is_quarantined;
    int64_t held_until_ms; /* the wall clock is boot time here; 0: not held */
};
struct fake_clock {
    int64_t boot_ms, awake_ms;
};
void fake_lease_init(struct fake_lease *lease);
void fake_lease_acquire(struct fake_lease *lease, int owner, struct fake_clock now, int64_t duration_ms,
                        struct lease_answer *answer);
void fake_lease_renew(struct fake_lease *lease, int owner, struct fake_clock now, uint64_t fence,
                      int64_t duration_ms, struct lease_answer *answer);
struct fake_end {
    enum account_state next;
    int64_t hold_ms;
};
void fake_lease_release(struct fake_lease *lease, int owner, struct fake_clock now, uint64_t fence,
                        struct fake_end end, struct lease_answer *answer);
#endif
