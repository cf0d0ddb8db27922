#include "itrun/accounts.h"
#include <criterion/criterion.h>
#include <string.h>

#define LEASE_MS 9000
#define HOLD_MS  7200000

static struct account accounts[3] = {
    {.id = "000000000001", .alias = "account-001"},
    {.id = "000000000002", .alias = "account-002"},
    {.id = "000000000003", .alias = "account-003"},
};
static struct pool *pool;
static struct effects effects;
static int64_t now_ms;

static void open_pool(size_t count)
{
    pool = pool_new(accounts, count, LEASE_MS, HOLD_MS);
    effects_init(&effects);
    now_ms = 1000;
}

static void close_pool(void)
{
    pool_free(pool);
    effects_clear(&effects);
}

static struct effect last_effect(enum effect_type type)
{
    cr_assert_gt(effects.count, 0, "no effect was asked for");
    struct effect effect = effects.list[effects.count - 1];
    cr_assert_eq(effect.type, type, "%s", effect_type_name(effect.type));
    return effect;
}

static void answer(const struct effect *effect, struct lease_answer lease)
{
    struct input input = {.type = INPUT_LEASE_ANSWERED,
                          .effect_id = effect->id,
                          .lane = effect->lane,
                          .lease_now_ms = now_ms,
                          .lease = lease};
    pool_step(pool, &input, &effects);
}

static void tick(int64_t at_ms)
{
    now_ms = at_ms;
    struct input input = {.type = INPUT_DEADLINE, .lease_now_ms = at_ms};
    pool_step(pool, &input, &effects);
}

static struct pool_fact next_fact(enum pool_fact_type type)
{
    struct pool_fact fact;
    cr_assert(pool_next_fact(pool, &fact), "no fact");
    cr_assert_eq(fact.type, type);
    return fact;
}

static void grant(size_t lane, size_t preferred)
{
    pool_request(pool, lane, preferred, NO_INDEX, &effects);
    struct effect effect = last_effect(EFFECT_LEASE_ACQUIRE);
    answer(&effect, (struct lease_answer){.fence = 7, .sent_at_lease_ms = now_ms});
}

Test(pool, gives_the_preferred_account)
{
    open_pool(3);
    grant(0, 2);
    struct pool_fact fact = next_fact(POOL_GRANTED);
    cr_expect_eq(fact.account, 2);
    cr_expect_eq(fact.fence, 7);
    close_pool();
}

Test(pool, validity_counts_from_when_the_request_was_sent)
{
    open_pool(1);
    pool_request(pool, 0, 0, NO_INDEX, &effects);
    struct effect effect = last_effect(EFFECT_LEASE_ACQUIRE);
    now_ms = 4000; /* the answer took three seconds */
    answer(&effect, (struct lease_answer){.fence = 1, .sent_at_lease_ms = 1000});
    cr_expect_eq(next_fact(POOL_GRANTED).stop_by_ms, 1000 + LEASE_MS - LEASE_MS / 10);
    cr_expect(pool_is_valid(pool, 0, 9099));
    cr_expect_not(pool_is_valid(pool, 0, 9100));
    close_pool();
}

Test(pool, an_answer_that_comes_after_its_own_end_is_no_lease)
{
    open_pool(1);
    pool_request(pool, 0, 0, NO_INDEX, &effects);
    struct effect effect = last_effect(EFFECT_LEASE_ACQUIRE);
    now_ms = 20000;
    answer(&effect, (struct lease_answer){.fence = 1, .sent_at_lease_ms = 1000});
    struct pool_fact fact;
    cr_expect_not(pool_next_fact(pool, &fact), "nothing may be granted");
    last_effect(EFFECT_LEASE_RELEASE);
    close_pool();
}

Test(pool, renews_at_a_third_and_tells_the_new_end)
{
    open_pool(1);
    grant(0, 0);
    next_fact(POOL_GRANTED);
    cr_assert_eq(pool_next_deadline_ms(pool), 1000 + LEASE_MS / 3);
    tick(1000 + LEASE_MS / 3);
    struct effect renew = last_effect(EFFECT_LEASE_RENEW);
    cr_expect_eq(renew.store.fence, 7);
    answer(&renew, (struct lease_answer){.fence = 7, .sent_at_lease_ms = now_ms});
    cr_expect_eq(next_fact(POOL_EXTENDED).stop_by_ms, now_ms + LEASE_MS - LEASE_MS / 10);
    close_pool();
}

Test(pool, a_lease_that_cannot_be_renewed_is_lost_at_its_end)
{
    open_pool(1);
    grant(0, 0);
    next_fact(POOL_GRANTED);
    tick(4000);
    struct effect renew = last_effect(EFFECT_LEASE_RENEW);
    struct lease_answer away = {0};
    error_set(&away.error, ERROR_TRANSIENT, "no answer");
    answer(&renew, away);
    struct pool_fact fact;
    cr_expect_not(pool_next_fact(pool, &fact), "one failed renewal loses nothing yet");
    tick(9100);
    cr_expect_eq(next_fact(POOL_LOST).lane, 0);
    pool_release(pool, 0, ACCOUNT_FREE, "done", &effects);
    struct effect release = last_effect(EFFECT_LEASE_RELEASE);
    cr_expect_eq(release.store.next, ACCOUNT_DIRTY, "whoever comes next must trust nothing");
    close_pool();
}

