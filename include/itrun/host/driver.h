/* driver.h - performs a run's effects in the real world and brings the completions back.
 *
 * The only file that knows every performer. Maps effect type to performer by a table, completion to input;
 * stamps an event's sequence and times once, before any sink; keeps two timers (work, lease) at what the run
 * asks for; turns SIGINT and SIGTERM into STOP, and on SIGUSR1 shows the sinks what runs. Holds no rule about
 * suites, retries, order or outcomes.
 *
 * Threads: the loop's. Blocking call: driver_run returns when the run is finished and everything is closed.
 * Errors: what could not be recorded or reported, in the order of happening, through `complain`. */
#ifndef ITRUN_HOST_DRIVER_H
#define ITRUN_HOST_DRIVER_H
#include "itrun/aws.h"
#include "itrun/host/process.h"
#include "itrun/run.h"
#include "itrun/store.h"

struct driver_options {
    uv_loop_t *loop;
    const struct inventory *inventory;
    const struct plan *plan;
    const struct run_options *run;
    struct aws *aws; /* NULL: local accounts only */
    uint64_t
        aws_requests_before; /* those of the invocation that the run did not make: the listing of accounts */
    struct lease_store *lease_store; /* NULL: local accounts only */
    const char *guard_path;
    const char *const *environment; /* the caller's environ */
    const char *journal_path;
    struct sink **sinks; /* in this order; flushed at most every 5 s and at the end; not freed here */
    size_t sink_count;
    const char *const *secrets; /* the caller's own, redacted everywhere */
    size_t secret_count;
    void (*complain)(void *context,
                     const struct error *error); /* a sink failed, a file could not be written */
    void *complain_context;
    /* Each secret of an account that was just obtained, before anything can use it. */
    void (*secret_learned)(void *context, const char *secret);
    void *secret_context;
};
/* False: the run could not be started at all (nothing ran). ret_exit_code: the verdict. */
bool driver_run(const struct driver_options *options, int *ret_exit_code, struct error *error);
#endif
