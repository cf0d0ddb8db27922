/* scenario.c - a seed -> two runs over one pool, what the accounts hold, and two faults. */
#include "world.h"
#include <stdio.h>
#include <string.h>

static const struct {
    size_t depends[2];
    size_t count;
    enum stack_kind kind;
    size_t level;
} graph[STACKS] = {
    {{0, 0}, 0, STACK_TEMPLATE, 0}, {{0, 0}, 1, STACK_TEMPLATE, 1}, {{0, 0}, 1, STACK_TEMPLATE, 1},
    {{1, 2}, 2, STACK_TEMPLATE, 2}, {{0, 0}, 1, STACK_COMMAND, 1},
};

static void make_stacks(struct actor *actor)
{
    struct arena *arena = actor->arena;
    actor->inventory.stacks = arena_alloc(arena, STACKS * sizeof *actor->inventory.stacks);
    actor->inventory.stack_count = STACKS;
    for (size_t i = 0; i < STACKS; i++) {
        struct stack *stack = &actor->inventory.stacks[i];
        stack->name = stack->stack_name = arena_format(arena, "stack-%zu", i);
        stack->kind = graph[i].kind;
        stack->level = graph[i].level;
        stack->timeout_ms = 20 * 60 * 1000;
        stack->template_body = arena_format(arena, "version %d", actor->content);
        stack->command = "deploy --now";
        stack->cwd = "/";
        size_t *depends = arena_alloc(arena, 2 * sizeof *depends);
        memcpy(depends, graph[i].depends, sizeof graph[i].depends);
        stack->depends = depends;
        stack->depend_count = graph[i].count;
        struct stack_parameter *parameters = arena_alloc(arena, 2 * sizeof *parameters);
        for (size_t d = 0; d < graph[i].count && stack->kind == STACK_TEMPLATE; d++) {
            parameters[d] = (struct stack_parameter){
                .name = arena_format(arena, "P%zu", d), .from_stack = depends[d], .output = "Name"};
            stack->parameter_count = d + 1;
        }
        stack->parameters = parameters;
        struct fingerprint_part *part = arena_alloc(arena, sizeof *part);
        part->name = "template";
        hash_bytes(stack->template_body, strlen(stack->template_body), part->digest);
        stack->parts = part;
        stack->part_count = 1;
    }
}

static void add_need(size_t *needs, size_t *count, size_t stack)
{
    for (size_t i = 0; i < *count; i++) {
        if (needs[i] == stack) {
            return;
        }
    }
    for (size_t d = 0; d < graph[stack].count; d++) {
        add_need(needs, count, graph[stack].depends[d]);
    }
    needs[(*count)++] = stack;
}

static void make_suites(struct world *world, struct actor *actor, size_t count)
{
    struct arena *arena = actor->arena;
    actor->inventory.suites = arena_alloc(arena, count * sizeof *actor->inventory.suites);
    actor->inventory.suite_count = count;
    for (size_t i = 0; i < count; i++) {
        struct suite *suite = &actor->inventory.suites[i];
        suite->name = arena_format(arena, "api/test_%zu.py", i);
        suite->group = "api";
        suite->framework = "pytest";
        suite->file = suite->source = arena_format(arena, "test_%zu.py", i);
        suite->cwd = "/";
        suite->timeout_ms = world_between(world, 0, 3) == 0 ? 700 : 5000;
        suite->retries = retries_same((int)world_between(world, 0, 2));
        if (world_between(world, 0, 2) == 0) {
            suite->retries = (struct retries){.of = {1, 1, 0, 2}, .total = 4};
        }
        suite->estimate.expected_ms = world_between(world, 10, 2000);
        size_t *needs = arena_alloc(arena, STACKS * sizeof *needs);
        if (!actor->is_local && world_between(world, 0, 4) > 0) {
            add_need(needs, &suite->need_count, (size_t)world_between(world, 0, STACKS - 1));
        }
        suite->needs = needs;
    }
}

static void make_accounts(struct world *world, struct actor *actor)
{
    actor->inventory.account_count = world->account_count;
    actor->inventory.accounts =
        arena_alloc(actor->arena, world->account_count * sizeof *actor->inventory.accounts);
    for (size_t i = 0; i < world->account_count; i++) {
        actor->inventory.accounts[i] =
            (struct account){.id = arena_format(actor->arena, "%012zu", i + 1),
                             .alias = arena_format(actor->arena, "account-%03zu", i + 1),
                             .role_arn = "role",
                             .region = "eu-west-1",
                             .is_local = actor->is_local};
    }
}

