/* coordinator.c - the run as a whole: announce, open the lanes, share job slots, stop in order, say the
 * verdict.
 *
 *   NEW -> ANNOUNCING -------------------> RUNNING --- every lane done ---> CLOSING -> FINISHED
 *              | stop, the journal broke      | stop, deadline, fail-fast,     ^
 *              +------------> STOPPING <------+ the journal broke              |
 *                                |                                             |
 *                                +----------- every lane done -----------------+
 *
 *   state       waits for                                    on a second stop
 *   ANNOUNCING  PLAN_ANNOUNCED synced: nothing starts before  -
 *   RUNNING     the lanes                                     -
 *   STOPPING    the lanes' ends                               kill what runs
 *   CLOSING     every event written, RUN_FINISHED last        -
 *
 * Always: each announced suite has one outcome before CLOSING, or belongs to another worker. */
#include "machines.h"
#include <string.h>

struct state_row {
    const char *name;
    unsigned next;
};
static const struct state_row rows[COORDINATOR_STATE_COUNT] = {
#define X(name, next) {#name, next},
    COORDINATOR_TABLE(X)
#undef X
};

void run_note_move(const struct run *run, const char *machine, int from, int to)
{
    if (run->moved != NULL) {
        run->moved(run->moved_context, machine, from, to);
    }
}

static void note_pool_move(void *context, int from, int to)
{
    run_note_move(context, "pool", from, to);
}

void run_observe(struct run *run, run_moved *moved, void *context)
{
    run->moved = moved;
    run->moved_context = context;
    pool_observe(run->pool, note_pool_move, run);
}

static void coordinator_enter(struct run *run, enum coordinator_state state)
{
    enum coordinator_state from = run->state;
    MUST((rows[from].next & MOVE(state)) != 0);
    run_note_move(run, "coordinator", (int)from, (int)state);
    run->state = state;
}

/* --- life -------------------------------------------------------------------------------------------- */

static void announce_order(struct run *run)
{
    size_t total = 0;
    for (size_t i = 0; i < run->plan->shard_count; i++) {
        total += run->plan->shards[i].suite_count;
    }
    run->announced = arena_alloc(run->arena, (total + 1) * sizeof *run->announced);
    for (size_t i = 0; i < run->plan->shard_count; i++) {
        for (size_t s = 0; s < run->plan->shards[i].suite_count; s++) {
            run->suites[run->plan->shards[i].suites[s]].lane = i;
        }
    }
    for (size_t i = 0; i < run->inventory->suite_count;
         i++) { /* the inventory's order, whatever the plan is */
        if (run->suites[i].lane != NO_INDEX) {
            run->suites[i].order = run->announced_count;
            run->announced[run->announced_count++] = i;
        }
    }
    MUST(run->announced_count == total);
}

struct run *run_new(const struct inventory *inventory, const struct plan *plan,
                    const struct run_options *options)
{
    struct run *run = memory_new(sizeof *run);
    run->inventory = inventory;
    run->plan = plan;
    run->options = options;
    run->arena = arena_new();
    run->deadline_ms = INT64_MAX;
    run->pool = pool_new(inventory->accounts, inventory->account_count, options->lease_ms, options->hold_ms);
    run->suites = arena_alloc(run->arena, (inventory->suite_count + 1) * sizeof *run->suites);
    run->stack_slot = arena_alloc(run->arena, (inventory->stack_count + 1) * sizeof *run->stack_slot);
    for (size_t i = 0; i < inventory->suite_count; i++) {
        run->suites[i] = (struct suite_run){
            .lane = NO_INDEX, .order = NO_INDEX, .avoid = NO_INDEX, .outcome = OUTCOME_LOST};
    }
    announce_order(run);
    run->lane_count = plan->shard_count;
    run->stack_wanted = arena_alloc(run->arena, run->lane_count * inventory->stack_count + 1);
    run->lanes = memory_new((run->lane_count + 1) * sizeof *run->lanes);
    for (size_t i = 0; i < run->lane_count; i++) {
        lane_init(&run->lanes[i], run, i);
    }
    return run;
}

void run_free(struct run *run)
{
    if (run == NULL) {
        return;
    }
    for (size_t i = 0; i < run->lane_count; i++) {
        lane_clear(&run->lanes[i]);
    }
    memory_free(run->lanes);
    memory_free(run->slot_queue);
    pool_free(run->pool);
    arena_free(run->arena);
    memory_free(run);
}

