/* run_folder.c - which run a command means: a folder, an id, the newest, or what an archive or a downloaded
 * artifact holds. */
#include "commands.h"
#include "itrun/base/map.h"
#include "itrun/base/memory.h"
#include "itrun/host/archive.h"
#include "journal_read.h"
#include "manifest.h"
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define DEPTH_MOST   12
#define FOLDERS_MOST 20000
#define CHOICES_MOST 4

static bool has_file(const char *folder, const char *name)
{
    struct text path = {0};
    text_append_format(&path, "%s/%s", folder, name);
    struct stat status;
    bool is_there = stat(text_string(&path), &status) == 0;
    text_clear(&path);
    return is_there;
}

static bool has_journal(const char *folder)
{
    return has_file(folder, "events.ndjson");
}

static bool is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static const char *id_of(const char *run_folder)
{
    const char *slash = strrchr(run_folder, '/');
    return slash != NULL ? slash + 1 : run_folder;
}

/* --- a folder or an archive that holds runs ---------------------------------------------------------- */

struct search {
    struct arena *arena;
    const char **found; /* sorted as names are: by time, for ids are */
    size_t count, capacity, folders_seen;
};

/* Symlinks are not followed: `latest` would find its run a second time. */
static void search_below(struct search *search, const char *path, int depth)
{
    if (has_journal(path)) {
        search->found = memory_grow(search->found, search->count, &search->capacity, sizeof *search->found);
        search->found[search->count++] = path;
        return;
    }
    struct dirent **entries = NULL;
    int count = depth < DEPTH_MOST && ++search->folders_seen < FOLDERS_MOST
                    ? scandir(path, &entries, NULL, alphasort)
                    : 0;
    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name;
        struct stat status;
        const char *inner = arena_format(search->arena, "%s/%s", path, name);
        if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && lstat(inner, &status) == 0 &&
            S_ISDIR(status.st_mode)) {
            search_below(search, inner, depth + 1);
        }
        free(entries[i]);
    }
    free(entries);
}

static bool refuse_choice(const struct search *search, const char *word, struct error *error)
{
    struct text names = {0};
    size_t first = search->count > CHOICES_MOST ? search->count - CHOICES_MOST : 0;
    for (size_t i = first; i < search->count; i++) {
        text_append_format(&names, "%s%s", i > first ? ", " : "", id_of(search->found[i]));
    }
    error_set(error, ERROR_USAGE, "%s holds %zu runs%s: %s", word, search->count,
              first > 0 ? ", the newest" : "", text_string(&names));
    text_clear(&names);
    return error_hint(error, "say which, by its id: %s %s", word, id_of(search->found[search->count - 1]));
}

static bool choose(const struct search *search, const char *word, const char *id, struct text *ret_path,
                   struct error *error)
{
    const char *chosen = search->count == 1 && id == NULL ? search->found[0] : NULL;
    for (size_t i = 0; id != NULL && i < search->count; i++) {
        if (string_starts_with(id_of(search->found[i]), id)) {
            if (chosen != NULL) {
                return refuse_choice(search, word, error);
            }
            chosen = search->found[i];
        }
    }
    if (chosen != NULL) {
        text_append(ret_path, chosen);
        return true;
    }
    if (id != NULL && search->count > 0) {
        refuse_choice(search, word, error);
        return error_prefix(error, "no run %s in there", id);
    }
    return search->count > 0 && refuse_choice(search, word, error);
}

static bool find_below(const char *folder, const char *word, const char *id, struct text *ret_path,
                       size_t *ret_count, struct error *error)
{
    struct search search = {.arena = arena_new()};
    search_below(&search, folder, 0);
    *ret_count = search.count;
    bool is_chosen = choose(&search, word, id, ret_path, error);
    memory_free(search.found);
    arena_free(search.arena);
    return is_chosen;
}

static bool find_in_folder(const char *word, const char *id, struct text *ret_path, struct error *error)
{
    size_t count = 0;
    if (find_below(word, word, id, ret_path, &count, error)) {
        return true;
    }
    if (count == 0) {
        error_set(error, ERROR_USAGE, "no run is in the folder %s: nothing in it is called events.ndjson",
                  word);
        error_hint(error, "give a run's own folder, as .itrun/runs/RUN-ID or a whole copy of it");
    }
    return false;
}

