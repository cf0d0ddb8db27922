/* parts.c - what decides what a stack deploys to and is the same for every account.
 *
 * Nothing in here may differ between two checkouts of one commit: no absolute path, no time. */
#include "assembly.h"
#include "itrun/stacks.h"
#include <stdlib.h>
#include <string.h>

struct parts {
    struct fingerprint_part *list;
    size_t count;
};

static void add_text(struct parts *parts, const char *name, const char *text)
{
    struct fingerprint_part *part = &parts->list[parts->count++];
    part->name = name;
    hash_bytes(text, strlen(text), part->digest);
}

static bool add_files(struct assembly *assembly, const struct config_stack *from,
                      const struct file_match *match, struct parts *parts, struct error *error)
{
    for (size_t i = 0; i < match->count; i++) {
        const struct listed_file *file = &assembly->gathered->files[match->files[i]];
        struct fingerprint_part *part = &parts->list[parts->count++];
        part->name = arena_format(assembly->arena, "file %s", file->path);
        if (!file->digest[0]) { /* a skip must never be wrong: what could not be read decides nothing */
            error_set(error, ERROR_IO, "stack %s: %s was not hashed", from->name, file->path);
            return false;
        }
        memcpy(part->digest, file->digest, sizeof part->digest);
    }
    return true;
}

static int compare_parts(const void *a, const void *b)
{
    return strcmp(((const struct fingerprint_part *)a)->name, ((const struct fingerprint_part *)b)->name);
}

static bool match_inputs(struct assembly *assembly, const struct config_stack *from,
                         struct file_match *ret_match, struct error *error)
{
    const struct gathered *gathered = assembly->gathered;
    files_match(gathered->files, gathered->file_count, "", from->inputs, from->input_count, assembly->scratch,
                ret_match);
    if (ret_match->empty_glob == NO_INDEX)
        return true;
    const char *glob = from->inputs[ret_match->empty_glob];
    config_error(error, assembly->config, from->mark, "stack %s: no file matches the input %s", from->name,
                 glob);
    const char *hint =
        missing_directory_hint(gathered->files, gathered->file_count, "", glob, assembly->scratch);
    return error_hint(error, "%s", hint ? hint : "inputs are relative to the configuration's directory");
}

bool assemble_parts(struct assembly *assembly, size_t index, struct error *error)
{
    const struct config_stack *from = &assembly->config->stacks[index];
    struct stack *stack = &assembly->inventory->stacks[index];
    struct file_match match;
    if (!match_inputs(assembly, from, &match, error))
        return false;
    struct parts parts = {0};
    parts.list =
        arena_alloc(assembly->arena, (match.count + stack->parameter_count + 3) * sizeof *parts.list);
    if (stack->kind == STACK_TEMPLATE) {
        parts.list[parts.count].name = "template";
        template_digest(stack->template_body, parts.list[parts.count++].digest);
    } else {
        const char *below = directory_below(assembly->gathered->root, from->cwd, assembly->scratch);
        add_text(&parts, "command", stack->command);
        add_text(&parts, "cwd", below ? below : from->cwd);
    }
    for (size_t i = 0; i < stack->parameter_count; i++) {
        const struct stack_parameter *parameter = &stack->parameters[i];
        if (parameter->value)
            add_text(&parts, arena_format(assembly->arena, "parameter %s", parameter->name),
                     parameter->value);
    }
    if (!add_files(assembly, from, &match, &parts, error))
        return false;
    qsort(parts.list, parts.count, sizeof *parts.list, compare_parts);
    stack->parts = parts.list;
    stack->part_count = parts.count;
    return true;
}

static int compare_strings(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

size_t inventory_hash_wanted(const struct config *config, const struct listed_file *files, size_t file_count,
                             struct arena *arena, const char *const **ret_paths)
{
    bool *is_wanted = memory_new((file_count + 1) * sizeof *is_wanted);
    size_t count = 0;
    struct arena *scratch = arena_new();
    for (size_t s = 0; s < config->stack_count; s++) {
        const struct config_stack *stack = &config->stacks[s];
        struct file_match match;
        files_match(files, file_count, "", stack->inputs, stack->input_count, scratch, &match);
        for (size_t i = 0; i < match.count; i++) {
            count += !is_wanted[match.files[i]];
            is_wanted[match.files[i]] = true;
        }
    }
    arena_free(scratch);
    const char **paths = arena_alloc(arena, (count + 1) * sizeof *paths);
    size_t filled = 0;
    for (size_t i = 0; i < file_count; i++) {
        if (is_wanted[i])
            paths[filled++] = files[i].path;
    }
    memory_free(is_wanted);
    qsort(paths, count, sizeof *paths, compare_strings);
    *ret_paths = paths;
    return count;
}
