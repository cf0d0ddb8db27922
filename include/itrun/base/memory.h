/* memory.h - allocation that cannot fail (it aborts through MUST), an arena, growing arrays.
 *
 * Owns: memory_* results belong to the caller (memory_free). Arena memory lives until arena_free and is
 * zeroed; strings from an arena are NUL-terminated. Not thread safe; one arena, one thread. */
#ifndef ITRUN_BASE_MEMORY_H
#define ITRUN_BASE_MEMORY_H
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

void *memory_new(size_t size); /* zeroed */
void *memory_resize(void *memory, size_t size);
void memory_free(void *memory); /* NULL is fine */
char *memory_copy_string(const char *string);
char *memory_copy_bytes(const char *bytes, size_t length); /* adds a NUL */

/* Makes room for one more element of `element_size` after `count`, doubling *capacity:
 *     list = memory_grow(list, count, &capacity, sizeof *list);
 * New elements are zeroed. */
void *memory_grow(void *list, size_t count, size_t *capacity, size_t element_size);

struct arena;
struct arena *arena_new(void);
void arena_free(struct arena *arena);                /* NULL is fine */
void arena_reset(struct arena *arena);               /* forgets everything, keeps one block for reuse */
void *arena_alloc(struct arena *arena, size_t size); /* zeroed, aligned for any type */
char *arena_string(struct arena *arena, const char *string);              /* NULL stays NULL */
char *arena_bytes(struct arena *arena, const char *bytes, size_t length); /* adds a NUL */
char *arena_format(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *arena_vformat(struct arena *arena, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));
size_t arena_used(const struct arena *arena); /* bytes handed out */
#endif