static bool find_in_archive(const char *word, const char *id, struct run_folder *folder, struct error *error)
{
    static const char *const records[] = {"events.ndjson", "manifest.json", NULL};
    struct text seen = {0};
    size_t count = 0;
    bool is_found = private_folder_make(&folder->unpacked, getenv("TMPDIR"), error) &&
                    archive_unpack(word, text_string(&folder->unpacked.path), records,
                                   &archive_limits_default, &seen, error) &&
                    find_below(text_string(&folder->unpacked.path), word, id, &folder->path, &count, error);
    if (!is_found && error->kind == ERROR_NONE) {
        error_set(error, ERROR_USAGE, "no run is in the archive %s; it holds %.300s", word,
                  seen.length > 0 ? text_string(&seen) : "nothing");
        error_hint(error, "upload or pack a run's whole folder: tar czf run.tar.gz -C .itrun/runs RUN-ID");
    }
    text_clear(&seen);
    return is_found;
}

/* --- this checkout's own ----------------------------------------------------------------------------- */

static bool find_own(const struct options *options, const char *word, struct text *ret_path,
                     struct error *error)
{
    if (!output_folder(options, ret_path, error)) {
        return false;
    }
    text_append_format(ret_path, word != NULL ? "/runs/%s" : "/latest", word);
    if (has_journal(text_string(ret_path))) {
        return true;
    }
    if (word != NULL) {
        error_set(error, ERROR_USAGE, "there is no run %s (no events.ndjson in it, nor in %s)", word,
                  text_string(ret_path));
        return error_hint(error, "give a run's folder, its id or an archive of it");
    }
    error_set(error, ERROR_USAGE, "there is no earlier run here (%s)", text_string(ret_path));
    return error_hint(error, "give the folder of a run, or run itrun first");
}

/* --- do manifest and journal tell of the same run? --------------------------------------------------- */

struct checking {
    const struct manifest *manifest;
    struct map *names;
    size_t planned_count;
    bool is_same, is_over;
};

/* The journal's opening is enough; false ends the reading. */
static bool check_event(void *context, const struct event *event, struct error *error)
{
    (void)error;
    struct checking *checking = context;
    const struct manifest *manifest = checking->manifest;
    if (event->type == EVENT_RUN_STARTED) {
        checking->is_same =
            string_equal(event->run, manifest->run) && string_equal(event->start.commit, manifest->commit);
    } else if (event->type == EVENT_SUITE_PLANNED) {
        checking->planned_count++;
        checking->is_same = checking->is_same && map_has(checking->names, event->suite_name);
    } else if (event->type == EVENT_PLAN_ANNOUNCED) {
        checking->is_same = checking->is_same && checking->planned_count == manifest->suite_count;
        checking->is_over = true;
    }
    return checking->is_same && !checking->is_over;
}

static bool check_pair(const char *folder, struct error *error)
{
    if (!has_file(folder, "manifest.json")) {
        return true; /* the journal alone makes every report; rerun asks for the manifest itself */
    }
    struct arena *arena = arena_new();
    struct manifest manifest = {0};
    struct checking checking = {.manifest = &manifest, .names = map_new(), .is_same = true};
    bool is_fine = manifest_read(folder, arena, &manifest, error);
    for (size_t i = 0; i < manifest.suite_count; i++) {
        map_put(checking.names, manifest.suites[i], &manifest);
    }
    struct error ended = {0};
    if (is_fine && !journal_read(folder, check_event, &checking, &ended) && !checking.is_over) {
        is_fine = false;
        if (checking.is_same) {
            *error = ended;
        } else {
            error_set(error, ERROR_INVALID,
                      "%s: its manifest.json and its events.ndjson are of different runs", id_of(folder));
            error_hint(error, "copy the run's folder again, whole");
        }
    }
    map_free(checking.names);
    arena_free(arena);
    return is_fine;
}

bool run_folder_open(const struct options *options, struct run_folder *ret_folder, struct error *error)
{
    *ret_folder = (struct run_folder){.unpacked = {.lock = -1}};
    const char *word = options->word_count > 0 ? options->words[0] : NULL;
    const char *id = options->word_count > 1 ? options->words[1] : NULL;
    struct stat status;
    bool is_found = false;
    ret_folder->is_foreign = true;
    if (word != NULL && has_journal(word)) {
        text_append(&ret_folder->path, word);
        is_found = true;
    } else if (word != NULL && is_folder(word)) {
        is_found = find_in_folder(word, id, &ret_folder->path, error);
    } else if (word != NULL && stat(word, &status) == 0) {
        is_found = find_in_archive(word, id, ret_folder, error);
    } else {
        ret_folder->is_foreign = false;
        is_found = find_own(options, word, &ret_folder->path, error);
    }
    return is_found && check_pair(text_string(&ret_folder->path), error);
}

void run_folder_close(struct run_folder *folder)
{
    text_clear(&folder->path);
    private_folder_remove(&folder->unpacked);
}
