/* terminal.h - a struct out on a file descriptor: the console's bytes, and how wide it is. */
#ifndef ITRUN_CLI_TERMINAL_H
#define ITRUN_CLI_TERMINAL_H
#include "itrun/events.h"
struct terminal {
    struct out out;
    int descriptor;
};
void terminal_init(struct terminal *terminal, int descriptor);
#endif
