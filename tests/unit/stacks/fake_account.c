#include "fake_account.h"
#include "itrun/base/hash.h"
#include <criterion/criterion.h>
#include <string.h>

void fake_init(struct fake *fake)
{
    *fake = (struct fake){
        .arena = arena_new(),
        .account = {.id = FAKE_ACCOUNT_ID, .alias = "account-001"},
        .caller_id = FAKE_ACCOUNT_ID,
        .now_ms = 1000000,
        .fault_operation = AWS_OPERATION_COUNT,
        .options = {.run_id = "0198-run.x", .lane = 4},
    };
    fake->inventory.stacks = fake->stacks;
    fake->inventory.accounts = &fake->account;
    fake->inventory.account_count = 1;
    effects_init(&fake->effects);
}

void fake_clear(struct fake *fake)
{
    reconcile_free(fake->reconcile);
    effects_clear(&fake->effects);
    text_clear(&fake->calls);
    arena_free(fake->arena);
}

static size_t find_stack(const struct fake *fake, const char *name)
{
    for (size_t i = 0; i < fake->inventory.stack_count; i++) {
        if (strcmp(fake->stacks[i].name, name) == 0) {
            return i;
        }
    }
    cr_assert_fail("no stack %s", name);
    return NO_INDEX;
}

static size_t add_stack(struct fake *fake, const char *name, const char *content, const char *const *depends)
{
    size_t index = fake->inventory.stack_count++;
    struct stack *stack = &fake->stacks[index];
    *stack = (struct stack){
        .name = name,
        .stack_name = arena_format(fake->arena, "shop-%s", name),
        .timeout_ms = 30 * 60 * 1000,
    };
    struct fingerprint_part *part = arena_alloc(fake->arena, sizeof *part);
    part->name = "template";
    hash_bytes(content, strlen(content), part->digest);
    stack->parts = part;
    stack->part_count = 1;
    size_t *list = arena_alloc(fake->arena, FAKE_STACKS_MAX * sizeof *list);
    for (; depends != NULL && depends[stack->depend_count] != NULL; stack->depend_count++) {
        list[stack->depend_count] = find_stack(fake, depends[stack->depend_count]);
    }
    stack->depends = list;
    return index;
}

size_t fake_template(struct fake *fake, const char *name, const char *content, const char *const *depends)
{
    size_t index = add_stack(fake, name, content, depends);
    fake->stacks[index].template_body = content;
    return index;
}

size_t fake_command(struct fake *fake, const char *name, const char *command, const char *const *depends)
{
    size_t index = add_stack(fake, name, command, depends);
    fake->stacks[index].kind = STACK_COMMAND;
    fake->stacks[index].command = command;
    fake->stacks[index].cwd = "/shop";
    return index;
}

void fake_parameter(struct fake *fake, size_t stack, const char *name, const char *value, const char *from,
                    const char *output)
{
    struct stack *noun = &fake->stacks[stack];
    struct stack_parameter *list = arena_alloc(fake->arena, (noun->parameter_count + 1) * sizeof *list);
    if (noun->parameter_count > 0) {
        memcpy(list, noun->parameters, noun->parameter_count * sizeof *list);
    }
    list[noun->parameter_count++] =
        (struct stack_parameter){.name = name,
                                 .value = value,
                                 .from_stack = from != NULL ? find_stack(fake, from) : 0,
                                 .output = output};
    noun->parameters = list;
}

/* --- the cloud ----------------------------------------------------------------------------------------- */

struct fake_stack *fake_cloud(struct fake *fake, const char *name)
{
    for (size_t i = 0; i < FAKE_STACKS_MAX; i++) {
        if (fake->cloud[i].name == NULL) {
            fake->cloud[i].name = arena_string(fake->arena, name);
        }
        if (strcmp(fake->cloud[i].name, name) == 0) {
            return &fake->cloud[i];
        }
    }
    cr_assert_fail("too many stacks");
    return NULL;
}

