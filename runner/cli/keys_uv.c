#include "keys.h"
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

static bool is_foreground(int descriptor)
{
    return isatty(descriptor) == 1 && tcgetpgrp(descriptor) == getpgrp();
}

bool keys_can_open(void)
{
    return is_foreground(STDIN_FILENO);
}

static void take_terminal(const struct keys *keys)
{
    struct termios raw = keys->before;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    if (is_foreground(keys->descriptor)) {
        tcsetattr(keys->descriptor, TCSANOW, &raw);
    }
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    (void)events;
    struct keys *keys = poll->data;
    char key = 0;
    if (status != 0 || (is_foreground(keys->descriptor) && read(keys->descriptor, &key, 1) != 1)) {
        uv_poll_stop(poll); /* the terminal is gone */
    } else if (is_foreground(keys->descriptor)) {
        keys->pressed(keys->context, key);
    }
}

static void on_continued(uv_signal_t *signal, int number)
{
    (void)number;
    take_terminal(signal->data);
}

static void close_descriptor(struct keys *keys)
{
    if (keys->descriptor >= 0) {
        close(keys->descriptor);
        keys->descriptor = -1;
    }
}

void keys_open(struct keys *keys, uv_loop_t *loop, void (*pressed)(void *context, char key), void *context)
{
    *keys = (struct keys){.descriptor = -1, .pressed = pressed, .context = context};
    if (isatty(STDIN_FILENO) == 1) {
        keys->descriptor = open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC);
    }
    if (!is_foreground(keys->descriptor) || tcgetattr(keys->descriptor, &keys->before) != 0 ||
        uv_poll_init(loop, &keys->poll, keys->descriptor) != 0) {
        close_descriptor(keys);
        return;
    }
    keys->is_open = true;
    keys->poll.data = keys->continued.data = keys;
    take_terminal(keys);
    uv_poll_start(&keys->poll, UV_READABLE, on_readable);
    uv_signal_init(loop, &keys->continued);
    uv_signal_start(&keys->continued, on_continued, SIGCONT);
}

static void closed(uv_handle_t *handle)
{
    struct keys *keys = handle->data;
    keys->closing--;
}

void keys_close(struct keys *keys)
{
    if (!keys->is_open) {
        return;
    }
    keys->is_open = false;
    if (is_foreground(keys->descriptor)) {
        tcsetattr(keys->descriptor, TCSANOW, &keys->before);
    }
    keys->closing = 2;
    uv_loop_t *loop = keys->poll.loop;
    uv_close((uv_handle_t *)&keys->poll, closed);
    uv_close((uv_handle_t *)&keys->continued, closed);
    while (keys->closing > 0) {
        uv_run(loop, UV_RUN_ONCE);
    }
    close_descriptor(keys);
}
