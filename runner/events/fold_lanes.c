/* fold_lanes.c - how each lane spent its time, and what became of the stacks. */
#include "fold_lanes.h"
#include <string.h>

/* A damaged journal must not ask for gigabytes. */
#define LANES_AT_MOST 1000000

const char *fold_keep(struct fold *fold, const char *kept, const char *string)
{
    if (string == NULL || string_equal(kept, string)) {
        return kept;
    }
    return arena_string(fold->arena, string);
}

bool fold_lanes_make(struct fold *fold, size_t count, struct error *error)
{
    if (count > LANES_AT_MOST) {
        return error_set(error, ERROR_INVALID, "shard %zu of at most %d", count, LANES_AT_MOST);
    }
    while (fold->shard_count < count) {
        fold->shards =
            memory_grow(fold->shards, fold->shard_count, &fold->shard_capacity, sizeof *fold->shards);
        fold->shards[fold->shard_count++].since_us = fold->announced_us;
    }
    return true;
}

/* A lane that has its account and runs nothing either deploys, or looks at its stacks (what comes next then
 * says so), or waits for its turn. */
static enum fold_phase phase_of(const struct fold_shard *shard, bool is_about_stacks)
{
    if (shard->is_finished) {
        return FOLD_IDLE;
    }
    if (shard->is_testing) {
        return FOLD_TEST;
    }
    if (!shard->is_leased) {
        return FOLD_WAIT;
    }
    return shard->deploys_open > 0 || is_about_stacks ? FOLD_RECONCILE : FOLD_IDLE;
}

/* Charges the time since the last change to the phase that now ends. */
static void charge(struct fold_shard *shard, int64_t now_us, bool is_about_stacks)
{
    int64_t passed_us = now_us > shard->since_us ? now_us - shard->since_us : 0;
    enum fold_phase phase = phase_of(shard, is_about_stacks);
    shard->phase_us[phase] += passed_us;
    if (phase == FOLD_WAIT) {
        shard->wait_us += passed_us;
        shard->longest_wait_us =
            shard->wait_us > shard->longest_wait_us ? shard->wait_us : shard->longest_wait_us;
    }
    shard->since_us = now_us;
}

void fold_shard_now(const struct fold *fold, size_t index, struct fold_shard *ret_shard)
{
    *ret_shard = fold->shards[index];
    charge(ret_shard, fold->last_monotonic_us, false);
}

/* Those that one stack.finished answers; after the others comes another decision. */
static bool is_deploy(const char *action)
{
    return string_equal(action, "create") || string_equal(action, "update") ||
           string_equal(action, "repair") || string_equal(action, "replace");
}

static void count_stack(struct fold *fold, const struct event *event)
{
    const char *action = event->stack_action.action != NULL ? event->stack_action.action : "";
    if (event->type == EVENT_STACK_DECIDED) {
        fold->stacks_skipped += strcmp(action, "skip") == 0;
        return;
    }
    fold->stack_deploy_ms += event->duration_ms;
    if (!event->stack_action.is_ok) {
        fold->stacks_failed++;
    } else if (strcmp(action, "create") == 0) {
        fold->stacks_created++;
    } else if (strcmp(action, "update") == 0 || strcmp(action, "repair") == 0) {
        fold->stacks_updated++;
    } else if (strcmp(action, "replace") == 0) {
        fold->stacks_replaced++;
    }
}

static void note_hold(struct fold *fold, const struct event *event)
{
    if (string_equal(event->reason, "held")) {
        fold->holds = memory_grow(fold->holds, fold->hold_count, &fold->hold_capacity, sizeof *fold->holds);
        fold->holds[fold->hold_count++] =
            (struct fold_hold){event->shard, arena_string(fold->arena, event->account), event->duration_ms};
    }
}

static void change_lane(struct fold *fold, struct fold_shard *shard, const struct event *event)
{
    switch (event->type) {
    case EVENT_ACCOUNT_LEASED:
        shard->is_leased = true;
        shard->deploys_open = 0;
        shard->account = fold_keep(fold, shard->account, event->account);
        break;
    case EVENT_ACCOUNT_RELEASED:
        shard->is_leased = false;
        shard->wait_us = 0;
        note_hold(fold, event);
        break;
    case EVENT_STACK_DECIDED: shard->deploys_open += is_deploy(event->stack_action.action); break;
    case EVENT_STACK_FINISHED: shard->deploys_open -= shard->deploys_open > 0; break;
    case EVENT_ATTEMPT_STARTED: shard->is_testing = true; break;
    case EVENT_ATTEMPT_FINISHED: shard->is_testing = false; break;
    case EVENT_SHARD_FINISHED:
        shard->is_finished = true;
        shard->reason = fold_keep(fold, shard->reason, event->reason);
        break;
    default: break;
    }
}

bool fold_lane_event(struct fold *fold, const struct event *event, struct error *error)
{
    bool is_about_stacks = event->type == EVENT_STACK_DECIDED || event->type == EVENT_STACK_FINISHED;
    if (is_about_stacks) {
        count_stack(fold, event);
    }
    if (event->shard == 0) {
        return true;
    }
    if (!fold_lanes_make(fold, event->shard, error)) {
        return false;
    }
    struct fold_shard *shard = &fold->shards[event->shard - 1];
    charge(shard, event->monotonic_us, is_about_stacks);
    change_lane(fold, shard, event);
    return true;
}
