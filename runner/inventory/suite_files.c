/* suite_files.c - declared suites become suites: one of each file, or one of the command. */
#include "assembly.h"
#include "itrun/base/map.h"
#include "itrun/frameworks.h"
#include <stdlib.h>
#include <string.h>

/* State of the pass over all declared suites. */
struct making {
    struct assembly *assembly;
    size_t capacity;
    struct map *names;   /* suite name -> struct origin */
    struct map *reports; /* place of a report -> struct origin */
};

struct origin { /* of a suite, in scratch */
    const char *suite;
    int line; /* of its declaration */
};

/* --- needs --------------------------------------------------------------------------------------------- */

static void mark_needed(const struct inventory *inventory, size_t stack, bool *is_needed)
{
    if (is_needed[stack])
        return;
    is_needed[stack] = true;
    for (size_t d = 0; d < inventory->stacks[stack].depend_count; d++)
        mark_needed(inventory, inventory->stacks[stack].depends[d], is_needed);
}

/* Level by level is a deploy order: what a stack depends on is on a lower level. */
static bool fill_needs(struct assembly *assembly, const struct config_suite *from, struct suite *suite,
                       struct error *error)
{
    const struct inventory *inventory = assembly->inventory;
    bool *is_needed = arena_alloc(assembly->scratch, (inventory->stack_count + 1) * sizeof *is_needed);
    for (size_t i = 0; i < from->need_count; i++) {
        size_t found;
        if (!find_stack(assembly, from->needs[i], from->mark, from->name, &found, error))
            return false;
        mark_needed(inventory, found, is_needed);
    }
    size_t count = 0;
    size_t top = 0;
    for (size_t i = 0; i < inventory->stack_count; i++) {
        count += is_needed[i];
        top = is_needed[i] && inventory->stacks[i].level > top ? inventory->stacks[i].level : top;
    }
    size_t *needs = arena_alloc(assembly->arena, (count + 1) * sizeof *needs);
    size_t filled = 0;
    for (size_t level = 0; level <= top; level++) {
        for (size_t i = 0; i < inventory->stack_count; i++) {
            if (is_needed[i] && inventory->stacks[i].level == level)
                needs[filled++] = i;
        }
    }
    suite->needs = needs;
    suite->need_count = count;
    return true;
}

/* --- one suite ----------------------------------------------------------------------------------------- */

static const char *const *copy_strings(const char *const *strings, size_t count, struct arena *arena)
{
    const char **copy = arena_alloc(arena, (count + 1) * sizeof *copy);
    for (size_t i = 0; i < count; i++)
        copy[i] = arena_string(arena, strings[i]);
    return copy;
}

/* What all suites of one declaration share. */
static bool make_common(struct assembly *assembly, const struct config_suite *from, struct suite *ret,
                        struct error *error)
{
    struct arena *arena = assembly->arena;
    struct pair *env = arena_alloc(arena, (from->env_count + 1) * sizeof *env);
    for (size_t i = 0; i < from->env_count; i++)
        env[i] =
            (struct pair){arena_string(arena, from->env[i].name), arena_string(arena, from->env[i].value)};
    *ret = (struct suite){.group = arena_string(arena, from->name),
                          .framework = arena_string(arena, from->framework ? from->framework : "command"),
                          .command = arena_string(arena, from->command),
                          .cwd = directory_absolute(assembly->gathered->root, from->cwd, arena),
                          .env = env,
                          .env_count = from->env_count,
                          .report = arena_string(arena, from->report),
                          .timeout_ms = from->timeout_ms,
                          .retries = from->retries,
                          .tags = copy_strings(from->tags, from->tag_count, arena),
                          .tag_count = from->tag_count};
    return fill_needs(assembly, from, ret, error);
}

static bool check_report(struct making *making, const struct config_suite *from, const struct suite *suite,
                         struct origin *origin, struct error *error)
{
    if (!suite->report)
        return true;
    struct assembly *assembly = making->assembly;
    const char *place = suite->report[0] == '/'
                            ? suite->report
                            : arena_format(assembly->scratch, "%s/%s", suite->cwd, suite->report);
    const char *below = directory_below("", place, assembly->scratch); /* one spelling of one path */
    place = below ? below : place;
    const struct origin *other = map_get(making->reports, place);
    if (other) {
        config_error(error, assembly->config, from->mark, "the suites %s and %s would write one report, %s",
                     other->suite, suite->name, suite->report);
        return error_hint(error, "take `report` out: each attempt is given its own place in ITRUN_REPORT");
    }
    map_put(making->reports, place, origin);
    return true;
}

static bool add_suite(struct making *making, const struct config_suite *from, const struct suite *suite,
                      struct error *error)
{
    struct assembly *assembly = making->assembly;
    struct inventory *inventory = assembly->inventory;
    const struct origin *other = map_get(making->names, suite->name);
    if (other) {
        config_error(error, assembly->config, from->mark,
                     "the suite %s stands twice: it is also declared at line %d", suite->name, other->line);
        return error_hint(error, "give one of the groups another name");
    }
    struct origin *origin = arena_alloc(assembly->scratch, sizeof *origin);
    *origin = (struct origin){suite->name, from->mark.line};
    map_put(making->names, suite->name, origin);
    if (!check_report(making, from, suite, origin, error))
        return false;
    inventory->suites =
        memory_grow(inventory->suites, inventory->suite_count, &making->capacity, sizeof *inventory->suites);
    inventory->suites[inventory->suite_count++] = *suite;
    return true;
}

