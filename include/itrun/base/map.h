/* map.h - string to pointer, insertion order kept. Keys are copied; values are borrowed. */
#ifndef ITRUN_BASE_MAP_H
#define ITRUN_BASE_MAP_H
#include <stdbool.h>
#include <stddef.h>
struct map;
struct map *map_new(void);
void map_free(struct map *map);                              /* NULL is fine; values are not freed */
void map_put(struct map *map, const char *key, void *value); /* replaces */
void *map_get(const struct map *map, const char *key);       /* NULL when absent */
bool map_has(const struct map *map, const char *key);
size_t map_count(const struct map *map);
const char *map_key(const struct map *map, size_t index); /* in order of first insertion */
void *map_value(const struct map *map, size_t index);
#endif
