/* files.h - reading a report off the loop: redacted first, then stored, then parsed.
 *
 * A few at a time: two hundred lanes may end at once, and neither may their reports lie in memory together
 * nor the journal's turn on the pool wait behind all of them.
 *
 * Loop thread; the work happens on the loop's pool. done is never called from inside collect_start. */
#ifndef ITRUN_HOST_FILES_H
#define ITRUN_HOST_FILES_H
#include "itrun/host/output.h"
#include "itrun/loop.h"
#include "itrun/model/input.h"

#define REPORT_LIMIT_BYTES (256 * 1024 * 1024)

typedef void collect_done(void *context, uint64_t effect_id, const struct error *error,
                          const struct report *report);
struct collecting;
struct collector { /* zero, but for the loop */
    uv_loop_t *loop;
    struct collecting *first, *last; /* waiting */
    size_t running;
};
/* Copies collect. redactor may be NULL. suite is borrowed until done; report is valid during done only. */
/* False: there is no such file, and nothing was started; one look at the folder, no thread: most plain
 * commands write no report, and there may be thousands of them. */
bool collect_start(struct collector *collector, uint64_t effect_id, const struct collect *collect,
                   const struct suite *suite, const char *run_directory, const struct redactor *redactor,
                   collect_done *done, void *context);
#endif
