/* test_case.h - what a framework reported: the test cases of one attempt. Plain data in the report's arena.
 */
#ifndef ITRUN_MODEL_TEST_CASE_H
#define ITRUN_MODEL_TEST_CASE_H
#include "itrun/base/text.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum case_status { CASE_PASSED, CASE_FAILED, CASE_ERROR, CASE_SKIPPED, CASE_STATUS_COUNT };
const char *case_status_name(enum case_status status); /* "passed", "failed", "error", "skipped" */
bool case_status_parse(const char *word, enum case_status *ret_status);

struct test_case {
    const char *classname; /* framework's class or path, may be ""; printable, stable */
    const char *name;      /* never "" */
    const char *file;      /* relative to the configuration's directory, '/' slashes, or NULL */
    int line;              /* 1-based; 0: unknown */
    int64_t duration_us;
    enum case_status status;
    /* NULL when passed; but where the framework itself tried a test again until it passed: how it failed
     * first */
    const char *type;    /* "AssertionError" */
    const char *message; /* first line */
    const char *body;    /* full text, at most 64 KiB, or NULL */
    bool is_no_test; /* what broke around the tests: a build, a collection, a hook; --test cannot choose it */
    const char *output; /* system-out and system-err of the case, at most 64 KiB, or NULL */
};

/* Borrowed everywhere but by whoever owns `arena` (report_free). */
struct report {
    struct arena *arena;
    struct test_case *cases;
    size_t count;
    bool is_present;     /* a file was there and was not empty */
    bool is_complete;    /* read to its end */
    const char *problem; /* why it is not complete, or what was repaired; NULL */
};
struct report *report_new(void);
void report_free(struct report *report);             /* NULL is fine */
struct test_case *report_add(struct report *report); /* zeroed; valid until the next report_add */
/* What `--test` takes to run this case alone: "classname::name", or "name" where there is no classname. */
void test_case_selector(const struct test_case *test_case, struct text *text);
/* Whether --test SELECTOR means this case: its name, "classname::name", or an end of the classname before it.
 */
bool test_case_is_selected(const struct test_case *test_case, const char *selector);
size_t report_count_status(const struct report *report, enum case_status status);
#endif
