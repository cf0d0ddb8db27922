/* terminal.h - a struct out on a file descriptor: the console's bytes, and how wide and high it is.
 *
 * Never blocks the loop: a thread writes, in order, so that a stopped terminal (Ctrl-S) or a log that nobody
 * empties holds up no lease. What a dead descriptor refuses is dropped: the run and its files matter more. */
#ifndef ITRUN_CLI_TERMINAL_H
#define ITRUN_CLI_TERMINAL_H
#include "itrun/base/text.h"
#include "itrun/events.h"
#include <uv.h>

struct terminal {
    struct out out;
    uv_loop_t *loop;
    struct worker *worker; /* NULL: not open */
    int descriptor;
    struct text waiting, writing;
    bool is_writing, is_due; /* is_due: the timer will start the next write */
    uv_timer_t gather;
    size_t closing;
};
bool terminal_open(struct terminal *terminal, uv_loop_t *loop, int descriptor, struct error *error);
/* Waits, turning the loop, until all is written. Of one that is not open: nothing. */
void terminal_close(struct terminal *terminal);
#endif
