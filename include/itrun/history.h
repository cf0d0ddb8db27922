/* history.h - what past runs teach: rows in, estimates out.
 *
 * Pure: the rows come from and go to a history store (store.h). A cache: deleting it costs time, never truth.
 */
#ifndef ITRUN_HISTORY_H
#define ITRUN_HISTORY_H
#include "itrun/events.h"

struct history_row { /* one finished suite of one run */
    const char *suite;
    enum outcome outcome;
    int64_t duration_ms; /* of the last attempt */
    int64_t wall_us;
    size_t case_count;
};
/* Rows of one suite, newest first -> median of the last three passed durations, case count of the last
 * passed. */
void estimate_from_history(const struct history_row *rows, size_t count, struct estimate *ret_estimate);

/* A sink that hands each finished suite (not lost, cancelled) to save(). */
typedef void history_save(void *context, const struct history_row *row);
struct sink *history_sink_new(history_save *save, void *context);
#endif
