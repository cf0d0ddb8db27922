/* arena.c - memory that is freed all at once: a list of blocks, the newest first and the only one in use. */
#include "itrun/base/memory.h"
#include "itrun/base/error.h"
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define BLOCK_SIZE_FIRST ((size_t)64 * 1024)
#define BLOCK_SIZE_MAX   ((size_t)4 * 1024 * 1024)
#define ALIGNMENT        _Alignof(max_align_t)

struct block {
    struct block *older;
    size_t size;
    size_t used;
    _Alignas(max_align_t) char bytes[];
};

struct arena {
    struct block *newest; /* NULL until the first allocation: an unused arena costs nothing */
    size_t next_size;
    size_t used;
};

struct arena *arena_new(void)
{
    struct arena *arena = memory_new(sizeof *arena);
    arena->next_size = BLOCK_SIZE_FIRST;
    return arena;
}

static void blocks_free(struct block *block)
{
    while (block) {
        struct block *older = block->older;
        memory_free(block);
        block = older;
    }
}

void arena_free(struct arena *arena)
{
    if (!arena)
        return;
    blocks_free(arena->newest);
    memory_free(arena);
}

void arena_reset(struct arena *arena)
{
    if (arena->newest) {
        blocks_free(arena->newest->older);
        arena->newest->older = NULL;
        arena->newest->used = 0;
    }
    arena->used = 0;
}

static struct block *block_new(size_t size)
{
    struct block *block = memory_resize(NULL, sizeof *block + size);
    block->older = NULL;
    block->size = size;
    block->used = 0;
    return block;
}

/* The block that has room for size bytes. A large piece gets a block of its own behind the newest one, whose
 * rest stays in use. */
static struct block *block_with_room(struct arena *arena, size_t size)
{
    struct block *newest = arena->newest;
    if (newest && newest->size - newest->used >= size)
        return newest;
    if (newest && size > arena->next_size / 4) {
        struct block *own = block_new(size);
        own->older = newest->older;
        newest->older = own;
        return own;
    }
    struct block *block = block_new(size > arena->next_size ? size : arena->next_size);
    block->older = newest;
    arena->newest = block;
    if (arena->next_size < BLOCK_SIZE_MAX)
        arena->next_size *= 2;
    return block;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    MUST(size <= SIZE_MAX / 2);
    size_t rounded = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (!rounded)
        rounded = ALIGNMENT; /* two empty pieces still have two addresses */
    struct block *block = block_with_room(arena, rounded);
    char *piece = block->bytes + block->used;
    block->used += rounded;
    arena->used += size;
    memset(piece, 0, rounded);
    return piece;
}

char *arena_string(struct arena *arena, const char *string)
{
    return string ? arena_bytes(arena, string, strlen(string)) : NULL;
}

char *arena_bytes(struct arena *arena, const char *bytes, size_t length)
{
    MUST(length < SIZE_MAX);
    char *copy = arena_alloc(arena, length + 1);
    if (length)
        memcpy(copy, bytes, length);
    return copy;
}

char *arena_format(struct arena *arena, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *string = arena_vformat(arena, format, arguments);
    va_end(arguments);
    return string;
}

char *arena_vformat(struct arena *arena, const char *format, va_list arguments)
{
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    MUST(length >= 0);
    char *string = arena_alloc(arena, (size_t)length + 1);
    vsnprintf(string, (size_t)length + 1, format, arguments);
    return string;
}

size_t arena_used(const struct arena *arena)
{
    return arena->used;
}
