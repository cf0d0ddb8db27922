/* reports.h - the sinks of a run wired to files: junit.xml, metrics.prom, summary.json, and copies where
 * asked. */
#ifndef ITRUN_CLI_REPORTS_H
#define ITRUN_CLI_REPORTS_H
#include "command_line.h"
#include "itrun/events.h"
#include <uv.h>

#define REPORTS_MAX 16 /* sinks at most */

struct reports;
/* Whether an option names a copy of any report. */
bool reports_are_asked(const struct options *options);
/* folder: NULL writes only the copies that the options ask for. Each report is replaced atomically, off the
 * loop. */
struct reports *reports_open(uv_loop_t *loop, const char *folder, const struct options *options,
                             struct error *error);
size_t reports_sinks(struct reports *reports, struct sink **ret_sinks, size_t capacity); /* borrowed */
/* Waits until all is written; complains about what is not and returns false. */
bool reports_close(struct reports *reports);
#endif
