/* world_process.c - processes under guards in the simulated world. */
#include "world.h"
#include <stdio.h>
#include <string.h>

static enum process_kind kind_of(struct world *world, int index, const struct spawn *spawn)
{
    const struct fault *broken = world_fault(world, index, FAULT_BROKEN_ACCOUNT);
    if (broken != NULL && spawn->suite != NO_INDEX &&
        spawn->account == broken->countdown % world->account_count) {
        return KIND_INFRA;
    }
    int64_t die = world_between(world, 0, 99);
    if (spawn->suite == NO_INDEX) {
        return die < 8 ? KIND_CLEAN_BUT_BAD_EXIT : die < 10 ? KIND_HANG : KIND_PASS;
    }
    return die < 70   ? KIND_PASS
           : die < 76 ? KIND_FAIL
                      : (enum process_kind)(KIND_FAIL + (die - 76) % (KIND_COUNT - KIND_FAIL));
}

static int64_t length_of(struct world *world, enum process_kind kind)
{
    bool hangs = kind == KIND_HANG || kind == KIND_HANG_DEAF;
    return hangs                    ? 3600 * 1000
           : kind == KIND_NOT_FOUND ? world_between(world, 1, 40)
                                    : world_between(world, 3, 1500);
}

void perform_spawn(struct world *world, int index, const struct effect *effect)
{
    const struct spawn *spawn = &effect->spawn;
    check_spawn(world, index, spawn);
    MUST(world->process_count < PROCESSES_MAX);
    struct sim_process *process = &world->processes[world->process_count];
    *process = (struct sim_process){
        .is_alive = true,
        .actor = index,
        .lane = spawn->lane,
        .suite = spawn->suite,
        .stack = spawn->stack,
        .account = spawn->account,
        .attempt = spawn->attempt,
        .effect_id = effect->id,
        .stop_by_lease_ms = spawn->lease_stop_by_ms,
        .kind = kind_of(world, index, spawn),
    };
    const char *fingerprint = pair_value(spawn->env, spawn->env_count, "ITRUN_FINGERPRINT");
    snprintf(process->fingerprint, sizeof process->fingerprint, "%s", fingerprint != NULL ? fingerprint : "");
    int64_t length_ms = length_of(world, process->kind);
    struct pending *pending =
        world_complete(world, index, effect, INPUT_PROCESS_ENDED, world->now_ms + length_ms);
    pending->kind = PENDING_PROCESS_END;
    pending->process = world->process_count++;
    process->completion_seq = pending->seq;
    world->actors[index].spawns++;
}

/* Its end comes at at_ms at the latest: the completion is found in the heap and moved up. */
static void end_by(struct world *world, const struct sim_process *process, int64_t at_ms)
{
    for (size_t i = 0; i < world->heap_count; i++) {
        if (world->heap[i].seq == process->completion_seq && world->heap[i].at_ms > at_ms) {
            world->heap[i].at_ms = at_ms;
            while (i > 0 && world->heap[i].at_ms < world->heap[(i - 1) / 2].at_ms) { /* sift up */
                struct pending swap = world->heap[i];
                world->heap[i] = world->heap[(i - 1) / 2];
                world->heap[(i - 1) / 2] = swap;
                i = (i - 1) / 2;
            }
            return;
        }
    }
}

void perform_signal(struct world *world, int index, const struct effect *effect)
{
    world_complete(world, index, effect, INPUT_SIGNALLED, world->now_ms);
    for (size_t i = 0; i < world->process_count; i++) {
        struct sim_process *process = &world->processes[i];
        if (process->is_alive && process->actor == index && process->effect_id == effect->signal.spawn_id) {
            bool is_heard = effect->signal.is_kill || process->kind != KIND_HANG_DEAF;
            process->was_signalled = process->was_signalled || is_heard;
            if (is_heard) {
                end_by(world, process, world->now_ms + world_between(world, 1, 30));
            }
        }
    }
}

void perform_guard_deadline(struct world *world, int index, const struct effect *effect)
{
    world_complete(world, index, effect, INPUT_SIGNALLED, world->now_ms);
    for (size_t i = 0; i < world->process_count; i++) {
        struct sim_process *process = &world->processes[i];
        if (process->is_alive && process->actor == index && process->lane == effect->lane) {
            process->stop_by_lease_ms = effect->lease_stop_by_ms;
        }
    }
}

