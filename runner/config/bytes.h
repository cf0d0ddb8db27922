/* bytes.h - whether the bytes of a file can be text at all. */
#ifndef ITRUN_CONFIG_BYTES_H
#define ITRUN_CONFIG_BYTES_H
#include "problem.h"

/* False after one problem: too long, not UTF-8, or with control characters. libfyaml lets the latter two
 * pass. */
bool bytes_are_readable(struct problems *problems);
#endif
