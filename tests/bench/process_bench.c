/* process_bench.c - the same commands through host/process: guards, private folders, captured output.
 *
 * usage: process_bench GUARD COUNT LANES COMMAND [ARGUMENT...]; prints the milliseconds and the peak memory
 * in KiB. */
#include "itrun/base/memory.h"
#include "itrun/host/process.h"
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <uv.h>

extern char **environ;

struct bench {
    struct process_room *room;
    const char *const *argv;
    uint64_t started, ended, count;
    int failed;
};

static void next(struct bench *bench, size_t lane);

static void ended(void *context, uint64_t effect_id, const struct process_end *end)
{
    struct bench *bench = context;
    bench->failed += end->error.kind != ERROR_NONE || end->exit_code != 0 || end->signal != 0;
    size_t lane = (size_t)(effect_id >> 32);
    bench->ended++;
    if (bench->started < bench->count) {
        next(bench, lane);
    } else if (bench->ended == bench->count) {
        process_room_close(bench->room, NULL, NULL);
    }
}

static void next(struct bench *bench, size_t lane)
{
    char output_path[64];
    uint64_t number = bench->started++;
    snprintf(output_path, sizeof output_path, "suites/%llu/1/output.log", (unsigned long long)number);
    const struct pair env[] = {{"ITRUN", "1"}, {"ITRUN_SUITE", output_path}};
    const struct spawn spawn = {
        .lane = lane,
        .stack = NO_INDEX,
        .account = NO_INDEX,
        .argv = bench->argv,
        .cwd = "/",
        .env = env,
        .env_count = 2,
        .outputs_json = "{}",
        .output_path = output_path,
        .lease_stop_by_ms = INT64_MAX,
    };
    process_spawn(bench->room, (uint64_t)lane << 32 | number, &spawn, NULL, 0, NULL, ended, bench);
}

int main(int argc, char **argv)
{
    if (argc < 5) {
        fprintf(stderr, "usage: process_bench GUARD COUNT LANES COMMAND [ARGUMENT...]\n");
        return 2;
    }
    char folder[PATH_MAX], tmp[PATH_MAX + 8];
    uv_loop_t loop;
    struct error error = {0};
    struct bench bench = {.argv = (const char *const *)argv + 4, .count = (uint64_t)atoi(argv[2])};
    const char *base = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/itrun-bench-XXXXXX", base != NULL ? base : "/tmp");
    if (mkdtemp(folder) == NULL || uv_loop_init(&loop) != 0) {
        return 1;
    }
    int64_t started_us = clock_monotonic_us();
    snprintf(tmp, sizeof tmp, "%s/tmp", folder);
    const struct process_options options = {.guard_path = argv[1],
                                            .tmp_root = tmp,
                                            .run_directory = folder,
                                            .base_environment = (const char *const *)environ,
                                            .cookie = "bench"};
    bench.room = process_room_new(&loop, &options, &error);
    if (bench.room == NULL) {
        fprintf(stderr, "%s\n", error.what);
        return 1;
    }
    for (size_t lane = 0; lane < (size_t)atoi(argv[3]) && bench.started < bench.count; lane++) {
        next(&bench, lane);
    }
    uv_run(&loop, UV_RUN_DEFAULT);
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("%.1f %ld\n", (double)(clock_monotonic_us() - started_us) / 1e3, usage.ru_maxrss);
    uv_loop_close(&loop);
    file_remove_tree(folder, NULL);
    return bench.failed > 0;
}
