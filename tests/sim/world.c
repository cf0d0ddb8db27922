#include "world.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define STEPS_MAX   100000
#define TIME_MAX_MS (4LL * 3600 * 1000)

uint64_t world_random(struct world *world) /* splitmix64 */
{
    uint64_t z = (world->random += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

int64_t world_between(struct world *world, int64_t low, int64_t high)
{
    return low + (int64_t)(world_random(world) % (uint64_t)(high - low + 1));
}

int64_t world_lease_now(const struct world *world)
{
    return world->now_ms + world->slept_ms;
}

void world_break(struct world *world, const char *promise, const char *format, ...)
{
    if (world->failure[0] != '\0') {
        return; /* the first is the cause */
    }
    char what[400];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    snprintf(world->failure, sizeof world->failure, "%.60s: %.400s", promise, what);
}

struct fault *world_fault(struct world *world, int actor, enum fault_type type)
{
    for (size_t i = 0; i < 2; i++) {
        if (world->faults[i].type == type && world->faults[i].actor == actor) {
            return &world->faults[i];
        }
    }
    return NULL;
}

/* --- the heap ---------------------------------------------------------------------------------------- */

static bool is_before(const struct pending *a, const struct pending *b)
{
    return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->seq < b->seq;
}

static struct pending *heap_push(struct world *world, const struct pending *pending)
{
    world->heap = memory_grow(world->heap, world->heap_count, &world->heap_capacity, sizeof *world->heap);
    size_t at = world->heap_count++;
    world->heap[at] = *pending;
    while (at > 0 && is_before(&world->heap[at], &world->heap[(at - 1) / 2])) {
        struct pending swap = world->heap[at];
        world->heap[at] = world->heap[(at - 1) / 2];
        world->heap[(at - 1) / 2] = swap;
        at = (at - 1) / 2;
    }
    return &world->heap[at];
}

static struct pending heap_pop(struct world *world)
{
    struct pending top = world->heap[0];
    world->heap[0] = world->heap[--world->heap_count];
    for (size_t at = 0;;) {
        size_t least = at, left = 2 * at + 1;
        for (size_t child = left; child < left + 2 && child < world->heap_count; child++) {
            least = is_before(&world->heap[child], &world->heap[least]) ? child : least;
        }
        if (least == at) {
            return top;
        }
        struct pending swap = world->heap[at];
        world->heap[at] = world->heap[least];
        world->heap[least] = swap;
        at = least;
    }
}

/* The pointer is valid until the next push. */
struct pending *world_complete(struct world *world, int actor, const struct effect *effect,
                               enum input_type type, int64_t at_ms)
{
    struct pending pending = {.at_ms = at_ms, .seq = ++world->seq, .actor = actor};
    pending.input = (struct input){.type = type, .effect_id = effect->id, .lane = effect->lane};
    return heap_push(world, &pending);
}

static void pending_clear(struct pending *pending)
{
    arena_free(pending->arena);
    report_free(pending->report);
}

/* --- performing effects ------------------------------------------------------------------------------- */

static void perform_emit(struct world *world, int index, const struct effect *effect)
{
    struct actor *actor = &world->actors[index];
    struct event event = *effect->event;
    event.seq = ++actor->event_seq;
    event.wall_us = event.monotonic_us = world->now_ms * 1000;
    check_event(world, index, &event, effect->id);
    actor->last_emit = effect->id;
    actor->last_line_at = actor->journal.length;
    event_encode(&event, &actor->journal);
    if (event.type == EVENT_PLAN_ANNOUNCED) {
        actor->announcement_id = effect->id;
    }
    int64_t at_ms = world->now_ms + (event_type_is_synced(event.type) ? world_between(world, 1, 15)
                                                                      : world_between(world, 0, 2));
    actor->last_emit_ms =
        at_ms > actor->last_emit_ms ? at_ms : actor->last_emit_ms; /* in order, as a file is written */
    struct pending *pending = world_complete(world, index, effect, INPUT_EMITTED, actor->last_emit_ms);
    struct fault *fault = world_fault(world, index, FAULT_SYNC_BREAKS);
    actor->emits++;
    if (fault != NULL && actor->emits >= fault->countdown) {
        error_set(&pending->input.error, ERROR_IO, "the journal: no space left on device");
    }
}

static void perform(struct world *world, int actor, const struct effect *effect)
{
    switch (effect->type) {
    case EFFECT_EMIT: perform_emit(world, actor, effect); break;
    case EFFECT_CLAIM:
        check_claim(world, actor, effect);
        world_complete(world, actor, effect, INPUT_CLAIMED, world->now_ms + world_between(world, 0, 2))
            ->input.is_granted = true;
        break;
    case EFFECT_LEASE_RELEASE:
        check_release(world, actor, effect);
        perform_store(world, actor, effect);
        break;
    case EFFECT_LEASE_ACQUIRE:
    case EFFECT_LEASE_RENEW:
    case EFFECT_LEDGER_READ:
    case EFFECT_LEDGER_BEGIN:
    case EFFECT_LEDGER_END: perform_store(world, actor, effect); break;
    case EFFECT_AWS: perform_aws(world, actor, effect); break;
    case EFFECT_SPAWN: perform_spawn(world, actor, effect); break;
    case EFFECT_SIGNAL: perform_signal(world, actor, effect); break;
    case EFFECT_GUARD_DEADLINE: perform_guard_deadline(world, actor, effect); break;
    case EFFECT_LANE_CLOSE: world_complete(world, actor, effect, INPUT_SIGNALLED, world->now_ms); break;
    case EFFECT_COLLECT: perform_collect(world, actor, effect); break;
    case EFFECT_TYPE_COUNT: break;
    }
}

static void step(struct world *world, int index, struct input *input)
{
    struct actor *actor = &world->actors[index];
    input->now_ms = world->now_ms;
    input->lease_now_ms = world_lease_now(world);
    if (world->is_verbose) {
        fprintf(stderr, "%6zu t=%lld actor %d %s lane %zd effect %llu\n", world->steps,
                (long long)world->now_ms, index, input_type_name(input->type), (ssize_t)input->lane,
                (unsigned long long)input->effect_id);
    }
    if (input->type == INPUT_EMITTED && input->effect_id == actor->announcement_id &&
        input->error.kind == ERROR_NONE) {
        actor->is_announced = true;
    }
    if (input->type == INPUT_EMITTED) {
        actor->last_written = input->effect_id;
        for (size_t i = 0; i < actor->inventory.suite_count; i++) {
            struct truth *truth = &actor->truth[i];
            truth->is_outcome_synced =
                truth->is_outcome_synced || (truth->has_outcome && truth->outcome_effect == input->effect_id);
        }
    }
    run_step(actor->run, input, &actor->effects);
    for (size_t i = 0; i < actor->effects.count && world->failure[0] == '\0'; i++) {
        perform(world, index, &actor->effects.list[i]);
    }
    effects_reset(&actor->effects);
    world->steps++;
    check_step(world);
    if (run_is_finished(actor->run) && actor->is_alive) {
        check_end(world, index, false);
        actor->is_alive = false;
    }
}

/* --- time --------------------------------------------------------------------------------------------- */

static bool is_stopped(const struct world *world, const struct actor *actor)
{
    return actor->stopped_until_ms > world->now_ms;
}

static int64_t actor_deadline_ms(const struct world *world, const struct actor *actor)
{
    if (!actor->is_alive || !actor->is_started) {
        return INT64_MAX;
    }
    int64_t work_ms = run_next_deadline_ms(actor->run);
    int64_t lease_ms = run_next_lease_deadline_ms(actor->run);
    lease_ms = lease_ms == INT64_MAX ? INT64_MAX : lease_ms - world->slept_ms;
    int64_t at_ms = work_ms < lease_ms ? work_ms : lease_ms;
    return is_stopped(world, actor) && at_ms < actor->stopped_until_ms ? actor->stopped_until_ms : at_ms;
}

static void kill_actor(struct world *world, int index)
{
    struct actor *actor = &world->actors[index];
    actor->is_alive = false;
    processes_kill_actor(world, index);
    if (actor->last_emit != actor->last_written &&
        world_between(world, 0, 1) == 0) { /* a write in flight is torn */
        size_t keep = actor->last_line_at +
                      (size_t)world_between(world, 0, (int64_t)(actor->journal.length - actor->last_line_at));
        text_truncate(&actor->journal, keep);
    }
    check_end(world, index, true);
}

static void fire_fault(struct world *world, struct fault *fault)
{
    struct actor *actor = &world->actors[fault->actor];
    struct input stop = {.type = INPUT_STOP, .lane = NO_INDEX, .signal = 15};
    if (!actor->is_alive) {
        return;
    }
    if (world->is_verbose) {
        fprintf(stderr, "       t=%lld fault %d on actor %d\n", (long long)world->now_ms, fault->type,
                fault->actor);
    }
    switch (fault->type) {
    case FAULT_KILL: kill_actor(world, fault->actor); break;
    case FAULT_SIGSTOP: actor->stopped_until_ms = world->now_ms + fault->length_ms; break;
    case FAULT_SLEEP: world->slept_ms += fault->length_ms; break;
    case FAULT_STOP: step(world, fault->actor, &stop); break;
    case FAULT_STOP_TWICE:
        step(world, fault->actor, &stop);
        if (actor->is_alive) {
            step(world, fault->actor, &stop);
        }
        break;
    case FAULT_NONE:
    case FAULT_ASSUME_DENIED:
    case FAULT_SYNC_BREAKS:
    case FAULT_AWS_ANSWER_LOST:
    case FAULT_AWS_THROTTLED:
    case FAULT_DEPLOY_FAILS:
    case FAULT_DEPLOY_STUCK:
    case FAULT_STORE_LOST_ANSWER:
    case FAULT_STORE_AWAY:
    case FAULT_SHORT_CREDENTIALS:
    case FAULT_RUN_DEADLINE:
    case FAULT_FOREIGN_STATUS:
    case FAULT_SHARD_DEADLINE:
    case FAULT_FAIL_FAST:
    case FAULT_OLD_LEDGER:
    case FAULT_CREATE_CONFLICT:
    case FAULT_DELETE_FAILS:
    case FAULT_WRONG_IDENTITY:
    case FAULT_BROKEN_ACCOUNT:
    case FAULT_COUNT: break;
    }
}

static bool is_timed(enum fault_type type)
{
    return type == FAULT_KILL || type == FAULT_SIGSTOP || type == FAULT_SLEEP || type == FAULT_STOP ||
           type == FAULT_STOP_TWICE;
}

static int64_t next_fault_ms(const struct world *world, struct fault **ret_fault)
{
    int64_t next_ms = INT64_MAX;
    for (size_t i = 0; i < 2; i++) {
        const struct fault *fault = &world->faults[i];
        if (is_timed(fault->type) && fault->at_ms < next_ms) {
            next_ms = fault->at_ms;
            *ret_fault = (struct fault *)(uintptr_t)fault;
        }
    }
    return next_ms;
}

static void deliver(struct world *world)
{
    struct pending pending = heap_pop(world);
    struct actor *actor = &world->actors[pending.actor];
    if (actor->is_alive && is_stopped(world, actor)) { /* it will read this when it is continued */
        pending.at_ms = actor->stopped_until_ms;
        pending.seq = ++world->seq;
        heap_push(world, &pending);
        return;
    }
    if (pending.kind == PENDING_PROCESS_END) {
        process_ends(world, &pending);
    } else if (pending.kind == PENDING_STORE) {
        apply_store(world, &pending);
    }
    if (actor->is_alive) {
        step(world, pending.actor, &pending.input);
    }
    pending_clear(&pending);
}

static void start_actor(struct world *world, int index)
{
    struct input start = {.type = INPUT_START, .lane = NO_INDEX};
    world->actors[index].is_started = true;
    step(world, index, &start);
}

static int64_t earliest_deadline(const struct world *world, int *ret_actor)
{
    int64_t next_ms = INT64_MAX;
    for (int i = 0; i < ACTORS; i++) {
        int64_t at_ms = actor_deadline_ms(world, &world->actors[i]);
        if (at_ms < next_ms) {
            next_ms = at_ms;
            *ret_actor = i;
        }
    }
    return next_ms;
}

static void advance_to(struct world *world, int64_t at_ms)
{
    world->now_ms = at_ms > world->now_ms ? at_ms : world->now_ms;
}

/* The earliest of completion, guard, fault, deadline. False: nothing will ever happen again. */
static bool world_step(struct world *world)
{
    struct fault *fault = NULL;
    int actor = 0;
    int64_t heap_ms = world->heap_count > 0 ? world->heap[0].at_ms : INT64_MAX;
    int64_t guard_ms = guards_next_ms(world);
    int64_t fault_ms = next_fault_ms(world, &fault);
    int64_t deadline_ms = earliest_deadline(world, &actor);
    int64_t next_ms = heap_ms;
    next_ms = guard_ms < next_ms ? guard_ms : next_ms;
    next_ms = fault_ms < next_ms ? fault_ms : next_ms;
    next_ms = deadline_ms < next_ms ? deadline_ms : next_ms;
    if (next_ms == INT64_MAX) {
        return false;
    }
    advance_to(world, next_ms);
    if (heap_ms == next_ms) {
        deliver(world);
    } else if (guard_ms == next_ms) {
        guards_fire(world);
    } else if (fault_ms == next_ms) {
        enum fault_type type = fault->type;
        fire_fault(world, fault);
        fault->type = type == FAULT_NONE ? type : FAULT_NONE;
    } else {
        struct input deadline = {.type = INPUT_DEADLINE, .lane = NO_INDEX};
        step(world, actor, &deadline);
    }
    return true;
}

static bool is_anyone_alive(const struct world *world)
{
    return world->actors[0].is_alive || world->actors[1].is_alive;
}

void world_run(struct world *world)
{
    for (int i = 0; i < ACTORS; i++) {
        start_actor(world, i);
    }
    while (is_anyone_alive(world) && world->failure[0] == '\0') {
        if (!world_step(world)) {
            world_break(world, "progress", "nothing will ever happen again, but actor %d is not finished",
                        world->actors[0].is_alive ? 0 : 1);
        }
        if (world->steps > STEPS_MAX || world->now_ms > TIME_MAX_MS) {
            world_break(world, "progress", "not finished after %zu steps, %lld s", world->steps,
                        (long long)world->now_ms / 1000);
        }
    }
}

void world_clear(struct world *world)
{
    while (world->heap_count > 0) {
        struct pending pending = heap_pop(world);
        pending_clear(&pending);
    }
    memory_free(world->heap);
    for (int i = 0; i < ACTORS; i++) {
        struct actor *actor = &world->actors[i];
        run_free(actor->run);
        effects_clear(&actor->effects);
        text_clear(&actor->journal);
        arena_free(actor->arena);
    }
}
