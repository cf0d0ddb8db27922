/* room_uv.c - the room: its posts, its one timer, its end. */
#include "process/room.h"
#include "process/orphans_linux.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define SWEEP_PAUSE_MS       5
#define SWEEP_PATIENCE_MS    5000
#define DEFAULT_OUTPUT_BYTES ((int64_t)16 << 20)

/* ---- opening ---- */

/* 200 lanes need three descriptors each. Commands get back the soft limit that the caller had. */
static uint64_t raise_open_files(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return 0;
    }
    uint64_t before = limit.rlim_cur;
    if (limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    return before;
}

static char *make_empty_file(const char *tmp_root, const char *name, struct error *error)
{
    struct text path = {0};
    text_append_format(&path, "%s/%s", tmp_root, name);
    int fd = open(text_string(&path), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        file_error(error, errno, "make", text_string(&path));
        text_clear(&path);
        return NULL;
    }
    close(fd);
    return text_take(&path);
}

static bool open_tmp_root(struct process_room *room, struct error *error)
{
    if (mkdir(room->tmp_root, 0700) == 0) {
        room->is_tmp_root_ours = true;
    } else if (errno != EEXIST) {
        if (!file_make_folders(room->tmp_root, error)) {
            return false;
        }
        room->is_tmp_root_ours = true;
        chmod(room->tmp_root, 0700);
    }
    struct text path = {0};
    text_append_format(&path, "%s/no-outputs.json", room->tmp_root);
    room->no_outputs.path = text_take(&path);
    room->config_path = make_empty_file(room->tmp_root, "aws-config", error);
    room->credentials_path = make_empty_file(room->tmp_root, "aws-credentials", error);
    return room->config_path != NULL && room->credentials_path != NULL;
}

static void room_free(struct process_room *room)
{
    environment_close(room);
    for (size_t i = 0; i < room->lane_count; i++) {
        lane_folder_free(room->lanes[i].folder);
    }
    memory_free(room->lanes);
    arena_free(room->arena);
    text_clear(&room->payload);
    memory_free(room->read_buffer);
    outputs_file_clear(&room->no_outputs);
    memory_free(room->config_path);
    memory_free(room->credentials_path);
    nursery_free(room->nursery);
    memory_free(room->tmp_root);
    memory_free(room->run_directory);
    memory_free(room->cookie);
    memory_free(room);
}

struct process_room *process_room_new(uv_loop_t *loop, const struct process_options *options,
                                      struct error *error)
{
    struct process_room *room = memory_new(sizeof *room);
    room->loop = loop;
    room->tmp_root = memory_copy_string(options->tmp_root);
    room->run_directory = memory_copy_string(options->run_directory);
    room->cookie = memory_copy_string(options->cookie != NULL ? options->cookie : "");
    room->nursery = nursery_new(options->guard_path, room->cookie);
    nursery_expect(room->nursery, options->lane_count);
    room->output_limit_bytes =
        options->output_limit_bytes > 0 ? options->output_limit_bytes : DEFAULT_OUTPUT_BYTES;
    room->arena = arena_new();
    room->wake_at_ms = INT64_MAX;
    environment_open(room, options->base_environment);
    if (!open_tmp_root(room, error)) {
        room_free(room);
        return NULL;
    }
    room->read_buffer = memory_new(READ_BUFFER_BYTES);
    room->open_files = raise_open_files();
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    MUST(uv_timer_init(loop, &room->wake) == 0);
    room->wake.data = room;
    return room;
}

/* ---- lanes and posts ---- */

struct lane_home *room_lane(struct process_room *room, size_t lane)
{
    while (lane >= room->lane_count) {
        room->lanes = memory_grow(room->lanes, room->lane_count, &room->lane_capacity, sizeof *room->lanes);
        room->lanes[room->lane_count++] = (struct lane_home){0};
    }
    return &room->lanes[lane];
}

static void unlink_post(struct post *post)
{
    struct process_room *room = post->room;
    struct post **at = &room->posts;
    while (*at != post) {
        at = &(*at)->next;
    }
    *at = post->next;
    for (size_t i = 0; i < room->lane_count; i++) {
        if (room->lanes[i].post == post) {
            room->lanes[i].post = NULL;
        }
    }
}

