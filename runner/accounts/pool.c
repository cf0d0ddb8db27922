/* pool.c - the pool: requests of lanes on one side, leases of accounts on the other. States: pool_state.h. */
#include "itrun/accounts.h"
#include "itrun/base/memory.h"
#include "itrun/base/text.h"
#include "pool_state.h"
#include <string.h>

#define RETRY_MS     2000
#define RETRY_MIN_MS 50

struct slot { /* one account */
    enum pool_account_state state;
    size_t lane;
    bool is_withdrawn;       /* ASKING: its lane no longer wants it */
    bool is_quarantined;     /* or held by this very run: not given again */
    enum account_state next; /* RELEASING */
    uint64_t effect_id;      /* acquire or release outstanding; 0: none */
    uint64_t renew_id;       /* renewal outstanding */
    uint64_t fence;
    int64_t stop_by_ms, renew_at_ms, retry_at_ms;
};

struct request {
    size_t lane, preferred, avoid;
    bool is_asking;   /* an account is being asked for */
    struct text told; /* the holder that its lane was told of */
};

struct queued_fact {
    struct pool_fact fact;
    char holder[256];
};

struct pool {
    const struct account *accounts;
    size_t account_count;
    int64_t lease_ms, hold_ms;
    struct slot *slots;
    struct request *requests;
    size_t request_count, request_capacity;
    struct queued_fact *facts;
    size_t fact_count, fact_capacity, fact_next;
    int64_t now_ms;
    pool_moved *moved;
    void *moved_context;
};

struct state_row {
    const char *name;
    unsigned next;
};
static const struct state_row rows[POOL_ACCOUNT_STATE_COUNT] = {
#define X(name, next) {#name, next},
    POOL_TABLE(X)
#undef X
};

static void slot_enter(struct pool *pool, size_t account, enum pool_account_state state)
{
    struct slot *slot = &pool->slots[account];
    MUST((rows[slot->state].next & POOL_MOVE(state)) != 0);
    if (pool->moved != NULL) {
        pool->moved(pool->moved_context, (int)slot->state, (int)state);
    }
    slot->state = state;
}

struct pool *pool_new(const struct account *accounts, size_t account_count, int64_t lease_ms, int64_t hold_ms)
{
    struct pool *pool = memory_new(sizeof *pool);
    pool->accounts = accounts;
    pool->account_count = account_count;
    pool->lease_ms = lease_ms;
    pool->hold_ms = hold_ms;
    pool->slots = memory_new((account_count + 1) * sizeof *pool->slots);
    return pool;
}

void pool_free(struct pool *pool)
{
    if (pool == NULL) {
        return;
    }
    for (size_t i = 0; i < pool->request_count; i++) {
        text_clear(&pool->requests[i].told);
    }
    memory_free(pool->requests);
    memory_free(pool->facts);
    memory_free(pool->slots);
    memory_free(pool);
}

void pool_observe(struct pool *pool, pool_moved *moved, void *context)
{
    pool->moved = moved;
    pool->moved_context = context;
}

/* --- facts ------------------------------------------------------------------------------------------- */

static struct pool_fact *add_fact(struct pool *pool, enum pool_fact_type type, size_t lane, size_t account)
{
    pool->facts = memory_grow(pool->facts, pool->fact_count, &pool->fact_capacity, sizeof *pool->facts);
    struct queued_fact *queued = &pool->facts[pool->fact_count++];
    *queued = (struct queued_fact){
        .fact = {.type = type, .lane = lane, .account = account, .stop_by_ms = INT64_MAX}};
    return &queued->fact;
}

bool pool_next_fact(struct pool *pool, struct pool_fact *ret_fact)
{
    if (pool->fact_next == pool->fact_count) {
        pool->fact_next = pool->fact_count = 0;
        return false;
    }
    struct queued_fact *queued = &pool->facts[pool->fact_next++];
    *ret_fact = queued->fact;
    ret_fact->holder = queued->holder[0] != '\0' ? queued->holder : NULL;
    return true;
}

/* --- requests ---------------------------------------------------------------------------------------- */

