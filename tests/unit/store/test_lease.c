#include "lease_sqlite.h"
#include <criterion/criterion.h>
#include <string.h>

static const struct lease_key key = {"http://127.0.0.1:1", "000000000001", "eu-west-1"};
static struct sqlite3 *database;
static char holder[256];

static void open_store(void)
{
    struct error error = {0};
    database = database_open(":memory:", true, LEASE_SCHEMA, &error);
    cr_assert_not_null(database, "%s", error.what);
}

static void close_store(void)
{
    sqlite3_close(database);
}

static struct lease_owner owner(const char *run, int64_t at_ms)
{
    return (struct lease_owner){run, run, "boot-1", at_ms, at_ms + 1, at_ms * 1000, NULL};
}

static struct lease_answer acquire(const char *run, int64_t at_ms)
{
    struct lease_owner who = owner(run, at_ms);
    struct lease_answer answer;
    lease_acquire(database, &key, &who, 1000, &answer, holder);
    return answer;
}

static struct lease_answer release_held(const char *run, uint64_t fence, enum account_state next,
                                        int64_t hold_ms)
{
    struct lease_owner who = owner(run, 0);
    struct lease_end end = {.next = next, .reason = "done", .hold_ms = hold_ms, .shard = 3};
    struct lease_answer answer;
    lease_release(database, &key, &who, fence, &end, &answer);
    return answer;
}

static struct lease_answer release(const char *run, uint64_t fence, enum account_state next)
{
    return release_held(run, fence, next, 0);
}

/* As a shell would: into what run A holds. */
static struct lease_answer enter(const char *run, int64_t at_ms)
{
    struct lease_owner who = owner(run, at_ms);
    who.hold_run = "run A";
    struct lease_answer answer;
    lease_acquire(database, &key, &who, 1000, &answer, holder);
    return answer;
}

TestSuite(lease, .init = open_store, .fini = close_store);

Test(lease, two_runs_never_hold_one_account)
{
    cr_expect_eq(acquire("run A", 0).error.kind, ERROR_NONE);
    struct lease_answer second = acquire("run B", 999);
    cr_expect_eq(second.error.kind, ERROR_CONFLICT);
    cr_expect_str_eq(second.holder, "run A");
    cr_expect_eq(second.expires_in_ms, 1);
}

Test(lease, an_expired_lease_is_taken_over_dirty_with_a_higher_fence)
{
    uint64_t first = acquire("run A", 0).fence;
    cr_expect_eq(acquire("run B", 1000).error.kind, ERROR_CONFLICT, "seen to have run out, for no time yet");
    struct lease_answer second = acquire("run B", 1000 + TAKEOVER_GRACE_MS);
    cr_expect_eq(second.error.kind, ERROR_NONE);
    cr_expect_gt(second.fence, first);
    cr_expect(second.was_dirty, "its last owner did not end in order");
}

Test(lease, a_takeover_after_a_sleep_waits_for_awake_time_so_that_the_guards_are_first)
{
    acquire("run A", 0);
    struct lease_owner awake = {"run B", "run B", "boot-1", 3600 * 1000, 7, 0, NULL};
    struct lease_answer answer;
    lease_acquire(database, &key, &awake, 1000, &answer, holder);
    cr_expect_eq(answer.error.kind, ERROR_CONFLICT);
    cr_expect_eq(answer.expires_in_ms, TAKEOVER_GRACE_MS);
    awake.now_boot_ms += 3600 * 1000; /* another sleep is no awake time */
    awake.now_awake_ms += TAKEOVER_GRACE_MS - 1;
    lease_acquire(database, &key, &awake, 1000, &answer, holder);
    cr_expect_eq(answer.error.kind, ERROR_CONFLICT);
    awake.now_awake_ms += 1;
    lease_acquire(database, &key, &awake, 1000, &answer, holder);
    cr_expect_eq(answer.error.kind, ERROR_NONE);
}

