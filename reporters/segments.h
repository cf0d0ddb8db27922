/* segments.h - events -> stretches of time: what each lane did from when to when, for whoever draws them.
 *
 * A lane waits for accounts, deploys stacks side by side, runs attempts one after the other; a suite lasts
 * from its first attempt to its outcome. Times are monotonic, since the run's start. Borrows from the fold
 * and, while seen() runs, from the event. */
#ifndef ITRUN_REPORTERS_SEGMENTS_H
#define ITRUN_REPORTERS_SEGMENTS_H
#include "itrun/events.h"

enum segment_kind { SEGMENT_LANE, SEGMENT_WAIT, SEGMENT_STACK, SEGMENT_SUITE, SEGMENT_ATTEMPT };
struct segment {
    enum segment_kind kind;
    size_t shard;  /* 1-based; 0: a suite that never had one */
    size_t suite;  /* SUITE, ATTEMPT */
    size_t number; /* ATTEMPT: 1-based; WAIT: which one of the lane, 1-based; STACK: its slot among those side
                      by side, from 0 */
    const char *account; /* alias, or NULL */
    const char *stack, *action, *reason;
    enum outcome outcome; /* SUITE, ATTEMPT */
    bool is_ok;           /* STACK */
    bool is_open;         /* the events ended first */
    int64_t start_us, end_us;
};
/* event: what ended the segment; NULL when it is open. */
typedef void segment_seen(void *context, const struct segment *segment, const struct event *event);
struct segments;
struct segments *segments_new(const struct fold *fold, segment_seen *seen, void *context);
void segments_free(struct segments *segments);
/* After the fold has heard the event. Tells what it ended: inner segments before outer ones. */
void segments_event(struct segments *segments, const struct event *event);
/* Tells what is under way, as if it ended with the last event. */
void segments_tell_open(const struct segments *segments);
#endif