const char *fake_fingerprint(struct fake *fake, size_t stack)
{
    struct fingerprint *fingerprint = arena_alloc(fake->arena, sizeof *fingerprint);
    cr_assert(
        fingerprint_compute(&fake->inventory, stack, NULL, NULL, NULL, 0, fake->arena, fingerprint, NULL));
    return fingerprint->hex;
}

struct fake_stack *fake_deployed(struct fake *fake, size_t stack, enum stack_status status)
{
    struct fake_stack *cloud = fake_cloud(fake, fake->stacks[stack].stack_name);
    cloud->status = status;
    cloud->tags[0] = (struct pair){FINGERPRINT_TAG, fake_fingerprint(fake, stack)};
    cloud->tag_count = 1;
    cloud->outputs[0] = (struct pair){"Name", arena_format(fake->arena, "%s-name", cloud->name)};
    cloud->output_count = 1;
    return cloud;
}

static void begin_operation(struct fake *fake, struct fake_stack *stack, enum stack_status now,
                            enum stack_status next)
{
    stack->status = fake->in_progress_polls > 0 ? now : next;
    stack->next = next;
    stack->polls_left = fake->in_progress_polls;
}

static void keep_tags(struct fake *fake, struct fake_stack *stack, const struct pair *tags, size_t count)
{
    stack->tag_count = 0;
    for (size_t i = 0; i < count; i++) {
        stack->tags[stack->tag_count++] =
            (struct pair){arena_string(fake->arena, tags[i].name), arena_string(fake->arena, tags[i].value)};
    }
}

static bool has_same_tags(const struct fake_stack *stack, const struct aws_call *call)
{
    for (size_t i = 0; i < call->tag_count; i++) {
        if (!string_equal(pair_value(stack->tags, stack->tag_count, call->tags[i].name),
                          call->tags[i].value)) {
            return false;
        }
    }
    return stack->tag_count == call->tag_count;
}

static void create_stack(struct fake *fake, const struct aws_call *call, struct aws_answer *answer)
{
    struct fake_stack *stack = fake_cloud(fake, call->stack_name);
    if (stack->status != STACK_ABSENT) {
        error_set(&answer->error, ERROR_CONFLICT, "CreateStack: %s already exists", call->stack_name);
        return;
    }
    bool is_broken = string_equal(fake->broken, call->stack_name);
    keep_tags(fake, stack, call->tags, call->tag_count);
    stack->outputs[0] = (struct pair){"Name", arena_format(fake->arena, "%s-name", stack->name)};
    stack->output_count = is_broken ? 0 : 1;
    begin_operation(fake, stack, is_broken ? STACK_ROLLBACK_IN_PROGRESS : STACK_CREATE_IN_PROGRESS,
                    is_broken ? STACK_ROLLBACK_COMPLETE : STACK_CREATE_COMPLETE);
}

static void update_stack(struct fake *fake, const struct aws_call *call, struct aws_answer *answer)
{
    struct fake_stack *stack = fake_cloud(fake, call->stack_name);
    if (stack->status == STACK_ABSENT) {
        error_set(&answer->error, ERROR_GONE, "UpdateStack: %s does not exist", call->stack_name);
    } else if (has_same_tags(stack, call)) {
        answer->is_unchanged = true;
    } else if (string_equal(fake->broken, call->stack_name)) {
        begin_operation(fake, stack, STACK_UPDATE_ROLLBACK_IN_PROGRESS, STACK_UPDATE_ROLLBACK_COMPLETE);
    } else {
        keep_tags(fake, stack, call->tags, call->tag_count);
        begin_operation(fake, stack, STACK_UPDATE_IN_PROGRESS, STACK_UPDATE_COMPLETE);
    }
}

