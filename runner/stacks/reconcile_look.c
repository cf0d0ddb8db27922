/* reconcile_look.c - what is known of the account: DescribeStacks (the truth), the ledger (reasons).
 *
 * One unnamed DescribeStacks is the only poll, at most one outstanding, shared by all stacks. A look that was
 * asked for before a write completed says nothing about that write: stacks compare effect ids, which only
 * grow. */
#include "reconcile_machine.h"
#include <string.h>

#define LOOKS_AGAIN_MAX 3

const struct live_stack *look_find(const struct reconcile *reconcile, size_t stack)
{
    const struct live_stack *live = &reconcile->look.live[stack];
    return live->stack_name != NULL && live->status != STACK_DELETE_COMPLETE ? live : NULL;
}

const char *look_output(void *context, size_t stack, const char *key)
{
    const struct live_stack *live = look_find(context, stack);
    return live != NULL ? pair_value(live->outputs, live->output_count, key) : NULL;
}

const char *look_tag(const struct reconcile *reconcile, size_t stack)
{
    const struct live_stack *live = look_find(reconcile, stack);
    return live != NULL ? pair_value(live->tags, live->tag_count, FINGERPRINT_TAG) : NULL;
}

bool look_is_fresh(const struct reconcile *reconcile, size_t stack)
{
    return reconcile->look.answered_id > reconcile->stacks[stack].fresh_after;
}

void look_discard(struct reconcile *reconcile, size_t stack)
{
    reconcile->stacks[stack].fresh_after = reconcile->effects->last_id;
    reconcile->look.is_urgent = true;
}

static bool wants_look(const struct reconcile *reconcile, size_t stack)
{
    switch (reconcile->stacks[stack].state) {
    case RECONCILE_STATE_PENDING: return !look_is_fresh(reconcile, stack);
    case RECONCILE_STATE_WAITING:
    case RECONCILE_STATE_SETTLING:
    case RECONCILE_STATE_DELETING:
    case RECONCILE_STATE_VERIFYING: return true;
    case RECONCILE_STATE_UNWANTED:
    case RECONCILE_STATE_QUEUED:
    case RECONCILE_STATE_AWAITING_SLOT:
    case RECONCILE_STATE_BEGINNING:
    case RECONCILE_STATE_WRITING:
    case RECONCILE_STATE_RUNNING:
    case RECONCILE_STATE_TERMINATING:
    case RECONCILE_STATE_ENDING:
    case RECONCILE_STATE_EXPLAINING:
    case RECONCILE_STATE_READY:
    case RECONCILE_STATE_FAILED:
    case RECONCILE_STATE_COUNT: break;
    }
    return false;
}

int64_t look_next_ms(const struct reconcile *reconcile)
{
    const struct look *look = &reconcile->look;
    if (look->asked_id != 0 || reconcile->is_cancelled) {
        return INT64_MAX;
    }
    for (size_t i = 0; i < reconcile->order_count; i++) {
        if (wants_look(reconcile, reconcile->order[i])) {
            return look->is_urgent ? reconcile->now_ms : look->next_ms;
        }
    }
    return INT64_MAX;
}

void look_tend(struct reconcile *reconcile)
{
    if (look_next_ms(reconcile) > reconcile->now_ms) {
        return;
    }
    struct effect *effect = reconcile_ask(reconcile, EFFECT_AWS, NO_INDEX);
    effect->aws = (struct aws_call){.operation = AWS_DESCRIBE_STACKS, .account = reconcile->account};
    reconcile->look.asked_id = effect->id;
    reconcile->look.is_urgent = false;
}

static const struct pair *copy_pairs(struct arena *arena, const struct pair *pairs, size_t count)
{
    struct pair *copy = arena_alloc(arena, (count + 1) * sizeof *copy);
    for (size_t i = 0; i < count; i++) {
        copy[i] = (struct pair){arena_string(arena, pairs[i].name), arena_string(arena, pairs[i].value)};
    }
    return copy;
}

static void copy_live(struct arena *arena, const struct live_stack *live, struct live_stack *ret_copy)
{
    *ret_copy = *live;
    ret_copy->stack_id = arena_string(arena, live->stack_id);
    ret_copy->stack_name = arena_string(arena, live->stack_name);
    ret_copy->status_reason = arena_string(arena, live->status_reason);
    ret_copy->tags = copy_pairs(arena, live->tags, live->tag_count);
    ret_copy->outputs = copy_pairs(arena, live->outputs, live->output_count);
    ret_copy->parameters = NULL; /* nobody asks */
    ret_copy->parameter_count = 0;
}

static void keep_look(struct reconcile *reconcile, const struct aws_answer *answer)
{
    const struct inventory *inventory = reconcile->inventory;
    struct look *look = &reconcile->look;
    arena_reset(look->arena);
    memset(look->live, 0, inventory->stack_count * sizeof *look->live);
    for (size_t i = 0; i < inventory->stack_count; i++) {
        for (size_t j = 0; j < answer->stack_count; j++) {
            if (string_equal(answer->stacks[j].stack_name, inventory->stacks[i].stack_name)) {
                copy_live(look->arena, &answer->stacks[j], &look->live[i]);
                break;
            }
        }
    }
}

