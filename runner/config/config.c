/* config.c - the door of the room: bytes in, a checked configuration or all that is wrong with them out. */
#include "reader.h"
#include <stdarg.h>
#include <stdio.h>

static void root_read(struct reader *reader, const struct node *root)
{
    if (!table_read(reader, &keys_root, root, reader->config))
        return;
    const struct node *accounts = node_get(root, "accounts");
    const struct node *shards = node_get(root, "shards");
    if (!accounts || accounts->kind == NODE_MAPPING)
        accounts_read(reader, accounts);
    stacks_read(reader, node_get_kind(root, "stacks", NODE_LIST));
    suites_read(reader, node_get_kind(root, "suites", NODE_LIST));
    gate_read(reader, node_get(root, "gate"));
    graph_check(reader);
    if (shards && shards->kind == NODE_MAPPING)
        table_read(reader, &keys_shards, shards, reader->config);
}

struct config *config_parse(const char *path, const char *bytes, size_t length, config_lookup *lookup,
                            void *context, struct text *report, struct error *error)
{
    struct arena *arena = arena_new();
    struct config *config = arena_alloc(arena, sizeof *config);
    config->arena = arena;
    config->path = arena_string(arena, path);
    size_t kept = length > TREE_BYTES_LIMIT ? TREE_BYTES_LIMIT : length;
    config->source = arena_bytes(arena, bytes ? bytes : "", bytes ? kept : 0);
    config->source_length = bytes ? kept : 0;

    struct problems problems = {
        .arena = arena, .path = config->path, .source = config->source, .length = bytes ? length : 0};
    struct expansion expansion = {.lookup = lookup, .context = context};
    struct reader reader = {.config = config, .arena = arena, .problems = &problems, .patterns = map_new()};
    const struct node *root = tree_read(&problems, &expansion);
    if (root)
        root_read(&reader, root);
    for (size_t i = 0; i < map_count(reader.patterns); i++)
        pattern_free(map_value(reader.patterns, i));
    map_free(reader.patterns);

    if (problems.count > 0) {
        problems.length = config->source_length; /* what was kept of a file that is too long */
        problems_show(&problems, report, error);
        problems_clear(&problems);
        config_free(config);
        return NULL;
    }
    return config;
}

void config_free(struct config *config)
{
    if (config)
        arena_free(config->arena);
}

bool config_error(struct error *error, const struct config *config, struct config_mark mark,
                  const char *format, ...)
{
    char what[sizeof error->what];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    error_set(error, ERROR_CONFIG, "%s", what);
    error_where_mark(error, config->path, mark);
    return false;
}

void config_show(struct text *report, const struct config *config, const struct error *error)
{
    struct config_mark mark = {0, 0};
    const char *tail = error->where;
    for (const char *c = error->where; *c; c++) { /* the last two colons: a path may hold some */
        int line = 0, column = 0, used = 0;
        if (*c == ':' && sscanf(c, ":%d:%d%n", &line, &column, &used) == 2 && c[used] == '\0') {
            mark = (struct config_mark){line, column};
            tail = c;
        }
    }
    if (*tail != ':') {
        text_append_format(report, "%s: %s\n", error->where[0] ? error->where : config->path, error->what);
        if (error->hint[0])
            text_append_format(report, "  hint: %s\n", error->hint);
        return;
    }
    struct problem problem = {.mark = mark, .what = error->what, .hint = error->hint};
    problem_show(report, config->path, config->source, config->source_length, &problem);
}
