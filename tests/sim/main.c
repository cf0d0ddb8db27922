/* The simulation: many seeds, the promises after every step, and every move of every state table reached.
 *
 *   sim [--seeds N] [--from S] [--no-coverage]     sim --seed S [--verbose]
 *
 * Closes with "N passed, N failed". A failure prints its seed and the step to look at. */
#include "accounts/pool_state.h"
#include "stacks/reconcile_state.h"
#include "world.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum machine {
    MACHINE_COORDINATOR,
    MACHINE_LANE,
    MACHINE_ATTEMPT,
    MACHINE_POOL,
    MACHINE_RECONCILE,
    MACHINE_COUNT
};
static unsigned char taken[6][24][24];

struct row {
    const char *name;
    unsigned next;
};
#define ROW(name, next) {#name, (unsigned)(next)},
static const struct row coordinator_rows[] = {COORDINATOR_TABLE(ROW)};
static const struct row lane_rows[] = {LANE_TABLE(ROW)};
static const struct row attempt_rows[] = {ATTEMPT_TABLE(ROW)};
static const struct row pool_rows[] = {POOL_TABLE(ROW)};
static struct row reconcile_rows[RECONCILE_STATE_COUNT]; /* copied from the room's own table */
#define TABLE(rows)                                                                                          \
    {                                                                                                        \
        rows, sizeof rows / sizeof *rows                                                                     \
    }
static const struct {
    const char *name;
    struct {
        const struct row *rows;
        size_t count;
    } table;
} machines[MACHINE_COUNT] = {
    {"coordinator", TABLE(coordinator_rows)}, {"lane", TABLE(lane_rows)},
    {"attempt", TABLE(attempt_rows)},         {"pool", TABLE(pool_rows)},
    {"reconcile", TABLE(reconcile_rows)},
};

static void moved(void *context, const char *machine, int from, int to)
{
    (void)context;
    for (size_t i = 0; i < MACHINE_COUNT; i++) {
        if (strcmp(machines[i].name, machine) == 0) {
            taken[i][from][to] = 1;
        }
    }
}

static size_t report_unreached(void)
{
    size_t unreached = 0;
    for (size_t m = 0; m < MACHINE_COUNT; m++) {
        for (size_t from = 0; from < machines[m].table.count; from++) {
            for (size_t to = 0; to < machines[m].table.count; to++) {
                bool is_allowed = (machines[m].table.rows[from].next & (1u << to)) != 0;
                if (is_allowed && taken[m][from][to] == 0) {
                    printf("no seed takes the %s from %s to %s: reach it or remove it from the table\n",
                           machines[m].name, machines[m].table.rows[from].name,
                           machines[m].table.rows[to].name);
                    unreached++;
                }
            }
        }
    }
    return unreached;
}

static void copy_reconcile_rows(void)
{
    for (size_t i = 0; i < RECONCILE_STATE_COUNT; i++) {
        reconcile_rows[i] = (struct row){reconcile_states[i].name, reconcile_states[i].next};
    }
}

/* What every lane that is not done waits for: the first thing to know of a world that does not finish. */
static void print_lanes(const struct world *world)
{
    for (int a = 0; a < ACTORS; a++) {
        const struct run *run = world->actors[a].run;
        for (size_t i = 0; i < run->lane_count && world->actors[a].is_alive; i++) {
            const struct lane *lane = &run->lanes[i];
            if (lane->state == LANE_DONE) {
                continue;
            }
            printf("  actor %d lane %zu %s, attempt %d, claim %llu, slot %d%s; stacks", a, i,
                   lane_state_name(lane->state), (int)lane->attempt.state, (unsigned long long)lane->claim_id,
                   lane->has_job_slot, lane->wants_job_slot ? " wanted" : "");
            for (size_t s = 0; s < STACKS && lane->reconcile != NULL; s++) {
                printf(" %d", (int)reconcile_readiness(lane->reconcile, s));
            }
            for (size_t q = 0; q < lane->queue_count; q++) {
                if (lane->queue[q] != NO_INDEX && run->suites[lane->queue[q]].progress != SUITE_FINISHED) {
                    printf("; suite %zu %d", lane->queue[q], (int)run->suites[lane->queue[q]].progress);
                }
            }
            printf("%s\n",
                   lane->reconcile != NULL && !reconcile_is_idle(lane->reconcile) ? "; reconcile busy" : "");
        }
    }
}

static bool run_seed(uint64_t seed, bool is_verbose)
{
    struct world *world = memory_new(sizeof *world);
    world->is_verbose = is_verbose;
    scenario_make(world, seed);
    for (int i = 0; i < ACTORS; i++) {
        run_observe(world->actors[i].run, moved, NULL);
    }
    world_run(world);
    bool is_fine = world->failure[0] == '\0';
    if (!is_fine) {
        printf("seed %llu, step %zu, t=%lld ms: %s\n", (unsigned long long)seed, world->steps,
               (long long)world->now_ms, world->failure);
        print_lanes(world);
    }
    world_clear(world);
    memory_free(world);
    return is_fine;
}

int main(int argc, char **argv)
{
    uint64_t from = 1, count = 10000;
    bool is_verbose = false, wants_coverage = true;
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "0";
        if (strcmp(argv[i], "--seeds") == 0) {
            count = strtoull(value, NULL, 10);
        } else if (strcmp(argv[i], "--from") == 0) {
            from = strtoull(value, NULL, 10);
        } else if (strcmp(argv[i], "--seed") == 0) {
            from = strtoull(value, NULL, 10);
            count = 1;
            wants_coverage = false;
        } else if (strcmp(argv[i], "--no-coverage") == 0) {
            wants_coverage = false;
            continue;
        } else if (strcmp(argv[i], "--verbose") == 0) {
            is_verbose = true;
            continue;
        } else {
            fprintf(stderr, "sim [--seeds N] [--from S] [--no-coverage] | --seed S [--verbose]\n");
            return 2;
        }
        i++;
    }
    copy_reconcile_rows();
    size_t failed = 0;
    for (uint64_t seed = from; seed < from + count && failed < 20; seed++) {
        failed += run_seed(seed, is_verbose) ? 0 : 1;
    }
    size_t unreached = wants_coverage && failed == 0 ? report_unreached() : 0;
    printf("%llu passed, %zu failed\n", (unsigned long long)(count - failed), failed + unreached);
    return failed + unreached == 0 ? 0 : 1;
}
