/* guard_main.h - the guard's two halves: the loop that watches, and the start of a command. */
#ifndef ITRUN_HOST_GUARD_MAIN_H
#define ITRUN_HOST_GUARD_MAIN_H
#include "process/guard_wire.h"
#include <stdbool.h>
#include <sys/types.h>

struct guard_command {
    const struct guard_message *message;
    char *payload;          /* cwd, arguments, variables, each ended by a NUL */
    const int *descriptors; /* output alone, or standard input, output, error; -1: none */
};
/* Starts it in a session of its own and waits until it runs. False: ret_stage and ret_problem say why not. */
bool guard_command_start(const struct guard_command *command, pid_t *ret_pid, enum guard_stage *ret_stage,
                         int *ret_problem);
#endif
