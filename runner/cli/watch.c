#include "watch.h"
#include "commands.h"
#include "folder_watch.h"
#include "itrun/base/map.h"
#include "itrun/base/memory.h"
#include "itrun/model/outcome.h"
#include "journal_read.h"
#include "keys.h"
#include "round_linux.h"
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SIGNAL_COUNT 3

/* Which suites a round runs. */
struct choice {
    bool is_asked, is_all;
    struct map *names; /* unless all */
};

struct watch {
    const struct options *options;
    uv_loop_t loop;
    struct text root, output;
    struct folder_watch *files;
    struct keys keys;
    uv_signal_t child_ended, stops[SIGNAL_COUNT];
    size_t open_signals;
    pid_t round;           /* 0: none goes on */
    struct choice current; /* of this round, or of the last one */
    struct choice next;
    struct map *sources; /* files of suites that were ever seen */
    struct map *failed;  /* suites whose last outcome was bad -> watch; NULL: they passed since */
    struct text latest;  /* the run that `failed` knows */
    int exit_code, stop_signal;
    bool is_over;
};

/* --- choices ----------------------------------------------------------------------------------------- */

static void choice_clear(struct choice *choice)
{
    map_free(choice->names);
    *choice = (struct choice){0};
}

static void choose_all(struct choice *choice)
{
    choice_clear(choice);
    choice->is_asked = choice->is_all = true;
}

static void choose_name(struct choice *choice, const char *name)
{
    choice->is_asked = true;
    if (!choice->is_all) {
        choice->names = choice->names != NULL ? choice->names : map_new();
        map_put(choice->names, name, choice);
    }
}

/* --- rounds ------------------------------------------------------------------------------------------ */

static void say(const char *line)
{
    fprintf(stderr, "itrun: %s\n", line);
}

static void say_waiting(const struct watch *watch)
{
    fprintf(stderr, "itrun: watching %zu files%s\n", folder_watch_count(watch->files),
            watch->keys.is_open ? ": Enter runs again, f what failed, a all, q quits" : "");
}

static void start_round(struct watch *watch)
{
    choice_clear(&watch->current);
    watch->current = watch->next;
    watch->next = (struct choice){0};
    const struct map *names = watch->current.is_all ? NULL : watch->current.names;
    struct error error = {0};
    watch->round = round_start(watch->options, names, &error);
    if (watch->round == 0) {
        complain(&error);
        watch->exit_code = exit_code_of(&error);
    }
}

static void go_on(struct watch *watch)
{
    if (watch->round != 0 || watch->is_over) {
        return;
    }
    if (watch->stop_signal != 0) {
        watch->is_over = true;
    } else if (watch->next.is_asked) {
        start_round(watch);
    } else {
        say_waiting(watch);
    }
}

static void cancel_round(const struct watch *watch, int number)
{
    if (watch->round != 0) {
        kill(watch->round, number);
    }
}

static bool read_event(void *context, const struct event *event, struct error *error)
{
    (void)error;
    struct watch *watch = context;
    if (event->type == EVENT_SUITE_FINISHED) {
        map_put(watch->failed, event->suite_name, outcome_is_bad(event->outcome) ? watch : NULL);
    }
    return true;
}

/* The journal of the run that just ended, unless it never began. */
static void learn_outcomes(struct watch *watch)
{
    struct error ignored = {0};
    char target[512] = "";
    struct text link = {0};
    text_append_format(&link, "%s/latest", text_string(&watch->output));
    ssize_t length = readlink(text_string(&link), target, sizeof target - 1);
    target[length > 0 ? length : 0] = '\0';
    if (length > 0 && strcmp(target, text_string(&watch->latest)) != 0) {
        text_reset(&watch->latest);
        text_append(&watch->latest, target);
        (void)journal_read(text_string(&link), read_event, watch, &ignored);
    }
    text_clear(&link);
}

