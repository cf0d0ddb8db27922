/* chunk.h - bytes that never change and that several hold at once: a large report is kept once, not once for
 * its maker, once for its file and once for each copy. A packed one takes about a tenth of its bytes.
 *
 * Owns: who makes or keeps a chunk drops it; the last one frees it. Threads: made, kept and dropped on one
 * thread; while somebody keeps it there, any thread may read it. */
#ifndef ITRUN_BASE_CHUNK_H
#define ITRUN_BASE_CHUNK_H
#include <stdbool.h>
#include <stddef.h>

struct chunk;
struct chunk *chunk_new(const char *bytes, size_t length);        /* copies */
struct chunk *chunk_new_packed(const char *bytes, size_t length); /* where that saves something */
struct chunk *chunk_keep(struct chunk *chunk);                    /* the same chunk, with one owner more */
void chunk_drop(struct chunk *chunk);                             /* NULL is fine */
size_t chunk_length(const struct chunk *chunk);
bool chunk_equal(const struct chunk *a, const struct chunk *b); /* made in the same way of the same bytes */
/* Gives the bytes to take, piece by piece, until it answers false. */
bool chunk_read(const struct chunk *chunk, bool (*take)(void *context, const char *bytes, size_t length),
                void *context);
#endif
