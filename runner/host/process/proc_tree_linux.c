/* proc_tree_linux.c - /proc/PID/task/TID/children where the kernel has it (CONFIG_PROC_CHILDREN), else the
 * parent of every process in /proc. A child belongs to the thread that made it, so all threads of a process
 * are asked. */
#include "process/proc_tree_linux.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void list_add(struct pid_list *list, pid_t pid)
{
    if (list->count == list->capacity) {
        list->capacity = list->capacity == 0 ? 64 : list->capacity * 2;
        list->pids = realloc(list->pids, list->capacity * sizeof *list->pids);
        if (list->pids == NULL) {
            abort();
        }
    }
    list->pids[list->count++] = pid;
}

void pid_list_clear(struct pid_list *list)
{
    free(list->pids);
    *list = (struct pid_list){0};
}

/* Adds the numbers of a "12 345 6 " file. False: there is no such file. */
static bool add_numbers(const char *path, struct pid_list *list)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    char block[4096];
    ssize_t count;
    pid_t number = 0; /* may be cut by the border of a block */
    while ((count = read(fd, block, sizeof block)) > 0) {
        for (ssize_t i = 0; i < count; i++) {
            if (block[i] >= '0' && block[i] <= '9') {
                number = number * 10 + (block[i] - '0');
            } else if (number > 0) {
                list_add(list, number);
                number = 0;
            }
        }
    }
    if (number > 0) {
        list_add(list, number);
    }
    close(fd);
    return true;
}

static bool add_children_of_thread(pid_t process, long thread, struct pid_list *list)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task/%ld/children", (int)process, thread);
    return add_numbers(path, list);
}

static void add_children(pid_t process, struct pid_list *list)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task", (int)process);
    DIR *threads = opendir(path);
    if (threads == NULL) {
        return;
    }
    const struct dirent *entry;
    while ((entry = readdir(threads)) != NULL) {
        long thread = strtol(entry->d_name, NULL, 10);
        if (thread > 0) {
            add_children_of_thread(process, thread, list);
        }
    }
    closedir(threads);
}

/* The parent stands behind the command's name, which may hold anything, also ")". */
static pid_t parent_of(const char *pid)
{
    char path[64], block[1024];
    snprintf(path, sizeof path, "/proc/%.20s/stat", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return 0;
    }
    ssize_t count = read(fd, block, sizeof block - 1);
    close(fd);
    if (count <= 0) {
        return 0;
    }
    block[count] = '\0';
    const char *end = strrchr(block, ')');
    return end == NULL || strlen(end) < 5 ? 0 : (pid_t)strtol(end + 4, NULL, 10);
}

struct family {
    pid_t pid, parent;
};

static struct family *read_families(size_t *ret_count)
{
    DIR *processes = opendir("/proc");
    struct family *list = NULL;
    size_t count = 0, capacity = 0;
    const struct dirent *entry;
    while (processes != NULL && (entry = readdir(processes)) != NULL) {
        pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
        if (pid <= 0) {
            continue;
        }
        if (count == capacity) {
            capacity = capacity == 0 ? 256 : capacity * 2;
            list = realloc(list, capacity * sizeof *list);
            if (list == NULL) {
                abort();
            }
        }
        list[count++] = (struct family){pid, parent_of(entry->d_name)};
    }
    if (processes != NULL) {
        closedir(processes);
    }
    *ret_count = count;
    return list;
}

static void scan(struct pid_list *list, bool is_deep)
{
    size_t count = 0;
    struct family *families = read_families(&count);
    pid_t parent = getpid();
    for (size_t next = list->count;; parent = list->pids[next++]) {
        for (size_t i = 0; i < count; i++) {
            if (families[i].parent == parent) {
                list_add(list, families[i].pid);
            }
        }
        if (!is_deep || next == list->count) {
            break;
        }
    }
    free(families);
}

void proc_tree_children(struct pid_list *list)
{
    list->count = 0;
    if (!add_children_of_thread(getpid(), getpid(), list)) {
        scan(list, false);
    }
}

void proc_tree_descendants(struct pid_list *list)
{
    list->count = 0;
    if (!add_children_of_thread(getpid(), getpid(), list)) {
        scan(list, true);
        return;
    }
    for (size_t next = 0; next < list->count; next++) {
        add_children(list->pids[next], list);
    }
}
