#include "metrics_lanes.h"
#include <string.h>

static const enum account_state states[ACCOUNT_STATE_COUNT] = {
    [ACCOUNT_FREE] = ACCOUNT_FREE,
    [ACCOUNT_LEASED] = ACCOUNT_LEASED,
    [ACCOUNT_CLEANING] = ACCOUNT_CLEANING,
    [ACCOUNT_DIRTY] = ACCOUNT_DIRTY,
    [ACCOUNT_QUARANTINED] = ACCOUNT_QUARANTINED,
}; /* what the map's values point to */

void lane_metrics_init(struct lane_metrics *metrics)
{
    *metrics = (struct lane_metrics){.accounts = map_new()};
}

void lane_metrics_clear(struct lane_metrics *metrics)
{
    map_free(metrics->accounts);
}

/* What a deploy is to whoever counts them; DEPLOY_KIND_COUNT: it writes nothing. */
static enum deploy_kind kind_of(const char *action)
{
    static const struct {
        const char *action;
        enum deploy_kind kind;
    } table[] = {{"create", DEPLOY_CREATE},
                 {"update", DEPLOY_UPDATE},
                 {"repair", DEPLOY_UPDATE},
                 {"replace", DEPLOY_RECREATE},
                 {"delete again", DEPLOY_RECREATE}};
    for (size_t i = 0; action != NULL && i < sizeof table / sizeof *table; i++) {
        if (strcmp(action, table[i].action) == 0) {
            return table[i].kind;
        }
    }
    return DEPLOY_KIND_COUNT;
}

void lane_metrics_event(struct lane_metrics *metrics, const struct fold *fold, const struct event *event)
{
    enum deploy_kind kind = kind_of(event->stack_action.action);
    switch (event->type) {
    case EVENT_ACCOUNT_LEASED:
        if (event->shard > 0 && event->account != NULL) {
            histogram_add(&metrics->waits, fold->shards[event->shard - 1].wait_us);
            map_put(metrics->accounts, event->account, (void *)&states[ACCOUNT_LEASED]);
        }
        break;
    case EVENT_ACCOUNT_RELEASED:
        if (event->account != NULL) { /* dirty, or lost: nobody put it in order */
            bool is_clean = string_equal(event->reason, "free");
            map_put(metrics->accounts, event->account,
                    (void *)&states[is_clean ? ACCOUNT_FREE : ACCOUNT_DIRTY]);
        }
        break;
    case EVENT_STACK_DECIDED:
        if (string_equal(event->stack_action.action, "skip")) {
            metrics->saved_us += event->stack_action.expected_ms * 1000;
        }
        break;
    case EVENT_STACK_FINISHED:
        if (kind != DEPLOY_KIND_COUNT) {
            histogram_add(&metrics->deploys[kind], event->duration_ms * 1000);
        }
        break;
    default: break;
    }
}

/* A lane's times, cut or filled to the makespan: what comes after the last suite's end is nobody's wait, and
 * before the announcement a lane has nothing to do. */
static void fit_lane(struct fold_shard *shard, int64_t makespan_us)
{
    static const enum fold_phase cut_first[] = {FOLD_IDLE, FOLD_WAIT, FOLD_RECONCILE, FOLD_TEST};
    int64_t rest_us = makespan_us;
    for (int i = 0; i < FOLD_PHASE_COUNT; i++) {
        rest_us -= shard->phase_us[i];
    }
    if (rest_us > 0) {
        shard->phase_us[FOLD_IDLE] += rest_us;
        return;
    }
    for (size_t i = 0; i < sizeof cut_first / sizeof *cut_first; i++) {
        int64_t *phase_us = &shard->phase_us[cut_first[i]];
        int64_t cut_us = *phase_us < -rest_us ? *phase_us : -rest_us;
        *phase_us -= cut_us;
        rest_us += cut_us;
    }
}