static struct request *find_request(struct pool *pool, size_t lane)
{
    for (size_t i = 0; i < pool->request_count; i++) {
        if (pool->requests[i].lane == lane) {
            return &pool->requests[i];
        }
    }
    return NULL;
}

static void drop_request(struct pool *pool, size_t lane)
{
    struct request *request = find_request(pool, lane);
    if (request == NULL) {
        return;
    }
    text_clear(&request->told);
    size_t index = (size_t)(request - pool->requests);
    memmove(request, request + 1, (pool->request_count - index - 1) * sizeof *request);
    pool->request_count--;
}

static bool is_preferred_by_another(const struct pool *pool, size_t account, size_t lane)
{
    for (size_t i = 0; i < pool->request_count; i++) {
        if (pool->requests[i].lane != lane && pool->requests[i].preferred == account &&
            !pool->requests[i].is_asking) {
            return true;
        }
    }
    return false;
}

static bool is_free(const struct pool *pool, size_t account)
{
    return pool->slots[account].state == POOL_ACCOUNT_FREE && !pool->slots[account].is_quarantined;
}

bool pool_has_other(const struct pool *pool, size_t account)
{
    for (size_t i = 0; i < pool->account_count; i++) {
        if (i != account && is_free(pool, i)) {
            return true;
        }
    }
    return false;
}

static size_t pick_account(const struct pool *pool, const struct request *request)
{
    if (request->preferred != NO_INDEX && is_free(pool, request->preferred)) {
        return request->preferred;
    }
    size_t any = NO_INDEX;
    for (size_t i = 0; i < pool->account_count; i++) {
        if (!is_free(pool, i) || i == request->avoid) {
            continue;
        }
        if (!is_preferred_by_another(pool, i, request->lane)) {
            return i;
        }
        any = any == NO_INDEX ? i : any;
    }
    bool is_avoided_left = any == NO_INDEX && request->avoid != NO_INDEX && is_free(pool, request->avoid);
    return is_avoided_left ? request->avoid : any;
}

static bool can_ever_serve(const struct pool *pool)
{
    for (size_t i = 0; i < pool->account_count; i++) {
        if (!pool->slots[i].is_quarantined) {
            return true;
        }
    }
    return false;
}

static void grant_local(struct pool *pool, size_t account, size_t lane)
{
    slot_enter(pool, account, POOL_ACCOUNT_HELD);
    pool->slots[account].lane = lane;
    pool->slots[account].stop_by_ms = INT64_MAX;
    pool->slots[account].renew_at_ms = INT64_MAX;
    add_fact(pool, POOL_GRANTED, lane, account);
    drop_request(pool, lane);
}

static void ask_acquire(struct pool *pool, size_t account, struct request *request, struct effects *effects)
{
    struct slot *slot = &pool->slots[account];
    slot_enter(pool, account, POOL_ACCOUNT_ASKING);
    slot->lane = request->lane;
    slot->is_withdrawn = false;
    request->is_asking = true;
    struct effect *effect = effects_add(effects, EFFECT_LEASE_ACQUIRE, request->lane);
    effect->store.account = account;
    effect->store.duration_ms = pool->lease_ms;
    slot->effect_id = effect->id;
}

static void refuse(struct pool *pool, size_t lane, const struct error *error)
{
    struct pool_fact *fact = add_fact(pool, POOL_REFUSED, lane, NO_INDEX);
    fact->error = *error;
    drop_request(pool, lane);
}

/* Gives every waiting request an account to ask for, first come first served. */
static void assign(struct pool *pool, struct effects *effects)
{
    for (size_t i = 0; i < pool->request_count;) {
        struct request *request = &pool->requests[i];
        size_t before = pool->request_count;
        if (!request->is_asking) {
            size_t account = pick_account(pool, request);
            if (account != NO_INDEX && pool->accounts[account].is_local) {
                grant_local(pool, account, request->lane);
            } else if (account != NO_INDEX) {
                ask_acquire(pool, account, request, effects);
            } else if (!can_ever_serve(pool)) {
                struct error error = {0};
                error_set(&error, ERROR_LIMIT,
                          "no account of the pool can be used: all are quarantined or held");
                error_hint(&error, "itrun list accounts shows why");
                refuse(pool, request->lane, &error);
            }
        }
        i += before == pool->request_count ? 1 : 0;
    }
}

