/* lane.c - one shard on one account, from waiting to released.
 *
 *        granted            credentials        nothing left, cancel, lost
 *   WAITING -----> PREPARING ---------> OPEN -----------------------> STOPPING ----> RELEASING --> DONE
 *      |   (local)    |                  ^                              ^               |
 *      |--------------|------------------+      denied                  |               | lease lost, suites
 * left |              +-------------------------------------------------+               v
 *      +--> DONE (cancelled, refused)                                                WAITING
 *
 *   state      holds                           waits for            deadline              on a cancel
 *   WAITING    a request                       an account           the pool's            DONE
 *   PREPARING  lease                           credentials          the aws room's        STOPPING
 *   OPEN       lease, deploys, one attempt     ends, slots, claims  theirs; half-life     STOPPING
 *   STOPPING   lease, what is still in flight  their ends           grace                 kill now
 *   RELEASING  lease                           the lease store      the store's           noted
 *
 * Always: every suite of its queue has one outcome before DONE; why it ended is lane->end. Reconcile and at
 * most one attempt go on side by side: a suite starts when its own stacks are ready. Does no I/O and reads no
 * clock. */
#include "machines.h"
#include <string.h>

#define LEASE_RESTARTS_MAX  2
#define RENEW_AGAIN_MS      30000
#define CREDENTIALS_LIFE_MS 3600000

struct state_row {
    const char *name;
    unsigned next;
};
static const struct state_row rows[LANE_STATE_COUNT] = {
#define X(name, next) {#name, next},
    LANE_TABLE(X)
#undef X
};

const char *lane_state_name(enum lane_state state)
{
    return rows[state].name;
}

static void lane_enter(struct lane *lane, enum lane_state state)
{
    enum lane_state from = lane->state;
    MUST((rows[from].next & MOVE(state)) != 0);
    run_note_move(lane->run, "lane", (int)from, (int)state);
    lane->state = state;
}

void lane_init(struct lane *lane, struct run *run, size_t index)
{
    *lane = (struct lane){
        .run = run,
        .index = index,
        .account = NO_INDEX,
        .stop_by_ms = INT64_MAX,
        .renew_at_ms = INT64_MAX,
        .claimed = NO_INDEX,
        .attempt = {.deadline_ms = INT64_MAX, .suite = NO_INDEX},
    };
    const struct shard *shard = &run->plan->shards[index];
    lane->queue = memory_new((shard->suite_count + 1) * sizeof *lane->queue);
    memcpy(lane->queue, shard->suites, shard->suite_count * sizeof *lane->queue);
    lane->queue_count = shard->suite_count;
}

void lane_clear(struct lane *lane)
{
    memory_free(lane->queue);
    attempt_clear(&lane->attempt);
    reconcile_free(lane->reconcile);
}

/* --- ending ------------------------------------------------------------------------------------------ */

/* Every suite that still waits in this lane's queue ends now, without an attempt. */
void lane_finish_waiting(struct lane *lane, enum outcome outcome, const char *reason, struct effects *effects)
{
    for (size_t i = 0; i < lane->queue_count; i++) {
        size_t suite = lane->queue[i];
        if (suite == NO_INDEX) {
            continue;
        }
        const struct suite_run *progress = &lane->run->suites[suite];
        if (progress->progress == SUITE_WAITING && progress->lane == lane->index) {
            run_suite_finished(lane->run, suite, outcome, reason, lane, effects);
        }
    }
}

static void lane_done(struct lane *lane, struct effects *effects)
{
    lane_enter(lane, LANE_DONE);
    tell_shard_finished(lane, effects);
    effects_add(effects, EFFECT_LANE_CLOSE, lane->index);
    run_lane_done(lane->run, lane, effects);
}

void lane_drop_job_slot(struct lane *lane, struct effects *effects)
{
    if (lane->has_job_slot || lane->wants_job_slot) {
        run_give_job_slot(lane->run, lane, effects);
    }
}

static bool has_work_in_flight(const struct lane *lane)
{
    return lane->attempt.state != ATTEMPT_NONE || lane->claim_id != 0 || lane->assume_id != 0 ||
           (lane->reconcile != NULL && !reconcile_is_idle(lane->reconcile));
}

static bool is_to_be_held(const struct lane *lane)
{
    return lane->has_bad_suite && lane->run->options->hold_ms > 0 && lane->end != LANE_END_LEASE_LOST &&
           !lane->run->inventory->accounts[lane->account].is_local;
}

