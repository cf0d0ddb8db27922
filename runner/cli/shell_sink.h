/* shell_sink.h - what a person is told around a shell: who is waited for, which account it is, why it ended.
 *
 * Silent while the shell has the terminal; what happens meanwhile (a lost lease) is said after. */
#ifndef ITRUN_CLI_SHELL_SINK_H
#define ITRUN_CLI_SHELL_SINK_H
#include "itrun/events.h"

struct shell_sink;
/* shard, account: what it is entered for; 0 and NULL: nothing in particular. Borrowed. */
struct shell_sink *shell_sink_new(size_t shard, const char *account);
struct sink *shell_sink_sink(struct shell_sink *sink);
/* The shell's own status (128 + signal), unless it never began or was taken away: then the run's. */
int shell_sink_exit_code(const struct shell_sink *sink, int run_exit_code);
void shell_sink_free(struct shell_sink *sink);
#endif
