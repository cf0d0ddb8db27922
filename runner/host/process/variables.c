#include "process/variables.h"
#include "itrun/base/memory.h"
#include <string.h>

#define FIRST_SLOT_COUNT 256

static uint32_t hash_name(const char *name, size_t length)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (size_t i = 0; i < length; i++) {
        hash = (hash ^ (unsigned char)name[i]) * 16777619u;
    }
    return hash;
}

/* The slot of the name, or the free one where it belongs. */
static uint32_t *find_slot(const struct variables *variables, const char *name, size_t length, uint32_t hash)
{
    size_t mask = variables->slot_count - 1;
    for (size_t at = hash & mask;; at = (at + 1) & mask) {
        uint32_t index = variables->slots[at];
        if (index == 0) {
            return &variables->slots[at];
        }
        const struct variable *variable = &variables->list[index - 1];
        if (variable->hash == hash && variable->name_length == length &&
            memcmp(variable->name, name, length) == 0) {
            return &variables->slots[at];
        }
    }
}

static void grow_slots(struct variables *variables)
{
    memory_free(variables->slots);
    variables->slot_count = variables->slot_count == 0 ? FIRST_SLOT_COUNT : variables->slot_count * 2;
    variables->slots = memory_new(variables->slot_count * sizeof *variables->slots);
    for (size_t i = 0; i < variables->count; i++) {
        const struct variable *variable = &variables->list[i];
        *find_slot(variables, variable->name, variable->name_length, variable->hash) = (uint32_t)i + 1;
    }
}

void variables_set(struct variables *variables, const char *name, size_t name_length, const char *value)
{
    if (2 * (variables->count + 1) > variables->slot_count) {
        grow_slots(variables);
    }
    uint32_t hash = hash_name(name, name_length);
    uint32_t *slot = find_slot(variables, name, name_length, hash);
    if (*slot != 0) {
        variables->list[*slot - 1].value = value;
        return;
    }
    variables->list =
        memory_grow(variables->list, variables->count, &variables->capacity, sizeof *variables->list);
    variables->list[variables->count++] = (struct variable){name, name_length, value, hash};
    *slot = (uint32_t)variables->count;
}

void variables_put(struct variables *variables, const char *name, const char *value)
{
    variables_set(variables, name, strlen(name), value);
}

const char *variables_get(const struct variables *variables, const char *name)
{
    if (variables->slot_count == 0) {
        return NULL;
    }
    size_t length = strlen(name);
    uint32_t index = *find_slot(variables, name, length, hash_name(name, length));
    return index == 0 ? NULL : variables->list[index - 1].value;
}

void variables_copy(struct variables *to, const struct variables *from)
{
    if (to->capacity < from->count) {
        to->capacity = from->capacity;
        to->list = memory_resize(to->list, to->capacity * sizeof *to->list);
    }
    if (to->slot_count != from->slot_count) {
        to->slot_count = from->slot_count;
        to->slots = memory_resize(to->slots, to->slot_count * sizeof *to->slots);
    }
    to->count = from->count;
    if (from->count > 0) {
        memcpy(to->list, from->list, from->count * sizeof *to->list);
    }
    if (from->slot_count > 0) {
        memcpy(to->slots, from->slots, from->slot_count * sizeof *to->slots);
    }
}

void variables_write(const struct variables *variables, struct text *text)
{
    for (size_t i = 0; i < variables->count; i++) {
        const struct variable *variable = &variables->list[i];
        text_append_bytes(text, variable->name, variable->name_length);
        text_append_char(text, '=');
        text_append_bytes(text, variable->value, strlen(variable->value) + 1);
    }
}

void variables_clear(struct variables *variables)
{
    memory_free(variables->list);
    memory_free(variables->slots);
    *variables = (struct variables){0};
}