Test(lease, asking_twice_gives_the_same_lease_since_an_answer_may_be_lost)
{
    uint64_t first = acquire("run A", 0).fence;
    struct lease_answer again = acquire("run A", 10);
    cr_expect_eq(again.error.kind, ERROR_NONE);
    cr_expect_eq(again.fence, first);
}

Test(lease, renewal_needs_owner_and_fence_and_time)
{
    uint64_t fence = acquire("run A", 0).fence;
    struct lease_answer answer;
    struct lease_owner a = owner("run A", 900), b = owner("run B", 900);
    lease_renew(database, &key, &b, fence, 1000, &answer);
    cr_expect_eq(answer.error.kind, ERROR_CONFLICT, "another owner");
    lease_renew(database, &key, &a, fence + 1, 1000, &answer);
    cr_expect_eq(answer.error.kind, ERROR_CONFLICT, "another fence");
    lease_renew(database, &key, &a, fence, 1000, &answer);
    cr_expect_eq(answer.error.kind, ERROR_NONE);
    a.now_boot_ms = 1900;
    lease_renew(database, &key, &a, fence, 1000, &answer);
    cr_expect_eq(answer.error.kind, ERROR_CONFLICT, "it ran out at 1900");
}

Test(lease, release_frees_and_keeps_the_fence_growing)
{
    uint64_t first = acquire("run A", 0).fence;
    cr_expect_eq(release("run A", first, ACCOUNT_FREE).error.kind, ERROR_NONE);
    cr_expect_eq(release("run A", first, ACCOUNT_FREE).error.kind, ERROR_NONE, "twice is once");
    struct lease_answer next = acquire("run B", 1);
    cr_expect_gt(next.fence, first);
    cr_expect_not(next.was_dirty);
    cr_expect_eq(release("run A", first, ACCOUNT_FREE).error.kind, ERROR_CONFLICT,
                 "the old owner frees nothing of the new one's");
}

Test(lease, a_dirty_account_is_given_as_dirty)
{
    uint64_t first = acquire("run A", 0).fence;
    release("run A", first, ACCOUNT_DIRTY);
    cr_expect(acquire("run B", 1).was_dirty);
}

Test(lease, a_quarantined_account_is_not_given)
{
    uint64_t first = acquire("run A", 0).fence;
    release("run A", first, ACCOUNT_QUARANTINED);
    struct lease_answer next = acquire("run B", 5000);
    cr_expect_eq(next.error.kind, ERROR_CONFLICT);
    cr_expect_eq(next.state, ACCOUNT_QUARANTINED);
}

Test(lease, a_held_account_is_refused_to_others_until_its_time_and_they_are_told_by_whom)
{
    release_held("run A", acquire("run A", 0).fence, ACCOUNT_HELD, 7200 * 1000);
    struct lease_answer next = acquire("run B", 7200 * 1000 - 1);
    cr_expect_eq(next.error.kind, ERROR_CONFLICT);
    cr_expect_eq(next.state, ACCOUNT_HELD);
    cr_expect_str_eq(next.holder, "run A for its shard 3, until 1970-01-01 02:00 UTC");
    next = acquire("run B", 7200 * 1000);
    cr_expect_eq(next.error.kind, ERROR_NONE);
    cr_expect(next.was_dirty, "somebody may have been in it");
}

Test(lease, whoever_enters_a_held_account_leaves_the_hold_as_it_was)
{
    release_held("run A", acquire("run A", 0).fence, ACCOUNT_HELD, 60000);
    struct lease_answer shell = enter("shell", 10);
    cr_assert_eq(shell.error.kind, ERROR_NONE);
    cr_expect_eq(acquire("run B", 20).state, ACCOUNT_LEASED, "while somebody is in it it is leased");
    release("shell", shell.fence, ACCOUNT_HELD);
    cr_expect_eq(acquire("run B", 59999).state, ACCOUNT_HELD);
    cr_expect_eq(acquire("run B", 60000).error.kind, ERROR_NONE);
}

