/* run_options.h - what the command line and the configuration ask of a run; plain data. */
#ifndef ITRUN_MODEL_RUN_OPTIONS_H
#define ITRUN_MODEL_RUN_OPTIONS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NO_RETRY_BUDGET SIZE_MAX

struct run_options {
    const char *run_id;          /* UUIDv7 */
    const char *worker;          /* "1" */
    const char *directory;       /* the run's directory, absolute */
    const char *tmp_root;        /* private, absolute; lane k works in <tmp_root>/<k> */
    const char *config_argument; /* as given with -c, or NULL; stands in the repro command */
    const char *ci;              /* the CI service that itrun runs in, or NULL */
    const char *traceparent;     /* W3C: the span that the run is a part of, or NULL */
    const char *resource;        /* OpenTelemetry resource attributes, "key=value,...", or NULL */
    int64_t last_success_us;     /* wall: when the last passed run ended; 0: unknown */
    uint64_t seed;
    size_t shards_asked; /* 0: default */
    size_t job_count;
    int64_t timeout_ms;       /* of the run; 0: none */
    int64_t shard_timeout_ms; /* 0: none */
    int64_t suite_timeout_ms; /* overrides each suite's; 0: no */
    int retries;              /* overrides; -1: no */
    size_t retry_budget;      /* retries of all suites together; NO_RETRY_BUDGET: no limit */
    int64_t hold_ms;          /* --hold-on-fail: how long an account with a failed suite is held; 0: no */
    bool is_until_fail;       /* --until-fail: stop at the first suite that failed, whatever infra did */
    size_t fail_fast;         /* stop after so many bad suites; 0: never */
    bool is_force_deploy;
    bool is_no_deploy;
    bool is_stealing_off; /* rerun --shard: exactly this order in one account */
    /* The one suite is a person's shell: it gets the terminal, and starts though a stack of it failed. */
    bool is_shell;
    size_t shown_shard, shown_shards; /* of a shell: what ITRUN_SHARD and ITRUN_SHARDS say; 0: its own lane */
    bool is_hold_kept;     /* of a shell: the account that the plan prefers is held, and stays so */
    const char *test_name; /* --test, or NULL */
    int64_t lease_ms;      /* how long a lease lasts without renewal */
    int64_t grace_ms;      /* between TERM and KILL */
};
#endif
