/* markup.h - strings of unknown origin, made fit for a page: cleaned, escaped, and named by a stable anchor.
 *
 * Cleaned: printable, and without the characters that turn writing round (U+202A to 202E, U+2066 to 2069) or
 * break lines unseen (U+2028, U+2029). The data of the script and the plain HTML hold the same cleaned
 * strings. */
#ifndef ITRUN_REPORTERS_HTML_MARKUP_H
#define ITRUN_REPORTERS_HTML_MARKUP_H
#include "itrun/base/text.h"

#define ANCHOR_SIZE 17

/* Several lines are kept. Beyond `limit` bytes the middle is left out, and said so. NULL appends nothing. */
void markup_append_clean(struct text *text, const char *string, size_t limit);
/* The same as one line of at most `limit` bytes: a name, a path, a reason. NULL appends nothing. */
void markup_append_line(struct text *text, const char *string, size_t limit);
/* Escapes & < > " '; for text between tags and for quoted attributes alike. NULL appends nothing. */
void markup_append(struct text *text, const char *string);
/* A relative link to a file of the run's folder: each odd byte as %XX. */
void markup_append_path(struct text *text, const char *path);
/* The name of a test case in links ("#t=" and 16 digits): it depends on suite, class and name alone. The
 * page's script computes the same (identity.js). Two passes of FNV-1a. */
void markup_anchor(const char *suite, const char *classname, const char *name, char ret[ANCHOR_SIZE]);
#endif
