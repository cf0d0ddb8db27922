#include "bed.h"
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MS 20000

void pause_ms(int ms)
{
    nanosleep(&(struct timespec){ms / 1000, (long)(ms % 1000) * 1000000}, NULL);
}

void bed_open(struct bed *bed)
{
    static const char *const plain[] = {"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=/root", NULL};
    snprintf(bed->folder, sizeof bed->folder, "/tmp/itrun-supervise-XXXXXX");
    CHECK(mkdtemp(bed->folder) != NULL, "no temporary folder");
    snprintf(bed->cookie, sizeof bed->cookie, "bed-%d-%lld", (int)getpid(), (long long)clock_monotonic_us());
    char tmp[96], run[96];
    snprintf(tmp, sizeof tmp, "%s/tmp", bed->folder);
    snprintf(run, sizeof run, "%s/run", bed->folder);
    CHECK(uv_loop_init(&bed->loop) == 0, "no loop");
    bed->redactor = redactor_new();
    const struct process_options options = {
        .guard_path = GUARD_PATH,
        .tmp_root = tmp,
        .run_directory = run,
        .output_limit_bytes = bed->output_limit_bytes,
        .base_environment = bed->base_environment != NULL ? bed->base_environment : plain,
        .cookie = bed->cookie,
    };
    struct error error = {0};
    bed->room = process_room_new(&bed->loop, &options, &error);
    CHECK(bed->room != NULL, "%s", error.what);
}

static void room_closed(void *context)
{
    ((struct bed *)context)->is_closed = true;
}

void bed_close(struct bed *bed)
{
    process_room_close(bed->room, room_closed, bed);
    while (!bed->is_closed) {
        uv_run(&bed->loop, UV_RUN_DEFAULT);
    }
    CHECK(uv_loop_close(&bed->loop) == 0, "a handle stayed open");
    redactor_free(bed->redactor);
    for (size_t i = 0; i < sizeof bed->results / sizeof *bed->results; i++) {
        memory_free(bed->results[i].tail);
        memory_free(bed->results[i].reason);
    }
    file_remove_tree(bed->folder, NULL);
}

struct spawn bed_suite(size_t lane, const char *script, const char *argv[4])
{
    argv[0] = "/bin/sh";
    argv[1] = "-c";
    argv[2] = script;
    argv[3] = NULL;
    return (struct spawn){.lane = lane,
                          .suite = 0,
                          .stack = NO_INDEX,
                          .attempt = 1,
                          .account = NO_INDEX,
                          .argv = argv,
                          .cwd = "/",
                          .output_path = "output.log",
                          .lease_stop_by_ms = INT64_MAX};
}

static void spawn_done(void *context, uint64_t effect_id, const struct process_end *end)
{
    struct bed *bed = context;
    struct result *result = &bed->results[effect_id];
    CHECK(!result->is_done, "done twice");
    result->is_done = true;
    result->end = *end;
    result->tail = memory_copy_string(end->output_tail != NULL ? end->output_tail : "");
    result->reason = end->infra_reason != NULL ? memory_copy_string(end->infra_reason) : NULL;
    result->took_ms = clock_monotonic_ms() - result->started_ms;
    uv_stop(&bed->loop); /* so that whoever waits looks again */
}

uint64_t bed_spawn(struct bed *bed, const struct spawn *spawn)
{
    uint64_t id = ++bed->last_id;
    bed->results[id].started_ms = clock_monotonic_ms();
    process_spawn(bed->room, id, spawn, NULL, 0, bed->redactor, spawn_done, bed);
    CHECK(!bed->results[id].is_done, "completed from inside process_spawn");
    return id;
}

static void timer_fired(uv_timer_t *timer)
{
    *(bool *)timer->data = true;
}

static void timer_closed(uv_handle_t *handle)
{
    *(bool *)handle->data = true;
}

/* Works the loop until *flag or the time is over. */
static void work_loop(struct bed *bed, const bool *flag, int ms)
{
    uv_timer_t timer;
    bool has_fired = false, is_closed = false;
    timer.data = &has_fired;
    uv_timer_init(&bed->loop, &timer);
    uv_update_time(&bed->loop);
    uv_timer_start(&timer, timer_fired, (uint64_t)ms, 0);
    while (!has_fired && !*flag) {
        uv_run(&bed->loop, UV_RUN_ONCE);
    }
    timer.data = &is_closed;
    uv_close((uv_handle_t *)&timer, timer_closed);
    while (!is_closed) {
        uv_run(&bed->loop, UV_RUN_NOWAIT);
    }
}