static void child_ended(uv_signal_t *handle, int number)
{
    (void)number;
    struct watch *watch = handle->data;
    int exit_code = 0;
    if (watch->round != 0 && round_has_ended(watch->round, &exit_code)) {
        watch->round = 0;
        watch->exit_code = exit_code;
        learn_outcomes(watch);
        go_on(watch);
    }
}

/* --- what makes a round ------------------------------------------------------------------------------ */

static void note_sources(struct watch *watch, const struct inventory *inventory)
{
    for (size_t i = 0; i < inventory->suite_count; i++) {
        if (inventory->suites[i].source != NULL) {
            map_put(watch->sources, inventory->suites[i].source, watch);
        }
    }
}

/* Suites of the selection whose file it is. A file of a suite that is not selected, or is no more, is nothing
 * to run. */
static void choose_for_file(struct watch *watch, const struct inventory *inventory, const size_t *selected,
                            size_t count, const char *path)
{
    if (!map_has(watch->sources, path)) {
        choose_all(&watch->next);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        const struct suite *suite = &inventory->suites[selected[i]];
        if (string_equal(suite->source, path)) {
            choose_name(&watch->next, suite->name);
        }
    }
}

static void is_report(const struct inventory *inventory, const char *root, const char *path, bool *ret)
{
    struct text full = {0}, report = {0};
    text_append_format(&full, "%s/%s", root, path);
    for (size_t i = 0; i < inventory->suite_count; i++) {
        const struct suite *suite = &inventory->suites[i];
        if (suite->report != NULL) {
            text_reset(&report);
            text_append_format(&report, suite->report[0] == '/' ? "%s%s" : "%s/%s",
                               suite->report[0] == '/' ? "" : suite->cwd, suite->report);
            *ret = *ret || strcmp(text_string(&report), text_string(&full)) == 0;
        }
    }
    text_clear(&full);
    text_clear(&report);
}

/* Reads the configuration and the files as they are now; false: said why, and nothing can be run. */
static bool choose_for(struct watch *watch, const char *const *paths, size_t path_count)
{
    const struct options *options = watch->options;
    struct workspace workspace = {.run_id = "watch"};
    struct selection selection = {options->words, options->word_count, options->filter, options->tag};
    struct error error = {0};
    size_t *selected = NULL, count = 0;
    bool is_read =
        workspace_open(&workspace, options, WANT_FILES_ONLY, &error) &&
        inventory_select(workspace.inventory, &selection, workspace.arena, &selected, &count, &error);
    if (is_read) {
        note_sources(watch, workspace.inventory);
        for (size_t i = 0; i < path_count; i++) {
            bool is_written_by_suite = false;
            is_report(workspace.inventory, workspace.root, paths[i], &is_written_by_suite);
            if (!is_written_by_suite) {
                choose_for_file(watch, workspace.inventory, selected, count, paths[i]);
            }
        }
    } else if (error.what[0] != '\0') {
        complain(&error);
    }
    workspace_close(&workspace);
    return is_read;
}

static void files_changed(void *context, const char *const *paths, size_t count)
{
    struct watch *watch = context;
    bool was_asked = watch->next.is_asked;
    if (!choose_for(watch, paths, count) || !watch->next.is_asked) {
        return;
    }
    if (!was_asked) {
        fprintf(stderr, "itrun: %s changed%s%s\n", paths[0], count > 1 ? ", and others" : "",
                watch->round != 0 ? ": another round follows" : "");
    }
    go_on(watch);
}

static void choose_failed(struct watch *watch)
{
    for (size_t i = 0; i < map_count(watch->failed); i++) {
        if (map_value(watch->failed, i) != NULL) {
            choose_name(&watch->next, map_key(watch->failed, i));
        }
    }
    if (!watch->next.is_asked) {
        say("nothing failed");
    }
}

static void choose_again(struct watch *watch)
{
    if (watch->current.is_all) {
        choose_all(&watch->next);
    }
    for (size_t i = 0; !watch->current.is_all && i < map_count(watch->current.names); i++) {
        choose_name(&watch->next, map_key(watch->current.names, i));
    }
}

