/* stacks.c - the stacks: a template that itrun deploys, or a command that does. */
#include "reader.h"
#include <string.h>

#define DEFAULT_TIMEOUT_MS ((int64_t)30 * 60 * 1000)

/* {output: stack.Key}: split at the only dot. */
static void output_read(struct reader *reader, const struct node *node, struct config_parameter *parameter)
{
    table_read(reader, &keys_output, node, NULL);
    const struct node *output = node_get_kind(node, "output", NODE_SCALAR);
    if (!output || !reader_matches(reader, PATTERN_OUTPUT, output->text))
        return;
    const char *dot = strchr(output->text, '.');
    parameter->stack = arena_bytes(reader->arena, output->text, (size_t)(dot - output->text));
    parameter->output = arena_string(reader->arena, dot + 1);
    parameter->mark = output->mark;
}

static void parameters_read(struct reader *reader, const struct node *mapping, struct config_stack *stack)
{
    struct config_parameter *parameters =
        arena_alloc(reader->arena, (mapping->count + 1) * sizeof *parameters);
    size_t count = 0;
    for (const struct node *child = mapping->first; child; child = child->next) {
        struct config_parameter *parameter = &parameters[count++];
        parameter->name = child->key;
        parameter->mark = child->mark;
        if (!reader_matches(reader, PATTERN_PARAMETER_NAME, child->key))
            reader_problem(reader, child->key_mark, "CloudFormation wants letters and digits only",
                           "%s is not a name of a parameter", quoted(reader->arena, child->key));
        if (child->is_broken)
            continue;
        if (child->kind == NODE_MAPPING)
            output_read(reader, child, parameter);
        else if (child->kind == NODE_LIST)
            reader_problem(reader, child->mark,
                           "CloudFormation takes a list as one string with commas: \"a,b\"",
                           "%s: expected a string or {output: stack.Key}, found a list",
                           quoted(reader->arena, child->key));
        else
            parameter->value = scalar_read(reader, child, quoted(reader->arena, child->key), true,
                                           keys_output.keys[0].advice);
    }
    stack->parameters = parameters;
    stack->parameter_count = count;
}

/* Exactly one of template and deploy; some keys belong to one of them. */
static void kind_check(struct reader *reader, const struct node *node)
{
    static const char *const deploy_only[] = {"cwd", "inputs", "parallel", "copy"};
    const struct node *template = node_get(node, "template");
    const struct node *deploy = node_get(node, "deploy");
    if (template && deploy) {
        reader_problem(reader, deploy->key_mark,
                       "itrun deploys a `template`, a command of your own is `deploy`: keep one",
                       "a stack has either `template` or `deploy`, not both");
        return;
    }
    if (!template && !deploy) {
        if (table_knows_all(&keys_stack, node))
            reader_problem(reader, node->mark, "add `template: PATH`, or `deploy: COMMAND`",
                           "a stack needs `template` or `deploy`");
        return;
    }
    for (size_t i = 0; template && i < sizeof deploy_only / sizeof *deploy_only; i++) {
        const struct node *child = node_get(node, deploy_only[i]);
        if (child)
            reader_problem(reader, child->key_mark,
                           "remove it, or use `deploy: COMMAND` instead of `template`",
                           "`%s` is only for stacks with `deploy`", deploy_only[i]);
    }
    const struct node *parameters = node_get(node, "parameters");
    if (deploy && parameters)
        reader_problem(
            reader, parameters->key_mark,
            "give them in the command; it finds outputs of other stacks in the file $ITRUN_OUTPUTS",
            "`parameters` is only for stacks with `template`");
}

/* Names must be unique twice: here and in CloudFormation. */
static void names_check(struct reader *reader, const struct node *node, struct config_stack *stack,
                        struct map *names, struct map *stack_names)
{
    const struct node *name = node_get(node, "name");
    const struct node *given = node_get(node, "stack_name");
    if (stack->name) {
        if (map_has(names, stack->name))
            reader_problem(reader, name->mark, "give each stack a name of its own",
                           "two stacks are called %s", node_shown(reader, name));
        map_put(names, stack->name, stack);
        if (!given && !reader_matches(reader, PATTERN_STACK_NAME, stack->name))
            reader_problem(reader, name->mark, "add `stack_name:`; a letter, then letters, digits and -",
                           "%s cannot be the name of a stack in CloudFormation", node_shown(reader, name));
    }
    if (!stack->stack_name)
        stack->stack_name = given ? NULL : stack->name;
    if (!stack->stack_name)
        return;
    const struct config_stack *other = map_get(stack_names, stack->stack_name);
    if (other && !string_equal(other->name, stack->name))
        reader_problem(reader, given ? given->mark : name->mark,
                       "they would overwrite each other: change one",
                       "%s is already the stack_name of the stack %s",
                       quoted(reader->arena, given ? given->raw : name->raw),
                       quoted(reader->arena, other->name ? other->name : "?"));
    map_put(stack_names, stack->stack_name, stack);
}

static void globs_check(struct reader *reader, const struct node *node)
{
    const struct node *inputs = node_get_kind(node, "inputs", NODE_LIST);
    for (const struct node *entry = inputs ? inputs->first : NULL; entry; entry = entry->next)
        glob_check(reader, entry);
}

void stacks_read(struct reader *reader, const struct node *list)
{
    struct config *config = reader->config;
    size_t capacity = list ? list->count + 1 : 1;
    config->stacks = arena_alloc(reader->arena, capacity * sizeof *config->stacks);
    reader->stack_nodes = arena_alloc(reader->arena, capacity * sizeof *reader->stack_nodes);
    struct map *names = map_new();
    struct map *stack_names = map_new();
    for (const struct node *node = list ? list->first : NULL; node; node = node->next) {
        struct config_stack *stack = &config->stacks[config->stack_count];
        stack->mark = node->mark;
        stack->timeout_ms = DEFAULT_TIMEOUT_MS;
        if (!table_read(reader, &keys_stack, node, stack))
            continue;
        reader->stack_nodes[config->stack_count++] = node;
        kind_check(reader, node);
        if (stack->is_copied && node_get(node, "deploy"))
            reader_problem(reader, node_get(node, "copy")->key_mark,
                           "leave it out: the stack is then deployed by one lane at a time",
                           "`copy: true` is not supported yet");
        names_check(reader, node, stack, names, stack_names);
        globs_check(reader, node);
        const struct node *parameters = node_get_kind(node, "parameters", NODE_MAPPING);
        if (parameters)
            parameters_read(reader, parameters, stack);
    }
    map_free(names);
    map_free(stack_names);
}
