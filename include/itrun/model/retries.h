/* retries.h - how often a suite is tried again, by what its attempts came to; and how often a whole run is.
 *
 * Plain data and arithmetic. Which outcome is of which class stands in the one table (outcome.h). */
#ifndef ITRUN_MODEL_RETRIES_H
#define ITRUN_MODEL_RETRIES_H
#include "itrun/base/error.h"
#include "itrun/model/outcome.h"

struct retries {
    int of[RETRY_CLASS_COUNT]; /* at most so many of each class */
    int total;                 /* and of all together */
};
struct retries retries_same(int count); /* `retries: 2`: two in all, whatever the attempts came to */
/* made: those of this suite so far, by class. */
bool retries_allow(const struct retries *retries, const int made[RETRY_CLASS_COUNT], enum outcome outcome);
/* "20", or "5%" of the suites (rounded up) -> how many retries a run may make. Kind USAGE when it is neither;
 * name is what the error calls it. */
bool retry_budget_parse(const char *word, const char *name, size_t suite_count, size_t *ret_budget,
                        struct error *error);
#endif
