/* boot_timer_linux.c - a timer that counts sleep: timerfd on CLOCK_BOOTTIME, watched by the loop. */
#include "itrun/base/memory.h"
#include "itrun/loop.h"
#include <errno.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include <uv.h>

struct boot_timer {
    uv_poll_t poll;
    int fd;
    bool is_set; /* to at_ms, and it has not fired since */
    int64_t at_ms;
    void (*fired)(void *context);
    void *context;
    void (*closed)(void *context);
    void *closed_context;
};

static void on_readable(uv_poll_t *poll, int status, int events)
{
    (void)events;
    struct boot_timer *timer = poll->data;
    uint64_t expirations = 0;
    /* A timer that was moved between the wake-up and here has nothing to read: it did not fire. */
    if (status == 0 && read(timer->fd, &expirations, sizeof expirations) == (ssize_t)sizeof expirations) {
        timer->is_set = false;
        timer->fired(timer->context);
    }
}

struct boot_timer *boot_timer_new(uv_loop_t *loop, void (*fired)(void *context), void *context,
                                  struct error *error)
{
    int fd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
    if (fd < 0) {
        error_set(error, ERROR_LIMIT, "cannot make a timer that counts sleep: error %d", errno);
        return NULL;
    }
    struct boot_timer *timer = memory_new(sizeof *timer);
    timer->fd = fd;
    timer->fired = fired;
    timer->context = context;
    timer->poll.data = timer;
    MUST(uv_poll_init(loop, &timer->poll, fd) == 0);
    MUST(uv_poll_start(&timer->poll, UV_READABLE, on_readable) == 0);
    return timer;
}

void boot_timer_set(struct boot_timer *timer, int64_t at_boottime_ms)
{
    if (timer->is_set && at_boottime_ms == timer->at_ms) {
        return; /* asked after every step, and mostly nothing has changed */
    }
    timer->is_set = true;
    timer->at_ms = at_boottime_ms;
    struct itimerspec when = {0};
    if (at_boottime_ms != INT64_MAX) {
        /* Zero would switch the timer off; a time long past fires at once, as it should. */
        int64_t at_ms = at_boottime_ms > 0 ? at_boottime_ms : 1;
        when.it_value.tv_sec = at_ms / 1000;
        when.it_value.tv_nsec = at_ms % 1000 * 1000000;
    }
    MUST(timerfd_settime(timer->fd, TFD_TIMER_ABSTIME, &when, NULL) == 0);
}

static void on_closed(uv_handle_t *handle)
{
    struct boot_timer *timer = handle->data;
    close(timer->fd);
    void (*closed)(void *) = timer->closed;
    void *context = timer->closed_context;
    memory_free(timer);
    if (closed != NULL) {
        closed(context);
    }
}

void boot_timer_close(struct boot_timer *timer, void (*closed)(void *context), void *context)
{
    timer->closed = closed;
    timer->closed_context = context;
    uv_close((uv_handle_t *)&timer->poll, on_closed);
}
