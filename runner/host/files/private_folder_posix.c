#include "itrun/host/private_folder.h"
#include "itrun/loop.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define OWNER      "owner"
#define NAME_START "itrun-"

static void join(struct text *ret, const char *folder, const char *name)
{
    text_reset(ret);
    text_append_format(ret, "%s/%s", folder, name);
}

/* Everything but `owner`, then that: a sweep that is interrupted leaves a folder that can be swept again. */
static void empty(const char *path)
{
    struct text inner = {0};
    bool is_empty = true;
    DIR *folder = opendir(path);
    for (const struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;) {
        const char *name = entry->d_name;
        if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && strcmp(name, OWNER) != 0) {
            struct error ignored = {0};
            join(&inner, path, name);
            is_empty = file_remove_tree(text_string(&inner), &ignored) && is_empty;
        }
    }
    if (folder != NULL) {
        closedir(folder);
    }
    if (is_empty) {
        join(&inner, path, OWNER);
        unlink(text_string(&inner));
        rmdir(path);
    }
    text_clear(&inner);
}

/* The lock of a folder whose owner is dead, held by us from now on; -1: it lives, or is not ours to judge. */
static int lock_of_the_dead(const char *path)
{
    struct stat status;
    if (lstat(path, &status) != 0 || !S_ISDIR(status.st_mode) || status.st_uid != geteuid()) {
        return -1;
    }
    struct text owner = {0};
    join(&owner, path, OWNER);
    int fd = open(text_string(&owner), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    text_clear(&owner);
    if (fd >= 0 && (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || status.st_uid != geteuid() ||
                    flock(fd, LOCK_EX | LOCK_NB) != 0)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static void sweep(const char *root)
{
    struct text path = {0};
    DIR *folder = opendir(root);
    for (const struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;) {
        if (!string_starts_with(entry->d_name, NAME_START)) {
            continue;
        }
        join(&path, root, entry->d_name);
        int fd = lock_of_the_dead(text_string(&path));
        if (fd >= 0) {
            empty(text_string(&path));
            close(fd);
        }
    }
    if (folder != NULL) {
        closedir(folder);
    }
    text_clear(&path);
}

static void read_boot_id(char ret_id[64])
{
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t count = fd >= 0 ? read(fd, ret_id, 63) : 0;
    ret_id[count > 0 ? count : 0] = '\0';
    if (fd >= 0) {
        close(fd);
    }
}

/* Locked under another name and renamed, so that nobody ever sees an `owner` that is not locked yet. */
static int make_owner(const char *path, struct error *error)
{
    struct text fresh = {0}, owner = {0}, line = {0};
    char boot_id[64];
    read_boot_id(boot_id);
    join(&fresh, path, OWNER ".new");
    join(&owner, path, OWNER);
    text_append_format(&line, "pid %ld\nboot %s", (long)getpid(), boot_id);
    int fd = open(text_string(&fresh), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool is_made = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 &&
                   write(fd, line.bytes, line.length) == (ssize_t)line.length &&
                   rename(text_string(&fresh), text_string(&owner)) == 0;
    if (!is_made) {
        file_error(error, errno, "write", text_string(&owner));
        if (fd >= 0) {
            close(fd);
        }
        fd = -1;
    }
    text_clear(&fresh);
    text_clear(&owner);
    text_clear(&line);
    return fd;
}

bool private_folder_make(struct private_folder *ret_folder, const char *tmpdir, struct error *error)
{
    const char *root = tmpdir != NULL && tmpdir[0] == '/' ? tmpdir : "/tmp";
    sweep(root);
    struct private_folder folder = {.lock = -1};
    text_append_format(&folder.path, "%s/" NAME_START "XXXXXX", root);
    if (mkdtemp(folder.path.bytes) == NULL) {
        file_error(error, errno, "create", text_string(&folder.path));
        error_hint(error, "TMPDIR names the folder for temporary files");
        text_clear(&folder.path);
        return false;
    }
    folder.lock = make_owner(text_string(&folder.path), error);
    if (folder.lock < 0) {
        private_folder_remove(&folder);
        return false;
    }
    *ret_folder = folder;
    return true;
}

void private_folder_remove(struct private_folder *folder)
{
    if (folder->path.length > 0) {
        empty(text_string(&folder->path));
        if (folder->lock >= 0) {
            close(folder->lock);
        }
    }
    text_clear(&folder->path);
    folder->lock = -1;
}
