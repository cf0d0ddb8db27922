/* assembly.h - what the files of this room hand to each other while an inventory comes together. */
#ifndef ITRUN_INVENTORY_ASSEMBLY_H
#define ITRUN_INVENTORY_ASSEMBLY_H
#include "itrun/inventory.h"

struct assembly {
    const struct config *config;
    const struct gathered *gathered;
    const char *const *template_bodies;
    struct inventory *inventory; /* under construction */
    struct arena *arena;         /* the inventory's */
    struct arena *scratch;
};

/* --- files.c ------------------------------------------------------------------------------------------- */
/* A directory of the configuration as a path below root: "" for root itself, no "./", no slash at the end;
 * NULL when it lies elsewhere. directory NULL: root. */
const char *directory_below(const char *root, const char *directory, struct arena *arena);
const char *directory_absolute(const char *root, const char *directory, struct arena *arena);

struct file_match {
    const size_t *files; /* indices of listed files, ascending, each once */
    size_t count;
    size_t empty_glob; /* the first glob that matched nothing at all; NO_INDEX: none */
};
/* Globs one after another over the files below `directory` ("": all), relative to it; a "!" glob takes out
 * again. */
void files_match(const struct listed_file *files, size_t file_count, const char *directory,
                 const char *const *globs, size_t glob_count, struct arena *arena,
                 struct file_match *ret_match);
/* The directory that a glob begins with, where no listed file is below it, with the nearest that exists; else
 * NULL. */
const char *missing_directory_hint(const struct listed_file *files, size_t file_count, const char *directory,
                                   const char *glob, struct arena *arena);

/* --- stack_graph.c, suite_files.c, account_pool.c: each fills its part of the inventory
 * ------------------------- */
bool assemble_stacks(struct assembly *assembly, struct error *error);
bool assemble_suites(struct assembly *assembly, struct error *error);
bool assemble_accounts(struct assembly *assembly, struct error *error);
/* Index of a stack; false: unknown, with the nearest name. */
bool find_stack(const struct assembly *assembly, const char *name, struct config_mark mark, const char *user,
                size_t *ret_index, struct error *error);
bool assemble_parts(struct assembly *assembly, size_t stack, struct error *error); /* parts.c */
#endif
