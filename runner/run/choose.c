/* choose.c - which suite a lane takes next: its own, in order, as soon as its stacks are ready; when its own
 * queue is dry, the next one of the busiest lane, if that needs no deploy here. Never a running suite, nor
 * one that the infrastructure failed in this very account. */
#include "machines.h"

#define UNKNOWN_EXPECTED_MS 10000

int64_t suite_expected_ms(const struct suite *suite)
{
    return suite->estimate.expected_ms > 0 ? suite->estimate.expected_ms : UNKNOWN_EXPECTED_MS;
}

static bool is_waiting(const struct run *run, const struct lane *lane, size_t suite)
{
    return suite != NO_INDEX && run->suites[suite].progress == SUITE_WAITING &&
           run->suites[suite].lane == lane->index;
}

bool lane_has_waiting(const struct lane *lane)
{
    for (size_t i = lane->queue_next; i < lane->queue_count; i++) {
        if (is_waiting(lane->run, lane, lane->queue[i])) {
            return true;
        }
    }
    return false;
}

bool choose_is_ready(const struct lane *lane, size_t suite)
{
    const struct suite *noun = &lane->run->inventory->suites[suite];
    for (size_t i = 0; i < noun->need_count; i++) {
        if (lane->reconcile == NULL) {
            return false;
        }
        enum stack_readiness readiness = reconcile_readiness(lane->reconcile, noun->needs[i]);
        bool is_seen =
            lane->run->options->is_shell && readiness == STACK_FAILED; /* who looks, looks at that */
        if (readiness != STACK_READY && !is_seen) {
            return false;
        }
    }
    return true;
}

static bool is_avoided(const struct suite_run *suite, const struct lane *here)
{
    return suite->avoid == here->account && !(suite->is_avoid_waived && suite->lane == here->index);
}

static size_t first_ready(struct lane *from, const struct lane *here)
{
    for (size_t i = from->queue_next; i < from->queue_count; i++) {
        size_t suite = from->queue[i];
        if (is_waiting(from->run, from, suite) && choose_is_ready(here, suite) &&
            !is_avoided(&from->run->suites[suite], here)) {
            return suite;
        }
    }
    return NO_INDEX;
}

size_t choose_avoided(const struct lane *lane)
{
    for (size_t i = lane->queue_next; i < lane->queue_count && lane->run->has_avoided; i++) {
        if (is_waiting(lane->run, lane, lane->queue[i]) &&
            is_avoided(&lane->run->suites[lane->queue[i]], lane)) {
            return lane->queue[i];
        }
    }
    return NO_INDEX;
}

static bool has_failed_need(const struct lane *lane, size_t suite)
{
    const struct suite *noun = &lane->run->inventory->suites[suite];
    for (size_t i = 0; i < noun->need_count && lane->reconcile != NULL; i++) {
        if (reconcile_readiness(lane->reconcile, noun->needs[i]) == STACK_FAILED) {
            return true;
        }
    }
    return false;
}

static int64_t expected_left_ms(const struct lane *lane)
{
    int64_t left_ms = 0;
    for (size_t i = lane->queue_next; i < lane->queue_count; i++) {
        if (is_waiting(lane->run, lane, lane->queue[i])) {
            left_ms += suite_expected_ms(&lane->run->inventory->suites[lane->queue[i]]);
        }
    }
    return left_ms;
}

/* A lane that is about to start its next suite: nothing to win there. */
static bool starts_next_itself(struct lane *lane)
{
    bool is_free = lane->attempt.state == ATTEMPT_NONE && lane->claim_id == 0 && !lane->wants_job_slot;
    return lane->state == LANE_PREPARING ||
           (lane->state == LANE_OPEN && is_free && first_ready(lane, lane) != NO_INDEX);
}

static bool has_one_waiting(const struct lane *lane)
{
    size_t count = 0;
    for (size_t i = lane->queue_next; i < lane->queue_count; i++) {
        count += is_waiting(lane->run, lane, lane->queue[i]) ? 1 : 0;
    }
    return count == 1;
}

/* A lane whose stacks are being made ready runs at least one suite: else they were made in vain. */
static bool keeps_its_last(const struct lane *lane)
{
    bool has_started = lane->used_ms > 0 || lane->attempt.state != ATTEMPT_NONE || lane->claim_id != 0;
    return lane->state == LANE_OPEN && lane->reconcile != NULL && !has_started && has_one_waiting(lane);
}

/* How near a lane is to starting this suite; 0: it cannot. */
static int nearness(const struct lane *lane, size_t suite, bool may_wait)
{
    if (lane->wants_move || has_failed_need(lane, suite)) {
        return 0;
    }
    if (lane->state == LANE_OPEN) {
        return choose_is_ready(lane, suite) ? 4 : 3;
    }
    if (lane->state == LANE_PREPARING) {
        return 2;
    }
    return lane->state == LANE_WAITING && may_wait ? 1 : 0;
}

struct lane *choose_other(struct run *run, const struct lane *lane, size_t suite, bool may_wait)
{
    struct lane *chosen = NULL;
    int nearest = 0;
    int64_t least_ms = INT64_MAX;
    for (size_t i = 0; i < run->lane_count; i++) {
        struct lane *other = &run->lanes[i];
        int near = other == lane ? 0 : nearness(other, suite, may_wait);
        int64_t left_ms = expected_left_ms(other);
        if (near > nearest || (near > 0 && near == nearest && left_ms < least_ms)) {
            chosen = other;
            nearest = near;
            least_ms = left_ms;
        }
    }
    return chosen;
}

static size_t choose_theft(struct run *run, struct lane *lane, struct lane **ret_from)
{
    int64_t most_ms = 0;
    size_t chosen = NO_INDEX;
    for (size_t i = 0; i < run->lane_count; i++) {
        struct lane *other = &run->lanes[i];
        if (other == lane || other->state == LANE_DONE || starts_next_itself(other) ||
            keeps_its_last(other)) {
            continue;
        }
        int64_t left_ms = expected_left_ms(other);
        if (left_ms <= most_ms) {
            continue;
        }
        size_t suite = first_ready(other, lane);
        if (suite != NO_INDEX) {
            most_ms = left_ms;
            chosen = suite;
            *ret_from = other;
        }
    }
    return chosen;
}

size_t choose_suite(struct run *run, struct lane *lane, struct lane **ret_from)
{
    while (lane->queue_next < lane->queue_count && !is_waiting(run, lane, lane->queue[lane->queue_next])) {
        lane->queue_next++;
    }
    *ret_from = NULL;
    size_t own = first_ready(lane, lane);
    if (own != NO_INDEX || lane_has_waiting(lane) || run->options->is_stealing_off) {
        return own;
    }
    return choose_theft(run, lane, ret_from);
}

void choose_steal(struct run *run, struct lane *from, struct lane *to, size_t suite)
{
    for (size_t i = from->queue_next; i < from->queue_count; i++) {
        if (from->queue[i] == suite) {
            from->queue[i] = NO_INDEX;
        }
    }
    size_t *queue = memory_resize(to->queue, (to->queue_count + 1) * sizeof *queue);
    queue[to->queue_count++] = suite;
    to->queue = queue;
    run->suites[suite].lane = to->index;
}