static void look(struct fake *fake, struct aws_answer *answer)
{
    struct live_stack *list = arena_alloc(fake->arena, FAKE_STACKS_MAX * sizeof *list);
    fake->look_count++;
    for (size_t i = 0; i < FAKE_STACKS_MAX; i++) {
        struct fake_stack *stack = &fake->cloud[i];
        if (stack->name == NULL || stack->status == STACK_ABSENT) {
            continue;
        }
        if (!stack_status_is_settled(stack->status) && stack->polls_left-- <= 0) {
            stack->status = stack->next;
            if (stack->status == STACK_ABSENT) {
                continue;
            }
        }
        list[answer->stack_count++] = (struct live_stack){
            .stack_id = "arn",
            .stack_name = stack->name,
            .status = stack->status,
            .tags = stack->tags,
            .tag_count = stack->tag_count,
            .outputs = stack->outputs,
            .output_count = stack->output_count,
        };
    }
    answer->stacks = list;
}

static void answer_aws(struct fake *fake, const struct aws_call *call, struct aws_answer *answer)
{
    const char *name = call->stack_name != NULL ? call->stack_name + strlen("shop-") : "";
    if (call->operation != AWS_DESCRIBE_STACKS) {
        text_append_format(&fake->calls, "%s %s;", aws_operation_name(call->operation), name);
    }
    if (call->operation == fake->fault_operation && fake->fault_count > 0) {
        fake->fault_count--;
        answer->error = fake->fault;
        return;
    }
    struct fake_stack *stack = call->stack_name != NULL ? fake_cloud(fake, call->stack_name) : NULL;
    bool is_undeletable = string_equal(fake->undeletable, call->stack_name) && call->stack_name != NULL;
    switch (call->operation) {
    case AWS_CALLER_IDENTITY: answer->account_id = fake->caller_id; break;
    case AWS_DESCRIBE_STACKS: look(fake, answer); break;
    case AWS_CREATE_STACK: create_stack(fake, call, answer); break;
    case AWS_UPDATE_STACK: update_stack(fake, call, answer); break;
    case AWS_DELETE_STACK:
        begin_operation(fake, stack, STACK_DELETE_IN_PROGRESS,
                        is_undeletable ? STACK_DELETE_FAILED : STACK_ABSENT);
        break;
    case AWS_CONTINUE_ROLLBACK:
        begin_operation(fake, stack, STACK_UPDATE_ROLLBACK_IN_PROGRESS,
                        string_equal(fake->broken, stack->name) ? STACK_UPDATE_ROLLBACK_FAILED
                                                                : STACK_UPDATE_ROLLBACK_COMPLETE);
        break;
    case AWS_STACK_EVENTS: answer->reason = fake->event_reason; break;
    case AWS_ASSUME_ROLE:
    case AWS_OPERATION_COUNT: cr_assert_fail("not reconcile's to ask");
    }
}

static void record(struct fake *fake, const struct ledger_entry *entry)
{
    size_t i = 0;
    while (i < fake->ledger_count && strcmp(fake->ledger[i].stack_name, entry->stack_name) != 0) {
        i++;
    }
    fake->ledger_count += i == fake->ledger_count;
    fake->ledger[i] = *entry;
    struct fingerprint_part *parts = arena_alloc(fake->arena, (entry->part_count + 1) * sizeof *parts);
    for (size_t j = 0; j < entry->part_count; j++) {
        parts[j] = entry->parts[j];
        parts[j].name = arena_string(fake->arena, entry->parts[j].name);
    }
    fake->ledger[i].parts = parts;
    fake->ledger[i].run = arena_string(fake->arena, entry->run);
    text_append_format(&fake->calls, "%s %s;", entry->is_unfinished ? "begin" : "end",
                       entry->stack_name + strlen("shop-"));
}

