/* attempt.h - how a process ended, and what an attempt at a suite came to. */
#ifndef ITRUN_MODEL_ATTEMPT_H
#define ITRUN_MODEL_ATTEMPT_H
#include "itrun/base/error.h"
#include "itrun/model/outcome.h"
#include "itrun/model/test_case.h"

/* How a supervised process ended, as its guard saw it. */
struct process_end {
    struct error error; /* kind NONE: it ran. GONE: no such command; IO/BUG: the guard or a pipe broke */
    int exit_code;      /* meaningless when signal != 0 */
    int signal;
    int leaked_count;        /* processes that outlived the main one and were killed */
    bool is_killed_by_guard; /* the lease's deadline passed */
    int64_t user_us, system_us, max_rss_bytes;
    int64_t output_bytes;
    bool is_output_cut;
    const char *output_tail;  /* last lines, redacted, printable; valid until the step returns; may be NULL */
    const char *infra_reason; /* first line of ITRUN_INFRA_FAILURE_FILE, or NULL */
};
#endif
