#include "segments.h"
#include <string.h>

struct open_stack {
    struct segment segment; /* number: its slot */
    bool is_used;
};
struct lane_line {
    int64_t begun_us;
    bool is_begun, is_ended;
    struct segment wait, attempt; /* where is_open */
    size_t wait_count;
    bool was_leased, is_wait_told;
    struct open_stack *stacks; /* by slot */
    size_t stack_count, stack_capacity;
};
struct suite_line {
    int64_t begun_us;
    size_t shard;
    bool is_begun, is_ended;
};
struct segments {
    const struct fold *fold;
    segment_seen *seen;
    void *context;
    struct lane_line *lanes;
    size_t lane_count, lane_capacity;
    struct suite_line *suites;
    size_t suite_count, suite_capacity;
};

struct segments *segments_new(const struct fold *fold, segment_seen *seen, void *context)
{
    struct segments *segments = memory_new(sizeof *segments);
    segments->fold = fold;
    segments->seen = seen;
    segments->context = context;
    return segments;
}

void segments_free(struct segments *segments)
{
    for (size_t i = 0; i < segments->lane_count; i++) {
        memory_free(segments->lanes[i].stacks);
    }
    memory_free(segments->lanes);
    memory_free(segments->suites);
    memory_free(segments);
}

static void tell(const struct segments *segments, struct segment segment, int64_t now_us,
                 const struct event *event)
{
    segment.end_us = now_us > segment.start_us ? now_us : segment.start_us;
    segment.is_open = event == NULL;
    segments->seen(segments->context, &segment, event);
}

static struct segment lane_segment(const struct segments *segments, size_t index)
{
    const struct fold_shard *shard = &segments->fold->shards[index];
    return (struct segment){.kind = SEGMENT_LANE,
                            .shard = index + 1,
                            .suite = NO_INDEX,
                            .account = shard->account,
                            .reason = shard->reason,
                            .start_us = segments->lanes[index].begun_us};
}

static void begin_wait(struct lane_line *lane, size_t shard, int64_t now_us)
{
    lane->wait_count++;
    lane->is_wait_told = false;
    lane->wait = (struct segment){.kind = SEGMENT_WAIT,
                                  .shard = shard,
                                  .suite = NO_INDEX,
                                  .number = lane->wait_count,
                                  .is_open = true,
                                  .start_us = now_us};
}

static struct lane_line *lane_at(struct segments *segments, size_t shard)
{
    while (segments->lane_count < shard) {
        segments->lanes = memory_grow(segments->lanes, segments->lane_count, &segments->lane_capacity,
                                      sizeof *segments->lanes);
        segments->lane_count++;
    }
    struct lane_line *lane = &segments->lanes[shard - 1];
    if (!lane->is_begun) {
        lane->is_begun = true;
        lane->begun_us = segments->fold->announced_us;
        begin_wait(lane, shard, lane->begun_us);
    }
    return lane;
}

static void end_wait(struct segments *segments, struct lane_line *lane, const struct event *event)
{
    if (lane->wait.is_open) {
        lane->wait.account = event->account;
        lane->wait.is_ok = event->type == EVENT_ACCOUNT_LEASED;
        tell(segments, lane->wait, event->monotonic_us, event);
        lane->wait.is_open = false;
    }
}

static struct open_stack *find_stack(struct lane_line *lane, const char *name)
{
    for (size_t i = 0; i < lane->stack_count; i++) {
        if (lane->stacks[i].is_used && string_equal(lane->stacks[i].segment.stack, name)) {
            return &lane->stacks[i];
        }
    }
    return NULL;
}

static struct open_stack *free_slot(struct lane_line *lane)
{
    for (size_t i = 0; i < lane->stack_count; i++) {
        if (!lane->stacks[i].is_used) {
            return &lane->stacks[i];
        }
    }
    lane->stacks = memory_grow(lane->stacks, lane->stack_count, &lane->stack_capacity, sizeof *lane->stacks);
    struct open_stack *slot = &lane->stacks[lane->stack_count];
    slot->segment.number = lane->stack_count++;
    return slot;
}

