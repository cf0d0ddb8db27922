/* round_linux.h - one round of --watch: this program again, as `itrun run`, with the same options.
 *
 * In a process group of its own (Ctrl-C is for whoever watches, who passes it on), without standard input,
 * and told to stop in order when the watching process dies. */
#ifndef ITRUN_CLI_ROUND_H
#define ITRUN_CLI_ROUND_H
#include "command_line.h"
#include "itrun/base/map.h"
#include <sys/types.h>

/* names: the suites (keys), in place of words, filter and tag; NULL: as options say. 0: error says why. */
pid_t round_start(const struct options *options, const struct map *names, struct error *error);
/* Does not wait. A signal's death gives 128 + its number. */
bool round_has_ended(pid_t round, int *ret_exit_code);
#endif
