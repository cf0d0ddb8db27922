/* history.h - what past runs teach: rows in, estimates and flake rates out.
 *
 * Pure: the rows come from and go to a history store (store.h). A cache: deleting it costs time, never truth.
 * Only whole suites are recorded (not `--test`), and only plain runs feed expected times: a suite that is
 * rerun or repeated has the machine to itself, or itself for a neighbour. */
#ifndef ITRUN_HISTORY_H
#define ITRUN_HISTORY_H
#include "itrun/events.h"

enum history_kind { HISTORY_RUN, HISTORY_RERUN, HISTORY_REPEAT, HISTORY_KIND_COUNT };
const char *history_kind_name(enum history_kind kind); /* "run" */

struct history_case { /* a test case that failed and then passed in one execution of its suite */
    const char *suite, *classname, *name;
    const char *run;  /* the newest in which it did; when reading */
    int64_t last_us;  /* when that was; when reading */
    size_t run_count; /* in how many; when reading */
};
struct history_row { /* one finished suite of one run */
    const char *suite;
    enum outcome outcome;
    int64_t duration_ms; /* of the last attempt */
    int64_t wall_us;
    size_t case_count;
    enum history_kind kind;
    const char *run; /* when reading */
    int attempts;
    bool is_flaky;                    /* passed after an attempt that did not, infra aside */
    const struct history_case *flaky; /* when writing: its flaky cases */
    size_t flaky_count;
};
/* Rows of one suite, newest first -> median of the last three passed durations, case count of the last
 * passed; of plain runs alone. */
void estimate_from_history(const struct history_row *rows, size_t count, struct estimate *ret_estimate);

/* How steady a suite is. An execution is flaky when the suite passed in it only after a failed attempt, or
 * when it failed in a repeated run (--repeat) in which another execution passed. */
struct flakiness {
    const char *suite;
    size_t executions;      /* that said something about the tests: passed, failed, error, timeout */
    size_t flaky, failed;   /* of them; failed counts the flaky failures of repeats too */
    int64_t p50_ms, p95_ms; /* of passed ones in plain runs; -1: none */
    int64_t last_us;        /* the newest row */
    enum outcome last_outcome;
    int64_t last_flaky_us; /* 0: never */
    const char *last_flaky_run;
};
/* Rows of one suite, newest first, at least one. Borrows from rows. */
void flakiness_from_history(const struct history_row *rows, size_t count, struct flakiness *ret_flakiness);

/* A sink that hands each finished suite (not lost, cancelled) to save(), all as of one kind. */
typedef void history_save(void *context, const struct history_row *row);
struct sink *history_sink_new(enum history_kind kind, history_save *save, void *context);
#endif
