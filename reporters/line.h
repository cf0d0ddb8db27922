/* line.h - strings of unknown origin, made fit for one line: of a terminal, a log, a summary. */
#ifndef ITRUN_REPORTERS_LINE_H
#define ITRUN_REPORTERS_LINE_H
#include "itrun/base/text.h"

/* One line: printable, line breaks and tabs become blanks, runs of blanks one, at most `limit` bytes, then
 * "…". What turns writing round (bidirectional overrides) is dropped, and commands that CI services find
 * inside a line
 * ("##[error]") or at its beginning ("::error::") are broken. NULL appends nothing. */
void line_append(struct text *text, const char *string, size_t limit);
/* What is to be pasted, a command or a path: printable, without line breaks and commands, else as it is. */
void line_append_exact(struct text *text, const char *string);
/* The first line of it that is not blank. */
void line_append_first(struct text *text, const char *string, size_t limit);
/* The last `count` lines of it, each after `prefix`, cut as above, ended by \n. */
void line_append_last(struct text *text, const char *string, size_t count, const char *prefix);
/* As much of `line` as fits in `columns` of a terminal; "…" where it is cut. Colour sequences (ESC [ ... m),
 * which only we write, take no room and are kept whole. Returns the columns that it takes. */
size_t line_append_clipped(struct text *text, const char *line, size_t columns);
#endif
