/* map.c - entries in order of insertion, and beside them an open-addressed table of their indexes.
 *
 * Nothing is ever removed, so there are no tombstones; the table is at most half full, so probes are short.
 */
#include "itrun/base/map.h"
#include "itrun/base/error.h"
#include "itrun/base/memory.h"
#include <stdint.h>
#include <string.h>

struct entry {
    char *key;
    void *value;
    uint64_t hash;
};

struct map {
    struct entry *entries;
    size_t count;
    size_t capacity;
    size_t *slots;     /* index of an entry + 1; 0: free */
    size_t slot_count; /* a power of two */
};

static uint64_t hash_of(const char *key)
{
    uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a */
    for (; *key; key++)
        hash = (hash ^ (unsigned char)*key) * UINT64_C(1099511628211);
    return hash ^ hash >> 32; /* its low bits alone are the weak ones */
}

struct map *map_new(void)
{
    return memory_new(sizeof(struct map));
}

void map_free(struct map *map)
{
    if (!map)
        return;
    for (size_t i = 0; i < map->count; i++)
        memory_free(map->entries[i].key);
    memory_free(map->entries);
    memory_free(map->slots);
    memory_free(map);
}

/* The slot that holds the key, or the free one where it belongs. */
static size_t *slot_find(const struct map *map, const char *key, uint64_t hash)
{
    size_t mask = map->slot_count - 1;
    for (size_t i = (size_t)hash & mask;; i = (i + 1) & mask) {
        size_t *slot = &map->slots[i];
        if (*slot == 0)
            return slot;
        const struct entry *entry = &map->entries[*slot - 1];
        if (entry->hash == hash && strcmp(entry->key, key) == 0)
            return slot;
    }
}

static void slots_grow(struct map *map)
{
    map->slot_count = map->slot_count ? map->slot_count * 2 : 16;
    memory_free(map->slots);
    map->slots = memory_new(map->slot_count * sizeof *map->slots);
    for (size_t i = 0; i < map->count; i++)
        *slot_find(map, map->entries[i].key, map->entries[i].hash) = i + 1;
}

void map_put(struct map *map, const char *key, void *value)
{
    if (map->count * 2 >= map->slot_count)
        slots_grow(map);
    uint64_t hash = hash_of(key);
    size_t *slot = slot_find(map, key, hash);
    if (*slot) {
        map->entries[*slot - 1].value = value;
        return;
    }
    map->entries = memory_grow(map->entries, map->count, &map->capacity, sizeof *map->entries);
    map->entries[map->count] = (struct entry){memory_copy_string(key), value, hash};
    map->count++;
    *slot = map->count;
}

static const struct entry *entry_find(const struct map *map, const char *key)
{
    if (map->count == 0)
        return NULL;
    size_t slot = *slot_find(map, key, hash_of(key));
    return slot ? &map->entries[slot - 1] : NULL;
}

void *map_get(const struct map *map, const char *key)
{
    const struct entry *entry = entry_find(map, key);
    return entry ? entry->value : NULL;
}

bool map_has(const struct map *map, const char *key)
{
    return entry_find(map, key) != NULL;
}

size_t map_count(const struct map *map)
{
    return map->count;
}

const char *map_key(const struct map *map, size_t index)
{
    MUST(index < map->count);
    return map->entries[index].key;
}

void *map_value(const struct map *map, size_t index)
{
    MUST(index < map->count);
    return map->entries[index].value;
}