static void end_stack(struct segments *segments, struct open_stack *open, const struct event *event,
                      bool is_ok)
{
    open->segment.is_ok = is_ok;
    open->segment.reason = event->reason != NULL ? event->reason : open->segment.reason;
    tell(segments, open->segment, event->monotonic_us, event);
    open->is_used = false;
}

/* A wait for somebody else's deploy ends with the next decision; a second write is the same deploy. */
static void stack_decided(struct segments *segments, struct lane_line *lane, const struct event *event)
{
    const char *action = event->stack_action.action != NULL ? event->stack_action.action : "";
    struct open_stack *open = find_stack(lane, event->stack);
    if (open != NULL && strcmp(open->segment.action, "wait") == 0) {
        end_stack(segments, open, event, true);
        open = NULL;
    }
    if (strcmp(action, "skip") == 0 || strcmp(action, "give up") == 0) {
        return;
    }
    const char *kept_action = arena_string(segments->fold->arena, action);
    if (open != NULL) {
        open->segment.action = kept_action;
        return;
    }
    open = free_slot(lane);
    open->is_used = true;
    open->segment = (struct segment){.kind = SEGMENT_STACK,
                                     .shard = event->shard,
                                     .suite = NO_INDEX,
                                     .number = open->segment.number,
                                     .account = arena_string(segments->fold->arena, event->account),
                                     .stack = arena_string(segments->fold->arena, event->stack),
                                     .action = kept_action,
                                     .reason = arena_string(segments->fold->arena, event->reason),
                                     .start_us = event->monotonic_us};
}

static void stack_finished(struct segments *segments, struct lane_line *lane, const struct event *event)
{
    struct open_stack *open = find_stack(lane, event->stack);
    if (open != NULL) {
        if (event->stack_action.action != NULL) {
            open->segment.action = event->stack_action.action;
        }
        end_stack(segments, open, event, event->stack_action.is_ok);
    }
}

/* What an account's end leaves open was given up. */
static void end_stacks(struct segments *segments, struct lane_line *lane, const struct event *event)
{
    for (size_t i = 0; i < lane->stack_count; i++) {
        if (lane->stacks[i].is_used) {
            end_stack(segments, &lane->stacks[i], event, false);
        }
    }
}

static void end_lane(struct segments *segments, struct lane_line *lane, const struct event *event)
{
    if (lane->is_ended) {
        return;
    }
    end_stacks(segments, lane, event);
    if (!lane->was_leased || lane->is_wait_told) { /* else it only gave its last account back */
        end_wait(segments, lane, event);
    }
    lane->wait.is_open = false;
    lane->is_ended = true;
    tell(segments, lane_segment(segments, event->shard - 1), event->monotonic_us, event);
}

static struct suite_line *suite_at(struct segments *segments, size_t index)
{
    while (segments->suite_count <= index) {
        segments->suites = memory_grow(segments->suites, segments->suite_count, &segments->suite_capacity,
                                       sizeof *segments->suites);
        segments->suite_count++;
    }
    return &segments->suites[index];
}

static void attempt_started(struct segments *segments, struct lane_line *lane, const struct event *event)
{
    struct suite_line *suite = suite_at(segments, event->suite);
    if (!suite->is_begun) {
        suite->is_begun = true;
        suite->begun_us = event->monotonic_us;
        suite->shard = event->shard;
    }
    lane->attempt = (struct segment){.kind = SEGMENT_ATTEMPT,
                                     .shard = event->shard,
                                     .suite = event->suite,
                                     .number = (size_t)event->attempt,
                                     .account = segments->fold->suites[event->suite].account,
                                     .outcome = OUTCOME_LOST,
                                     .is_open = true,
                                     .start_us = event->monotonic_us};
}

