/* template.h - the two canonical forms behind template_digest; for this room and its tests. */
#ifndef ITRUN_STACKS_TEMPLATE_H
#define ITRUN_STACKS_TEMPLATE_H
#include "itrun/base/text.h"
#include <stdbool.h>

/* Keys sorted, blanks between tokens dropped; strings and numbers keep their spelling, so that no two values
 * that differ become one (a parser would make doubles of numbers). False: not JSON. */
bool template_canonical_json(const char *body, struct text *ret_text);
/* Comments and trailing blanks dropped where that is certain not to change a value. False: not certain. */
bool template_canonical_yaml(const char *body, struct text *ret_text);
#endif
