/* metrics.c - the run as Prometheus text: gauges, as for every batch job, and two histograms of the
 * run; the file is replaced whole. Every name is there from the start, at zero.
 *
 * Labels are bounded: never a test case, commit, run id, account or shard. Names hold to `promtool check
 * metrics`. */
#include "metrics_lanes.h"
#include "tally.h"
#include <inttypes.h>
#include <string.h>

/* Beyond this a series per suite costs more than it tells. */
#define SUITES_WITH_OWN_SERIES 1000

struct metrics {
    struct sink sink;
    struct out *out;
    struct tally *tally;
    struct totals totals; /* of finished suites */
    struct lane_metrics lanes;
    struct text text;
    bool is_changed;
};

static const char *result_of(const struct fold *fold)
{
    switch (fold->end.end.exit_code) {
    case EXIT_CODE_PASSED: return "passed";
    case EXIT_CODE_FAILED: return "failed";
    case EXIT_CODE_INFRA: return "infra";
    case EXIT_CODE_NOTHING: return "nothing";
    case EXIT_CODE_RECORD: return "unrecorded";
    case EXIT_CODE_INCOMPLETE: return "incomplete";
    case EXIT_CODE_DEADLINE: return "deadline";
    default: return "stopped";
    }
}

static void write_run(struct text *text, const struct fold *fold)
{
    const struct event *start = &fold->start;
    metric_describe(text, "run_info", "gauge", "What ran and how it ended.");
    text_append(text, "itrun_run_info{");
    metric_label(text, "version", start->start.version);
    text_append_char(text, ',');
    metric_label(text, "project", start->start.project);
    text_append_char(text, ',');
    metric_label(text, "branch", start->start.branch);
    text_append_char(text, ',');
    metric_label(text, "ci", start->start.ci);
    text_append_char(text, ',');
    metric_label(text, "result", fold->is_finished ? result_of(fold) : "unfinished");
    text_append(text, "} 1\n");
    metric_seconds(text, "run_start_timestamp_seconds", "When the run started, since 1970.", start->wall_us);
    bool has_passed = fold->is_finished && fold->end.end.exit_code == EXIT_CODE_PASSED;
    metric_seconds(text, "run_end_timestamp_seconds", "When the run ended, since 1970; 0: it has not.",
                   fold->is_finished ? fold->end.wall_us : 0);
    metric_seconds(text, "run_last_success_timestamp_seconds",
                   "When a run last passed, since 1970; 0: none is known.",
                   has_passed ? fold->end.wall_us : start->start.last_success_us);
    metric_seconds(text, "run_duration_seconds", "From the start to the last suite's end.",
                   fold_makespan_ms(fold) * 1000);
    metric_seconds(text, "run_predicted_seconds", "Duration that the plan predicted.",
                   start->start.predicted_ms * 1000);
    metric_seconds(text, "run_lower_bound_seconds", "Duration that no plan can beat.",
                   start->start.lower_bound_ms * 1000);
    metric_count(text, "run_shards", "Shards of the run.", start->start.shard_count);
    metric_count(text, "run_accounts", "Accounts the run could use.", start->start.account_count);
    metric_count(text, "aws_requests", "Requests sent to AWS.", fold->end.end.aws_requests);
    metric_count(text, "leaked_processes", "Processes that outlived their suite and were killed.",
                 fold->leaked_processes);
}

static void write_suites(struct text *text, const struct fold *fold)
{
    struct verdict verdict;
    fold_verdict(fold, &verdict);
    metric_describe(text, "suites", "gauge", "Suites by outcome.");
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        metric_labelled(text, "suites", "outcome", outcome_name((enum outcome)i), verdict.counts[i]);
    }
    if (fold->suite_count > SUITES_WITH_OWN_SERIES) {
        return;
    }
    metric_describe(text, "suite_duration_seconds", "gauge", "Duration of a suite's last attempt.");
    for (size_t i = 0; i < fold->suite_count; i++) {
        if (fold->suites[i].is_finished && fold->suites[i].attempt_count > 0) {
            metric_labelled_seconds(text, "suite_duration_seconds", "suite", fold->suites[i].name,
                                    fold->suites[i].duration_ms * 1000);
        }
    }
}

static void write_tests(struct text *text, const struct totals *totals)
{
    metric_describe(text, "tests", "gauge", "Test cases of junit.xml by result.");
    for (int i = 0; i < CASE_STATUS_COUNT; i++) {
        metric_labelled(text, "tests", "result", case_status_name((enum case_status)i), totals->counts[i]);
    }
    metric_count(text, "flaky_tests", "Test cases that passed after they had failed.", totals->flaky);
}

