/* tree.c - YAML events into a tree. libfyaml's own documents are not used: they expand aliases without bound,
 * compare keys in quadratic time and return only the first document. Events are linear. */
#include "tree.h"
#include "bytes.h"
#include "itrun/base/map.h"
#include <libfyaml.h>
#include <stdio.h>
#include <string.h>

#define DEPTH_LIMIT 16 /* the deepest valid file has 6 levels */
#define QUOTE_LIMIT 60 /* bytes of a value that a message shows */

struct level {
    struct node *node;
    struct map *keys;   /* MAPPING: key -> its first child */
    struct node *value; /* MAPPING: the key that waits for its value; NULL: a key comes next */
};
struct builder {
    struct problems *problems;
    const struct expansion *expansion;
    struct level levels[DEPTH_LIMIT];
    size_t depth;
    struct node *root;
    struct config_mark last; /* for nodes without a position of their own */
    size_t document_count;
    bool has_ended; /* a problem was found that ends the reading */
};

static void builder_stop(struct builder *builder, struct config_mark mark, const char *what, const char *hint)
{
    problem_add(builder->problems, mark, what, hint);
    builder->has_ended = true;
}

static struct config_mark mark_of(const struct builder *builder, const struct fy_mark *mark, int shift)
{
    if (!mark || mark->line < 0)
        return builder->last;
    int column = mark->column + 1 - shift;
    return (struct config_mark){.line = mark->line + 1, .column = column > 0 ? column : 1};
}

/* Enters a node below the innermost open one; that may make it the key of the next. */
static void builder_attach(struct builder *builder, struct node *node)
{
    if (builder->depth == 0) {
        builder->root = node;
        return;
    }
    struct level *level = &builder->levels[builder->depth - 1];
    if (level->node->kind == NODE_MAPPING) {
        node->key = level->value->key;
        node->key_mark = level->value->key_mark;
        bool is_usable = !level->value->is_broken;
        level->value = NULL;
        if (!is_usable)
            return;
        struct node *before = map_get(level->keys, node->key);
        if (before) {
            const char *what =
                arena_format(builder->problems->arena, "the key %s stands twice in one mapping",
                             quoted(builder->problems->arena, node->key));
            const char *hint = arena_format(builder->problems->arena, "remove one; the first is in line %d",
                                            before->key_mark.line);
            problem_add(builder->problems, node->key_mark, what, hint);
            return;
        }
        map_put(level->keys, node->key, node);
    }
    if (level->node->last)
        level->node->last->next = node;
    else
        level->node->first = node;
    level->node->last = node;
    level->node->count++;
}

static bool builder_wants_key(const struct builder *builder)
{
    if (builder->depth == 0)
        return false;
    const struct level *level = &builder->levels[builder->depth - 1];
    return level->node->kind == NODE_MAPPING && !level->value;
}

static void builder_take_key(struct builder *builder, const char *key, struct config_mark mark,
                             bool is_broken)
{
    struct node *holder = arena_alloc(builder->problems->arena, sizeof *holder);
    holder->key = key;
    holder->key_mark = mark;
    holder->is_broken = is_broken;
    builder->levels[builder->depth - 1].value = holder;
}

static void builder_open(struct builder *builder, enum node_kind kind, struct config_mark mark,
                         bool is_broken)
{
    if (builder->depth == DEPTH_LIMIT) {
        builder_stop(builder, mark, "nested too deeply", "no valid configuration has more than 6 levels");
        return;
    }
    struct node *node = arena_alloc(builder->problems->arena, sizeof *node);
    node->kind = kind;
    node->mark = mark;
    node->is_broken = is_broken;
    if (builder_wants_key(builder)) {
        builder_stop(builder, mark, "a key must be one word, not a list or a mapping",
                     "quote it, or write it as KEY: VALUE; a { needs its }");
        return;
    }
    builder_attach(builder, node);
    builder->levels[builder->depth++] =
        (struct level){.node = node, .keys = kind == NODE_MAPPING ? map_new() : NULL};
}

static void builder_close(struct builder *builder)
{
    MUST(builder->depth > 0);
    map_free(builder->levels[--builder->depth].keys);
}