static void post_ended(void *context, const struct guard_report *report)
{
    struct post *post = context;
    MUST(post->command != NULL);
    command_ended(post->command, report);
}

static void post_died(void *context, int wait_status)
{
    struct post *post = context;
    struct process_room *room = post->room;
    unlink_post(post);
    if (post->command != NULL) {
        command_guard_died(post->command, wait_status);
    }
    if (!post->is_gone) {
        /* It was killed: what it guarded is ours now. */
        room->is_sweeping = true;
        room->sweep_until_ms = clock_monotonic_ms() + SWEEP_PATIENCE_MS;
        room_wake_at(room, 0);
    }
    memory_free(post);
    room_check_closed(room);
}

struct post *room_start_post(struct process_room *room, struct error *error)
{
    struct post *post = memory_new(sizeof *post);
    const struct guard_options options = {
        .loop = room->loop,
        .ended = post_ended,
        .died = post_died,
        .context = post,
    };
    post->room = room;
    post->guard = guard_start(room->nursery, &options, error);
    if (post->guard == NULL) {
        memory_free(post);
        return NULL;
    }
    post->next = room->posts;
    room->posts = post;
    return post;
}

void post_leave(struct post *post)
{
    if (!post->is_gone) {
        post->is_gone = true;
        guard_leave(post->guard);
    }
}

/* ---- folders that go before the room does ---- */

struct drop {
    uv_work_t work;
    struct process_room *room;
    struct lane_folder *folder;
};

static void remove_dropped(uv_work_t *work)
{
    const struct drop *drop = work->data;
    lane_folder_remove(drop->folder);
}

static void dropped_removed(uv_work_t *work, int status)
{
    (void)status;
    struct drop *drop = work->data;
    struct process_room *room = drop->room;
    lane_folder_free(drop->folder);
    memory_free(drop);
    room->dropping_count--;
    room_check_closed(room);
}

void room_drop_folder(struct process_room *room, struct lane_folder *folder)
{
    struct drop *drop = memory_new(sizeof *drop);
    drop->work.data = drop;
    drop->room = room;
    drop->folder = folder;
    room->dropping_count++;
    MUST(uv_queue_work(room->loop, &drop->work, remove_dropped, dropped_removed) == 0);
}

/* ---- the timer ---- */

static bool is_guard(void *context, pid_t pid)
{
    const struct process_room *room = context;
    if (nursery_owns(room->nursery, pid)) {
        return true;
    }
    for (const struct post *post = room->posts; post != NULL; post = post->next) {
        if (guard_pid(post->guard) == pid) {
            return true;
        }
    }
    return false;
}

static void sweep_orphans(struct process_room *room, int64_t now_ms)
{
    size_t left = orphans_kill(is_guard, room);
    if (left > 0 && now_ms < room->sweep_until_ms) {
        room_wake_at(room, now_ms + SWEEP_PAUSE_MS);
        return;
    }
    room->is_sweeping = false;
    for (struct command *command = room->commands, *next; command != NULL; command = next) {
        next = command->next;
        command_orphans_gone(command, left);
    }
}

static void on_wake(uv_timer_t *timer)
{
    struct process_room *room = timer->data;
    int64_t now_ms = clock_monotonic_ms();
    room->wake_at_ms = INT64_MAX;
    if (room->is_sweeping) {
        sweep_orphans(room, now_ms);
    }
    /* done() may spawn (a new one comes first, so it is not met here) but never ends another command. */
    for (struct command *command = room->commands, *next; command != NULL; command = next) {
        next = command->next;
        command_check(command, now_ms);
    }
    for (const struct command *command = room->commands; command != NULL; command = command->next) {
        room_wake_at(room, command->deadline_ms);
    }
    room_check_closed(room);
}

void room_wake_at(struct process_room *room, int64_t at_ms)
{
    if (at_ms >= room->wake_at_ms) {
        return;
    }
    room->wake_at_ms = at_ms;
    int64_t now_ms = clock_monotonic_ms();
    uv_update_time(room->loop);
    uv_timer_start(&room->wake, on_wake, at_ms > now_ms ? (uint64_t)(at_ms - now_ms) : 0, 0);
}

