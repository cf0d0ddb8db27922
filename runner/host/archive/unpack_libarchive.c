/* unpack_libarchive.c - see archive.h. libarchive reads formats; what may be in one is decided here. */
#include "itrun/base/map.h"
#include "itrun/base/memory.h"
#include "itrun/host/archive.h"
#include "itrun/loop.h"
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK_BYTES      65536
#define RATIO_FREE_BYTES ((int64_t)1 << 20) /* so much may come out of any archive, however small */
#define SEEN_LENGTH      200

const struct archive_limits archive_limits_default = {
    .entries = 10000, .bytes = (int64_t)2 * 1000 * 1000 * 1000, .ratio = 200};

struct unpacking {
    struct archive *archive;
    const char *path, *into;
    const char *const *wanted;
    const struct archive_limits *limits;
    int64_t packed_bytes, unpacked_bytes;
    size_t entry_count;
    struct map *seen; /* top name -> how many files are below it, in the arena */
    struct arena *arena;
    char *block;
    struct error *error;
};

static bool refuse(struct unpacking *unpacking, const char *what, const char *name)
{
    struct text shown = {0};
    text_append_printable(&shown, name, strlen(name));
    error_set(unpacking->error, ERROR_INVALID, "the archive is refused: it %s (%.300s)", what,
              text_string(&shown));
    text_clear(&shown);
    return error_hint(unpacking->error, "pack a run's own folder: tar czf run.tar.gz -C .itrun/runs RUN-ID");
}

/* Damaged, cut short, encrypted, or none at all: libarchive knows the words. */
static bool broken(struct unpacking *unpacking)
{
    const char *why = archive_error_string(unpacking->archive);
    struct text shown = {0};
    text_append_printable(&shown, why != NULL ? why : "unknown format",
                          strlen(why != NULL ? why : "unknown format"));
    error_set(unpacking->error, ERROR_INVALID, "the archive cannot be read: %s", text_string(&shown));
    text_clear(&shown);
    return error_hint(unpacking->error,
                      "a .zip, .tar or .tar.gz is wanted, whole: was the download cut short?");
}

/* Zip files from Windows have backslashes: ".." is looked for between either. */
static bool is_path_safe(const char *path)
{
    bool has_drive = path[0] != '\0' && path[1] == ':';
    if (path[0] == '\0' || path[0] == '/' || path[0] == '\\' || has_drive) {
        return false;
    }
    for (const char *part = path; *part != '\0';) {
        size_t length = strcspn(part, "/\\");
        if (length == 2 && part[0] == '.' && part[1] == '.') {
            return false;
        }
        part += length;
        part += *part != '\0';
    }
    return true;
}

static const char *base_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/* <output>/latest -> runs/<id>, as itrun makes it: never written, never followed. */
static bool is_own_link(const char *path, const char *target)
{
    return strcmp(base_of(path), "latest") == 0 && target != NULL && string_starts_with(target, "runs/") &&
           is_path_safe(target);
}

static void note_seen(struct unpacking *unpacking, const char *path)
{
    while (string_starts_with(path, "./")) {
        path += 2;
    }
    size_t length = strcspn(path, "/");
    struct text top = {0};
    text_append_bytes(&top, path, path[length] == '/' ? length + 1 : length);
    if (top.length > 0) {
        size_t *count = map_get(unpacking->seen, text_string(&top));
        if (count == NULL) {
            count = arena_alloc(unpacking->arena, sizeof *count);
            *count = 0;
            map_put(unpacking->seen, text_string(&top), count);
        }
        ++*count;
    }
    text_clear(&top);
}

static void show_seen(const struct map *seen, struct text *ret)
{
    size_t count = map_count(seen);
    for (size_t i = 0; i < count; i++) {
        if (ret->length > SEEN_LENGTH) {
            text_append_format(ret, ", and %zu more", count - i);
            break;
        }
        const char *name = map_key(seen, i);
        text_append(ret, i > 0 ? ", " : "");
        text_append_printable(ret, name, strlen(name));
        if (string_ends_with(name, "/")) {
            size_t files = *(const size_t *)map_value(seen, i);
            text_append_format(ret, " (%zu file%s)", files, files == 1 ? "" : "s");
        }
    }
}

