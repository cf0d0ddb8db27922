/* manifest.h - manifest.json: what a run was asked to do; written once, never changed. Holds no expanded
 * configuration value (no commands, no environment, no parameters), so it holds no secret. */
#ifndef ITRUN_CLI_MANIFEST_H
#define ITRUN_CLI_MANIFEST_H
#include "commands.h"

void manifest_write(const struct workspace *workspace, const struct planned *planned, struct text *text);

struct manifest { /* what rerun needs; strings in arena */
    const char *run, *commit, *config, *test;
    const char *seed;
    const char **suites;
    size_t suite_count;
};
bool manifest_read(const char *folder, struct arena *arena, struct manifest *ret_manifest,
                   struct error *error);
#endif
