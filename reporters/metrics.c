/* metrics.c - the run as Prometheus text: gauges only, as for every batch job, and the file is replaced
 * whole.
 *
 * Labels are bounded: never a test case, commit, run id, account or shard. Names hold to `promtool check
 * metrics`. */
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
    struct text text;
    bool is_changed;
};

static void describe(struct text *text, const char *name, const char *help)
{
    text_append_format(text, "# HELP itrun_%s %s\n# TYPE itrun_%s gauge\n", name, help, name);
}

static void write_count(struct text *text, const char *name, const char *help, uint64_t value)
{
    describe(text, name, help);
    text_append_format(text, "itrun_%s %" PRIu64 "\n", name, value);
}

/* Microseconds as seconds, without a floating point that a locale could spell differently. */
static void append_seconds(struct text *text, int64_t us)
{
    text_append_format(text, "%s%" PRId64 ".%06" PRId64 "\n", us < 0 ? "-" : "",
                       us < 0 ? -us / 1000000 : us / 1000000, us < 0 ? -us % 1000000 : us % 1000000);
}

static void write_seconds(struct text *text, const char *name, const char *help, int64_t us)
{
    describe(text, name, help);
    text_append_format(text, "itrun_%s ", name);
    append_seconds(text, us);
}

static void append_label(struct text *text, const char *name, const char *value)
{
    struct text clean = {0};
    text_append_printable(&clean, value != NULL ? value : "", value != NULL ? strlen(value) : 0);
    text_append_format(text, "%s=\"", name);
    for (const char *c = text_string(&clean); *c != '\0'; c++) {
        if (*c == '\n') {
            text_append(text, "\\n");
            continue;
        }
        if (*c == '\\' || *c == '"') {
            text_append_char(text, '\\');
        }
        text_append_char(text, *c);
    }
    text_append_char(text, '"');
    text_clear(&clean);
}

static void begin_labelled(struct text *text, const char *name, const char *label, const char *value)
{
    text_append_format(text, "itrun_%s{", name);
    append_label(text, label, value);
    text_append(text, "} ");
}

static void write_labelled(struct text *text, const char *name, const char *label, const char *value,
                           uint64_t number)
{
    begin_labelled(text, name, label, value);
    text_append_format(text, "%" PRIu64 "\n", number);
}

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
    describe(text, "run_info", "What ran and how it ended.");
    text_append(text, "itrun_run_info{");
    append_label(text, "version", start->start.version);
    text_append_char(text, ',');
    append_label(text, "project", start->start.project);
    text_append_char(text, ',');
    append_label(text, "branch", start->start.branch);
    text_append_char(text, ',');
    append_label(text, "result", fold->is_finished ? result_of(fold) : "unfinished");
    text_append(text, "} 1\n");
    write_seconds(text, "run_start_timestamp_seconds", "When the run started, since 1970.", start->wall_us);
    if (fold->is_finished) {
        write_seconds(text, "run_end_timestamp_seconds", "When the run ended, since 1970.",
                      fold->end.wall_us);
        if (fold->end.end.exit_code == EXIT_CODE_PASSED) {
            write_seconds(text, "run_last_success_timestamp_seconds", "When a run last passed, since 1970.",
                          fold->end.wall_us);
        }
    }
    write_seconds(text, "run_duration_seconds", "From the start to the last suite's end.",
                  fold_makespan_ms(fold) * 1000);
    write_seconds(text, "run_predicted_seconds", "Duration that the plan predicted.",
                  start->start.predicted_ms * 1000);
    write_seconds(text, "run_lower_bound_seconds", "Duration that no plan can beat.",
                  start->start.lower_bound_ms * 1000);
    write_count(text, "run_shards", "Shards of the run.", start->start.shard_count);
    write_count(text, "run_accounts", "Accounts the run could use.", start->start.account_count);
    write_count(text, "aws_requests", "Requests sent to AWS.", fold->end.end.aws_requests);
    write_count(text, "leaked_processes", "Processes that outlived their suite and were killed.",
                fold->leaked_processes);
}

static void write_suites(struct text *text, const struct fold *fold)
{
    struct verdict verdict;
    fold_verdict(fold, &verdict);
    describe(text, "suites", "Suites by outcome.");
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        write_labelled(text, "suites", "outcome", outcome_name((enum outcome)i), verdict.counts[i]);
    }
    if (fold->suite_count > SUITES_WITH_OWN_SERIES) {
        return;
    }
    describe(text, "suite_duration_seconds", "Duration of a suite's last attempt.");
    for (size_t i = 0; i < fold->suite_count; i++) {
        if (fold->suites[i].is_finished && fold->suites[i].attempt_count > 0) {
            begin_labelled(text, "suite_duration_seconds", "suite", fold->suites[i].name);
            append_seconds(text, fold->suites[i].duration_ms * 1000);
        }
    }
}