static bool is_wanted(const struct unpacking *unpacking, const char *path)
{
    for (size_t i = 0; unpacking->wanted[i] != NULL; i++) {
        if (strcmp(base_of(path), unpacking->wanted[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* A file below `into`; -1: error is set. The folder is ours alone, and no link was ever made in it. */
static int create(struct unpacking *unpacking, const char *path)
{
    struct text full = {0}, folder = {0};
    text_append_format(&full, "%s/%s", unpacking->into, path);
    const char *slash = strrchr(text_string(&full), '/');
    text_append_bytes(&folder, text_string(&full), (size_t)(slash - text_string(&full)));
    int fd = -1;
    if (file_make_folders(text_string(&folder), unpacking->error)) {
        fd = open(text_string(&full), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0 && errno == EEXIST) {
            refuse(unpacking, "holds one path twice", path);
        } else if (fd < 0) {
            file_error(unpacking->error, errno, "create", text_string(&full));
        }
    }
    text_clear(&full);
    text_clear(&folder);
    return fd;
}

static bool count_bytes(struct unpacking *unpacking, int64_t bytes, const char *path)
{
    const struct archive_limits *limits = unpacking->limits;
    unpacking->unpacked_bytes += bytes;
    if (unpacking->unpacked_bytes > limits->bytes) {
        return refuse(unpacking, "unpacks to more than 2 GB", path);
    }
    if (unpacking->unpacked_bytes > RATIO_FREE_BYTES &&
        unpacking->unpacked_bytes / limits->ratio > unpacking->packed_bytes) {
        return refuse(unpacking, "inflates more than 200 times", path);
    }
    return true;
}

static bool write_all(const struct unpacking *unpacking, int fd, const char *bytes, size_t length,
                      const char *path)
{
    while (fd >= 0 && length > 0) {
        ssize_t count = write(fd, bytes, length);
        if (count < 0) {
            return file_error(unpacking->error, errno, "write", path);
        }
        bytes += count;
        length -= (size_t)count;
    }
    return true;
}

/* Also what nobody wants is read: only then its size is known, and that it is whole. */
static bool take_data(struct unpacking *unpacking, int fd, const char *path)
{
    for (;;) {
        la_ssize_t count = archive_read_data(unpacking->archive, unpacking->block, BLOCK_BYTES);
        if (count == 0) {
            return true;
        }
        if (count < 0) {
            return count == ARCHIVE_RETRY || broken(unpacking);
        }
        if (!count_bytes(unpacking, count, path) ||
            !write_all(unpacking, fd, unpacking->block, (size_t)count, path)) {
            return false;
        }
    }
}

static bool take_entry(struct unpacking *unpacking, struct archive_entry *entry)
{
    const char *path = archive_entry_pathname(entry);
    path = path != NULL ? path : archive_entry_pathname_utf8(entry);
    if (path == NULL || !is_path_safe(path)) {
        return refuse(unpacking, "holds a path that leads out of it", path != NULL ? path : "without a name");
    }
    if (++unpacking->entry_count > unpacking->limits->entries) {
        return refuse(unpacking, "holds more than 10,000 entries", path);
    }
    if (archive_entry_hardlink(entry) != NULL) {
        return refuse(unpacking, "holds a hard link", path);
    }
    switch (archive_entry_filetype(entry)) {
    case AE_IFDIR: return true;
    case AE_IFLNK:
        return is_own_link(path, archive_entry_symlink(entry)) ||
               refuse(unpacking, "holds a symbolic link", path);
    case AE_IFREG: break;
    default: return refuse(unpacking, "holds a device, pipe or socket", path);
    }
    if (archive_entry_is_encrypted(entry) != 0) {
        return refuse(unpacking, "is encrypted", path);
    }
    note_seen(unpacking, path);
    bool is_kept = is_wanted(unpacking, path);
    int fd = is_kept ? create(unpacking, path) : -1;
    bool is_taken = (!is_kept || fd >= 0) && take_data(unpacking, fd, path);
    if (fd >= 0) {
        close(fd);
    }
    return is_taken;
}

static bool open_archive(struct unpacking *unpacking)
{
    struct archive *archive = unpacking->archive;
    struct stat status;
    if (stat(unpacking->path, &status) != 0 || !S_ISREG(status.st_mode)) {
        error_set(unpacking->error, ERROR_USAGE, "%s is neither a folder nor a file", unpacking->path);
        return error_hint(unpacking->error, "give a run's folder, its id, or an archive of it");
    }
    unpacking->packed_bytes = status.st_size;
    archive_read_support_filter_gzip(archive);
    archive_read_support_format_tar(archive);
    archive_read_support_format_zip_seekable(archive); /* what its directory does not name is not in it */
    return archive_read_open_filename(archive, unpacking->path, BLOCK_BYTES) == ARCHIVE_OK ||
           broken(unpacking);
}

static bool take_entries(struct unpacking *unpacking)
{
    for (;;) {
        struct archive_entry *entry = NULL;
        int status = archive_read_next_header(unpacking->archive, &entry);
        if (status == ARCHIVE_EOF) {
            return true;
        }
        if (status != ARCHIVE_OK && status != ARCHIVE_WARN) { /* WARN: a name outside this locale */
            return broken(unpacking);
        }
        if (!take_entry(unpacking, entry)) {
            return false;
        }
    }
}

bool archive_unpack(const char *path, const char *into, const char *const *wanted,
                    const struct archive_limits *limits, struct text *ret_seen, struct error *error)
{
    struct unpacking unpacking = {
        .archive = archive_read_new(),
        .path = path,
        .into = into,
        .wanted = wanted,
        .limits = limits,
        .seen = map_new(),
        .arena = arena_new(),
        .block = memory_new(BLOCK_BYTES),
        .error = error,
    };
    MUST(unpacking.archive != NULL);
    bool is_unpacked = open_archive(&unpacking) && take_entries(&unpacking);
    if (is_unpacked) {
        show_seen(unpacking.seen, ret_seen);
    } else {
        error_where(error, "%s", path);
    }
    archive_read_free(unpacking.archive);
    map_free(unpacking.seen);
    arena_free(unpacking.arena);
    memory_free(unpacking.block);
    return is_unpacked;
}
