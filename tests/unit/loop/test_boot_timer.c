#include "itrun/loop.h"
#include <criterion/criterion.h>
#include <time.h>
#include <uv.h>

struct seen {
    struct boot_timer *timer;
    int fired;
    int64_t at_ms;
    bool is_closed;
};

static void closed(void *context)
{
    ((struct seen *)context)->is_closed = true;
}

static void fired(void *context)
{
    struct seen *seen = context;
    seen->fired++;
    seen->at_ms = clock_boottime_ms();
    boot_timer_close(seen->timer, closed, seen);
}

Test(boot_timer, fires_once_and_not_before_its_time)
{
    uv_loop_t loop;
    uv_loop_init(&loop);
    struct seen seen = {0};
    seen.timer = boot_timer_new(&loop, fired, &seen, NULL);
    int64_t at_ms = clock_boottime_ms() + 30;
    boot_timer_set(seen.timer, at_ms);
    uv_run(&loop, UV_RUN_DEFAULT);
    cr_assert_eq(seen.fired, 1);
    cr_assert_geq(seen.at_ms, at_ms);
    cr_assert(seen.is_closed);
    cr_assert_eq(uv_loop_close(&loop), 0);
}

Test(boot_timer, a_time_long_past_fires_at_once)
{
    uv_loop_t loop;
    uv_loop_init(&loop);
    struct seen seen = {0};
    seen.timer = boot_timer_new(&loop, fired, &seen, NULL);
    boot_timer_set(seen.timer, -5);
    uv_run(&loop, UV_RUN_DEFAULT);
    cr_assert_eq(seen.fired, 1);
    cr_assert_eq(uv_loop_close(&loop), 0);
}

static void turn_over(uv_timer_t *timer)
{
    uv_close((uv_handle_t *)timer, NULL);
    struct seen *seen = timer->data;
    boot_timer_close(seen->timer, closed, seen);
}

Test(boot_timer, one_that_is_moved_or_switched_off_does_not_fire)
{
    uv_loop_t loop;
    uv_loop_init(&loop);
    struct seen seen = {0};
    seen.timer = boot_timer_new(&loop, fired, &seen, NULL);
    boot_timer_set(seen.timer, clock_boottime_ms() + 10);
    boot_timer_set(seen.timer, clock_boottime_ms() + 3600000);
    boot_timer_set(seen.timer, clock_boottime_ms() + 10);
    boot_timer_set(seen.timer, INT64_MAX);
    uv_timer_t watch;
    watch.data = &seen;
    uv_timer_init(&loop, &watch);
    uv_timer_start(&watch, turn_over, 60, 0);
    uv_run(&loop, UV_RUN_DEFAULT);
    cr_assert_eq(seen.fired, 0);
    cr_assert(seen.is_closed);
    cr_assert_eq(uv_loop_close(&loop), 0);
}

Test(clocks, agree_with_the_systems)
{
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    cr_assert_leq(clock_boottime_ms() - (now.tv_sec * 1000 + now.tv_nsec / 1000000), 1000);
    clock_gettime(CLOCK_MONOTONIC, &now);
    cr_assert_leq(clock_monotonic_ms() - (now.tv_sec * 1000 + now.tv_nsec / 1000000), 1000);
    clock_gettime(CLOCK_REALTIME, &now);
    cr_assert_leq(clock_wall_us() / 1000000 - now.tv_sec, 1);
    int64_t first_us = clock_monotonic_us();
    cr_assert_leq(first_us, clock_monotonic_us());
    cr_assert_geq(first_us / 1000, clock_monotonic_ms() - 1000);
}
