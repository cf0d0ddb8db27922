/* folder_watch.h - which files of a checkout changed: those that git does not ignore, without the output
 * folder.
 *
 * inotify says when to look (one watch a folder, through uv_fs_event); the listing says what is there, the
 * bytes whether a file really changed. `changed` is called once things were still for SETTLE_MS, with sorted
 * paths relative to root, valid during the call: changed, new and deleted ones. Loop thread only. */
#ifndef ITRUN_CLI_FOLDER_WATCH_H
#define ITRUN_CLI_FOLDER_WATCH_H
#include "itrun/base/error.h"
#include <stddef.h>
#include <uv.h>

struct folder_watch;
typedef void folder_changed(void *context, const char *const *paths, size_t count);
/* output: absolute; what is below it never counts. */
struct folder_watch *folder_watch_new(uv_loop_t *loop, const char *root, const char *output,
                                      folder_changed *changed, void *context, struct error *error);
size_t folder_watch_count(const struct folder_watch *watch); /* files */
/* Turns the loop until it is closed. NULL is fine. */
void folder_watch_close(struct folder_watch *watch);
#endif
