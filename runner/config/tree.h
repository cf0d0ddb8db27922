/* tree.h - the bytes of a YAML file as a plain tree with positions (libfyaml's events; nothing else sees it).
 *
 * Refused here: files over 1 MiB, invalid UTF-8, control characters, more than one document, deep nesting
 * (each ends the reading with one problem); duplicate keys, tags, anchors, aliases, keys that are not words
 * (reading goes on, the value is broken). `${env:...}` is expanded here, so that every string has it. */
#ifndef ITRUN_CONFIG_TREE_H
#define ITRUN_CONFIG_TREE_H
#include "problem.h"

#define TREE_BYTES_LIMIT ((size_t)1024 * 1024)

enum node_kind { NODE_SCALAR, NODE_LIST, NODE_MAPPING };
struct node {
    enum node_kind kind;
    bool is_plain;  /* SCALAR: not quoted, so that true, 1 and ~ mean what they say */
    bool is_broken; /* a problem was reported already: say no more about it */
    struct config_mark mark;
    const char *key; /* of a value in a mapping; else NULL */
    struct config_mark key_mark;
    const char *raw;  /* SCALAR: as written: what messages may show (the expansion may be a secret) */
    const char *text; /* SCALAR: expanded */
    struct node *first, *last, *next; /* children of LIST and MAPPING; siblings */
    size_t count;
};
struct expansion { /* where ${env:NAME} finds its values */
    config_lookup *lookup;
    void *context;
};
/* The root, in problems->arena; NULL after a problem that ends the reading. */
struct node *tree_read(struct problems *problems, const struct expansion *expansion);
const struct node *node_get(const struct node *mapping, const char *key); /* NULL when absent */
bool node_is_null(const struct node *node);                               /* nothing, ~ or null, unquoted */
/* "a mapping", "nothing", "\"abc\"": for messages. In arena. */
const char *node_describe(struct arena *arena, const struct node *node);
/* A text between double quotes, in one short line. In arena. */
const char *quoted(struct arena *arena, const char *string);

/* expand.c: fills node->text from node->raw; span is the scalar's own piece of the source, for columns. */
void scalar_expand(struct problems *problems, const struct expansion *expansion, struct node *node,
                   const char *span, size_t span_length, struct config_mark span_mark);
#endif
