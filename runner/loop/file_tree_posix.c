/* file_tree_posix.c - rm -rf by descriptors: never follows a symbolic link, opens what a suite locked. */
#include "itrun/loop.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int remove_entry(int folder, const char *name);

static int empty_folder(int folder)
{
    DIR *stream = fdopendir(folder);
    if (stream == NULL) {
        int problem = errno;
        close(folder);
        return problem;
    }
    int problem = 0;
    const struct dirent *entry;
    while ((entry = readdir(stream)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        int result = remove_entry(dirfd(stream), entry->d_name);
        if (problem == 0) {
            problem = result;
        }
    }
    closedir(stream);
    return problem;
}

static int open_folder(int parent, const char *name)
{
    const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    /* Removing needs write and search on the folder; caches of some tools are read-only on purpose. */
    struct stat status;
    if (fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(status.st_mode) &&
        (status.st_mode & S_IRWXU) != S_IRWXU) {
        (void)fchmodat(parent, name, (status.st_mode & 07777) | S_IRWXU, 0);
    }
    return openat(parent, name, flags);
}

/* 0, or the errno of the first thing that could not be removed. */
static int remove_entry(int parent, const char *name)
{
    if (unlinkat(parent, name, 0) == 0 || errno == ENOENT) {
        return 0;
    }
    if (errno != EISDIR && errno != EPERM) {
        return errno;
    }
    int first = errno;
    int folder = open_folder(parent, name);
    if (folder < 0) {
        return errno == ENOTDIR || errno == ELOOP ? first : errno;
    }
    int problem = empty_folder(folder);
    if (unlinkat(parent, name, AT_REMOVEDIR) != 0 && errno != ENOENT && problem == 0) {
        problem = errno;
    }
    return problem;
}

bool file_remove_tree(const char *path, struct error *error)
{
    int problem = remove_entry(AT_FDCWD, path);
    return problem == 0 || problem == ENOTDIR || file_error(error, problem, "remove", path);
}
