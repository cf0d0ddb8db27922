/* claims_ending.c - how a command ends, and what its guard makes of that. */
#include "bed.h"
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void exit_status_signal_and_use_are_told(void)
{
    static struct bed bed;
    bed_open(&bed);
    const struct result *passed = bed_run(&bed, "exit 0");
    CHECK(passed->end.error.kind == ERROR_NONE && passed->end.exit_code == 0 && passed->end.signal == 0,
          "not 0");
    CHECK(passed->end.max_rss_bytes > 100000, "no memory use: %lld", (long long)passed->end.max_rss_bytes);
    const struct result *failed = bed_run(&bed, "exit 7");
    CHECK(failed->end.exit_code == 7, "status %d", failed->end.exit_code);
    const struct result *crashed = bed_run(&bed, "kill -SEGV $$");
    CHECK(crashed->end.signal == SIGSEGV, "signal %d", crashed->end.signal);
    const struct result *busy = bed_run(&bed, "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done");
    CHECK(busy->end.user_us + busy->end.system_us > 20000, "no processor time");
    bed_close(&bed);
}

static void one_guard_serves_a_lane(void)
{
    static struct bed bed;
    bed_open(&bed);
    bed_run(&bed, "exit 0");
    pid_t first = census_newest_guard(bed.cookie);
    bed_run(&bed, "exit 0");
    CHECK(first > 0 && census_newest_guard(bed.cookie) == first, "another guard");
    bed_close(&bed);
    CHECK(census(bed.cookie, true) == 0, "a guard outlived its room");
}

static void a_deploy_beside_an_attempt_has_its_own_guard(void)
{
    static struct bed bed;
    bed_open(&bed);
    const char *argv[4], *deploy_argv[4];
    struct spawn suite = bed_suite(0, "echo $ITRUN_TMPDIR; sleep 300", argv);
    uint64_t suite_id = bed_spawn(&bed, &suite);
    struct spawn deploy = bed_suite(0, "echo $ITRUN_TMPDIR; touch $ITRUN_TMPDIR/x", deploy_argv);
    deploy.stack = 1;
    deploy.output_path = "deploy.log";
    bed_wait(&bed, bed_spawn(&bed, &deploy));
    CHECK(!bed.results[suite_id].is_done, "the suite ended with the deploy");
    CHECK(census_await(bed.cookie, true, 4, 5000) == 4, "nursery, guard, sh and sleep were expected alone");
    process_signal(bed.room, suite_id, true);
    bed_wait(&bed, suite_id);
    CHECK(strcmp(bed.results[1].tail, bed.results[2].tail) != 0, "one folder for both: %s",
          bed.results[1].tail);
    bed_close(&bed);
}

static const struct result *run_argv(struct bed *bed, const char *program, const char *cwd)
{
    const char *argv[4];
    struct spawn spawn = bed_suite(0, "", argv);
    argv[0] = program;
    argv[1] = NULL;
    spawn.cwd = cwd;
    return bed_wait(bed, bed_spawn(bed, &spawn));
}

static void write_file(const struct bed *bed, const char *name, const char *bytes, unsigned mode)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", bed->folder, name);
    FILE *file = fopen(path, "w");
    fputs(bytes, file);
    fclose(file);
    chmod(path, mode);
}

