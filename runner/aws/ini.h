/* ini.h - the shared credentials and config files: sections of `name = value`. Pure.
 *
 * Comments begin a line with # or ;, or follow a value after a blank. Indented lines belong to a nested
 * setting and are skipped. A section that comes twice is merged, the later value wins. Names are lower-cased.
 * Source: "Format of the shared config file", AWS SDKs and Tools reference. */
#ifndef ITRUN_AWS_INI_H
#define ITRUN_AWS_INI_H
#include "itrun/base/error.h"
#include <stddef.h>

struct ini;
struct ini *ini_parse(const char *bytes, size_t length, const char *path,
                      struct error *error); /* NULL: file:line */
void ini_free(struct ini *ini);             /* NULL is fine */
bool ini_has(const struct ini *ini, const char *section);
const char *ini_get(const struct ini *ini, const char *section, const char *name); /* NULL when absent */
size_t ini_section_count(const struct ini *ini);
const char *ini_section(const struct ini *ini, size_t index);
#endif
