#include "itrun/model/effect.h"

static const char *const type_names[EFFECT_TYPE_COUNT] = {
#define X(name) [EFFECT_##name] = #name,
    EFFECT_TABLE(X)
#undef X
};
static const char *const state_names[ACCOUNT_STATE_COUNT] = {
    [ACCOUNT_FREE] = "free",   [ACCOUNT_LEASED] = "leased",           [ACCOUNT_CLEANING] = "cleaning",
    [ACCOUNT_DIRTY] = "dirty", [ACCOUNT_QUARANTINED] = "quarantined", [ACCOUNT_HELD] = "held",
};
static const char *const operation_names[AWS_OPERATION_COUNT] = {
    [AWS_ASSUME_ROLE] = "AssumeRole",
    [AWS_CALLER_IDENTITY] = "GetCallerIdentity",
    [AWS_DESCRIBE_STACKS] = "DescribeStacks",
    [AWS_CREATE_STACK] = "CreateStack",
    [AWS_UPDATE_STACK] = "UpdateStack",
    [AWS_DELETE_STACK] = "DeleteStack",
    [AWS_CONTINUE_ROLLBACK] = "ContinueUpdateRollback",
    [AWS_STACK_EVENTS] = "DescribeStackEvents",
};

const char *effect_type_name(enum effect_type type)
{
    return type_names[type];
}

const char *account_state_name(enum account_state state)
{
    return state_names[state];
}

const char *aws_operation_name(enum aws_operation operation)
{
    return operation_names[operation];
}

void effects_init(struct effects *effects)
{
    *effects = (struct effects){.arena = arena_new()};
}

void effects_clear(struct effects *effects)
{
    memory_free(effects->list);
    arena_free(effects->arena);
    *effects = (struct effects){0};
}

void effects_reset(struct effects *effects)
{
    effects->count = 0;
    arena_reset(effects->arena);
}

struct effect *effects_add(struct effects *effects, enum effect_type type, size_t lane)
{
    effects->list = memory_grow(effects->list, effects->count, &effects->capacity, sizeof *effects->list);
    struct effect *effect = &effects->list[effects->count++];
    *effect = (struct effect){.id = ++effects->last_id, .type = type, .lane = lane};
    return effect;
}