/* --- declared suites ----------------------------------------------------------------------------------- */

static bool empty_glob(struct assembly *assembly, const struct config_suite *from, const char *directory,
                       const char *glob, const struct framework *framework, struct error *error)
{
    const struct gathered *gathered = assembly->gathered;
    config_error(error, assembly->config, from->mark, "suite %s: no file matches %s", from->name, glob);
    const char *hint =
        missing_directory_hint(gathered->files, gathered->file_count, directory, glob, assembly->scratch);
    if (hint)
        return error_hint(error, "%s", hint);
    return error_hint(error, "globs are relative to cwd (%s) and look like %s",
                      directory[0] ? directory : ".", framework->default_glob_hint);
}

static bool match_suite_files(struct assembly *assembly, const struct config_suite *from,
                              const char *directory, const struct framework *framework,
                              struct file_match *ret_match, struct error *error)
{
    const struct gathered *gathered = assembly->gathered;
    files_match(gathered->files, gathered->file_count, directory, from->files, from->file_count,
                assembly->scratch, ret_match);
    if (ret_match->empty_glob != NO_INDEX)
        return empty_glob(assembly, from, directory, from->files[ret_match->empty_glob], framework, error);
    if (ret_match->count == 0) {
        config_error(error, assembly->config, from->mark, "suite %s: the globs of `files` leave no file",
                     from->name);
        return error_hint(error, "a glob with ! takes out what the globs before it found");
    }
    return true;
}

/* "services/cart/total_test.go" -> "services/cart"; a file in cwd itself, whose path is `skip` long, gives
 * ".". */
static const char *directory_of_file(const char *path, size_t skip, struct arena *arena)
{
    const char *slash = strrchr(path + skip, '/');
    if (!slash)
        return arena_format(arena, "%.*s.", (int)skip, path);
    return arena_bytes(arena, path, (size_t)(slash - path));
}

static bool make_from_files(struct making *making, const struct config_suite *from,
                            const struct framework *framework, struct error *error)
{
    struct assembly *assembly = making->assembly;
    const char *directory = directory_below(assembly->gathered->root, from->cwd, assembly->scratch);
    if (!directory) {
        config_error(error, assembly->config, from->mark, "suite %s: its cwd %s is outside of the repository",
                     from->name, from->cwd);
        return error_hint(error, "files are looked for below the configuration's directory only");
    }
    struct file_match match;
    struct suite suite;
    if (!match_suite_files(assembly, from, directory, framework, &match, error) ||
        !make_common(assembly, from, &suite, error))
        return false;
    size_t skip = directory[0] ? strlen(directory) + 1 : 0;
    struct map *directories = map_new();
    bool is_done = true;
    for (size_t i = 0; is_done && i < match.count; i++) {
        const char *path = assembly->gathered->files[match.files[i]].path;
        if (framework->is_per_directory) {
            path = directory_of_file(path, skip, assembly->scratch);
            if (map_has(directories, path))
                continue;
            map_put(directories, path, making);
        }
        suite.source = arena_string(assembly->arena, path);
        suite.file = suite.source + skip;
        suite.name = arena_format(assembly->arena, "%s/%s", suite.group, suite.file);
        is_done = add_suite(making, from, &suite, error);
    }
    map_free(directories);
    return is_done;
}

static bool make_declared(struct making *making, const struct config_suite *from, struct error *error)
{
    struct assembly *assembly = making->assembly;
    const struct framework *framework = framework_find(from->framework ? from->framework : "command");
    if (!framework) {
        config_error(error, assembly->config, from->mark, "suite %s: there is no framework %s", from->name,
                     from->framework);
        size_t count;
        const char *const *names = framework_names(&count);
        const char *nearest = nearest_name(from->framework, names, count);
        return nearest ? error_hint(error, "did you mean %s?", nearest) : false;
    }
    if (from->file_count > 0)
        return make_from_files(making, from, framework, error);
    if (framework->needs_file || (!from->command && !framework->has_report)) {
        config_error(error, assembly->config, from->mark, "suite %s has neither files nor a command",
                     from->name);
        return error_hint(error, "add `files: %s` or `command:`", framework->default_glob_hint);
    }
    struct suite suite;
    if (!make_common(assembly, from, &suite, error))
        return false;
    suite.name = suite.group;
    return add_suite(making, from, &suite, error);
}

bool assemble_suites(struct assembly *assembly, struct error *error)
{
    struct making making = {.assembly = assembly, .names = map_new(), .reports = map_new()};
    bool is_done = true;
    for (size_t i = 0; is_done && i < assembly->config->suite_count; i++)
        is_done = make_declared(&making, &assembly->config->suites[i], error);
    map_free(making.names);
    map_free(making.reports);
    return is_done;
}
