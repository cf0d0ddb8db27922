/* supervise_main.c - every claim in a process of its own; a name as argument runs that one alone. */
#include "bed.h"
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define CLAIM_SECONDS 60

static bool holds(const struct claim *claim)
{
    int64_t started_ms = clock_monotonic_ms();
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        alarm(CLAIM_SECONDS);
        claim->hold();
        exit(0); /* not _exit: the leak check runs at exit */
    }
    int status;
    waitpid(pid, &status, 0);
    bool is_held = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    printf("%s %s (%lld ms)\n", is_held ? "ok    " : "FAILED", claim->name,
           (long long)(clock_monotonic_ms() - started_ms));
    return is_held;
}

int main(int argc, char **argv)
{
    const struct claim *const lists[] = {ending_claims, output_claims, environment_claims, death_claims};
    size_t run = 0, failed = 0;
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        for (const struct claim *claim = lists[i]; claim->name != NULL; claim++) {
            if (argc < 2 || strcmp(argv[1], claim->name) == 0) {
                run++;
                failed += !holds(claim);
            }
        }
    }
    printf("%zu passed, %zu failed\n", run - failed, failed);
    return run == 0 || failed > 0;
}
