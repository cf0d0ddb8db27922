#include "output/tail.h"
#include <string.h>

void tail_feed(struct tail *tail, const char *bytes, size_t length)
{
    if (length > TAIL_LIMIT_BYTES) {
        bytes += length - TAIL_LIMIT_BYTES;
        length = TAIL_LIMIT_BYTES;
        text_reset(&tail->last);
        tail->is_shortened = true;
    }
    if (tail->last.length + length > 2 * TAIL_LIMIT_BYTES) {
        size_t drop = tail->last.length - TAIL_LIMIT_BYTES;
        memmove(tail->last.bytes, tail->last.bytes + drop, TAIL_LIMIT_BYTES);
        text_truncate(&tail->last, TAIL_LIMIT_BYTES);
        tail->is_shortened = true;
    }
    text_append_bytes(&tail->last, bytes, length);
}

void tail_show(const struct tail *tail, struct text *text)
{
    const char *bytes = text_string(&tail->last);
    size_t end = tail->last.length;
    size_t start = end > TAIL_LIMIT_BYTES ? end - TAIL_LIMIT_BYTES : 0;
    if (start > 0 || tail->is_shortened) {
        const char *newline = memchr(bytes + start, '\n', end - start);
        if (newline != NULL && (size_t)(newline - bytes) + 1 < end) {
            start = (size_t)(newline - bytes) + 1;
        }
    }
    size_t lines = 0;
    for (size_t at = end; at > start; at--) {
        /* The newline that ends the last line begins no further one. */
        if (bytes[at - 1] == '\n' && at != end && ++lines == TAIL_LIMIT_LINES) {
            start = at;
        }
    }
    text_append_printable(text, bytes + start, end - start);
}

void tail_clear(struct tail *tail)
{
    text_clear(&tail->last);
}
