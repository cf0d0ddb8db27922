/* measure.c - what a command cost, seen by its parent.
 *
 * usage: measure FILE COMMAND [ARGUMENT...]; writes "wall_ms cpu_ms peak_kib exit_status" to FILE.
 *
 * Time and memory are those of the command and of every descendant that was waited for, the memory being that
 * of the largest one. A small program does this, since a process begins with the peak of the one that started
 * it: measured from Python nothing would ever need less than Python does. */
#include <spawn.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

static double now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static double as_ms(struct timeval time)
{
    return (double)time.tv_sec * 1e3 + (double)time.tv_usec / 1e3;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: measure FILE COMMAND [ARGUMENT...]\n");
        return 2;
    }
    pid_t pid;
    int status;
    struct rusage usage;
    double started_ms = now_ms();
    if (posix_spawnp(&pid, argv[2], NULL, NULL, argv + 2, environ) != 0) {
        perror(argv[2]);
        return 1;
    }
    if (wait4(pid, &status, 0, &usage) != pid) {
        perror("wait4");
        return 1;
    }
    double wall_ms = now_ms() - started_ms;
    FILE *file = fopen(argv[1], "w");
    if (file == NULL) {
        perror(argv[1]);
        return 1;
    }
    int exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    fprintf(file, "%.2f %.2f %ld %d\n", wall_ms, as_ms(usage.ru_utime) + as_ms(usage.ru_stime),
            usage.ru_maxrss, exit_status);
    return fclose(file) != 0;
}
