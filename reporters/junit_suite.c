/* junit_suite.c - one suite as <testsuite> elements: one, unless it alone would be too large for a file. */
#include "junit_suite.h"
#include "itrun/base/memory.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SLICE_BYTES (JUNIT_PART_BYTES - (size_t)64 * 1024) /* what stands round the cases has to fit too */

struct cases { /* of one slice */
    const struct reported_case *list;
    size_t count;
    int64_t duration_us;
    struct totals totals;
};

void junit_counts(struct junit_pen *pen, const struct totals *totals, bool with_skipped)
{
    text_append_format(pen->text, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\"", totals_count(totals),
                       totals->counts[CASE_FAILED], totals->counts[CASE_ERROR]);
    if (with_skipped) {
        text_append_format(pen->text, " skipped=\"%zu\"", totals->counts[CASE_SKIPPED]);
    }
}

void junit_timestamp(struct junit_pen *pen, int64_t wall_us)
{
    char utc[32];
    time_format_utc(wall_us, utc);
    text_append_format(pen->text, " timestamp=\"%s\"", utc);
}

static void write_number(struct junit_pen *pen, const char *name, uint64_t number)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%" PRIu64, number);
    junit_property(pen, name, digits);
}

/* junit-10.xsd knows no properties of a case: there the raw names stand here. */
static void write_raw_names(struct junit_pen *pen, const struct reported_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (cases[i].volatile_parts != 0) {
            text_reset(&pen->scratch[1]);
            text_append_format(&pen->scratch[1], "itrun.name[%s]", cases[i].name);
            junit_property(pen, text_string(&pen->scratch[1]), cases[i].main->name);
        }
    }
}

/* Shard, account, attempts: here and never in a name, or every run would have new tests. */
static void write_properties(struct junit_pen *pen, const struct fold *fold, const struct cases *cases)
{
    const struct fold_suite *suite = pen->suite;
    const struct fold_attempt *attempt = fold_last_attempt(suite);
    text_append(pen->text, "  <properties>");
    junit_property(pen, "itrun.suite", suite->name);
    if (suite->shard != 0) {
        write_number(pen, "itrun.shard", suite->shard);
        write_number(pen, "dd_tags[itrun.shard]", suite->shard);
    }
    if (suite->account != NULL) {
        junit_property(pen, "itrun.account", suite->account);
    }
    write_number(pen, "itrun.attempts", suite->attempt_count);
    write_number(pen, "itrun.seed", fold->start.start.seed);
    if (attempt != NULL && attempt->output_path != NULL) {
        junit_property(pen, "itrun.output", attempt->output_path);
    }
    if (pen->is_strict) {
        write_raw_names(pen, cases->list, cases->count);
    }
    text_append(pen->text, "</properties>\n");
}

/* Codecov takes these words in a suite's name for the framework of the rest of the file, and for jest then
 * shows names without their classes. It asks for the end of a word: in the plural they say nothing to it. */
static void append_suite_name(struct text *text, const char *name)
{
    static const char *const words[] = {"pytest", "vitest", "jest", "phpunit"};
    while (*name != '\0') {
        size_t length = 0;
        for (size_t i = 0; length == 0 && i < sizeof words / sizeof *words; i++) {
            length = strncasecmp(name, words[i], strlen(words[i])) == 0 ? strlen(words[i]) : 0;
        }
        text_append_bytes(text, name, length > 0 ? length : 1);
        name += length > 0 ? length : 1;
        bool is_whole = length > 0 && !(*name >= '0' && *name <= '9') && !(*name >= 'a' && *name <= 'z') &&
                        !(*name >= 'A' && *name <= 'Z');
        text_append(text, is_whole ? "s" : "");
    }
}

static void write_head(struct junit_pen *pen, const struct fold *fold, const struct cases *cases)
{
    const struct fold_suite *suite = pen->suite;
    text_append(pen->text, " <testsuite");
    text_reset(&pen->scratch[1]);
    append_suite_name(&pen->scratch[1], suite->name);
    junit_attribute(pen, "name", text_string(&pen->scratch[1]), JUNIT_NAME_LIMIT);
    junit_counts(pen, &cases->totals, true);
    if (cases->totals.flaky > 0 && !pen->is_strict) {
        text_append_format(pen->text, " flakes=\"%zu\"", cases->totals.flaky);
    }
    junit_seconds(pen, "time", cases->duration_us);
    junit_timestamp(pen, suite->started_us != 0 ? suite->started_us : fold->start.wall_us);
    if (suite->shard != 0) {
        text_append_format(pen->text, " hostname=\"shard-%02zu\"", suite->shard);
    }
    text_append(pen->text, ">\n");
    write_properties(pen, fold, cases);
}

/* One element from its cases, which stand in the first `length` bytes of pen->text. */
static void close_slice(struct junit_pen *pen, const struct fold *fold, const struct cases *cases,
                        size_t length, struct junit_piece *piece)
{
    struct text whole = {0};
    struct junit_pen head = *pen;
    head.text = &whole;
    write_head(&head, fold, cases);
    text_append_bytes(&whole, pen->text->bytes, length);
    text_append(&whole, " </testsuite>\n");
    piece->slices = memory_resize(piece->slices, (piece->count + 1) * sizeof *piece->slices);
    piece->slices[piece->count++] =
        (struct junit_slice){chunk_new_packed(whole.bytes, whole.length), cases->totals};
    text_clear(&whole);
}

static void drop_front(struct text *text, size_t length)
{
    size_t rest = text->length - length;
    if (rest > 0) {
        memmove(text->bytes, text->bytes + length, rest);
    }
    text_truncate(text, rest);
}

void junit_suite(struct junit_pen *pen, const struct fold *fold, const struct reported *reported,
                 struct junit_piece *ret_piece)
{
    struct junit_piece piece = {.started_us = pen->suite->started_us};
    piece.ended_us = piece.started_us != 0 ? piece.started_us + pen->suite->duration_ms * 1000 : 0;
    struct cases cases = {.list = reported->list};
    text_reset(pen->text);
    for (size_t i = 0; i < reported->count; i++) {
        const struct reported_case *reported_case = &reported->list[i];
        size_t before = pen->text->length;
        junit_case(pen, reported_case);
        if (cases.count == JUNIT_PART_CASES || (cases.count > 0 && pen->text->length > SLICE_BYTES)) {
            close_slice(pen, fold, &cases, before, &piece);
            drop_front(pen->text, before);
            cases = (struct cases){.list = reported_case};
        }
        cases.count++;
        cases.totals.counts[reported_case->status]++;
        cases.totals.flaky += reported_case->is_flaky;
        cases.duration_us += reported_case->duration_us;
    }
    /* The wall time of a suite is one number, and slices are added up: a cut suite shows its cases' times. */
    cases.duration_us = piece.count == 0 ? pen->suite->duration_ms * 1000 : cases.duration_us;
    close_slice(pen, fold, &cases, pen->text->length, &piece);
    *ret_piece = piece;
}

void junit_piece_clear(struct junit_piece *piece)
{
    for (size_t i = 0; i < piece->count; i++) {
        chunk_drop(piece->slices[i].xml);
    }
    memory_free(piece->slices);
    *piece = (struct junit_piece){0};
}
