#include "fake_lease.h"

void fake_lease_init(struct fake_lease *lease)
{
    *lease = (struct fake_lease){.owner = -1, .last_owner = -1, .seen_expired_ms = -1};
}

static void refuse(struct lease_answer *answer, enum account_state state, int64_t expires_in_ms)
{
    error_set(&answer->error, ERROR_CONFLICT, "held by another");
    answer->holder = "the other run";
    answer->state = state;
    answer->expires_in_ms = expires_in_ms;
}

void fake_lease_acquire(struct fake_lease *lease, int owner, struct fake_clock now, int64_t duration_ms,
                        struct lease_answer *answer)
{
    bool is_expired = lease->owner >= 0 && lease->expires_ms <= now.boot_ms;
    if (lease->is_quarantined) {
        refuse(answer, ACCOUNT_QUARANTINED, -1);
        return;
    }
    if (is_expired && lease->seen_expired_ms < 0) {
        lease->seen_expired_ms = now.awake_ms;
    }
    int64_t may_take_ms = lease->seen_expired_ms + TAKEOVER_GRACE_MS; /* its guards need a moment awake */
    if (is_expired && now.awake_ms < may_take_ms) {
        refuse(answer, ACCOUNT_LEASED, may_take_ms - now.awake_ms);
        return;
    }
    bool is_ours = lease->owner == owner && !is_expired;
    if (lease->owner >= 0 && !is_expired && !is_ours) {
        refuse(answer, ACCOUNT_LEASED, lease->expires_ms - now.boot_ms);
        return;
    }
    if (lease->owner < 0 && lease->held_until_ms > now.boot_ms) {
        refuse(answer, ACCOUNT_HELD, lease->held_until_ms - now.boot_ms + 1);
        return;
    }
    lease->held_until_ms = 0;
    answer->was_dirty = lease->is_dirty || is_expired;
    lease->fence += is_ours ? 0 : 1;
    lease->owner = lease->last_owner = owner;
    lease->seen_expired_ms = -1;
    lease->expires_ms = now.boot_ms + duration_ms;
    answer->fence = lease->fence;
}

void fake_lease_renew(struct fake_lease *lease, int owner, struct fake_clock now, uint64_t fence,
                      int64_t duration_ms, struct lease_answer *answer)
{
    if (lease->owner != owner || lease->fence != fence || lease->expires_ms <= now.boot_ms) {
        error_set(&answer->error, ERROR_CONFLICT, "taken over or run out");
        return;
    }
    lease->expires_ms = now.boot_ms + duration_ms;
    answer->fence = fence;
}

void fake_lease_release(struct fake_lease *lease, int owner, struct fake_clock now, uint64_t fence,
                        struct fake_end end, struct lease_answer *answer)
{
    bool was_released = lease->owner < 0 && lease->last_owner == owner && lease->fence == fence;
    if (was_released) {
        return; /* the first answer may have been lost */
    }
    if (lease->owner != owner || lease->fence != fence) {
        error_set(&answer->error, ERROR_CONFLICT, "taken over");
        return;
    }
    lease->owner = -1;
    lease->is_dirty = end.next == ACCOUNT_DIRTY || end.next == ACCOUNT_HELD;
    lease->is_quarantined = end.next == ACCOUNT_QUARANTINED;
    lease->held_until_ms = end.next == ACCOUNT_HELD ? now.boot_ms + end.hold_ms : 0;
}
