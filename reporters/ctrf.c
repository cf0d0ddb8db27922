/* ctrf.c - the run in the Common Test Report Format, for the tools that read it.
 *
 * The cases are those of junit.xml, each once. What JUnit has no word for has one here: `rawStatus` is ours,
 * and what nobody's test is to blame for (infra, lost) is `other`. A flaky case passed: `retryAttempts` are
 * the bad attempts before; one that failed again and again shows its first failure, and there the further
 * ones. Source: ctrf-io, the JSON schema of specification 0.0.0. */
#include "itrun/base/hash.h"
#include "json_limited.h"
#include "tally.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SPECIFICATION "0.0.0"
#define MESSAGE_LIMIT 1000
#define TEXT_LIMIT    ((size_t)64 * 1024)

enum ctrf_status { CTRF_PASSED, CTRF_FAILED, CTRF_SKIPPED, CTRF_PENDING, CTRF_OTHER, CTRF_STATUS_COUNT };
static const char *const status_names[CTRF_STATUS_COUNT] = {[CTRF_PASSED] = "passed",
                                                            [CTRF_FAILED] = "failed",
                                                            [CTRF_SKIPPED] = "skipped",
                                                            [CTRF_PENDING] = "pending",
                                                            [CTRF_OTHER] = "other"};
struct ctrf_totals {
    size_t counts[CTRF_STATUS_COUNT];
    size_t flaky;
};
struct ctrf_piece { /* one suite, written */
    char *json;     /* NULL until it finished */
    struct ctrf_totals totals;
};
struct ctrf {
    struct sink sink;
    struct out *out;
    struct tally *tally;
    struct ctrf_piece *pieces; /* by suite */
    size_t count, capacity;
    bool is_changed;
};

static enum ctrf_status status_of(const struct fold_suite *suite, const struct reported_case *reported_case)
{
    bool is_nobodys = suite->outcome == OUTCOME_INFRA || suite->outcome == OUTCOME_LOST;
    if (reported_case->is_synthetic && is_nobodys) {
        return CTRF_OTHER;
    }
    switch (reported_case->status) {
    case CASE_PASSED: return CTRF_PASSED;
    case CASE_SKIPPED: return CTRF_SKIPPED;
    case CASE_FAILED:
    case CASE_ERROR:
    case CASE_STATUS_COUNT: break;
    }
    return CTRF_FAILED;
}

/* The format has output as lines. */
static void write_lines(struct json_writer *writer, const char *key, const char *output)
{
    if (output == NULL || output[0] == '\0') {
        return;
    }
    struct text clean = {0};
    text_append_printable(&clean, output, strlen(output));
    json_write_array(writer, key);
    const char *line = text_string(&clean);
    while (*line != '\0') {
        size_t length = strcspn(line, "\n");
        json_write_bytes(writer, NULL, line, length);
        line += length + (line[length] == '\n');
    }
    json_write_end(writer, ']');
    text_clear(&clean);
}

/* The same in every run, in the form of a UUID (version 8: of our own making). */
static void write_id(struct json_writer *writer, const char *suite, const struct reported_case *reported_case)
{
    char hex[HASH_HEX_SIZE], uuid[40];
    struct hash *hash = hash_new();
    hash_add_string(hash, suite);
    hash_add_string(hash, reported_case->classname);
    hash_add_string(hash, reported_case->name);
    hash_finish(hash, hex);
    hash_free(hash);
    snprintf(uuid, sizeof uuid, "%.8s-%.4s-8%.3s-8%.3s-%.12s", hex, hex + 8, hex + 13, hex + 17, hex + 20);
    json_write_string(writer, "id", uuid);
}

static void write_attempts(struct json_writer *writer, const struct reported_case *reported_case)
{
    if (reported_case->other_count == 0) {
        return;
    }
    size_t first = reported_case->is_flaky ? 1 : 2;
    json_write_int(writer, "retries", (int64_t)reported_case->other_count);
    json_write_array(writer, "retryAttempts");
    for (size_t i = 0; i < reported_case->other_count; i++) {
        const struct test_case *other = reported_case->others[i];
        json_write_object(writer, NULL);
        json_write_int(writer, "attempt", (int64_t)(first + i));
        json_write_string(writer, "status", "failed");
        json_write_int(writer, "duration", other->duration_us > 0 ? other->duration_us / 1000 : 0);
        json_write_limited(writer, "message", other->message, MESSAGE_LIMIT);
        json_write_limited(writer, "trace", other->body, TEXT_LIMIT);
        if (other->line > 0) {
            json_write_int(writer, "line", other->line);
        }
        write_lines(writer, "stdout", other->output);
        json_write_end(writer, '}');
    }
    json_write_end(writer, ']');
}

