/* fold_lanes.h - the part of the fold that is about lanes and stacks; for fold.c alone. */
#ifndef ITRUN_EVENTS_FOLD_LANES_H
#define ITRUN_EVENTS_FOLD_LANES_H
#include "itrun/events.h"

/* Makes sure that lanes 1 to `count` exist. */
bool fold_lanes_make(struct fold *fold, size_t count, struct error *error);
/* What the event says of its lane and its stack. */
bool fold_lane_event(struct fold *fold, const struct event *event, struct error *error);
/* `kept` if it says the same, else a copy: most strings of a run repeat. NULL leaves what was there. */
const char *fold_keep(struct fold *fold, const char *kept, const char *string);
#endif
