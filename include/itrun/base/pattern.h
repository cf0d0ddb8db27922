/* pattern.h - regular expressions (PCRE2, UTF, match limits set) and file globs.
 *
 * Globs: `**` any depth (also none), `*` and `?` within a path segment, `[a-z]`, `{a,b}`; a glob never
 * matches a leading dot of a segment unless it says so. Paths use '/', relative, no "./". */
#ifndef ITRUN_BASE_PATTERN_H
#define ITRUN_BASE_PATTERN_H
#include "itrun/base/error.h"
#include <stddef.h>

struct pattern;
struct pattern *pattern_new(const char *regex, struct error *error); /* NULL: error says where in the regex */
void pattern_free(struct pattern *pattern);
bool pattern_matches(const struct pattern *pattern, const char *bytes, size_t length); /* anywhere in bytes */

bool glob_is_valid(const char *glob, struct error *error);
bool glob_matches(const char *glob, const char *path);
#endif
