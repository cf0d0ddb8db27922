/* variables.h - environment variables: a set in order, later values replace earlier ones. Strings are
 * borrowed. */
#ifndef ITRUN_HOST_VARIABLES_H
#define ITRUN_HOST_VARIABLES_H
#include "itrun/base/text.h"
#include <stdint.h>

struct variable {
    const char *name; /* not ended by a NUL where it comes from "NAME=value" */
    size_t name_length;
    const char *value;
    uint32_t hash;
};
struct variables {
    struct variable *list;
    size_t count, capacity;
    uint32_t *slots; /* index in list + 1, by hash; at least twice as many as variables */
    size_t slot_count;
};
void variables_set(struct variables *variables, const char *name, size_t name_length, const char *value);
void variables_put(struct variables *variables, const char *name, const char *value);
const char *variables_get(const struct variables *variables, const char *name); /* NULL when absent */
void variables_copy(struct variables *to, const struct variables *from);    /* to's memory is used again */
void variables_write(const struct variables *variables, struct text *text); /* NAME=value NUL, each */
void variables_clear(struct variables *variables);
#endif
