/* claims_death.c - promises 3 and 4: who dies when itrun is killed, stopped past its lease, or loses a guard.
 */
#include "bed.h"
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* A background child, two daemons in sessions of their own after double forks, one of them deaf to TERM. */
static const char tree[] = "sleep 300 & (setsid sh -c 'sleep 300 & sleep 300' &) ; "
                           "(setsid sh -c 'trap \"\" TERM; (setsid sleep 300 &); sleep 300; sleep 300' &) ; "
                           "touch $TMPDIR/up; sleep 300";
#define TREE_SIZE                                                                                            \
    8 /* sh, its two sleeps, sh and two sleeps, sh and two sleeps: 3 + 3 + 3 less none waiting */

static void start_trees(struct bed *bed, size_t lanes, int64_t stop_by_ms)
{
    const char *argv[4];
    char up[32];
    for (size_t lane = 0; lane < lanes; lane++) {
        struct spawn spawn = bed_suite(lane, tree, argv);
        spawn.lease_stop_by_ms = stop_by_ms;
        bed_spawn(bed, &spawn);
    }
    for (size_t lane = 0; lane < lanes; lane++) {
        snprintf(up, sizeof up, "tmp/%zu/up", lane + 1);
        bed_await_file(bed, up);
    }
    census_await_least(bed->cookie, lanes * TREE_SIZE);
}

/* An itrun in a process of its own, with three trees running; its cookie comes by the pipe. */
static pid_t start_runner(char cookie[32], char folder[64], int64_t lease_ms)
{
    int pipe_fds[2];
    CHECK(pipe(pipe_fds) == 0, "no pipe");
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        static struct bed bed;
        bed_open(&bed);
        start_trees(&bed, 3, lease_ms == 0 ? INT64_MAX : clock_boottime_ms() + lease_ms);
        CHECK(write(pipe_fds[1], bed.cookie, 32) == 32 && write(pipe_fds[1], bed.folder, 64) == 64,
              "no cookie sent");
        for (uint64_t id = 1; id <= 3; id++) {
            CHECK(bed_wait(&bed, id)->end.is_killed_by_guard && bed.results[id].end.signal == SIGKILL,
                  "not ended by its guard");
        }
        bed_close(&bed);
        exit(0);
    }
    close(pipe_fds[1]);
    CHECK(read(pipe_fds[0], cookie, 32) == 32 && read(pipe_fds[0], folder, 64) == 64,
          "the runner did not start");
    close(pipe_fds[0]);
    return pid;
}

static void nothing_outlives_a_killed_itrun(void)
{
    char cookie[32], folder[64];
    pid_t runner = start_runner(cookie, folder, 0);
    kill(runner, SIGKILL);
    waitpid(runner, NULL, 0);
    size_t left = census_await(cookie, true, 0, 5000);
    CHECK(left == 0, "%zu survivors", left);
    file_remove_tree(folder, NULL);
}

static void a_stopped_itrun_loses_its_suites_at_the_lease_deadline(void)
{
    char cookie[32], folder[64];
    pid_t runner = start_runner(cookie, folder, 1500);
    kill(runner, SIGSTOP);
    size_t left = census_await(cookie, false, 0, 5000);
    CHECK(left == 0, "%zu survivors in somebody else's account", left);
    kill(runner, SIGCONT);
    int status;
    waitpid(runner, &status, 0);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the runner was not told");
    CHECK(census_await(cookie, true, 0, 5000) == 0, "a guard stayed");
}

static void a_renewed_lease_lets_the_suite_go_on(void)
{
    static struct bed bed;
    bed_open(&bed);
    const char *argv[4];
    struct spawn spawn = bed_suite(0, "sleep 1; echo through", argv);
    spawn.lease_stop_by_ms = clock_boottime_ms() + 500;
    uint64_t id = bed_spawn(&bed, &spawn);
    process_set_deadline(bed.room, 0, clock_boottime_ms() + 60000);
    CHECK(!bed_wait(&bed, id)->end.is_killed_by_guard && strcmp(bed.results[id].tail, "through\n") == 0,
          "tail %s", bed.results[id].tail);
    spawn.lease_stop_by_ms = clock_boottime_ms() - 1;
    id = bed_spawn(&bed, &spawn);
    CHECK(bed_wait(&bed, id)->end.is_killed_by_guard && bed.results[id].end.output_bytes == 0,
          "started too late");
    spawn.lease_stop_by_ms = clock_boottime_ms() + 60000;
    id = bed_spawn(&bed, &spawn);
    process_set_deadline(bed.room, 0, clock_boottime_ms() + 100);
    CHECK(bed_wait(&bed, id)->end.is_killed_by_guard && bed.results[id].took_ms < 900,
          "a shortened lease was missed");
    bed_close(&bed);
}

