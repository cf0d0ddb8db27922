/* command_uv.c - one command from process_spawn to done(). */
#include "process/room.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define DRAIN_MS          2000 /* somebody outside holds the pipe: not for long */
#define GUARD_PATIENCE_MS 5000 /* a guard that did not answer to KILL is killed itself */

static void command_free(struct command *command)
{
    if (command->capture != NULL) {
        capture_free(command->capture);
    }
    if (command->handover != NULL) {
        handover_close(command->handover);
    }
    text_clear(&command->payload);
    memory_free(command->name);
    memory_free(command->cwd);
    memory_free(command->output_path);
    memory_free(command);
}

static void unlink_command(struct command *command)
{
    struct process_room *room = command->room;
    struct command **at = &room->commands;
    while (*at != command) {
        at = &(*at)->next;
    }
    *at = command->next;
    room->command_count--;
}

/* A deploy command's guard and folder go with it; a lane's stay. */
static void release(struct command *command)
{
    struct post *post = command->post;
    if (post != NULL) {
        post->command = NULL;
        if (!command->is_kept_post || command->room->is_closing) {
            post_leave(post);
        }
    }
    if (!command->is_kept_post) {
        room_drop_folder(command->room, command->folder);
    }
}

static void append_redacted_line(const struct command *command, const struct text *line, struct text *ret)
{
    struct redaction *redaction = redaction_new(command->redactor);
    struct text redacted = {0};
    redaction_feed(redaction, text_string(line), line->length, true, &redacted);
    text_append_printable(ret, text_string(&redacted), redacted.length);
    text_clear(&redacted);
    redaction_free(redaction);
}

static void fill_output_end(struct command *command, struct text *tail)
{
    const struct capture *capture = command->capture;
    if (capture == NULL) {
        return;
    }
    struct process_end *end = &command->end;
    end->output_bytes = capture_bytes(capture);
    end->is_output_cut = capture_is_cut(capture);
    capture_show_tail(capture, tail);
    end->output_tail = tail->length > 0 ? text_string(tail) : NULL;
    const struct error *problem = capture_error(capture);
    if (problem->kind != ERROR_NONE && end->error.kind == ERROR_NONE) {
        end->error = *problem;
        end->error.kind = ERROR_IO; /* a missing or closed folder of ours is not the command's fault */
    }
}

static void finish(struct command *command)
{
    struct process_room *room = command->room;
    struct text tail = {0}, line = {0}, reason = {0};
    fill_output_end(command, &tail);
    if (lane_folder_read_infra(command->folder, &line)) {
        append_redacted_line(command, &line, &reason);
        command->end.infra_reason = text_string(&reason);
    }
    release(command);
    unlink_command(command);
    command->done(command->context, command->effect_id, &command->end);
    command_free(command);
    text_clear(&tail);
    text_clear(&line);
    text_clear(&reason);
    room_check_closed(room);
}

/* Completed by the timer: a completion never comes from inside process_spawn. */
static void fail_soon(struct command *command, const struct error *error)
{
    if (error != NULL) {
        command->end.error = *error;
    }
    command->state = COMMAND_FAILED;
    room_wake_at(command->room, 0);
}

/* ---- the end ---- */

static void output_ended(void *context)
{
    struct command *command = context;
    if (command->state == COMMAND_DRAINING) {
        finish(command);
    }
}

static void drain(struct command *command)
{
    command->state = COMMAND_DRAINING;
    command->deadline_ms = INT64_MAX;
    if (command->handover != NULL ? handover_has_ended(command->handover)
                                  : capture_has_ended(command->capture)) {
        finish(command);
        return;
    }
    command->deadline_ms = clock_monotonic_ms() + DRAIN_MS;
    room_wake_at(command->room, command->deadline_ms);
    if (command->capture != NULL) {
        /* the writers are gone: mostly this ends it; command may be freed after */
        capture_read_now(command->capture);
    }
}

void command_ended(struct command *command, const struct guard_report *report)
{
    struct process_end *end = &command->end;
    failure_of_start(command, report, &end->error);
    if (report->stage == GUARD_TOO_LATE) {
        end->signal = SIGKILL;
    } else if (WIFSIGNALED(report->wait_status)) {
        end->signal = WTERMSIG(report->wait_status);
    } else {
        end->exit_code = WEXITSTATUS(report->wait_status);
    }
    end->leaked_count = report->leaked_count;
    end->is_killed_by_guard = report->is_past_deadline != 0;
    end->user_us = report->user_us;
    end->system_us = report->system_us;
    end->max_rss_bytes = report->max_rss_bytes;
    drain(command);
}

