/* javascript.h - what the adapters of JavaScript's test frameworks share: titles as regexes, and what was
 * thrown.
 */
#ifndef ITRUN_FRAMEWORKS_JAVASCRIPT_H
#define ITRUN_FRAMEWORKS_JAVASCRIPT_H
#include "adapters.h"
#include "itrun/base/json.h"

/* Escapes what a regex would take for more than itself. Names in reports are one line: what was a tab or a
 * line's end in a title is a blank there, hence any white space is as good. */
void regex_append_escaped(struct text *regex, const char *bytes, size_t length);
/* A regex on full titles, which are the describes' titles and the test's own, joined by blanks. "a b::c" is
 * the test c of a's b; behind the suite's file stands a title in no describe; a title alone may stand in any.
 * separator: how describes are joined in classnames where it is not by a blank, or NULL. */
const char *full_title_pattern(const struct suite *suite, const char *test_name, const char *separator,
                               struct arena *arena);
/* The title of a test that stands in no describe: such a case has its file for a classname. NULL: it has
 * none. */
const char *title_below_file(const struct suite *suite, const char *test_name);
/* What npx writes where the package is not there; NULL-ended. */
extern const char *const npx_absent_signs[];

/* Type, message and body of a failed case. name may be NULL; a stack begins with name and message. */
void thrown_fill(struct test_case *failed, const char *name, const char *message, const char *stack,
                 struct arena *arena);
/* Printable, at most CASE_TEXT_MAX; NULL: nothing but blanks. */
const char *printable_text(const char *bytes, struct arena *arena);
/* Milliseconds with a fraction, or nothing. */
int64_t duration_of_json(const struct json *milliseconds);
/* A case of ours, for what broke outside any test: an error named in parentheses. */
struct test_case *report_add_error(struct report *report, const char *name, const char *message);
/* Adds an error where only other files ran than the suite's: npx hands arguments to a shell, for which
 * "[id].test.js" is also the name of i.test.js. */
void report_expect_file(struct report *report, const struct suite *suite);
/* The report as one JSON value; NULL: report->problem says why. Sets is_present. */
struct json *report_parse_json(struct report *report, const char *bytes, size_t length);
#endif
