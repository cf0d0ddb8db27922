/* read.c - the lines of a journal, one event after the other.
 *
 * A line counts once its newline is there, for the journal writes both at once: what stands after the last
 * newline was torn by a crash. A crash may also leave a last line of zeros; anywhere else that is damage. */
#include "itrun/events.h"
#include <string.h>

bool events_read(const char *bytes, size_t length, event_visit *visit, void *context, bool *ret_torn,
                 struct error *error)
{
    struct arena *arena = arena_new();
    bool is_torn = false;
    bool is_ok = true;
    size_t number = 1;
    for (size_t start = 0; start < length && is_ok && !is_torn; number++) {
        const char *newline = memchr(bytes + start, '\n', length - start);
        if (newline == NULL) {
            is_torn = true;
            break;
        }
        size_t end = (size_t)(newline - bytes);
        struct event event;
        struct error problem;
        error_clear(&problem);
        arena_reset(arena);
        if (end == start || event_decode(bytes + start, end - start, arena, &event, &problem)) {
            if (end > start && !visit(context, &event, error)) {
                error_prefix(error, "journal line %zu", number);
                is_ok = false;
            }
        } else if (problem.kind != ERROR_GONE && end + 1 >= length) {
            is_torn = true;
        } else if (problem.kind != ERROR_GONE) {
            is_ok = error_set(error, problem.kind, "journal line %zu: %s", number, problem.what);
        }
        start = end + 1;
    }
    arena_free(arena);
    if (is_ok && ret_torn != NULL) {
        *ret_torn = is_torn;
    }
    return is_ok;
}
