/* bed.h - a test bed for host/process: a room on a loop in a folder of its own, commands by shell, a census.
 *
 * A claim is a function that returns when it holds and leaves by CHECK when it does not. Each runs in a
 * process of its own, since a room makes its process a subreaper. */
#ifndef BED_H
#define BED_H
#include "itrun/base/memory.h"
#include "itrun/host/process.h"
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

#define CHECK(condition, ...)                                                                                \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            printf("    %s:%d: %s: ", __FILE__, __LINE__, #condition);                                       \
            printf(__VA_ARGS__);                                                                             \
            printf("\n");                                                                                    \
            fflush(stdout);                                                                                  \
            _Exit(1);                                                                                        \
        }                                                                                                    \
    } while (0)

struct claim {
    const char *name;
    void (*hold)(void);
};
extern const struct claim ending_claims[], output_claims[], environment_claims[],
    death_claims[]; /* name NULL: end */

struct result {
    bool is_done;
    struct process_end end;
    char *tail;   /* never NULL when done */
    char *reason; /* infra_reason, or NULL */
    int64_t took_ms, started_ms;
};

struct bed {
    uv_loop_t loop;
    struct process_room *room;
    struct redactor *redactor;
    char folder[64]; /* /tmp/itrun-supervise-XXXXXX */
    char cookie[32];
    const char *const *base_environment;
    int64_t output_limit_bytes;
    uint64_t last_id;
    struct result results[512]; /* by effect id */
    bool is_closed;
};
void bed_open(struct bed *bed);  /* room in <folder>: tmp/, run/ */
void bed_close(struct bed *bed); /* removes the folder */
/* What a shell script would be as a suite of `lane`; change it before bed_spawn. */
struct spawn bed_suite(size_t lane, const char *script, const char *argv[4]);
uint64_t bed_spawn(struct bed *bed, const struct spawn *spawn);
const struct result *bed_wait(struct bed *bed, uint64_t id);
const struct result *bed_run(struct bed *bed, const char *script); /* in lane 0, waited for */
void bed_turn(struct bed *bed, int ms);                            /* lets the loop work for a while */
char *bed_read(const struct bed *bed, const char *relative); /* a file below the folder; NULL when absent */
bool bed_has(const struct bed *bed, const char *relative);
/* Waits until a file below the folder exists, working the loop when one is given. */
void bed_await_file(struct bed *bed, const char *relative);

/* Living processes with this cookie in their environment; guards counted only where asked. */
size_t census(const char *cookie, bool with_guards);
/* Waits until the census is `expected`, at most limit_ms; the last count. */
size_t census_await(const char *cookie, bool with_guards, size_t expected, int limit_ms);
/* Waits until at least so many commands run. */
void census_await_least(const char *cookie, size_t least);
/* By age: the nursery is the oldest. There must be one. (Numbers start again so seldom that a test may ignore
 * it.) */
pid_t census_newest_guard(const char *cookie);
pid_t census_oldest_guard(const char *cookie);
void pause_ms(int ms);
#endif