void command_guard_died(struct command *command, int wait_status)
{
    command->post = NULL;
    if (command->state == COMMAND_RUNNING) {
        command->state = COMMAND_ORPHANED;
        command->deadline_ms = INT64_MAX;
        failure_of_guard(wait_status, &command->end.error);
    }
}

void command_orphans_gone(struct command *command, size_t left)
{
    if (command->state == COMMAND_ORPHANED) {
        if (left > 0) {
            error_hint(&command->end.error, "%zu processes could not be killed", left);
        }
        drain(command);
    }
}

void command_check(struct command *command, int64_t now_ms)
{
    if (command->state == COMMAND_FAILED) {
        finish(command);
    } else if (command->deadline_ms <= now_ms && command->state == COMMAND_RUNNING) {
        command->deadline_ms = INT64_MAX;
        guard_kill(command->post->guard);
    } else if (command->deadline_ms <= now_ms && command->state == COMMAND_DRAINING) {
        command->deadline_ms = INT64_MAX;
        if (command->handover != NULL) {
            handover_hang_up(command->handover);
            finish(command);
        } else if (capture_is_paused(command->capture)) {
            command->deadline_ms = now_ms + DRAIN_MS; /* the disk is slow, the pipe may be fine */
        } else {
            capture_cut_off(command->capture);
        }
    }
}

/* ---- the start ---- */

static bool open_post(struct command *command, struct error *error)
{
    struct process_room *room = command->room;
    struct post *kept = command->is_kept_post ? room_lane(room, command->lane)->post : NULL;
    if (kept == NULL || kept->is_gone) {
        kept = room_start_post(room, error);
        if (kept == NULL) {
            error->kind = ERROR_IO; /* never the command's fault */
            return false;
        }
        if (command->is_kept_post) {
            room_lane(room, command->lane)->post = kept;
        }
    }
    MUST(kept->command == NULL);
    kept->command = command;
    command->post = kept;
    return true;
}

/* A person's: our own streams, or the far side of a terminal between. */
static void start_interactive(struct command *command, const struct text *payload)
{
    struct error error = {0};
    int streams[GUARD_DESCRIPTORS];
    command->handover = handover_new(command->room->loop, output_ended, command, streams, &error);
    if (command->handover == NULL || !open_post(command, &error)) {
        fail_soon(command, &error);
        return;
    }
    command->state = COMMAND_RUNNING;
    command->message.has_terminal = handover_has_terminal(command->handover);
    guard_run(command->post->guard, &command->message, payload, streams, GUARD_DESCRIPTORS);
    handover_sent(command->handover);
}

static void start(struct command *command, const struct text *payload)
{
    struct process_room *room = command->room;
    struct error error = {0};
    int pipe_fds[2];
    if (command->is_interactive) {
        start_interactive(command, payload);
        return;
    }
    if (pipe2(pipe_fds, O_CLOEXEC) != 0) {
        file_error(&error, errno, "make a pipe for", command->name);
        error.kind = ERROR_LIMIT;
        fail_soon(command, &error);
        return;
    }
    if (!open_post(command, &error)) {
        close(pipe_fds[0]);
        close(pipe_fds[1]);
        fail_soon(command, &error);
        return;
    }
    const struct capture_options options = {
        .loop = room->loop,
        .path = command->output_path,
        .limit_bytes = room->output_limit_bytes,
        .redactor = command->redactor,
        .read_buffer = room->read_buffer,
        .read_size = READ_BUFFER_BYTES,
        .ended = output_ended,
        .context = command,
    };
    command->capture = capture_new(pipe_fds[0], &options);
    command->state = COMMAND_RUNNING;
    guard_run(command->post->guard, &command->message, payload, &pipe_fds[1], 1);
    close(pipe_fds[1]);
}

static void clean(uv_work_t *work)
{
    struct command *command = work->data;
    lane_folder_renew(command->folder->path, &command->cleaning_error);
}

static void cleaned(uv_work_t *work, int status)
{
    (void)status;
    struct command *command = work->data;
    if (command->early_signal != 0) {
        command->end.signal = command->early_signal;
        fail_soon(command, NULL);
    } else if (command->cleaning_error.kind != ERROR_NONE) {
        command->cleaning_error.kind = ERROR_IO;
        fail_soon(command, &command->cleaning_error);
    } else {
        start(command, &command->payload);
        text_clear(&command->payload);
    }
}