Test(pool, a_renewal_that_was_taken_over_loses_at_once)
{
    open_pool(1);
    grant(0, 0);
    next_fact(POOL_GRANTED);
    tick(4000);
    struct effect renew = last_effect(EFFECT_LEASE_RENEW);
    struct lease_answer taken = {0};
    error_set(&taken.error, ERROR_CONFLICT, "taken over");
    answer(&renew, taken);
    next_fact(POOL_LOST);
    cr_expect_not(pool_is_valid(pool, 0, now_ms));
    close_pool();
}

Test(pool, who_must_wait_is_told_for_whom_once_and_asks_again)
{
    open_pool(1);
    pool_request(pool, 0, 0, NO_INDEX, &effects);
    for (int i = 0; i < 2; i++) {
        struct effect effect = last_effect(EFFECT_LEASE_ACQUIRE);
        struct lease_answer held = {.holder = "run A on ci-7", .expires_in_ms = 700, .state = ACCOUNT_LEASED};
        error_set(&held.error, ERROR_CONFLICT, "leased");
        answer(&effect, held);
        tick(pool_next_deadline_ms(pool));
    }
    cr_expect_str_eq(next_fact(POOL_WAITING).holder, "run A on ci-7");
    struct pool_fact fact;
    cr_expect_not(pool_next_fact(pool, &fact), "told once");
    struct effect effect = last_effect(EFFECT_LEASE_ACQUIRE);
    answer(&effect, (struct lease_answer){.fence = 3, .sent_at_lease_ms = now_ms});
    next_fact(POOL_GRANTED);
    close_pool();
}

Test(pool, two_lanes_never_get_one_account)
{
    open_pool(2);
    grant(0, 1);
    grant(1, 1);
    cr_expect_eq(next_fact(POOL_GRANTED).account, 1);
    cr_expect_eq(next_fact(POOL_GRANTED).account, 0);
    size_t before = effects.count;
    pool_request(pool, 2, 1, NO_INDEX, &effects);
    cr_expect_eq(effects.count, before, "nothing is left to ask for");
    close_pool();
}

Test(pool, a_withdrawn_request_that_is_granted_is_given_back)
{
    open_pool(1);
    pool_request(pool, 0, 0, NO_INDEX, &effects);
    struct effect acquire = last_effect(EFFECT_LEASE_ACQUIRE);
    pool_withdraw(pool, 0, &effects);
    answer(&acquire, (struct lease_answer){.fence = 5, .sent_at_lease_ms = now_ms});
    struct effect release = last_effect(EFFECT_LEASE_RELEASE);
    cr_expect_not(pool_is_idle(pool));
    answer(&release, (struct lease_answer){.fence = 5});
    struct pool_fact fact;
    cr_expect_not(pool_next_fact(pool, &fact), "the lane is not there any more");
    cr_expect(pool_is_idle(pool));
    close_pool();
}

Test(pool, quarantined_accounts_are_never_given_and_all_of_them_refuse)
{
    open_pool(1);
    pool_request(pool, 0, 0, NO_INDEX, &effects);
    struct effect effect = last_effect(EFFECT_LEASE_ACQUIRE);
    struct lease_answer held = {.state = ACCOUNT_QUARANTINED, .expires_in_ms = -1};
    error_set(&held.error, ERROR_CONFLICT, "quarantined");
    answer(&effect, held);
    struct pool_fact fact = next_fact(POOL_REFUSED);
    cr_expect_not_null(strstr(fact.error.what, "quarantined"));
    close_pool();
}

Test(pool, an_account_to_avoid_is_given_only_when_no_other_is_free)
{
    open_pool(2);
    pool_request(pool, 0, NO_INDEX, 0, &effects);
    cr_expect_eq(last_effect(EFFECT_LEASE_ACQUIRE).store.account, 1);
    pool_request(pool, 1, NO_INDEX, 0, &effects);
    cr_expect_eq(last_effect(EFFECT_LEASE_ACQUIRE).store.account, 0, "better than to wait");
    cr_expect_not(pool_has_other(pool, 0));
    close_pool();
}

Test(pool, what_this_run_holds_it_does_not_ask_for_again)
{
    open_pool(1);
    grant(0, 0);
    next_fact(POOL_GRANTED);
    pool_release(pool, 0, ACCOUNT_HELD, "held", &effects);
    struct effect release = last_effect(EFFECT_LEASE_RELEASE);
    cr_expect_eq(release.store.duration_ms, HOLD_MS);
    answer(&release, (struct lease_answer){.fence = 7});
    cr_expect_eq(next_fact(POOL_RELEASED).next, ACCOUNT_HELD);
    pool_request(pool, 1, NO_INDEX, NO_INDEX, &effects);
    cr_expect_not_null(strstr(next_fact(POOL_REFUSED).error.what, "held"));
    close_pool();
}
