/* file_posix.c - whole files, blocking: replaced atomically, read, folders made, trees removed. */
#include "itrun/base/memory.h"
#include "itrun/base/text.h"
#include "itrun/loop.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *hint_of(int errno_value)
{
    switch (errno_value) {
    case ENOSPC:
    case EDQUOT: return "free some space, or write somewhere else";
    case EACCES:
    case EPERM: return "check the owner and the permissions of the file and its folder";
    case EROFS: return "the file system is read-only: write somewhere else";
    case EMFILE:
    case ENFILE: return "raise the limit on open files (ulimit -n)";
    case ENOTDIR: return "a part of the path is a file, not a folder";
    default: return "";
    }
}

bool file_error(struct error *error, int errno_value, const char *doing, const char *path)
{
    enum error_kind kind = ERROR_IO;
    if (errno_value == ENOENT) {
        kind = ERROR_GONE;
    } else if (errno_value == EACCES || errno_value == EPERM || errno_value == EROFS) {
        kind = ERROR_DENIED;
    }
    error_set(error, kind, "cannot %s %s: %s", doing, path, strerror(errno_value));
    if (error != NULL) {
        const char *name = strerrorname_np(errno_value);
        snprintf(error->code, sizeof error->code, "%s", name != NULL ? name : "");
        error_hint(error, "%s", hint_of(errno_value));
    }
    return false;
}

/* Made, or there already: as a folder. */
static bool make_folder(const char *path)
{
    if (mkdir(path, 0777) == 0) {
        return true;
    }
    struct stat status;
    if (errno == EEXIST && stat(path, &status) == 0) {
        errno = ENOTDIR;
        return S_ISDIR(status.st_mode);
    }
    return false;
}

bool file_make_folders(const char *path, struct error *error)
{
    if (make_folder(path)) {
        return true;
    }
    if (errno != ENOENT) {
        return file_error(error, errno, "make the folder", path);
    }
    char *partial = memory_copy_string(path);
    bool is_made = true;
    for (char *at = partial + 1; is_made && *at != '\0'; at++) {
        if (*at != '/') {
            continue;
        }
        *at = '\0';
        is_made = make_folder(partial) || file_error(error, errno, "make the folder", partial);
        *at = '/';
    }
    memory_free(partial);
    return is_made && (make_folder(path) || file_error(error, errno, "make the folder", path));
}

bool file_read(const char *path, size_t limit_bytes, char **ret_bytes, size_t *ret_length,
               struct error *error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return file_error(error, errno, "read", path);
    }
    struct text text = {0};
    char block[16384];
    ssize_t count;
    while ((count = read(fd, block, sizeof block)) != 0) {
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            file_error(error, errno, "read", path);
            break;
        }
        if (text.length + (size_t)count > limit_bytes) {
            error_set(error, ERROR_LIMIT, "%s is larger than %zu bytes", path, limit_bytes);
            break;
        }
        text_append_bytes(&text, block, (size_t)count);
    }
    close(fd);
    if (count != 0) {
        text_clear(&text);
        return false;
    }
    *ret_length = text.length;
    *ret_bytes = text.length > 0 ? text_take(&text) : memory_copy_string("");
    return true;
}

static bool write_all(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t count = write(fd, bytes, length);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            return false;
        }
        bytes += count;
        length -= (size_t)count;
    }
    return true;
}

/* A rename is durable only when its folder is. Some file systems cannot sync a folder: then nothing more can
 * be done. */
static void sync_folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash == NULL   ? memory_copy_string(".")
                   : slash == path ? memory_copy_string("/")
                                   : memory_copy_bytes(path, (size_t)(slash - path));
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd);
        close(fd);
    }
    memory_free(folder);
}

/* What to write where, until it is there under its name. */
struct replacement {
    const char *bytes; /* or, where chunks are given, those */
    size_t length;
    struct chunk *const *chunks;
    size_t count;
};

static bool write_piece(void *context, const char *bytes, size_t length)
{
    const int *fd = context;
    return write_all(*fd, bytes, length);
}

static bool write_replacement(int fd, const struct replacement *replacement)
{
    if (replacement->chunks == NULL) {
        return write_all(fd, replacement->bytes, replacement->length);
    }
    for (size_t i = 0; i < replacement->count; i++) {
        if (!chunk_read(replacement->chunks[i], write_piece, &fd)) {
            return false;
        }
    }
    return true;
}

static bool replace(const char *path, const struct replacement *replacement, struct error *error)
{
    struct text temporary = {0};
    /* The thread's number makes it ours alone, and a leftover of a crash is simply written over. */
    text_append_format(&temporary, "%s.%d.tmp", path, (int)gettid());
    const char *name = text_string(&temporary);
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666);
    bool is_done = fd >= 0 && write_replacement(fd, replacement) && fsync(fd) == 0;
    int problem = is_done ? 0 : errno;
    if (fd >= 0 && close(fd) != 0 && is_done) {
        problem = errno;
    }
    if (problem == 0 && rename(name, path) != 0) {
        problem = errno;
    }
    if (problem == 0) {
        sync_folder_of(path);
    } else if (fd >= 0) {
        unlink(name);
    }
    text_clear(&temporary);
    return problem == 0 || file_error(error, problem, "write", path);
}

bool file_replace(const char *path, const char *bytes, size_t length, struct error *error)
{
    const struct replacement replacement = {.bytes = bytes, .length = length};
    return replace(path, &replacement, error);
}

bool file_replace_chunks(const char *path, struct chunk *const *chunks, size_t count, struct error *error)
{
    const struct replacement replacement = {.chunks = chunks, .count = count};
    return replace(path, &replacement, error);
}
