#include "terminal.h"
#include <errno.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

static bool append(struct out *out, const char *bytes, size_t length, struct error *error)
{
    (void)error;
    struct terminal *terminal = (struct terminal *)out;
    while (length > 0) {
        ssize_t written = write(terminal->descriptor, bytes, length);
        if (written > 0) {
            bytes += written;
            length -= (size_t)written;
        } else if (errno == EAGAIN) {
            struct pollfd ready = {.fd = terminal->descriptor, .events = POLLOUT};
            (void)poll(&ready, 1, 1000);
        } else if (errno != EINTR) {
            return true; /* nobody reads any more: the run and its files matter, not this */
        }
    }
    return true;
}

static int columns(struct out *out)
{
    const struct terminal *terminal = (const struct terminal *)out;
    struct winsize size;
    return ioctl(terminal->descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

void terminal_init(struct terminal *terminal, int descriptor)
{
    *terminal = (struct terminal){
        .out = {.append = append, .is_terminal = isatty(descriptor) == 1, .columns = columns},
        .descriptor = descriptor,
    };
}
