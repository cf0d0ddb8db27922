/* json_limited.h - strings of unknown origin and length as JSON: printable, cut at a whole character. */
#ifndef ITRUN_REPORTERS_JSON_LIMITED_H
#define ITRUN_REPORTERS_JSON_LIMITED_H
#include "itrun/base/json.h"

/* A cut string ends with an ellipsis. NULL or "": nothing is written. */
void json_write_limited(struct json_writer *writer, const char *key, const char *value, size_t limit_bytes);
#endif