/* --- what lanes ask of the coordinator ---------------------------------------------------------------- */

bool run_take_job_slot(struct run *run, struct lane *lane)
{
    if (lane->wants_job_slot) {
        return false;
    }
    if (run->job_slots_used < run->options->job_count) {
        run->job_slots_used++;
        lane->has_job_slot = true;
        return true;
    }
    lane->wants_job_slot = true;
    run->slot_queue = memory_grow(run->slot_queue, run->slot_queue_count, &run->slot_queue_capacity,
                                  sizeof *run->slot_queue);
    run->slot_queue[run->slot_queue_count++] = lane->index;
    return false;
}

static void leave_slot_queue(struct run *run, struct lane *lane)
{
    size_t kept = 0;
    for (size_t i = 0; i < run->slot_queue_count; i++) {
        if (run->slot_queue[i] != lane->index) {
            run->slot_queue[kept++] = run->slot_queue[i];
        }
    }
    run->slot_queue_count = kept;
    lane->wants_job_slot = false;
}

void run_give_job_slot(struct run *run, struct lane *lane, struct effects *effects)
{
    if (lane->wants_job_slot) {
        leave_slot_queue(run, lane);
    }
    if (!lane->has_job_slot) {
        return;
    }
    lane->has_job_slot = false;
    run->job_slots_used--;
    if (run->slot_queue_count > 0) {
        struct lane *next = &run->lanes[run->slot_queue[0]];
        leave_slot_queue(run, next);
        run->job_slots_used++;
        next->has_job_slot = true;
        lane_advance(next, effects);
    }
}

void run_make_due(struct run *run, struct lane *lane)
{
    lane->is_due = true;
    run->has_due_lane = true;
}

bool run_spend_retry(struct run *run, struct effects *effects)
{
    if (run->retries_made < run->options->retry_budget) {
        run->retries_made++;
        return true;
    }
    if (!run->is_budget_told) {
        run->is_budget_told = true;
        tell_problem(run, NULL, "retry_budget",
                     arena_format(effects->arena, "the retry budget of %zu is spent: no suite is tried again",
                                  run->options->retry_budget),
                     effects);
    }
    return false;
}

void run_take_stack_slot(struct run *run, struct lane *lane, size_t stack)
{
    if (run->stack_slot[stack] == 0) {
        run->stack_slot[stack] = lane->index + 1;
        reconcile_grant_slot(lane->reconcile, stack);
        return;
    }
    run->stack_wanted[lane->index * run->inventory->stack_count + stack] = true;
}

void run_give_stack_slot(struct run *run, struct lane *lane, size_t stack)
{
    run->stack_wanted[lane->index * run->inventory->stack_count + stack] = false;
    if (run->stack_slot[stack] != lane->index + 1) {
        return;
    }
    run->stack_slot[stack] = 0;
    for (size_t i = 0; i < run->lane_count; i++) {
        struct lane *next = &run->lanes[i];
        bool *is_wanted = &run->stack_wanted[i * run->inventory->stack_count + stack];
        if (*is_wanted && next->reconcile != NULL && next->state == LANE_OPEN) {
            *is_wanted = false;
            run->stack_slot[stack] = i + 1;
            reconcile_grant_slot(next->reconcile, stack);
            run_make_due(run, next);
            return;
        }
    }
}

static void stop_run(struct run *run, const char *reason, bool is_kill, struct effects *effects);

void run_suite_finished(struct run *run, size_t suite, enum outcome outcome, const char *reason,
                        struct lane *lane, struct effects *effects)
{
    struct suite_run *progress = &run->suites[suite];
    MUST(progress->progress != SUITE_FINISHED);
    progress->progress = SUITE_FINISHED;
    progress->outcome = outcome;
    run->verdict.counts[outcome]++;
    run->without_test_count += progress->is_without_test && outcome == OUTCOME_SKIPPED ? 1 : 0;
    run->finished_count++;
    run->last_end_ms = run->now_ms;
    tell_suite_finished(run, suite, reason, lane, effects);
    enum retry_class class = outcome_retry_class(outcome);
    lane->has_bad_suite = lane->has_bad_suite || (class != RETRY_NEVER && class != RETRY_INFRA);
    bool is_failure = outcome_is_bad(outcome) && outcome != OUTCOME_CANCELLED;
    if (is_failure && !(run->options->is_until_fail && outcome == OUTCOME_INFRA)) {
        run->bad_count++;
        if (run->options->fail_fast > 0 && run->bad_count >= run->options->fail_fast) {
            run->wants_fail_fast = true; /* stopped at the end of the step: lanes are in mid-move here */
        }
    }
}