int64_t guards_next_ms(const struct world *world)
{
    int64_t next_ms = INT64_MAX;
    for (size_t i = 0; i < world->process_count; i++) {
        const struct sim_process *process = &world->processes[i];
        if (process->is_alive && process->stop_by_lease_ms != INT64_MAX) {
            int64_t at_ms = process->stop_by_lease_ms - world->slept_ms;
            next_ms = at_ms < next_ms ? at_ms : next_ms;
        }
    }
    return next_ms;
}

/* The guard kills by itself, whether or not its itrun is stopped. */
void guards_fire(struct world *world)
{
    for (size_t i = 0; i < world->process_count; i++) {
        struct sim_process *process = &world->processes[i];
        if (process->is_alive && process->stop_by_lease_ms <= world_lease_now(world)) {
            process->is_alive = false;
            process->is_killed_by_guard = true;
            end_by(world, process, world->now_ms + 1);
        }
    }
}

void processes_kill_actor(struct world *world, int index)
{
    for (size_t i = 0; i < world->process_count; i++) {
        if (world->processes[i].actor == index) {
            world->processes[i].is_alive = false; /* its guards' lifelines closed */
        }
    }
}

static void deploy_ended(struct world *world, const struct sim_process *process)
{
    if (process->kind != KIND_PASS || process->was_signalled || process->is_killed_by_guard) {
        return;
    }
    struct sim_stack *stack = &world->accounts[process->account].stacks[process->stack];
    stack->status = stack->status == STACK_ABSENT ? STACK_CREATE_COMPLETE : STACK_UPDATE_COMPLETE;
    stack->settles_at_ms = 0;
    memcpy(stack->fingerprint, process->fingerprint, HASH_HEX_SIZE);
    stack->content = world->actors[process->actor].content;
}

void process_ends(struct world *world, struct pending *pending)
{
    struct sim_process *process = &world->processes[pending->process];
    struct process_end *end = &pending->input.process;
    process->is_alive = false;
    end->is_killed_by_guard = process->is_killed_by_guard;
    if (process->stack != NO_INDEX) {
        deploy_ended(world, process);
    }
    if (process->kind != KIND_NOT_FOUND && (process->was_signalled || process->is_killed_by_guard)) {
        end->signal = process->is_killed_by_guard ? 9 : 15;
        return;
    }
    switch (process->kind) {
    case KIND_PASS:
    case KIND_NO_REPORT:
    case KIND_TORN_REPORT:
    case KIND_HANG:
    case KIND_HANG_DEAF: break;
    case KIND_LEAK: end->leaked_count = 2; break;
    case KIND_FAIL: end->exit_code = 1; break;
    case KIND_CRASH: end->signal = 11; break;
    case KIND_INFRA:
        end->exit_code = 99;
        end->infra_reason = "the database was away";
        break;
    case KIND_CLEAN_BUT_BAD_EXIT: end->exit_code = 3; break;
    case KIND_NOT_FOUND: error_set(&end->error, ERROR_GONE, "command not found: pytest"); break;
    case KIND_COUNT: break;
    }
}

static const struct sim_process *last_process(const struct world *world, int index, size_t suite)
{
    for (size_t i = world->process_count; i-- > 0;) {
        if (world->processes[i].actor == index && world->processes[i].suite == suite) {
            return &world->processes[i];
        }
    }
    return NULL;
}

void perform_collect(struct world *world, int index, const struct effect *effect)
{
    const struct sim_process *process = last_process(world, index, effect->collect.suite);
    MUST(process != NULL);
    struct pending *pending =
        world_complete(world, index, effect, INPUT_COLLECTED, world->now_ms + world_between(world, 0, 10));
    pending->report = report_new();
    pending->input.collected.report = pending->report;
    bool ended_by_itself = !process->was_signalled && !process->is_killed_by_guard;
    bool is_there = process->kind != KIND_NO_REPORT && process->kind != KIND_CRASH &&
                    process->kind != KIND_INFRA && ended_by_itself;
    pending->report->is_present = is_there;
    pending->report->is_complete = is_there && process->kind != KIND_TORN_REPORT;
    for (int i = 0; is_there && i < 3; i++) {
        struct test_case *one = report_add(pending->report);
        one->name = i == 0 ? "adds" : i == 1 ? "removes" : "lists";
        one->classname = "shop";
        one->status = process->kind == KIND_FAIL && i == 1 ? CASE_FAILED : CASE_PASSED;
    }
    bool is_good = ended_by_itself && (process->kind == KIND_PASS || process->kind == KIND_LEAK);
    world->actors[index].truth[effect->collect.suite].is_last_attempt_good = is_good;
}