static void run_command(struct fake *fake, const struct spawn *spawn)
{
    const char *name = pair_value(spawn->env, spawn->env_count, "ITRUN_STACK_NAME");
    const char *fingerprint = pair_value(spawn->env, spawn->env_count, "ITRUN_FINGERPRINT");
    text_append_format(&fake->calls, "spawn %s;", name + strlen("shop-"));
    if (fake->end.exit_code != 0 || fake->end.signal != 0) {
        return;
    }
    struct fake_stack *stack = fake_cloud(fake, name);
    struct pair tag = {FINGERPRINT_TAG, fingerprint};
    stack->status = stack->status == STACK_ABSENT ? STACK_CREATE_COMPLETE : STACK_UPDATE_COMPLETE;
    keep_tags(fake, stack, &tag, fake->command_forgets_tag ? 0 : 1);
}

/* --- driving ------------------------------------------------------------------------------------------- */

static void note_move(void *context, int from, int to)
{
    struct fake *fake = context;
    fake->moves[from] |= 1u << to;
}

static void drain(struct fake *fake)
{
    struct reconcile_fact fact;
    while (reconcile_next_fact(fake->reconcile, &fact)) {
        cr_assert(fake->fact_count < 128);
        fact.reason = arena_string(fake->arena, fact.reason);
        fact.fingerprint = arena_string(fake->arena, fact.fingerprint);
        fake->facts[fake->fact_count++] = fact;
    }
    int looks = 0;
    for (size_t i = 0; i < fake->effects.count; i++) {
        const struct effect *effect = &fake->effects.list[i];
        looks += !fake->is_answered[i] && effect->type == EFFECT_AWS &&
                 effect->aws.operation == AWS_DESCRIBE_STACKS;
    }
    fake->looks_outstanding_max = looks > fake->looks_outstanding_max ? looks : fake->looks_outstanding_max;
}

void fake_step(struct fake *fake, struct input *input)
{
    input->now_ms = fake->now_ms;
    input->lease_now_ms = fake->now_ms;
    reconcile_step(fake->reconcile, input, &fake->effects);
    drain(fake);
}

void fake_start(struct fake *fake)
{
    size_t all[FAKE_STACKS_MAX];
    for (size_t i = 0; i < fake->inventory.stack_count; i++) {
        all[i] = i;
    }
    fake->options.moved = note_move;
    fake->options.moved_context = fake;
    fake->reconcile = reconcile_new(&fake->inventory, 0, &fake->options);
    reconcile_want(fake->reconcile, all, fake->inventory.stack_count);
    fake_step(fake, &(struct input){.type = INPUT_START});
}

struct effect *fake_pending(struct fake *fake, enum effect_type type, int operation)
{
    for (size_t i = 0; i < fake->effects.count; i++) {
        struct effect *effect = &fake->effects.list[i];
        bool is_asked_for =
            effect->type == type && (type != EFFECT_AWS || (int)effect->aws.operation == operation);
        if (!fake->is_answered[i] && is_asked_for) {
            return effect;
        }
    }
    return NULL;
}

size_t fake_pending_count(struct fake *fake)
{
    size_t count = 0;
    for (size_t i = 0; i < fake->effects.count; i++) {
        count += !fake->is_answered[i];
    }
    return count;
}

