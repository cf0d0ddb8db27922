/* run.h - a run: the coordinator, its lanes and their attempts, as one pure machine.
 *
 * state, input -> effects. Decides everything about suites: who runs what when, retries, thefts, timeouts,
 * outcomes, the verdict. Reads no clock, touches nothing: see model/effect.h for the contract it keeps. Owns:
 * everything; borrows inventory, plan and options until run_free. Time: now_ms for work; lease_now_ms for
 * leases. Errors: are events, and the exit code. */
#ifndef ITRUN_RUN_H
#define ITRUN_RUN_H
#include "itrun/events.h"
#include "itrun/model/plan.h"
#include "itrun/model/run_options.h"

struct run;
struct run *run_new(const struct inventory *inventory, const struct plan *plan,
                    const struct run_options *options);
void run_free(struct run *run);
void run_step(struct run *run, const struct input *input, struct effects *effects);
int64_t run_next_deadline_ms(const struct run *run);       /* work clock; INT64_MAX: none */
int64_t run_next_lease_deadline_ms(const struct run *run); /* lease clock; INT64_MAX: none */
bool run_is_finished(const struct run *run);
int run_exit_code(const struct run *run); /* when finished */
/* The command that reproduces a suite's failure in any checkout: itrun run NAME --seed S [-c FILE] [--test
 * T]. */
void run_repro_command(const struct run_options *options, const struct suite *suite, const char *test_name,
                       struct text *text);

/* Every move of every machine, for a simulation that wants to see each one taken; machine is "coordinator",
 * "lane", "attempt" or "reconcile". May be NULL. */
typedef void run_moved(void *context, const char *machine, int from, int to);
void run_observe(struct run *run, run_moved *moved, void *context);

/* For tests and the console: what the machines are doing now. */
struct run_view {
    size_t lanes_active, attempts_active;
    size_t outcome_count[OUTCOME_COUNT];
};
void run_look(const struct run *run, struct run_view *ret_view);
#endif
