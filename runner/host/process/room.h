/* room.h - what the files of host/process share: the room, its posts (guards), its commands.
 *
 * A post is one guard and what it runs. A lane keeps its post between attempts; a deploy command has its own,
 * which leaves with it. A command lives from process_spawn to its done():
 *
 *   CLEANING --> RUNNING --report--> DRAINING --output ended, or 2 s--> done
 *                   |                    ^
 *                   +--guard died--> ORPHANED (until nothing is left of it)
 *
 * One timer serves all deadlines: of drains, of kills that nobody answers, of the sweep of orphans. */
#ifndef ITRUN_HOST_PROCESS_ROOM_H
#define ITRUN_HOST_PROCESS_ROOM_H
#include "itrun/base/memory.h"
#include "itrun/host/process.h"
#include "output/capture.h"
#include "process/guard_uv.h"
#include "process/handover_uv.h"
#include "process/lane_folder_posix.h"
#include "process/variables.h"
#include <uv.h>

#define READ_BUFFER_BYTES 65536

enum command_state { COMMAND_CLEANING, COMMAND_RUNNING, COMMAND_ORPHANED, COMMAND_DRAINING, COMMAND_FAILED };

struct post {
    struct process_room *room;
    struct guard *guard;
    struct command *command; /* NULL: idle */
    bool is_gone;            /* its guard was told to leave, or is dead */
    struct post *next;
};

struct command {
    struct process_room *room;
    uint64_t effect_id;
    size_t lane, suite, stack;
    int64_t started_ms;
    bool is_kept_post; /* the lane's; else its own */
    bool is_interactive;
    enum command_state state;
    struct lane_folder *folder; /* the lane's, or its own */
    const char *outputs_path;   /* NULL: none */
    struct post *post;
    struct capture *capture;
    struct handover *handover; /* interactive: in place of capture */
    struct redactor *redactor;
    struct guard_message message;
    struct text payload; /* while it is CLEANING */
    char *name, *cwd;    /* for messages: argv[0], working directory */
    char *output_path;   /* absolute, or NULL */
    int early_signal;    /* came before the start */
    int64_t deadline_ms; /* DRAINING: give the pipe up; RUNNING: give the guard up; INT64_MAX: none */
    struct process_end end;
    process_done *done;
    void *context;
    uv_work_t cleaning;
    struct error cleaning_error;
    struct command *next;
};

struct lane_home {
    struct lane_folder *folder;
    struct post *post;
};

struct process_room {
    uv_loop_t *loop;
    char *tmp_root, *run_directory, *cookie;
    char *config_path, *credentials_path; /* empty files */
    struct outputs_file no_outputs;       /* "{}", for all lanes that have none */
    int64_t output_limit_bytes;
    struct nursery *nursery;
    uint64_t open_files; /* the soft limit as itrun found it */
    bool is_tmp_root_ours;
    struct variables base, variables; /* the caller's, filtered; and those of the command being made */
    char **base_strings;
    struct arena *arena; /* of the command being made */
    struct text payload;
    struct lane_home *lanes;
    size_t lane_count, lane_capacity, own_folder_count;
    size_t dropping_count; /* folders that are being removed */
    struct post *posts;
    struct command *commands;
    size_t command_count;
    uv_timer_t wake;
    int64_t wake_at_ms;
    bool is_sweeping;
    int64_t sweep_until_ms;
    char *read_buffer;
    bool is_closing, is_cleaning_up;
    uv_work_t cleanup;
    void (*closed)(void *context);
    void *closed_context;
};

/* room_uv.c */
void room_wake_at(struct process_room *room, int64_t at_ms); /* monotonic */
struct lane_home *room_lane(struct process_room *room, size_t lane);
struct post *room_start_post(struct process_room *room, struct error *error);
void post_leave(struct post *post);
void room_drop_folder(struct process_room *room,
                      struct lane_folder *folder); /* removed off the loop, then freed */
void room_check_closed(struct process_room *room);
/* command_uv.c */
void command_ended(struct command *command, const struct guard_report *report);
void command_guard_died(struct command *command, int wait_status);
void command_check(struct command *command, int64_t now_ms); /* its deadline, where it has come */
void command_orphans_gone(struct command *command, size_t left);
void command_signal(struct command *command, bool is_kill);
/* environment.c */
void environment_open(struct process_room *room, const char *const *base);
/* Fills room->payload and the counts of the message. */
void environment_write(struct process_room *room, struct command *command, const struct spawn *spawn,
                       const struct pair *extra, size_t extra_count);
void environment_close(struct process_room *room);
/* failure.c */
void failure_of_start(const struct command *command, const struct guard_report *report, struct error *error);
void failure_of_guard(int wait_status, struct error *error);
#endif
