/* tail.h - the last lines of a stream, kept in a few kilobytes. */
#ifndef ITRUN_HOST_TAIL_H
#define ITRUN_HOST_TAIL_H
#include "itrun/base/text.h"

#define TAIL_LIMIT_BYTES 4096
#define TAIL_LIMIT_LINES 30

struct tail {
    struct text last;  /* at most twice the limit, so that it is seldom moved */
    bool is_shortened; /* something was dropped before it */
};
void tail_feed(struct tail *tail, const char *bytes, size_t length);
/* Appends the last lines, printable; whole lines where there is more than one. */
void tail_show(const struct tail *tail, struct text *text);
void tail_clear(struct tail *tail);
#endif