void fake_answer(struct fake *fake, struct effect *asked)
{
    cr_assert_lt(fake->effects.count, sizeof fake->is_answered);
    cr_assert_not_null(asked);
    struct effect effect = *asked; /* the list may move */
    fake->is_answered[asked - fake->effects.list] = true;
    cr_assert(reconcile_owns(fake->reconcile, effect.id));
    cr_assert_eq(effect.lane, fake->options.lane);
    struct input input = {.effect_id = effect.id, .lane = effect.lane};
    switch (effect.type) {
    case EFFECT_AWS:
        input.type = INPUT_AWS_ANSWERED;
        answer_aws(fake, &effect.aws, &input.aws);
        break;
    case EFFECT_LEDGER_READ:
        input.type = INPUT_LEDGER_ANSWERED;
        input.ledger.entries = fake->ledger;
        input.ledger.entry_count = fake->ledger_count;
        break;
    case EFFECT_LEDGER_BEGIN:
    case EFFECT_LEDGER_END:
        input.type = INPUT_LEDGER_ANSWERED;
        record(fake, effect.store.entry);
        break;
    case EFFECT_SPAWN:
        input.type = INPUT_PROCESS_ENDED;
        input.process = fake->end;
        run_command(fake, &effect.spawn);
        break;
    case EFFECT_SIGNAL:
        input.type = INPUT_SIGNALLED;
        text_append(&fake->calls, effect.signal.is_kill ? "KILL;" : "TERM;");
        break;
    case EFFECT_EMIT:
    case EFFECT_CLAIM:
    case EFFECT_LEASE_ACQUIRE:
    case EFFECT_LEASE_RENEW:
    case EFFECT_LEASE_RELEASE:
    case EFFECT_GUARD_DEADLINE:
    case EFFECT_COLLECT:
    case EFFECT_LANE_CLOSE:
    case EFFECT_TYPE_COUNT: cr_assert_fail("not reconcile's to ask");
    }
    fake_step(fake, &input);
    cr_assert(!reconcile_owns(fake->reconcile, effect.id));
}

static struct effect *oldest_pending(struct fake *fake)
{
    for (size_t i = 0; i < fake->effects.count; i++) {
        bool is_held = fake->holds_commands && fake->effects.list[i].type == EFFECT_SPAWN;
        if (!fake->is_answered[i] && !is_held) {
            return &fake->effects.list[i];
        }
    }
    return NULL;
}

void fake_answer_all(struct fake *fake)
{
    for (struct effect *effect = oldest_pending(fake); effect != NULL; effect = oldest_pending(fake)) {
        fake_answer(fake, effect);
    }
}

static bool is_settled(const struct fake *fake)
{
    for (size_t i = 0; i < fake->inventory.stack_count; i++) {
        enum stack_readiness readiness = reconcile_readiness(fake->reconcile, i);
        if (readiness != STACK_READY && readiness != STACK_FAILED) {
            return false;
        }
    }
    return true;
}

static size_t slot_wanted(struct fake *fake)
{
    for (size_t i = 0; i < fake->inventory.stack_count; i++) {
        const struct reconcile_fact *wanted = fake_fact(fake, RECONCILE_SLOT_WANTED, i);
        const struct reconcile_fact *freed = fake_fact(fake, RECONCILE_SLOT_FREED, i);
        if (wanted != NULL && freed == NULL &&
            fake_count(fake, arena_format(fake->arena, "slot %zu;", i)) == 0) {
            return i;
        }
    }
    return NO_INDEX;
}

void fake_settle(struct fake *fake)
{
    for (int turn = 0; turn < 2000; turn++) {
        fake_answer_all(fake);
        size_t stack = fake->holds_slots ? NO_INDEX : slot_wanted(fake);
        if (stack != NO_INDEX) {
            text_append_format(&fake->calls, "slot %zu;", stack);
            reconcile_grant_slot(fake->reconcile, stack);
        }
        int64_t next_ms = reconcile_next_deadline_ms(fake->reconcile);
        if (next_ms == INT64_MAX || (is_settled(fake) && stack == NO_INDEX)) {
            return;
        }
        fake->now_ms = next_ms > fake->now_ms ? next_ms : fake->now_ms;
        fake_step(fake, &(struct input){.type = INPUT_DEADLINE});
    }
    cr_assert_fail("it never settles: %s", text_string(&fake->calls));
}

const struct reconcile_fact *fake_fact(struct fake *fake, int type, size_t stack)
{
    for (size_t i = fake->fact_count; i > 0; i--) {
        if ((int)fake->facts[i - 1].type == type && fake->facts[i - 1].stack == stack) {
            return &fake->facts[i - 1];
        }
    }
    return NULL;
}

size_t fake_count(const struct fake *fake, const char *call)
{
    size_t count = 0;
    for (const char *at = strstr(text_string(&fake->calls), call); at != NULL; at = strstr(at + 1, call)) {
        count++;
    }
    return count;
}
