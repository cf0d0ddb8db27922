/* ledger.h - what accounts.store remembers of one stack in one account: the deploy that began, the one that
 * ended.
 *
 * A deploy is recorded before its first write and again when it ends: what has no end is never taken for
 * done. The recorded parts make "why" a comparison of two lists. A cache of reasons, never the truth: the
 * stack is. */
#ifndef ITRUN_MODEL_LEDGER_H
#define ITRUN_MODEL_LEDGER_H
#include "itrun/model/inventory.h"

struct ledger_entry {
    const char *stack_name;
    char fingerprint[HASH_HEX_SIZE];
    bool is_unfinished; /* began and never ended */
    const char *run;    /* who began it */
    const struct fingerprint_part *parts;
    size_t part_count;
};
#endif
