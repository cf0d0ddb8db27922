/* propose.h - what the files of the proposal share: what was found in a repository, to be written as
 * itrun.yaml. */
#ifndef ITRUN_CONFIG_PROPOSE_H
#define ITRUN_CONFIG_PROPOSE_H
#include "itrun/base/memory.h"
#include "itrun/config.h"
#include <string.h>

struct found_suite {
    const char *name, *framework, *command, *cwd;
    const char *files[4];
    size_t file_count;
};
struct found_parameter {
    const char *name;
    size_t from;        /* the stack whose output it is; NO_INDEX: nobody's */
    const char *output; /* its key */
};
struct found_stack {
    const char *name, *template_path; /* template_path NULL: by `deploy` */
    const char *deploy, *stack_name, *cwd, *inputs;
    const char *const *outputs;
    size_t output_count;
    struct found_parameter *parameters;
    size_t parameter_count;
    bool is_needed_by_another;
};
struct findings {
    struct arena *arena;
    const struct proposal_input *input;
    struct found_suite *suites;
    size_t suite_count, suite_capacity;
    struct found_stack *stacks;
    size_t stack_count, stack_capacity;
};

/* propose_suites.c */
void find_suites(struct findings *findings);
/* propose_stacks.c */
void find_stacks(struct findings *findings);

/* propose.c */
/* A word that may be a name in itrun.yaml, unlike any found before. */
const char *proposed_name(struct findings *findings, const char *wanted, size_t length);
bool has_file(const struct findings *findings, const char *glob);
/* The folder of a path: "" of one at the root, else without the last slash. */
const char *folder_of(struct findings *findings, const char *path);
const char *base_name(const char *path);
/* "folder/rest", or "rest" where folder is "". */
const char *below(struct findings *findings, const char *folder, const char *rest);
/* Contents with a NUL at the end, in arena; NULL: cannot be read, or is too long. */
const char *contents_of(struct findings *findings, const char *path, size_t *ret_length);
#endif
