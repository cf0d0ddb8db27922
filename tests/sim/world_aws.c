/* world_aws.c - CloudFormation and STS of the simulated world. */
#include "world.h"
#include <stdio.h>
#include <string.h>

size_t stack_by_name(const struct actor *actor, const char *stack_name)
{
    size_t index = 0;
    while (strcmp(actor->inventory.stacks[index].stack_name, stack_name) != 0) {
        MUST(++index < STACKS);
    }
    return index;
}

void stack_settle(struct world *world, struct sim_stack *stack)
{
    if (stack->settles_at_ms != 0 && stack->settles_at_ms <= world->now_ms) {
        stack->settles_at_ms = 0;
        stack->status = stack->settles_as;
        if (stack_status_is_succeeded(stack->status)) {
            memcpy(stack->fingerprint, stack->new_fingerprint, HASH_HEX_SIZE);
            stack->content = stack->new_content;
        }
    }
}

static void describe(struct world *world, struct actor *actor, const struct aws_call *call,
                     struct pending *pending)
{
    struct sim_account *account = &world->accounts[call->account];
    pending->arena = arena_new();
    struct live_stack *stacks = arena_alloc(pending->arena, STACKS * sizeof *stacks);
    size_t count = 0;
    for (size_t i = 0; i < STACKS; i++) {
        struct sim_stack *stack = &account->stacks[i];
        stack_settle(world, stack);
        bool is_named =
            call->stack_name == NULL || strcmp(call->stack_name, actor->inventory.stacks[i].stack_name) == 0;
        if (stack->status == STACK_ABSENT || stack->status == STACK_DELETE_COMPLETE || !is_named) {
            continue;
        }
        struct live_stack *live = &stacks[count++];
        live->stack_name = live->stack_id = actor->inventory.stacks[i].stack_name;
        live->status = stack->status;
        struct pair *pairs = arena_alloc(pending->arena, 2 * sizeof *pairs);
        pairs[0] = (struct pair){FINGERPRINT_TAG, arena_string(pending->arena, stack->fingerprint)};
        live->tags = pairs;
        live->tag_count = stack->fingerprint[0] != '\0' ? 1 : 0;
        pairs[1] = (struct pair){"Name", arena_format(pending->arena, "out-%d", stack->content / 2)};
        live->outputs =
            &pairs[1]; /* content 2k and 2k+1 have the same output: a change that does not go downstream */
        live->output_count = 1;
    }
    pending->input.aws.stacks = stacks;
    pending->input.aws.stack_count = count;
}

static bool counts_down(struct world *world, int index, enum fault_type type)
{
    struct fault *fault = world_fault(world, index, type);
    return fault != NULL && fault->countdown > 0 && --fault->countdown == 0;
}

static void begin(struct world *world, int index, struct sim_stack *stack, const struct aws_call *call,
                  enum stack_status under_way, enum stack_status good, enum stack_status bad)
{
    stack->status = under_way;
    stack->settles_at_ms = world->now_ms + world_between(world, 20, 3000);
    stack->settles_as = good;
    const char *tag = pair_value(call->tags, call->tag_count, FINGERPRINT_TAG);
    snprintf(stack->new_fingerprint, sizeof stack->new_fingerprint, "%s", tag != NULL ? tag : "");
    stack->new_content = world->actors[index].content;
    snprintf(stack->token, sizeof stack->token, "%s", call->request_token != NULL ? call->request_token : "");
    if (counts_down(world, index, FAULT_DEPLOY_FAILS)) {
        stack->settles_as = bad;
    }
    if (counts_down(world, index, FAULT_DEPLOY_STUCK)) {
        stack->settles_at_ms = world->now_ms + 3600 * 1000;
    }
}

static bool is_updatable(enum stack_status status)
{
    return status == STACK_CREATE_COMPLETE || status == STACK_UPDATE_COMPLETE ||
           status == STACK_IMPORT_COMPLETE || status == STACK_UPDATE_ROLLBACK_COMPLETE ||
           status == STACK_IMPORT_ROLLBACK_COMPLETE;
}

