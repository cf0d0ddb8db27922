/* process.h - commands under guards: spawned, captured, timed out by their owner, swept whole.
 *
 * itrun is a subreaper and starts static guards (itrun-guard) with posix_spawn; a guard runs one command at a
 * time in a session of its own, sweeps every descendant when the command ends, when it is told to, when its
 * lifeline closes (itrun died, even by SIGKILL) or when the lease's deadline passes on CLOCK_BOOTTIME, and
 * reports wait status, leaked count and resource use. One guard per lane for attempts, kept between them; one
 * per running deploy command. Decides nothing about suites. Loop thread only. Limits: output_limit_bytes a
 * command (the rest is counted, not kept), drain after the end at most 2 s. */
#ifndef ITRUN_HOST_PROCESS_H
#define ITRUN_HOST_PROCESS_H
#include "itrun/host/output.h"
#include "itrun/loop.h"
#include "itrun/model/input.h"

struct process_options {
    const char *guard_path; /* the itrun-guard binary */
    const char *tmp_root;   /* <tmp_root>/<lane>/: made once a lane, emptied between attempts */
    const char *run_directory;
    size_t lane_count; /* lanes that will run something: so many guards may be made ahead; 0: unknown */
    int64_t output_limit_bytes;          /* default 16 MiB */
    const char *const *base_environment; /* the caller's environ; AWS_* and ITRUN_* are dropped from it */
    const char *cookie; /* value of ITRUN_COOKIE in every child, for a census; the run's id */
};
struct process_room;
struct process_room *process_room_new(uv_loop_t *loop, const struct process_options *options,
                                      struct error *error);
typedef void process_done(void *context, uint64_t effect_id,
                          const struct process_end *end); /* end valid during the call */
/* extra_env: credentials, endpoint and region, from host/credentials. redactor: borrowed until done. */
void process_spawn(struct process_room *room, uint64_t effect_id, const struct spawn *spawn,
                   const struct pair *extra_env, size_t extra_count, struct redactor *redactor,
                   process_done *done, void *context);
void process_signal(struct process_room *room, uint64_t spawn_effect_id,
                    bool is_kill); /* unknown id: nothing */
void process_set_deadline(struct process_room *room, size_t lane, int64_t lease_stop_by_ms);
/* No more commands come for this lane: its guard and its folder go now, not at the end of the run. */
void process_close_lane(struct process_room *room, size_t lane);
size_t process_running_count(const struct process_room *room);
/* Every running command, with the last printable lines of its output; valid during the call. */
struct process_seen {
    size_t lane, suite, stack; /* as in its spawn */
    int64_t running_ms;
    const char *tail;
};
void process_peek(const struct process_room *room,
                  void (*seen)(void *context, const struct process_seen *command), void *context);
/* Kills what runs, waits for the guards, then closed(). */
void process_room_close(struct process_room *room, void (*closed)(void *context), void *context);
/* Finds itrun-guard beside the running executable, else in ../libexec/itrun, else PATH. */
bool process_find_guard(struct text *ret_path, struct error *error);
#endif