Test(lease, a_hold_outlives_the_lease_of_a_shell_that_was_killed)
{
    release_held("run A", acquire("run A", 0).fence, ACCOUNT_HELD, 60000);
    enter("shell", 10);
    acquire("run B", 2000);
    cr_expect_eq(acquire("run B", 2000 + TAKEOVER_GRACE_MS).state, ACCOUNT_HELD);
    enter("another shell", 3000);
    cr_expect_eq(enter("another shell", 3000 + TAKEOVER_GRACE_MS).error.kind, ERROR_NONE);
}

Test(lease, a_hold_ends_when_it_is_ended_and_not_while_somebody_is_in_it)
{
    struct error error = {0};
    release_held("run A", acquire("run A", 0).fence, ACCOUNT_HELD, 60000);
    uint64_t fence = enter("shell", 10).fence;
    cr_expect_not(hold_end(database, &key, &error));
    cr_expect_eq(error.kind, ERROR_CONFLICT);
    release("shell", fence, ACCOUNT_HELD);
    cr_expect(hold_end(database, &key, &error));
    cr_expect(acquire("run B", 20).was_dirty);
    cr_expect_not(hold_end(database, &key, &error));
    cr_expect_eq(error.kind, ERROR_GONE);
}

Test(lease, the_holds_of_a_run_are_counted_from_its_end)
{
    struct error error = {0};
    release_held("run A", acquire("run A", 0).fence, ACCOUNT_HELD, 1000);
    cr_expect(hold_prolong(database, "run A", 90 * 1000 * 1000, &error));
    cr_expect_eq(acquire("run B", 89999).state, ACCOUNT_HELD);
    cr_expect_eq(acquire("run B", 90000).error.kind, ERROR_NONE);
}

Test(lease, a_lease_of_another_boot_has_expired)
{
    acquire("run A", 1000000);
    struct lease_owner after = {"run B", "run B", "boot-2", 5, 5, 0, NULL};
    struct lease_answer answer;
    lease_acquire(database, &key, &after, 1000, &answer, holder);
    cr_expect_eq(answer.error.kind, ERROR_NONE);
    cr_expect(answer.was_dirty);
}

Test(lease, accounts_of_another_endpoint_or_region_are_other_accounts)
{
    acquire("run A", 0);
    struct lease_owner b = owner("run B", 0);
    struct lease_key elsewhere = key;
    elsewhere.region = "us-east-1";
    struct lease_answer answer;
    lease_acquire(database, &elsewhere, &b, 1000, &answer, holder);
    cr_expect_eq(answer.error.kind, ERROR_NONE);
}

Test(lease, ledger_remembers_what_began_and_what_ended_with_its_parts)
{
    struct fingerprint_part parts[2] = {{.name = "parameter Stage"}, {.name = "template"}};
    memset(parts[0].digest, 'a', 64);
    memset(parts[1].digest, 'b', 64);
    struct ledger_entry entry = {.stack_name = "orders", .parts = parts, .part_count = 2};
    memset(entry.fingerprint, 'f', 64);
    struct error error = {0};
    cr_assert(ledger_write(database, &key, &entry, true, "run A", &error));
    struct arena *arena = arena_new();
    const struct ledger_entry *entries = NULL;
    size_t count = 0;
    cr_assert(ledger_read(database, &key, arena, &entries, &count, &error));
    cr_assert_eq(count, 1);
    cr_expect(entries[0].is_unfinished);
    cr_expect_str_eq(entries[0].run, "run A");
    cr_expect_eq(entries[0].part_count, 2);
    cr_expect_str_eq(entries[0].parts[0].name, "parameter Stage");
    cr_expect_str_eq(entries[0].parts[1].digest, parts[1].digest);
    cr_assert(ledger_write(database, &key, &entry, false, "run A", &error));
    cr_assert(ledger_read(database, &key, arena, &entries, &count, &error));
    cr_assert_eq(count, 1);
    cr_expect_not(entries[0].is_unfinished);
    arena_free(arena);
}
