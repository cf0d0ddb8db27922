/* test_lease_stores.c - what every lease store must answer, asked of the simulation's and of SQLite's.
 *
 * A new store is one more row of `stores`. Owners are 0 and 1; times are given, nothing waits. */
#include "sim/fake_lease.h"
#include "store/lease_sqlite.h"
#include <criterion/criterion.h>

#define LEASE_MS 1000

static struct fake_lease fake;
static struct sqlite3 *database;
static char holder[256];
static const struct lease_key key = {"http://127.0.0.1:1", "000000000001", "eu-west-1"};

struct asked {
    int owner;
    struct fake_clock now;
    uint64_t fence;
    enum account_state next;
    int64_t hold_ms;
};
struct store {
    const char *name;
    void (*open)(void);
    void (*close)(void);
    void (*acquire)(const struct asked *asked, struct lease_answer *answer);
    void (*renew)(const struct asked *asked, struct lease_answer *answer);
    void (*release)(const struct asked *asked, struct lease_answer *answer);
};

static void fake_open(void)
{
    fake_lease_init(&fake);
}

static void fake_close(void)
{
}

static void fake_acquire(const struct asked *asked, struct lease_answer *answer)
{
    fake_lease_acquire(&fake, asked->owner, asked->now, LEASE_MS, answer);
}

static void fake_renew(const struct asked *asked, struct lease_answer *answer)
{
    fake_lease_renew(&fake, asked->owner, asked->now, asked->fence, LEASE_MS, answer);
}

static void fake_release(const struct asked *asked, struct lease_answer *answer)
{
    struct fake_end end = {asked->next, asked->hold_ms};
    fake_lease_release(&fake, asked->owner, asked->now, asked->fence, end, answer);
}

static void sqlite_open(void)
{
    struct error error = {0};
    database = database_open(":memory:", true, LEASE_SCHEMA, &error);
    cr_assert_not_null(database, "%s", error.what);
}

static void sqlite_close(void)
{
    sqlite3_close(database);
}

static struct lease_owner owner_of(const struct asked *asked)
{
    const char *name = asked->owner == 0 ? "run A" : "run B";
    return (struct lease_owner){
        name, name, "boot-1", asked->now.boot_ms, asked->now.awake_ms, asked->now.boot_ms * 1000, NULL};
}

static void sqlite_acquire(const struct asked *asked, struct lease_answer *answer)
{
    struct lease_owner owner = owner_of(asked);
    lease_acquire(database, &key, &owner, LEASE_MS, answer, holder);
}

static void sqlite_renew(const struct asked *asked, struct lease_answer *answer)
{
    struct lease_owner owner = owner_of(asked);
    lease_renew(database, &key, &owner, asked->fence, LEASE_MS, answer);
}

static void sqlite_release(const struct asked *asked, struct lease_answer *answer)
{
    struct lease_owner owner = owner_of(asked);
    struct lease_end end = {.next = asked->next, .reason = "done", .hold_ms = asked->hold_ms, .shard = 1};
    lease_release(database, &key, &owner, asked->fence, &end, answer);
}

static const struct store stores[] = {
    {"the simulation's", fake_open, fake_close, fake_acquire, fake_renew, fake_release},
    {"SQLite's", sqlite_open, sqlite_close, sqlite_acquire, sqlite_renew, sqlite_release},
};

/* ---- asking ---- */

static const struct store *asked_store;

static struct lease_answer acquire(int owner, int64_t boot_ms, int64_t awake_ms)
{
    struct asked asked = {.owner = owner, .now = {boot_ms, awake_ms}};
    struct lease_answer answer = {0};
    asked_store->acquire(&asked, &answer);
    return answer;
}

static struct lease_answer renew(int owner, uint64_t fence, int64_t at_ms)
{
    struct asked asked = {.owner = owner, .now = {at_ms, at_ms}, .fence = fence};
    struct lease_answer answer = {0};
    asked_store->renew(&asked, &answer);
    return answer;
}

static struct lease_answer release(int owner, uint64_t fence, enum account_state next)
{
    struct asked asked = {.owner = owner, .fence = fence, .next = next};
    struct lease_answer answer = {0};
    asked_store->release(&asked, &answer);
    return answer;
}

static struct lease_answer hold(int owner, uint64_t fence, int64_t at_ms, int64_t hold_ms)
{
    struct asked asked = {
        .owner = owner, .now = {at_ms, at_ms}, .fence = fence, .next = ACCOUNT_HELD, .hold_ms = hold_ms};
    struct lease_answer answer = {0};
    asked_store->release(&asked, &answer);
    return answer;
}

