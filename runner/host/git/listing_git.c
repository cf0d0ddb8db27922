#include "itrun/host/listing.h"
#include "itrun/base/text.h"
#include "itrun/loop.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Output of a command that must exit 0; its stderr is dropped. */
static bool command_output(const char *const *argv, struct text *ret_output)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return false;
    }
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    pid_t pid = 0;
    int failure = posix_spawnp(&pid, argv[0], &actions, NULL, (char *const *)argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    char chunk[65536];
    ssize_t got = 0;
    while (failure == 0 && (got = read(ends[0], chunk, sizeof chunk)) != 0) {
        if (got > 0) {
            text_append_bytes(ret_output, chunk, (size_t)got);
        } else if (errno != EINTR) {
            break;
        }
    }
    close(ends[0]);
    int status = 0;
    if (failure != 0 || waitpid(pid, &status, 0) != pid) {
        return false;
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

struct paths {
    const char **list;
    size_t count, capacity;
    struct arena *arena;
};

static void add_path(struct paths *paths, const char *path)
{
    paths->list = memory_grow(paths->list, paths->count, &paths->capacity, sizeof *paths->list);
    paths->list[paths->count++] = arena_string(paths->arena, path);
}

static bool is_file(const char *root, const char *path)
{
    struct text full = {0};
    text_append_format(&full, "%s/%s", root, path);
    struct stat status;
    bool is_regular = stat(text_string(&full), &status) == 0 && S_ISREG(status.st_mode);
    text_clear(&full);
    return is_regular;
}

static bool list_by_git(const char *root, struct paths *paths)
{
    const char *const argv[] = {
        "git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard", NULL};
    struct text output = {0};
    bool is_done = command_output(argv, &output);
    for (size_t i = 0; is_done && i < output.length; i += strlen(output.bytes + i) + 1) {
        if (is_file(root, output.bytes + i)) { /* tracked, but deleted in the work tree: not there */
            add_path(paths, output.bytes + i);
        }
    }
    text_clear(&output);
    return is_done;
}

static bool is_left_out(const char *name)
{
    static const char *const names[] = {".",     "..",          ".git", ".itrun", "node_modules",
                                        ".venv", "__pycache__", NULL};
    for (size_t i = 0; names[i] != NULL; i++) {
        if (strcmp(names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static bool walk(const char *root, const char *below, struct paths *paths, struct error *error)
{
    struct text path = {0};
    text_append_format(&path, "%s%s%s", root, below[0] != '\0' ? "/" : "", below);
    DIR *folder = opendir(text_string(&path));
    if (folder == NULL) {
        file_error(error, errno, "list", text_string(&path));
        text_clear(&path);
        return false;
    }
    text_clear(&path);
    bool is_fine = true;
    for (struct dirent *entry; is_fine && (entry = readdir(folder)) != NULL;) {
        if (is_left_out(entry->d_name)) {
            continue;
        }
        text_append_format(&path, "%s%s%s", below, below[0] != '\0' ? "/" : "", entry->d_name);
        if (entry->d_type == DT_DIR) {
            is_fine = walk(root, text_string(&path), paths, error);
        } else if (is_file(root, text_string(&path))) {
            add_path(paths, text_string(&path));
        }
        text_clear(&path);
    }
    closedir(folder);
    return is_fine;
}

static int compare_paths(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

bool listing_files(const char *root, struct arena *arena, const char *const **ret_paths, size_t *ret_count,
                   struct error *error)
{
    struct paths paths = {.arena = arena};
    bool is_done = list_by_git(root, &paths) || walk(root, "", &paths, error);
    if (is_done) {
        if (paths.count > 0) {
            qsort(paths.list, paths.count, sizeof *paths.list, compare_paths);
        }
        const char **list = arena_alloc(arena, (paths.count + 1) * sizeof *list);
        size_t kept = 0;
        for (size_t i = 0; i < paths.count; i++) {
            if (kept == 0 || strcmp(list[kept - 1], paths.list[i]) != 0) {
                list[kept++] = paths.list[i];
            }
        }
        *ret_paths = list;
        *ret_count = kept;
    }
    memory_free(paths.list);
    return is_done;
}

/* The value of a header line "# NAME value" of git status, in arena; NULL: not there, or in brackets, as
 * "(initial)" and "(detached)" are. */
static const char *status_header(const char *output, const char *name, struct arena *arena)
{
    const char *at = strstr(output, name);
    if (at == NULL || at[strlen(name)] == '(') {
        return NULL;
    }
    at += strlen(name);
    return arena_bytes(arena, at, strcspn(at, "\n"));
}

/* One process tells all three. Without the optional lock a status beside it is not disturbed. */
void listing_checkout(const char *root, struct arena *arena, struct checkout *ret_checkout)
{
    const char *const argv[] = {
        "git",      "--no-optional-locks",  "-C",           root, "status", "--porcelain=v2",
        "--branch", "--untracked-files=no", "--no-renames", "--", ".",      NULL};
    struct text output = {0};
    *ret_checkout = (struct checkout){0};
    if (command_output(argv, &output)) {
        const char *lines = text_string(&output);
        ret_checkout->commit = status_header(lines, "# branch.oid ", arena);
        if (ret_checkout->commit != NULL) {
            ret_checkout->branch = status_header(lines, "# branch.head ", arena);
        }
        for (const char *line = lines; line[0] != '\0';
             line += strcspn(line, "\n"), line += line[0] != '\0') {
            ret_checkout->is_dirty = ret_checkout->is_dirty || line[0] != '#';
        }
    }
    text_clear(&output);
}