static void what_cannot_start_is_named(void)
{
    static struct bed bed;
    bed_open(&bed);
    const struct result *absent = run_argv(&bed, "no-such-program", "/");
    CHECK(absent->end.error.kind == ERROR_GONE, "kind %d", absent->end.error.kind);
    CHECK(strcmp(absent->end.error.what, "command not found: no-such-program") == 0, "%s",
          absent->end.error.what);
    const struct result *no_path = run_argv(&bed, "./no/such", "/");
    CHECK(no_path->end.error.kind == ERROR_GONE && strstr(no_path->end.error.hint, "from /") != NULL, "%s",
          no_path->end.error.hint);
    write_file(&bed, "plain", "#!/bin/sh\n", 0644);
    const struct result *closed = run_argv(&bed, "./plain", bed.folder);
    CHECK(closed->end.error.kind == ERROR_DENIED, "kind %d: %s", closed->end.error.kind,
          closed->end.error.what);
    write_file(&bed, "orphan", "#!/no/such/interpreter\n", 0755);
    const struct result *no_interpreter = run_argv(&bed, "./orphan", bed.folder);
    CHECK(strstr(no_interpreter->end.error.what, "interpreter") != NULL, "%s",
          no_interpreter->end.error.what);
    const struct result *no_folder = run_argv(&bed, "true", "/no/such/folder");
    CHECK(strstr(no_folder->end.error.what, "working directory: /no/such/folder") != NULL, "%s",
          no_folder->end.error.what);
    write_file(&bed, "script", "exit 5\n", 0755);
    const struct result *script = run_argv(&bed, "./script", bed.folder);
    CHECK(script->end.exit_code == 5, "a script without #! is the shell's: %s", script->end.error.what);
    CHECK(bed_run(&bed, "exit 3")->end.exit_code == 3, "the guard did not survive the failures");
    bed_close(&bed);
}

static void term_reaches_the_whole_tree_once(void)
{
    static struct bed bed;
    bed_open(&bed);
    char script[512];
    /* Three processes: the main one, one of its group, one in a session of its own after two forks. */
    snprintf(script, sizeof script,
             "cd %s; count() { trap \"echo term >> $1\" TERM; echo > $1.up; while [ ! -s $1 ]; do sleep "
             "0.02; done; "
             "sleep 0.1; }; (count inner) & (setsid sh -c 'trap \"echo term >> away\" TERM; echo > away.up; "
             "while [ ! -s away ]; do sleep 0.02; done' &); count main; wait",
             bed.folder);
    const char *argv[4];
    struct spawn spawn = bed_suite(0, script, argv);
    uint64_t id = bed_spawn(&bed, &spawn);
    bed_await_file(&bed, "main.up");
    bed_await_file(&bed, "inner.up");
    bed_await_file(&bed, "away.up");
    process_signal(bed.room, id, false);
    bed_wait(&bed, id);
    const char *const names[] = {"main", "inner", "away"};
    for (size_t i = 0; i < 3; i++) {
        char *seen = bed_read(&bed, names[i]);
        CHECK(seen != NULL && strcmp(seen, "term\n") == 0, "%s saw: %s", names[i],
              seen != NULL ? seen : "nothing");
        memory_free(seen);
    }
    bed_close(&bed);
}

static void kill_ends_what_ignores_term(void)
{
    static struct bed bed;
    bed_open(&bed);
    const char *argv[4];
    struct spawn spawn =
        bed_suite(0, "trap '' TERM; (setsid sleep 300 &); touch $TMPDIR/up; sleep 300; sleep 300", argv);
    uint64_t id = bed_spawn(&bed, &spawn);
    bed_await_file(&bed, "tmp/1/up");
    process_signal(bed.room, id, true);
    const struct result *result = bed_wait(&bed, id);
    CHECK(result->end.signal == SIGKILL, "signal %d", result->end.signal);
    CHECK(result->end.leaked_count == 0, "what was killed on purpose is no leak");
    CHECK(census(bed.cookie, false) == 0, "a survivor");
    bed_close(&bed);
}

static void a_stopped_command_can_be_ended(void)
{
    static struct bed bed;
    bed_open(&bed);
    const char *argv[4];
    struct spawn spawn = bed_suite(0, "touch $TMPDIR/up; kill -STOP $$", argv);
    uint64_t id = bed_spawn(&bed, &spawn);
    bed_await_file(&bed, "tmp/1/up");
    process_signal(bed.room, id, false);
    CHECK(bed_wait(&bed, id)->end.signal == SIGTERM, "signal %d", bed.results[id].end.signal);
    bed_close(&bed);
}

