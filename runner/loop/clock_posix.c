/* clock_posix.c - the only place below the wall that reads a clock for others. */
#include "itrun/loop.h"
#include <time.h>

static int64_t clock_read_us(clockid_t id)
{
    struct timespec now;
    MUST(clock_gettime(id, &now) == 0);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t clock_monotonic_ms(void)
{
    return clock_read_us(CLOCK_MONOTONIC) / 1000;
}

int64_t clock_monotonic_us(void)
{
    return clock_read_us(CLOCK_MONOTONIC);
}

int64_t clock_boottime_ms(void)
{
    return clock_read_us(CLOCK_BOOTTIME) / 1000;
}

int64_t clock_wall_us(void)
{
    return clock_read_us(CLOCK_REALTIME);
}
