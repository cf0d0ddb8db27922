/* attempt.c - one execution of a suite, from spawn to judgement.
 *
 *                 deadline, cut               ended, report expected
 *   NONE --> RUNNING ---------> TERMINATING ------------------------> COLLECTING --> NONE
 *              |                     |   (KILL after the grace)            ^
 *              +---------------------+--- ended --------------------------+
 *
 *   state        holds                   deadline               on a cut
 *   RUNNING      a spawn, a job slot     suite or shard timeout TERM, then KILL after grace_ms
 *   TERMINATING  the same                KILL                   KILL at once where asked
 *   COLLECTING   how the process ended   none                   noted; the report is still read
 *
 * Every started attempt ends in exactly one ATTEMPT_FINISHED event. Does no I/O: see host/process. */
#include "machines.h"
#include <string.h>

struct state_row {
    const char *name;
    unsigned next;
};
static const struct state_row rows[ATTEMPT_STATE_COUNT] = {
#define X(name, next) {#name, next},
    ATTEMPT_TABLE(X)
#undef X
};

static void attempt_enter(struct lane *lane, enum attempt_state state)
{
    enum attempt_state from = lane->attempt.state;
    MUST((rows[from].next & MOVE(state)) != 0);
    run_note_move(lane->run, "attempt", (int)from, (int)state);
    lane->attempt.state = state;
}

void attempt_clear(struct attempt *attempt)
{
    text_clear(&attempt->tail);
    text_clear(&attempt->infra_reason);
    text_clear(&attempt->report_path);
}

static void set_environment(struct lane *lane, const struct suite *suite, const struct framework_run *what,
                            struct spawn *spawn, struct arena *arena)
{
    const struct run *run = lane->run;
    const struct framework *framework = framework_find(suite->framework);
    const struct pair *extra = NULL;
    size_t extra_count = framework->environment != NULL ? framework->environment(what, arena, &extra) : 0;
    size_t shown = run->options->shown_shard;
    const struct pair facts[] = {
        {"ITRUN", "1"},
        {"ITRUN_RUN_ID", run->options->run_id},
        {"ITRUN_SHARD", arena_format(arena, "%zu", shown > 0 ? shown : lane->index + 1)},
        {"ITRUN_SHARDS",
         arena_format(arena, "%zu", shown > 0 ? run->options->shown_shards : run->lane_count)},
        {"ITRUN_SUITE", suite_own_name(suite)},
        {"ITRUN_ATTEMPT", arena_format(arena, "%d", spawn->attempt)},
        {"ITRUN_SEED", arena_format(arena, "%llu", suite_seed(run->options, suite))},
        {"ITRUN_ACCOUNT_ID", run->inventory->accounts[lane->account].id},
    };
    size_t fact_count = sizeof facts / sizeof *facts;
    size_t count = fact_count + extra_count + suite->env_count;
    struct pair *env = arena_alloc(arena, count * sizeof *env);
    /* The suite's own env may not override the facts: later entries win in the host. */
    if (suite->env_count > 0) {
        memcpy(env, suite->env, suite->env_count * sizeof *env);
    }
    if (extra_count > 0) {
        memcpy(env + suite->env_count, extra, extra_count * sizeof *env);
    }
    memcpy(env + suite->env_count + extra_count, facts, sizeof facts);
    spawn->env = env;
    spawn->env_count = count;
}

static void ask_spawn(struct lane *lane, struct effects *effects)
{
    struct run *run = lane->run;
    struct attempt *attempt = &lane->attempt;
    const struct suite *suite = &run->inventory->suites[attempt->suite];
    struct arena *arena = effects->arena;
    struct framework_run what = {suite, text_string(&attempt->report_path), run->options->test_name};
    struct spawn spawn = {
        .lane = lane->index,
        .suite = attempt->suite,
        .stack = NO_INDEX,
        .attempt = attempt->number,
        .account = run->inventory->accounts[lane->account].is_local ? NO_INDEX : lane->account,
        .cwd = suite->cwd,
        .report_path = arena_string(arena, text_string(&attempt->report_path)),
        .output_path = arena_format(arena, "suites/%s/%d/output.log", suite->name, attempt->number),
        .lease_stop_by_ms = lane->stop_by_ms,
        .is_interactive = run->options->is_shell,
    };
    what.report_path = spawn.report_path;
    spawn.argv = framework_find(suite->framework)->argv(&what, arena);
    set_environment(lane, suite, &what, &spawn, arena);
    struct text outputs = {0};
    if (lane->reconcile != NULL) {
        reconcile_outputs_json(lane->reconcile, run->options->is_shell, &outputs);
    } else {
        text_append(&outputs, "{}");
    }
    spawn.outputs_json = arena_string(arena, text_string(&outputs));
    text_clear(&outputs);
    struct effect *effect = effects_add(effects, EFFECT_SPAWN, lane->index);
    effect->spawn = spawn;
    attempt->spawn_id = effect->id;
}

