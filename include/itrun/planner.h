/* planner.h - the pure planner: inventory and options -> shards. Same input, same plan, byte for byte.
 *
 * Longest first onto the account with the earliest predicted finish, deploys that the account lacks included;
 * suites never seen go first; ties by name, then account number. No clock, no randomness. Source: Graham 1969
 * (longest processing time first). */
#ifndef ITRUN_PLANNER_H
#define ITRUN_PLANNER_H
#include "itrun/model/plan.h"
#include "itrun/model/run_options.h"
#include "itrun/base/text.h"
#include "itrun/base/error.h"

/* selected: indices into inventory->suites. Fails only when there is no account or no suite. Owner:
 * plan_free. */
struct plan *plan_make(const struct inventory *inventory, const size_t *selected, size_t selected_count,
                       const struct run_options *options, struct error *error);
void plan_free(struct plan *plan);
void plan_write_text(const struct plan *plan, const struct inventory *inventory,
                     struct text *text); /* itrun plan */
void plan_write_json(const struct plan *plan, const struct inventory *inventory, struct text *text);
#endif