static void write_tests(struct text *text, const struct totals *totals)
{
    describe(text, "tests", "Test cases of junit.xml by result.");
    for (int i = 0; i < CASE_STATUS_COUNT; i++) {
        write_labelled(text, "tests", "result", case_status_name((enum case_status)i), totals->counts[i]);
    }
    write_count(text, "flaky_tests", "Test cases that passed after they had failed.", totals->flaky);
}

static void write_retries(struct text *text, const struct fold *fold)
{
    uint64_t counts[OUTCOME_COUNT] = {0};
    for (size_t i = 0; i < fold->suite_count; i++) {
        for (size_t k = 0; k + 1 < fold->suites[i].attempt_count; k++) {
            counts[fold->suites[i].attempts[k].outcome]++;
        }
    }
    describe(text, "retried_attempts", "Attempts that were made again, by the outcome they had.");
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        if (outcome_is_bad((enum outcome)i) && i != OUTCOME_CANCELLED) {
            write_labelled(text, "retried_attempts", "reason", outcome_name((enum outcome)i), counts[i]);
        }
    }
    write_seconds(text, "retry_seconds", "Time spent on attempts that were made again.",
                  fold->retry_ms * 1000);
    if (fold->first_failure_us > 0) {
        write_seconds(text, "first_failure_seconds", "From the start to the first suite that failed.",
                      fold->first_failure_us);
    }
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
    if (count > 0) {
        write_seconds(text, "suite_prediction_error_ratio",
                      "Mean of |actual - expected| / expected of passed suites.", sum_ppm / count);
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
        for (int k = 0; k < FOLD_PHASE_COUNT; k++) {
            sums_us[k] += shard.phase_us[k];
        }
        if (shard.longest_wait_us > longest_wait_us) {
            longest_wait_us = shard.longest_wait_us;
        }
    }
    describe(text, "lane_seconds", "Time of all lanes by what they did.");
    for (int i = 0; i < FOLD_PHASE_COUNT; i++) {
        begin_labelled(text, "lane_seconds", "phase", phases[i]);
        append_seconds(text, sums_us[i]);
    }
    write_seconds(text, "account_wait_max_seconds", "Longest wait of a lane for an account.",
                  longest_wait_us);
}

static void write_stacks(struct text *text, const struct fold *fold)
{
    describe(text, "stack_actions", "Stacks by what was done to them.");
    write_labelled(text, "stack_actions", "action", "skip", fold->stacks_skipped);
    write_labelled(text, "stack_actions", "action", "create", fold->stacks_created);
    write_labelled(text, "stack_actions", "action", "update", fold->stacks_updated);
    write_labelled(text, "stack_actions", "action", "replace", fold->stacks_replaced);
    write_count(text, "stack_failures", "Stacks that could not be brought up to date.", fold->stacks_failed);
    write_seconds(text, "stack_deploy_seconds", "Time of all deploys.", fold->stack_deploy_ms * 1000);
}

static void write_problems(struct text *text, const struct fold *fold)
{
    static const char *const always[] = {"lease_lost", "throttle",       "credentials",
                                         "deploy",     "report_missing", "leak"};
    size_t always_count = sizeof always / sizeof *always;
    describe(text, "infra_problems", "Problems of the infrastructure by kind.");
    for (size_t i = 0; i < always_count; i++) {
        size_t count = 0;
        for (size_t k = 0; k < fold->problem_count; k++) {
            count += strcmp(fold->problems[k].kind, always[i]) == 0 ? fold->problems[k].count : 0;
        }
        write_labelled(text, "infra_problems", "kind", always[i], count);
    }
    for (size_t k = 0; k < fold->problem_count; k++) {
        size_t i = 0;
        while (i < always_count && strcmp(fold->problems[k].kind, always[i]) != 0) {
            i++;
        }
        if (i == always_count) {
            write_labelled(text, "infra_problems", "kind", fold->problems[k].kind, fold->problems[k].count);
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
    write_lanes(text, fold);
    write_stacks(text, fold);
    write_problems(text, fold);
    bool is_ok = metrics->out->replace(metrics->out, text_string(text), text->length, error);
    metrics->is_changed = !is_ok;
    return is_ok;
}

static void metrics_free(struct sink *sink)
{
    struct metrics *metrics = (struct metrics *)sink;
    text_clear(&metrics->text);
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
    return &metrics->sink;
}
