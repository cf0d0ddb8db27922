/* chunk.c - shared bytes, counted. */
#include "itrun/base/chunk.h"
#include "itrun/base/memory.h"
#include <string.h>

struct chunk *chunk_new(const char *bytes, size_t length)
{
    struct chunk *chunk = memory_new(sizeof *chunk + length + 1);
    chunk->owners = 1;
    chunk->length = length;
    if (length > 0) {
        memcpy(chunk->bytes, bytes, length);
    }
    return chunk;
}

struct chunk *chunk_keep(struct chunk *chunk)
{
    chunk->owners++;
    return chunk;
}

void chunk_drop(struct chunk *chunk)
{
    if (chunk != NULL && --chunk->owners == 0) {
        memory_free(chunk);
    }
}
