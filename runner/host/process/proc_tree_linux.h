/* proc_tree_linux.h - who descends from this process, from /proc.
 *
 * Shared by itrun and its guard, which links nothing else: no base here. */
#ifndef ITRUN_HOST_PROC_TREE_H
#define ITRUN_HOST_PROC_TREE_H
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct pid_list {
    pid_t *pids;
    size_t count, capacity;
};
/* Direct children of this process, made by its main thread or adopted; zombies too. */
void proc_tree_children(struct pid_list *list);
/* All descendants, children before grandchildren. What forks meanwhile may be missing. */
void proc_tree_descendants(struct pid_list *list);
void pid_list_clear(struct pid_list *list);
#endif
