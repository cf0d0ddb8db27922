/* frameworks.h - how each test framework is run and how its report is read. One file each, one table.
 *
 * Pure: argv out, bytes in. Knows nothing of accounts, shards or outcomes (run/attempt.c judges). */
#ifndef ITRUN_FRAMEWORKS_H
#define ITRUN_FRAMEWORKS_H
#include "itrun/model/inventory.h"
#include "itrun/model/test_case.h"
#include "itrun/base/error.h"

struct framework_run {
    const struct suite *suite;
    const char *report_path; /* absolute: where the report is expected */
    const char *test_name;   /* one case only, or NULL */
};
struct framework {
    const char *name;                /* "pytest" */
    const char *default_glob_hint;   /* for messages: "tests/test_*.py" */
    const char *install;             /* for messages: how to get it; NULL: nothing to say */
    const char *const *absent_signs; /* what is written when it is not installed; NULL-ended, or NULL */
    bool can_select;                 /* --test works */
    unsigned no_match_statuses; /* a bit for each exit status with which --test can match nothing; 0: any */
    bool shows_unselected;      /* its report shows what --test left out, as skipped */
    bool is_empty_wrong;        /* it exits 0 where it found no test at all: nobody saw anything pass */
    bool needs_file;            /* a suite of it is a file */
    bool is_per_directory;      /* files of one directory are one suite, which is called like the directory */
    bool has_report;            /* false: "command" without a declared report is judged by its exit status */
    /* NULL-terminated argv in arena. A command with shell metacharacters becomes {"sh","-c",...}; file and
     * flags are then appended as quoted words. */
    const char *const *(*argv)(const struct framework_run *run, struct arena *arena);
    /* Environment the framework needs besides (may be NULL): appends to *ret, returns count. */
    size_t (*environment)(const struct framework_run *run, struct arena *arena, const struct pair **ret);
    /* Bytes of its report -> cases. Forgiving: a broken or truncated report keeps what was readable and sets
     * report->is_complete = false and report->problem. Never fails otherwise. */
    void (*read)(const struct suite *suite, const char *bytes, size_t length, struct report *report);
};
const struct framework *framework_find(const char *name); /* NULL: unknown */
const char *const *framework_names(size_t *ret_count);
/* What `read` makes of the report, without the cases that --test left out (test_name NULL: all were meant).
 */
void framework_read(const struct framework *framework, const struct suite *suite, const char *test_name,
                    const char *bytes, size_t length, struct report *report);
/* An attempt that left no report: was the framework not there at all? output: its last lines, or NULL. */
bool framework_is_absent(const struct framework *framework, int exit_code, const char *output);
/* Streaming reader of JUnit XML in all the dialects we know; what most `read` functions use. */
struct junit_reader;
struct junit_reader *junit_reader_new(struct report *report); /* borrows report */
void junit_reader_feed(struct junit_reader *reader, const char *bytes, size_t length);
void junit_reader_finish(struct junit_reader *reader); /* sets is_present, is_complete, problem */
void junit_reader_free(struct junit_reader *reader);
/* "poetry run pytest" -> {"poetry","run","pytest",NULL}, or {"sh","-c",command,NULL} where it has
 * metacharacters. */
const char *const *command_argv(const char *command, struct arena *arena);
#endif
