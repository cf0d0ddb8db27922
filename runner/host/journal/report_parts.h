/* report_parts.h - one content of a report and the numbered files that it becomes, for report_file.c alone.
 */
#ifndef ITRUN_HOST_REPORT_PARTS_H
#define ITRUN_HOST_REPORT_PARTS_H
#include "itrun/events.h"

struct content;
/* mark: NULL where the report never has parts. Keeps the chunks. */
struct content *content_new(const struct out_part *parts, size_t count, const char *mark);
void content_free(struct content *content); /* NULL is fine */
bool content_has_parts(const struct content *content);
/* Blocking. `before` stands in the files now; NULL: unknown. */
bool content_write(const struct content *content, const struct content *before, const char *path,
                   struct error *error);
/* "junit.xml", 2 -> "junit-2.xml" */
void part_path(const char *path, size_t number, struct text *ret_path);
#endif
