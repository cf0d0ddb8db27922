/* ci_environment.h - the CI service around this process, read from its environment and files. */
#ifndef ITRUN_CLI_CI_ENVIRONMENT_H
#define ITRUN_CLI_CI_ENVIRONMENT_H
#include "command_line.h"
#include "itrun/ci.h"

/* With --ci none there is none. What cannot be believed is complained about and left out. */
void ci_environment_read(const struct options *options, struct arena *arena, struct ci_facts *ret_facts);
#endif
