/* reader.h - what the readers of the parts of a configuration share. */
#ifndef ITRUN_CONFIG_READER_H
#define ITRUN_CONFIG_READER_H
#include "itrun/base/map.h"
#include "itrun/base/pattern.h"
#include "keys.h"
#include "tree.h"

struct reader {
    struct config *config;
    struct arena *arena; /* of the config */
    struct problems *problems;
    struct map *patterns;            /* regex -> compiled; owner: config_parse */
    const struct node **stack_nodes; /* beside config->stacks and config->suites, for marks */
    const struct node **suite_nodes;
};
/* Formats both texts; an empty hint is none. */
void reader_problem(struct reader *reader, struct config_mark mark, const char *hint, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
bool reader_matches(struct reader *reader, const char *pattern, const char *string);
/* "did you mean \"x\"?", or fallback, or a list of what there is. names ends with NULL. */
const char *hint_nearest(struct reader *reader, const char *wrong, const char *const *names,
                         const char *fallback);
const char *node_shown(struct reader *reader, const struct node *node); /* quoted, as written */

/* Checks a mapping against its table and fills target (NULL: only checks). False: it is no mapping. */
bool table_read(struct reader *reader, const struct key_table *table, const struct node *node, void *target);
/* False: a key is misspelled, which may explain what seems to be missing. */
bool table_knows_all(const struct key_table *table, const struct node *mapping);
/* One scalar that is neither nothing nor empty (with may_be_empty: "" in quotes is fine); NULL after a
 * problem. */
const char *scalar_read(struct reader *reader, const struct node *node, const char *label, bool may_be_empty,
                        const char *advice);
/* The children of `key` of a mapping when that has the wanted kind, else NULL (said already). */
const struct node *node_get_kind(const struct node *mapping, const char *key, enum node_kind kind);

/* A glob of `files` or `inputs`: relative, downwards, well formed. */
void glob_check(struct reader *reader, const struct node *node);

void accounts_read(struct reader *reader, const struct node *node);
void stacks_read(struct reader *reader, const struct node *list);
void suites_read(struct reader *reader, const struct node *list);
void gate_read(struct reader *reader, const struct node *node); /* after the suites */
void graph_check(struct reader *reader); /* names of stacks: unknown, self, cycles; adds what outputs imply */
#endif
