/* archive.h - files out of an archive that nobody vouches for, into a private folder.
 *
 * Reads .zip (as GitHub's artifacts are), .tar and .tar.gz. The whole archive is looked at before anything is
 * believed: refused are absolute paths, "..", symlinks, hard links, devices, a path that occurs twice, and
 * more than the limits allow; nothing of it is left where it is refused. One thing is passed over: the link
 * `latest` that itrun itself makes in an output folder. Written are plain files of the wanted names only,
 * mode 0600. Blocking. Source of the limits: an archive bomb inflates a thousandfold and more, journals less
 * than 50. */
#ifndef ITRUN_HOST_ARCHIVE_H
#define ITRUN_HOST_ARCHIVE_H
#include "itrun/base/error.h"
#include "itrun/base/text.h"
#include <stdbool.h>
#include <stdint.h>

struct archive_limits {
    size_t entries;
    int64_t bytes; /* unpacked, of all entries together */
    int64_t ratio; /* unpacked to packed, of the archive as a whole */
};
extern const struct archive_limits archive_limits_default; /* 10,000 entries, 2 GB, 200 times */

/* wanted: base names, NULL-terminated. ret_seen gets what the archive holds at its top: "a/ (12 files),
 * b.txt", at most a line. Kind INVALID: not an archive, damaged, or refused. */
bool archive_unpack(const char *path, const char *into, const char *const *wanted,
                    const struct archive_limits *limits, struct text *ret_seen, struct error *error);
#endif
