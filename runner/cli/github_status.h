#ifndef ITRUN_CLI_GITHUB_STATUS_H
#define ITRUN_CLI_GITHUB_STATUS_H
#include "command_line.h"
#include <uv.h>

/* Posts one commit status for each group of the run in this folder, to the repository that GITHUB_REPOSITORY
 * names, with GITHUB_TOKEN. Says on stdout what was posted. */
bool github_status_report(uv_loop_t *loop, const struct options *options, const char *folder,
                          struct error *error);
#endif
