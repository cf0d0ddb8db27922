/* claims_output.c - what a command prints, on its way to the disk. */
#include "bed.h"
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void output_is_stored_as_it_came(void)
{
    static struct bed bed;
    bed_open(&bed);
    const char *argv[4];
    struct spawn spawn = bed_suite(0, "echo one; echo two >&2; echo three", argv);
    spawn.output_path = "suites/a/b/1/output.log";
    const struct result *result = bed_wait(&bed, bed_spawn(&bed, &spawn));
    char *stored = bed_read(&bed, "run/suites/a/b/1/output.log");
    CHECK(stored != NULL && strcmp(stored, "one\ntwo\nthree\n") == 0, "stored: %s", stored);
    CHECK(strcmp(result->tail, stored) == 0, "tail: %s", result->tail);
    CHECK(result->end.output_bytes == 14 && !result->end.is_output_cut, "%lld bytes",
          (long long)result->end.output_bytes);
    memory_free(stored);
    spawn = bed_suite(0, "exit 0", argv);
    spawn.output_path = "suites/silent/1/output.log";
    bed_wait(&bed, bed_spawn(&bed, &spawn));
    CHECK(!bed_has(&bed, "run/suites/silent"), "a folder without a byte to keep");
    bed_close(&bed);
}

static void forty_megabytes_are_limited(void)
{
    static struct bed bed = {.output_limit_bytes = 1 << 20};
    bed_open(&bed);
    const struct result *result = bed_run(&bed, "yes 0123456789abcde | head -c 41943040; echo the end");
    CHECK(result->end.output_bytes == 41943040 + 8, "%lld bytes", (long long)result->end.output_bytes);
    CHECK(result->end.is_output_cut && result->end.exit_code == 0, "not cut");
    char *stored = bed_read(&bed, "run/output.log");
    const char *said = "\nitrun: 40894472 bytes of output cut\n";
    CHECK(stored != NULL && strlen(stored) == (1 << 20) + strlen(said) - 1, "%zu bytes stored",
          strlen(stored));
    CHECK(strcmp(stored + strlen(stored) - strlen(said), said) == 0, "the last line is %s",
          stored + strlen(stored) - strlen(said));
    CHECK(strstr(result->tail, "the end") != NULL, "the tail ends where the file was cut");
    memory_free(stored);
    bed_close(&bed);
}

static void secrets_are_redacted_in_every_form(void)
{
    static struct bed bed;
    bed_open(&bed);
    redactor_add(bed.redactor, "wJalr/XUtn+FEMI=K7MDENG");
    const struct result *result = bed_run(
        &bed,
        "printf 'key wJalr/XU'; sleep 0.1; echo 'tn+FEMI=K7MDENG!'; echo 'wJalr%2FXUtn%2BFEMI%3DK7MDENG';"
        "echo 'suite says wJalr/XUtn+FEMI=K7MDENG' > $ITRUN_INFRA_FAILURE_FILE");
    char *stored = bed_read(&bed, "run/output.log");
    CHECK(strcmp(stored, "key [redacted]!\n[redacted]\n") == 0, "stored: %s", stored);
    CHECK(strcmp(result->tail, stored) == 0, "tail: %s", result->tail);
    CHECK(strcmp(result->reason, "suite says [redacted]") == 0, "reason: %s", result->reason);
    memory_free(stored);
    bed_close(&bed);
}

static void a_grandchild_that_holds_the_pipe_delays_nothing(void)
{
    static struct bed bed;
    bed_open(&bed);
    const struct result *result = bed_run(&bed, "setsid sh -c 'echo held; sleep 300' & sleep 0.1; echo main");
    CHECK(result->took_ms < 3000, "it took %lld ms", (long long)result->took_ms);
    CHECK(strstr(result->tail, "held\n") != NULL && strstr(result->tail, "main\n") != NULL, "tail: %s",
          result->tail);
    bed_close(&bed);
}

