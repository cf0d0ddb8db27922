/* chunk.c - shared bytes, counted; packed by zlib at its fastest, for reports repeat themselves. */
#include "itrun/base/chunk.h"
#include "itrun/base/error.h"
#include "itrun/base/memory.h"
#include <limits.h>
#include <string.h>
#include <zlib.h>

#define PIECE_BYTES ((size_t)16 * 1024)
#define FASTEST     1
#define SMALL_BYTES ((size_t)2048) /* to set zlib up costs more than so little room is worth */

struct chunk {
    size_t owners;
    size_t length; /* of what it stands for */
    size_t stored; /* of `bytes` */
    bool is_packed;
    char bytes[];
};

static struct chunk *store(const char *bytes, size_t stored, size_t length, bool is_packed)
{
    struct chunk *chunk = memory_new(sizeof *chunk + stored);
    chunk->owners = 1;
    chunk->length = length;
    chunk->stored = stored;
    chunk->is_packed = is_packed;
    if (bytes != NULL) {
        memcpy(chunk->bytes, bytes, stored);
    }
    return chunk;
}

struct chunk *chunk_new(const char *bytes, size_t length)
{
    return store(bytes, length, length, false);
}

struct chunk *chunk_new_packed(const char *bytes, size_t length)
{
    if (length < SMALL_BYTES) {
        return chunk_new(bytes, length);
    }
    uLongf packed_length = compressBound(length);
    char *packed = memory_new(packed_length);
    int result =
        compress2((Bytef *)packed, &packed_length, (const Bytef *)(bytes ? bytes : ""), length, FASTEST);
    MUST(result == Z_OK);
    bool is_worth_it = packed_length < length;
    struct chunk *chunk = is_worth_it ? store(packed, packed_length, length, true) : chunk_new(bytes, length);
    memory_free(packed);
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

size_t chunk_length(const struct chunk *chunk)
{
    return chunk->length;
}

bool chunk_equal(const struct chunk *a, const struct chunk *b)
{
    bool is_alike = a->length == b->length && a->stored == b->stored && a->is_packed == b->is_packed;
    return a == b || (is_alike && memcmp(a->bytes, b->bytes, a->stored) == 0);
}

static bool unpack(z_stream *stream, const struct chunk *chunk,
                   bool (*take)(void *context, const char *bytes, size_t length), void *context)
{
    char piece[PIECE_BYTES];
    size_t left = chunk->stored;
    const char *next = chunk->bytes;
    int result = Z_OK;
    while (result == Z_OK) {
        if (stream->avail_in == 0) { /* zlib counts in int */
            stream->next_in = (Bytef *)next;
            stream->avail_in = left < INT_MAX ? (uInt)left : INT_MAX;
            next += stream->avail_in;
            left -= stream->avail_in;
        }
        stream->next_out = (Bytef *)piece;
        stream->avail_out = sizeof piece;
        result = inflate(stream, Z_NO_FLUSH);
        MUST(result == Z_OK || result == Z_STREAM_END);
        if (!take(context, piece, sizeof piece - stream->avail_out)) {
            return false;
        }
    }
    return true;
}

bool chunk_read(const struct chunk *chunk, bool (*take)(void *context, const char *bytes, size_t length),
                void *context)
{
    if (!chunk->is_packed) {
        return take(context, chunk->bytes, chunk->length);
    }
    z_stream stream = {0};
    MUST(inflateInit(&stream) == Z_OK);
    bool is_taken = unpack(&stream, chunk, take, context);
    inflateEnd(&stream);
    return is_taken;
}
