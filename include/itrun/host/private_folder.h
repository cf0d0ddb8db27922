/* private_folder.h - a temporary folder of this process alone: <TMPDIR or /tmp>/itrun-XXXXXX, mode 0700.
 *
 * The folder holds `owner` (pid, boot id, for people), locked with flock for as long as its process lives:
 * the kernel lets the lock go however the process ends, also by kill -9, also in another pid namespace.
 * Making one first sweeps the folders of the same user whose lock is free. A folder without `owner` is
 * nobody's business. Blocking: before a loop runs, or after. */
#ifndef ITRUN_HOST_PRIVATE_FOLDER_H
#define ITRUN_HOST_PRIVATE_FOLDER_H
#include "itrun/base/error.h"
#include "itrun/base/text.h"

struct private_folder {
    struct text path; /* empty: none was made */
    int lock;         /* -1: none */
};
bool private_folder_make(struct private_folder *ret_folder, const char *tmpdir, struct error *error);
/* Removes it with all that it holds, and forgets it; legal for one that was never made ({0} too). */
void private_folder_remove(struct private_folder *folder);
#endif