/* The pipe handed to a process that descends from no guard: only the bounded drain helps. */
static void a_stranger_that_holds_the_pipe_delays_two_seconds(void)
{
    static struct bed bed;
    bed_open(&bed);
    const char *argv[4];
    char script[160], line[64] = {0};
    snprintf(script, sizeof script, "readlink /proc/$$/fd/1; echo $$ > %s/pid; sleep 0.6; echo last",
             bed.folder);
    struct spawn spawn = bed_suite(0, script, argv);
    uint64_t id = bed_spawn(&bed, &spawn);
    bed_await_file(&bed, "pid");
    char *pid = bed_read(&bed, "pid");
    snprintf(line, sizeof line, "/proc/%d/fd/1", atoi(pid));
    FILE *stranger = fopen(line, "w");
    CHECK(stranger != NULL, "cannot open %s", line);
    const struct result *result = bed_wait(&bed, id);
    CHECK(result->took_ms > 1500 && result->took_ms < 6000, "it took %lld ms", (long long)result->took_ms);
    CHECK(strstr(result->tail, "last\n") != NULL, "tail: %s", result->tail);
    fclose(stranger);
    memory_free(pid);
    bed_close(&bed);
}

static void a_full_disk_is_told_and_hangs_nobody(void)
{
    static struct bed bed;
    bed_open(&bed);
    char run[96];
    snprintf(run, sizeof run, "%s/run", bed.folder);
    CHECK(symlink("/dev", run) == 0, "no link");
    const char *argv[4];
    struct spawn spawn = bed_suite(0, "yes | head -c 1000000; exit 0", argv);
    spawn.output_path = "full"; /* /dev/full: every write says that the disk is full */
    const struct result *result = bed_wait(&bed, bed_spawn(&bed, &spawn));
    CHECK(result->end.error.kind == ERROR_IO && strstr(result->end.error.what, "No space left") != NULL, "%s",
          result->end.error.what);
    CHECK(result->end.output_bytes == 1000000, "%lld bytes", (long long)result->end.output_bytes);
    bed_close(&bed);
}

struct looked {
    size_t count, lane;
    char tail[64];
};

static void look(void *context, const struct process_seen *command)
{
    struct looked *looked = context;
    looked->count++;
    looked->lane = command->lane;
    snprintf(looked->tail, sizeof looked->tail, "%s", command->tail);
}

static void output_can_be_looked_at_while_it_runs(void)
{
    static struct bed bed;
    bed_open(&bed);
    const char *argv[4];
    struct spawn spawn = bed_suite(0, "echo so far; sleep 300", argv);
    uint64_t id = bed_spawn(&bed, &spawn);
    bed_await_file(&bed, "run/output.log");
    struct looked looked = {.lane = 99};
    process_peek(bed.room, look, &looked);
    CHECK(looked.count == 1 && looked.lane == 0, "%zu commands, lane %zu", looked.count, looked.lane);
    CHECK(strcmp(looked.tail, "so far\n") == 0, "seen: %s", looked.tail);
    process_signal(bed.room, id, true);
    bed_wait(&bed, id);
    looked.count = 0;
    process_peek(bed.room, look, &looked);
    CHECK(looked.count == 0, "%zu commands after the end", looked.count);
    bed_close(&bed);
}

const struct claim output_claims[] = {
    {"output_is_stored_as_it_came", output_is_stored_as_it_came},
    {"forty_megabytes_are_limited", forty_megabytes_are_limited},
    {"secrets_are_redacted_in_every_form", secrets_are_redacted_in_every_form},
    {"a_grandchild_that_holds_the_pipe_delays_nothing", a_grandchild_that_holds_the_pipe_delays_nothing},
    {"a_stranger_that_holds_the_pipe_delays_two_seconds", a_stranger_that_holds_the_pipe_delays_two_seconds},
    {"a_full_disk_is_told_and_hangs_nobody", a_full_disk_is_told_and_hangs_nobody},
    {"output_can_be_looked_at_while_it_runs", output_can_be_looked_at_while_it_runs},
    {0},
};