static void change(struct world *world, int index, const struct aws_call *call, struct pending *pending)
{
    struct actor *actor = &world->actors[index];
    struct sim_stack *stack = &world->accounts[call->account].stacks[stack_by_name(actor, call->stack_name)];
    struct aws_answer *answer = &pending->input.aws;
    check_write(world, index, call->account);
    stack_settle(world, stack);
    bool is_repeat = call->request_token != NULL && strcmp(stack->token, call->request_token) == 0 &&
                     stack->token[0] != '\0';
    bool is_absent = stack->status == STACK_ABSENT || stack->status == STACK_DELETE_COMPLETE;
    answer->stack_id = "id";
    switch (call->operation) {
    case AWS_CREATE_STACK:
        if (is_repeat) {
            return;
        }
        if (!is_absent) {
            error_set(&answer->error, ERROR_CONFLICT, "Stack already exists");
            return;
        }
        begin(world, index, stack, call, STACK_CREATE_IN_PROGRESS, STACK_CREATE_COMPLETE,
              STACK_ROLLBACK_COMPLETE);
        if (counts_down(world, index,
                        FAULT_CREATE_CONFLICT)) { /* a first try took effect, the second is answered */
            error_set(&answer->error, ERROR_CONFLICT, "Stack already exists");
        }
        return;
    case AWS_UPDATE_STACK: {
        if (is_repeat) {
            return;
        }
        if (!is_updatable(stack->status)) {
            error_set(&answer->error, ERROR_INVALID, "is in %s state and can not be updated",
                      stack_status_name(stack->status));
            return;
        }
        const char *tag = pair_value(call->tags, call->tag_count, FINGERPRINT_TAG);
        if (stack->content == actor->content && tag != NULL && strcmp(tag, stack->fingerprint) == 0) {
            answer->is_unchanged = true;
            return;
        }
        begin(world, index, stack, call, STACK_UPDATE_IN_PROGRESS, STACK_UPDATE_COMPLETE,
              STACK_UPDATE_ROLLBACK_COMPLETE);
        return;
    }
    case AWS_DELETE_STACK:
        if (!is_absent) {
            stack->status = STACK_DELETE_IN_PROGRESS;
            stack->settles_as =
                counts_down(world, index, FAULT_DELETE_FAILS) ? STACK_DELETE_FAILED : STACK_ABSENT;
            stack->settles_at_ms = world->now_ms + world_between(world, 20, 1500);
            stack->fingerprint[0] = '\0';
        }
        return;
    case AWS_CONTINUE_ROLLBACK:
        if (stack->status != STACK_UPDATE_ROLLBACK_FAILED) {
            error_set(&answer->error, ERROR_INVALID, "not in UPDATE_ROLLBACK_FAILED");
            return;
        }
        stack->status = STACK_UPDATE_ROLLBACK_IN_PROGRESS;
        stack->settles_as =
            world_between(world, 0, 2) == 0 ? STACK_UPDATE_ROLLBACK_FAILED : STACK_UPDATE_ROLLBACK_COMPLETE;
        stack->settles_at_ms = world->now_ms + world_between(world, 20, 1500);
        return;
    case AWS_ASSUME_ROLE:
    case AWS_CALLER_IDENTITY:
    case AWS_DESCRIBE_STACKS:
    case AWS_STACK_EVENTS:
    case AWS_OPERATION_COUNT: return;
    }
}

static void assume(struct world *world, int index, struct pending *pending)
{
    struct actor *actor = &world->actors[index];
    struct fault *denied = world_fault(world, index, FAULT_ASSUME_DENIED);
    actor->assumes++;
    pending->input.aws.lifetime_ms =
        world_fault(world, index, FAULT_SHORT_CREDENTIALS) != NULL ? 900 : 3600 * 1000;
    if (denied != NULL && actor->assumes == denied->countdown) {
        error_set(&pending->input.aws.error, ERROR_DENIED, "AssumeRole was denied");
    }
}

void perform_aws(struct world *world, int index, const struct effect *effect)
{
    struct actor *actor = &world->actors[index];
    const struct aws_call *call = &effect->aws;
    struct pending *pending =
        world_complete(world, index, effect, INPUT_AWS_ANSWERED, world->now_ms + world_between(world, 2, 60));
    world->aws_calls++;
    actor->describes++;
    struct fault *throttled = world_fault(world, index, FAULT_AWS_THROTTLED);
    if (throttled != NULL && actor->describes >= throttled->countdown &&
        actor->describes < throttled->countdown + 6) {
        error_set(&pending->input.aws.error, ERROR_THROTTLED, "Rate exceeded");
        return;
    }
    switch (call->operation) {
    case AWS_ASSUME_ROLE: assume(world, index, pending); break;
    case AWS_CALLER_IDENTITY:
        pending->input.aws.account_id = counts_down(world, index, FAULT_WRONG_IDENTITY)
                                            ? "999999999999"
                                            : actor->inventory.accounts[call->account].id;
        break;
    case AWS_DESCRIBE_STACKS: describe(world, actor, call, pending); break;
    case AWS_STACK_EVENTS: pending->input.aws.reason = "Table: is invalid"; break;
    case AWS_CREATE_STACK:
    case AWS_UPDATE_STACK:
    case AWS_DELETE_STACK:
    case AWS_CONTINUE_ROLLBACK: change(world, index, call, pending); break;
    case AWS_OPERATION_COUNT: break;
    }
    struct fault *lost = world_fault(world, index, FAULT_AWS_ANSWER_LOST);
    if (lost != NULL && actor->describes == lost->countdown) {
        error_set(&pending->input.aws.error, ERROR_TRANSIENT,
                  "the connection broke"); /* though it took effect */
    }
}
