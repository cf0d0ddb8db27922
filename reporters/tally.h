/* tally.h - what every reporter builds on: the run's fold, and the test cases of suites that are not finished
 * yet.
 *
 * Decides what counts as a test case of the run: junit.xml writes exactly the cases that summary.json, the
 * metrics and the console count. Cases live only until their suite's sink has drawn what it needs
 * (tally_drop), so that memory follows the suites in flight and not the size of the run. Owns: copies of all
 * it keeps. */
#ifndef ITRUN_REPORTERS_TALLY_H
#define ITRUN_REPORTERS_TALLY_H
#include "itrun/reporters.h"

#define SYNTHETIC_NAME "[itrun] suite result"

/* A test case as reports show it: one for all attempts of its suite. */
struct reported_case {
    const char *classname;        /* the framework's, without what changes in every run; may be "" */
    const char *name;             /* likewise; the two together are unique in their suite */
    unsigned volatile_parts;      /* what was taken out of them: see stable_name.h; main has the raw ones */
    const struct test_case *main; /* PASSED, SKIPPED: the last result; else the first bad one */
    enum case_status status;
    int64_t duration_us;
    bool is_synthetic;               /* speaks for the suite */
    bool is_flaky;                   /* PASSED, and was bad in `others` */
    const struct test_case **others; /* PASSED: the bad results before; FAILED, ERROR: further bad ones */
    size_t other_count;
};
struct totals {
    size_t counts[CASE_STATUS_COUNT];
    size_t flaky;
};
struct reported {
    struct arena *arena;
    struct reported_case *list;
    size_t count;
    struct totals totals;
};
void reported_clear(struct reported *reported);
void totals_add(struct totals *totals, const struct totals *more);
size_t totals_count(const struct totals *totals);

struct held_attempt {
    int number;
    enum outcome outcome;
    struct test_case *cases; /* in the arena of its suite */
    size_t count;
};
struct held {
    struct arena *arena;
    struct held_attempt *attempts;
    size_t count, capacity;
};
struct tally {
    struct fold *fold;
    struct held **held; /* by suite; NULL: nothing */
    size_t held_count, held_capacity;
};
struct tally *tally_new(void);
void tally_free(struct tally *tally);
bool tally_event(struct tally *tally, const struct event *event, struct error *error);
void tally_drop(struct tally *tally, size_t suite);
/* The cases of a suite, finished or not. Borrows from the tally until tally_drop; owner: reported_clear. */
void tally_cases(const struct tally *tally, size_t suite, struct reported *ret_reported);
/* Adds the cases of every suite that has no outcome yet. */
void tally_add_unfinished(const struct tally *tally, struct totals *totals);

/* repeats.c: what became of each suite that was repeated (--repeat); owner: memory_free. */
struct repeat {
    const char *name;
    size_t executions, passed, failed, infra, not_finished; /* failed: by tests, suite or timeout */
    const struct fold_suite *first_failure; /* not of infra, the first that began; NULL: none */
};
size_t tally_repeats(const struct fold *fold, struct repeat **ret_repeats);

/* cases.c: the command that runs this case alone, or its suite where that cannot be; nothing where the suite
 * has none.
 */
void case_append_repro(const struct fold_suite *suite, const struct reported_case *reported_case,
                       struct text *text);
bool case_has_own_repro(const struct fold_suite *suite, const struct reported_case *reported_case);

/* cases.c: the attempts of a suite -> its test cases. Pure. */
void cases_merge(const struct fold_suite *suite, const struct held *held, struct reported *ret_reported);
#endif
