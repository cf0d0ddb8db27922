/* junit.c - one JUnit report for the run, flat: testsuites, testsuite, testcase and never deeper.
 *
 * Each suite becomes a piece of XML when it finishes, and its cases are let go; a flush puts header and
 * pieces together in the order of announcement. What has no outcome yet stands there as lost: a run that is
 * killed leaves a file that says so. What readers would refuse as too large goes on in the next part. */
#include "itrun/base/memory.h"
#include "junit_suite.h"

#define PART_MARK   "<testsuites name=\"itrun, part "
#define ROUND_CASES 1024 /* header and footer, at most */

struct junit {
    struct sink sink;
    struct out *out;
    struct tally *tally;
    struct junit_piece *pieces; /* by suite; no slices until it finished */
    size_t count, capacity;
    struct text text, scratch[2];
    bool is_strict, is_changed;
};

struct part {
    size_t first; /* of its chunks, the header */
    struct totals totals;
    size_t cases, bytes;
    int64_t started_us, ended_us; /* of its suites */
};
struct assembly { /* the report while it is put together */
    struct junit *junit;
    struct chunk **chunks; /* borrowed, but for headers and footer */
    size_t chunk_count, chunk_capacity;
    struct part *parts;
    size_t part_count, part_capacity;
};

static void write_piece(struct junit *junit, size_t index)
{
    struct junit_pen pen = {.text = &junit->text,
                            .scratch = junit->scratch,
                            .suite = &junit->tally->fold->suites[index],
                            .is_strict = junit->is_strict};
    struct reported reported;
    tally_cases(junit->tally, index, &reported);
    junit_suite(&pen, junit->tally->fold, &reported, &junit->pieces[index]);
    reported_clear(&reported);
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
        write_piece(junit, event->suite);
        tally_drop(junit->tally, event->suite);
    }
    return true;
}

static void add_chunk(struct assembly *assembly, struct chunk *chunk)
{
    assembly->chunks = memory_grow(assembly->chunks, assembly->chunk_count, &assembly->chunk_capacity,
                                   sizeof(struct chunk *));
    assembly->chunks[assembly->chunk_count++] = chunk;
}

static struct part *begin_part(struct assembly *assembly)
{
    assembly->parts =
        memory_grow(assembly->parts, assembly->part_count, &assembly->part_capacity, sizeof *assembly->parts);
    struct part *part = &assembly->parts[assembly->part_count++];
    part->first = assembly->chunk_count;
    part->bytes = ROUND_CASES;
    add_chunk(assembly, NULL); /* the header, once all is counted */
    return part;
}

static void add_slice(struct assembly *assembly, const struct junit_piece *piece,
                      const struct junit_slice *slice, struct chunk *footer)
{
    struct part *part = &assembly->parts[assembly->part_count - 1];
    size_t cases = totals_count(&slice->totals);
    bool is_full =
        part->cases + cases > JUNIT_PART_CASES || part->bytes + chunk_length(slice->xml) > JUNIT_PART_BYTES;
    if (is_full && part->cases > 0) {
        add_chunk(assembly, footer);
        part = begin_part(assembly);
    }
    add_chunk(assembly, slice->xml);
    totals_add(&part->totals, &slice->totals);
    part->cases += cases;
    part->bytes += chunk_length(slice->xml);
    if (piece->started_us != 0) {
        bool is_first = part->started_us == 0 || piece->started_us < part->started_us;
        part->started_us = is_first ? piece->started_us : part->started_us;
        part->ended_us = piece->ended_us > part->ended_us ? piece->ended_us : part->ended_us;
    }
}

/* The whole report says how long the run took. Parts are added up by their readers, so each says how long its
 * own suites took, and does not change any more once they ended. */
