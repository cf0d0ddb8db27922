/* listing.h - which files there are below a folder, and what git knows of the checkout. Asks `git` itself.
 *
 * Blocking: before a loop runs. Outside a git repository the folder is walked, leaving out .git, .itrun,
 * node_modules and virtual environments; inside, what git ignores is left out. */
#ifndef ITRUN_HOST_LISTING_H
#define ITRUN_HOST_LISTING_H
#include "itrun/base/error.h"
#include "itrun/base/memory.h"
#include <stddef.h>

struct checkout {
    const char *commit, *branch; /* in arena; NULL outside git */
    bool is_dirty;
};
/* Paths relative to root, sorted bytewise, regular files only (symlinks to files too). */
bool listing_files(const char *root, struct arena *arena, const char *const **ret_paths, size_t *ret_count,
                   struct error *error);
void listing_checkout(const char *root, struct arena *arena, struct checkout *ret_checkout);
#endif
