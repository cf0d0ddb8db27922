/* stack_graph.c - the stacks as a graph: names become indices, levels follow, cycles are named in full. */
#include "assembly.h"
#include <string.h>

enum visit { VISIT_NEW, VISIT_OPEN, VISIT_DONE };

bool find_stack(const struct assembly *assembly, const char *name, struct config_mark mark, const char *user,
                size_t *ret_index, struct error *error)
{
    const struct config *config = assembly->config;
    for (size_t i = 0; i < config->stack_count; i++) {
        if (strcmp(config->stacks[i].name, name) == 0) {
            *ret_index = i;
            return true;
        }
    }
    const char **names = arena_alloc(assembly->scratch, (config->stack_count + 1) * sizeof *names);
    for (size_t i = 0; i < config->stack_count; i++)
        names[i] = config->stacks[i].name;
    config_error(error, config, mark, "%s: there is no stack %s", user, name);
    const char *nearest = nearest_name(name, names, config->stack_count);
    if (nearest)
        error_hint(error, "did you mean %s?", nearest);
    return false;
}

static bool has_depend(const size_t *depends, size_t count, size_t stack)
{
    for (size_t i = 0; i < count; i++) {
        if (depends[i] == stack)
            return true;
    }
    return false;
}

/* Parameters that take an output depend on its stack, also where depends_on does not say so. */
static bool fill_depends(struct assembly *assembly, size_t index, struct error *error)
{
    const struct config_stack *from = &assembly->config->stacks[index];
    struct stack *stack = &assembly->inventory->stacks[index];
    size_t most = from->depend_count + from->parameter_count + 1;
    size_t *depends = arena_alloc(assembly->arena, most * sizeof *depends);
    struct stack_parameter *parameters = arena_alloc(assembly->arena, most * sizeof *parameters);
    size_t count = 0;
    for (size_t i = 0; i < from->depend_count; i++) {
        size_t found;
        if (!find_stack(assembly, from->depends[i], from->mark, from->name, &found, error))
            return false;
        if (!has_depend(depends, count, found))
            depends[count++] = found;
    }
    for (size_t i = 0; i < from->parameter_count; i++) {
        const struct config_parameter *given = &from->parameters[i];
        parameters[i] = (struct stack_parameter){.name = arena_string(assembly->arena, given->name),
                                                 .value = arena_string(assembly->arena, given->value),
                                                 .from_stack = NO_INDEX,
                                                 .output = arena_string(assembly->arena, given->output)};
        if (given->value)
            continue;
        size_t found;
        if (!find_stack(assembly, given->stack, given->mark, from->name, &found, error))
            return false;
        parameters[i].from_stack = found;
        if (!has_depend(depends, count, found))
            depends[count++] = found;
    }
    stack->depends = depends;
    stack->depend_count = count;
    stack->parameters = parameters;
    stack->parameter_count = from->parameter_count;
    return true;
}

static bool cycle_found(struct assembly *assembly, const size_t *path, size_t length, size_t back,
                        struct error *error)
{
    const struct config *config = assembly->config;
    size_t start = 0;
    while (path[start] != back)
        start++;
    struct text cycle = {0};
    for (size_t i = start; i < length; i++)
        text_append_format(&cycle, "%s -> ", config->stacks[path[i]].name);
    text_append(&cycle, config->stacks[back].name);
    config_error(error, config, config->stacks[back].mark, "stacks depend on each other: %s",
                 text_string(&cycle));
    text_clear(&cycle);
    return error_hint(error, "take one of these dependencies out");
}

/* One stack and what it depends on, depth first without recursion; levels are known when it is left. */
static bool visit_stack(struct assembly *assembly, size_t start, unsigned char *visits, size_t *path,
                        size_t *next, struct error *error)
{
    struct stack *stacks = assembly->inventory->stacks;
    size_t length = 0;
    path[length++] = start;
    visits[start] = VISIT_OPEN;
    while (length > 0) {
        size_t at = path[length - 1];
        struct stack *stack = &stacks[at];
        if (next[at] == stack->depend_count) {
            for (size_t d = 0; d < stack->depend_count; d++) {
                size_t above = stacks[stack->depends[d]].level + 1;
                stack->level = above > stack->level ? above : stack->level;
            }
            visits[at] = VISIT_DONE;
            length--;
            continue;
        }
        size_t to = stack->depends[next[at]++];
        if (visits[to] == VISIT_OPEN)
            return cycle_found(assembly, path, length, to, error);
        if (visits[to] == VISIT_NEW) {
            visits[to] = VISIT_OPEN;
            path[length++] = to;
        }
    }
    return true;
}

static bool fill_levels(struct assembly *assembly, struct error *error)
{
    size_t count = assembly->inventory->stack_count;
    unsigned char *visits = arena_alloc(assembly->scratch, count + 1);
    size_t *path = arena_alloc(assembly->scratch, (count + 1) * sizeof *path);
    size_t *next = arena_alloc(assembly->scratch, (count + 1) * sizeof *next);
    for (size_t i = 0; i < count; i++) {
        if (visits[i] == VISIT_NEW && !visit_stack(assembly, i, visits, path, next, error))
            return false;
    }
    return true;
}

static void fill_stack(struct assembly *assembly, size_t index)
{
    const struct config_stack *from = &assembly->config->stacks[index];
    struct arena *arena = assembly->arena;
    const char *stack_name = from->stack_name ? from->stack_name : from->name;
    struct stack *stack = &assembly->inventory->stacks[index];
    *stack = (struct stack){.name = arena_string(arena, from->name),
                            .stack_name = arena_string(arena, stack_name),
                            .kind = from->template_path ? STACK_TEMPLATE : STACK_COMMAND,
                            .template_path = arena_string(arena, from->template_path),
                            .command = arena_string(arena, from->command),
                            .timeout_ms = from->timeout_ms,
                            .is_parallel = from->is_parallel};
    if (stack->kind == STACK_COMMAND)
        stack->cwd = directory_absolute(assembly->gathered->root, from->cwd, arena);
    else
        stack->template_body = arena_string(arena, assembly->template_bodies[index]);
}

static bool check_names(const struct assembly *assembly, size_t index, struct error *error)
{
    const struct inventory *inventory = assembly->inventory;
    const struct stack *stack = &inventory->stacks[index];
    struct config_mark mark = assembly->config->stacks[index].mark;
    for (size_t i = 0; i < index; i++) {
        if (strcmp(inventory->stacks[i].name, stack->name) == 0)
            return config_error(error, assembly->config, mark, "the stack %s stands twice", stack->name);
        if (strcmp(inventory->stacks[i].stack_name, stack->stack_name) == 0)
            return config_error(error, assembly->config, mark,
                                "the stacks %s and %s are both called %s in CloudFormation",
                                inventory->stacks[i].name, stack->name, stack->stack_name);
    }
    return true;
}

bool assemble_stacks(struct assembly *assembly, struct error *error)
{
    struct inventory *inventory = assembly->inventory;
    size_t count = assembly->config->stack_count;
    inventory->stacks = arena_alloc(assembly->arena, (count + 1) * sizeof *inventory->stacks);
    inventory->stack_count = count;
    for (size_t i = 0; i < count; i++) {
        fill_stack(assembly, i);
        if (!check_names(assembly, i, error))
            return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!fill_depends(assembly, i, error) || !assemble_parts(assembly, i, error))
            return false;
    }
    return fill_levels(assembly, error);
}
