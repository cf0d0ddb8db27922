/* loop.h - the uv loop, the two clocks, work off the loop, bounded file writing.
 *
 * Threads: everything on the loop thread unless said. What lives on the loop dies in two steps: x_close(x,
 * closed, ctx). */
#ifndef ITRUN_LOOP_H
#define ITRUN_LOOP_H
#include "itrun/base/chunk.h"
#include "itrun/base/error.h"
#include <stddef.h>
#include <stdint.h>

typedef struct uv_loop_s uv_loop_t;

int64_t clock_monotonic_ms(void); /* CLOCK_MONOTONIC */
int64_t clock_monotonic_us(void);
int64_t clock_boottime_ms(void); /* CLOCK_BOOTTIME: counts sleep; leases */
int64_t clock_wall_us(void);     /* CLOCK_REALTIME, since 1970 */

/* A timer on CLOCK_BOOTTIME (timerfd; uv's own timers stop in sleep). */
struct boot_timer;
struct boot_timer *boot_timer_new(uv_loop_t *loop, void (*fired)(void *context), void *context,
                                  struct error *error);
void boot_timer_set(struct boot_timer *timer, int64_t at_boottime_ms); /* INT64_MAX: off */
void boot_timer_close(struct boot_timer *timer, void (*closed)(void *context), void *context);

/* One thread that performs jobs in the order given: SQLite wants its connection on one thread, and no wait of
 * it may block the loop. work runs on the thread, done on the loop; both get context. */
struct worker;
struct worker *worker_new(uv_loop_t *loop, const char *name, struct error *error);
void worker_submit(struct worker *worker, void (*work)(void *context), void (*done)(void *context),
                   void *context);
/* Performs what is queued, ends the thread, then closed(). */
void worker_close(struct worker *worker, void (*closed)(void *context), void *context);

/* Files, atomically: temporary file beside, write, fsync, rename, fsync of the folder. Blocking: from a
 * worker, or before the loop runs. */
bool file_replace(const char *path, const char *bytes, size_t length, struct error *error);
/* The same with the bytes of these chunks, one after the other. */
bool file_replace_chunks(const char *path, struct chunk *const *chunks, size_t count, struct error *error);
bool file_make_folders(const char *path, struct error *error); /* mkdir -p */
bool file_read(const char *path, size_t limit_bytes, char **ret_bytes, size_t *ret_length,
               struct error *error); /* memory_free */
bool file_remove_tree(const char *path,
                      struct error *error); /* rm -rf; does not follow symlinks; absent is fine */
/* Fills error from errno of a file call: kind IO, or GONE for ENOENT, DENIED for EACCES/EPERM/EROFS, with a
 * hint. */
bool file_error(struct error *error, int errno_value, const char *doing, const char *path);
#endif