struct letting_go {
    enum account_state next;
    const char *reason;
};

/* A shell that entered a hold leaves it as it was. */
static bool is_still_held(const struct lane *lane)
{
    const struct run *run = lane->run;
    return run->options->is_hold_kept && lane->account == run->plan->shards[lane->index].account &&
           lane->end != LANE_END_LEASE_LOST;
}

static struct letting_go how_to_let_go(const struct lane *lane, bool is_unfinished)
{
    if (is_still_held(lane)) {
        return (struct letting_go){ACCOUNT_HELD, "still held"};
    }
    if (is_to_be_held(lane)) {
        return (struct letting_go){ACCOUNT_HELD, "held for whoever looks into its failed suites"};
    }
    if (is_unfinished) {
        return (struct letting_go){ACCOUNT_DIRTY, "a deploy was left unfinished"};
    }
    if (lane->end == LANE_END_MOVING) {
        return (struct letting_go){ACCOUNT_DIRTY, "its infrastructure failed a suite"};
    }
    return (struct letting_go){ACCOUNT_FREE, "done"};
}

static void release_account(struct lane *lane, struct effects *effects)
{
    bool is_unfinished = lane->reconcile != NULL && reconcile_has_unfinished(lane->reconcile);
    struct letting_go letting_go = how_to_let_go(lane, is_unfinished);
    lane_enter(lane, LANE_RELEASING);
    if (lane->reconcile != NULL) {
        for (size_t i = 0; i < lane->run->inventory->stack_count; i++) {
            run_give_stack_slot(lane->run, lane, i);
        }
        reconcile_free(lane->reconcile);
        lane->reconcile = NULL;
    }
    pool_release(lane->run->pool, lane->index, letting_go.next, letting_go.reason, effects);
}

/* STOPPING ends when nothing of this lane is in flight. */
void lane_stop_when_idle(struct lane *lane, struct effects *effects)
{
    if (lane->state == LANE_STOPPING && !has_work_in_flight(lane)) {
        lane_drop_job_slot(lane, effects);
        release_account(lane, effects);
    }
}

void lane_stop(struct lane *lane, enum lane_end end, struct effects *effects)
{
    lane_enter(lane, LANE_STOPPING);
    if (lane->end == LANE_END_NONE) {
        lane->end = end;
    }
    lane->renew_at_ms = INT64_MAX;
    if (lane->wants_job_slot) {
        lane_drop_job_slot(lane, effects);
    }
    if (lane->reconcile != NULL) {
        reconcile_cancel(lane->reconcile, effects);
    }
    lane_stop_when_idle(lane, effects);
}

static void append_failure(const struct error *error, struct text *reason)
{
    text_append(reason, error->what);
    if (error->hint[0] != '\0') {
        text_append_format(reason, "; %s", error->hint);
    }
}

/* No account will ever be granted. */
static void lane_refused(struct lane *lane, const struct error *error, struct effects *effects)
{
    struct text reason = {0};
    append_failure(error, &reason);
    lane->end_error = *error;
    lane->end = LANE_END_INFRA;
    tell_problem(lane->run, lane, "lease_lost", error->what, effects);
    lane_finish_waiting(lane, OUTCOME_INFRA, text_string(&reason), effects);
    text_clear(&reason);
    lane_done(lane, effects);
}

/* The account cannot be entered. */
static void lane_shut_out(struct lane *lane, const struct error *error, struct effects *effects)
{
    struct text reason = {0};
    append_failure(error, &reason);
    lane->end_error = *error;
    tell_problem(lane->run, lane, "credentials", error->what, effects);
    bool is_moving = lane_leave_account(lane, text_string(&reason), effects);
    text_clear(&reason);
    lane_stop(lane, is_moving ? LANE_END_MOVING : LANE_END_INFRA, effects);
}

