/* throttle.h - whether to ask again, and when: full jitter, and a budget for each account and operation.
 * Pure.
 *
 * Decides: retry after so many ms, or give up. The clock is given; the jitter comes from a seed, so that the
 * same history waits the same. AWS counts against the account that signs, per operation: so do the buckets.
 * A bucket also slows new requests of its account and operation while they are being throttled.
 * Source: botocore's retries: random() * min(scale * 2^n, 20 s); scales of the AWS SDKs' common retry
 * behaviour. */
#ifndef ITRUN_AWS_THROTTLE_H
#define ITRUN_AWS_THROTTLE_H
#include "itrun/base/error.h"
#include <stddef.h>

struct throttle;
/* budget_ms: how long one call may go on being retried. */
struct throttle *throttle_new(size_t bucket_count, uint64_t seed, int64_t budget_ms);
void throttle_free(struct throttle *throttle); /* NULL is fine */

/* How long a new request of this bucket waits before it is sent; 0: not at all. */
int64_t throttle_admit(struct throttle *throttle, size_t bucket);
void throttle_succeeded(struct throttle *throttle, size_t bucket, int64_t now_ms);

struct throttle_failure {
    enum error_kind kind;  /* only THROTTLED and TRANSIENT are ever retried */
    int tries;             /* of this request so far, at least 1 */
    int tries_limit;       /* 0: only time limits it */
    int64_t started_at_ms; /* of the call */
    int64_t now_ms;
    int64_t retry_after_ms; /* what the server asked for; 0: nothing */
};
/* False: give up. */
bool throttle_retry(struct throttle *throttle, size_t bucket, const struct throttle_failure *failure,
                    int64_t *ret_wait_ms);
uint64_t throttle_count(const struct throttle *throttle); /* THROTTLED answers so far */
#endif
