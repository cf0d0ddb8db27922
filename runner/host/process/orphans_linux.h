/* orphans_linux.h - what arrives at itrun itself when a guard was killed: it is killed too. */
#ifndef ITRUN_HOST_ORPHANS_H
#define ITRUN_HOST_ORPHANS_H
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Kills and reaps this process's children in other sessions that are no guards; how many are still there.
 * Suites always run in sessions of their own, so that a plain helper process of itrun's is never taken for
 * one. */
size_t orphans_kill(bool (*is_guard)(void *context, pid_t pid), void *context);
#endif