void lane_cancel(struct lane *lane, const char *reason, bool is_kill, struct effects *effects)
{
    if (lane->state == LANE_DONE) {
        return;
    }
    lane_finish_waiting(lane, OUTCOME_CANCELLED, reason, effects);
    attempt_cut(lane, CUT_CANCELLED, reason, is_kill, effects);
    if (lane->end == LANE_END_NONE || lane->end == LANE_END_LEASE_LOST || lane->end == LANE_END_MOVING) {
        lane->end = LANE_END_CANCELLED; /* then no account is asked for again either */
    }
    switch (lane->state) {
    case LANE_WAITING:
        pool_withdraw(lane->run->pool, lane->index, effects);
        lane_done(lane, effects);
        break;
    case LANE_NEW: lane_done(lane, effects); break;
    case LANE_PREPARING:
    case LANE_OPEN: lane_stop(lane, LANE_END_CANCELLED, effects); break;
    case LANE_STOPPING:
        if (lane->reconcile != NULL) {
            reconcile_cancel(lane->reconcile, effects);
        }
        break;
    case LANE_RELEASING:
    case LANE_DONE:
    case LANE_STATE_COUNT: break;
    }
}

/* --- opening ----------------------------------------------------------------------------------------- */

void lane_start(struct lane *lane, struct effects *effects)
{
    if (!lane_has_waiting(lane)) { /* all was stolen before it began */
        lane_done(lane, effects);
        return;
    }
    lane_enter(lane, LANE_WAITING);
    pool_request(lane->run->pool, lane->index, lane->run->plan->shards[lane->index].account, NO_INDEX,
                 effects);
}

static void ask_assume_role(struct lane *lane, struct effects *effects)
{
    struct effect *effect = effects_add(effects, EFFECT_AWS, lane->index);
    effect->aws.operation = AWS_ASSUME_ROLE;
    effect->aws.account = lane->account;
    /* at most 64 of [\w+=,.@-]: CloudTrail then explains itself */
    effect->aws.session_name =
        arena_format(effects->arena, "itrun.%.36s.%zu", lane->run->options->run_id, lane->index + 1);
    lane->assume_id = effect->id;
}

static void lane_open(struct lane *lane, struct effects *effects)
{
    lane_enter(lane, LANE_OPEN);
    if (lane_needs_stacks(lane)) {
        lane_start_stacks(lane, effects);
    }
    lane_advance(lane, effects);
}

static void lane_granted(struct lane *lane, const struct pool_fact *fact, struct effects *effects)
{
    lane->account = fact->account;
    lane->stop_by_ms = fact->stop_by_ms;
    lane->was_dirty = fact->was_dirty;
    lane->has_failed_stack = false;
    lane->has_bad_suite = false;
    lane->has_new_suite = false;
    lane->wants_move = false;
    tell_account_leased(lane, fact->fence, effects);
    if (lane->run->inventory->accounts[lane->account].is_local) {
        lane_open(lane, effects);
        return;
    }
    lane_enter(lane, LANE_PREPARING);
    ask_assume_role(lane, effects);
}

static void lane_lease_lost(struct lane *lane, const struct error *error, struct effects *effects)
{
    tell_problem(lane->run, lane, "lease_lost", error->what, effects);
    lane->end_error = *error;
    attempt_cut(lane, CUT_LEASE_LOST, error->what, true, effects);
    if (lane->state == LANE_PREPARING || lane->state == LANE_OPEN) {
        lane_stop(lane, LANE_END_LEASE_LOST, effects);
    }
}

/* What the account is to whoever comes next. */
static const char *release_word(const struct pool_fact *fact, bool was_lost)
{
    if (fact->next == ACCOUNT_HELD || was_lost) {
        return fact->next == ACCOUNT_HELD ? "held" : "lost";
    }
    return fact->next == ACCOUNT_DIRTY ? "dirty" : "free";
}

static void lane_released(struct lane *lane, const struct pool_fact *fact, struct effects *effects)
{
    bool was_lost = lane->end == LANE_END_LEASE_LOST;
    bool is_moving = lane->end == LANE_END_MOVING;
    bool goes_on = is_moving || (was_lost && lane->lease_restarts < LEASE_RESTARTS_MAX);
    size_t old_account = lane->account;
    tell_account_released(lane, release_word(fact, was_lost), effects);
    lane->account = NO_INDEX;
    lane->stop_by_ms = INT64_MAX;
    if (goes_on && lane_has_waiting(lane)) {
        lane->lease_restarts += was_lost ? 1 : 0;
        lane->moves += is_moving ? 1 : 0;
        lane->end = LANE_END_NONE;
        lane_enter(lane, LANE_WAITING);
        pool_request(lane->run->pool, lane->index, NO_INDEX, is_moving ? old_account : NO_INDEX, effects);
        return;
    }
    if (was_lost) {
        lane_finish_waiting(lane, OUTCOME_INFRA, lane->end_error.what, effects);
    }
    lane_done(lane, effects);
}

