/* lane_folder_posix.h - ITRUN_TMPDIR of a lane (or of one deploy command), and the files we put there.
 *
 * Made once, emptied between attempts. The outputs stand beside it, not in it, so that they are written only
 * when they change. What is cheap happens on the loop: a look into an empty folder, one small file. */
#ifndef ITRUN_HOST_LANE_FOLDER_H
#define ITRUN_HOST_LANE_FOLDER_H
#include "itrun/base/text.h"
#include "itrun/loop.h"

struct outputs_file { /* ITRUN_OUTPUTS: a small file, written when it changes */
    char *path;
    char *written; /* what we last wrote there; NULL: nothing */
    int64_t changed_ns;
};
struct lane_folder {
    char *path;                  /* absolute or as tmp_root is; no slash at the end */
    char *infra_path;            /* ITRUN_INFRA_FAILURE_FILE */
    struct outputs_file outputs; /* beside it: <path>.outputs.json */
};
struct lane_folder *lane_folder_new(const char *tmp_root, const char *name);
void lane_folder_free(struct lane_folder *folder);
/* Makes it where it is missing; ret_is_dirty: something is in it, lane_folder_renew() must go first. */
bool lane_folder_prepare(struct lane_folder *folder, bool *ret_is_dirty, struct error *error);
bool lane_folder_renew(const char *path, struct error *error); /* blocking, perhaps long: off the loop */
/* The first line that the command wrote to say that it is not its fault; false: none. */
bool lane_folder_read_infra(const struct lane_folder *folder, struct text *ret_line);
/* Writes json unless it stands there untouched. */
bool outputs_file_write(struct outputs_file *file, const char *json, struct error *error);
void outputs_file_remove(const struct outputs_file *file);
void outputs_file_clear(struct outputs_file *file);
/* Removes the folder and its outputs; blocking. */
void lane_folder_remove(const struct lane_folder *folder);
#endif
