/* reconcile_deploy.c - asking for what changes an account: the ledger's begin and end, then CloudFormation's
 * writes.
 *
 * Tags are merged: what others wrote on a stack is sent back with ours, since UpdateStack replaces the whole
 * set. Source: AWS CloudFormation API, UpdateStack (Tags, ClientRequestToken). */
#include "reconcile_machine.h"
#include <string.h>

#define TOKEN_LENGTH_MAX 128
#define REPAIR_TAG       "itrun:repaired-by"

void deploy_record(struct reconcile *reconcile, size_t stack, enum effect_type type)
{
    struct stack_run *run = &reconcile->stacks[stack];
    struct effect *effect = reconcile_ask(reconcile, type, stack);
    struct ledger_entry *entry = arena_alloc(reconcile->effects->arena, sizeof *entry);
    *entry = (struct ledger_entry){
        .stack_name = reconcile_stack_of(reconcile, stack)->stack_name,
        .is_unfinished = type == EFFECT_LEDGER_BEGIN,
        .run = reconcile->options.run_id,
        .parts = run->fingerprint->parts,
        .part_count = run->fingerprint->part_count,
    };
    memcpy(entry->fingerprint, run->fingerprint->hex, sizeof entry->fingerprint);
    effect->store.account = reconcile->account;
    effect->store.entry = entry;
    run->effect_id = effect->id;
}

/* One for each operation, so that a call repeated after a lost answer is the same operation, and the next is
 * not. */
static const char *next_token(struct reconcile *reconcile, size_t stack)
{
    struct stack_run *run = &reconcile->stacks[stack];
    char *token = arena_format(reconcile->effects->arena, "itrun-%.64s-%zu-%zu-%d", reconcile->options.run_id,
                               reconcile->options.lane + 1, stack, ++run->token_count);
    for (char *c = token; *c != '\0'; c++) {
        bool is_allowed = (*c >= '0' && *c <= '9') || (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z');
        *c = is_allowed ? *c : '-';
    }
    MUST(strlen(token) <= TOKEN_LENGTH_MAX);
    return token;
}

static struct aws_call *ask_aws(struct reconcile *reconcile, size_t stack, enum aws_operation operation)
{
    struct stack_run *run = &reconcile->stacks[stack];
    struct effect *effect = reconcile_ask(reconcile, EFFECT_AWS, stack);
    effect->aws = (struct aws_call){
        .operation = operation,
        .account = reconcile->account,
        .stack_name = reconcile_stack_of(reconcile, stack)->stack_name,
    };
    run->effect_id = effect->id;
    return &effect->aws;
}

static struct aws_call *ask_write(struct reconcile *reconcile, size_t stack, enum aws_operation operation)
{
    reconcile->stacks[stack].operation = operation;
    struct aws_call *call = ask_aws(reconcile, stack, operation);
    call->request_token = next_token(reconcile, stack);
    return call;
}

static void set_parameters(struct reconcile *reconcile, size_t stack, struct aws_call *call)
{
    const struct stack *noun = reconcile_stack_of(reconcile, stack);
    struct arena *arena = reconcile->effects->arena;
    struct pair *pairs = arena_alloc(arena, (noun->parameter_count + 1) * sizeof *pairs);
    for (size_t i = 0; i < noun->parameter_count; i++) {
        const struct stack_parameter *parameter = &noun->parameters[i];
        const char *value = parameter->value;
        if (value == NULL) {
            value = look_output(reconcile, parameter->from_stack, parameter->output);
        }
        pairs[i] = (struct pair){parameter->name, arena_string(arena, value != NULL ? value : "")};
    }
    call->parameters = pairs;
    call->parameter_count = noun->parameter_count;
}

static bool is_foreign(const struct pair *tag)
{
    return !string_starts_with(tag->name, "aws:") && strcmp(tag->name, FINGERPRINT_TAG) != 0 &&
           strcmp(tag->name, REPAIR_TAG) != 0;
}

static size_t copy_foreign(struct arena *arena, const struct pair *tags, size_t count, struct pair *ret_tags)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (is_foreign(&tags[i])) {
            ret_tags[kept++] =
                (struct pair){arena_string(arena, tags[i].name), arena_string(arena, tags[i].value)};
        }
    }
    return kept;
}

void deploy_keep_tags(struct reconcile *reconcile, size_t stack)
{
    struct stack_run *run = &reconcile->stacks[stack];
    const struct live_stack *live = look_find(reconcile, stack);
    if (live == NULL) {
        return;
    }
    struct pair *tags = arena_alloc(reconcile->arena, (live->tag_count + 1) * sizeof *tags);
    run->tag_count = copy_foreign(reconcile->arena, live->tags, live->tag_count, tags);
    run->tags = tags;
}

/* A stack whose last update was taken back may show just what is wanted now. CloudFormation then answers that
 * there is nothing to update, and the status stays for ever: one more tag makes it an update. It stays until
 * the next one, so that the same update twice is still none. Source: terraform-provider-aws #13385. */
static const char *repair_tag(const struct reconcile *reconcile, const struct live_stack *live)
{
    if (live == NULL) {
        return NULL;
    }
    bool is_succeeded = stack_status_is_succeeded(live->status);
    return is_succeeded ? pair_value(live->tags, live->tag_count, REPAIR_TAG) : reconcile->options.run_id;
}

static void set_tags(struct reconcile *reconcile, size_t stack, const struct live_stack *live,
                     struct aws_call *call)
{
    const struct stack_run *run = &reconcile->stacks[stack];
    struct arena *arena = reconcile->effects->arena;
    const struct pair *from = live != NULL ? live->tags : run->tags;
    size_t from_count = live != NULL ? live->tag_count : run->tag_count;
    struct pair *tags = arena_alloc(arena, (from_count + 2) * sizeof *tags);
    size_t count = copy_foreign(arena, from, from_count, tags);
    tags[count++] = (struct pair){FINGERPRINT_TAG, run->fingerprint->hex};
    const char *repaired_by = repair_tag(reconcile, live);
    if (repaired_by != NULL) {
        tags[count++] = (struct pair){REPAIR_TAG, arena_string(arena, repaired_by)};
    }
    call->tags = tags;
    call->tag_count = count;
}

void deploy_write(struct reconcile *reconcile, size_t stack)
{
    const struct live_stack *live = look_find(reconcile, stack);
    struct aws_call *call = ask_write(reconcile, stack, live != NULL ? AWS_UPDATE_STACK : AWS_CREATE_STACK);
    call->template_body = reconcile_stack_of(reconcile, stack)->template_body;
    set_parameters(reconcile, stack, call);
    set_tags(reconcile, stack, live, call);
}

void deploy_delete(struct reconcile *reconcile, size_t stack)
{
    deploy_keep_tags(reconcile, stack);
    ask_write(reconcile, stack, AWS_DELETE_STACK);
}

void deploy_continue(struct reconcile *reconcile, size_t stack)
{
    ask_write(reconcile, stack, AWS_CONTINUE_ROLLBACK);
}

void deploy_explain(struct reconcile *reconcile, size_t stack)
{
    ask_aws(reconcile, stack, AWS_STACK_EVENTS);
}
