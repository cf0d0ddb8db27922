/* lane_stacks.c - a lane and the stacks of its account: which it wants, what its reconcile machine tells, and
 * the suites that a failed stack ends. */
#include "machines.h"

static void lane_drain_stacks(struct lane *lane, struct effects *effects)
{
    struct reconcile_fact fact;
    while (reconcile_next_fact(lane->reconcile, &fact)) {
        switch (fact.type) {
        case RECONCILE_DECIDED:
        case RECONCILE_DEPLOYED: tell_stack(lane, &fact, effects); break;
        case RECONCILE_FAILED:
            tell_stack(lane, &fact, effects);
            tell_problem(lane->run, lane, "deploy", fact.error.what, effects);
            lane->has_failed_stack = true;
            break;
        case RECONCILE_SLOT_WANTED: run_take_stack_slot(lane->run, lane, fact.stack); break;
        case RECONCILE_SLOT_FREED: run_give_stack_slot(lane->run, lane, fact.stack); break;
        }
    }
}

/* In another account, for the second time, only what is left counts. */
static bool has_still_to_run(const struct lane *lane, size_t suite)
{
    return suite != NO_INDEX && lane->run->suites[suite].lane == lane->index &&
           lane->run->suites[suite].progress != SUITE_FINISHED;
}

static void want_stacks(struct lane *lane)
{
    const struct run *run = lane->run;
    for (size_t i = 0; i < lane->queue_count; i++) {
        if (has_still_to_run(lane, lane->queue[i])) {
            const struct suite *suite = &run->inventory->suites[lane->queue[i]];
            reconcile_want(lane->reconcile, suite->needs, suite->need_count);
        }
    }
}

bool lane_needs_stacks(const struct lane *lane)
{
    for (size_t i = 0; i < lane->queue_count; i++) {
        if (has_still_to_run(lane, lane->queue[i]) &&
            lane->run->inventory->suites[lane->queue[i]].need_count > 0) {
            return true;
        }
    }
    return false;
}

static void reconcile_moved(void *context, int from, int to)
{
    const struct lane *lane = context;
    run_note_move(lane->run, "reconcile", from, to);
}

void lane_start_stacks(struct lane *lane, struct effects *effects)
{
    struct run *run = lane->run;
    struct reconcile_options options = {
        .lane = lane->index,
        .run_id = run->options->run_id,
        .is_forced = run->options->is_force_deploy,
        .is_no_deploy = run->options->is_no_deploy,
        .poll_ms = 0,
        .tmp_root = run->options->tmp_root,
        .was_dirty = lane->was_dirty,
        .moved = reconcile_moved,
        .moved_context = lane,
    };
    lane->reconcile = reconcile_new(run->inventory, lane->account, &options);
    reconcile_set_stop_by(lane->reconcile, lane->stop_by_ms);
    want_stacks(lane);
    struct input start = {
        .type = INPUT_START, .now_ms = run->now_ms, .lease_now_ms = run->lease_now_ms, .lane = lane->index};
    reconcile_step(lane->reconcile, &start, effects);
    lane_drain_stacks(lane, effects);
}

void lane_want_new_stacks(struct lane *lane, struct effects *effects)
{
    lane->has_new_suite = false;
    if (lane->reconcile != NULL) {
        want_stacks(lane);
    } else if (lane_needs_stacks(lane)) {
        lane_start_stacks(lane, effects);
    }
}

void lane_step_stacks(struct lane *lane, const struct input *input, struct effects *effects)
{
    reconcile_step(lane->reconcile, input, effects);
    lane_drain_stacks(lane, effects);
}

/* A deploy under way is let end: its suites may have been stolen, an unfinished one would make the account
 * dirty. */
bool lane_is_deploying(const struct lane *lane)
{
    if (lane->reconcile == NULL) {
        return false;
    }
    for (size_t i = 0; i < lane->run->inventory->stack_count; i++) {
        if (reconcile_readiness(lane->reconcile, i) == STACK_DEPLOYING) {
            return true;
        }
    }
    return !reconcile_is_idle(lane->reconcile);
}

/* The outcome of suites whose stack failed: the change under test is to blame, unless AWS would not let us.
 */
static enum outcome outcome_of_deploy_failure(const struct error *error)
{
    switch (error->kind) {
    case ERROR_INVALID:
    case ERROR_CONFIG:
    case ERROR_GONE:
    case ERROR_USAGE: return OUTCOME_ERROR;
    case ERROR_CANCELLED: return OUTCOME_CANCELLED;
    case ERROR_NONE:
    case ERROR_DENIED:
    case ERROR_THROTTLED:
    case ERROR_TRANSIENT:
    case ERROR_CONFLICT:
    case ERROR_LIMIT:
    case ERROR_IO:
    case ERROR_BUG: break;
    }
    return OUTCOME_INFRA;
}

/* Suites that need a stack which failed end here: they never start. */
void lane_fail_blocked(struct lane *lane, struct effects *effects)
{
    const struct run *run = lane->run;
    for (size_t i = 0; i < lane->queue_count && lane->reconcile != NULL; i++) {
        size_t suite = lane->queue[i];
        if (suite == NO_INDEX || run->suites[suite].progress != SUITE_WAITING ||
            run->suites[suite].lane != lane->index) {
            continue;
        }
        const struct suite *noun = &run->inventory->suites[suite];
        for (size_t n = 0; n < noun->need_count; n++) {
            if (reconcile_readiness(lane->reconcile, noun->needs[n]) == STACK_FAILED) {
                const struct error *why = reconcile_failure(lane->reconcile, noun->needs[n]);
                run_suite_finished(lane->run, suite, outcome_of_deploy_failure(why), why->what, lane,
                                   effects);
                break;
            }
        }
    }
}