static void set_deadline(struct lane *lane, const struct suite *suite)
{
    struct attempt *attempt = &lane->attempt;
    const struct run_options *options = lane->run->options;
    int64_t timeout_ms = options->suite_timeout_ms > 0 ? options->suite_timeout_ms : suite->timeout_ms;
    attempt->deadline_ms = INT64_MAX;
    if (timeout_ms > 0) {
        attempt->deadline_ms = attempt->started_ms + timeout_ms;
        attempt->deadline_cut = CUT_SUITE_TIMEOUT;
    }
    if (options->shard_timeout_ms > 0) {
        int64_t left_ms = options->shard_timeout_ms - lane->used_ms;
        if (attempt->started_ms + left_ms < attempt->deadline_ms) {
            attempt->deadline_ms = attempt->started_ms + left_ms;
            attempt->deadline_cut = CUT_SHARD_TIMEOUT;
        }
    }
}

void attempt_start(struct lane *lane, size_t suite, struct effects *effects)
{
    struct run *run = lane->run;
    struct attempt *attempt = &lane->attempt;
    attempt_enter(lane, ATTEMPT_RUNNING);
    attempt->suite = suite;
    attempt->number = ++run->suites[suite].attempts;
    attempt->cut = CUT_NONE;
    attempt->cut_reason = NULL;
    attempt->end = (struct process_end){0};
    attempt->started_ms = run->now_ms;
    const struct suite *noun = &run->inventory->suites[suite];
    text_reset(&attempt->report_path);
    if (noun->report != NULL) {
        bool is_absolute = noun->report[0] == '/';
        text_append_format(&attempt->report_path, "%s%s%s", is_absolute ? "" : noun->cwd,
                           is_absolute ? "" : "/", noun->report);
    } else {
        text_append_format(&attempt->report_path, "%s/%zu/report.xml", run->options->tmp_root,
                           lane->index + 1);
    }
    set_deadline(lane, noun);
    tell_attempt_started(lane, effects);
    ask_spawn(lane, effects);
}

static void ask_signal(struct lane *lane, bool is_kill, struct effects *effects)
{
    struct effect *effect = effects_add(effects, EFFECT_SIGNAL, lane->index);
    effect->signal.spawn_id = lane->attempt.spawn_id;
    effect->signal.is_kill = is_kill;
}

void attempt_cut(struct lane *lane, enum attempt_cut cut, const char *reason, bool is_kill,
                 struct effects *effects)
{
    struct attempt *attempt = &lane->attempt;
    if (attempt->state == ATTEMPT_NONE) {
        return;
    }
    if (attempt->cut == CUT_NONE && attempt->state != ATTEMPT_COLLECTING) {
        attempt->cut = cut;
        attempt->cut_reason = arena_string(lane->run->arena, reason);
    }
    if (attempt->state == ATTEMPT_RUNNING) {
        attempt_enter(lane, ATTEMPT_TERMINATING);
        ask_signal(lane, is_kill, effects);
        attempt->deadline_ms = is_kill ? INT64_MAX : lane->run->now_ms + lane->run->options->grace_ms;
    } else if (attempt->state == ATTEMPT_TERMINATING && is_kill && attempt->deadline_ms != INT64_MAX) {
        ask_signal(lane, true, effects);
        attempt->deadline_ms = INT64_MAX;
    }
}

static void attempt_deadline(struct lane *lane, struct effects *effects)
{
    struct attempt *attempt = &lane->attempt;
    if (lane->run->now_ms < attempt->deadline_ms) {
        return;
    }
    if (attempt->state == ATTEMPT_TERMINATING) {
        ask_signal(lane, true, effects);
        attempt->deadline_ms = INT64_MAX;
        return;
    }
    struct text reason = {0};
    text_append(&reason, attempt->deadline_cut == CUT_SHARD_TIMEOUT ? "the shard's timeout came after "
                                                                    : "timed out after ");
    text_append_duration(&reason, lane->run->now_ms - attempt->started_ms);
    attempt_cut(lane, attempt->deadline_cut, text_string(&reason), false, effects);
    text_clear(&reason);
}

