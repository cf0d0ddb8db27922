#include "html/data.h"
#include "itrun/base/gzip.h"
#include <inttypes.h>
#include <stdio.h>

#define REASON_LIMIT 1500
#define TAIL_LIMIT   3000
#define TAIL_BUDGET  1000000 /* of all attempts: their whole output lies beside the page */

static void write_words(struct json_writer *writer)
{
    json_write_array(writer, "outcomes");
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        json_write_array(writer, NULL);
        json_write_string(writer, NULL, outcome_name((enum outcome)i));
        json_write_string(writer, NULL, outcome_symbol((enum outcome)i));
        json_write_end(writer, ']');
    }
    json_write_end(writer, ']');
    json_write_array(writer, "faults");
    for (int i = 0; i < FAULT_COUNT; i++) {
        json_write_array(writer, NULL);
        json_write_string(writer, NULL, fault_word((enum fault)i));
        json_write_string(writer, NULL, fault_title((enum fault)i));
        json_write_string(writer, NULL, fault_meaning((enum fault)i));
        json_write_end(writer, ']');
    }
    json_write_end(writer, ']');
}

static void write_run(struct json_writer *writer, const struct fold *fold)
{
    const struct event *start = &fold->start;
    char seed[24];
    snprintf(seed, sizeof seed, "%" PRIu64, start->start.seed);
    json_write_object(writer, "run");
    rows_write_line(writer, "id", start->run);
    rows_write_line(writer, "project", start->start.project);
    json_write_string(writer, "seed", seed);
    json_write_int(writer, "started", start->wall_us / 1000);
    json_write_int(writer, "announced", fold->announced_us / 1000);
    json_write_int(writer, "last", fold->last_monotonic_us / 1000);
    json_write_int(writer, "makespan", fold_makespan_ms(fold));
    json_write_int(writer, "predicted", start->start.predicted_ms);
    json_write_int(writer, "lowerBound", start->start.lower_bound_ms);
    rows_write_line(writer, "limitedBy", start->start.limited_by);
    json_write_int(writer, "jobs", (int64_t)start->start.job_count);
    json_write_bool(writer, "finished", fold->is_finished);
    json_write_end(writer, '}');
}

static void write_attempt(struct json_writer *writer, const struct fold_attempt *attempt, size_t *tail_bytes)
{
    size_t before = writer->text->length;
    json_write_array(writer, NULL);
    json_write_int(writer, NULL, attempt->number);
    json_write_int(writer, NULL, attempt->is_finished ? attempt->outcome : OUTCOME_LOST);
    json_write_int(writer, NULL, (int64_t)attempt->shard);
    rows_write_line(writer, NULL, attempt->account);
    json_write_int(writer, NULL, attempt->duration_ms);
    json_write_int(writer, NULL, attempt->exit_code);
    json_write_int(writer, NULL, attempt->signal);
    json_write_int(writer, NULL, attempt->leaked_count);
    rows_write_lines(writer, NULL, attempt->reason, REASON_LIMIT);
    rows_write_lines(writer, NULL, *tail_bytes < TAIL_BUDGET ? attempt->output_tail : NULL, TAIL_LIMIT);
    rows_write_line(writer, NULL, attempt->output_path);
    json_write_end(writer, ']');
    *tail_bytes += writer->text->length - before;
}

static void write_suite(struct json_writer *writer, const struct fold_suite *suite, size_t *tail_bytes)
{
    json_write_array(writer, NULL);
    rows_write_line(writer, NULL, suite->name);
    rows_write_line(writer, NULL, suite->framework);
    rows_write_line(writer, NULL, suite->file);
    rows_write_lines(writer, NULL, suite->repro, REASON_LIMIT);
    json_write_int(writer, NULL, (int64_t)suite->shard);
    json_write_int(writer, NULL, suite->outcome);
    rows_write_lines(writer, NULL, suite->reason, REASON_LIMIT);
    rows_write_line(writer, NULL, suite->account);
    json_write_int(writer, NULL, suite->is_flaky);
    json_write_int(writer, NULL, suite->duration_ms);
    json_write_int(writer, NULL, suite->expected_ms);
    json_write_array(writer, NULL);
    for (size_t i = 0; i < suite->attempt_count; i++) {
        write_attempt(writer, &suite->attempts[i], tail_bytes);
    }
    json_write_end(writer, ']');
    json_write_end(writer, ']');
}

/* All but the cases, which are text already; the object stays open. */
static void write_head(struct text *text, const struct fold *fold, const struct lanes *lanes)
{
    struct json_writer writer;
    size_t tail_bytes = 0;
    json_write_begin(&writer, text, 0);
    json_write_object(&writer, NULL);
    write_words(&writer);
    write_run(&writer, fold);
    lanes_write(lanes, fold, &writer);
    json_write_array(&writer, "suites");
    for (size_t i = 0; i < fold->suite_count; i++) {
        write_suite(&writer, &fold->suites[i], &tail_bytes);
    }
    json_write_end(&writer, ']');
    text_append(text, ",\"cases\":[");
}

void data_append(struct text *text, const struct fold *fold, const struct lanes *lanes,
                 const struct rows *rows, const struct rows *unfinished)
{
    struct text head = {0};
    struct text packed = {0};
    struct gzip *gzip = gzip_new(&packed);
    write_head(&head, fold, lanes);
    gzip_add(gzip, head.bytes, head.length);
    rows_gzip(rows, gzip);
    if (!rows_are_empty(rows) && !rows_are_empty(unfinished)) {
        gzip_add(gzip, ",", 1);
    }
    rows_gzip(unfinished, gzip);
    gzip_add(gzip, "]}", 2);
    gzip_finish(gzip);
    text_append_base64(text, packed.bytes, packed.length);
    text_clear(&packed);
    text_clear(&head);
}