const struct result *bed_wait(struct bed *bed, uint64_t id)
{
    work_loop(bed, &bed->results[id].is_done, PATIENCE_MS);
    CHECK(bed->results[id].is_done, "the command did not end in time");
    return &bed->results[id];
}

const struct result *bed_run(struct bed *bed, const char *script)
{
    const char *argv[4];
    struct spawn spawn = bed_suite(0, script, argv);
    return bed_wait(bed, bed_spawn(bed, &spawn));
}

void bed_turn(struct bed *bed, int ms)
{
    const bool never = false;
    work_loop(bed, &never, ms);
}

char *bed_read(const struct bed *bed, const char *relative)
{
    char path[512], *bytes = NULL;
    size_t length;
    snprintf(path, sizeof path, "%s/%s", bed->folder, relative);
    return file_read(path, 1 << 28, &bytes, &length, NULL) ? bytes : NULL;
}

bool bed_has(const struct bed *bed, const char *relative)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", bed->folder, relative);
    return access(path, F_OK) == 0;
}

void bed_await_file(struct bed *bed, const char *relative)
{
    int64_t until_ms = clock_monotonic_ms() + PATIENCE_MS;
    while (!bed_has(bed, relative)) {
        CHECK(clock_monotonic_ms() < until_ms, "%s did not come", relative);
        if (bed->room != NULL) {
            bed_turn(bed, 5);
        } else {
            pause_ms(5);
        }
    }
}

/* ---- census ---- */

static size_t read_proc(const char *pid, const char *name, char *bytes, size_t size)
{
    char path[300];
    snprintf(path, sizeof path, "/proc/%s/%s", pid, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t count = fd >= 0 ? read(fd, bytes, size - 1) : -1;
    if (fd >= 0) {
        close(fd);
    }
    size_t length = count > 0 ? (size_t)count : 0;
    bytes[length] = '\0';
    return length;
}

/* The pid's kind: 0 not ours, 1 a guard, 2 another process. Zombies have no environment. */
static int kind_of(const char *pid, const char *cookie)
{
    static char environment[1 << 20];
    char wanted[64], name[64];
    size_t length = read_proc(pid, "environ", environment, sizeof environment);
    snprintf(wanted, sizeof wanted, "ITRUN_COOKIE=%s", cookie);
    if (length == 0 || memmem(environment, length, wanted, strlen(wanted) + 1) == NULL) {
        return 0;
    }
    read_proc(pid, "comm", name, sizeof name);
    return strcmp(name, "itrun-guard\n") == 0 ? 1 : 2;
}

struct guards {
    pid_t oldest, newest;
};

static size_t count_processes(const char *cookie, bool with_guards, struct guards *guards)
{
    DIR *processes = opendir("/proc");
    size_t count = 0;
    const struct dirent *entry;
    while ((entry = readdir(processes)) != NULL) {
        pid_t pid = (pid_t)atoi(entry->d_name);
        int kind = pid > 0 ? kind_of(entry->d_name, cookie) : 0;
        if (kind == 1) {
            guards->newest = pid > guards->newest ? pid : guards->newest;
            guards->oldest = guards->oldest == 0 || pid < guards->oldest ? pid : guards->oldest;
        }
        count += kind == 2 || (kind == 1 && with_guards);
    }
    closedir(processes);
    return count;
}

size_t census(const char *cookie, bool with_guards)
{
    struct guards guards = {0};
    return count_processes(cookie, with_guards, &guards);
}

static size_t await(const char *cookie, bool with_guards, size_t least, size_t most, int limit_ms)
{
    int64_t until_ms = clock_monotonic_ms() + limit_ms;
    for (;;) {
        size_t count = census(cookie, with_guards);
        if ((count >= least && count <= most) || clock_monotonic_ms() >= until_ms) {
            return count;
        }
        pause_ms(5);
    }
}

size_t census_await(const char *cookie, bool with_guards, size_t expected, int limit_ms)
{
    return await(cookie, with_guards, expected, expected, limit_ms);
}

void census_await_least(const char *cookie, size_t least)
{
    size_t count = await(cookie, false, least, SIZE_MAX, PATIENCE_MS);
    CHECK(count >= least, "only %zu processes stand", count);
}

pid_t census_newest_guard(const char *cookie)
{
    struct guards guards = {0};
    count_processes(cookie, true, &guards);
    CHECK(guards.newest > 0, "no guard");
    return guards.newest;
}

pid_t census_oldest_guard(const char *cookie)
{
    struct guards guards = {0};
    count_processes(cookie, true, &guards);
    CHECK(guards.oldest > 0, "no guard");
    return guards.oldest;
}
