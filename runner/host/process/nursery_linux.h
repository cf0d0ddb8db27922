/* nursery_linux.h - where guards come from: one itrun-guard process that does nothing but fork guards.
 *
 * Executing even a small static program costs several times a fork of it; with 200 lanes that is the whole
 * start of a run. The nursery forks with CLONE_PARENT, so every guard is itrun's own child and nothing
 * depends on the nursery living on. Started with the first guard, and again should it have died. */
#ifndef ITRUN_HOST_NURSERY_H
#define ITRUN_HOST_NURSERY_H
#include "itrun/base/error.h"
#include <sys/types.h>

struct nursery;
struct nursery *nursery_new(const char *guard_path, const char *cookie);
void nursery_free(struct nursery *nursery); /* ends it and reaps it */
/* How many guards will be asked for in all: so many, and no more, may be forked
 * before they are. */
void nursery_expect(struct nursery *nursery, size_t count);
/* A new guard, and our end of its control socket. Blocks until its fork is
 * answered, which mostly is long ago. */
bool nursery_fork_guard(struct nursery *nursery, int *ret_socket, pid_t *ret_pid, struct error *error);
/* Is it a guard that nobody has asked for yet, or the nursery itself? */
bool nursery_owns(struct nursery *nursery, pid_t pid);
#endif
