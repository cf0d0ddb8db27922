/* reconcile.c - the stacks of one lane's account: the step, what is outstanding, what is told.
 *
 *   START --> look (DescribeStacks) and ledger, side by side
 *         --> each wanted stack goes its own way as soon as its dependencies are READY (reconcile_stack.c)
 *         --> before the first write of all: GetCallerIdentity; a wrong account fails everything
 *
 *   holds: the newest look, the ledger as it was at the start, at most one look outstanding
 *   deadline: the next look while somebody waits for one, and each stack's own
 *   on a cancel: nothing new; what is outstanding completes; what runs in AWS is left and said to be
 * (has_unfinished)
 *
 * Order: an input first reaches what asked for it, then all wanted stacks are asked whether they can go on,
 * in the order of want, until none moves; then comes the poll. Does no I/O and reads no clock. */
#include "reconcile_machine.h"
#include "itrun/base/json.h"

#define POLL_DEFAULT_MS 2000

struct reconcile *reconcile_new(const struct inventory *inventory, size_t account,
                                const struct reconcile_options *options)
{
    struct reconcile *reconcile = memory_new(sizeof *reconcile);
    *reconcile = (struct reconcile){
        .inventory = inventory,
        .account = account,
        .options = *options,
        .arena = arena_new(),
        .stacks = memory_new((inventory->stack_count + 1) * sizeof *reconcile->stacks),
        .order = memory_new((inventory->stack_count + 1) * sizeof *reconcile->order),
        .look = {.arena = arena_new(),
                 .live = memory_new((inventory->stack_count + 1) * sizeof(struct live_stack))},
        .lease_stop_by_ms = INT64_MAX,
    };
    if (reconcile->options.poll_ms <= 0) {
        reconcile->options.poll_ms = POLL_DEFAULT_MS;
    }
    for (size_t i = 0; i < inventory->stack_count; i++) {
        reconcile->stacks[i].action = STACK_GIVE_UP; /* what is told of one that fails undecided */
        reconcile->stacks[i].started_ms = INT64_MIN;
        reconcile->stacks[i].deadline_ms = INT64_MAX;
        reconcile->stacks[i].wait_until_ms = INT64_MAX;
    }
    return reconcile;
}

void reconcile_free(struct reconcile *reconcile)
{
    if (reconcile == NULL) {
        return;
    }
    arena_free(reconcile->arena);
    arena_free(reconcile->look.arena);
    memory_free(reconcile->look.live);
    memory_free(reconcile->stacks);
    memory_free(reconcile->order);
    memory_free(reconcile->asked);
    memory_free(reconcile->facts);
    memory_free(reconcile);
}

const struct stack *reconcile_stack_of(const struct reconcile *reconcile, size_t stack)
{
    return &reconcile->inventory->stacks[stack];
}

/* --- what is outstanding ----------------------------------------------------------------------------- */

struct effect *reconcile_ask(struct reconcile *reconcile, enum effect_type type, size_t stack)
{
    struct effect *effect = effects_add(reconcile->effects, type, reconcile->options.lane);
    reconcile->asked = memory_grow(reconcile->asked, reconcile->asked_count, &reconcile->asked_capacity,
                                   sizeof *reconcile->asked);
    reconcile->asked[reconcile->asked_count++] = (struct asked){effect->id, stack};
    return effect;
}

bool reconcile_owns(const struct reconcile *reconcile, uint64_t effect_id)
{
    for (size_t i = 0; i < reconcile->asked_count; i++) {
        if (reconcile->asked[i].id == effect_id) {
            return true;
        }
    }
    return false;
}

bool reconcile_is_idle(const struct reconcile *reconcile)
{
    return reconcile->asked_count == 0;
}

/* False: it was not ours. */
static bool take_asked(struct reconcile *reconcile, uint64_t effect_id, size_t *ret_stack)
{
    for (size_t i = 0; i < reconcile->asked_count; i++) {
        if (reconcile->asked[i].id == effect_id) {
            *ret_stack = reconcile->asked[i].stack;
            reconcile->asked[i] = reconcile->asked[--reconcile->asked_count];
            return true;
        }
    }
    return false;
}

/* --- facts ------------------------------------------------------------------------------------------- */

static int64_t spent_ms(const struct reconcile *reconcile, size_t stack)
{
    int64_t started_ms = reconcile->stacks[stack].started_ms;
    return started_ms == INT64_MIN ? 0 : reconcile->now_ms - started_ms;
}

void reconcile_tell(struct reconcile *reconcile, int type, size_t stack, const struct error *error)
{
    const struct stack_run *run = &reconcile->stacks[stack];
    enum stack_action action = run->has_begun && type != RECONCILE_DECIDED ? run->deed : run->action;
    if (type == RECONCILE_DEPLOYED && action == STACK_DELETE_AGAIN) {
        action = STACK_RECREATE; /* what it came to */
    }
    reconcile->facts = memory_grow(reconcile->facts, reconcile->fact_count, &reconcile->fact_capacity,
                                   sizeof *reconcile->facts);
    reconcile->facts[reconcile->fact_count++] = (struct fact_item){
        .type = type,
        .stack = stack,
        .action = action,
        .reason = run->reason,
        .duration_ms = type == RECONCILE_DECIDED ? 0 : spent_ms(reconcile, stack),
        .error = error,
    };
}