/* YAML's own marks on a value: mostly a glob that somebody forgot to quote. */
static bool decoration_report(struct builder *builder, struct fy_token *anchor, struct fy_token *tag)
{
    if (tag) {
        problem_add(builder->problems, mark_of(builder, fy_token_start_mark(tag), 0),
                    "a value that begins with ! must be quoted",
                    "write it as \"!...\"; YAML tags are not used here");
        return true;
    }
    if (anchor) {
        problem_add(builder->problems, mark_of(builder, fy_token_start_mark(anchor), 1),
                    "anchors (&name) are not supported",
                    "quote a value that begins with &; repeat what two places need");
        return true;
    }
    return false;
}

static void builder_alias(struct builder *builder, struct fy_token *alias)
{
    struct config_mark mark = mark_of(builder, fy_token_start_mark(alias), 1);
    problem_add(builder->problems, mark, "a value that begins with * must be quoted",
                "write it as \"*...\"; YAML aliases are not supported");
    if (builder_wants_key(builder)) {
        builder_take_key(builder, "*", mark, true);
        return;
    }
    struct node *node = arena_alloc(builder->problems->arena, sizeof *node);
    node->mark = mark;
    node->is_broken = true;
    node->raw = node->text = "*";
    builder_attach(builder, node);
}

static void builder_scalar(struct builder *builder, const struct fy_event_scalar_data *scalar)
{
    struct problems *problems = builder->problems;
    enum fy_scalar_style style = scalar->value ? fy_token_scalar_style(scalar->value) : FYSS_PLAIN;
    bool is_quoted = style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED;
    const struct fy_mark *start = scalar->value ? fy_token_start_mark(scalar->value) : NULL;
    const struct fy_mark *end = scalar->value ? fy_token_end_mark(scalar->value) : NULL;
    size_t length = 0;
    const char *bytes = scalar->value ? fy_token_get_text(scalar->value, &length) : NULL;

    struct node *node = arena_alloc(problems->arena, sizeof *node);
    node->kind = NODE_SCALAR;
    node->mark = mark_of(builder, start, is_quoted ? 1 : 0);
    node->is_plain = style == FYSS_PLAIN || style == FYSS_ANY;
    node->raw = arena_bytes(problems->arena, bytes ? bytes : "", bytes ? length : 0);
    node->text = node->raw;
    node->is_broken = decoration_report(builder, scalar->anchor, scalar->tag);
    builder->last = node->mark;
    if (bytes && memchr(bytes, '\0', length)) {
        problem_add(problems, node->mark, "a text cannot hold a NUL character", "remove the \\0");
        node->is_broken = true;
    }
    if (builder_wants_key(builder)) {
        builder_take_key(builder, node->raw, node->mark, node->is_broken);
        return;
    }
    if (!node->is_broken && start && end && end->input_pos <= problems->length &&
        start->input_pos <= end->input_pos)
        scalar_expand(problems, builder->expansion, node, problems->source + start->input_pos,
                      end->input_pos - start->input_pos, mark_of(builder, start, 0));
    builder_attach(builder, node);
}

static void builder_event(struct builder *builder, struct fy_event *event)
{
    struct config_mark mark = mark_of(builder, fy_event_start_mark(event), 0);
    switch (event->type) {
    case FYET_DOCUMENT_START:
        if (++builder->document_count > 1)
            builder_stop(builder, mark, "a second document begins here",
                         "itrun.yaml is one document: remove the --- and what follows");
        break;
    case FYET_MAPPING_START:
        builder_open(builder, NODE_MAPPING, mark,
                     decoration_report(builder, event->mapping_start.anchor, event->mapping_start.tag));
        break;
    case FYET_SEQUENCE_START:
        builder_open(builder, NODE_LIST, mark,
                     decoration_report(builder, event->sequence_start.anchor, event->sequence_start.tag));
        break;
    case FYET_MAPPING_END:
    case FYET_SEQUENCE_END: builder_close(builder); break;
    case FYET_SCALAR: builder_scalar(builder, &event->scalar); break;
    case FYET_ALIAS: builder_alias(builder, event->alias.anchor); break;
    case FYET_NONE:
    case FYET_STREAM_START:
    case FYET_STREAM_END:
    case FYET_DOCUMENT_END: break;
    }
}

static void output_drop(struct fy_diag *diag, void *user, const char *bytes, size_t length)
{
    (void)diag, (void)user, (void)bytes, (void)length;
}

