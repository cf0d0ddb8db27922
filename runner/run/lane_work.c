/* lane_work.c - a lane at work: which suite it starts, what follows an attempt, where a suite is tried again.
 */
#include "machines.h"

static void ask_claim(struct lane *lane, size_t suite, struct effects *effects)
{
    struct effect *effect = effects_add(effects, EFFECT_CLAIM, lane->index);
    effect->suite = suite;
    lane->claim_id = effect->id;
    lane->claimed = suite;
    lane->run->suites[suite].progress = SUITE_CLAIMED;
}

static bool is_shard_timeout_spent(const struct lane *lane)
{
    return lane->run->options->shard_timeout_ms > 0 && lane->used_ms >= lane->run->options->shard_timeout_ms;
}

static void hand_over(struct lane *lane, struct lane *other, size_t suite, struct effects *effects)
{
    choose_steal(lane->run, lane, other, suite);
    tell_stolen(lane, other, suite, "to be tried again in another account", effects);
    other->has_new_suite = true;
    run_make_due(lane->run, other);
}

/* Once around the pool at most. */
static bool can_move(const struct lane *lane)
{
    const struct run *run = lane->run;
    return !run->options->is_stealing_off && lane->moves + 1 < run->inventory->account_count &&
           pool_has_other(run->pool, lane->account);
}

/* A lane that can do it may have opened since the last look. */
static void forget_waivers(const struct lane *lane)
{
    for (size_t i = lane->queue_next; i < lane->queue_count && lane->run->has_avoided; i++) {
        if (lane->queue[i] != NO_INDEX) {
            lane->run->suites[lane->queue[i]].is_avoid_waived = false;
        }
    }
}

/* The infrastructure of an account failed a suite: it is tried again in another one where there is one, by a
 * lane that has it, or by this lane moving on. Else here. */
static void place_avoided(struct lane *lane, struct effects *effects)
{
    struct run *run = lane->run;
    size_t suite;
    forget_waivers(lane);
    while (!lane->wants_move && (suite = choose_avoided(lane)) != NO_INDEX) {
        struct lane *other = run->options->is_stealing_off ? NULL : choose_other(run, lane, suite, false);
        if (other != NULL) {
            hand_over(lane, other, suite, effects);
        } else if (can_move(lane)) {
            lane->wants_move = true;
        } else {
            run->suites[suite].is_avoid_waived = true;
        }
    }
}

void lane_advance(struct lane *lane, struct effects *effects)
{
    if (lane->state == LANE_STOPPING) {
        lane_stop_when_idle(lane, effects);
        return;
    }
    if (lane->state != LANE_OPEN || lane->attempt.state != ATTEMPT_NONE || lane->claim_id != 0) {
        return;
    }
    if (is_shard_timeout_spent(lane)) {
        lane_finish_waiting(lane, OUTCOME_CANCELLED, "the shard reached its timeout", effects);
        lane_stop(lane, LANE_END_TIMEOUT, effects);
        return;
    }
    if (lane->has_failed_stack &&
        !lane->run->options
             ->is_shell) { /* each time: a suite that waits for its retry may be blocked only now */
        lane_fail_blocked(lane, effects);
    }
    place_avoided(lane, effects);
    if (lane->wants_move) {
        lane_drop_job_slot(lane, effects);
        if (!lane_is_deploying(lane)) {
            lane_stop(lane, LANE_END_MOVING, effects);
        }
        return;
    }
    struct lane *from = NULL;
    size_t suite = choose_suite(lane->run, lane, &from);
    if (suite == NO_INDEX) {
        lane_drop_job_slot(lane, effects);
        if (!lane_has_waiting(lane) && !lane_is_deploying(lane)) {
            lane_stop(lane, LANE_END_DRAINED, effects);
        }
        return;
    }
    if (!lane->has_job_slot && !run_take_job_slot(lane->run, lane)) {
        return; /* the coordinator calls again when one is free */
    }
    if (from != NULL) {
        choose_steal(lane->run, from, lane, suite);
        tell_stolen(from, lane, suite, "this lane ran dry and its stacks are ready here", effects);
    }
    ask_claim(lane, suite, effects);
}

