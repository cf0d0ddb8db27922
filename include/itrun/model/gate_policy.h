/* gate_policy.h - what makes a run good enough: the configuration's `gate`, as plain data. */
#ifndef ITRUN_MODEL_GATE_POLICY_H
#define ITRUN_MODEL_GATE_POLICY_H
#include <stddef.h>
#include <stdint.h>

#define GATE_NO_LIMIT          SIZE_MAX
#define GATE_PASSES_TO_RELEASE ((size_t)10)

/* A suite, or one test of it, that may fail until a day. It runs all the same. */
struct quarantine_entry {
    const char *suite;
    const char *test;    /* NULL: whatever fails in the suite */
    const char *ticket;  /* who looks after it */
    const char *expires; /* "2026-12-31": the last day, in UTC, on which it excuses */
};
struct gate_policy {
    const char *const
        *required; /* groups that must have run; all but the advisory ones must pass in any case */
    size_t required_count;
    const char *const *advisory; /* groups that may fail */
    size_t advisory_count;
    size_t minimum_tests;     /* that passed or failed; 0: no minimum */
    size_t flaky_limit;       /* tests; GATE_NO_LIMIT: none */
    const char *flaky_ratio;  /* "0.5%", or NULL */
    int64_t max_age_ms;       /* 0: none */
    size_t quarantine_passes; /* after so many good runs in a row an entry has served its time */
    struct quarantine_entry *quarantine;
    size_t quarantine_count;
};
#endif
