#include "throttle.h"
#include "itrun/base/memory.h"

enum {
    THROTTLED_SCALE_MS = 1000,
    TRANSIENT_SCALE_MS = 50,
    WAIT_LIMIT_MS = 20000,
    TOKEN_LIMIT = 200,       /* retries that a bucket allows at once */
    TOKEN_INTERVAL_MS = 500, /* one comes back each interval, and one with each success */
    STREAK_LIMIT = 5
};

struct bucket {
    int used;   /* tokens taken */
    int streak; /* throttled answers since the last success, up to STREAK_LIMIT */
    int64_t counted_at_ms;
};
struct throttle {
    struct bucket *buckets;
    size_t bucket_count;
    uint64_t random_state;
    int64_t budget_ms;
    uint64_t throttled_count;
};

struct throttle *throttle_new(size_t bucket_count, uint64_t seed, int64_t budget_ms)
{
    struct throttle *throttle = memory_new(sizeof *throttle);
    throttle->buckets = memory_new(bucket_count * sizeof *throttle->buckets);
    throttle->bucket_count = bucket_count;
    throttle->random_state = seed;
    throttle->budget_ms = budget_ms;
    return throttle;
}

void throttle_free(struct throttle *throttle)
{
    if (throttle == NULL)
        return;
    memory_free(throttle->buckets);
    memory_free(throttle);
}

/* splitmix64: small, and any seed will do, 0 too. */
static uint64_t random_next(struct throttle *throttle)
{
    uint64_t z = throttle->random_state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static int64_t jitter(struct throttle *throttle, int64_t scale_ms, int doublings)
{
    int64_t limit_ms = scale_ms;
    for (int i = 0; i < doublings && limit_ms < WAIT_LIMIT_MS; i++)
        limit_ms *= 2;
    if (limit_ms > WAIT_LIMIT_MS)
        limit_ms = WAIT_LIMIT_MS;
    return (int64_t)(random_next(throttle) % (uint64_t)(limit_ms + 1));
}

static struct bucket *bucket_at(struct throttle *throttle, size_t bucket)
{
    MUST(bucket < throttle->bucket_count);
    return &throttle->buckets[bucket];
}

int64_t throttle_admit(struct throttle *throttle, size_t bucket)
{
    int streak = bucket_at(throttle, bucket)->streak;
    return streak > 0 ? jitter(throttle, THROTTLED_SCALE_MS, streak - 1) : 0;
}

void throttle_succeeded(struct throttle *throttle, size_t bucket, int64_t now_ms)
{
    struct bucket *it = bucket_at(throttle, bucket);
    it->streak = 0;
    if (it->used > 0)
        it->used--;
    it->counted_at_ms = now_ms;
}

static bool take_token(struct bucket *bucket, int64_t now_ms)
{
    int64_t back = (now_ms - bucket->counted_at_ms) / TOKEN_INTERVAL_MS;
    if (back > 0) {
        bucket->used = back >= bucket->used ? 0 : bucket->used - (int)back;
        bucket->counted_at_ms = now_ms;
    }
    if (bucket->used >= TOKEN_LIMIT)
        return false;
    bucket->used++;
    return true;
}

bool throttle_retry(struct throttle *throttle, size_t bucket, const struct throttle_failure *failure,
                    int64_t *ret_wait_ms)
{
    bool is_throttled = failure->kind == ERROR_THROTTLED;
    if (!is_throttled && failure->kind != ERROR_TRANSIENT)
        return false;
    struct bucket *it = bucket_at(throttle, bucket);
    if (is_throttled) {
        throttle->throttled_count++;
        if (it->streak < STREAK_LIMIT)
            it->streak++;
    }
    if (failure->tries_limit > 0 && failure->tries >= failure->tries_limit)
        return false;
    int64_t wait_ms =
        jitter(throttle, is_throttled ? THROTTLED_SCALE_MS : TRANSIENT_SCALE_MS, failure->tries - 1);
    if (wait_ms < failure->retry_after_ms)
        wait_ms = failure->retry_after_ms;
    if (failure->now_ms + wait_ms - failure->started_at_ms > throttle->budget_ms)
        return false;
    if (!take_token(it, failure->now_ms))
        return false;
    *ret_wait_ms = wait_ms;
    return true;
}

uint64_t throttle_count(const struct throttle *throttle)
{
    return throttle->throttled_count;
}
