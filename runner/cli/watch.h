/* watch.h - --watch: rounds of a run, one after the other, as files change and keys are pressed.
 *
 * Each round is an itrun of its own, so that it reads the configuration anew and ends what it began; a change
 * while one goes on queues the next. It ends with this process, however that ends. Which suites: those whose
 * own file changed, or all of the selection when anything else did; what failed last comes first. */
#ifndef ITRUN_CLI_WATCH_H
#define ITRUN_CLI_WATCH_H
#include "command_line.h"

/* Returns the exit code of the last round (143 where it was cut short), 130 or 143 after a signal. `options`
 * select as those of run do: by words, filter and tag. */
int watch_run(const struct options *options);
#endif
