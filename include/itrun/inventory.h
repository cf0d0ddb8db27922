/* inventory.h - gather: from a configuration and what the host lists to the inventory that every command
 * uses.
 *
 * Pure: assembles what it is given. The host side (cli/gather.c) lists files, hashes, accounts and history.
 * Errors: duplicates, empty globs, cycles, unknown stacks, each at file:line:col of the configuration. */
#ifndef ITRUN_INVENTORY_H
#define ITRUN_INVENTORY_H
#include "itrun/config.h"
#include "itrun/model/plan.h"
#include "itrun/model/ledger.h"

struct listed_file { /* below the configuration's directory, '/' slashes, no "./"; sorted by path */
    const char *path;
    char digest[HASH_HEX_SIZE]; /* "" until it was hashed */
};
struct gathered {     /* what the host found; borrowed */
    const char *root; /* absolute directory of the configuration */
    const struct listed_file *files;
    size_t file_count;
    const char *const *account_ids; /* organizations: found; list: from the configuration; local: none */
    size_t account_count;
    size_t local_account_count; /* provider local: how many directories (shards) */
    size_t repeat_count;        /* --repeat: how many executions a suite has; 0: one */
    const char *region;         /* resolved */
    const char *endpoint;
    const char *commit, *branch;
    bool is_dirty;
    const char *base, *base_commit, *job, *job_url; /* of the CI job, or NULL */
};
/* Paths (relative to root) that must be hashed for the stacks' `inputs:` globs: fills ret (arena). */
size_t inventory_hash_wanted(const struct config *config, const struct listed_file *files, size_t file_count,
                             struct arena *arena, const char *const **ret_paths);
/* template_bodies[i]: bytes of stacks[i].template_path (NULL for commands). NULL on error. Owner:
 * inventory_free. */
struct inventory *inventory_assemble(const struct config *config, const struct gathered *gathered,
                                     const char *const *template_bodies, struct error *error);
void inventory_free(struct inventory *inventory);

struct selection {            /* of run, plan, list, rerun */
    const char *const *names; /* exact suite or group names; none: all */
    size_t name_count;
    const char *filter; /* regex, or NULL */
    const char *tag;    /* or NULL */
};
/* Indices in arena. Unknown names: usage error with the nearest one. Nothing selected: count 0, true. */
bool inventory_select(const struct inventory *inventory, const struct selection *selection,
                      struct arena *arena, size_t **ret_indices, size_t *ret_count, struct error *error);
/* --repeat: the selected suites become executions of them, added to the inventory ("api/test_x.py@3"). With
 * seeds that vary, execution k has the run's seed plus k - 1, else all have the run's. */
struct repetition {
    size_t times;
    bool do_seeds_vary;
};
bool inventory_repeat(struct inventory *inventory, const struct repetition *repetition, size_t **suites,
                      size_t *count, struct error *error);
/* Adds estimates and holdings to an assembled inventory. */
void inventory_add_estimate(struct inventory *inventory, size_t suite, const struct estimate *estimate);
void inventory_add_holdings(struct inventory *inventory, size_t account, const struct ledger_entry *entries,
                            size_t count);
#endif
