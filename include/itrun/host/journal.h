/* journal.h - events.ndjson: appended, synced in groups, one sync in flight covers every line written before
 * it.
 *
 * journal_append copies the line; `written` is called on the loop when it is written (and synced, where
 * asked). An error is final: every later append fails at once with the same error (the run stops, exit 5).
 * Also struct out for reports: replaced atomically off the loop, the newest content wins. */
#ifndef ITRUN_HOST_JOURNAL_H
#define ITRUN_HOST_JOURNAL_H
#include "itrun/events.h"
#include "itrun/loop.h"

struct journal;
struct journal *journal_open(uv_loop_t *loop, const char *path, bool is_new, struct error *error);
typedef void journal_written(void *context, uint64_t effect_id,
                             const struct error *error); /* kind NONE: done */
void journal_append(struct journal *journal, const char *line, size_t length, bool is_synced,
                    uint64_t effect_id, journal_written *written, void *context);
void journal_close(struct journal *journal, void (*closed)(void *context, const struct error *error),
                   void *context);

/* A file that a sink replaces: file_out(path) -> struct out. Errors are given at close. */
struct report_file;
struct report_file *report_file_new(uv_loop_t *loop, struct worker *worker, const char *path);
struct out *report_file_out(struct report_file *file);
void report_file_close(struct report_file *file, void (*closed)(void *context, const struct error *error),
                       void *context);
#endif
