/* world_store.c - the lease store and the ledger of the simulated world; the same rules as the real one. */
#include "world.h"
#include <stdio.h>
#include <string.h>

static void apply_lease(struct world *world, int actor, const struct effect *effect,
                        struct lease_answer *answer)
{
    struct fake_lease *lease = &world->accounts[effect->store.account].lease;
    const struct fake_clock now = {world_lease_now(world), world->now_ms};
    if (effect->type == EFFECT_LEASE_ACQUIRE) {
        fake_lease_acquire(lease, actor, now, effect->store.duration_ms, answer);
    } else if (effect->type == EFFECT_LEASE_RENEW) {
        fake_lease_renew(lease, actor, now, effect->store.fence, effect->store.duration_ms, answer);
    } else {
        const struct fake_end end = {effect->store.next, effect->store.duration_ms};
        fake_lease_release(lease, actor, now, effect->store.fence, end, answer);
    }
}

static void apply_ledger(struct world *world, int actor, const struct effect *effect, struct pending *pending)
{
    struct sim_account *account = &world->accounts[effect->store.account];
    if (effect->type != EFFECT_LEDGER_READ) {
        size_t stack = stack_by_name(&world->actors[actor], effect->store.entry->stack_name);
        account->ledger[stack].is_there = true;
        account->ledger[stack].is_unfinished = effect->type == EFFECT_LEDGER_BEGIN;
        memcpy(account->ledger[stack].fingerprint, effect->store.entry->fingerprint, HASH_HEX_SIZE);
        return;
    }
    pending->arena = pending->arena != NULL ? pending->arena : arena_new();
    struct ledger_entry *entries = arena_alloc(pending->arena, STACKS * sizeof *entries);
    size_t count = 0;
    for (size_t i = 0; i < STACKS; i++) {
        if (account->ledger[i].is_there) {
            entries[count].stack_name = world->actors[actor].inventory.stacks[i].stack_name;
            memcpy(entries[count].fingerprint, account->ledger[i].fingerprint, HASH_HEX_SIZE);
            entries[count].is_unfinished = account->ledger[i].is_unfinished;
            entries[count].run = "an earlier run";
            count++;
        }
    }
    pending->input.ledger.entries = entries;
    pending->input.ledger.entry_count = count;
}

static bool is_lease(const struct effect *effect)
{
    return effect->type == EFFECT_LEASE_ACQUIRE || effect->type == EFFECT_LEASE_RENEW ||
           effect->type == EFFECT_LEASE_RELEASE;
}

void apply_store(struct world *world, struct pending *pending)
{
    const struct effect *effect = &pending->store_effect;
    if (is_lease(effect)) {
        apply_lease(world, pending->actor, effect, &pending->input.lease);
    } else {
        apply_ledger(world, pending->actor, effect, pending);
    }
    pending->kind = PENDING_INPUT;
}

static void fail_answer(struct pending *pending, bool is_lease_effect)
{
    struct error *error = is_lease_effect ? &pending->input.lease.error : &pending->input.ledger.error;
    error_set(error, ERROR_TRANSIENT, "the store did not answer");
}

void perform_store(struct world *world, int index, const struct effect *effect)
{
    struct actor *actor = &world->actors[index];
    struct pending *pending =
        world_complete(world, index, effect, is_lease(effect) ? INPUT_LEASE_ANSWERED : INPUT_LEDGER_ANSWERED,
                       world->now_ms + world_between(world, 1, 25));
    if (is_lease(effect)) {
        pending->input.lease.sent_at_lease_ms = world_lease_now(world);
    }
    actor->store_calls++;
    struct fault *away = world_fault(world, index, FAULT_STORE_AWAY);
    if (away != NULL && world->now_ms >= away->at_ms && world->now_ms < away->at_ms + away->length_ms) {
        actor->may_store_fail = true;
        fail_answer(pending, is_lease(effect));
        return;
    }
    pending->store_effect = *effect;
    if (effect->store.entry != NULL) {
        pending->arena = arena_new();
        struct ledger_entry *entry = arena_alloc(pending->arena, sizeof *entry);
        *entry = *effect->store.entry;
        entry->stack_name = arena_string(pending->arena, entry->stack_name);
        entry->parts = NULL;
        entry->part_count = 0;
        pending->store_effect.store.entry = entry;
    }
    struct fault *lost = world_fault(world, index, FAULT_STORE_LOST_ANSWER);
    bool is_lost = lost != NULL && actor->store_calls == lost->countdown;
    if (is_lost || world_between(world, 0, 1) == 0) {
        apply_store(world, pending); /* takes effect at once, is answered later */
    } else {
        pending->kind = PENDING_STORE;
    }
    if (is_lost) {
        actor->may_store_fail = true;
        fail_answer(pending, is_lease(effect));
    }
}