/* The first syntax error, as libfyaml words it. */
static void syntax_report(struct builder *builder, struct fy_diag *diag)
{
    void *iterator = NULL;
    struct fy_diag_error *found = fy_diag_errors_iterate(diag, &iterator);
    while (found && found->type != FYET_ERROR)
        found = fy_diag_errors_iterate(diag, &iterator);
    struct config_mark mark = builder->last;
    if (found && found->line > 0)
        mark = (struct config_mark){.line = found->line, .column = found->column > 0 ? found->column : 1};
    if (found && found->msg && strstr(found->msg, "without a closing") && builder->depth > 0)
        mark =
            builder->levels[builder->depth - 1].node->mark; /* where it opens says more than the file's end */
    const char *what = arena_format(builder->problems->arena, "this is not valid YAML: %s",
                                    found && found->msg ? found->msg : "it cannot be read");
    builder_stop(
        builder, mark, what,
        "look for indentation (spaces only), unclosed quotes and brackets, and a : or # inside a value");
}

static void events_read(struct builder *builder)
{
    struct fy_diag_cfg diag_config;
    fy_diag_cfg_default(&diag_config);
    diag_config.fp = NULL;
    diag_config.output_fn = output_drop; /* else libfyaml writes to stderr by itself */
    struct fy_diag *diag = fy_diag_create(&diag_config);
    MUST(diag != NULL);
    fy_diag_set_collect_errors(diag, true);
    struct fy_parse_cfg config = {.search_path = "",
                                  .flags = FYPCF_QUIET | FYPCF_DEFAULT_VERSION_1_2 | FYPCF_JSON_NONE};
    config.diag = diag;
    struct fy_parser *parser = fy_parser_create(&config);
    MUST(parser != NULL);
    if (fy_parser_set_string(parser, builder->problems->source, builder->problems->length) == 0) {
        struct fy_event *event;
        while (!builder->has_ended && (event = fy_parser_parse(parser)) != NULL) {
            builder_event(builder, event);
            fy_parser_event_free(parser, event);
        }
    }
    if (!builder->has_ended && (fy_parser_get_stream_error(parser) || fy_diag_got_error(diag)))
        syntax_report(builder, diag);
    while (builder->depth > 0)
        builder_close(builder);
    fy_parser_destroy(parser);
    fy_diag_destroy(diag);
}

struct node *tree_read(struct problems *problems, const struct expansion *expansion)
{
    if (!bytes_are_readable(problems))
        return NULL;
    struct builder builder = {.problems = problems, .expansion = expansion, .last = {1, 1}};
    events_read(&builder);
    if (builder.has_ended)
        return NULL;
    if (!builder.root || node_is_null(builder.root)) {
        problem_add(problems, (struct config_mark){1, 1}, "the file is empty",
                    "begin with `version: 1`, or let `itrun init` write a first one");
        return NULL;
    }
    return builder.root;
}

const struct node *node_get(const struct node *mapping, const char *key)
{
    if (!mapping || mapping->kind != NODE_MAPPING)
        return NULL;
    for (const struct node *child = mapping->first; child; child = child->next) {
        if (string_equal(child->key, key))
            return child;
    }
    return NULL;
}

bool node_is_null(const struct node *node)
{
    if (node->kind != NODE_SCALAR || !node->is_plain)
        return false;
    const char *raw = node->raw;
    return string_equal(raw, "") || string_equal(raw, "~") || string_equal(raw, "null") ||
           string_equal(raw, "Null") || string_equal(raw, "NULL");
}

const char *quoted(struct arena *arena, const char *string)
{
    size_t length = strlen(string);
    size_t shown = length;
    if (length > QUOTE_LIMIT) {
        shown = QUOTE_LIMIT;
        while (shown > 0 && ((unsigned char)string[shown] & 0xC0) == 0x80)
            shown--;
    }
    struct text line = {0};
    text_append_printable(&line, string, shown);
    for (size_t i = 0; i < line.length; i++) {
        if (line.bytes[i] == '\n' || line.bytes[i] == '\t')
            line.bytes[i] = ' ';
    }
    const char *result = arena_format(arena, "\"%s%s\"", text_string(&line), shown < length ? "..." : "");
    text_clear(&line);
    return result;
}

const char *node_describe(struct arena *arena, const struct node *node)
{
    switch (node->kind) {
    case NODE_MAPPING: return "a mapping";
    case NODE_LIST: return "a list";
    case NODE_SCALAR: break;
    }
    return node_is_null(node) ? "nothing" : quoted(arena, node->raw);
}
