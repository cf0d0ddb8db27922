/* criterion.c - programs built with Criterion from 2.4 on, by their XML file. A suite is a program.
 *
 * The file is not always XML: what a failure says goes raw into CDATA, so that a "]]>" in it ends the section
 * early. It lists the newest failure first, shows tests that the filter left out as skipped, and names no
 * class but the suite. A filter that matches nothing exits 0. It is written at the end: a killed program
 * leaves none. */
#include "adapters.h"
#include <string.h>

#define SECTION_BEGIN "<![CDATA["
#define SECTION_END   "]]>&#10;"
#define CHUNKS_MAX    256

static const char *const *criterion_argv(const struct framework_run *run, struct arena *arena)
{
    const struct suite *suite = run->suite;
    MUST(suite->command || suite->file);
    const char *arguments[4];
    size_t count = 0;
    const char *program = suite->command;
    if (suite->file && program)
        arguments[count++] = file_argument(suite, arena); /* `command: valgrind` and the like */
    arguments[count++] = arena_format(arena, "--xml=%s", run->report_path);
    if (run->test_name) {
        const char *colons = strstr(run->test_name, "::");
        size_t length = colons ? (size_t)(colons - run->test_name) : 0;
        arguments[count++] = "--filter";
        arguments[count++] = colons ? arena_format(arena, "%.*s/%s", (int)length, run->test_name, colons + 2)
                             : strchr(run->test_name, '/') ? run->test_name
                                                           : arena_format(arena, "*/%s", run->test_name);
    }
    if (program)
        return command_line(program, arguments, count, arena);
    const char **argv = arena_alloc(arena, (count + 2) * sizeof *argv);
    argv[0] = suite->file[0] == '/' ? suite->file : arena_format(arena, "./%s", suite->file);
    memcpy(argv + 1, arguments, count * sizeof *argv);
    return argv;
}

/* --- repair --------------------------------------------------------------------------------------------- */

struct span {
    const char *start, *end;
};

static const char *find(const char *start, const char *end, const char *what)
{
    return memmem(start, (size_t)(end - start), what, strlen(what));
}

/* One section as XML: a "]]>" inside is split between two sections. */
static void append_section(const struct span *span, struct text *ret)
{
    text_append(ret, SECTION_BEGIN);
    for (const char *at = span->start; at < span->end;) {
        const char *close = find(at, span->end, "]]>");
        text_append_bytes(ret, at, (size_t)((close ? close : span->end) - at));
        if (!close)
            break;
        text_append(ret, "]]]]>" SECTION_BEGIN ">");
        at = close + 3;
    }
    text_append(ret, SECTION_END);
}

/* The sections of one failure in the order in which they came to be. Returns where they end. */
static const char *append_sections(const char *bytes, const char *end, struct text *ret)
{
    struct span spans[CHUNKS_MAX];
    size_t count = 0;
    while (count < CHUNKS_MAX && (size_t)(end - bytes) > sizeof SECTION_BEGIN - 1 &&
           memcmp(bytes, SECTION_BEGIN, sizeof SECTION_BEGIN - 1) == 0) {
        const char *start = bytes + sizeof SECTION_BEGIN - 1;
        const char *stop = find(start, end, SECTION_END);
        if (!stop)
            break;
        spans[count++] = (struct span){start, stop};
        bytes = stop + sizeof SECTION_END - 1;
    }
    while (count > 0)
        append_section(&spans[--count], ret);
    return bytes;
}

static void repair(const char *bytes, size_t length, struct text *ret)
{
    const char *end = bytes + length;
    while (bytes < end) {
        const char *found = find(bytes, end, SECTION_BEGIN);
        text_append_bytes(ret, bytes, (size_t)((found ? found : end) - bytes));
        if (!found)
            return;
        bytes = append_sections(found, end, ret);
        if (bytes == found) { /* cut within a section: the reader says so */
            text_append_bytes(ret, found, (size_t)(end - found));
            return;
        }
    }
}

/* --- cases ---------------------------------------------------------------------------------------------- */

/* "tests/cart.c:12: what" -> its place, and "what". */
static void find_place(const struct suite *suite, struct test_case *found, struct arena *arena)
{
    const char *line = found->body;
    size_t length = line ? strcspn(line, ":\n") : 0;
    if (!line || line[length] != ':')
        return;
    size_t digits = strspn(line + length + 1, "0123456789");
    const char *rest = line + length + 1 + digits;
    if (digits == 0 || digits > 8 || *rest != ':')
        return;
    int number = 0;
    for (const char *digit = line + length + 1; digit < rest; digit++)
        number = number * 10 + (*digit - '0');
    found->file = case_file(suite, arena_bytes(arena, line, length), arena);
    found->line = found->file ? number : 0;
    const char *message = printable_first_line(rest + 1, arena);
    found->message = message ? message : found->message;
}

static void tell_more(const struct suite *suite, struct test_case *found, struct arena *arena)
{
    if (found->status == CASE_FAILED && found->body)
        find_place(suite, found, arena);
    else if (found->status == CASE_FAILED && string_starts_with(found->message, "0 assertion"))
        found->message = "it ended without a failed assertion: did it call exit?";
}

static void criterion_read(const struct suite *suite, const char *bytes, size_t length, struct report *report)
{
    struct text repaired = {0};
    repair(bytes, length, &repaired);
    struct junit_reader *reader = junit_reader_new(report);
    junit_reader_feed(reader, text_string(&repaired), repaired.length);
    junit_reader_finish(reader);
    junit_reader_free(reader);
    text_clear(&repaired);
    for (size_t i = 0; i < report->count; i++)
        tell_more(suite, &report->cases[i], report->arena);
}

const struct framework framework_criterion = {
    .name = "criterion",
    .default_glob_hint = "tests/bin/*",
    .install = "build the test program first",
    .can_select = true,
    .shows_unselected = true,
    .is_empty_wrong = true,
    .has_report = true,
    .argv = criterion_argv,
    .read = criterion_read,
};
