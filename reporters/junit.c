/* junit.c - one JUnit file for the run, flat: testsuites, testsuite, testcase and never deeper.
 *
 * Each suite becomes a piece of XML when it finishes, and its cases are let go; a flush puts header and
 * pieces together in the order of announcement. What has no outcome yet stands there as lost: a run that is
 * killed leaves a file that says so. */
#include "junit_case.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct piece { /* one suite, written */
    char *xml; /* NULL until it finished */
    size_t length;
    struct totals totals;
};
struct junit {
    struct sink sink;
    struct out *out;
    struct tally *tally;
    struct piece *pieces; /* by suite */
    size_t count, capacity;
    struct text text, scratch[2];
    bool is_changed;
};

static void write_property(struct junit_pen *pen, const char *name, const char *value)
{
    text_append(pen->text, "<property");
    junit_attribute(pen, "name", name, JUNIT_NAME_LIMIT);
    junit_attribute(pen, "value", value, JUNIT_NAME_LIMIT);
    text_append(pen->text, "/>");
}

static void write_number(struct junit_pen *pen, const char *name, uint64_t number)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%" PRIu64, number);
    write_property(pen, name, digits);
}

static void write_properties(struct junit_pen *pen, const struct fold *fold)
{
    const struct fold_suite *suite = pen->suite;
    text_append(pen->text, "  <properties>");
    if (suite->shard != 0) {
        write_number(pen, "itrun.shard", suite->shard);
    }
    if (suite->account != NULL) {
        write_property(pen, "itrun.account", suite->account);
    }
    write_number(pen, "itrun.attempts", suite->attempt_count);
    write_number(pen, "itrun.seed", fold->start.start.seed);
    text_append(pen->text, "</properties>\n");
}

static void write_counts(struct text *text, const struct totals *totals)
{
    text_append_format(text, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\"",
                       totals_count(totals), totals->counts[CASE_FAILED], totals->counts[CASE_ERROR],
                       totals->counts[CASE_SKIPPED]);
}

static void write_timestamp(struct text *text, int64_t wall_us)
{
    char utc[32];
    time_format_utc(wall_us, utc);
    text_append_format(text, " timestamp=\"%s\"", utc);
}

static void write_suite(struct junit *junit, size_t index, struct totals *ret_totals)
{
    const struct fold *fold = junit->tally->fold;
    const struct fold_suite *suite = &fold->suites[index];
    struct junit_pen pen = {.text = &junit->text, .scratch = junit->scratch, .suite = suite};
    struct reported reported;
    tally_cases(junit->tally, index, &reported);
    text_append(pen.text, " <testsuite");
    junit_attribute(&pen, "name", suite->name, JUNIT_NAME_LIMIT);
    write_counts(pen.text, &reported.totals);
    if (reported.totals.flaky > 0) {
        text_append_format(pen.text, " flakes=\"%zu\"", reported.totals.flaky);
    }
    junit_seconds(&pen, "time", suite->duration_ms * 1000);
    write_timestamp(pen.text, suite->started_us != 0 ? suite->started_us : fold->start.wall_us);
    if (suite->shard != 0) {
        text_append_format(pen.text, " hostname=\"shard-%02zu\"", suite->shard);
    }
    text_append(pen.text, ">\n");
    write_properties(&pen, fold);
    for (size_t i = 0; i < reported.count; i++) {
        junit_case(&pen, &reported.list[i]);
    }
    text_append(pen.text, " </testsuite>\n");
    *ret_totals = reported.totals;
    reported_clear(&reported);
}

static void suite_finished(struct junit *junit, size_t index)
{
    struct piece *piece = &junit->pieces[index];
    text_reset(&junit->text);
    write_suite(junit, index, &piece->totals);
    piece->xml = memory_copy_bytes(junit->text.bytes, junit->text.length);
    piece->length = junit->text.length;
    tally_drop(junit->tally, index);
}

static bool junit_on_event(struct sink *sink, const struct event *event, struct error *error)
{
    struct junit *junit = (struct junit *)sink;
    if (!tally_event(junit->tally, event, error)) {
        return false;
    }
    junit->is_changed = true;
    if (event->type == EVENT_SUITE_PLANNED) {
        junit->pieces = memory_grow(junit->pieces, junit->count, &junit->capacity, sizeof *junit->pieces);
        junit->count++;
    } else if (event->type == EVENT_SUITE_FINISHED) {
        suite_finished(junit, event->suite);
    }
    return true;
}

static void write_header(struct junit *junit, const struct totals *totals, struct text *text)
{
    const struct fold *fold = junit->tally->fold;
    struct junit_pen pen = {.text = text, .scratch = junit->scratch};
    text_append(text, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"itrun\"");
    write_counts(text, totals);
    junit_seconds(&pen, "time", fold_makespan_ms(fold) * 1000);
    write_timestamp(text, fold->start.wall_us);
    text_append(text, ">\n");
}

/* Writes suites without an outcome into junit->text, one after the other; returns the size of all pieces. */
static size_t write_unfinished(struct junit *junit, struct totals *totals)
{
    size_t size = 0;
    text_reset(&junit->text);
    for (size_t i = 0; i < junit->count; i++) {
        struct piece *piece = &junit->pieces[i];
        if (piece->xml == NULL) {
            size_t before = junit->text.length;
            write_suite(junit, i, &piece->totals);
            piece->length = junit->text.length - before;
        }
        totals_add(totals, &piece->totals);
        size += piece->length;
    }
    return size;
}

static bool junit_flush(struct sink *sink, struct error *error)
{
    static const char footer[] = "</testsuites>\n";
    struct junit *junit = (struct junit *)sink;
    if (!junit->is_changed) {
        return true;
    }
    struct totals totals = {0};
    size_t size = write_unfinished(junit, &totals);
    struct text header = {0};
    write_header(junit, &totals, &header);
    size += header.length + sizeof footer - 1;
    /* One exact block and no growing text: this is most of the memory of a large report. */
    char *whole = memory_new(size + 1);
    char *end = whole;
    const char *unfinished = text_string(&junit->text);
    end = mempcpy(end, header.bytes, header.length);
    for (size_t i = 0; i < junit->count; i++) {
        const struct piece *piece = &junit->pieces[i];
        end = mempcpy(end, piece->xml != NULL ? piece->xml : unfinished, piece->length);
        unfinished += piece->xml != NULL ? 0 : piece->length;
    }
    end = mempcpy(end, footer, sizeof footer - 1);
    text_clear(&header);
    text_clear(&junit->text);
    bool is_ok = junit->out->replace(junit->out, whole, (size_t)(end - whole), error);
    memory_free(whole);
    junit->is_changed = !is_ok;
    return is_ok;
}

static void junit_free(struct sink *sink)
{
    struct junit *junit = (struct junit *)sink;
    for (size_t i = 0; i < junit->count; i++) {
        memory_free(junit->pieces[i].xml);
    }
    memory_free(junit->pieces);
    text_clear(&junit->text);
    text_clear(&junit->scratch[0]);
    text_clear(&junit->scratch[1]);
    tally_free(junit->tally);
    memory_free(junit);
}

struct sink *junit_sink_new(struct out *out)
{
    struct junit *junit = memory_new(sizeof *junit);
    junit->sink =
        (struct sink){.name = "junit", .on_event = junit_on_event, .flush = junit_flush, .free = junit_free};
    junit->out = out;
    junit->tally = tally_new();
    return &junit->sink;
}