static void a_killed_guard_takes_its_suite_along(void)
{
    static struct bed bed;
    bed_open(&bed);
    start_trees(&bed, 1, INT64_MAX);
    pid_t helper = fork(); /* a child of itrun's own, in its session: not to be touched */
    if (helper == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        pause();
        _exit(0);
    }
    kill(census_newest_guard(bed.cookie), SIGKILL);
    const struct result *result = bed_wait(&bed, 1);
    CHECK(result->end.error.kind == ERROR_IO && strstr(result->end.error.what, "guard") != NULL, "%s",
          result->end.error.what);
    CHECK(census(bed.cookie, false) == 0, "a survivor");
    CHECK(waitpid(helper, NULL, WNOHANG) == 0, "a bystander was killed");
    CHECK(waitpid(-1, NULL, WNOHANG) == 0, "a zombie was left");
    kill(helper, SIGKILL);
    waitpid(helper, NULL, 0);
    CHECK(bed_run(&bed, "exit 4")->end.exit_code == 4, "the lane is broken");
    bed_close(&bed);
}

static void a_guard_that_does_not_answer_is_killed(void)
{
    static struct bed bed;
    bed_open(&bed);
    start_trees(&bed, 1, INT64_MAX);
    kill(census_newest_guard(bed.cookie), SIGSTOP);
    process_signal(bed.room, 1, true);
    const struct result *result = bed_wait(&bed, 1);
    CHECK(result->end.error.kind == ERROR_IO, "%s", result->end.error.what);
    CHECK(census(bed.cookie, false) == 0, "a survivor");
    bed_close(&bed);
}

static void another_guard_s_suite_is_left_alone(void)
{
    static struct bed bed;
    bed_open(&bed);
    const char *argv[4];
    struct spawn quiet = bed_suite(1, "sleep 0.7; echo untouched", argv);
    quiet.output_path = "quiet.log";
    uint64_t quiet_id = bed_spawn(&bed, &quiet);
    pid_t first = census_newest_guard(bed.cookie);
    const char *other_argv[4];
    struct spawn doomed = bed_suite(0, tree, other_argv);
    uint64_t doomed_id = bed_spawn(&bed, &doomed);
    bed_await_file(&bed, "tmp/1/up");
    CHECK(census_newest_guard(bed.cookie) != first, "no second guard");
    kill(census_newest_guard(bed.cookie), SIGKILL);
    CHECK(bed_wait(&bed, doomed_id)->end.error.kind == ERROR_IO, "%s", bed.results[doomed_id].end.error.what);
    CHECK(strcmp(bed_wait(&bed, quiet_id)->tail, "untouched\n") == 0, "tail %s", bed.results[quiet_id].tail);
    bed_close(&bed);
}

static void a_dead_nursery_is_replaced(void)
{
    static struct bed bed;
    bed_open(&bed);
    const char *argv[4];
    struct spawn quiet = bed_suite(0, "sleep 0.3; echo untouched", argv);
    uint64_t quiet_id = bed_spawn(&bed, &quiet);
    kill(census_oldest_guard(bed.cookie), SIGKILL); /* the nursery came first */
    struct spawn next = bed_suite(1, "exit 6", argv);
    CHECK(bed_wait(&bed, bed_spawn(&bed, &next))->end.exit_code == 6, "no guard any more");
    CHECK(strcmp(bed_wait(&bed, quiet_id)->tail, "untouched\n") == 0, "tail %s", bed.results[quiet_id].tail);
    bed_close(&bed);
    CHECK(waitpid(-1, NULL, WNOHANG) == -1, "a zombie was left");
}

static void a_missing_guard_is_said_so(void)
{
    static struct bed bed;
    snprintf(bed.folder, sizeof bed.folder, "/tmp/itrun-supervise-XXXXXX");
    CHECK(mkdtemp(bed.folder) != NULL, "no temporary folder");
    CHECK(uv_loop_init(&bed.loop) == 0, "no loop");
    const struct process_options options = {
        .guard_path = "/no/such/guard", .tmp_root = bed.folder, .run_directory = bed.folder, .cookie = "x"};
    bed.room = process_room_new(&bed.loop, &options, NULL);
    const struct result *result = bed_run(&bed, "exit 0");
    CHECK(result->end.error.kind == ERROR_IO && strstr(result->end.error.what, "/no/such/guard") != NULL,
          "%s", result->end.error.what);
    bed_close(&bed);
}

const struct claim death_claims[] = {
    {"nothing_outlives_a_killed_itrun", nothing_outlives_a_killed_itrun},
    {"a_stopped_itrun_loses_its_suites_at_the_lease_deadline",
     a_stopped_itrun_loses_its_suites_at_the_lease_deadline},
    {"a_renewed_lease_lets_the_suite_go_on", a_renewed_lease_lets_the_suite_go_on},
    {"a_killed_guard_takes_its_suite_along", a_killed_guard_takes_its_suite_along},
    {"a_guard_that_does_not_answer_is_killed", a_guard_that_does_not_answer_is_killed},
    {"another_guard_s_suite_is_left_alone", another_guard_s_suite_is_left_alone},
    {"a_dead_nursery_is_replaced", a_dead_nursery_is_replaced},
    {"a_missing_guard_is_said_so", a_missing_guard_is_said_so},
    {0},
};
