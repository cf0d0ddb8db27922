/* tell.c - the run's facts, as events. The driver stamps sequence and times. */
#include "machines.h"

static uint64_t emit(struct run *run, struct event *event, size_t lane, struct effects *effects)
{
    event->run = run->options->run_id;
    event->worker = run->options->worker;
    struct event *copy = arena_alloc(effects->arena, sizeof *copy);
    *copy = *event;
    copy->reason = arena_string(effects->arena, event->reason);
    struct effect *effect = effects_add(effects, EFFECT_EMIT, lane);
    effect->event = copy;
    run->emits_outstanding++;
    return effect->id;
}

static struct event event_of(enum event_type type)
{
    return (struct event){.type = type, .suite = NO_INDEX};
}

static struct event event_of_lane(enum event_type type, const struct lane *lane)
{
    struct event event = event_of(type);
    event.shard = lane->index + 1;
    if (lane->account != NO_INDEX) {
        event.account = lane->run->inventory->accounts[lane->account].alias;
    }
    return event;
}

static void set_suite(struct event *event, const struct run *run, size_t suite)
{
    event->suite = run->suites[suite].order;
    event->suite_name = run->inventory->suites[suite].name;
}

static void tell_planned(struct run *run, size_t index, struct effects *effects)
{
    const struct suite *suite = &run->inventory->suites[index];
    struct event event = event_of(EVENT_SUITE_PLANNED);
    set_suite(&event, run, index);
    event.shard = run->suites[index].lane + 1;
    struct text repro = {0};
    run_repro_command(run->options, suite, run->options->test_name, &repro);
    event.planned.repro = arena_string(effects->arena, text_string(&repro));
    text_clear(&repro);
    event.planned.can_select =
        framework_find(suite->framework)->can_select && run->options->test_name == NULL;
    event.planned.group = suite->group;
    event.planned.repeat_of = suite->repeat_of;
    event.planned.repeat = suite->repeat;
    event.planned.framework = suite->framework;
    event.planned.file = suite->source;
    event.planned.expected_ms = suite->estimate.expected_ms;
    event.planned.case_count = suite->estimate.case_count;
    emit(run, &event, NO_INDEX, effects);
}

uint64_t tell_run_started(struct run *run, struct effects *effects)
{
    struct event event = event_of(EVENT_RUN_STARTED);
    const struct inventory *inventory = run->inventory;
    event.start.version = ITRUN_VERSION;
    event.start.project = inventory->project;
    event.start.commit = inventory->commit;
    event.start.branch = inventory->branch;
    event.start.is_dirty = inventory->is_dirty;
    event.start.base = inventory->base;
    event.start.base_commit = inventory->base_commit;
    event.start.job = inventory->job;
    event.start.job_url = inventory->job_url;
    event.start.config = inventory->config_path;
    event.start.ci = run->options->ci;
    event.start.traceparent = run->options->traceparent;
    event.start.resource = run->options->resource;
    event.start.last_success_us = run->options->last_success_us;
    event.start.limited_by = run->plan->limited_by;
    event.start.seed = run->options->seed;
    event.start.shard_count = run->lane_count;
    event.start.account_count = inventory->account_count;
    event.start.job_count = run->options->job_count;
    event.start.predicted_ms = run->plan->predicted_ms;
    event.start.lower_bound_ms = run->plan->lower_bound_ms;
    emit(run, &event, NO_INDEX, effects);
    for (size_t i = 0; i < run->announced_count; i++) {
        tell_planned(run, run->announced[i], effects);
    }
    struct event announced = event_of(EVENT_PLAN_ANNOUNCED);
    announced.planned.suite_count = run->announced_count;
    return emit(run, &announced, NO_INDEX, effects);
}

void tell_account_waiting(struct lane *lane, const char *holder, struct effects *effects)
{
    struct event event = event_of_lane(EVENT_ACCOUNT_WAITING, lane);
    event.reason = holder;
    emit(lane->run, &event, lane->index, effects);
}

void tell_account_leased(struct lane *lane, uint64_t fence, struct effects *effects)
{
    struct event event = event_of_lane(EVENT_ACCOUNT_LEASED, lane);
    event.fence = fence;
    event.reason = lane->was_dirty ? "its last owner did not end in order" : NULL;
    emit(lane->run, &event, lane->index, effects);
}

void tell_account_released(struct lane *lane, const char *reason, struct effects *effects)
{
    struct event event = event_of_lane(EVENT_ACCOUNT_RELEASED, lane);
    event.reason = reason;
    event.duration_ms = string_equal(reason, "held") ? lane->run->options->hold_ms : 0;
    emit(lane->run, &event, lane->index, effects);
}

/* A skip spares the update that somebody without fingerprints would have run. */
static int64_t expected_ms_of(enum stack_action action)
{
    switch (action) {
    case STACK_CREATE:
    case STACK_RECREATE:
    case STACK_DELETE_AGAIN: return COST_CREATE_MS;
    case STACK_SKIP:
    case STACK_UPDATE:
    case STACK_CONTINUE_ROLLBACK: return COST_UPDATE_MS;
    case STACK_WAIT:
    case STACK_GIVE_UP:
    case STACK_ACTION_COUNT: break;
    }
    return 0;
}

