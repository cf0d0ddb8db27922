/* memory.c - the heap, without a way to fail: out of memory ends the program through MUST. */
#include "itrun/base/memory.h"
#include "itrun/base/error.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void *memory_new(size_t size)
{
    void *memory = calloc(1, size ? size : 1);
    MUST(memory);
    return memory;
}

void *memory_resize(void *memory, size_t size)
{
    void *moved = realloc(memory, size ? size : 1);
    MUST(moved);
    return moved;
}

void memory_free(void *memory)
{
    free(memory);
}

char *memory_copy_string(const char *string)
{
    return memory_copy_bytes(string, strlen(string));
}

char *memory_copy_bytes(const char *bytes, size_t length)
{
    MUST(length < SIZE_MAX);
    char *copy = memory_resize(NULL, length + 1);
    if (length)
        memcpy(copy, bytes, length);
    copy[length] = '\0';
    return copy;
}

void *memory_grow(void *list, size_t count, size_t *capacity, size_t element_size)
{
    MUST(count <= *capacity && element_size);
    if (count < *capacity)
        return list;
    size_t wanted = *capacity ? *capacity * 2 : 8;
    MUST(wanted > *capacity && wanted <= SIZE_MAX / element_size);
    char *grown = memory_resize(list, wanted * element_size);
    memset(grown + *capacity * element_size, 0, (wanted - *capacity) * element_size);
    *capacity = wanted;
    return grown;
}
