/* rows.h - the test cases of finished suites as compact JSON, kept packed until the page is written.
 *
 * Ten thousand cases take about a megabyte. Messages and texts of bad cases have a budget of their own; past
 * it a case keeps its message, and its suite's output stays linked. Shape: data.h. */
#ifndef ITRUN_REPORTERS_HTML_ROWS_H
#define ITRUN_REPORTERS_HTML_ROWS_H
#include "html/whose_fault.h"

struct rows {
    struct chunk **packed; /* [suite,[case,…]],[suite,[case,…]],… and then the text */
    size_t packed_count, packed_capacity;
    struct text text;
    size_t detail_bytes; /* of the budget, used */
};
void rows_add(struct rows *rows, const struct fold *fold, size_t suite, const struct reported *reported);
bool rows_are_empty(const struct rows *rows);
struct gzip;
void rows_gzip(const struct rows *rows, struct gzip *gzip);
void rows_clear(struct rows *rows);
/* A cleaned string: one line of at most 500 bytes, or several of at most `limit`. NULL writes null. */
struct json_writer;
void rows_write_line(struct json_writer *writer, const char *key, const char *string);
void rows_write_lines(struct json_writer *writer, const char *key, const char *string, size_t limit);
#endif