static void what_is_left_behind_is_killed_and_counted(void)
{
    static struct bed bed;
    bed_open(&bed);
    const struct result *leaky =
        bed_run(&bed, "sleep 300 & (setsid sh -c 'sleep 300 & touch $TMPDIR/up; sleep 300' &); "
                      "until [ -e $TMPDIR/up ]; do sleep 0.01; done; exit 0");
    CHECK(leaky->end.exit_code == 0 && leaky->end.leaked_count >= 3, "leaked %d", leaky->end.leaked_count);
    CHECK(leaky->took_ms < 5000, "it took %lld ms", (long long)leaky->took_ms);
    CHECK(census(bed.cookie, false) == 0, "a survivor");
    const struct result *tidy = bed_run(&bed, "(sleep 0.03; echo late) & exit 0");
    CHECK(tidy->end.leaked_count == 0 && strcmp(tidy->tail, "late\n") == 0,
          "what ends by itself at once is no leak");
    const struct result *respawning = bed_run(&bed, "i=0; while [ $i -lt 40 ]; do setsid sh -c 'while :; do "
                                                    "sleep 0.01; done' & i=$((i+1)); done; exit 0");
    CHECK(respawning->end.leaked_count >= 40, "leaked %d", respawning->end.leaked_count);
    CHECK(census(bed.cookie, false) == 0, "a respawning survivor");
    bed_close(&bed);
}

static void a_signal_before_the_start_is_not_lost(void)
{
    static struct bed bed;
    bed_open(&bed);
    bed_run(&bed, "touch $TMPDIR/leftover"); /* so that the next one waits for the folder */
    char script[128];
    snprintf(script, sizeof script, "touch %s/started", bed.folder);
    const char *argv[4];
    struct spawn spawn = bed_suite(0, script, argv);
    uint64_t id = bed_spawn(&bed, &spawn);
    process_signal(bed.room, id, false);
    CHECK(bed_wait(&bed, id)->end.signal == SIGTERM, "signal %d", bed.results[id].end.signal);
    CHECK(!bed_has(&bed, "started"), "it was started all the same");
    bed_close(&bed);
}

static void closing_the_room_ends_all(void)
{
    static struct bed bed;
    bed_open(&bed);
    const char *argv[4];
    for (size_t lane = 0; lane < 5; lane++) {
        struct spawn spawn = bed_suite(lane, "trap '' TERM; sleep 300; sleep 300", argv);
        bed_spawn(&bed, &spawn);
    }
    CHECK(process_running_count(bed.room) == 5, "%zu run", process_running_count(bed.room));
    bed_close(&bed);
    for (size_t id = 1; id <= 5; id++) {
        CHECK(bed.results[id].is_done && bed.results[id].end.signal == SIGKILL, "command %zu was forgotten",
              id);
    }
    CHECK(census(bed.cookie, true) == 0, "a survivor");
}

const struct claim ending_claims[] = {
    {"exit_status_signal_and_use_are_told", exit_status_signal_and_use_are_told},
    {"one_guard_serves_a_lane", one_guard_serves_a_lane},
    {"a_deploy_beside_an_attempt_has_its_own_guard", a_deploy_beside_an_attempt_has_its_own_guard},
    {"what_cannot_start_is_named", what_cannot_start_is_named},
    {"term_reaches_the_whole_tree_once", term_reaches_the_whole_tree_once},
    {"kill_ends_what_ignores_term", kill_ends_what_ignores_term},
    {"a_stopped_command_can_be_ended", a_stopped_command_can_be_ended},
    {"what_is_left_behind_is_killed_and_counted", what_is_left_behind_is_killed_and_counted},
    {"a_signal_before_the_start_is_not_lost", a_signal_before_the_start_is_not_lost},
    {"closing_the_room_ends_all", closing_the_room_ends_all},
    {0},
};