/* What the suite printed, where somebody will want to read it. */
static void write_attachments(struct json_writer *writer, const struct fold_suite *suite, bool is_wanted)
{
    const struct fold_attempt *attempt = fold_last_attempt(suite);
    if (!is_wanted || attempt == NULL || attempt->output_path == NULL) {
        return;
    }
    json_write_array(writer, "attachments");
    json_write_object(writer, NULL);
    json_write_string(writer, "name", "output.log");
    json_write_string(writer, "contentType", "text/plain");
    json_write_string(writer, "path", attempt->output_path);
    json_write_end(writer, '}');
    json_write_end(writer, ']');
}

static void write_extra(struct json_writer *writer, const struct fold_suite *suite,
                        const struct reported_case *reported_case, bool is_bad)
{
    struct text repro = {0};
    json_write_object(writer, "extra");
    json_write_string(writer, "outcome", outcome_name(suite->outcome));
    json_write_int(writer, "attempts", (int64_t)suite->attempt_count);
    if (suite->account != NULL) {
        json_write_string(writer, "account", suite->account);
    }
    if (is_bad) {
        case_append_repro(suite, reported_case, &repro);
        json_write_limited(writer, "repro", text_string(&repro), TEXT_LIMIT);
    }
    json_write_end(writer, '}');
    text_clear(&repro);
}

static void write_case(struct json_writer *writer, const struct fold_suite *suite,
                       const struct reported_case *reported_case, enum ctrf_status status)
{
    const struct test_case *result = reported_case->main;
    const char *raw =
        reported_case->is_synthetic ? outcome_name(suite->outcome) : case_status_name(reported_case->status);
    const char *file = result->file != NULL ? result->file : suite->file;
    bool is_bad = status == CTRF_FAILED || status == CTRF_OTHER;
    char thread[40];
    json_write_object(writer, NULL);
    write_id(writer, suite->name, reported_case);
    json_write_string(writer, "name", reported_case->name);
    json_write_string(writer, "status", status_names[status]);
    json_write_int(writer, "duration", reported_case->duration_us / 1000);
    json_write_array(writer, "suite");
    json_write_string(writer, NULL, suite->name);
    if (reported_case->classname[0] != '\0') {
        json_write_string(writer, NULL, reported_case->classname);
    }
    json_write_end(writer, ']');
    json_write_limited(writer, "message", result->message, MESSAGE_LIMIT);
    json_write_limited(writer, "trace", result->body, TEXT_LIMIT);
    if (result->file != NULL && result->line > 0) {
        json_write_int(writer, "line", result->line);
    }
    json_write_string(writer, "rawStatus", raw);
    if (suite->framework != NULL) {
        json_write_string(writer, "type", suite->framework);
    }
    if (file != NULL) {
        json_write_string(writer, "filePath", file);
    }
    write_attempts(writer, reported_case);
    json_write_bool(writer, "flaky", reported_case->is_flaky);
    write_lines(writer, "stdout", result->output);
    if (suite->shard != 0) {
        snprintf(thread, sizeof thread, "shard-%02zu", suite->shard);
        json_write_string(writer, "threadId", thread);
    }
    write_attachments(writer, suite, is_bad || reported_case->is_flaky);
    write_extra(writer, suite, reported_case, is_bad);
    json_write_end(writer, '}');
}

/* The suite's tests, each on a line of its own, commas between. */
static void write_suite(const struct ctrf *ctrf, size_t index, struct text *text, struct ctrf_totals *totals)
{
    const struct fold_suite *suite = &ctrf->tally->fold->suites[index];
    struct reported reported;
    tally_cases(ctrf->tally, index, &reported);
    for (size_t i = 0; i < reported.count; i++) {
        const struct reported_case *reported_case = &reported.list[i];
        enum ctrf_status status = status_of(suite, reported_case);
        struct json_writer writer;
        text_append(text, i > 0 ? ",\n" : "");
        json_write_begin(&writer, text, 0);
        write_case(&writer, suite, reported_case, status);
        totals->counts[status]++;
        totals->flaky += reported_case->is_flaky;
    }
    reported_clear(&reported);
}

static bool ctrf_on_event(struct sink *sink, const struct event *event, struct error *error)
{
    struct ctrf *ctrf = (struct ctrf *)sink;
    if (!tally_event(ctrf->tally, event, error)) {
        return false;
    }
    ctrf->is_changed = true;
    if (event->type == EVENT_SUITE_PLANNED) {
        ctrf->pieces = memory_grow(ctrf->pieces, ctrf->count, &ctrf->capacity, sizeof *ctrf->pieces);
        ctrf->count++;
    } else if (event->type == EVENT_SUITE_FINISHED) {
        struct text text = {0};
        write_suite(ctrf, event->suite, &text, &ctrf->pieces[event->suite].totals);
        ctrf->pieces[event->suite].json = text_take(&text);
        tally_drop(ctrf->tally, event->suite);
    }
    return true;
}

static void write_known(struct json_writer *writer, const char *key, const char *value)
{
    if (value != NULL && value[0] != '\0') {
        json_write_string(writer, key, value);
    }
}

