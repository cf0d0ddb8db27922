/* junit_case.h - the writing of <testcase> elements, for junit_*.c alone. */
#ifndef ITRUN_REPORTERS_JUNIT_CASE_H
#define ITRUN_REPORTERS_JUNIT_CASE_H
#include "tally.h"

struct junit_pen {
    struct text *text;    /* what is written */
    struct text *scratch; /* two of them */
    const struct fold_suite *suite;
    bool is_strict; /* only what junit-10.xsd knows */
};
/* ` name="value"`: printable and escaped; what is longer than `limit` bytes is cut (~ and 8 digits of the
 * hash of the rest). */
void junit_attribute(struct junit_pen *pen, const char *name, const char *value, size_t limit);
/* ` name="1.204"` */
void junit_seconds(struct junit_pen *pen, const char *name, int64_t duration_us);
/* `<property name value/>` */
void junit_property(struct junit_pen *pen, const char *name, const char *value);
void junit_case(struct junit_pen *pen, const struct reported_case *reported_case);
#define JUNIT_NAME_LIMIT 900
#endif