void pool_request(struct pool *pool, size_t lane, size_t preferred, size_t avoid, struct effects *effects)
{
    MUST(find_request(pool, lane) == NULL);
    pool->requests =
        memory_grow(pool->requests, pool->request_count, &pool->request_capacity, sizeof *pool->requests);
    pool->requests[pool->request_count++] =
        (struct request){.lane = lane, .preferred = preferred, .avoid = avoid};
    assign(pool, effects);
}

static size_t slot_of_lane(const struct pool *pool, size_t lane, enum pool_account_state state)
{
    for (size_t i = 0; i < pool->account_count; i++) {
        if (pool->slots[i].state == state && pool->slots[i].lane == lane) {
            return i;
        }
    }
    return NO_INDEX;
}

static void ask_release(struct pool *pool, size_t account, enum account_state next, const char *reason,
                        struct effects *effects)
{
    struct slot *slot = &pool->slots[account];
    slot_enter(pool, account, POOL_ACCOUNT_RELEASING);
    struct effect *effect = effects_add(effects, EFFECT_LEASE_RELEASE, slot->lane);
    effect->store.account = account;
    effect->store.fence = slot->fence;
    effect->store.next = next;
    effect->store.duration_ms = next == ACCOUNT_HELD ? pool->hold_ms : 0;
    slot->next = next;
    effect->store.reason = arena_string(effects->arena, reason);
    slot->effect_id = effect->id;
}

void pool_withdraw(struct pool *pool, size_t lane, struct effects *effects)
{
    drop_request(pool, lane);
    size_t asking = slot_of_lane(pool, lane, POOL_ACCOUNT_ASKING);
    if (asking != NO_INDEX) {
        pool->slots[asking].is_withdrawn = true;
        return;
    }
    size_t held = slot_of_lane(pool, lane, POOL_ACCOUNT_HELD); /* granted, but the fact was not drained yet */
    if (held != NO_INDEX) {
        pool_release(pool, lane, ACCOUNT_FREE, "not needed", effects);
    }
}

void pool_release(struct pool *pool, size_t lane, enum account_state next, const char *reason,
                  struct effects *effects)
{
    size_t account = slot_of_lane(pool, lane, POOL_ACCOUNT_HELD);
    if (account != NO_INDEX && pool->accounts[account].is_local) {
        slot_enter(pool, account, POOL_ACCOUNT_FREE);
        add_fact(pool, POOL_RELEASED, lane, account);
        assign(pool, effects);
        return;
    }
    bool is_lost = account == NO_INDEX;
    if (is_lost) {
        account = slot_of_lane(pool, lane, POOL_ACCOUNT_LOST);
    }
    MUST(account != NO_INDEX);
    /* A lost lease is given back all the same: if nobody took it over yet, nobody has to wait for its end. */
    ask_release(pool, account, is_lost ? ACCOUNT_DIRTY : next, is_lost ? "lease lost" : reason, effects);
}

/* --- answers ----------------------------------------------------------------------------------------- */

static void block(struct pool *pool, size_t account, int64_t retry_in_ms)
{
    if (retry_in_ms > RETRY_MS || retry_in_ms < 0) {
        retry_in_ms = RETRY_MS;
    }
    slot_enter(pool, account, POOL_ACCOUNT_BLOCKED);
    pool->slots[account].retry_at_ms =
        pool->now_ms + (retry_in_ms > RETRY_MIN_MS ? retry_in_ms : RETRY_MIN_MS);
}

static void tell_waiting(struct pool *pool, struct request *request, const char *holder)
{
    if (holder == NULL || pick_account(pool, request) != NO_INDEX ||
        string_equal(text_string(&request->told), holder)) {
        return; /* another account may be free: not waiting yet */
    }
    text_reset(&request->told);
    text_append(&request->told, holder);
    add_fact(pool, POOL_WAITING, request->lane, NO_INDEX);
    struct queued_fact *queued = &pool->facts[pool->fact_count - 1];
    strncpy(queued->holder, holder, sizeof queued->holder - 1);
}