/* A denial stays one; expired credentials may be renewed meanwhile. */
static bool is_worth_another_look(const struct look *look, const struct error *error)
{
    bool is_final = error->kind == ERROR_DENIED && !string_starts_with(error->code, "ExpiredToken");
    return !is_final && look->error_count <= LOOKS_AGAIN_MAX;
}

void look_answered(struct reconcile *reconcile, const struct input *input)
{
    struct look *look = &reconcile->look;
    const struct error *error = &input->aws.error;
    look->asked_id = 0;
    look->next_ms = input->now_ms + reconcile->options.poll_ms;
    if (error->kind != ERROR_NONE) {
        look->error_count++;
        look->is_urgent = false;
        if (is_worth_another_look(look, error)) {
            return;
        }
        look->error_count = 0;
        for (size_t i = 0; i < reconcile->order_count; i++) {
            stack_hear(reconcile, reconcile->order[i], NEWS_BLIND, input);
        }
        return;
    }
    look->error_count = 0;
    look->answered_id = input->effect_id;
    keep_look(reconcile, &input->aws);
    for (size_t i = 0; i < reconcile->order_count; i++) {
        if (look_is_fresh(reconcile, reconcile->order[i])) {
            stack_hear(reconcile, reconcile->order[i], NEWS_LOOKED, input);
        }
    }
}

/* --- the ledger -------------------------------------------------------------------------------------- */

void ledger_ask(struct reconcile *reconcile)
{
    struct effect *effect = reconcile_ask(reconcile, EFFECT_LEDGER_READ, NO_INDEX);
    effect->store.account = reconcile->account;
    reconcile->ledger_id = effect->id;
}

static const struct ledger_entry *copy_entry(struct arena *arena, const struct ledger_entry *entry)
{
    struct ledger_entry *copy = arena_alloc(arena, sizeof *copy);
    struct fingerprint_part *parts = arena_alloc(arena, (entry->part_count + 1) * sizeof *parts);
    for (size_t i = 0; i < entry->part_count; i++) {
        parts[i] = entry->parts[i];
        parts[i].name = arena_string(arena, entry->parts[i].name);
    }
    *copy = *entry;
    copy->stack_name = arena_string(arena, entry->stack_name);
    copy->run = arena_string(arena, entry->run);
    copy->parts = parts;
    return copy;
}

/* Without the ledger an unfinished deploy could be taken for done: then nothing is decided at all. */
void ledger_answered(struct reconcile *reconcile, const struct input *input)
{
    reconcile->ledger_id = 0;
    if (input->ledger.error.kind != ERROR_NONE) {
        struct error *error = arena_alloc(reconcile->arena, sizeof *error);
        *error = input->ledger.error;
        error_prefix(error, "cannot read which deploys were left unfinished");
        reconcile->account_error = error;
        return;
    }
    reconcile->has_ledger = true;
    for (size_t i = 0; i < reconcile->inventory->stack_count; i++) {
        for (size_t j = 0; j < input->ledger.entry_count; j++) {
            const struct ledger_entry *entry = &input->ledger.entries[j];
            if (string_equal(entry->stack_name, reconcile->inventory->stacks[i].stack_name)) {
                reconcile->stacks[i].recorded = copy_entry(reconcile->arena, entry);
            }
        }
    }
}

/* --- the wanted fingerprint -------------------------------------------------------------------------- */

/* A command may read every output of its dependencies. */
static const struct pair *outputs_below(struct reconcile *reconcile, size_t stack, size_t *ret_count)
{
    const struct stack *noun = reconcile_stack_of(reconcile, stack);
    size_t count = 0;
    for (size_t i = 0; i < noun->depend_count; i++) {
        count += reconcile->look.live[noun->depends[i]].output_count;
    }
    struct pair *outputs = arena_alloc(reconcile->arena, (count + 1) * sizeof *outputs);
    count = 0;
    for (size_t i = 0; i < noun->depend_count; i++) {
        const struct live_stack *live = look_find(reconcile, noun->depends[i]);
        for (size_t j = 0; live != NULL && j < live->output_count; j++) {
            const char *from = reconcile_stack_of(reconcile, noun->depends[i])->name;
            outputs[count].name = arena_format(reconcile->arena, "%s.%s", from, live->outputs[j].name);
            outputs[count++].value = arena_string(reconcile->arena, live->outputs[j].value);
        }
    }
    *ret_count = count;
    return outputs;
}

bool stack_fingerprint(struct reconcile *reconcile, size_t stack, struct error *error)
{
    struct stack_run *run = &reconcile->stacks[stack];
    if (run->fingerprint != NULL) {
        return true;
    }
    size_t count = 0;
    const struct pair *outputs = NULL;
    if (reconcile_stack_of(reconcile, stack)->kind == STACK_COMMAND) {
        outputs = outputs_below(reconcile, stack, &count);
    }
    struct fingerprint *fingerprint = arena_alloc(reconcile->arena, sizeof *fingerprint);
    if (!fingerprint_compute(reconcile->inventory, stack, look_output, reconcile, outputs, count,
                             reconcile->arena, fingerprint, error)) {
        return false;
    }
    run->fingerprint = fingerprint;
    return true;
}