void tell_stack(struct lane *lane, const struct reconcile_fact *fact, struct effects *effects)
{
    bool is_decision = fact->type == RECONCILE_DECIDED;
    struct event event = event_of_lane(is_decision ? EVENT_STACK_DECIDED : EVENT_STACK_FINISHED, lane);
    event.stack = lane->run->inventory->stacks[fact->stack].name;
    event.reason = fact->type == RECONCILE_FAILED ? fact->error.what : fact->reason;
    event.duration_ms = fact->duration_ms;
    event.stack_action.action = stack_action_name(fact->action);
    event.stack_action.is_ok = fact->type != RECONCILE_FAILED;
    event.stack_action.expected_ms = is_decision ? expected_ms_of(fact->action) : 0;
    event.stack_action.fingerprint = arena_string(effects->arena, fact->fingerprint);
    emit(lane->run, &event, lane->index, effects);
}

void tell_stolen(struct lane *from, struct lane *to, size_t suite, const char *reason,
                 struct effects *effects)
{
    struct event event = event_of_lane(EVENT_SUITE_STOLEN, to);
    set_suite(&event, to->run, suite);
    event.from_shard = from->index + 1;
    event.reason = reason;
    emit(to->run, &event, to->index, effects);
}

void tell_attempt_started(struct lane *lane, struct effects *effects)
{
    struct event event = event_of_lane(EVENT_ATTEMPT_STARTED, lane);
    set_suite(&event, lane->run, lane->attempt.suite);
    event.attempt = lane->attempt.number;
    emit(lane->run, &event, lane->index, effects);
}

void tell_attempt_finished(struct lane *lane, enum outcome outcome, const char *reason,
                           const struct report *report, struct effects *effects)
{
    const struct attempt *attempt = &lane->attempt;
    const struct process_end *end = &attempt->end;
    struct event event = event_of_lane(EVENT_ATTEMPT_FINISHED, lane);
    set_suite(&event, lane->run, attempt->suite);
    event.attempt = attempt->number;
    event.outcome = outcome;
    event.reason = reason;
    event.duration_ms = lane->run->now_ms - attempt->started_ms;
    event.ended.exit_code = end->exit_code;
    event.ended.signal = end->signal;
    event.ended.leaked_count = end->leaked_count;
    event.ended.user_us = end->user_us;
    event.ended.system_us = end->system_us;
    event.ended.max_rss_bytes = end->max_rss_bytes;
    event.ended.output_bytes = end->output_bytes;
    event.ended.is_output_cut = end->is_output_cut;
    event.ended.output_tail = arena_string(effects->arena, end->output_tail);
    if (end->output_bytes > 0) {
        event.ended.output_path =
            arena_format(effects->arena, "suites/%s/%d/output.log", event.suite_name, attempt->number);
    }
    event.ended.report = report;
    emit(lane->run, &event, lane->index, effects);
}

void tell_suite_finished(struct run *run, size_t suite, const char *reason, struct lane *lane,
                         struct effects *effects)
{
    const struct suite_run *progress = &run->suites[suite];
    struct event event = event_of_lane(EVENT_SUITE_FINISHED, lane);
    set_suite(&event, run, suite);
    event.outcome = progress->outcome;
    event.reason = reason;
    event.duration_ms = progress->spent_ms;
    event.suite_end.attempts = progress->attempts;
    event.suite_end.is_flaky = progress->outcome == OUTCOME_PASSED && progress->had_bad_attempt;
    emit(run, &event, lane->index, effects);
}

void tell_shard_finished(struct lane *lane, struct effects *effects)
{
    static const char *const words[] = {
        [LANE_END_NONE] = "nothing to do",    [LANE_END_DRAINED] = "done",
        [LANE_END_TIMEOUT] = "shard timeout", [LANE_END_CANCELLED] = "cancelled",
        [LANE_END_INFRA] = "infrastructure",  [LANE_END_LEASE_LOST] = "lease lost",
        [LANE_END_MOVING] = "done",
    };
    struct event event = event_of_lane(EVENT_SHARD_FINISHED, lane);
    event.reason = words[lane->end];
    emit(lane->run, &event, lane->index, effects);
}

void tell_problem(struct run *run, struct lane *lane, const char *kind, const char *message,
                  struct effects *effects)
{
    struct event event = lane != NULL ? event_of_lane(EVENT_PROBLEM, lane) : event_of(EVENT_PROBLEM);
    event.problem_kind = kind;
    event.reason = message;
    emit(run, &event, lane != NULL ? lane->index : NO_INDEX, effects);
}

uint64_t tell_run_finished(struct run *run, struct effects *effects)
{
    struct event event = event_of(EVENT_RUN_FINISHED);
    event.end.exit_code = verdict_exit_code(&run->verdict);
    event.end.makespan_ms = run->last_end_ms - run->started_ms;
    event.end.stopped_by_signal = run->stop_signal;
    event.end.is_past_deadline = run->is_past_deadline;
    event.reason = run->stop_reason;
    return emit(run, &event, NO_INDEX, effects);
}

unsigned long long suite_seed(const struct run_options *options, const struct suite *suite)
{
    uint64_t seed = options->seed + suite->seed_offset; /* may wrap round: it is only a seed */
    return seed;
}

void run_repro_command(const struct run_options *options, const struct suite *suite, const char *test_name,
                       struct text *text)
{
    text_append(text, "itrun run ");
    text_append_shell_word(text, suite_own_name(suite));
    text_append_format(text, " --seed %llu", suite_seed(options, suite));
    if (options->config_argument != NULL) {
        text_append(text, " -c ");
        text_append_shell_word(text, options->config_argument);
    }
    const struct framework *framework = framework_find(suite->framework);
    if (test_name != NULL && framework != NULL && framework->can_select) {
        text_append(text, " --test ");
        text_append_shell_word(text, test_name);
    }
}
