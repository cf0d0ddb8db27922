/* commands.c - the table of subcommands, in the order in which --help shows them. */
#include "commands.h"

// clang-format off
const struct command *const commands[] = {
    &run_command,
    &plan_command,
    &list_command,
    &accounts_command,
    &explain_command,
    &rerun_command,
    &report_command,
    &history_command,
    &shell_command,
    &gate_command,
    &doctor_command,
    &init_command,
    &completion_command,
    &manual_command,
    NULL,
};
// clang-format on