static void make_plan(struct world *world, struct actor *actor, size_t lanes)
{
    struct plan *plan = &actor->plan;
    plan->shard_count = lanes;
    plan->shards = arena_alloc(actor->arena, lanes * sizeof *plan->shards);
    size_t **lists = arena_alloc(actor->arena, lanes * sizeof *lists);
    for (size_t i = 0; i < lanes; i++) {
        lists[i] = arena_alloc(actor->arena, actor->inventory.suite_count * sizeof **lists);
        plan->shards[i].suites = lists[i];
        plan->shards[i].account = world_between(world, 0, 3) == 0 ? NO_INDEX : i % world->account_count;
    }
    for (size_t s = 0; s < actor->inventory.suite_count; s++) {
        size_t lane = s < lanes ? s : (size_t)world_between(world, 0, (int64_t)lanes - 1);
        lists[lane][plan->shards[lane].suite_count++] = s;
    }
}

static void make_options(struct world *world, int index, struct actor *actor, size_t lanes)
{
    actor->options = (struct run_options){
        .run_id =
            index == 0 ? "01980000-0000-7000-8000-000000000001" : "01980000-0000-7000-8000-000000000002",
        .worker = "1",
        .directory = "/run",
        .tmp_root = "/tmp",
        .seed = world->seed,
        .retries = -1,
        .job_count = (size_t)world_between(world, 1, (int64_t)lanes),
        .retry_budget =
            world_between(world, 0, 5) == 0 ? (size_t)world_between(world, 0, 5) : NO_RETRY_BUDGET,
        .hold_ms = world_between(world, 0, 7) == 0 ? world_between(world, 1000, 30000) : 0,
        .lease_ms = 6000,
        .grace_ms = 300,
        .is_force_deploy = world_between(world, 0, 40) == 0,
        .is_no_deploy = world_between(world, 0, 40) == 0,
        .is_stealing_off = world_between(world, 0, 20) == 0,
    };
    if (world_fault(world, index, FAULT_RUN_DEADLINE) != NULL) {
        actor->options.timeout_ms = world_between(world, 10, 8000);
    }
    if (world_fault(world, index, FAULT_SHARD_DEADLINE) != NULL) {
        actor->options.shard_timeout_ms = world_between(world, 200, 3000);
    }
    if (world_fault(world, index, FAULT_FAIL_FAST) != NULL) {
        actor->options.fail_fast = (size_t)world_between(world, 1, 3);
    }
}

/* --- what the accounts hold before ---------------------------------------------------------------------- */

static const char *output_name(void *context, size_t from, const char *key)
{
    (void)from;
    (void)key;
    return context;
}

/* The tag that a deploy of `content` would have set: computed by the shipped function, from that content's
 * parts. */
static void tag_of(struct actor *actor, size_t stack, int content, char ret[HASH_HEX_SIZE])
{
    struct stack saved = actor->inventory.stacks[stack];
    struct fingerprint_part part = saved.parts[0];
    char body[32], output[32];
    snprintf(body, sizeof body, "version %d", content);
    snprintf(output, sizeof output, "out-%d", content / 2);
    hash_bytes(body, strlen(body), part.digest);
    actor->inventory.stacks[stack].parts = &part;
    struct pair outputs[2];
    char names[2][32];
    for (size_t i = 0; i < saved.depend_count; i++) {
        snprintf(names[i], sizeof names[i], "stack-%zu.Name", saved.depends[i]);
        outputs[i] = (struct pair){names[i], output};
    }
    struct fingerprint fingerprint;
    struct error error = {0};
    struct arena *arena = arena_new();
    MUST(fingerprint_compute(&actor->inventory, stack, output_name, output, outputs, saved.depend_count,
                             arena, &fingerprint, &error));
    memcpy(ret, fingerprint.hex, HASH_HEX_SIZE);
    arena_free(arena);
    actor->inventory.stacks[stack] = saved;
}