void lane_pool_fact(struct lane *lane, const struct pool_fact *fact, struct effects *effects)
{
    if (lane->state == LANE_DONE) { /* a withdrawn request that was granted meanwhile */
        return;
    }
    switch (fact->type) {
    case POOL_GRANTED: lane_granted(lane, fact, effects); break;
    case POOL_WAITING: tell_account_waiting(lane, fact->holder, effects); break;
    case POOL_REFUSED: lane_refused(lane, &fact->error, effects); break;
    case POOL_EXTENDED: {
        lane->stop_by_ms = fact->stop_by_ms;
        if (lane->reconcile != NULL) {
            reconcile_set_stop_by(lane->reconcile, lane->stop_by_ms);
        }
        struct effect *effect = effects_add(effects, EFFECT_GUARD_DEADLINE, lane->index);
        effect->lease_stop_by_ms = fact->stop_by_ms;
        break;
    }
    case POOL_LOST: lane_lease_lost(lane, &fact->error, effects); break;
    case POOL_RELEASED: lane_released(lane, fact, effects); break;
    }
}

/* --- being told things -------------------------------------------------------------------------------- */

static void lane_assumed(struct lane *lane, const struct input *input, struct effects *effects)
{
    lane->assume_id = 0;
    const struct error *error = &input->aws.error;
    if (lane->state == LANE_STOPPING) {
        return;
    }
    if (error->kind != ERROR_NONE) {
        if (lane->state == LANE_OPEN) { /* a renewal: what is held still works for a while */
            tell_problem(lane->run, lane, "credentials", error->what, effects);
            lane->renew_at_ms = lane->run->now_ms + RENEW_AGAIN_MS;
            return;
        }
        lane_shut_out(lane, error, effects);
        return;
    }
    int64_t life_ms = input->aws.lifetime_ms > 0 ? input->aws.lifetime_ms : CREDENTIALS_LIFE_MS;
    lane->renew_at_ms = lane->run->now_ms + life_ms / 2;
    if (lane->state == LANE_PREPARING) {
        lane_open(lane, effects);
    }
}

static void lane_deadline(struct lane *lane, const struct input *input, struct effects *effects)
{
    attempt_step(lane, input, effects);
    if (lane->reconcile != NULL && reconcile_next_deadline_ms(lane->reconcile) <= lane->run->now_ms) {
        lane_step_stacks(lane, input, effects);
    }
    if (lane->renew_at_ms <= lane->run->now_ms && lane->assume_id == 0 && lane->state == LANE_OPEN) {
        lane->renew_at_ms = INT64_MAX;
        ask_assume_role(lane, effects);
    }
}

void lane_step(struct lane *lane, const struct input *input, struct effects *effects)
{
    bool is_reconciles =
        lane->reconcile != NULL && input->effect_id != 0 && reconcile_owns(lane->reconcile, input->effect_id);
    if (is_reconciles) {
        lane_step_stacks(lane, input, effects);
        lane_advance(lane, effects);
        return;
    }
    switch (input->type) {
    case INPUT_CLAIMED: lane_claimed(lane, input, effects); return;
    case INPUT_AWS_ANSWERED:
        if (input->effect_id == lane->assume_id) {
            lane_assumed(lane, input, effects);
        }
        break;
    case INPUT_PROCESS_ENDED:
    case INPUT_COLLECTED: attempt_step(lane, input, effects); break;
    case INPUT_DEADLINE: lane_deadline(lane, input, effects); break;
    case INPUT_START:
    case INPUT_STOP:
    case INPUT_EMITTED:
    case INPUT_LEASE_ANSWERED:
    case INPUT_LEDGER_ANSWERED:
    case INPUT_SIGNALLED:
    case INPUT_TYPE_COUNT: break;
    }
    lane_advance(lane, effects);
}

int64_t lane_next_deadline_ms(const struct lane *lane)
{
    int64_t next_ms = lane->attempt.state == ATTEMPT_NONE ? INT64_MAX : lane->attempt.deadline_ms;
    if (lane->reconcile != NULL && reconcile_next_deadline_ms(lane->reconcile) < next_ms) {
        next_ms = reconcile_next_deadline_ms(lane->reconcile);
    }
    return lane->renew_at_ms < next_ms ? lane->renew_at_ms : next_ms;
}
