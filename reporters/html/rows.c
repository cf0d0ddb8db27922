#include "html/rows.h"
#include "html/markup.h"
#include "itrun/base/gzip.h"
#include "itrun/base/json.h"
#include "itrun/base/memory.h"
#include <string.h>

#define NAME_LIMIT    500
#define MESSAGE_LIMIT 1500
#define BODY_LIMIT    6000
#define DETAIL_BUDGET 2500000
#define PACKED_AT     ((size_t)256 * 1024)

void rows_write_line(struct json_writer *writer, const char *key, const char *string)
{
    struct text text = {0};
    markup_append_line(&text, string, NAME_LIMIT);
    json_write_string(writer, key, string != NULL ? text_string(&text) : NULL);
    text_clear(&text);
}

void rows_write_lines(struct json_writer *writer, const char *key, const char *string, size_t limit)
{
    struct text text = {0};
    markup_append_clean(&text, string, limit);
    json_write_string(writer, key, string != NULL ? text_string(&text) : NULL);
    text_clear(&text);
}

/* Type, message and text of one bad result, as members of the object that is open. */
static void write_result(struct rows *rows, struct json_writer *writer, const struct test_case *result)
{
    size_t before = rows->text.length;
    if (result->type != NULL) {
        rows_write_line(writer, "type", result->type);
    }
    if (result->message != NULL) {
        rows_write_lines(writer, "message", result->message, MESSAGE_LIMIT);
    }
    if (result->body != NULL && rows->detail_bytes < DETAIL_BUDGET) {
        rows_write_lines(writer, "text", result->body, BODY_LIMIT);
    }
    if (result->output != NULL && rows->detail_bytes < DETAIL_BUDGET) {
        rows_write_lines(writer, "output", result->output, BODY_LIMIT);
    }
    rows->detail_bytes += rows->text.length - before;
}

/* Where the framework can select one case, its command is another than the suite's. */
static void write_repro(struct json_writer *writer, const struct fold_suite *suite,
                        const struct reported_case *reported_case)
{
    struct text repro = {0};
    case_append_repro(suite, reported_case, &repro);
    if (repro.length > 0 && !string_equal(text_string(&repro), suite->repro)) {
        rows_write_lines(writer, "repro", text_string(&repro), MESSAGE_LIMIT);
    }
    text_clear(&repro);
}

static void write_detail(struct rows *rows, struct json_writer *writer, const struct fold_suite *suite,
                         enum fault fault, const struct reported_case *reported_case)
{
    const struct test_case *main = reported_case->main;
    json_write_object(writer, NULL);
    if (fault != FAULT_NONE) {
        json_write_int(writer, "fault", fault);
    }
    if (reported_case->is_flaky) {
        json_write_bool(writer, "flaky", true);
    }
    if (reported_case->is_synthetic) {
        json_write_bool(writer, "suite", true);
    }
    if (main->file != NULL && fault != FAULT_NONE) {
        rows_write_line(writer, "file", main->file);
        json_write_int(writer, "line", main->line);
    }
    if (fault != FAULT_NONE) {
        write_repro(writer, suite, reported_case);
    }
    write_result(rows, writer, main);
    if (reported_case->other_count > 0) {
        json_write_array(writer, "others");
        for (size_t i = 0; i < reported_case->other_count; i++) {
            json_write_object(writer, NULL);
            write_result(rows, writer, reported_case->others[i]);
            json_write_end(writer, '}');
        }
        json_write_end(writer, ']');
    }
    json_write_end(writer, '}');
}

/* [name, outcome, ms, class (0: the class of the row before), detail (where there is any)] */
static void write_case(struct rows *rows, struct json_writer *writer, const struct fold_suite *suite,
                       const struct reported_case *reported_case, const char **class_before)
{
    const struct test_case *main = reported_case->main;
    enum fault fault = fault_of(suite, reported_case);
    json_write_array(writer, NULL);
    rows_write_line(writer, NULL, reported_case->name);
    json_write_int(writer, NULL, fault_outcome(suite, reported_case));
    json_write_int(writer, NULL, (reported_case->duration_us + 500) / 1000);
    if (string_equal(main->classname, *class_before)) {
        json_write_int(writer, NULL, 0);
    } else {
        rows_write_line(writer, NULL, main->classname != NULL ? main->classname : "");
        *class_before = main->classname;
    }
    if (fault != FAULT_NONE || reported_case->is_synthetic || main->message != NULL) {
        write_detail(rows, writer, suite, fault, reported_case);
    }
    json_write_end(writer, ']');
}

static void pack(struct rows *rows)
{
    rows->packed =
        memory_grow(rows->packed, rows->packed_count, &rows->packed_capacity, sizeof(struct chunk *));
    rows->packed[rows->packed_count++] = chunk_new_packed(rows->text.bytes, rows->text.length);
    text_clear(&rows->text);
}

void rows_add(struct rows *rows, const struct fold *fold, size_t suite, const struct reported *reported)
{
    if (!rows_are_empty(rows)) {
        text_append_char(&rows->text, ',');
    }
    const char *class_before = "";
    struct json_writer writer;
    json_write_begin(&writer, &rows->text, 0);
    json_write_array(&writer, NULL);
    json_write_int(&writer, NULL, (int64_t)suite);
    json_write_array(&writer, NULL);
    for (size_t i = 0; i < reported->count; i++) {
        write_case(rows, &writer, &fold->suites[suite], &reported->list[i], &class_before);
    }
    json_write_end(&writer, ']');
    json_write_end(&writer, ']');
    if (rows->text.length >= PACKED_AT) {
        pack(rows);
    }
}

bool rows_are_empty(const struct rows *rows)
{
    return rows->text.length == 0 && rows->packed_count == 0;
}

static bool give_piece(void *context, const char *bytes, size_t length)
{
    gzip_add(context, bytes, length);
    return true;
}

void rows_gzip(const struct rows *rows, struct gzip *gzip)
{
    for (size_t i = 0; i < rows->packed_count; i++) {
        chunk_read(rows->packed[i], give_piece, gzip);
    }
    gzip_add(gzip, text_string(&rows->text), rows->text.length);
}

void rows_clear(struct rows *rows)
{
    for (size_t i = 0; i < rows->packed_count; i++) {
        chunk_drop(rows->packed[i]);
    }
    memory_free(rows->packed);
    text_clear(&rows->text);
    *rows = (struct rows){0};
}