#define IS(answer, expected) cr_expect_eq((answer).error.kind, (expected), "of %s store", asked_store->name)
#define THAT(claim)          cr_expect((claim), "of %s store: %s", asked_store->name, #claim)
#define EACH_STORE                                                                                           \
    for (asked_store = stores; asked_store < stores + sizeof stores / sizeof *stores; asked_store++)         \
        for (int is_open = (asked_store->open(), 1); is_open; is_open = (asked_store->close(), 0))

/* ---- the battery ---- */

Test(lease_store, gives_an_account_to_one_owner_and_tells_the_other_till_when)
{
    EACH_STORE
    {
        IS(acquire(0, 0, 0), ERROR_NONE);
        struct lease_answer second = acquire(1, LEASE_MS - 1, LEASE_MS - 1);
        IS(second, ERROR_CONFLICT);
        THAT(second.expires_in_ms == 1);
        THAT(second.state == ACCOUNT_LEASED);
        THAT(second.holder != NULL);
    }
}

Test(lease_store, gives_the_same_lease_to_who_asks_again)
{
    EACH_STORE
    {
        struct lease_answer first = acquire(0, 0, 0), again = acquire(0, 10, 10);
        IS(again, ERROR_NONE);
        THAT(again.fence == first.fence);
        IS(renew(0, first.fence, LEASE_MS + 9), ERROR_NONE);
    }
}

Test(lease_store, renews_only_for_owner_fence_and_in_time)
{
    EACH_STORE
    {
        uint64_t fence = acquire(0, 0, 0).fence;
        IS(renew(1, fence, 900), ERROR_CONFLICT);
        IS(renew(0, fence + 1, 900), ERROR_CONFLICT);
        IS(renew(0, fence, 900), ERROR_NONE);
        IS(renew(0, fence, 900 + LEASE_MS), ERROR_CONFLICT);
    }
}

Test(lease_store, lets_a_lease_that_ran_out_be_taken_over_after_a_moment_awake)
{
    EACH_STORE
    {
        uint64_t first = acquire(0, 0, 0).fence;
        int64_t slept_ms = 3600 * 1000;
        struct lease_answer refused = acquire(1, slept_ms, 7);
        IS(refused, ERROR_CONFLICT);
        THAT(refused.expires_in_ms == TAKEOVER_GRACE_MS);
        IS(acquire(1, 2 * slept_ms, 7 + TAKEOVER_GRACE_MS - 1), ERROR_CONFLICT);
        struct lease_answer taken = acquire(1, 2 * slept_ms, 7 + TAKEOVER_GRACE_MS);
        IS(taken, ERROR_NONE);
        THAT(taken.fence > first);
        THAT(taken.was_dirty);
        IS(renew(0, first, 2 * slept_ms), ERROR_CONFLICT);
    }
}

Test(lease_store, frees_for_the_owner_alone_and_twice_is_once)
{
    EACH_STORE
    {
        uint64_t first = acquire(0, 0, 0).fence;
        IS(release(1, first, ACCOUNT_FREE), ERROR_CONFLICT);
        IS(release(0, first, ACCOUNT_FREE), ERROR_NONE);
        IS(release(0, first, ACCOUNT_FREE), ERROR_NONE);
        struct lease_answer next = acquire(1, 1, 1);
        THAT(next.fence > first);
        THAT(!next.was_dirty);
        IS(release(0, first, ACCOUNT_FREE), ERROR_CONFLICT);
        IS(renew(1, next.fence, 2), ERROR_NONE);
    }
}

Test(lease_store, says_of_a_dirty_account_that_it_is)
{
    EACH_STORE
    {
        IS(release(0, acquire(0, 0, 0).fence, ACCOUNT_DIRTY), ERROR_NONE);
        THAT(acquire(1, 1, 1).was_dirty);
    }
}

Test(lease_store, gives_no_quarantined_account)
{
    EACH_STORE
    {
        IS(release(0, acquire(0, 0, 0).fence, ACCOUNT_QUARANTINED), ERROR_NONE);
        struct lease_answer next = acquire(1, 5000, 5000);
        IS(next, ERROR_CONFLICT);
        THAT(next.state == ACCOUNT_QUARANTINED);
    }
}

Test(lease_store, gives_a_held_account_to_nobody_until_its_time_and_then_as_dirty)
{
    EACH_STORE
    {
        IS(hold(0, acquire(0, 0, 0).fence, 10, 5000), ERROR_NONE);
        for (int owner = 0; owner < 2; owner++) {
            struct lease_answer refused = acquire(owner, 5009, 5009);
            IS(refused, ERROR_CONFLICT);
            THAT(refused.state == ACCOUNT_HELD);
            THAT(refused.expires_in_ms > 0);
        }
        struct lease_answer given = acquire(1, 5010, 5010);
        IS(given, ERROR_NONE);
        THAT(given.was_dirty);
    }
}