static void fill_account(struct world *world, struct sim_account *account)
{
    struct actor *actor = &world->actors[0];
    int64_t temper = world_between(world, 0, 3);
    int content = temper == 0 ? -1 : temper == 1 ? (int)world_between(world, 0, 3) : actor->content;
    bool is_foreign = world_fault(world, 0, FAULT_FOREIGN_STATUS) != NULL ||
                      world_fault(world, 1, FAULT_FOREIGN_STATUS) != NULL ||
                      world_fault(world, 0, FAULT_DELETE_FAILS) != NULL;
    bool is_old =
        world_fault(world, 0, FAULT_OLD_LEDGER) != NULL || world_fault(world, 1, FAULT_OLD_LEDGER) != NULL;
    fake_lease_init(&account->lease);
    for (size_t i = 0; i < STACKS && content >= 0; i++) {
        struct sim_stack *stack = &account->stacks[i];
        stack->status = world_between(world, 0, 1) == 0 ? STACK_CREATE_COMPLETE : STACK_UPDATE_COMPLETE;
        stack->content = content;
        tag_of(actor, i, content, stack->fingerprint);
        if (is_foreign && world_between(world, 0, 2) == 0) {
            stack->status = (enum stack_status)world_between(world, 1, STACK_STATUS_COUNT - 1);
            if (!stack_status_is_succeeded(stack->status)) { /* what is live is not what the tag says */
                stack->content = -1;
            }
            if (!stack_status_is_settled(stack->status)) {
                stack->settles_at_ms = world_between(world, 1, 4000);
                stack->settles_as =
                    stack->status == STACK_DELETE_IN_PROGRESS ? STACK_ABSENT : STACK_UPDATE_ROLLBACK_COMPLETE;
            }
        }
        if (is_old && world_between(world, 0, 2) == 0) {
            account->ledger[i].is_there = true;
            account->ledger[i].is_unfinished = world_between(world, 0, 1) == 0;
            memcpy(account->ledger[i].fingerprint, stack->fingerprint, HASH_HEX_SIZE);
        }
    }
}

static void make_faults(struct world *world)
{
    for (size_t i = 0; i < 2; i++) {
        struct fault *fault = &world->faults[i];
        fault->type = (enum fault_type)world_between(world, FAULT_NONE, FAULT_COUNT - 1);
        fault->actor = world_between(world, 0, 2) == 0 ? 1 : 0;
        fault->countdown = (size_t)world_between(world, 1, 40);
        fault->at_ms = world_between(world, 0, world_between(world, 0, 1) == 0 ? 300 : 6000);
        fault->length_ms = world_between(world, 100, 15000);
        bool is_rare = fault->type == FAULT_ASSUME_DENIED || fault->type == FAULT_DEPLOY_FAILS ||
                       fault->type == FAULT_DEPLOY_STUCK || fault->type == FAULT_CREATE_CONFLICT ||
                       fault->type == FAULT_DELETE_FAILS || fault->type == FAULT_WRONG_IDENTITY;
        if (is_rare) {
            fault->countdown = 1 + fault->countdown % 6;
        }
    }
}

void scenario_make(struct world *world, uint64_t seed)
{
    world->seed = world->random = seed;
    world_random(world);
    world->account_count = (size_t)world_between(world, 3, ACCOUNTS_MAX);
    make_faults(world);
    for (int i = 0; i < ACTORS; i++) {
        struct actor *actor = &world->actors[i];
        size_t lanes = i == 0 ? (size_t)world_between(world, 5, 7) : (size_t)world_between(world, 1, 3);
        actor->arena = arena_new();
        actor->is_alive = true;
        actor->is_local = i == 1 && world_between(world, 0, 5) == 0;
        actor->content = i == 0                            ? (int)world_between(world, 0, 3)
                         : world_between(world, 0, 1) == 0 ? world->actors[0].content
                                                           : (int)world_between(world, 0, 3);
        effects_init(&actor->effects);
        actor->inventory.project = "simulated";
        actor->inventory.config_path = "itrun.yaml";
        make_stacks(actor);
        make_accounts(world, actor);
        make_suites(world, actor, i == 0 ? 30 : 8);
        make_plan(world, actor, lanes);
        make_options(world, i, actor, lanes);
    }
    for (size_t i = 0; i < world->account_count; i++) {
        fill_account(world, &world->accounts[i]);
    }
    for (int i = 0; i < ACTORS; i++) {
        struct actor *actor = &world->actors[i];
        actor->run = run_new(&actor->inventory, &actor->plan, &actor->options);
    }
}
