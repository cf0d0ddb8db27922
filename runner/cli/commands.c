/* commands.c - the table of subcommands, in the order in which --help shows them. */
#include "commands.h"

const struct command *const commands[] = {
    &run_command,      &plan_command,  &list_command,   &explain_command,
    &accounts_command, &rerun_command, &report_command, NULL,
};
