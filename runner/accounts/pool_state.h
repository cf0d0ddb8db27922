/* pool_state.h - the states of an account in the pool, for pool.c and the simulation.
 *
 *              ask            granted             release
 *   FREE ------------> ASKING --------> HELD ------------------> RELEASING --> FREE
 *    ^                   |                | renewal refused,         ^
 *    |   retry time      | refused        | or not in time           |
 *    +---- BLOCKED <-----+                +------> LOST -------------+
 *              (quarantined: BLOCKED for good)
 *
 *   state      holds                    deadline (lease clock)                 when its lane withdraws
 *   FREE       nothing                  none                                   -
 *   ASKING     an effect                none: the store answers                the grant is given back
 *   HELD       a lease, maybe a renewal renew_at, then stop_by -> LOST         -
 *   LOST       maybe a renewal          none: the lane must let go             -
 *   RELEASING  an effect                none                                   -
 *   BLOCKED    nothing                  retry_at, while somebody waits         - */
#ifndef ITRUN_ACCOUNTS_POOL_STATE_H
#define ITRUN_ACCOUNTS_POOL_STATE_H

#define POOL_MOVE(state) (1u << (state))
#define POOL_TABLE(X)                                                                                        \
    X(FREE, POOL_MOVE(POOL_ACCOUNT_ASKING) | POOL_MOVE(POOL_ACCOUNT_HELD))                                   \
    X(ASKING,                                                                                                \
      POOL_MOVE(POOL_ACCOUNT_HELD) | POOL_MOVE(POOL_ACCOUNT_BLOCKED) | POOL_MOVE(POOL_ACCOUNT_RELEASING))    \
    X(HELD, POOL_MOVE(POOL_ACCOUNT_RELEASING) | POOL_MOVE(POOL_ACCOUNT_LOST) | POOL_MOVE(POOL_ACCOUNT_FREE)) \
    X(LOST, POOL_MOVE(POOL_ACCOUNT_RELEASING))                                                               \
    X(RELEASING, POOL_MOVE(POOL_ACCOUNT_FREE))                                                               \
    X(BLOCKED, POOL_MOVE(POOL_ACCOUNT_FREE))
enum pool_account_state {
#define X(name, next) POOL_ACCOUNT_##name,
    POOL_TABLE(X)
#undef X
        POOL_ACCOUNT_STATE_COUNT
};
#endif
