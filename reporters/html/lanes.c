#include "html/lanes.h"
#include "html/rows.h"
#include <string.h>

#define LANES_AT_MOST    100000 /* a damaged journal must not ask for gigabytes */
#define PROBLEMS_AT_MOST 500
#define LANE_END_MS      50

void lanes_init(struct lanes *lanes)
{
    *lanes = (struct lanes){.arena = arena_new(), .stacks = map_new()};
}

void lanes_clear(struct lanes *lanes)
{
    for (size_t i = 0; i < lanes->count; i++) {
        memory_free(lanes->tracks[i].segments);
    }
    memory_free(lanes->tracks);
    memory_free(lanes->problems);
    map_free(lanes->stacks);
    arena_free(lanes->arena);
}

static size_t stack_number(struct lanes *lanes, const char *name)
{
    if (!map_has(lanes->stacks, name)) {
        map_put(lanes->stacks, name, arena_string(lanes->arena, name));
    }
    size_t number = 0;
    while (strcmp(map_key(lanes->stacks, number), name) != 0) {
        number++;
    }
    return number;
}

static struct segment *track_add(struct lane_track *track, enum segment_kind kind, int64_t now_ms)
{
    track->segments = memory_grow(track->segments, track->count, &track->capacity, sizeof *track->segments);
    struct segment *segment = &track->segments[track->count++];
    *segment = (struct segment){.kind = kind, .is_open = true, .start_ms = now_ms};
    return segment;
}

static void segment_end(struct segment *segment, int64_t now_ms)
{
    segment->is_open = false;
    segment->length_ms = now_ms > segment->start_ms ? now_ms - segment->start_ms : 0;
}

static struct segment *find_open(struct lane_track *track, enum segment_kind kind, size_t index)
{
    for (size_t i = track->count; i > 0; i--) {
        struct segment *segment = &track->segments[i - 1];
        if (segment->is_open && segment->kind == kind && segment->index == index) {
            return segment;
        }
    }
    return NULL;
}

static struct lane_track *track_of(struct lanes *lanes, size_t shard)
{
    while (lanes->count < shard && lanes->count < LANES_AT_MOST) {
        lanes->tracks = memory_grow(lanes->tracks, lanes->count, &lanes->capacity, sizeof *lanes->tracks);
        track_add(&lanes->tracks[lanes->count++], SEGMENT_WAIT, lanes->announced_ms);
    }
    return shard > 0 && shard <= lanes->count ? &lanes->tracks[shard - 1] : NULL;
}

static const char *word_of_action(const char *action)
{
    static const char *const words[] = {"skip", "wait", "create", "update", "repair", "replace", "give up"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (string_equal(action, words[i])) {
            return words[i];
        }
    }
    return "deploy";
}

static void stack_event(struct lanes *lanes, struct lane_track *track, const struct event *event,
                        int64_t now_ms)
{
    const char *word = word_of_action(event->stack_action.action);
    size_t stack = stack_number(lanes, event->stack != NULL ? event->stack : "?");
    bool takes_time = strcmp(word, "skip") != 0 && strcmp(word, "give up") != 0;
    struct segment *segment = find_open(track, SEGMENT_DEPLOY, stack);
    if (event->type == EVENT_STACK_DECIDED) {
        track->skipped_stacks += strcmp(word, "skip") == 0;
        if (!takes_time || segment != NULL) {
            return;
        }
        segment = track_add(track, SEGMENT_DEPLOY, now_ms);
        segment->index = stack;
        segment->word = word;
        return;
    }
    if (segment == NULL) {
        segment = track_add(track, SEGMENT_DEPLOY, now_ms - event->duration_ms);
        segment->index = stack;
    }
    segment->word = word;
    segment->is_ok = event->stack_action.is_ok;
    segment_end(segment, now_ms);
}

static void note_problem(struct lanes *lanes, const struct event *event, int64_t now_ms)
{
    for (size_t i = 0; i < lanes->problem_count; i++) {
        struct problem *problem = &lanes->problems[i];
        if (string_equal(problem->kind, event->problem_kind) &&
            string_equal(problem->message, event->reason)) {
            problem->count++;
            return;
        }
    }
    if (lanes->problem_count == PROBLEMS_AT_MOST) {
        return;
    }
    lanes->problems =
        memory_grow(lanes->problems, lanes->problem_count, &lanes->problem_capacity, sizeof *lanes->problems);
    lanes->problems[lanes->problem_count++] =
        (struct problem){.kind = arena_string(lanes->arena, event->problem_kind),
                         .message = arena_string(lanes->arena, event->reason),
                         .shard = event->shard,
                         .count = 1,
                         .at_ms = now_ms};
}

static void attempt_ended(struct lane_track *track, const struct event *event, int64_t now_ms)
{
    struct segment *segment = find_open(track, SEGMENT_ATTEMPT, event->suite);
    if (segment != NULL) {
        segment->outcome = event->outcome;
        segment_end(segment, now_ms);
    }
}

