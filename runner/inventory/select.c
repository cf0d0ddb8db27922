/* select.c - which suites are meant by names, a filter and a tag. */
#include "assembly.h"
#include "itrun/base/map.h"
#include "itrun/base/pattern.h"
#include <string.h>

static size_t choose_exact(const struct inventory *inventory, const char *name, bool *is_chosen)
{
    size_t count = 0;
    for (size_t i = 0; i < inventory->suite_count; i++) {
        const struct suite *suite = &inventory->suites[i];
        if (!string_equal(suite->name, name) && !string_equal(suite->group, name) &&
            !string_equal(suite->source, name))
            continue;
        is_chosen[i] = true;
        count++;
    }
    return count;
}

/* "orders/test_x.py" is the end of "api/tests/orders/test_x.py". */
static bool is_path_end(const char *path, const char *name)
{
    size_t length = strlen(path);
    size_t name_length = strlen(name);
    return name_length > 0 && length > name_length && path[length - name_length - 1] == '/' &&
           string_ends_with(path, name);
}

static size_t choose_by_end(const struct inventory *inventory, const char *name, size_t found[2])
{
    size_t count = 0;
    for (size_t i = 0; i < inventory->suite_count; i++) {
        if (!is_path_end(inventory->suites[i].name, name))
            continue;
        if (count < 2)
            found[count] = i;
        count++;
    }
    return count;
}

static bool unknown_name(const struct inventory *inventory, const char *name, struct error *error)
{
    const char **names = memory_new((2 * inventory->suite_count + 1) * sizeof *names);
    size_t count = 0;
    for (size_t i = 0; i < inventory->suite_count; i++) {
        const struct suite *suite = &inventory->suites[i];
        bool is_new_group = i == 0 || strcmp(suite->group, inventory->suites[i - 1].group) != 0;
        if (is_new_group)
            names[count++] = suite->group;
        names[count++] = suite->name;
    }
    const char *nearest = nearest_name(name, names, count);
    error_set(error, ERROR_USAGE, "there is no suite %s", name);
    if (nearest)
        error_hint(error, "did you mean %s?", nearest);
    else
        error_hint(error, "see `itrun list suites`");
    memory_free(names);
    return false;
}

static bool choose_name(const struct inventory *inventory, const char *name, bool *is_chosen,
                        struct error *error)
{
    while (string_starts_with(name, "./"))
        name += 2;
    if (choose_exact(inventory, name, is_chosen) > 0)
        return true;
    size_t found[2];
    size_t count = choose_by_end(inventory, name, found);
    if (count == 1) {
        is_chosen[found[0]] = true;
        return true;
    }
    if (count == 0)
        return unknown_name(inventory, name, error);
    error_set(error, ERROR_USAGE, "%s could be any of %zu suites", name, count);
    return error_hint(error, "say which, for instance %s or %s", inventory->suites[found[0]].name,
                      inventory->suites[found[1]].name);
}

static bool has_tag(const struct suite *suite, const char *tag)
{
    for (size_t i = 0; i < suite->tag_count; i++) {
        if (strcmp(suite->tags[i], tag) == 0)
            return true;
    }
    return false;
}

static bool filter_new(const char *regex, struct pattern **ret_filter, struct error *error)
{
    struct error reason = {0};
    *ret_filter = regex ? pattern_new(regex, &reason) : NULL;
    if (!regex || *ret_filter)
        return true;
    error_set(error, ERROR_USAGE, "--filter %s: %s", regex, reason.what);
    return error_hint(error, "%s", reason.hint);
}

bool inventory_select(const struct inventory *inventory, const struct selection *selection,
                      struct arena *arena, size_t **ret_indices, size_t *ret_count, struct error *error)
{
    struct pattern *filter;
    if (!filter_new(selection->filter, &filter, error))
        return false;
    bool *is_chosen = memory_new(inventory->suite_count + 1);
    bool is_done = true;
    for (size_t i = 0; is_done && i < selection->name_count; i++)
        is_done = choose_name(inventory, selection->names[i], is_chosen, error);
    size_t *indices = arena_alloc(arena, (inventory->suite_count + 1) * sizeof *indices);
    size_t count = 0;
    for (size_t i = 0; is_done && i < inventory->suite_count; i++) {
        const struct suite *suite = &inventory->suites[i];
        if ((selection->name_count > 0 && !is_chosen[i]) ||
            (selection->tag && !has_tag(suite, selection->tag)) ||
            (filter && !pattern_matches(filter, suite->name, strlen(suite->name))))
            continue;
        indices[count++] = i;
    }
    memory_free(is_chosen);
    pattern_free(filter);
    if (is_done) {
        *ret_indices = indices;
        *ret_count = count;
    }
    return is_done;
}