static void acquire_refused(struct pool *pool, size_t account, const struct lease_answer *answer)
{
    struct slot *slot = &pool->slots[account];
    struct request *request = slot->is_withdrawn ? NULL : find_request(pool, slot->lane);
    bool is_final = answer->error.kind == ERROR_DENIED || answer->error.kind == ERROR_IO ||
                    answer->error.kind == ERROR_CONFIG;
    if (answer->error.kind == ERROR_CONFLICT && answer->state == ACCOUNT_QUARANTINED) {
        slot->is_quarantined = true;
    }
    block(pool, account, answer->error.kind == ERROR_CONFLICT ? answer->expires_in_ms : RETRY_MS);
    if (request == NULL) {
        return;
    }
    request->is_asking = false;
    if (is_final) {
        refuse(pool, request->lane, &answer->error);
    } else {
        tell_waiting(pool, request, answer->holder);
    }
}

static void set_validity(struct pool *pool, struct slot *slot, int64_t sent_at_ms)
{
    /* From the time it was SENT: the store may have counted from any later moment, so ours ends first. */
    slot->stop_by_ms = sent_at_ms + pool->lease_ms - pool->lease_ms / 10;
    slot->renew_at_ms = sent_at_ms + pool->lease_ms / 3;
}

static void acquire_answered(struct pool *pool, size_t account, const struct lease_answer *answer,
                             struct effects *effects)
{
    struct slot *slot = &pool->slots[account];
    slot->effect_id = 0;
    if (answer->error.kind != ERROR_NONE) {
        acquire_refused(pool, account, answer);
        assign(pool, effects);
        return;
    }
    slot->fence = answer->fence;
    set_validity(pool, slot, answer->sent_at_lease_ms);
    bool is_too_late = slot->stop_by_ms <= pool->now_ms;
    if (slot->is_withdrawn || is_too_late) {
        struct request *request = slot->is_withdrawn ? NULL : find_request(pool, slot->lane);
        if (request != NULL) {
            request->is_asking = false;
        }
        slot->is_withdrawn = true; /* then RELEASED is not told */
        ask_release(pool, account, answer->was_dirty ? ACCOUNT_DIRTY : ACCOUNT_FREE, "not needed", effects);
        assign(pool, effects);
        return;
    }
    slot_enter(pool, account, POOL_ACCOUNT_HELD);
    struct pool_fact *fact = add_fact(pool, POOL_GRANTED, slot->lane, account);
    fact->fence = slot->fence;
    fact->stop_by_ms = slot->stop_by_ms;
    fact->was_dirty = answer->was_dirty;
    drop_request(pool, slot->lane);
}

static void lose(struct pool *pool, size_t account, const char *why)
{
    struct slot *slot = &pool->slots[account];
    slot_enter(pool, account, POOL_ACCOUNT_LOST);
    struct pool_fact *fact = add_fact(pool, POOL_LOST, slot->lane, account);
    error_set(&fact->error, ERROR_CONFLICT, "the lease of %s was lost: %s", pool->accounts[account].alias,
              why);
}

static void renew_answered(struct pool *pool, size_t account, const struct lease_answer *answer)
{
    struct slot *slot = &pool->slots[account];
    slot->renew_id = 0;
    if (slot->state != POOL_ACCOUNT_HELD) {
        return;
    }
    if (answer->error.kind == ERROR_NONE) {
        set_validity(pool, slot, answer->sent_at_lease_ms);
        struct pool_fact *fact = add_fact(pool, POOL_EXTENDED, slot->lane, account);
        fact->fence = slot->fence;
        fact->stop_by_ms = slot->stop_by_ms;
    } else if (answer->error.kind == ERROR_CONFLICT || answer->error.kind == ERROR_GONE) {
        lose(pool, account, answer->error.what);
    } else {
        slot->renew_at_ms = pool->now_ms + pool->lease_ms / 10; /* again, until stop_by */
    }
}