static struct chunk *write_header(const struct assembly *assembly, size_t index)
{
    struct junit *junit = assembly->junit;
    const struct fold *fold = junit->tally->fold;
    const struct part *part = &assembly->parts[index];
    struct junit_pen pen = {.text = &junit->text, .scratch = junit->scratch, .is_strict = junit->is_strict};
    bool is_whole = assembly->part_count == 1;
    text_reset(pen.text);
    text_append(pen.text, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    if (index == 0) {
        text_append(pen.text, "<testsuites name=\"itrun\"");
    } else {
        text_append_format(pen.text, PART_MARK "%zu\"", index + 1);
    }
    junit_counts(&pen, &part->totals, !pen.is_strict);
    junit_seconds(&pen, "time", is_whole ? fold_makespan_ms(fold) * 1000 : part->ended_us - part->started_us);
    if (!pen.is_strict) {
        junit_timestamp(&pen, is_whole || part->started_us == 0 ? fold->start.wall_us : part->started_us);
    }
    text_append(pen.text, ">\n");
    return chunk_new(pen.text->bytes, pen.text->length);
}

static bool write_out(struct assembly *assembly, struct error *error)
{
    struct out *out = assembly->junit->out;
    struct out_part *parts = memory_new(assembly->part_count * sizeof *parts);
    for (size_t i = 0; i < assembly->part_count; i++) {
        size_t first = assembly->parts[i].first;
        size_t end = i + 1 < assembly->part_count ? assembly->parts[i + 1].first : assembly->chunk_count;
        assembly->chunks[first] = write_header(assembly, i);
        parts[i] = (struct out_part){assembly->chunks + first, end - first};
    }
    bool is_ok = out->replace_parts(out, parts, assembly->part_count, PART_MARK, error);
    for (size_t i = 0; i < assembly->part_count; i++) {
        chunk_drop(assembly->chunks[assembly->parts[i].first]);
    }
    memory_free(parts);
    return is_ok;
}

static bool junit_flush(struct sink *sink, struct error *error)
{
    static const char end[] = "</testsuites>\n";
    struct junit *junit = (struct junit *)sink;
    if (!junit->is_changed) {
        return true;
    }
    struct assembly assembly = {.junit = junit};
    struct chunk *footer = chunk_new(end, sizeof end - 1);
    begin_part(&assembly);
    for (size_t i = 0; i < junit->count; i++) {
        if (!junit->tally->fold->suites[i].is_finished) {
            write_piece(junit, i);
        }
        for (size_t k = 0; k < junit->pieces[i].count; k++) {
            add_slice(&assembly, &junit->pieces[i], &junit->pieces[i].slices[k], footer);
        }
    }
    add_chunk(&assembly, footer);
    bool is_ok = write_out(&assembly, error);
    for (size_t i = 0; i < junit->count; i++) {
        if (!junit->tally->fold->suites[i].is_finished) {
            junit_piece_clear(&junit->pieces[i]);
        }
    }
    chunk_drop(footer);
    memory_free(assembly.chunks);
    memory_free(assembly.parts);
    text_clear(&junit->text);
    junit->is_changed = !is_ok;
    return is_ok;
}

static void junit_free(struct sink *sink)
{
    struct junit *junit = (struct junit *)sink;
    for (size_t i = 0; i < junit->count; i++) {
        junit_piece_clear(&junit->pieces[i]);
    }
    memory_free(junit->pieces);
    text_clear(&junit->text);
    text_clear(&junit->scratch[0]);
    text_clear(&junit->scratch[1]);
    tally_free(junit->tally);
    memory_free(junit);
}

static struct sink *sink_new(struct out *out, bool is_strict)
{
    struct junit *junit = memory_new(sizeof *junit);
    junit->sink =
        (struct sink){.name = "junit", .on_event = junit_on_event, .flush = junit_flush, .free = junit_free};
    junit->out = out;
    junit->is_strict = is_strict;
    junit->tally = tally_new();
    return &junit->sink;
}

struct sink *junit_sink_new(struct out *out)
{
    return sink_new(out, false);
}

struct sink *junit_strict_sink_new(struct out *out)
{
    return sink_new(out, true);
}
