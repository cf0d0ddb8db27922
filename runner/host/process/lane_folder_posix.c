#include "process/lane_folder_posix.h"
#include "itrun/base/memory.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define INFRA_LINE_BYTES 1024

static char *join(const char *folder, const char *separator, const char *name, const char *end)
{
    struct text text = {0};
    text_append(&text, folder);
    text_append(&text, separator);
    text_append(&text, name);
    text_append(&text, end);
    return text_take(&text);
}

struct lane_folder *lane_folder_new(const char *tmp_root, const char *name)
{
    struct lane_folder *folder = memory_new(sizeof *folder);
    folder->path = join(tmp_root, "/", name, "");
    folder->outputs.path = join(folder->path, "", ".outputs.json", "");
    folder->infra_path = join(folder->path, "/", "infra-failure", "");
    return folder;
}

void lane_folder_free(struct lane_folder *folder)
{
    if (folder == NULL) {
        return;
    }
    memory_free(folder->path);
    memory_free(folder->infra_path);
    outputs_file_clear(&folder->outputs);
    memory_free(folder);
}

static bool is_empty(int fd)
{
    char block[1024] __attribute__((aligned(8)));
    ssize_t count;
    while ((count = getdents64(fd, block, sizeof block)) > 0) {
        for (ssize_t at = 0; at < count;) {
            const struct dirent64 *entry = (const struct dirent64 *)(const void *)(block + at);
            if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
                return false;
            }
            at += entry->d_reclen;
        }
    }
    return count == 0;
}

bool lane_folder_prepare(struct lane_folder *folder, bool *ret_is_dirty, struct error *error)
{
    int fd = open(folder->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0) {
        *ret_is_dirty = !is_empty(fd);
        close(fd);
        return true;
    }
    if (errno != ENOENT) {
        /* The last command made a file or a locked folder of it. */
        *ret_is_dirty = true;
        return true;
    }
    *ret_is_dirty = false;
    return mkdir(folder->path, 0700) == 0 || file_error(error, errno, "make the folder", folder->path);
}

bool lane_folder_renew(const char *path, struct error *error)
{
    if (!file_remove_tree(path, error)) {
        return false;
    }
    return mkdir(path, 0700) == 0 || file_error(error, errno, "make the folder", path);
}

static int64_t changed_ns(const struct stat *status)
{
    return (int64_t)status->st_ctim.tv_sec * 1000000000 + status->st_ctim.tv_nsec;
}

bool outputs_file_write(struct outputs_file *file, const char *json, struct error *error)
{
    struct stat status = {0};
    if (string_equal(file->written, json) && lstat(file->path, &status) == 0 &&
        changed_ns(&status) == file->changed_ns) {
        return true;
    }
    memory_free(file->written);
    file->written = NULL;
    size_t length = strlen(json);
    unlink(file->path); /* whatever a command made of it */
    int fd = open(file->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400);
    ssize_t count = fd < 0 ? -1 : write(fd, json, length);
    int problem = count < 0 ? errno : (size_t)count < length ? ENOSPC : 0;
    if (fd >= 0 && fstat(fd, &status) != 0 && problem == 0) {
        problem = errno;
    }
    if (fd >= 0) {
        close(fd);
    }
    if (problem != 0) {
        return file_error(error, problem, "write", file->path);
    }
    file->written = memory_copy_string(json);
    file->changed_ns = changed_ns(&status);
    return true;
}

void outputs_file_remove(const struct outputs_file *file)
{
    if (file->written != NULL) {
        unlink(file->path);
    }
}

void outputs_file_clear(struct outputs_file *file)
{
    memory_free(file->path);
    memory_free(file->written);
}

bool lane_folder_read_infra(const struct lane_folder *folder, struct text *ret_line)
{
    char line[INFRA_LINE_BYTES];
    /* It may be anything, also a pipe that nobody writes to. */
    int fd = open(folder->infra_path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    struct stat status;
    ssize_t count = fstat(fd, &status) == 0 && S_ISREG(status.st_mode) ? read(fd, line, sizeof line) : -1;
    close(fd);
    size_t length = 0;
    while ((ssize_t)length < count && line[length] != '\n') {
        length++;
    }
    text_append_bytes(ret_line, line, length);
    return count >= 0;
}

void lane_folder_remove(const struct lane_folder *folder)
{
    if (rmdir(folder->path) != 0) {
        file_remove_tree(folder->path, NULL);
    }
    outputs_file_remove(&folder->outputs);
}
