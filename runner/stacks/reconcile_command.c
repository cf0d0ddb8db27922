/* reconcile_command.c - deploy commands: any tool, with the account's credentials and the fingerprint to put
 * on. */
#include "reconcile_machine.h"
#include <string.h>

/* A command without shell metacharacters runs directly, so that a missing program is told as one. */
static const char *const *argv_of(const char *command, struct arena *arena)
{
    size_t word_max = 4;
    for (const char *c = command; *c != '\0'; c++) {
        word_max += *c == ' ';
    }
    const char **argv = arena_alloc(arena, word_max * sizeof *argv);
    if (strpbrk(command, "|&;<>()$`\\\"'*?[]#~=%{}!\n\t") != NULL) {
        argv[0] = "sh";
        argv[1] = "-c";
        argv[2] = command;
        return argv;
    }
    size_t count = 0;
    for (const char *c = command + strspn(command, " "); *c != '\0'; c += strspn(c, " ")) {
        size_t length = strcspn(c, " ");
        argv[count++] = arena_bytes(arena, c, length);
        c += length;
    }
    return argv;
}

static void set_environment(const struct reconcile *reconcile, size_t stack, struct spawn *spawn)
{
    const struct stack *noun = reconcile_stack_of(reconcile, stack);
    struct arena *arena = reconcile->effects->arena;
    const struct pair facts[] = {
        {"ITRUN", "1"},
        {"ITRUN_RUN_ID", reconcile->options.run_id},
        {"ITRUN_SHARD", arena_format(arena, "%zu", reconcile->options.lane + 1)},
        {"ITRUN_ACCOUNT_ID", reconcile->inventory->accounts[reconcile->account].id},
        {"ITRUN_ATTEMPT", arena_format(arena, "%d", spawn->attempt)},
        {"ITRUN_STACK", noun->name},
        {"ITRUN_STACK_NAME", noun->stack_name},
        {"ITRUN_FINGERPRINT", reconcile->stacks[stack].fingerprint->hex},
    };
    struct pair *env = arena_alloc(arena, sizeof facts);
    memcpy(env, facts, sizeof facts);
    spawn->env = env;
    spawn->env_count = sizeof facts / sizeof *facts;
}

void command_start(struct reconcile *reconcile, size_t stack)
{
    const struct stack *noun = reconcile_stack_of(reconcile, stack);
    struct stack_run *run = &reconcile->stacks[stack];
    struct arena *arena = reconcile->effects->arena;
    struct text outputs = {0};
    reconcile_outputs_json(reconcile, false, &outputs);
    struct spawn spawn = {
        .lane = reconcile->options.lane,
        .suite = NO_INDEX,
        .stack = stack,
        .attempt = ++run->attempt,
        .account = reconcile->account,
        .argv = argv_of(noun->command, arena),
        .cwd = noun->cwd,
        .outputs_json = arena_string(arena, text_string(&outputs)),
        .output_path =
            arena_format(arena, "stacks/%s/%zu/output.log", noun->name, reconcile->options.lane + 1),
        .lease_stop_by_ms = reconcile->lease_stop_by_ms,
    };
    text_clear(&outputs);
    set_environment(reconcile, stack, &spawn);
    struct effect *effect = reconcile_ask(reconcile, EFFECT_SPAWN, stack);
    effect->spawn = spawn;
    run->effect_id = effect->id;
}

void deploy_command_signal(struct reconcile *reconcile, size_t stack, bool is_kill)
{
    struct effect *effect = reconcile_ask(reconcile, EFFECT_SIGNAL, stack);
    effect->signal.spawn_id = reconcile->stacks[stack].effect_id;
    effect->signal.is_kill = is_kill;
}

/* Points into tail; *ret_length 0: it said nothing. */
static const char *last_line(const char *tail, size_t *ret_length)
{
    size_t end = tail != NULL ? strlen(tail) : 0;
    while (end > 0 && strchr(" \t\r\n", tail[end - 1]) != NULL) {
        end--;
    }
    size_t start = end;
    while (start > 0 && tail[start - 1] != '\n') {
        start--;
    }
    *ret_length = end - start;
    return tail != NULL ? tail + start : "";
}

void command_judge(const struct reconcile *reconcile, size_t stack, const struct process_end *end,
                   struct error *ret_error)
{
    const char *name = reconcile_stack_of(reconcile, stack)->name;
    size_t length = 0;
    const char *line = last_line(end->output_tail, &length);
    int shown = (int)(length < 240 ? length : 240);
    const char *separator = length > 0 ? ": " : "";
    error_clear(ret_error);
    if (end->error.kind != ERROR_NONE) {
        *ret_error = end->error;
        error_prefix(ret_error, "stack %s: deploy command", name);
    } else if (end->is_killed_by_guard) {
        error_set(ret_error, ERROR_TRANSIENT,
                  "stack %s: the account's lease ran out while its deploy command ran", name);
    } else if (end->infra_reason != NULL) {
        error_set(ret_error, ERROR_TRANSIENT, "stack %s: deploy command: %s", name, end->infra_reason);
    } else if (end->signal != 0) {
        error_set(ret_error, ERROR_INVALID, "stack %s: deploy command was ended by signal %d%s%.*s", name,
                  end->signal, separator, shown, line);
    } else if (end->exit_code != 0) {
        error_set(ret_error, ERROR_INVALID, "stack %s: deploy command exited %d%s%.*s", name, end->exit_code,
                  separator, shown, line);
    }
}
