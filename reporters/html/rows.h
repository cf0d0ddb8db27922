/* rows.h - the test cases of finished suites as compact JSON, kept as text until the page is written.
 *
 * Ten thousand cases take about a megabyte. Messages and texts of bad cases have a budget of their own; past
 * it a case keeps its message, and its suite's output stays linked. Shape: data.h. */
#ifndef ITRUN_REPORTERS_HTML_ROWS_H
#define ITRUN_REPORTERS_HTML_ROWS_H
#include "html/whose_fault.h"

struct rows {
    struct text text;    /* [suite,[case,…]],[suite,[case,…]],… */
    size_t detail_bytes; /* of the budget, used */
};
void rows_add(struct rows *rows, const struct fold *fold, size_t suite, const struct reported *reported);
/* A cleaned string: one line of at most 500 bytes, or several of at most `limit`. NULL writes null. */
struct json_writer;
void rows_write_line(struct json_writer *writer, const char *key, const char *string);
void rows_write_lines(struct json_writer *writer, const char *key, const char *string, size_t limit);
#endif
