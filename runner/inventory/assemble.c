/* assemble.c - the inventory as a whole, and what is added to it later. */
#include "assembly.h"
#include <string.h>

struct inventory *inventory_assemble(const struct config *config, const struct gathered *gathered,
                                     const char *const *template_bodies, struct error *error)
{
    struct inventory *inventory = memory_new(sizeof *inventory);
    struct arena *arena = arena_new();
    *inventory = (struct inventory){.arena = arena,
                                    .project = arena_string(arena, config->project),
                                    .root = arena_string(arena, gathered->root),
                                    .config_path = arena_string(arena, config->path),
                                    .endpoint = arena_string(arena, gathered->endpoint),
                                    .commit = arena_string(arena, gathered->commit),
                                    .branch = arena_string(arena, gathered->branch),
                                    .is_dirty = gathered->is_dirty,
                                    .base = arena_string(arena, gathered->base),
                                    .base_commit = arena_string(arena, gathered->base_commit),
                                    .job = arena_string(arena, gathered->job),
                                    .job_url = arena_string(arena, gathered->job_url),
                                    .shard_timeout_ms = config->shard_timeout_ms};
    struct assembly assembly = {.config = config,
                                .gathered = gathered,
                                .template_bodies = template_bodies,
                                .inventory = inventory,
                                .arena = arena,
                                .scratch = arena_new()};
    bool is_done = assemble_stacks(&assembly, error) && assemble_suites(&assembly, error) &&
                   assemble_accounts(&assembly, error);
    arena_free(assembly.scratch);
    if (is_done)
        return inventory;
    inventory_free(inventory);
    return NULL;
}

void inventory_free(struct inventory *inventory)
{
    if (!inventory)
        return;
    memory_free(inventory->suites);
    arena_free(inventory->arena);
    memory_free(inventory);
}

void inventory_add_estimate(struct inventory *inventory, size_t suite, const struct estimate *estimate)
{
    MUST(suite < inventory->suite_count);
    inventory->suites[suite].estimate = *estimate;
}

/* --- holdings ------------------------------------------------------------------------------------------ */

static const struct fingerprint_part *find_part(const struct fingerprint_part *parts, size_t count,
                                                const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(parts[i].name, name) == 0)
            return &parts[i];
    }
    return NULL;
}

/* Resolved outputs stand among the recorded parts too; they are known only in the account. */
static bool is_current(const struct stack *stack, const struct ledger_entry *entry)
{
    if (entry->is_unfinished)
        return false;
    size_t static_count = 0;
    for (size_t i = 0; i < entry->part_count; i++)
        static_count += !string_starts_with(entry->parts[i].name, "output ");
    if (static_count != stack->part_count)
        return false;
    for (size_t i = 0; i < stack->part_count; i++) {
        const struct fingerprint_part *recorded =
            find_part(entry->parts, entry->part_count, stack->parts[i].name);
        if (!recorded || strcmp(recorded->digest, stack->parts[i].digest) != 0)
            return false;
    }
    return true;
}

void inventory_add_holdings(struct inventory *inventory, size_t account, const struct ledger_entry *entries,
                            size_t count)
{
    MUST(account < inventory->account_count);
    struct holding *holdings = arena_alloc(inventory->arena, (inventory->stack_count + 1) * sizeof *holdings);
    size_t filled = 0;
    for (size_t s = 0; s < inventory->stack_count; s++) {
        const struct stack *stack = &inventory->stacks[s];
        for (size_t i = 0; i < count; i++) {
            if (strcmp(entries[i].stack_name, stack->stack_name) != 0)
                continue;
            holdings[filled++] = (struct holding){s, is_current(stack, &entries[i])};
            break;
        }
    }
    inventory->accounts[account].holdings = holdings;
    inventory->accounts[account].holding_count = filled;
}