/* A report of an earlier attempt must never pass for this one's. */
static bool remove_report(const char *path, struct error *error)
{
    if (path == NULL || unlink(path) == 0 || errno == ENOENT || errno == ENOTDIR) {
        return true;
    }
    return file_error(error, errno, "remove the old report", path);
}

static void give_outputs(struct command *command, const char *json, struct error *error)
{
    if (json == NULL) {
        return;
    }
    struct outputs_file *file =
        strcmp(json, "{}") == 0 ? &command->room->no_outputs : &command->folder->outputs;
    command->outputs_path = file->path;
    outputs_file_write(file, json, error);
}

static struct lane_folder *folder_of(struct process_room *room, const struct spawn *spawn, bool is_kept)
{
    char name[64];
    if (!is_kept) {
        snprintf(name, sizeof name, "command-%zu", ++room->own_folder_count);
        return lane_folder_new(room->tmp_root, name);
    }
    struct lane_home *home = room_lane(room, spawn->lane);
    if (home->folder == NULL) {
        snprintf(name, sizeof name, "%zu", spawn->lane + 1);
        home->folder = lane_folder_new(room->tmp_root, name);
    }
    return home->folder;
}

static char *output_path_of(const struct process_room *room, const char *relative)
{
    if (relative == NULL) {
        return NULL;
    }
    struct text path = {0};
    text_append_format(&path, "%s/%s", room->run_directory, relative);
    return text_take(&path);
}

static struct command *command_new(struct process_room *room, uint64_t effect_id, const struct spawn *spawn)
{
    struct command *command = memory_new(sizeof *command);
    command->room = room;
    command->effect_id = effect_id;
    command->lane = spawn->lane;
    command->suite = spawn->suite;
    command->stack = spawn->stack;
    command->started_ms = clock_monotonic_ms();
    command->is_kept_post = spawn->stack == NO_INDEX && spawn->lane != NO_INDEX;
    command->is_interactive = spawn->is_interactive;
    command->folder = folder_of(room, spawn, command->is_kept_post);
    command->name = memory_copy_string(spawn->argv[0] != NULL ? spawn->argv[0] : "");
    command->cwd = memory_copy_string(spawn->cwd != NULL ? spawn->cwd : ".");
    command->output_path = output_path_of(room, spawn->output_path);
    command->deadline_ms = INT64_MAX;
    command->message.deadline_ms = spawn->lease_stop_by_ms;
    command->message.open_files = room->open_files;
    command->cleaning.data = command;
    command->next = room->commands;
    room->commands = command;
    room->command_count++;
    return command;
}

void process_spawn(struct process_room *room, uint64_t effect_id, const struct spawn *spawn,
                   const struct pair *extra_env, size_t extra_count, struct redactor *redactor,
                   process_done *done, void *context)
{
    struct command *command = command_new(room, effect_id, spawn);
    command->redactor = redactor;
    command->done = done;
    command->context = context;
    struct error error = {0};
    bool is_dirty = false;
    if (room->is_closing) {
        error_set(&error, ERROR_CANCELLED, "itrun is ending");
    } else if (lane_folder_prepare(command->folder, &is_dirty, &error) &&
               remove_report(spawn->report_path, &error)) {
        give_outputs(command, spawn->outputs_json, &error);
    }
    if (error.kind != ERROR_NONE) {
        error.kind = error.kind == ERROR_CANCELLED ? ERROR_CANCELLED : ERROR_IO;
        fail_soon(command, &error);
        return;
    }
    environment_write(room, command, spawn, extra_env, extra_count);
    if (!is_dirty) {
        start(command, &room->payload);
        return;
    }
    command->state = COMMAND_CLEANING;
    command->payload = room->payload;
    room->payload = (struct text){0};
    MUST(uv_queue_work(room->loop, &command->cleaning, clean, cleaned) == 0);
}

void command_signal(struct command *command, bool is_kill)
{
    int signal = is_kill ? SIGKILL : SIGTERM;
    if (command->state == COMMAND_CLEANING) {
        command->early_signal = signal;
    } else if (command->state == COMMAND_RUNNING) {
        guard_signal(command->post->guard, signal);
        if (command->handover != NULL) {
            handover_hang_up(command->handover); /* shells do not listen to TERM */
        }
        if (is_kill && command->deadline_ms == INT64_MAX) {
            command->deadline_ms = clock_monotonic_ms() + GUARD_PATIENCE_MS;
            room_wake_at(command->room, command->deadline_ms);
        }
    }
}