/* ---- asking ---- */

static struct command *find_command(const struct process_room *room, uint64_t effect_id)
{
    struct command *command = room->commands;
    while (command != NULL && command->effect_id != effect_id) {
        command = command->next;
    }
    return command;
}

void process_signal(struct process_room *room, uint64_t spawn_effect_id, bool is_kill)
{
    struct command *command = find_command(room, spawn_effect_id);
    if (command != NULL) {
        command_signal(command, is_kill);
    }
}

void process_set_deadline(struct process_room *room, size_t lane, int64_t lease_stop_by_ms)
{
    for (struct command *command = room->commands; command != NULL; command = command->next) {
        if (command->lane != lane) {
            continue;
        }
        command->message.deadline_ms = lease_stop_by_ms;
        if (command->state == COMMAND_RUNNING) {
            guard_set_deadline(command->post->guard, lease_stop_by_ms);
        }
    }
}

void process_close_lane(struct process_room *room, size_t lane)
{
    struct lane_home *home = room_lane(room, lane);
    if (home->post != NULL && home->post->command != NULL) {
        return; /* something still runs there: all goes at the end */
    }
    if (home->post != NULL) {
        post_leave(home->post);
        home->post = NULL;
    }
    if (home->folder != NULL) {
        room_drop_folder(room, home->folder);
        home->folder = NULL;
    }
}

size_t process_running_count(const struct process_room *room)
{
    return room->command_count;
}

void process_peek(const struct process_room *room,
                  void (*seen)(void *context, const struct process_seen *command), void *context)
{
    int64_t now_ms = clock_monotonic_ms();
    struct text tail = {0};
    for (const struct command *command = room->commands; command != NULL; command = command->next) {
        if (command->state != COMMAND_RUNNING) {
            continue;
        }
        text_reset(&tail);
        if (command->capture != NULL) {
            capture_show_tail(command->capture, &tail);
        }
        const struct process_seen one = {command->lane, command->suite, command->stack,
                                         now_ms - command->started_ms, text_string(&tail)};
        seen(context, &one);
    }
    text_clear(&tail);
}

/* ---- closing ---- */

static void remove_folders(uv_work_t *work)
{
    const struct process_room *room = work->data;
    for (size_t i = 0; i < room->lane_count; i++) {
        if (room->lanes[i].folder != NULL) {
            lane_folder_remove(room->lanes[i].folder);
        }
    }
    outputs_file_remove(&room->no_outputs);
    unlink(room->config_path);
    unlink(room->credentials_path);
    if (room->is_tmp_root_ours) {
        rmdir(room->tmp_root);
    }
}

static void on_wake_closed(uv_handle_t *handle)
{
    struct process_room *room = handle->data;
    void (*closed)(void *) = room->closed;
    void *context = room->closed_context;
    room_free(room);
    if (closed != NULL) {
        closed(context);
    }
}

static void folders_removed(uv_work_t *work, int status)
{
    (void)status;
    struct process_room *room = work->data;
    uv_close((uv_handle_t *)&room->wake, on_wake_closed);
}

void room_check_closed(struct process_room *room)
{
    bool is_over =
        room->commands == NULL && room->posts == NULL && room->dropping_count == 0 && !room->is_sweeping;
    if (room->is_closing && is_over && !room->is_cleaning_up) {
        room->is_cleaning_up = true;
        room->cleanup.data = room;
        MUST(uv_queue_work(room->loop, &room->cleanup, remove_folders, folders_removed) == 0);
    }
}

void process_room_close(struct process_room *room, void (*closed)(void *context), void *context)
{
    MUST(!room->is_closing);
    room->is_closing = true;
    room->closed = closed;
    room->closed_context = context;
    for (struct command *command = room->commands; command != NULL; command = command->next) {
        command_signal(command, true);
    }
    for (struct post *post = room->posts; post != NULL; post = post->next) {
        if (post->command == NULL) {
            post_leave(post);
        }
    }
    room_check_closed(room);
}
