/* lanes.h - what each lane did and when, for the timeline: waits, deploys, attempts.
 *
 * Times are milliseconds since the run's start. What is under way has no end yet: it is drawn up to the last
 * event. Stacks that were left alone take no time and are only counted. */
#ifndef ITRUN_REPORTERS_HTML_LANES_H
#define ITRUN_REPORTERS_HTML_LANES_H
#include "itrun/base/json.h"
#include "itrun/base/map.h"
#include "itrun/base/memory.h"
#include "itrun/events.h"

enum segment_kind { SEGMENT_WAIT, SEGMENT_DEPLOY, SEGMENT_ATTEMPT };
struct segment {
    enum segment_kind kind;
    bool is_open, is_ok;
    int number;           /* ATTEMPT: its number */
    enum outcome outcome; /* ATTEMPT */
    size_t index;         /* DEPLOY: of the stack's name; ATTEMPT: the suite */
    const char *word;     /* DEPLOY: the action; WAIT: the account that ended it, or NULL */
    int64_t start_ms, length_ms;
};
struct lane_track {
    struct segment *segments;
    size_t count, capacity, skipped_stacks;
    int64_t end_ms; /* 0: it did not end */
};
struct problem {
    const char *kind, *message;
    size_t shard, count;
    int64_t at_ms;
};
struct lanes {
    struct arena *arena;
    struct map *stacks; /* name -> nothing: the order of first mention numbers them */
    struct lane_track *tracks;
    size_t count, capacity;
    struct problem *problems; /* the first of a kind and message, and how often */
    size_t problem_count, problem_capacity;
    int64_t announced_ms;
};
void lanes_init(struct lanes *lanes);
void lanes_clear(struct lanes *lanes);
/* After the fold has taken the event. */
void lanes_event(struct lanes *lanes, const struct fold *fold, const struct event *event);
void lanes_write(const struct lanes *lanes, const struct fold *fold, struct json_writer *writer);
#endif