void run_lane_done(struct run *run, struct lane *lane, struct effects *effects)
{
    (void)lane;
    (void)effects;
    run->lanes_done++;
}

/* --- stopping and closing ------------------------------------------------------------------------------ */

static void stop_run(struct run *run, const char *reason, bool is_kill, struct effects *effects)
{
    if (run->state == COORDINATOR_ANNOUNCING || run->state == COORDINATOR_RUNNING) {
        coordinator_enter(run, COORDINATOR_STOPPING);
        run->stop_reason = arena_string(run->arena, reason);
    }
    for (size_t i = 0; i < run->lane_count; i++) {
        lane_cancel(&run->lanes[i], run->stop_reason, is_kill, effects);
    }
}

static void close_when_done(struct run *run, struct effects *effects)
{
    bool is_open = run->state == COORDINATOR_RUNNING || run->state == COORDINATOR_STOPPING;
    if (!is_open || run->lanes_done < run->lane_count || run->emits_outstanding > 0 ||
        !pool_is_idle(run->pool)) {
        return;
    }
    coordinator_enter(run, COORDINATOR_CLOSING);
    run->verdict.stopped_by_signal = run->stop_signal;
    run->verdict.is_past_deadline = run->is_past_deadline;
    run->verdict.is_record_broken = run->record_error.kind != ERROR_NONE;
    if (run->options->test_name != NULL && run->without_test_count == run->announced_count) {
        run->verdict.is_without_test = true;
        run->stop_reason = arena_format(run->arena, "no suite has a test case %s", run->options->test_name);
    }
    run->verdict.counts[OUTCOME_LOST] += run->announced_count - run->finished_count;
    run->farewell_id = tell_run_finished(run, effects);
}

static void run_stop_asked(struct run *run, int signal, struct effects *effects)
{
    bool is_second = run->state == COORDINATOR_STOPPING;
    if (signal != 0 && run->stop_signal == 0) {
        run->stop_signal = signal;
    }
    stop_run(run, signal != 0 ? "stopped by a signal" : "stopped", is_second, effects);
}

static void run_emitted(struct run *run, const struct input *input, struct effects *effects)
{
    MUST(run->emits_outstanding > 0);
    run->emits_outstanding--;
    bool is_broken_now = input->error.kind != ERROR_NONE && run->record_error.kind == ERROR_NONE;
    if (is_broken_now) {
        run->record_error = input->error;
        run->verdict.is_record_broken = true;
        stop_run(run, input->error.what, false, effects);
    }
    if (run->state == COORDINATOR_ANNOUNCING && input->effect_id == run->announcement_id) {
        coordinator_enter(run, COORDINATOR_RUNNING);
        for (size_t i = 0; i < run->lane_count; i++) {
            if (run->lanes[i].state == LANE_NEW) {
                lane_start(&run->lanes[i], effects);
            }
        }
    }
    if (run->state == COORDINATOR_CLOSING && run->emits_outstanding == 0) {
        coordinator_enter(run, COORDINATOR_FINISHED);
    }
}

static void run_deadlines(struct run *run, const struct input *input, struct effects *effects)
{
    if (run->deadline_ms <= run->now_ms) {
        run->deadline_ms = INT64_MAX;
        run->is_past_deadline = true;
        stop_run(run, "the run's timeout was reached", false, effects);
    }
    for (size_t i = 0; i < run->lane_count; i++) {
        if (lane_next_deadline_ms(&run->lanes[i]) <= run->now_ms) {
            lane_step(&run->lanes[i], input, effects);
        }
    }
}

static void drain_pool(struct run *run, struct effects *effects)
{
    struct pool_fact fact;
    while (pool_next_fact(run->pool, &fact)) {
        lane_pool_fact(&run->lanes[fact.lane], &fact, effects);
    }
}

