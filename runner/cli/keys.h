/* keys.h - single keys from a terminal while a run goes on.
 *
 * Only where standard input is a terminal and this process is in its foreground. Lines and echo are switched
 * off meanwhile; signals (Ctrl-C, Ctrl-Z) stay as they are. The terminal is opened anew: a poll makes its
 * descriptor non-blocking, which a shell that shares it would not like. The terminal is given back as it was
 * at keys_close, and taken again after Ctrl-Z and fg. */
#ifndef ITRUN_CLI_KEYS_H
#define ITRUN_CLI_KEYS_H
#include <stdbool.h>
#include <termios.h>
#include <uv.h>

struct keys {
    uv_poll_t poll;
    uv_signal_t continued;
    struct termios before;
    int descriptor;
    bool is_open;
    size_t closing;
    void (*pressed)(void *context, char key);
    void *context;
};
bool keys_can_open(void);
/* Where there are no keys it does nothing, and keys_close too. */
void keys_open(struct keys *keys, uv_loop_t *loop, void (*pressed)(void *context, char key), void *context);
/* Turns the loop until it is closed. */
void keys_close(struct keys *keys);
#endif