static void attempt_finish(struct lane *lane, const struct report *report, struct effects *effects)
{
    struct attempt *attempt = &lane->attempt;
    struct run *run = lane->run;
    const struct suite *suite = &run->inventory->suites[attempt->suite];
    struct judged judged = {
        .suite = suite,
        .framework = framework_find(suite->framework),
        .end = &attempt->end,
        .report = report,
        .cut = attempt->cut,
        .cut_reason = attempt->cut_reason,
        .is_one_test = run->options->test_name != NULL,
    };
    struct text reason = {0};
    enum outcome outcome = attempt_judge(&judged, &reason);
    run->suites[attempt->suite].is_without_test =
        outcome == OUTCOME_SKIPPED && strcmp(text_string(&reason), REASON_NO_SUCH_TEST) == 0;
    run->suites[attempt->suite].spent_ms = run->now_ms - attempt->started_ms;
    tell_attempt_finished(lane, outcome, reason.length > 0 ? text_string(&reason) : NULL, report, effects);
    if (outcome == OUTCOME_ERROR && attempt_report_is_missing(&judged)) {
        tell_problem(run, lane, "report_missing", suite->name, effects);
    }
    if (attempt->end.leaked_count > 0) {
        tell_problem(run, lane, "leak", suite->name, effects);
    }
    lane->used_ms += run->now_ms - attempt->started_ms;
    attempt_enter(lane, ATTEMPT_NONE);
    lane_attempt_ended(lane, outcome, reason.length > 0 ? text_string(&reason) : NULL, effects);
    text_clear(&reason);
}

static void keep_end(struct attempt *attempt, const struct process_end *end)
{
    attempt->end = *end;
    text_reset(&attempt->tail);
    text_reset(&attempt->infra_reason);
    if (end->output_tail != NULL) {
        text_append(&attempt->tail, end->output_tail);
        attempt->end.output_tail = text_string(&attempt->tail);
    }
    if (end->infra_reason != NULL) {
        text_append(&attempt->infra_reason, end->infra_reason);
        attempt->end.infra_reason = text_string(&attempt->infra_reason);
    }
}

static void attempt_process_ended(struct lane *lane, const struct process_end *end, struct effects *effects)
{
    struct attempt *attempt = &lane->attempt;
    keep_end(attempt, end);
    attempt->spawn_id = 0;
    attempt->deadline_ms = INT64_MAX;
    if (end->error.kind != ERROR_NONE) {
        attempt_finish(lane, NULL, effects);
        return;
    }
    attempt_enter(lane, ATTEMPT_COLLECTING);
    const struct suite *suite = &lane->run->inventory->suites[attempt->suite];
    struct effect *effect = effects_add(effects, EFFECT_COLLECT, lane->index);
    effect->collect.suite = attempt->suite;
    effect->collect.account =
        lane->run->inventory->accounts[lane->account].is_local ? NO_INDEX : lane->account;
    effect->collect.framework = suite->framework;
    effect->collect.test_name = lane->run->options->test_name;
    effect->collect.report_path = arena_string(effects->arena, text_string(&attempt->report_path));
    effect->collect.store_path =
        arena_format(effects->arena, "suites/%s/%d/report.xml.raw", suite->name, attempt->number);
    attempt->collect_id = effect->id;
}

static void attempt_collected(struct lane *lane, const struct input *input, struct effects *effects)
{
    struct attempt *attempt = &lane->attempt;
    attempt->collect_id = 0;
    const struct error *error = &input->collected.error;
    if (error->kind != ERROR_NONE) {
        attempt->end.error = *error; /* a report that cannot be read is nobody's test: judged as infra */
        attempt_finish(lane, NULL, effects);
        return;
    }
    attempt_finish(lane, input->collected.report, effects);
}

void attempt_step(struct lane *lane, const struct input *input, struct effects *effects)
{
    struct attempt *attempt = &lane->attempt;
    if (attempt->state == ATTEMPT_NONE) {
        return;
    }
    switch (input->type) {
    case INPUT_DEADLINE: attempt_deadline(lane, effects); break;
    case INPUT_PROCESS_ENDED:
        if (input->effect_id == attempt->spawn_id) {
            attempt_process_ended(lane, &input->process, effects);
        }
        break;
    case INPUT_COLLECTED:
        if (input->effect_id == attempt->collect_id) {
            attempt_collected(lane, input, effects);
        }
        break;
    case INPUT_START:
    case INPUT_STOP:
    case INPUT_EMITTED:
    case INPUT_CLAIMED:
    case INPUT_LEASE_ANSWERED:
    case INPUT_LEDGER_ANSWERED:
    case INPUT_AWS_ANSWERED:
    case INPUT_SIGNALLED:
    case INPUT_TYPE_COUNT: break;
    }
}
