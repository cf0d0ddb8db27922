/* junit_suite.h - the writing of <testsuite> elements, for junit.c alone. */
#ifndef ITRUN_REPORTERS_JUNIT_SUITE_H
#define ITRUN_REPORTERS_JUNIT_SUITE_H
#include "junit_case.h"

/* What Buildkite and GitLab take in one file. */
#define JUNIT_PART_CASES 5000
#define JUNIT_PART_BYTES 25000000

struct junit_slice { /* one <testsuite> element */
    struct chunk *xml;
    struct totals totals;
};
struct junit_piece { /* one suite: one slice, more only where it alone is too large for a file */
    struct junit_slice *slices;
    size_t count;
    int64_t started_us, ended_us; /* wall; 0: it never started */
};
/* Borrows the pen's text for its while. Owner: junit_piece_clear. */
void junit_suite(struct junit_pen *pen, const struct fold *fold, const struct reported *reported,
                 struct junit_piece *ret_piece);
void junit_piece_clear(struct junit_piece *piece);
void junit_counts(struct junit_pen *pen, const struct totals *totals, bool with_skipped);
void junit_timestamp(struct junit_pen *pen, int64_t wall_us);
#endif
