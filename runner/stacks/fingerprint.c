/* fingerprint.c - what a stack deploys to, as one digest with its named parts.
 *
 * The digest covers a version line and every part by name, each length-prefixed: a change of how it is
 * computed changes it, and no two lists of parts run into each other. */
#include "itrun/stacks.h"
#include <stdlib.h>
#include <string.h>

#define VERSION "itrun fingerprint 1"

/* One use of an output: by which parameter (NULL: the whole command may read it), with which value. */
struct use {
    const char *part; /* "output data.TableName" */
    const char *parameter;
    const char *value;
};

static int compare_parts(const void *a, const void *b)
{
    return strcmp(((const struct fingerprint_part *)a)->name, ((const struct fingerprint_part *)b)->name);
}

static int compare_uses(const void *a, const void *b)
{
    const struct use *left = a;
    const struct use *right = b;
    int order = strcmp(left->part, right->part);
    if (order != 0 || left->parameter == NULL) {
        return order;
    }
    return strcmp(left->parameter, right->parameter);
}

static bool list_parameter_uses(const struct inventory *inventory, const struct stack *stack,
                                stack_output_lookup *lookup, void *context, struct arena *arena,
                                struct use *uses, size_t *ret_count, struct error *error)
{
    size_t count = 0;
    for (size_t i = 0; i < stack->parameter_count; i++) {
        const struct stack_parameter *parameter = &stack->parameters[i];
        if (parameter->value != NULL) {
            continue;
        }
        const char *from = inventory->stacks[parameter->from_stack].name;
        const char *value = lookup(context, parameter->from_stack, parameter->output);
        if (value == NULL) {
            error_set(error, ERROR_CONFIG,
                      "stack %s: parameter %s needs output %s.%s, which stack %s does not have", stack->name,
                      parameter->name, from, parameter->output, from);
            return error_hint(error, "declare %s under Outputs in the template of %s", parameter->output,
                              from);
        }
        uses[count++] = (struct use){
            .part = arena_format(arena, "output %s.%s", from, parameter->output),
            .parameter = parameter->name,
            .value = value,
        };
    }
    *ret_count = count;
    return true;
}

/* Uses of one output become one part. Which parameter it goes to counts: two that swap their outputs do
 * change. */
static size_t add_parts(const struct use *uses, size_t count, struct fingerprint_part *parts)
{
    size_t part_count = 0;
    struct hash *hash = hash_new();
    for (size_t i = 0; i < count; i++) {
        hash_add_string(hash, uses[i].parameter);
        hash_add_string(hash, uses[i].value);
        if (i + 1 == count || strcmp(uses[i].part, uses[i + 1].part) != 0) {
            parts[part_count].name = uses[i].part;
            hash_finish(hash, parts[part_count++].digest);
        }
    }
    hash_free(hash);
    return part_count;
}

static void digest_parts(const struct fingerprint_part *parts, size_t count, char ret_hex[HASH_HEX_SIZE])
{
    struct hash *hash = hash_new();
    hash_add_string(hash, VERSION);
    for (size_t i = 0; i < count; i++) {
        hash_add_string(hash, parts[i].name);
        hash_add_string(hash, parts[i].digest);
    }
    hash_finish(hash, ret_hex);
    hash_free(hash);
}

bool fingerprint_compute(const struct inventory *inventory, size_t index, stack_output_lookup *lookup,
                         void *context, const struct pair *outputs, size_t output_count, struct arena *arena,
                         struct fingerprint *ret_fingerprint, struct error *error)
{
    const struct stack *stack = &inventory->stacks[index];
    size_t use_count = 0;
    struct use *uses = arena_alloc(arena, (stack->parameter_count + output_count + 1) * sizeof *uses);
    if (!list_parameter_uses(inventory, stack, lookup, context, arena, uses, &use_count, error)) {
        return false;
    }
    for (size_t i = 0; i < output_count && stack->kind == STACK_COMMAND; i++) {
        uses[use_count++] =
            (struct use){arena_format(arena, "output %s", outputs[i].name), NULL, outputs[i].value};
    }
    struct fingerprint_part *parts = arena_alloc(arena, (stack->part_count + use_count + 1) * sizeof *parts);
    for (size_t i = 0; i < stack->part_count; i++) {
        parts[i] = stack->parts[i];
    }
    if (use_count > 1) {
        qsort(uses, use_count, sizeof *uses, compare_uses);
    }
    size_t count = stack->part_count + add_parts(uses, use_count, parts + stack->part_count);
    if (count > 1) {
        qsort(parts, count, sizeof *parts, compare_parts);
    }
    struct fingerprint fingerprint = {.parts = parts, .part_count = count};
    digest_parts(parts, count, fingerprint.hex);
    *ret_fingerprint = fingerprint;
    return true;
}

static const struct fingerprint_part *find_part(const struct fingerprint_part *parts, size_t count,
                                                const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(parts[i].name, name) == 0) {
            return &parts[i];
        }
    }
    return NULL;
}

void fingerprint_compare(const struct fingerprint_part *old_parts, size_t old_count,
                         const struct fingerprint_part *new_parts, size_t new_count,
                         void (*found)(void *context, const char *part, const char *how), void *context)
{
    for (size_t i = 0; i < new_count; i++) {
        const struct fingerprint_part *old = find_part(old_parts, old_count, new_parts[i].name);
        if (old == NULL) {
            found(context, new_parts[i].name, "added");
        } else if (strcmp(old->digest, new_parts[i].digest) != 0) {
            found(context, new_parts[i].name, "changed");
        }
    }
    for (size_t i = 0; i < old_count; i++) {
        if (find_part(new_parts, new_count, old_parts[i].name) == NULL) {
            found(context, old_parts[i].name, "removed");
        }
    }
}