static void run_start(struct run *run, struct effects *effects)
{
    coordinator_enter(run, COORDINATOR_ANNOUNCING);
    run->started_ms = run->now_ms;
    run->last_end_ms = run->now_ms;
    if (run->options->timeout_ms > 0) {
        run->deadline_ms = run->now_ms + run->options->timeout_ms;
    }
    run->announcement_id = tell_run_started(run, effects);
}

/* Lanes that got a stack slot or a suite while another lane was in mid-move go on now. */
static void continue_due(struct run *run, struct effects *effects)
{
    while (run->has_due_lane) {
        run->has_due_lane = false;
        for (size_t i = 0; i < run->lane_count; i++) {
            struct lane *lane = &run->lanes[i];
            if (lane->is_due && lane->has_new_suite && lane->state == LANE_OPEN) {
                lane_want_new_stacks(lane, effects);
            }
            if (lane->is_due) {
                lane->is_due = false;
                struct input tick = {.type = INPUT_DEADLINE,
                                     .now_ms = run->now_ms,
                                     .lease_now_ms = run->lease_now_ms,
                                     .lane = i};
                lane_step(lane, &tick, effects);
            }
        }
    }
}

void run_step(struct run *run, const struct input *input, struct effects *effects)
{
    run->now_ms = input->now_ms;
    run->lease_now_ms = input->lease_now_ms;
    if (input->type != INPUT_START && pool_next_deadline_ms(run->pool) <= run->lease_now_ms) {
        /* Before anything else: after a stop or a sleep no lane may act on a lease that is no longer ours. */
        struct input due = {.type = INPUT_DEADLINE,
                            .now_ms = run->now_ms,
                            .lease_now_ms = run->lease_now_ms,
                            .lane = NO_INDEX};
        pool_step(run->pool, &due, effects);
        drain_pool(run, effects);
    }
    switch (input->type) {
    case INPUT_START: run_start(run, effects); break;
    case INPUT_STOP: run_stop_asked(run, input->signal, effects); break;
    case INPUT_DEADLINE: run_deadlines(run, input, effects); break;
    case INPUT_LEASE_ANSWERED: pool_step(run->pool, input, effects); break;
    case INPUT_EMITTED: run_emitted(run, input, effects); break;
    case INPUT_CLAIMED:
    case INPUT_LEDGER_ANSWERED:
    case INPUT_AWS_ANSWERED:
    case INPUT_PROCESS_ENDED:
    case INPUT_SIGNALLED:
    case INPUT_COLLECTED:
        if (input->lane < run->lane_count) {
            lane_step(&run->lanes[input->lane], input, effects);
        }
        break;
    case INPUT_TYPE_COUNT: break;
    }
    drain_pool(run, effects);
    continue_due(run, effects);
    if (run->wants_fail_fast) {
        run->wants_fail_fast = false;
        stop_run(run,
                 run->options->is_until_fail ? "stopped at the first failure, as --until-fail asks"
                                             : "stopped after the failures that --fail-fast allows",
                 false, effects);
        drain_pool(run, effects);
    }
    close_when_done(run, effects);
}

int64_t run_next_deadline_ms(const struct run *run)
{
    int64_t next_ms = run->deadline_ms;
    for (size_t i = 0; i < run->lane_count; i++) {
        int64_t lane_ms = lane_next_deadline_ms(&run->lanes[i]);
        next_ms = lane_ms < next_ms ? lane_ms : next_ms;
    }
    return next_ms;
}

int64_t run_next_lease_deadline_ms(const struct run *run)
{
    return pool_next_deadline_ms(run->pool);
}

bool run_is_finished(const struct run *run)
{
    return run->state == COORDINATOR_FINISHED;
}

int run_exit_code(const struct run *run)
{
    return verdict_exit_code(&run->verdict);
}

void run_look(const struct run *run, struct run_view *ret_view)
{
    struct run_view view = {0};
    for (size_t i = 0; i < run->lane_count; i++) {
        bool is_active = run->lanes[i].state != LANE_NEW && run->lanes[i].state != LANE_DONE;
        view.lanes_active += is_active ? 1 : 0;
        view.attempts_active += run->lanes[i].attempt.state != ATTEMPT_NONE ? 1 : 0;
    }
    memcpy(view.outcome_count, run->verdict.counts, sizeof view.outcome_count);
    *ret_view = view;
}