bool reconcile_next_fact(struct reconcile *reconcile, struct reconcile_fact *ret_fact)
{
    if (reconcile->fact_next == reconcile->fact_count) {
        reconcile->fact_next = 0;
        reconcile->fact_count = 0;
        return false;
    }
    const struct fact_item *item = &reconcile->facts[reconcile->fact_next++];
    const struct fingerprint *fingerprint = reconcile->stacks[item->stack].fingerprint;
    struct reconcile_fact fact = {
        .type = item->type,
        .stack = item->stack,
        .action = item->action,
        .reason = item->reason,
        .fingerprint = fingerprint != NULL ? fingerprint->hex : NULL,
        .duration_ms = item->duration_ms,
    };
    if (item->error != NULL) {
        fact.error = *item->error;
    }
    *ret_fact = fact;
    return true;
}

/* --- who we are -------------------------------------------------------------------------------------- */

bool reconcile_knows_account(struct reconcile *reconcile)
{
    if (reconcile->identity == IDENTITY_UNKNOWN) {
        struct effect *effect = reconcile_ask(reconcile, EFFECT_AWS, NO_INDEX);
        effect->aws = (struct aws_call){.operation = AWS_CALLER_IDENTITY, .account = reconcile->account};
        reconcile->identity_id = effect->id;
        reconcile->identity = IDENTITY_ASKED;
    }
    return reconcile->identity == IDENTITY_KNOWN;
}

/* Even what was skipped was read in the wrong account. */
static void fail_everything(struct reconcile *reconcile)
{
    struct error *error = arena_alloc(reconcile->arena, sizeof *error);
    error_set(error, ERROR_DENIED, "the credentials for %s are of another account",
              reconcile->inventory->accounts[reconcile->account].alias);
    error_hint(error, "see the role of the account in the configuration, and what the endpoint answers");
    reconcile->account_error = error;
    for (size_t i = 0; i < reconcile->order_count; i++) {
        if (reconcile->stacks[reconcile->order[i]].state != RECONCILE_STATE_FAILED) {
            stack_fail_with(reconcile, reconcile->order[i], error, "not deployed");
        }
    }
}

static void identity_answered(struct reconcile *reconcile, const struct aws_answer *answer)
{
    reconcile->identity_id = 0;
    if (answer->error.kind != ERROR_NONE) {
        reconcile->identity = IDENTITY_UNKNOWN;
        for (size_t i = 0; i < reconcile->order_count; i++) {
            if (reconcile->stacks[reconcile->order[i]].state == RECONCILE_STATE_QUEUED) {
                stack_fail_with(reconcile, reconcile->order[i], &answer->error,
                                "whose account it is cannot be seen");
            }
        }
    } else if (string_equal(answer->account_id, reconcile->inventory->accounts[reconcile->account].id)) {
        reconcile->identity = IDENTITY_KNOWN;
    } else {
        reconcile->identity = IDENTITY_UNKNOWN;
        fail_everything(reconcile);
    }
}

size_t reconcile_operation_count(const struct reconcile *reconcile)
{
    size_t count = 0;
    for (size_t i = 0; i < reconcile->order_count; i++) {
        count += reconcile_states[reconcile->stacks[reconcile->order[i]].state].is_operation;
    }
    return count;
}

/* --- the step ---------------------------------------------------------------------------------------- */

static void want(struct reconcile *reconcile, size_t stack)
{
    if (reconcile->stacks[stack].state != RECONCILE_STATE_UNWANTED) {
        return;
    }
    const struct stack *noun = reconcile_stack_of(reconcile, stack);
    stack_want(reconcile, stack);
    for (size_t i = 0; i < noun->depend_count; i++) {
        want(reconcile, noun->depends[i]);
    }
    reconcile->order[reconcile->order_count++] = stack;
}

void reconcile_want(struct reconcile *reconcile, const size_t *stacks, size_t count)
{
    for (size_t i = 0; i < count && !reconcile->is_cancelled; i++) {
        want(reconcile, stacks[i]);
    }
    reconcile->is_due = true;
}

void reconcile_set_stop_by(struct reconcile *reconcile, int64_t lease_stop_by_ms)
{
    reconcile->lease_stop_by_ms = lease_stop_by_ms;
}

void reconcile_grant_slot(struct reconcile *reconcile, size_t stack)
{
    reconcile->stacks[stack].is_granted = true;
    reconcile->is_due = true;
}

