/* problem.h - what is wrong with a configuration: collected in any order, shown in order of position.
 *
 * One problem is one line `FILE:LINE:COL: what`, the source line, a caret, a hint. */
#ifndef ITRUN_CONFIG_PROBLEM_H
#define ITRUN_CONFIG_PROBLEM_H
#include "itrun/config.h"

struct problem {
    struct config_mark mark;
    size_t sequence; /* order of discovery, for equal marks */
    const char *what, *hint;
};
struct problems {
    struct arena *arena; /* borrowed: holds the texts */
    const char *path;
    const char *source;
    size_t length;
    struct problem *list;
    size_t count, capacity;
    size_t left_off; /* beyond the limit */
};
/* Both texts are formatted by the caller; what is cut to one line of printable characters. */
void problem_add(struct problems *problems, struct config_mark mark, const char *what, const char *hint);
bool problems_are_full(const struct problems *problems); /* more would only be counted */
/* Sorts, appends all to report (may be NULL), puts the first into *error. Nothing happens without problems.
 */
void problems_show(struct problems *problems, struct text *report, struct error *error);
void problems_clear(struct problems *problems);
/* One problem in its four lines. */
void problem_show(struct text *report, const char *path, const char *source, size_t length,
                  const struct problem *problem);
/* `path:line:column` into error->where; of a long path the end is kept. */
void error_where_mark(struct error *error, const char *path, struct config_mark mark);
#endif