static void write_lanes(struct text *text, const struct fold *fold)
{
    static const char *const phases[FOLD_PHASE_COUNT] = {
        [FOLD_WAIT] = "wait", [FOLD_RECONCILE] = "reconcile", [FOLD_TEST] = "test", [FOLD_IDLE] = "idle"};
    int64_t sums_us[FOLD_PHASE_COUNT] = {0};
    int64_t longest_wait_us = 0;
    for (size_t i = 0; i < fold->shard_count; i++) {
        struct fold_shard shard;
        fold_shard_now(fold, i, &shard);
        fit_lane(&shard, fold_makespan_ms(fold) * 1000);
        for (int k = 0; k < FOLD_PHASE_COUNT; k++) {
            sums_us[k] += shard.phase_us[k];
        }
        if (shard.longest_wait_us > longest_wait_us) {
            longest_wait_us = shard.longest_wait_us;
        }
    }
    metric_describe(text, "lane_seconds", "gauge",
                    "Time of all lanes by what they did; the sum is lanes times run_duration_seconds.");
    for (int i = 0; i < FOLD_PHASE_COUNT; i++) {
        metric_labelled_seconds(text, "lane_seconds", "phase", phases[i], sums_us[i]);
    }
    metric_labelled_seconds(text, "lane_seconds", "phase", "reset", 0); /* no lane cleans its account yet */
    metric_seconds(text, "account_wait_max_seconds", "Longest wait of a lane for an account.",
                   longest_wait_us);
}

static void write_accounts(const struct lane_metrics *metrics, const struct fold *fold, struct text *text)
{
    uint64_t counts[ACCOUNT_STATE_COUNT] = {0};
    for (size_t i = 0; i < map_count(metrics->accounts); i++) {
        counts[*(const enum account_state *)map_value(metrics->accounts, i)]++;
    }
    uint64_t known = map_count(metrics->accounts);
    uint64_t pool = fold->start.start.account_count;
    counts[ACCOUNT_FREE] += pool > known ? pool - known : 0;
    metric_describe(text, "accounts", "gauge",
                    "Accounts of the run's pool by state, as far as the run knows.");
    for (int i = 0; i < ACCOUNT_STATE_COUNT; i++) {
        metric_labelled(text, "accounts", "state", account_state_name((enum account_state)i), counts[i]);
    }
}

static void write_stacks(const struct lane_metrics *metrics, const struct fold *fold, struct text *text)
{
    static const char *const kinds[DEPLOY_KIND_COUNT] = {
        [DEPLOY_CREATE] = "create", [DEPLOY_UPDATE] = "update", [DEPLOY_RECREATE] = "recreate"};
    metric_describe(text, "stack_actions", "gauge", "Stacks by what was done to them.");
    metric_labelled(text, "stack_actions", "action", "skip", fold->stacks_skipped);
    metric_labelled(text, "stack_actions", "action", "create", fold->stacks_created);
    metric_labelled(text, "stack_actions", "action", "update", fold->stacks_updated);
    metric_labelled(text, "stack_actions", "action", "recreate", fold->stacks_replaced);
    metric_count(text, "stack_failures", "Stacks that could not be brought up to date.", fold->stacks_failed);
    metric_describe(text, "stack_deploy_seconds", "histogram", "Time of a deploy by what it did.");
    for (int i = 0; i < DEPLOY_KIND_COUNT; i++) {
        metric_histogram(text, "stack_deploy_seconds", "action", kinds[i], &metrics->deploys[i]);
    }
    metric_seconds(text, "stack_saved_seconds", "What the planner takes the skipped deploys to have cost.",
                   metrics->saved_us);
}

void lane_metrics_write(const struct lane_metrics *metrics, const struct fold *fold, struct text *text)
{
    write_lanes(text, fold);
    metric_describe(text, "account_wait_seconds", "histogram", "Wait of a lane for each account it got.");
    metric_histogram(text, "account_wait_seconds", NULL, NULL, &metrics->waits);
    write_accounts(metrics, fold, text);
    write_stacks(metrics, fold, text);
}