/* A key while a round goes on ends that one in order: who presses it does not want to wait. */
static void pressed(void *context, char key)
{
    struct watch *watch = context;
    switch (key) {
    case '\n':
    case '\r': choose_again(watch); break;
    case 'a': choose_all(&watch->next); break;
    case 'f': choose_failed(watch); break;
    case 'q': watch->stop_signal = SIGTERM; break;
    case 't': cancel_round(watch, SIGUSR1); return; /* no end: it says what it is doing */
    default: return;
    }
    bool is_quit = key == 'q';
    if (watch->round != 0 && (is_quit || watch->next.is_asked)) {
        cancel_round(watch, SIGTERM);
    } else if (is_quit || watch->next.is_asked) {
        go_on(watch);
    }
}

static void stopped(uv_signal_t *handle, int number)
{
    struct watch *watch = handle->data;
    watch->stop_signal = number == SIGHUP ? SIGTERM : number;
    watch->exit_code = watch->stop_signal == SIGINT ? EXIT_CODE_SIGINT : EXIT_CODE_SIGTERM;
    cancel_round(watch, watch->stop_signal);
    go_on(watch);
}

/* --- opening, closing -------------------------------------------------------------------------------- */

static void listen_to(struct watch *watch, uv_signal_t *signal, uv_signal_cb heard, int number)
{
    uv_signal_init(&watch->loop, signal);
    signal->data = watch;
    uv_signal_start(signal, heard, number);
    watch->open_signals++;
}

static void signal_closed(uv_handle_t *handle)
{
    struct watch *watch = handle->data;
    watch->open_signals--;
}

static bool open_watch(struct watch *watch, struct error *error)
{
    struct text config = {0};
    bool is_found =
        config_find(watch->options, &config, error) && output_folder(watch->options, &watch->output, error);
    if (is_found) {
        const char *slash = strrchr(text_string(&config), '/');
        text_append_bytes(&watch->root, text_string(&config), (size_t)(slash - text_string(&config)));
        watch->files = folder_watch_new(&watch->loop, text_string(&watch->root), text_string(&watch->output),
                                        files_changed, watch, error);
    }
    text_clear(&config);
    return watch->files != NULL;
}

static void watch_loop(struct watch *watch)
{
    static const int numbers[SIGNAL_COUNT] = {SIGINT, SIGTERM, SIGHUP};
    listen_to(watch, &watch->child_ended, child_ended, SIGCHLD);
    for (size_t i = 0; i < SIGNAL_COUNT; i++) {
        listen_to(watch, &watch->stops[i], stopped, numbers[i]);
    }
    keys_open(&watch->keys, &watch->loop, pressed, watch);
    (void)choose_for(watch, NULL, 0);
    choose_all(&watch->next);
    go_on(watch);
    while (!watch->is_over) {
        uv_run(&watch->loop, UV_RUN_ONCE);
    }
    keys_close(&watch->keys);
    uv_close((uv_handle_t *)&watch->child_ended, signal_closed);
    for (size_t i = 0; i < SIGNAL_COUNT; i++) {
        uv_close((uv_handle_t *)&watch->stops[i], signal_closed);
    }
    while (watch->open_signals > 0) {
        uv_run(&watch->loop, UV_RUN_ONCE);
    }
}

int watch_run(const struct options *options)
{
    struct watch watch = {.options = options, .sources = map_new(), .failed = map_new()};
    struct error error = {0};
    uv_loop_init(&watch.loop);
    if (open_watch(&watch, &error)) {
        watch_loop(&watch);
    } else {
        complain(&error);
        watch.exit_code = exit_code_of(&error);
    }
    folder_watch_close(watch.files);
    MUST(uv_loop_close(&watch.loop) == 0);
    choice_clear(&watch.current);
    choice_clear(&watch.next);
    map_free(watch.sources);
    map_free(watch.failed);
    text_clear(&watch.root);
    text_clear(&watch.output);
    text_clear(&watch.latest);
    return watch.exit_code;
}
