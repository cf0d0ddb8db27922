/* claims_environment.c - what a command finds around itself: variables, descriptors, signals, limits,
 * folders. */
#include "bed.h"
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static int compare_lines(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The lines of text, sorted, in one string. */
static char *sort_lines(char *text)
{
    char *lines[256];
    size_t count = 0;
    for (char *line = strtok(text, "\n"); line != NULL && count < 256; line = strtok(NULL, "\n")) {
        lines[count++] = line;
    }
    qsort(lines, count, sizeof *lines, compare_lines);
    struct text sorted = {0};
    for (size_t i = 0; i < count; i++) {
        text_append_format(&sorted, "%s\n", lines[i]);
    }
    return text_take(&sorted);
}

static void the_environment_is_exactly_this(void)
{
    static const char *const caller[] = {"PATH=/usr/bin:/bin",
                                         "HOME=/home/x",
                                         "AWS_PROFILE=mine",
                                         "AWS_ACCESS_KEY_ID=A",
                                         "ITRUN_SHARD=99",
                                         "ITRUN_COOKIE=of-an-outer-run",
                                         "TMPDIR=/elsewhere",
                                         "no_proxy=example.test",
                                         "LEVEL=info",
                                         "ITRUN=0",
                                         "broken",
                                         NULL};
    static struct bed bed = {.base_environment = caller};
    bed_open(&bed);
    const struct pair env[] = {
        {"LEVEL", "debug"}, {"ITRUN", "1"}, {"ITRUN_SHARD", "1"}, {"ITRUN_TMPDIR", "/wrong"}};
    const char *argv[4];
    struct spawn spawn = bed_suite(0, "", argv);
    argv[0] = "env";
    argv[1] = NULL;
    spawn.env = env;
    spawn.env_count = 4;
    spawn.report_path = "/somewhere/report.xml";
    spawn.outputs_json = "{\"data\":{\"Table\":\"t\"}}";
    bed_wait(&bed, bed_spawn(&bed, &spawn));
    char *stored = bed_read(&bed, "run/output.log");
    char *sorted = sort_lines(stored);
    struct text expected = {0};
    text_append_format(
        &expected,
        "AWS_CONFIG_FILE=%1$s/tmp/aws-config\nAWS_EC2_METADATA_DISABLED=true\n"
        "AWS_SHARED_CREDENTIALS_FILE=%1$s/tmp/aws-credentials\nHOME=/home/x\nITRUN=1\nITRUN_COOKIE=%2$s\n"
        "ITRUN_INFRA_FAILURE_FILE=%1$s/tmp/1/infra-failure\nITRUN_OUTPUTS=%1$s/tmp/1.outputs.json\n"
        "ITRUN_REPORT=/somewhere/report.xml\nITRUN_SHARD=1\nITRUN_TMPDIR=%1$s/tmp/1\nLEVEL=debug\n"
        "NO_PROXY=example.test,127.0.0.1,localhost\nPATH=/usr/bin:/bin\nTEMP=%1$s/tmp/1\nTMP=%1$s/tmp/1\n"
        "TMPDIR=%1$s/tmp/1\nno_proxy=example.test,127.0.0.1,localhost\n",
        bed.folder, bed.cookie);
    CHECK(strcmp(sorted, text_string(&expected)) == 0, "found\n%s\nexpected\n%s", sorted,
          text_string(&expected));
    char *outputs = bed_read(&bed, "tmp/1.outputs.json");
    CHECK(strcmp(outputs, spawn.outputs_json) == 0, "outputs: %s", outputs);
    char *config = bed_read(&bed, "tmp/aws-config"), *credentials = bed_read(&bed, "tmp/aws-credentials");
    CHECK(config[0] == '\0' && credentials[0] == '\0', "not empty");
    memory_free(stored);
    memory_free(sorted);
    memory_free(outputs);
    memory_free(config);
    memory_free(credentials);
    text_clear(&expected);
    bed_close(&bed);
}

static void nothing_of_itrun_is_inherited(void)
{
    struct rlimit limit = {256, 0};
    struct rlimit before;
    getrlimit(RLIMIT_NOFILE, &before);
    limit.rlim_max = before.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    signal(SIGPIPE, SIG_IGN);
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    int leaky = open("/dev/zero", O_RDONLY); /* not close-on-exec, like sockets of some libraries */
    CHECK(leaky > 2, "no descriptor");
    static struct bed bed;
    bed_open(&bed);
    getrlimit(RLIMIT_NOFILE, &limit);
    CHECK(limit.rlim_cur == before.rlim_max, "the room did not raise the limit");
    const struct result *result = bed_run(
        &bed, "ls /proc/self/fd | tr '\\n' ' '; readlink /proc/self/fd/0; ulimit -n; "
              "grep -E 'SigBlk|SigIgn' /proc/self/status | tr -d '\\t'; ps -o sid= -p $$ | grep -c $$");
    /* Descriptor 3 is ls itself, looking. */
    const char *expected = "0 1 2 3 /dev/null\n256\nSigBlk:0000000000000000\nSigIgn:0000000000000000\n1\n";
    CHECK(strcmp(result->tail, expected) == 0, "found: %s", result->tail);
    close(leaky);
    bed_close(&bed);
}

static void very_large_environments_pass(void)
{
    static struct bed bed;
    bed_open(&bed);
    char *big = memory_new(100001);
    memset(big, 'x', 100000);
    struct pair env[10];
    char names[10][8];
    for (size_t i = 0; i < 10; i++) {
        snprintf(names[i], sizeof names[i], "BIG%zu", i);
        env[i] = (struct pair){names[i], big};
    }
    const char *argv[4];
    struct spawn spawn = bed_suite(0, "env | grep -c '^BIG[0-9]=x\\{0,\\}$'; env | wc -c", argv);
    spawn.env = env;
    spawn.env_count = 10;
    const struct result *result = bed_wait(&bed, bed_spawn(&bed, &spawn));
    CHECK(strncmp(result->tail, "10\n100", 6) == 0, "found: %s%s", result->tail, result->end.error.what);
    char *too_big = memory_new(3000001);
    memset(too_big, 'y', 3000000);
    env[0].value = too_big;
    const struct result *refused = bed_wait(&bed, bed_spawn(&bed, &spawn));
    CHECK(refused->end.error.kind == ERROR_LIMIT, "kind %d: %s", refused->end.error.kind,
          refused->end.error.what);
    memory_free(big);
    memory_free(too_big);
    bed_close(&bed);
}

static void the_private_folder_is_empty_each_time(void)
{
    static struct bed bed;
    bed_open(&bed);
    const char *look =
        "ls -A $ITRUN_TMPDIR | wc -l; stat -c %a $ITRUN_TMPDIR; cd $ITRUN_TMPDIR; mkdir -p a/b; touch a/b/c "
        "report.xml; ln -s /etc link; chmod 500 a/b; chmod 0 a; mkfifo infra-failure";
    for (int i = 0; i < 3; i++) {
        const struct result *result = bed_run(&bed, look);
        CHECK(strcmp(result->tail, "0\n700\n") == 0, "attempt %d: %s%s", i, result->tail,
              result->end.error.what);
        CHECK(result->reason == NULL, "a pipe is no reason");
    }
    bed_run(&bed, "rm -rf $ITRUN_TMPDIR; echo > $ITRUN_TMPDIR"); /* it may even go, or become a file */
    CHECK(strcmp(bed_run(&bed, look)->tail, "0\n700\n") == 0, "not made again");
    char tmp[96];
    snprintf(tmp, sizeof tmp, "%s/tmp", bed.folder);
    CHECK(access("/etc/passwd", F_OK) == 0, "the link was followed");
    bed_close(&bed);
    CHECK(access(tmp, F_OK) != 0, "the folder outlived the run");
}

static void an_old_report_is_removed_before_the_start(void)
{
    static struct bed bed;
    bed_open(&bed);
    char report[128], script[320];
    snprintf(report, sizeof report, "%s/declared.xml", bed.folder);
    snprintf(script, sizeof script, "ls %s; echo > %s", report, report);
    const char *argv[4];
    struct spawn spawn = bed_suite(0, script, argv);
    spawn.report_path = report;
    for (int i = 0; i < 2; i++) {
        const struct result *result = bed_wait(&bed, bed_spawn(&bed, &spawn));
        CHECK(strstr(result->tail, "No such file") != NULL, "the old one was there: %s", result->tail);
    }
    CHECK(bed_has(&bed, "declared.xml"), "the new one is gone");
    bed_close(&bed);
}

static void outputs_spoilt_by_a_suite_are_written_again(void)
{
    static struct bed bed;
    bed_open(&bed);
    const char *argv[4];
    struct spawn spawn = bed_suite(0, "cat $ITRUN_OUTPUTS; sleep 0.02; echo spoilt > $ITRUN_OUTPUTS", argv);
    spawn.outputs_json = "{}";
    for (int i = 0; i < 2; i++) {
        CHECK(strcmp(bed_wait(&bed, bed_spawn(&bed, &spawn))->tail, "{}") == 0, "attempt %d", i);
    }
    spawn.outputs_json = "{\"a\":{}}";
    CHECK(strcmp(bed_wait(&bed, bed_spawn(&bed, &spawn))->tail, "{\"a\":{}}") == 0, "new outputs");
    bed_close(&bed);
}

static void two_hundred_run_at_once(void)
{
    static struct bed bed;
    bed_open(&bed);
    int64_t started_ms = clock_monotonic_ms();
    const char *argv[4];
    char path[64];
    for (size_t lane = 0; lane < 200; lane++) {
        struct spawn spawn = bed_suite(lane, "echo $ITRUN_TMPDIR; sleep 1; exit 3", argv);
        snprintf(path, sizeof path, "suites/%zu/output.log", lane);
        spawn.output_path = path;
        bed_spawn(&bed, &spawn);
    }
    CHECK(process_running_count(bed.room) == 200, "%zu run", process_running_count(bed.room));
    for (uint64_t id = 1; id <= 200; id++) {
        char expected[96];
        snprintf(expected, sizeof expected, "%s/tmp/%d\n", bed.folder, (int)id);
        const struct result *result = bed_wait(&bed, id);
        CHECK(result->end.exit_code == 3 && strcmp(result->tail, expected) == 0, "command %d: %s %s", (int)id,
              result->tail, result->end.error.what);
    }
    int64_t took_ms = clock_monotonic_ms() - started_ms;
    CHECK(took_ms < 10000, "one after another: %lld ms", (long long)took_ms);
    bed_close(&bed);
}

const struct claim environment_claims[] = {
    {"the_environment_is_exactly_this", the_environment_is_exactly_this},
    {"nothing_of_itrun_is_inherited", nothing_of_itrun_is_inherited},
    {"very_large_environments_pass", very_large_environments_pass},
    {"the_private_folder_is_empty_each_time", the_private_folder_is_empty_each_time},
    {"an_old_report_is_removed_before_the_start", an_old_report_is_removed_before_the_start},
    {"outputs_spoilt_by_a_suite_are_written_again", outputs_spoilt_by_a_suite_are_written_again},
    {"two_hundred_run_at_once", two_hundred_run_at_once},
    {0},
};
