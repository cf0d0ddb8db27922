/* table.c - one mapping read by its table: types, limits, patterns, unknown and missing keys. */
#include "reader.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define NEAREST_LIMIT 64 /* longer names are no misspellings */

void reader_problem(struct reader *reader, struct config_mark mark, const char *hint, const char *format, ...)
{
    if (problems_are_full(reader->problems)) {
        problem_add(reader->problems, mark, "", "");
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    const char *what = arena_vformat(reader->arena, format, arguments);
    va_end(arguments);
    problem_add(reader->problems, mark, what, hint);
}

bool reader_matches(struct reader *reader, const char *pattern, const char *string)
{
    struct pattern *compiled = map_get(reader->patterns, pattern);
    if (!compiled) {
        compiled = pattern_new(pattern, NULL);
        MUST(compiled != NULL);
        map_put(reader->patterns, pattern, compiled);
    }
    return !strchr(string, '\n') && pattern_matches(compiled, string, strlen(string));
}

const char *node_shown(struct reader *reader, const struct node *node)
{
    return quoted(reader->arena, node->raw);
}

const char *hint_nearest(struct reader *reader, const char *wrong, const char *const *names,
                         const char *fallback)
{
    if (problems_are_full(reader->problems))
        return "";
    size_t count = 0;
    while (names[count])
        count++;
    const char *nearest = strlen(wrong) <= NEAREST_LIMIT ? nearest_name(wrong, names, count) : NULL;
    if (nearest)
        return arena_format(reader->arena, "did you mean \"%s\"?", nearest);
    if (fallback)
        return fallback;
    struct text list = {0};
    for (size_t i = 0; i < count && list.length < 160; i++)
        text_append_format(&list, "%s%s", i > 0 ? ", " : "there is: ", names[i]);
    const char *hint = arena_string(reader->arena, text_string(&list));
    text_clear(&list);
    return hint;
}

const char *scalar_read(struct reader *reader, const struct node *node, const char *label, bool may_be_empty,
                        const char *advice)
{
    if (node->is_broken)
        return NULL;
    if (node->kind != NODE_SCALAR || node_is_null(node)) {
        reader_problem(reader, node->mark,
                       may_be_empty && node->kind == NODE_SCALAR ? "write \"\" for an empty value" : advice,
                       "%s: expected a string, found %s", label, node_describe(reader->arena, node));
        return NULL;
    }
    if (!may_be_empty && node->text[0] == '\0') {
        reader_problem(reader, node->mark, advice, "%s is empty", label);
        return NULL;
    }
    return node->text;
}

static const char *expected_name(enum key_kind kind)
{
    switch (kind) {
    case KEY_STRING: return "a string";
    case KEY_DURATION: return "a duration";
    case KEY_INTEGER:
    case KEY_COUNT: return "a whole number";
    case KEY_INTEGER_OR_MAPPING: return "a whole number or a mapping";
    case KEY_BOOL: return "true or false";
    case KEY_STRINGS: return "a list of strings";
    case KEY_STRING_OR_LIST: return "a string or a list of strings";
    case KEY_MAPPING: return "a mapping";
    case KEY_LIST: return "a list";
    }
    return "something else";
}

static void wrong_type(struct reader *reader, const struct key *key, const struct node *node)
{
    reader_problem(reader, node->mark, key->advice, "%s: expected %s, found %s", key->name,
                   expected_name(key->kind), node_describe(reader->arena, node));
}

static void string_read(struct reader *reader, const struct key *key, const struct node *node,
                        const char **ret)
{
    const char *value = scalar_read(reader, node, key->name, false, key->advice);
    if (!value)
        return;
    if (key->pattern && !reader_matches(reader, key->pattern, value)) {
        reader_problem(reader, node->mark, key->advice, "%s is not a valid value for %s",
                       node_shown(reader, node), key->name);
        return;
    }
    bool is_known = !key->choices;
    for (size_t i = 0; !is_known && key->choices[i]; i++)
        is_known = strcmp(key->choices[i], value) == 0;
    if (!is_known) {
        reader_problem(reader, node->mark, hint_nearest(reader, value, key->choices, key->advice),
                       "unknown %s %s", key->name, node_shown(reader, node));
        return;
    }
    *ret = value;
}

/* DURATION, INTEGER, COUNT: the number and its limits. */
static bool number_read(struct reader *reader, const struct key *key, const struct node *node, int64_t *ret)
{
    bool is_duration = key->kind == KEY_DURATION;
    int64_t number = 0;
    bool is_number = node->kind == NODE_SCALAR;
    if (is_number && is_duration) {
        is_number = duration_parse(node->text, &number);
    } else if (is_number) {
        int used = 0;
        size_t length = strlen(node->text);
        is_number = (node->is_plain || node->text != node->raw) && length > 0 && length <= 18 &&
                    strspn(node->text, "-0123456789") == length &&
                    sscanf(node->text, "%" SCNd64 "%n", &number, &used) == 1 && (size_t)used == length;
    }
    if (!is_number) {
        wrong_type(reader, key, node);
        return false;
    }
    if (number >= key->least && (key->most == 0 || number <= key->most)) {
        *ret = number;
        return true;
    }
    if (key->least == key->most) {
        reader_problem(reader, node->mark, key->advice, "%s %s is not known", key->name,
                       node_shown(reader, node));
        return false;
    }
    struct text limit = {0};
    bool is_small = number < key->least;
    if (is_duration)
        text_append_duration(&limit, is_small ? key->least : key->most);
    else
        text_append_format(&limit, "%" PRId64, is_small ? key->least : key->most);
    reader_problem(reader, node->mark, key->advice, "%s: %s is too %s, the %s is %s", key->name,
                   node_shown(reader, node), is_small ? "small" : "large", is_small ? "least" : "most",
                   text_string(&limit));
    text_clear(&limit);
    return false;
}

static void bool_read(struct reader *reader, const struct key *key, const struct node *node, bool *ret)
{
    bool is_usable = node->kind == NODE_SCALAR && (node->is_plain || node->text != node->raw);
    if (is_usable && strcmp(node->text, "true") == 0)
        *ret = true;
    else if (is_usable && strcmp(node->text, "false") == 0)
        *ret = false;
    else
        wrong_type(reader, key, node);
}

static void strings_read(struct reader *reader, const struct key *key, const struct node *node,
                         const char *const **ret_list, size_t *ret_count)
{
    bool is_single = key->kind == KEY_STRING_OR_LIST && node->kind == NODE_SCALAR && !node_is_null(node);
    if (!is_single && node->kind != NODE_LIST) {
        wrong_type(reader, key, node);
        return;
    }
    const char **list = arena_alloc(reader->arena, (node->count + 1) * sizeof *list);
    size_t count = 0;
    struct map *seen = map_new();
    const struct node *entry = is_single ? node : node->first;
    for (; entry; entry = is_single ? NULL : entry->next) {
        const char *value = scalar_read(reader, entry, key->name, false, key->advice);
        if (!value)
            continue;
        if (key->pattern && !reader_matches(reader, key->pattern, value))
            reader_problem(reader, entry->mark, key->advice, "%s is not a valid entry of %s",
                           node_shown(reader, entry), key->name);
        if (map_has(seen, value))
            reader_problem(reader, entry->mark, "remove one of them", "%s stands twice in %s",
                           node_shown(reader, entry), key->name);
        map_put(seen, value, reader);
        list[count++] = value;
    }
    map_free(seen);
    *ret_list = list;
    *ret_count = count;
}

static void value_read(struct reader *reader, const struct key *key, const struct node *node, char *target)
{
    bool is_kept = target && key->offset != KEY_NOWHERE;
    void *field = is_kept ? target + key->offset : NULL;
    const char *string = NULL;
    const char *const *list = NULL;
    size_t count = 0;
    int64_t number = 0;
    bool flag = false;
    switch (key->kind) {
    case KEY_STRING:
        string_read(reader, key, node, &string);
        if (is_kept)
            memcpy(field, &string, sizeof string);
        break;
    case KEY_DURATION:
        if (number_read(reader, key, node, &number) && is_kept)
            *(int64_t *)field = number;
        break;
    case KEY_INTEGER_OR_MAPPING:
        if (node->kind == NODE_MAPPING)
            break;
        if (number_read(reader, key, node, &number) && is_kept)
            *(int *)field = (int)number;
        break;
    case KEY_INTEGER:
        if (number_read(reader, key, node, &number) && is_kept)
            *(int *)field = (int)number;
        break;
    case KEY_COUNT:
        if (number_read(reader, key, node, &number) && is_kept)
            *(size_t *)field = (size_t)number;
        break;
    case KEY_BOOL:
        bool_read(reader, key, node, &flag);
        if (is_kept)
            *(bool *)field = flag;
        break;
    case KEY_STRINGS:
    case KEY_STRING_OR_LIST:
        strings_read(reader, key, node, &list, &count);
        if (is_kept) {
            memcpy(field, &list, sizeof list);
            memcpy(target + key->count_offset, &count, sizeof count);
        }
        break;
    case KEY_MAPPING:
        if (node->kind != NODE_MAPPING)
            wrong_type(reader, key, node);
        break;
    case KEY_LIST:
        if (node->kind != NODE_LIST)
            wrong_type(reader, key, node);
        break;
    }
}

static size_t key_index(const struct key_table *table, const char *name)
{
    size_t i = 0;
    while (i < table->count && strcmp(table->keys[i].name, name) != 0)
        i++;
    return i;
}

bool table_knows_all(const struct key_table *table, const struct node *mapping)
{
    for (const struct node *child = mapping->first; child; child = child->next) {
        if (key_index(table, child->key) == table->count)
            return false;
    }
    return true;
}

/* Says so, and takes the key that was probably meant for given: it is not missing as well. */
static void key_unknown(struct reader *reader, const struct key_table *table, const struct node *child,
                        bool *is_seen)
{
    const char *names[32] = {NULL};
    MUST(table->count < sizeof names / sizeof *names);
    for (size_t i = 0; i < table->count; i++)
        names[i] = table->keys[i].name;
    bool is_short = strlen(child->key) <= NEAREST_LIMIT;
    const char *meant = is_short ? nearest_name(child->key, names, table->count) : NULL;
    if (meant)
        is_seen[key_index(table, meant)] = true;
    reader_problem(reader, child->key_mark, hint_nearest(reader, child->key, names, NULL),
                   "unknown key %s in %s", quoted(reader->arena, child->key), table->owner);
}

bool table_read(struct reader *reader, const struct key_table *table, const struct node *node, void *target)
{
    if (node->is_broken)
        return false;
    if (node->kind != NODE_MAPPING) {
        const char *hint = arena_format(reader->arena, "write `%s: ...`", table->keys[0].name);
        reader_problem(reader, node->mark, hint, "%s must be a mapping, found %s", table->owner,
                       node_describe(reader->arena, node));
        return false;
    }
    bool is_seen[32] = {false};
    for (const struct node *child = node->first; child; child = child->next) {
        size_t i = key_index(table, child->key);
        if (i == table->count) {
            key_unknown(reader, table, child, is_seen);
            continue;
        }
        is_seen[i] = true;
        if (!child->is_broken)
            value_read(reader, &table->keys[i], child, target);
    }
    for (size_t i = 0; i < table->count; i++) {
        if (table->keys[i].is_required && !is_seen[i])
            reader_problem(reader, node->mark, table->keys[i].advice, "%s has no `%s`", table->owner,
                           table->keys[i].name);
    }
    return true;
}

const struct node *node_get_kind(const struct node *mapping, const char *key, enum node_kind kind)
{
    const struct node *node = node_get(mapping, key);
    return node && !node->is_broken && node->kind == kind ? node : NULL;
}