static void attempt_finished(struct segments *segments, struct lane_line *lane, const struct event *event)
{
    if (lane->attempt.is_open && lane->attempt.suite == event->suite) {
        lane->attempt.outcome = event->outcome;
        lane->attempt.reason = event->reason;
        tell(segments, lane->attempt, event->monotonic_us, event);
        lane->attempt.is_open = false;
    }
}

static struct segment suite_segment(const struct segments *segments, size_t index)
{
    const struct fold_suite *folded = &segments->fold->suites[index];
    const struct suite_line *suite = &segments->suites[index];
    return (struct segment){.kind = SEGMENT_SUITE,
                            .shard = suite->is_begun ? suite->shard : folded->shard,
                            .suite = index,
                            .account = folded->account,
                            .outcome = folded->outcome,
                            .reason = folded->reason,
                            .start_us = suite->begun_us};
}

static void suite_finished(struct segments *segments, const struct event *event)
{
    struct suite_line *suite = suite_at(segments, event->suite);
    if (!suite->is_begun) {
        suite->begun_us = event->monotonic_us; /* it never ran: a moment */
    }
    suite->is_ended = true;
    tell(segments, suite_segment(segments, event->suite), event->monotonic_us, event);
}

static void lane_event(struct segments *segments, struct lane_line *lane, const struct event *event)
{
    switch (event->type) {
    case EVENT_ACCOUNT_WAITING: lane->is_wait_told = true; break;
    case EVENT_ACCOUNT_LEASED:
        end_wait(segments, lane, event);
        lane->was_leased = true;
        break;
    case EVENT_ACCOUNT_RELEASED:
        end_stacks(segments, lane, event);
        begin_wait(lane, event->shard, event->monotonic_us);
        break;
    case EVENT_STACK_DECIDED: stack_decided(segments, lane, event); break;
    case EVENT_STACK_FINISHED: stack_finished(segments, lane, event); break;
    case EVENT_ATTEMPT_STARTED: attempt_started(segments, lane, event); break;
    case EVENT_ATTEMPT_FINISHED: attempt_finished(segments, lane, event); break;
    case EVENT_SHARD_FINISHED: end_lane(segments, lane, event); break;
    default: break;
    }
}

void segments_event(struct segments *segments, const struct event *event)
{
    if (event->type == EVENT_PLAN_ANNOUNCED) {
        for (size_t i = 0; i < segments->fold->shard_count; i++) {
            lane_at(segments, i + 1);
        }
    }
    if (event->shard != 0 && segments->fold->is_announced && event->shard <= segments->fold->shard_count) {
        lane_event(segments, lane_at(segments, event->shard), event);
    }
    if (event->type == EVENT_SUITE_FINISHED) {
        suite_finished(segments, event);
    }
}

void segments_tell_open(const struct segments *segments)
{
    int64_t now_us = segments->fold->last_monotonic_us;
    for (size_t i = 0; i < segments->lane_count; i++) {
        const struct lane_line *lane = &segments->lanes[i];
        for (size_t k = 0; k < lane->stack_count; k++) {
            if (lane->stacks[k].is_used) {
                tell(segments, lane->stacks[k].segment, now_us, NULL);
            }
        }
        if (lane->attempt.is_open) {
            tell(segments, lane->attempt, now_us, NULL);
        }
        if (lane->wait.is_open && !lane->is_ended) {
            tell(segments, lane->wait, now_us, NULL);
        }
    }
    for (size_t i = 0; i < segments->suite_count; i++) {
        if (segments->suites[i].is_begun && !segments->suites[i].is_ended) {
            tell(segments, suite_segment(segments, i), now_us, NULL);
        }
    }
    for (size_t i = 0; i < segments->lane_count; i++) {
        if (segments->lanes[i].is_begun && !segments->lanes[i].is_ended) {
            tell(segments, lane_segment(segments, i), now_us, NULL);
        }
    }
}
