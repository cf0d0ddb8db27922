/* gzip.h - a gzip stream into a text, piece by piece (zlib), and base64.
 *
 * The same bytes in give the same bytes out on one version of zlib: no file name, no time in the header.
 * Source: RFC 1952, RFC 4648. */
#ifndef ITRUN_BASE_GZIP_H
#define ITRUN_BASE_GZIP_H
#include "itrun/base/text.h"

struct gzip;
struct gzip *gzip_new(struct text *out); /* out is borrowed until gzip_finish */
void gzip_add(struct gzip *gzip, const char *bytes, size_t length);
void gzip_finish(struct gzip *gzip); /* writes what is left, and frees */

void text_append_base64(struct text *text, const void *bytes, size_t length); /* padded, one line */
#endif
