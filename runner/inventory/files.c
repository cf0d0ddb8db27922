/* files.c - directories and globs over the sorted list of files. */
#include "assembly.h"
#include "itrun/base/pattern.h"
#include <string.h>

/* "a/./b//../c/" -> "a/c"; NULL when ".." leads out. */
static const char *normalised(const char *path, struct arena *arena)
{
    char *result = arena_alloc(arena, strlen(path) + 1);
    size_t length = 0;
    while (*path) {
        size_t segment = strcspn(path, "/");
        bool is_up = segment == 2 && path[0] == '.' && path[1] == '.';
        if (is_up && length == 0)
            return NULL;
        if (is_up) {
            while (length > 0 && result[--length] != '/') {
            }
        } else if (segment > 0 && !(segment == 1 && path[0] == '.')) {
            if (length > 0)
                result[length++] = '/';
            memcpy(result + length, path, segment);
            length += segment;
        }
        path += segment + (path[segment] == '/');
    }
    result[length] = '\0';
    return result;
}

const char *directory_below(const char *root, const char *directory, struct arena *arena)
{
    if (!directory)
        return "";
    if (directory[0] != '/')
        return normalised(directory, arena);
    size_t length = strlen(root);
    if (strncmp(directory, root, length) != 0 || (directory[length] != '/' && directory[length] != '\0'))
        return NULL;
    return normalised(directory + length, arena);
}

const char *directory_absolute(const char *root, const char *directory, struct arena *arena)
{
    const char *below = directory_below(root, directory, arena);
    if (below)
        return below[0] ? arena_format(arena, "%s/%s", root, below) : arena_string(arena, root);
    return directory[0] == '/' ? arena_string(arena, directory)
                               : arena_format(arena, "%s/%s", root, directory);
}

/* The first file that is not before `path`. */
static size_t lower_bound(const struct listed_file *files, size_t count, const char *path)
{
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(files[middle].path, path) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The directory that every match of the glob is in: "a/b/" of "a/b/c*.py". */
static size_t literal_length(const char *glob)
{
    size_t literal = strcspn(glob, "*?[]{}\\");
    while (literal > 0 && glob[literal - 1] != '/')
        literal--;
    return literal;
}

static const char *prefix_of(const char *directory, const char *glob, struct arena *arena)
{
    return arena_format(arena, "%s%s%.*s", directory, directory[0] ? "/" : "", (int)literal_length(glob),
                        glob);
}

/* How many files matched, in the set already or not. */
static size_t apply_glob(const struct listed_file *files, size_t file_count, const char *directory,
                         const char *glob, bool *is_in, struct arena *arena)
{
    bool is_negated = glob[0] == '!';
    glob += is_negated;
    const char *prefix = prefix_of(directory, glob, arena);
    size_t skip = directory[0] ? strlen(directory) + 1 : 0;
    size_t matched = 0;
    for (size_t i = lower_bound(files, file_count, prefix);
         i < file_count && string_starts_with(files[i].path, prefix); i++) {
        if (is_negated && !is_in[i])
            continue;
        if (!glob_matches(glob, files[i].path + skip))
            continue;
        is_in[i] = !is_negated;
        matched++;
    }
    return matched;
}

void files_match(const struct listed_file *files, size_t file_count, const char *directory,
                 const char *const *globs, size_t glob_count, struct arena *arena,
                 struct file_match *ret_match)
{
    bool *is_in = memory_new((file_count + 1) * sizeof *is_in);
    struct file_match match = {.empty_glob = NO_INDEX};
    for (size_t g = 0; g < glob_count; g++) {
        size_t matched = apply_glob(files, file_count, directory, globs[g], is_in, arena);
        if (matched == 0 && globs[g][0] != '!' && match.empty_glob == NO_INDEX)
            match.empty_glob = g;
    }
    for (size_t i = 0; i < file_count; i++)
        match.count += is_in[i];
    size_t *found = arena_alloc(arena, (match.count + 1) * sizeof *found);
    size_t filled = 0;
    for (size_t i = 0; i < file_count; i++) {
        if (is_in[i])
            found[filled++] = i;
    }
    memory_free(is_in);
    match.files = found;
    *ret_match = match;
}

/* Distinct directories of the sorted files, each parent before its children. */
static size_t list_directories(const struct listed_file *files, size_t count, struct arena *arena,
                               const char ***ret_names)
{
    const char **names = NULL;
    size_t capacity = 0;
    size_t filled = 0;
    const char *last = "";
    for (size_t i = 0; i < count; i++) {
        const char *slash = strrchr(files[i].path, '/');
        size_t length = slash ? (size_t)(slash - files[i].path) : 0;
        if (length == 0 || (strncmp(last, files[i].path, length) == 0 && last[length] == '\0'))
            continue;
        names = memory_grow(names, filled, &capacity, sizeof *names);
        last = names[filled++] = arena_bytes(arena, files[i].path, length);
    }
    *ret_names = names;
    return filled;
}

const char *missing_directory_hint(const struct listed_file *files, size_t file_count, const char *directory,
                                   const char *glob, struct arena *arena)
{
    char *wanted = (char *)prefix_of(directory, glob, arena);
    size_t length = strlen(wanted);
    size_t at = lower_bound(files, file_count, wanted);
    if (length == 0 || (at < file_count && string_starts_with(files[at].path, wanted)))
        return NULL;
    if (wanted[length - 1] == '/')
        wanted[length - 1] = '\0';
    const char **names;
    size_t count = list_directories(files, file_count, arena, &names);
    const char *nearest = nearest_name(wanted, names, count);
    memory_free(names);
    if (nearest)
        return arena_format(arena, "there is no file below %s; did you mean %s?", wanted, nearest);
    return arena_format(arena, "there is no file below %s", wanted);
}