void lane_claimed(struct lane *lane, const struct input *input, struct effects *effects)
{
    if (input->effect_id != lane->claim_id) {
        return;
    }
    struct run *run = lane->run;
    size_t suite = lane->claimed;
    lane->claim_id = 0;
    lane->claimed = NO_INDEX;
    if (!input->is_granted) { /* another worker has it, and answers for it */
        run->suites[suite].progress = SUITE_ELSEWHERE;
    } else if (lane->state != LANE_OPEN) {
        run->suites[suite].progress = SUITE_WAITING;
        if (lane->end != LANE_END_LEASE_LOST) {
            run_suite_finished(run, suite, OUTCOME_CANCELLED, run->stop_reason, lane, effects);
        }
    } else if (!choose_is_ready(lane, suite)) {
        run->suites[suite].progress = SUITE_WAITING; /* one of its stacks failed meanwhile */
    } else if (!pool_is_valid(run->pool, lane->index, run->lease_now_ms)) {
        run->suites[suite].progress = SUITE_WAITING; /* the pool is about to say that the lease is lost */
        return;
    } else {
        attempt_start(lane, suite, effects);
    }
    lane_advance(lane, effects);
}

static struct retries suite_retries(const struct run *run, size_t suite)
{
    return run->options->retries >= 0 ? retries_same(run->options->retries)
                                      : run->inventory->suites[suite].retries;
}

/* The lane can go on with it: it is at work, or its lost lease is about to be asked for again. */
static bool can_try_again(const struct lane *lane, enum outcome outcome)
{
    bool is_lease_lost = lane->state == LANE_STOPPING && lane->end == LANE_END_LEASE_LOST;
    return lane->attempt.cut != CUT_SHARD_TIMEOUT &&
           (lane->state == LANE_OPEN || (is_lease_lost && outcome == OUTCOME_INFRA));
}

static void try_again(struct lane *lane, size_t suite, enum outcome outcome)
{
    struct suite_run *progress = &lane->run->suites[suite];
    progress->progress = SUITE_WAITING;
    progress->retries[outcome_retry_class(outcome)]++;
    if (outcome == OUTCOME_INFRA) {
        progress->avoid = lane->account;
        lane->run->has_avoided = true;
    } else {
        progress->had_bad_attempt = true;
    }
    lane->queue_next = 0;
}

void lane_attempt_ended(struct lane *lane, enum outcome outcome, const char *reason, struct effects *effects)
{
    struct run *run = lane->run;
    size_t suite = lane->attempt.suite;
    struct retries retries = suite_retries(run, suite);
    bool may_retry =
        retries_allow(&retries, run->suites[suite].retries, outcome) && can_try_again(lane, outcome);
    if (may_retry && run_spend_retry(run, effects)) {
        try_again(lane, suite, outcome);
    } else {
        run_suite_finished(run, suite, outcome, reason, lane, effects);
    }
    /* first come first served: a lane does not keep a slot from those who wait */
    lane_drop_job_slot(lane, effects);
    lane_advance(lane, effects);
}

/* Where a suite goes whose lane cannot use its account: NULL and true: it waits for the lane to move. */
static bool find_refuge(struct lane *lane, size_t suite, bool is_moving, struct lane **ret_other)
{
    struct run *run = lane->run;
    struct retries retries = suite_retries(run, suite);
    *ret_other = NULL;
    if (!retries_allow(&retries, run->suites[suite].retries, OUTCOME_INFRA)) {
        return false;
    }
    if (!is_moving && !run->options->is_stealing_off) {
        *ret_other = choose_other(run, lane, suite, true);
    }
    return is_moving || *ret_other != NULL;
}

bool lane_leave_account(struct lane *lane, const char *reason, struct effects *effects)
{
    struct run *run = lane->run;
    bool is_moving = can_move(lane), has_kept = false;
    for (size_t i = 0; i < lane->queue_count; i++) {
        size_t suite = lane->queue[i];
        struct lane *other = NULL;
        if (suite == NO_INDEX || run->suites[suite].progress != SUITE_WAITING ||
            run->suites[suite].lane != lane->index) {
            continue;
        }
        if (!find_refuge(lane, suite, is_moving, &other)) {
            run_suite_finished(run, suite, OUTCOME_INFRA, reason, lane, effects);
            continue;
        }
        try_again(lane, suite, OUTCOME_INFRA); /* the budget is of what ran: this did not */
        has_kept = has_kept || other == NULL;
        if (other != NULL) {
            hand_over(lane, other, suite, effects);
        }
    }
    return has_kept;
}