static void answer_arrived(struct reconcile *reconcile, const struct input *input)
{
    size_t stack = NO_INDEX;
    if (!take_asked(reconcile, input->effect_id, &stack)) {
        return;
    }
    if (stack != NO_INDEX) {
        bool is_awaited =
            input->effect_id == reconcile->stacks[stack].effect_id || input->type == INPUT_SIGNALLED;
        MUST(is_awaited);
        stack_hear(reconcile, stack, NEWS_ANSWERED, input);
    } else if (input->effect_id == reconcile->ledger_id) {
        ledger_answered(reconcile, input);
    } else if (input->effect_id == reconcile->identity_id) {
        identity_answered(reconcile, &input->aws);
    } else {
        look_answered(reconcile, input);
    }
}

static void deadlines_came(struct reconcile *reconcile, const struct input *input)
{
    for (size_t i = 0; i < reconcile->order_count; i++) {
        const struct stack_run *run = &reconcile->stacks[reconcile->order[i]];
        if (reconcile_states[run->state].has_deadline && run->deadline_ms <= input->now_ms) {
            stack_hear(reconcile, reconcile->order[i], NEWS_DUE, input);
        }
    }
}

static void advance_all(struct reconcile *reconcile, const struct input *input)
{
    size_t moves = 0;
    reconcile->is_due = false;
    do {
        moves = reconcile->move_count;
        for (size_t i = 0; i < reconcile->order_count; i++) {
            stack_hear(reconcile, reconcile->order[i], NEWS_ADVANCE, input);
        }
    } while (moves != reconcile->move_count);
}

void reconcile_step(struct reconcile *reconcile, const struct input *input, struct effects *effects)
{
    reconcile->now_ms = input->now_ms;
    reconcile->effects = effects;
    switch (input->type) {
    case INPUT_START:
        reconcile->is_started = true;
        ledger_ask(reconcile);
        break;
    case INPUT_DEADLINE: deadlines_came(reconcile, input); break;
    case INPUT_LEDGER_ANSWERED:
    case INPUT_AWS_ANSWERED:
    case INPUT_PROCESS_ENDED:
    case INPUT_SIGNALLED: answer_arrived(reconcile, input); break;
    case INPUT_STOP: /* the lane cancels */
    case INPUT_EMITTED:
    case INPUT_CLAIMED:
    case INPUT_LEASE_ANSWERED:
    case INPUT_COLLECTED:
    case INPUT_TYPE_COUNT: break;
    }
    if (reconcile->is_started) {
        advance_all(reconcile, input);
        look_tend(reconcile);
    }
    reconcile->effects = NULL;
}

void reconcile_cancel(struct reconcile *reconcile, struct effects *effects)
{
    reconcile->is_cancelled = true;
    reconcile->effects = effects;
    for (size_t i = 0; i < reconcile->order_count; i++) {
        stack_hear(reconcile, reconcile->order[i], NEWS_CANCELLED, NULL);
    }
    reconcile->effects = NULL;
}

/* --- what is known of it ----------------------------------------------------------------------------- */

int64_t reconcile_next_deadline_ms(const struct reconcile *reconcile)
{
    if (reconcile->is_due && reconcile->is_started && !reconcile->is_cancelled) {
        return reconcile->now_ms;
    }
    int64_t next_ms = look_next_ms(reconcile);
    for (size_t i = 0; i < reconcile->order_count; i++) {
        const struct stack_run *run = &reconcile->stacks[reconcile->order[i]];
        if (reconcile_states[run->state].has_deadline && run->deadline_ms < next_ms) {
            next_ms = run->deadline_ms;
        }
    }
    return next_ms;
}

enum stack_readiness reconcile_readiness(const struct reconcile *reconcile, size_t stack)
{
    return reconcile_states[reconcile->stacks[stack].state].readiness;
}

const struct error *reconcile_failure(const struct reconcile *reconcile, size_t stack)
{
    return reconcile->stacks[stack].error;
}

static bool has_operation(const struct reconcile *reconcile)
{
    for (size_t i = 0; i < reconcile->order_count; i++) {
        if (reconcile_states[reconcile->stacks[reconcile->order[i]].state].may_run) {
            return true;
        }
    }
    return false;
}

bool reconcile_has_unfinished(const struct reconcile *reconcile)
{
    for (size_t i = 0; i < reconcile->order_count; i++) {
        if (reconcile->stacks[reconcile->order[i]].is_left) {
            return true;
        }
    }
    return has_operation(reconcile);
}

void reconcile_outputs_json(const struct reconcile *reconcile, bool is_stale_fine, struct text *text)
{
    struct json_writer writer;
    json_write_begin(&writer, text, 0);
    json_write_object(&writer, NULL);
    for (size_t i = 0; i < reconcile->inventory->stack_count; i++) {
        const struct live_stack *live = look_find(reconcile, i);
        bool is_ready = reconcile->stacks[i].state == RECONCILE_STATE_READY;
        if ((!is_ready && !is_stale_fine) || live == NULL) {
            continue;
        }
        json_write_object(&writer, reconcile_stack_of(reconcile, i)->name);
        for (size_t j = 0; j < live->output_count; j++) {
            json_write_string(&writer, live->outputs[j].name, live->outputs[j].value);
        }
        json_write_end(&writer, '}');
    }
    json_write_end(&writer, '}');
}
