/* chunk.h - bytes that never change and that several hold at once: a large report is kept once, not once for
 * its maker, once for its file and once for each copy.
 *
 * Owns: who makes or keeps a chunk drops it; the last one frees it. Threads: made, kept and dropped on one
 * thread; while somebody keeps it there, any thread may read its bytes. */
#ifndef ITRUN_BASE_CHUNK_H
#define ITRUN_BASE_CHUNK_H
#include <stddef.h>

struct chunk {
    size_t owners, length;
    char bytes[]; /* and a NUL */
};
struct chunk *chunk_new(const char *bytes, size_t length); /* copies */
struct chunk *chunk_keep(struct chunk *chunk);             /* the same chunk, with one owner more */
void chunk_drop(struct chunk *chunk);                      /* NULL is fine */
#endif