static void track_event(struct lanes *lanes, struct lane_track *track, const struct event *event,
                        int64_t now_ms)
{
    struct segment *wait = find_open(track, SEGMENT_WAIT, 0);
    switch (event->type) {
    case EVENT_ACCOUNT_LEASED:
        if (wait != NULL) {
            segment_end(wait, now_ms);
            wait->word = arena_string(lanes->arena, event->account);
        }
        break;
    case EVENT_ACCOUNT_RELEASED:
        if (wait == NULL) { /* whoever goes on waits for another account; else shard.finished ends it */
            track_add(track, SEGMENT_WAIT, now_ms);
        }
        break;
    case EVENT_STACK_DECIDED:
    case EVENT_STACK_FINISHED: stack_event(lanes, track, event, now_ms); break;
    case EVENT_ATTEMPT_STARTED: {
        struct segment *segment = track_add(track, SEGMENT_ATTEMPT, now_ms);
        segment->index = event->suite;
        segment->number = event->attempt;
        segment->outcome = OUTCOME_LOST;
        break;
    }
    case EVENT_ATTEMPT_FINISHED: attempt_ended(track, event, now_ms); break;
    case EVENT_SHARD_FINISHED:
        if (wait != NULL) {
            segment_end(wait, now_ms);
        }
        track->end_ms = now_ms;
        break;
    default: break;
    }
}

void lanes_event(struct lanes *lanes, const struct fold *fold, const struct event *event)
{
    int64_t now_ms = event->monotonic_us / 1000;
    if (event->type == EVENT_PLAN_ANNOUNCED) {
        lanes->announced_ms = now_ms;
        track_of(lanes, fold->shard_count); /* from now on all of them wait */
    }
    if (event->type == EVENT_PROBLEM) {
        note_problem(lanes, event, now_ms);
    }
    struct lane_track *track = event->type == EVENT_SUITE_PLANNED ? NULL : track_of(lanes, event->shard);
    if (track != NULL) {
        track_event(lanes, track, event, now_ms);
    }
}

/* ["w",start,length,account] ["d",start,length,stack,action,is ok] ["a",start,length,suite,attempt,outcome]
 */
static void write_segment(const struct segment *segment, int64_t last_ms, struct json_writer *writer)
{
    static const char *const letters[] = {
        [SEGMENT_WAIT] = "w", [SEGMENT_DEPLOY] = "d", [SEGMENT_ATTEMPT] = "a"};
    int64_t length_ms =
        segment->is_open && last_ms > segment->start_ms ? last_ms - segment->start_ms : segment->length_ms;
    json_write_array(writer, NULL);
    json_write_string(writer, NULL, letters[segment->kind]);
    json_write_int(writer, NULL, segment->start_ms);
    json_write_int(writer, NULL, length_ms);
    if (segment->kind == SEGMENT_WAIT) {
        rows_write_line(writer, NULL, segment->word);
    } else {
        json_write_int(writer, NULL, (int64_t)segment->index);
    }
    if (segment->kind == SEGMENT_DEPLOY) {
        json_write_string(writer, NULL, segment->word);
        json_write_int(writer, NULL, segment->is_ok);
    } else if (segment->kind == SEGMENT_ATTEMPT) {
        json_write_int(writer, NULL, segment->number);
        json_write_int(writer, NULL, segment->outcome);
    }
    json_write_end(writer, ']');
}

/* The moment between an account's release and the end of its lane is no wait. */
static bool is_end_of_lane(const struct segment *segment)
{
    return segment->kind == SEGMENT_WAIT && !segment->is_open && segment->word == NULL &&
           segment->length_ms < LANE_END_MS;
}

static void write_track(const struct lane_track *track, const struct fold *fold, size_t index,
                        struct json_writer *writer)
{
    const struct fold_shard *shard = index < fold->shard_count ? &fold->shards[index] : NULL;
    json_write_array(writer, NULL);
    rows_write_line(writer, NULL, shard != NULL ? shard->account : NULL);
    rows_write_line(writer, NULL, shard != NULL ? shard->reason : NULL);
    json_write_int(writer, NULL, track != NULL ? track->end_ms : 0);
    json_write_int(writer, NULL, track != NULL ? (int64_t)track->skipped_stacks : 0);
    json_write_array(writer, NULL);
    for (size_t i = 0; track != NULL && i < track->count; i++) {
        if (!is_end_of_lane(&track->segments[i])) {
            write_segment(&track->segments[i], fold->last_monotonic_us / 1000, writer);
        }
    }
    json_write_end(writer, ']');
    json_write_end(writer, ']');
}

void lanes_write(const struct lanes *lanes, const struct fold *fold, struct json_writer *writer)
{
    json_write_array(writer, "stacks");
    for (size_t i = 0; i < map_count(lanes->stacks); i++) {
        rows_write_line(writer, NULL, map_key(lanes->stacks, i));
    }
    json_write_end(writer, ']');
    json_write_array(writer, "lanes");
    for (size_t i = 0; i < fold->shard_count; i++) {
        write_track(i < lanes->count ? &lanes->tracks[i] : NULL, fold, i, writer);
    }
    json_write_end(writer, ']');
    json_write_array(writer, "problems");
    for (size_t i = 0; i < lanes->problem_count; i++) {
        const struct problem *problem = &lanes->problems[i];
        json_write_array(writer, NULL);
        rows_write_line(writer, NULL, problem->kind);
        rows_write_line(writer, NULL, problem->message);
        json_write_int(writer, NULL, (int64_t)problem->shard);
        json_write_int(writer, NULL, problem->at_ms);
        json_write_int(writer, NULL, (int64_t)problem->count);
        json_write_end(writer, ']');
    }
    json_write_end(writer, ']');
}