static void write_retries(struct text *text, const struct fold *fold)
{
    uint64_t counts[OUTCOME_COUNT] = {0};
    for (size_t i = 0; i < fold->suite_count; i++) {
        for (size_t k = 0; k + 1 < fold->suites[i].attempt_count; k++) {
            counts[fold->suites[i].attempts[k].outcome]++;
        }
    }
    metric_describe(text, "retried_attempts", "gauge",
                    "Attempts that were made again, by the outcome they had.");
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        if (outcome_is_bad((enum outcome)i) && i != OUTCOME_CANCELLED) {
            metric_labelled(text, "retried_attempts", "reason", outcome_name((enum outcome)i), counts[i]);
        }
    }
    metric_seconds(text, "retry_seconds", "Time spent on attempts that were made again.",
                   fold->retry_ms * 1000);
    metric_seconds(text, "first_failure_seconds", "From the start to the first suite that failed; 0: none.",
                   fold->first_failure_us);
}

static void write_prediction_error(struct text *text, const struct fold *fold)
{
    int64_t sum_ppm = 0;
    int64_t count = 0;
    for (size_t i = 0; i < fold->suite_count; i++) {
        const struct fold_suite *suite = &fold->suites[i];
        if (suite->is_finished && suite->outcome == OUTCOME_PASSED && suite->expected_ms > 0) {
            int64_t difference_ms = suite->duration_ms - suite->expected_ms;
            sum_ppm += (difference_ms < 0 ? -difference_ms : difference_ms) * 1000000 / suite->expected_ms;
            count++;
        }
    }
    metric_seconds(text, "suite_prediction_error_ratio",
                   "Mean of |actual - expected| / expected of passed suites; 0: none was predicted.",
                   count > 0 ? sum_ppm / count : 0);
}

static void write_problems(struct text *text, const struct fold *fold)
{
    static const char *const always[] = {"lease_lost", "throttle",       "credentials",
                                         "deploy",     "report_missing", "leak"};
    size_t always_count = sizeof always / sizeof *always;
    metric_describe(text, "infra_problems", "gauge", "Problems of the infrastructure by kind.");
    for (size_t i = 0; i < always_count; i++) {
        size_t count = 0;
        for (size_t k = 0; k < fold->problem_count; k++) {
            count += strcmp(fold->problems[k].kind, always[i]) == 0 ? fold->problems[k].count : 0;
        }
        if (strcmp(always[i], "throttle") == 0) { /* the calls are retried: only their number is known */
            count += fold->end.end.aws_throttles;
        }
        metric_labelled(text, "infra_problems", "kind", always[i], count);
    }
    for (size_t k = 0; k < fold->problem_count; k++) {
        size_t i = 0;
        while (i < always_count && strcmp(fold->problems[k].kind, always[i]) != 0) {
            i++;
        }
        if (i == always_count) {
            metric_labelled(text, "infra_problems", "kind", fold->problems[k].kind, fold->problems[k].count);
        }
    }
}

static bool metrics_on_event(struct sink *sink, const struct event *event, struct error *error)
{
    struct metrics *metrics = (struct metrics *)sink;
    if (!tally_event(metrics->tally, event, error)) {
        return false;
    }
    metrics->is_changed = true;
    lane_metrics_event(&metrics->lanes, metrics->tally->fold, event);
    if (event->type == EVENT_SUITE_FINISHED) {
        struct reported reported;
        tally_cases(metrics->tally, event->suite, &reported);
        totals_add(&metrics->totals, &reported.totals);
        reported_clear(&reported);
        tally_drop(metrics->tally, event->suite);
    }
    return true;
}

static bool metrics_flush(struct sink *sink, struct error *error)
{
    struct metrics *metrics = (struct metrics *)sink;
    if (!metrics->is_changed) {
        return true;
    }
    const struct fold *fold = metrics->tally->fold;
    struct text *text = &metrics->text;
    struct totals totals = metrics->totals;
    tally_add_unfinished(metrics->tally, &totals);
    text_reset(text);
    write_run(text, fold);
    write_suites(text, fold);
    write_tests(text, &totals);
    write_retries(text, fold);
    write_prediction_error(text, fold);
    lane_metrics_write(&metrics->lanes, fold, text);
    write_problems(text, fold);
    bool is_ok = metrics->out->replace(metrics->out, text_string(text), text->length, error);
    metrics->is_changed = !is_ok;
    return is_ok;
}

static void metrics_free(struct sink *sink)
{
    struct metrics *metrics = (struct metrics *)sink;
    text_clear(&metrics->text);
    lane_metrics_clear(&metrics->lanes);
    tally_free(metrics->tally);
    memory_free(metrics);
}

struct sink *metrics_sink_new(struct out *out)
{
    struct metrics *metrics = memory_new(sizeof *metrics);
    metrics->sink = (struct sink){
        .name = "metrics", .on_event = metrics_on_event, .flush = metrics_flush, .free = metrics_free};
    metrics->out = out;
    metrics->tally = tally_new();
    lane_metrics_init(&metrics->lanes);
    return &metrics->sink;
}