static void write_summary(struct json_writer *writer, const struct fold *fold,
                          const struct ctrf_totals *totals)
{
    size_t sum = 0;
    for (int i = 0; i < CTRF_STATUS_COUNT; i++) {
        sum += totals->counts[i];
    }
    int64_t start_ms = fold->start.wall_us / 1000;
    json_write_object(writer, "summary");
    json_write_int(writer, "tests", (int64_t)sum);
    for (int i = 0; i < CTRF_STATUS_COUNT; i++) {
        json_write_int(writer, status_names[i], (int64_t)totals->counts[i]);
    }
    json_write_int(writer, "flaky", (int64_t)totals->flaky);
    json_write_int(writer, "suites", (int64_t)fold->suite_count);
    json_write_int(writer, "start", start_ms);
    json_write_int(writer, "stop", start_ms + fold_makespan_ms(fold));
    json_write_int(writer, "duration", fold_makespan_ms(fold));
    json_write_end(writer, '}');
}

static void write_environment(struct json_writer *writer, const struct fold *fold)
{
    const struct event *start = &fold->start;
    char seed[24];
    snprintf(seed, sizeof seed, "%" PRIu64, start->start.seed);
    json_write_object(writer, "environment");
    write_known(writer, "reportName", start->start.project);
    write_known(writer, "appName", start->start.project);
    write_known(writer, "buildName", start->start.ci);
    write_known(writer, "buildUrl", start->start.job_url);
    write_known(writer, "commit", start->start.commit);
    write_known(writer, "branchName", start->start.branch);
    json_write_object(writer, "extra");
    json_write_string(writer, "seed", seed);
    json_write_int(writer, "shards", (int64_t)start->start.shard_count);
    json_write_int(writer, "accounts", (int64_t)start->start.account_count);
    json_write_bool(writer, "isFinished", fold->is_finished);
    json_write_end(writer, '}');
    json_write_end(writer, '}');
}

/* All before the tests; array and objects stay open. */
static void write_head(const struct ctrf *ctrf, const struct ctrf_totals *totals, struct text *text)
{
    const struct fold *fold = ctrf->tally->fold;
    struct json_writer writer;
    char utc[32];
    time_format_utc(fold->last_wall_us, utc);
    json_write_begin(&writer, text, 0);
    json_write_object(&writer, NULL);
    json_write_string(&writer, "reportFormat", "CTRF");
    json_write_string(&writer, "specVersion", SPECIFICATION);
    write_known(&writer, "runId", fold->start.run);
    json_write_string(&writer, "timestamp", utc);
    json_write_string(&writer, "generatedBy", "itrun");
    json_write_object(&writer, "results");
    json_write_object(&writer, "tool");
    json_write_string(&writer, "name", "itrun");
    write_known(&writer, "version", fold->start.start.version);
    json_write_end(&writer, '}');
    write_summary(&writer, fold, totals);
    write_environment(&writer, fold);
    json_write_array(&writer, "tests");
}

static bool ctrf_flush(struct sink *sink, struct error *error)
{
    struct ctrf *ctrf = (struct ctrf *)sink;
    if (!ctrf->is_changed) {
        return true;
    }
    struct ctrf_totals totals = {0};
    struct text tests = {0}, text = {0};
    for (size_t i = 0; i < ctrf->count; i++) {
        const struct ctrf_piece *piece = &ctrf->pieces[i];
        struct ctrf_totals own = piece->totals;
        text_append(&tests, tests.length > 0 ? ",\n" : "\n");
        if (piece->json != NULL) {
            text_append(&tests, piece->json);
        } else {
            write_suite(ctrf, i, &tests, &own);
        }
        for (int k = 0; k < CTRF_STATUS_COUNT; k++) {
            totals.counts[k] += own.counts[k];
        }
        totals.flaky += own.flaky;
    }
    write_head(ctrf, &totals, &text);
    text_append(&text, text_string(&tests));
    text_append(&text, "\n]}}\n");
    bool is_ok = ctrf->out->replace(ctrf->out, text.bytes, text.length, error);
    ctrf->is_changed = !is_ok;
    text_clear(&tests);
    text_clear(&text);
    return is_ok;
}

static void ctrf_free(struct sink *sink)
{
    struct ctrf *ctrf = (struct ctrf *)sink;
    for (size_t i = 0; i < ctrf->count; i++) {
        memory_free(ctrf->pieces[i].json);
    }
    memory_free(ctrf->pieces);
    tally_free(ctrf->tally);
    memory_free(ctrf);
}

struct sink *ctrf_sink_new(struct out *out)
{
    struct ctrf *ctrf = memory_new(sizeof *ctrf);
    ctrf->sink =
        (struct sink){.name = "ctrf", .on_event = ctrf_on_event, .flush = ctrf_flush, .free = ctrf_free};
    ctrf->out = out;
    ctrf->tally = tally_new();
    return &ctrf->sink;
}
