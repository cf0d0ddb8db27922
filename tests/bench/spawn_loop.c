/* spawn_loop.c - the yardstick: COUNT commands, JOBS at once, by bare posix_spawn; no guard, no capture, no
 * record.
 *
 * usage: spawn_loop COUNT JOBS COMMAND [ARGUMENT...]; prints the milliseconds it took. */
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

static double now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        fprintf(stderr, "usage: spawn_loop COUNT JOBS COMMAND [ARGUMENT...]\n");
        return 2;
    }
    int count = atoi(argv[1]), jobs = atoi(argv[2]), running = 0, failed = 0;
    double started_ms = now_ms();
    for (int started = 0; started < count || running > 0;) {
        if (started < count && running < jobs) {
            pid_t pid;
            if (posix_spawnp(&pid, argv[3], NULL, NULL, argv + 3, environ) != 0) {
                perror(argv[3]);
                return 1;
            }
            started++;
            running++;
            continue;
        }
        int status;
        wait(&status);
        failed += status != 0;
        running--;
    }
    printf("%.1f\n", now_ms() - started_ms);
    return failed > 0;
}
