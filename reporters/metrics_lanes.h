/* metrics_lanes.h - what the metrics tell of lanes, accounts and stacks. */
#ifndef ITRUN_REPORTERS_METRICS_LANES_H
#define ITRUN_REPORTERS_METRICS_LANES_H
#include "itrun/base/map.h"
#include "itrun/events.h"
#include "metrics_text.h"

enum deploy_kind { DEPLOY_CREATE, DEPLOY_UPDATE, DEPLOY_RECREATE, DEPLOY_KIND_COUNT };
struct lane_metrics {
    struct map *accounts; /* alias -> its enum account_state, for those that were leased */
    struct histogram waits;
    struct histogram deploys[DEPLOY_KIND_COUNT];
    int64_t saved_us;
};
void lane_metrics_init(struct lane_metrics *metrics);
void lane_metrics_clear(struct lane_metrics *metrics);
/* After the fold has heard the event. */
void lane_metrics_event(struct lane_metrics *metrics, const struct fold *fold, const struct event *event);
void lane_metrics_write(const struct lane_metrics *metrics, const struct fold *fold, struct text *text);
#endif
