#include <criterion/criterion.h>
#include "throttle.h"

static struct throttle_failure failure_of(enum error_kind kind, int tries, int64_t now_ms)
{
    return (struct throttle_failure){.kind = kind, .tries = tries, .started_at_ms = 1000, .now_ms = now_ms};
}

static bool retry(struct throttle *throttle, size_t bucket, struct throttle_failure failure,
                  int64_t *ret_wait_ms)
{
    return throttle_retry(throttle, bucket, &failure, ret_wait_ms);
}

Test(throttle, only_throttled_and_transient_errors_are_asked_again)
{
    struct throttle *throttle = throttle_new(1, 1, 60000);
    int64_t wait_ms;
    for (int kind = ERROR_NONE; kind <= ERROR_BUG; kind++) {
        bool is_retried = retry(throttle, 0, failure_of(kind, 1, 1000), &wait_ms);
        cr_expect_eq(is_retried, kind == ERROR_THROTTLED || kind == ERROR_TRANSIENT, "%s",
                     error_kind_name(kind));
    }
    throttle_free(throttle);
}

Test(throttle, waits_are_full_jitter_up_to_a_doubling_bound_and_twenty_seconds)
{
    struct throttle *throttle = throttle_new(1, 42, INT64_MAX / 2);
    int64_t longest[12] = {0}, shortest[12];
    for (int tries = 1; tries < 12; tries++) {
        shortest[tries] = INT64_MAX;
        for (int i = 0; i < 100; i++) {
            int64_t wait_ms = -1;
            cr_assert(retry(throttle, 0, failure_of(ERROR_THROTTLED, tries, 1000), &wait_ms));
            throttle_succeeded(throttle, 0, 1000);
            longest[tries] = wait_ms > longest[tries] ? wait_ms : longest[tries];
            shortest[tries] = wait_ms < shortest[tries] ? wait_ms : shortest[tries];
        }
    }
    for (int tries = 1; tries < 12; tries++) {
        int64_t bound_ms = tries < 6 ? 1000 << (tries - 1) : 20000;
        cr_expect_leq(longest[tries], bound_ms);
        cr_expect_gt(longest[tries], bound_ms / 2);
        cr_expect_lt(shortest[tries], bound_ms / 4);
    }
    throttle_free(throttle);
}

Test(throttle, the_same_seed_waits_the_same_and_another_differs)
{
    int64_t waits[3] = {0};
    uint64_t seeds[3] = {7, 7, 8};
    for (int i = 0; i < 3; i++) {
        struct throttle *throttle = throttle_new(1, seeds[i], 60000);
        for (int tries = 1; tries < 4; tries++) {
            int64_t wait_ms = 0;
            retry(throttle, 0, failure_of(ERROR_THROTTLED, tries, 1000), &wait_ms);
            waits[i] = waits[i] * 10007 + wait_ms;
        }
        throttle_free(throttle);
    }
    cr_assert_eq(waits[0], waits[1]);
    cr_assert_neq(waits[0], waits[2]);
}

Test(throttle, no_wait_ends_after_the_budget_of_the_call)
{
    struct throttle *throttle = throttle_new(1, 3, 5000);
    int64_t wait_ms;
    cr_assert_not(retry(throttle, 0, failure_of(ERROR_THROTTLED, 5, 6001), &wait_ms));
    for (int i = 0; i < 50; i++) {
        if (retry(throttle, 0, failure_of(ERROR_THROTTLED, 4, 4000), &wait_ms))
            cr_expect_leq(4000 + wait_ms, 6000);
    }
    throttle_free(throttle);
}

Test(throttle, the_server_may_ask_for_a_longer_wait)
{
    struct throttle *throttle = throttle_new(1, 3, 60000);
    struct throttle_failure failure = failure_of(ERROR_TRANSIENT, 1, 1000);
    int64_t wait_ms;
    failure.retry_after_ms = 7000;
    cr_assert(throttle_retry(throttle, 0, &failure, &wait_ms));
    cr_assert_eq(wait_ms, 7000);
    throttle_free(throttle);
}

Test(throttle, a_limit_of_tries_is_kept)
{
    struct throttle *throttle = throttle_new(1, 3, 60000);
    struct throttle_failure failure = failure_of(ERROR_TRANSIENT, 3, 1000);
    int64_t wait_ms;
    failure.tries_limit = 4;
    cr_assert(throttle_retry(throttle, 0, &failure, &wait_ms));
    failure.tries = 4;
    cr_assert_not(throttle_retry(throttle, 0, &failure, &wait_ms));
    throttle_free(throttle);
}

Test(throttle, a_bucket_runs_dry_and_fills_again_and_others_are_untouched)
{
    struct throttle *throttle = throttle_new(2, 3, 60000);
    int64_t wait_ms;
    int granted = 0;
    while (granted < 1000 && retry(throttle, 0, failure_of(ERROR_TRANSIENT, 1, 1000), &wait_ms))
        granted++;
    cr_assert_eq(granted, 200);
    cr_assert(retry(throttle, 1, failure_of(ERROR_TRANSIENT, 1, 1000), &wait_ms));
    cr_assert(retry(throttle, 0, failure_of(ERROR_TRANSIENT, 1, 2000), &wait_ms));
    throttle_succeeded(throttle, 0, 2000);
    throttle_succeeded(throttle, 0, 2000);
    cr_assert(retry(throttle, 0, failure_of(ERROR_TRANSIENT, 1, 2000), &wait_ms));
    throttle_free(throttle);
}

Test(throttle, new_requests_of_a_throttled_bucket_are_slowed_until_one_succeeds)
{
    struct throttle *throttle = throttle_new(2, 9, 60000);
    int64_t wait_ms, slowest_ms = 0;
    cr_assert_eq(throttle_admit(throttle, 0), 0);
    retry(throttle, 0, failure_of(ERROR_THROTTLED, 1, 1000), &wait_ms);
    for (int i = 0; i < 20; i++) {
        int64_t admitted_ms = throttle_admit(throttle, 0);
        slowest_ms = admitted_ms > slowest_ms ? admitted_ms : slowest_ms;
    }
    cr_assert_gt(slowest_ms, 0);
    cr_assert_leq(slowest_ms, 1000);
    cr_assert_eq(throttle_admit(throttle, 1), 0);
    throttle_succeeded(throttle, 0, 1000);
    cr_assert_eq(throttle_admit(throttle, 0), 0);
    cr_assert_eq(throttle_count(throttle), 1);
    throttle_free(throttle);
}
