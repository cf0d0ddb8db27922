#include "folder_watch.h"
#include "itrun/base/hash.h"
#include "itrun/base/map.h"
#include "itrun/base/memory.h"
#include "itrun/base/text.h"
#include "itrun/host/listing.h"
#include "itrun/loop.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SETTLE_MS      60
#define COMPARED_BYTES (8 * 1024 * 1024) /* larger files: every event is a change */
#define FOLDERS_LIMIT  "fs.inotify.max_user_watches"

struct watched { /* one folder */
    uv_fs_event_t handle;
    struct folder_watch *watch;
    char *path; /* relative; "" is the root */
    dev_t device;
    ino_t inode;
    bool is_closing, is_seen;
    struct watched *next;
};

struct paths {
    struct arena *arena;
    const char *const *list; /* sorted */
    size_t count;
};

struct folder_watch {
    uv_loop_t *loop;
    char *root, *output;
    folder_changed *changed;
    void *context;
    struct watched *folders;
    size_t open_handles;
    uv_timer_t settle;
    struct paths files;
    struct map *touched; /* paths that events named since the last look */
    struct map *digests; /* path -> hex, of files that changed once */
};

static void full_path(const struct folder_watch *watch, const char *path, struct text *ret)
{
    text_reset(ret);
    text_append_format(ret, path[0] != '\0' ? "%s/%s" : "%s", watch->root, path);
}

static bool is_output(const struct folder_watch *watch, const char *path)
{
    struct text full = {0};
    full_path(watch, path, &full);
    size_t length = strlen(watch->output);
    bool is_below = strncmp(text_string(&full), watch->output, length) == 0 &&
                    (text_string(&full)[length] == '/' || text_string(&full)[length] == '\0');
    text_clear(&full);
    return is_below;
}

/* --- one folder -------------------------------------------------------------------------------------- */

static void handle_closed(uv_handle_t *handle)
{
    struct watched *folder = handle->data;
    folder->watch->open_handles--;
    memory_free(folder->path);
    memory_free(folder);
}

static void close_folder(struct watched *folder)
{
    if (!folder->is_closing) {
        folder->is_closing = true;
        uv_close((uv_handle_t *)&folder->handle, handle_closed);
    }
}

static void look(uv_timer_t *timer);

static void happened(uv_fs_event_t *handle, const char *name, int events, int status)
{
    (void)events;
    (void)status;
    const struct watched *folder = handle->data;
    struct folder_watch *watch = folder->watch;
    struct text path = {0};
    text_append_format(&path, folder->path[0] != '\0' && name != NULL ? "%s/%s" : "%s%s", folder->path,
                       name != NULL ? name : "");
    if (!is_output(watch, text_string(&path)) && strcmp(text_string(&path), ".git") != 0) {
        map_put(watch->touched, text_string(&path), watch);
        uv_timer_start(&watch->settle, look, SETTLE_MS, 0);
    }
    text_clear(&path);
}

static struct watched *find_folder(const struct folder_watch *watch, const char *path, size_t length)
{
    struct watched *folder = watch->folders;
    while (folder != NULL && (strncmp(folder->path, path, length) != 0 || folder->path[length] != '\0')) {
        folder = folder->next;
    }
    return folder;
}

static bool refuse(const struct folder_watch *watch, const char *path, int problem, struct error *error)
{
    size_t count = 0;
    for (const struct watched *folder = watch->folders; folder != NULL; folder = folder->next) {
        count++;
    }
    error_set(error, ERROR_LIMIT, "the folder %s cannot be watched: %s (%zu are)", path, uv_strerror(problem),
              count);
    return error_hint(error, problem == UV_ENOSPC || problem == UV_EMFILE
                                 ? "sudo sysctl " FOLDERS_LIMIT "=524288 fs.inotify.max_user_instances=1024"
                                 : "let git ignore folders that need no watching");
}

static bool add_folder(struct folder_watch *watch, const char *path, size_t length, struct error *error)
{
    struct text full = {0};
    struct stat status;
    struct watched *folder = find_folder(watch, path, length);
    char *copy = memory_copy_bytes(path, length);
    full_path(watch, copy, &full);
    bool is_there = stat(text_string(&full), &status) == 0 && S_ISDIR(status.st_mode);
    bool is_same =
        folder != NULL && is_there && folder->device == status.st_dev && folder->inode == status.st_ino;
    int problem = 0;
    if (is_same) {
        folder->is_seen = true;
    } else if (is_there) { /* also where another folder has this name now: the old watch is deaf */
        folder = memory_new(sizeof *folder);
        *folder = (struct watched){
            .watch = watch, .device = status.st_dev, .inode = status.st_ino, .is_seen = true};
        folder->path = memory_copy_string(copy);
        uv_fs_event_init(watch->loop, &folder->handle);
        folder->handle.data = folder;
        watch->open_handles++;
        problem = uv_fs_event_start(&folder->handle, happened, text_string(&full), 0);
        folder->next = watch->folders;
        watch->folders = folder;
    }
    bool is_fine = problem == 0 || problem == UV_ENOENT || refuse(watch, text_string(&full), problem, error);
    memory_free(copy);
    text_clear(&full);
    return is_fine;
}

static void drop_unseen(struct folder_watch *watch)
{
    for (struct watched **at = &watch->folders; *at != NULL;) {
        struct watched *folder = *at;
        if (folder->is_seen) {
            at = &folder->next;
        } else {
            *at = folder->next;
            close_folder(folder);
        }
    }
}