static void release_answered(struct pool *pool, size_t account, struct effects *effects)
{
    struct slot *slot = &pool->slots[account];
    slot->effect_id = 0;
    slot_enter(pool, account, POOL_ACCOUNT_FREE);
    slot->is_quarantined = slot->next == ACCOUNT_HELD;
    if (!slot->is_withdrawn) {
        add_fact(pool, POOL_RELEASED, slot->lane, account)->next = slot->next;
    }
    slot->is_withdrawn = false;
    assign(pool, effects);
}

static void lease_answered(struct pool *pool, const struct input *input, struct effects *effects)
{
    for (size_t i = 0; i < pool->account_count; i++) {
        struct slot *slot = &pool->slots[i];
        if (slot->renew_id == input->effect_id) {
            renew_answered(pool, i, &input->lease);
            return;
        }
        if (slot->effect_id == input->effect_id) {
            if (slot->state == POOL_ACCOUNT_ASKING) {
                acquire_answered(pool, i, &input->lease, effects);
            } else {
                release_answered(pool, i, effects);
            }
            return;
        }
    }
}

static void slot_deadline(struct pool *pool, size_t account, struct effects *effects)
{
    struct slot *slot = &pool->slots[account];
    if (slot->state == POOL_ACCOUNT_BLOCKED && !slot->is_quarantined && slot->retry_at_ms <= pool->now_ms) {
        slot_enter(pool, account, POOL_ACCOUNT_FREE);
        return;
    }
    if (slot->state != POOL_ACCOUNT_HELD) {
        return;
    }
    if (slot->stop_by_ms <= pool->now_ms) {
        lose(pool, account, "it could not be renewed in time");
    } else if (slot->renew_at_ms <= pool->now_ms && slot->renew_id == 0) {
        struct effect *effect = effects_add(effects, EFFECT_LEASE_RENEW, slot->lane);
        effect->store.account = account;
        effect->store.fence = slot->fence;
        effect->store.duration_ms = pool->lease_ms;
        slot->renew_id = effect->id;
    }
}

void pool_step(struct pool *pool, const struct input *input, struct effects *effects)
{
    pool->now_ms = input->lease_now_ms;
    if (input->type == INPUT_LEASE_ANSWERED) {
        lease_answered(pool, input, effects);
        return;
    }
    if (input->type != INPUT_DEADLINE) {
        return;
    }
    for (size_t i = 0; i < pool->account_count; i++) {
        slot_deadline(pool, i, effects);
    }
    assign(pool, effects);
}

int64_t pool_next_deadline_ms(const struct pool *pool)
{
    int64_t next_ms = INT64_MAX;
    bool has_waiting = pool->request_count > 0;
    for (size_t i = 0; i < pool->account_count; i++) {
        const struct slot *slot = &pool->slots[i];
        int64_t slot_ms = INT64_MAX;
        if (slot->state == POOL_ACCOUNT_HELD) {
            slot_ms = slot->renew_id == 0 && slot->renew_at_ms < slot->stop_by_ms ? slot->renew_at_ms
                                                                                  : slot->stop_by_ms;
        } else if (slot->state == POOL_ACCOUNT_BLOCKED && has_waiting && !slot->is_quarantined) {
            slot_ms = slot->retry_at_ms;
        }
        next_ms = slot_ms < next_ms ? slot_ms : next_ms;
    }
    return next_ms;
}

bool pool_is_idle(const struct pool *pool)
{
    if (pool->request_count > 0 || pool->fact_next < pool->fact_count) {
        return false;
    }
    for (size_t i = 0; i < pool->account_count; i++) {
        const struct slot *slot = &pool->slots[i];
        if ((slot->state != POOL_ACCOUNT_FREE && slot->state != POOL_ACCOUNT_BLOCKED) ||
            slot->renew_id != 0) {
            return false;
        }
    }
    return true;
}

bool pool_is_valid(const struct pool *pool, size_t lane, int64_t lease_now_ms)
{
    size_t account = slot_of_lane(pool, lane, POOL_ACCOUNT_HELD);
    return account != NO_INDEX && lease_now_ms < pool->slots[account].stop_by_ms;
}