/* Every folder that holds a file, and those above it; and new ones that are still empty. */
static bool watch_folders(struct folder_watch *watch, struct error *error)
{
    for (struct watched *folder = watch->folders; folder != NULL; folder = folder->next) {
        folder->is_seen = false;
    }
    bool is_fine = add_folder(watch, "", 0, error);
    const char *last = "";
    size_t last_length = 0;
    for (size_t i = 0; is_fine && i < watch->files.count; i++) {
        const char *path = watch->files.list[i];
        const char *end = strrchr(path, '/');
        size_t length = end != NULL ? (size_t)(end - path) : 0;
        if (length == last_length && strncmp(path, last, length) == 0) {
            continue;
        }
        last = path;
        last_length = length;
        for (size_t at = 1; is_fine && at <= length; at++) {
            if (path[at] == '/') {
                is_fine = add_folder(watch, path, at, error);
            }
        }
    }
    for (size_t i = 0; is_fine && i < map_count(watch->touched); i++) {
        const char *path = map_key(watch->touched, i);
        is_fine = add_folder(watch, path, strlen(path), error); /* not a folder: nothing happens */
    }
    drop_unseen(watch);
    return is_fine;
}

/* --- what changed ------------------------------------------------------------------------------------ */

static int compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool has_path(const struct paths *paths, const char *path)
{
    return paths->count > 0 && bsearch(&path, paths->list, paths->count, sizeof path, compare) != NULL;
}

/* A tool that writes the same bytes again, as a suite may, changes nothing. */
static bool has_new_bytes(struct folder_watch *watch, const char *path)
{
    struct text full = {0};
    char *bytes = NULL;
    size_t length = 0;
    struct error ignored = {0};
    full_path(watch, path, &full);
    bool is_new = true;
    if (file_read(text_string(&full), COMPARED_BYTES, &bytes, &length, &ignored)) {
        char *digest = memory_new(HASH_HEX_SIZE);
        hash_bytes(bytes, length, digest);
        memory_free(bytes);
        char *before = map_get(watch->digests, path);
        is_new = before == NULL || strcmp(before, digest) != 0;
        memory_free(before);
        map_put(watch->digests, path, digest);
    }
    text_clear(&full);
    return is_new;
}

static bool list(const struct folder_watch *watch, struct paths *ret_paths, struct error *error)
{
    *ret_paths = (struct paths){.arena = arena_new()};
    return listing_files(watch->root, ret_paths->arena, &ret_paths->list, &ret_paths->count, error);
}

static void add_absent(const struct folder_watch *watch, const struct paths *from, const struct paths *in,
                       struct map *changes)
{
    for (size_t i = 0; i < from->count; i++) {
        if (!has_path(in, from->list[i]) && !is_output(watch, from->list[i])) {
            map_put(changes, from->list[i], changes);
        }
    }
}

static void tell(struct folder_watch *watch, const struct map *changes)
{
    size_t count = map_count(changes);
    const char **paths = memory_new((count + 1) * sizeof *paths);
    for (size_t i = 0; i < count; i++) {
        paths[i] = map_key(changes, i);
    }
    if (count > 0) {
        qsort(paths, count, sizeof *paths, compare);
        watch->changed(watch->context, paths, count);
    }
    memory_free(paths);
}

static void look(uv_timer_t *timer)
{
    struct folder_watch *watch = timer->data;
    struct paths now = {0};
    struct error error = {0};
    struct map *changes = map_new();
    if (list(watch, &now, &error)) {
        add_absent(watch, &now, &watch->files, changes);
        add_absent(watch, &watch->files, &now, changes);
        for (size_t i = 0; i < map_count(watch->touched); i++) {
            const char *path = map_key(watch->touched, i);
            if (has_path(&now, path) && has_new_bytes(watch, path)) {
                map_put(changes, path, changes);
            }
        }
        struct paths before = watch->files;
        watch->files = now;
        now = before;
        (void)watch_folders(watch, &error); /* what cannot be watched any more is found by the next look */
    }
    map_free(watch->touched);
    watch->touched = map_new();
    tell(watch, changes);
    map_free(changes);
    arena_free(now.arena);
}

/* --- opening, closing -------------------------------------------------------------------------------- */

struct folder_watch *folder_watch_new(uv_loop_t *loop, const char *root, const char *output,
                                      folder_changed *changed, void *context, struct error *error)
{
    struct folder_watch *watch = memory_new(sizeof *watch);
    watch->loop = loop;
    watch->root = memory_copy_string(root);
    watch->output = memory_copy_string(output);
    watch->changed = changed;
    watch->context = context;
    watch->touched = map_new();
    watch->digests = map_new();
    uv_timer_init(loop, &watch->settle);
    watch->settle.data = watch;
    watch->open_handles = 1;
    if (!list(watch, &watch->files, error) || !watch_folders(watch, error)) {
        folder_watch_close(watch);
        return NULL;
    }
    return watch;
}

size_t folder_watch_count(const struct folder_watch *watch)
{
    return watch->files.count;
}

static void settle_closed(uv_handle_t *handle)
{
    struct folder_watch *watch = handle->data;
    watch->open_handles--;
}

void folder_watch_close(struct folder_watch *watch)
{
    if (watch == NULL) {
        return;
    }
    uv_close((uv_handle_t *)&watch->settle, settle_closed);
    while (watch->folders != NULL) {
        struct watched *folder = watch->folders;
        watch->folders = folder->next;
        close_folder(folder);
    }
    while (watch->open_handles > 0) {
        uv_run(watch->loop, UV_RUN_ONCE);
    }
    for (size_t i = 0; i < map_count(watch->digests); i++) {
        memory_free(map_value(watch->digests, i));
    }
    map_free(watch->digests);
    map_free(watch->touched);
    arena_free(watch->files.arena);
    memory_free(watch->root);
    memory_free(watch->output);
    memory_free(watch);
}
