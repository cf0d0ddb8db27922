/* junit.c - JUnit XML in all the dialects we know, read as it comes.
 *
 * There is no standard, only habits, so the reader asks little: elements are taken by their local name,
 * unknown ones are skipped with all they hold, and a case counts when its end tag was seen. What a test said
 * is never dropped: an outcome outside any case becomes a case of its own. Bytes are cleaned before expat
 * sees them. */
#include "adapters.h"
#include "itrun/base/xml.h"
#include "xml_cleaner.h"
#include <stdlib.h>
#include <string.h>

#define PIECE_MAX       ((size_t)64 * 1024)
#define CASES_MAX       ((size_t)1000 * 1000)
#define DURATION_MAX_US ((double)366 * 24 * 3600 * 1000000)

enum element {
    ELEMENT_OTHER,
    ELEMENT_SUITES,
    ELEMENT_SUITE,
    ELEMENT_CASE,
    ELEMENT_FAILURE,
    ELEMENT_ERROR,
    ELEMENT_SKIPPED,
    ELEMENT_OUTPUT
};

struct junit_reader {
    struct report *report;
    struct xml_reader *xml;
    struct xml_cleaner cleaner;
    struct text clean;
    struct error error;
    bool is_broken;
    bool is_cut; /* broken by its end */
    bool has_root;
    bool has_bytes; /* other than blanks */
    const char *foreign_root;
    int depth;
    int ignored_depth; /* an element is skipped with all it holds: its depth; 0: none */
    struct text path;  /* names of the enclosing suites, joined */
    size_t *path_ends; /* length of path before each open suite */
    size_t path_count, path_capacity;
    struct text suite_file;
    int64_t declared_bad_count; /* failures and errors of the outer suites' attributes */

    bool is_in_case;
    bool is_own_case; /* made here for an outcome outside any case */
    struct test_case current;
    enum element outcome;    /* the element whose text is being read */
    struct text message;     /* of the current outcome, raw */
    struct capped_text body; /* of the current outcome */
    struct capped_text output;
    struct text scratch;
};

/* --- small things -------------------------------------------------------------------------------------- */

static const char *local_name(const char *name)
{
    const char *colon = strrchr(name, ':');
    return colon ? colon + 1 : name;
}

static enum element element_of(const char *name)
{
    static const struct {
        const char *name;
        enum element element;
    } elements[] = {
        {"testcase", ELEMENT_CASE},     {"testsuite", ELEMENT_SUITE},   {"testsuites", ELEMENT_SUITES},
        {"failure", ELEMENT_FAILURE},   {"error", ELEMENT_ERROR},       {"skipped", ELEMENT_SKIPPED},
        {"system-out", ELEMENT_OUTPUT}, {"system-err", ELEMENT_OUTPUT},
    };
    for (size_t i = 0; i < sizeof elements / sizeof *elements; i++) {
        if (strcmp(elements[i].name, name) == 0)
            return elements[i].element;
    }
    return ELEMENT_OTHER;
}

static bool has_kept_controls(const char *bytes, size_t length)
{
    return memchr(bytes, '\xEF', length) != NULL;
}

/* An attribute as a name; the previous case's string where it is the same: most cases share class and file.
 */
static const char *take_name(struct junit_reader *reader, const char *value, const char *previous)
{
    if (previous && strcmp(previous, value) == 0)
        return previous;
    size_t length = strlen(value);
    if (has_kept_controls(value, length)) {
        text_reset(&reader->scratch);
        xml_restore_controls(&reader->scratch, value, length);
        value = reader->scratch.bytes;
        length = reader->scratch.length;
    }
    return printable_name(value, length, reader->report->arena);
}

/* "12.345": at most six digits on either side of a point, what nearly all tools write. False: look again. */
static bool read_plain_duration(const char *value, int64_t *ret_us)
{
    int64_t us = 0, unit_us = 1000000;
    const char *at = value;
    for (; *at >= '0' && *at <= '9' && at - value < 6; at++)
        us = us * 10 + (*at - '0') * (int64_t)1000000;
    if (at > value && *at == '.') {
        for (at++; *at >= '0' && *at <= '9' && unit_us > 1; at++)
            us += (*at - '0') * (unit_us /= 10);
    }
    if (at == value || *at)
        return false;
    *ret_us = us;
    return true;
}

/* "1.5", "2,503.1" (thousands), "0,5" (a decimal comma), "1e-3"; what is no time is 0. */
static int64_t duration_of(const char *value)
{
    int64_t plain_us;
    if (!value)
        return 0;
    if (read_plain_duration(value, &plain_us))
        return plain_us;
    char digits[64];
    size_t length = 0;
    const char *comma = strrchr(value, ',');
    bool is_decimal_comma = comma && !strchr(value, '.') && strspn(comma + 1, "0123456789") != 3;
    for (const char *at = value; *at && length < sizeof digits - 1; at++) {
        if (*at != ',')
            digits[length++] = *at;
        else if (is_decimal_comma && at == comma)
            digits[length++] = '.';
    }
    digits[length] = '\0';
    double us = strtod(digits, NULL) * 1e6;
    if (!(us > 0)) /* also what is no number */
        return 0;
    return (int64_t)((us < DURATION_MAX_US ? us : DURATION_MAX_US) + 0.5);
}

static int64_t count_of(const char *value)
{
    return value ? strtoll(value, NULL, 10) : 0;
}

/* --- suites -------------------------------------------------------------------------------------------- */

static void suite_started(struct junit_reader *reader, const char *const *attributes)
{
    size_t *ends = reader->path_ends;
    ends = memory_grow(ends, reader->path_count, &reader->path_capacity, sizeof *ends);
    reader->path_ends = ends;
    ends[reader->path_count++] = reader->path.length;
    const char *name = xml_attribute(attributes, "name");
    if (name && name[0]) {
        const char *printable = take_name(reader, name, NULL);
        if (reader->path.length > 0)
            text_append_char(&reader->path, '.');
        text_append(&reader->path, printable);
    }
    const char *file = xml_attribute(attributes, "file");
    if (!file)
        file = xml_attribute(attributes, "filepath");
    if (file || reader->path_count == 1)
        text_reset(&reader->suite_file);
    if (file)
        text_append(&reader->suite_file, take_name(reader, file, NULL));
    if (reader->path_count == 1)
        reader->declared_bad_count +=
            count_of(xml_attribute(attributes, "failures")) + count_of(xml_attribute(attributes, "errors"));
}

static void suite_ended(struct junit_reader *reader)
{
    text_truncate(&reader->path, reader->path_ends[--reader->path_count]);
}

/* --- cases --------------------------------------------------------------------------------------------- */

/* "a\b::c/d" and "a.b.c.d" are one name. */
static bool is_named_alike(const char *a, size_t length, const char *b)
{
    size_t at = 0;
    for (size_t i = 0; i < length; i++) {
        char c = a[i] == '\\' || a[i] == '/' || a[i] == ':' ? '.' : a[i];
        if (c == '.' && i > 0 && a[i] == ':' && a[i - 1] == ':')
            continue;
        if (b[at++] != c)
            return false;
    }
    return b[at] == '\0' || b[at] == '.';
}

/* One suite around a case: its own classname says who it is. In nested suites the path belongs to the name,
 * but where the innermost suite is the class. node's test runner calls every class "test". */
static const char *classname_of(struct junit_reader *reader, const char *classname, const char *previous)
{
    const char *path = text_string(&reader->path);
    bool says_nothing = !classname || !classname[0] || strcmp(classname, "test") == 0;
    if (says_nothing && classname && !classname[0] && reader->path_count <= 1)
        return take_name(reader, "", previous); /* pytest: a file that could not be collected */
    if (says_nothing)
        return take_name(reader, path, previous);
    if (reader->path_count <= 1)
        return take_name(reader, classname, previous);
    size_t innermost = reader->path_ends[reader->path_count - 1];
    innermost += innermost > 0 && path[innermost] == '.';
    if (is_named_alike(path + innermost, reader->path.length - innermost, classname))
        return take_name(reader, classname, previous);
    return arena_format(reader->report->arena, "%s.%s", path, take_name(reader, classname, previous));
}

/* mocha-junit-reporter swaps them: the name is the full title, the classname the test's own. Known by the
 * suite, which is the innermost describe: "cart when empty adds" in the suite "when empty" with the classname
 * "adds". */
static void unswap_titles(struct junit_reader *reader, struct test_case *current, const char *name,
                          const char *classname)
{
    if (!classname || !classname[0] || reader->path_count == 0 || !string_ends_with(name, classname))
        return;
    const char *title = take_name(reader, classname, NULL);
    size_t begin = reader->path_ends[reader->path_count - 1];
    const char *suite = text_string(&reader->path) + begin;
    suite += begin > 0 && suite[0] == '.';
    if (strcmp(current->name, title) == 0 && strcmp(suite, "Root Suite") == 0)
        current->classname = ""; /* it stands in no describe */
    if (strcmp(current->name, title) == 0 || !string_ends_with(current->name, title))
        return;
    size_t length = strlen(current->name) - strlen(title);
    size_t suite_length = strlen(suite);
    if (current->name[length - 1] != ' ')
        return;
    while (length > 0 && current->name[length - 1] == ' ')
        length--;
    if (suite_length == 0 || length < suite_length ||
        memcmp(current->name + length - suite_length, suite, suite_length) != 0)
        return;
    current->classname = arena_bytes(reader->report->arena, current->name, length);
    current->name = title;
}

/* CTest and others say it in an attribute; an element inside says more. */
static enum case_status status_in_words(const char *word)
{
    static const struct {
        const char *word;
        enum case_status status;
    } words[] = {{"skipped", CASE_SKIPPED}, {"disabled", CASE_SKIPPED}, {"ignored", CASE_SKIPPED},
                 {"notrun", CASE_SKIPPED},  {"pending", CASE_SKIPPED},  {"fail", CASE_FAILED},
                 {"failed", CASE_FAILED},   {"error", CASE_ERROR}};
    for (size_t i = 0; word && i < sizeof words / sizeof *words; i++) {
        if (strcmp(word, words[i].word) == 0)
            return words[i].status;
    }
    return CASE_PASSED;
}

static void case_begin(struct junit_reader *reader)
{
    reader->is_in_case = true;
    reader->is_own_case = false;
    reader->current = (struct test_case){0};
    reader->outcome = ELEMENT_OTHER;
    capped_reset(&reader->output);
}

static void case_started(struct junit_reader *reader, const char *const *attributes)
{
    const struct report *report = reader->report;
    struct test_case none = {0};
    const struct test_case *previous = report->count > 0 ? &report->cases[report->count - 1] : &none;
    case_begin(reader);
    struct test_case *current = &reader->current;
    current->classname = classname_of(reader, xml_attribute(attributes, "classname"), previous->classname);
    const char *name = xml_attribute(attributes, "name");
    current->name = take_name(reader, name ? name : "", NULL);
    if (!current->name[0])
        current->name = "(unnamed)";
    unswap_titles(reader, current, name ? name : "", xml_attribute(attributes, "classname"));
    const char *file = xml_attribute(attributes, "file");
    if (!file && reader->suite_file.length > 0)
        file = reader->suite_file.bytes;
    current->file = file ? take_name(reader, file, previous->file) : NULL;
    int64_t line = count_of(xml_attribute(attributes, "line"));
    current->line = line > 0 && line < 1000000000 ? (int)line : 0;
    current->duration_us = duration_of(xml_attribute(attributes, "time"));
    current->status = status_in_words(xml_attribute(attributes, "status"));
}

static void case_ended(struct junit_reader *reader)
{
    reader->is_in_case = false;
    reader->current.output = capped_finish(&reader->output, reader->report->arena);
    if (reader->current.status != CASE_PASSED &&
        !reader->current.type) { /* only its status attribute said so */
        reader->current.type = case_status_name(reader->current.status);
        reader->current.message = reader->current.type;
    }
    *report_add(reader->report) = reader->current;
    if (reader->report->count >= CASES_MAX) {
        error_set(&reader->error, ERROR_LIMIT, "more than %zu test cases", CASES_MAX);
        reader->is_broken = true;
    }
}

/* --- outcomes ------------------------------------------------------------------------------------------ */

static enum case_status status_of(enum element element)
{
    return element == ELEMENT_FAILURE ? CASE_FAILED : element == ELEMENT_ERROR ? CASE_ERROR : CASE_SKIPPED;
}

/* What a test said outweighs that something broke, and both outweigh that it was left out. */
static int weight_of(enum case_status status)
{
    static const int weights[CASE_STATUS_COUNT] = {
        [CASE_PASSED] = 0, [CASE_SKIPPED] = 1, [CASE_ERROR] = 2, [CASE_FAILED] = 3};
    return weights[status];
}

static void outcome_started(struct junit_reader *reader, enum element element, const char *const *attributes)
{
    if (!reader->is_in_case) { /* an outcome of a suite: nobody else would see it */
        case_begin(reader);
        reader->is_own_case = true;
        reader->current.is_no_test = true;
        reader->current.classname = take_name(reader, text_string(&reader->path), NULL);
        reader->current.name = "(suite)";
    }
    struct test_case *current = &reader->current;
    enum case_status status = status_of(element);
    bool is_first = weight_of(status) > weight_of(current->status) || !current->type;
    reader->outcome = element;
    capped_reset(&reader->body);
    if (weight_of(status) > weight_of(current->status))
        current->status = status;
    text_reset(&reader->message);
    const char *message = xml_attribute(attributes, "message");
    if (message)
        xml_restore_controls(&reader->message, message, strlen(message));
    if (!is_first)
        return;
    const char *type = xml_attribute(attributes, "type");
    current->message = printable_first_line(text_string(&reader->message), reader->report->arena);
    current->type = type && type[0] ? take_name(reader, type, NULL) : case_status_name(status);
}

static void outcome_ended(struct junit_reader *reader)
{
    struct test_case *current = &reader->current;
    struct arena *arena = reader->report->arena;
    const char *body = capped_finish(&reader->body, arena);
    if (!body && strchr(text_string(&reader->message), '\n')) { /* jest and others put all of it there */
        capped_add(&reader->body, reader->message.bytes, reader->message.length);
        body = capped_finish(&reader->body, arena);
    }
    if (!current->message && body)
        current->message = printable_first_line(body, arena);
    if (!current->message)
        current->message = current->type;
    current->body = text_join(current->body, body, arena);
    reader->outcome = ELEMENT_OTHER;
    if (reader->is_own_case)
        case_ended(reader);
}

/* --- what expat tells ---------------------------------------------------------------------------------- */

static void element_started(void *context, const char *name, const char *const *attributes)
{
    struct junit_reader *reader = context;
    reader->depth++;
    if (reader->is_broken || reader->ignored_depth > 0)
        return;
    enum element element = element_of(local_name(name));
    bool is_root = !reader->has_root;
    reader->has_root = true;
    if (is_root && element != ELEMENT_SUITES && element != ELEMENT_SUITE && element != ELEMENT_CASE) {
        reader->foreign_root = printable_name(name, strlen(name), reader->report->arena);
        reader->ignored_depth = reader->depth;
        return;
    }
    bool is_inside_outcome = reader->outcome != ELEMENT_OTHER;
    if (element == ELEMENT_SUITES || (element == ELEMENT_OTHER && !is_inside_outcome && !reader->is_in_case))
        return; /* a wrapper: what it holds is read */
    if (is_inside_outcome || (reader->is_in_case && (element == ELEMENT_SUITE || element == ELEMENT_CASE)) ||
        element == ELEMENT_OTHER) {
        reader->ignored_depth = reader->depth;
        return;
    }
    switch (element) {
    case ELEMENT_SUITE: suite_started(reader, attributes); break;
    case ELEMENT_CASE: case_started(reader, attributes); break;
    case ELEMENT_OUTPUT: reader->outcome = reader->is_in_case ? element : ELEMENT_OTHER; break;
    case ELEMENT_FAILURE:
    case ELEMENT_ERROR:
    case ELEMENT_SKIPPED: outcome_started(reader, element, attributes); break;
    case ELEMENT_OTHER:
    case ELEMENT_SUITES: break;
    }
}

static void element_ended(void *context, const char *name)
{
    struct junit_reader *reader = context;
    int depth = reader->depth--;
    if (reader->ignored_depth > 0) {
        if (depth == reader->ignored_depth)
            reader->ignored_depth = 0;
        return;
    }
    if (reader->is_broken)
        return;
    switch (element_of(local_name(name))) {
    case ELEMENT_SUITE: suite_ended(reader); break;
    case ELEMENT_CASE: case_ended(reader); break;
    case ELEMENT_OUTPUT:
        if (reader->outcome == ELEMENT_OUTPUT)
            capped_add(&reader->output, "\n", 1);
        reader->outcome = ELEMENT_OTHER;
        break;
    case ELEMENT_FAILURE:
    case ELEMENT_ERROR:
    case ELEMENT_SKIPPED: outcome_ended(reader); break;
    case ELEMENT_OTHER:
    case ELEMENT_SUITES: break;
    }
}

static void text_found(void *context, const char *bytes, size_t length)
{
    struct junit_reader *reader = context;
    if (reader->outcome == ELEMENT_OTHER || reader->is_broken)
        return;
    struct capped_text *into = reader->outcome == ELEMENT_OUTPUT ? &reader->output : &reader->body;
    if (has_kept_controls(bytes, length)) {
        text_reset(&reader->scratch);
        xml_restore_controls(&reader->scratch, bytes, length);
        bytes = reader->scratch.bytes;
        length = reader->scratch.length;
    }
    capped_add(into, bytes, length);
}

/* --- the reader ---------------------------------------------------------------------------------------- */

struct junit_reader *junit_reader_new(struct report *report)
{
    struct junit_reader *reader = memory_new(sizeof *reader);
    reader->report = report;
    struct xml_handler handler = {reader, element_started, element_ended, text_found};
    reader->xml = xml_reader_new(&handler);
    return reader;
}

static void feed_piece(struct junit_reader *reader, const char *bytes, size_t length, bool is_last)
{
    text_reset(&reader->clean);
    xml_clean(&reader->cleaner, bytes, length, is_last, &reader->clean);
    if (reader->is_broken || (reader->clean.length == 0 && !is_last))
        return;
    if (!xml_reader_feed(reader->xml, text_string(&reader->clean), reader->clean.length, is_last,
                         &reader->error))
        reader->is_broken = true;
}

void junit_reader_feed(struct junit_reader *reader, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length && !reader->has_bytes; i++)
        reader->has_bytes = bytes[i] == '\0' || !strchr(" \t\r\n", bytes[i]);
    while (length > 0 && !reader->is_broken) {
        size_t piece = length < PIECE_MAX ? length : PIECE_MAX;
        feed_piece(reader, bytes, piece, false);
        bytes += piece;
        length -= piece;
    }
}

/* What is wrong with the whole; NULL: nothing. */
static const char *find_problem(struct junit_reader *reader)
{
    struct report *report = reader->report;
    size_t bad = report_count_status(report, CASE_FAILED) + report_count_status(report, CASE_ERROR);
    if (!reader->has_bytes)
        return "the file is empty";
    if (reader->foreign_root)
        return arena_format(report->arena, "not a JUnit report: its root element is <%s>",
                            reader->foreign_root);
    if (reader->is_cut && reader->has_root)
        return arena_format(report->arena, "the report ends in the middle, at %s", reader->error.where);
    if (reader->is_broken && !reader->has_root)
        return arena_format(report->arena, "not XML: %s at %s", reader->error.what, reader->error.where);
    if (reader->is_broken && reader->error.where[0])
        return arena_format(report->arena, "%s at %s", reader->error.what, reader->error.where);
    if (reader->is_broken)
        return arena_string(report->arena, reader->error.what);
    if (reader->declared_bad_count > 0 && bad == 0)
        return arena_format(report->arena, "announces %lld failures and shows none",
                            (long long)reader->declared_bad_count);
    return NULL;
}

void junit_reader_finish(struct junit_reader *reader)
{
    struct report *report = reader->report;
    if (!reader->is_broken) {
        feed_piece(reader, "", 0, true);
        reader->is_cut = reader->is_broken;
    }
    report->is_present = reader->has_bytes;
    report->problem = find_problem(reader);
    report->is_complete = report->problem == NULL;
    if (report->is_complete && reader->cleaner.dropped_count > 0)
        report->problem = arena_format(report->arena, "repaired: %zu characters that XML forbids",
                                       reader->cleaner.dropped_count);
}

void junit_reader_free(struct junit_reader *reader)
{
    if (!reader)
        return;
    xml_reader_free(reader->xml);
    xml_cleaner_clear(&reader->cleaner);
    text_clear(&reader->clean);
    text_clear(&reader->path);
    text_clear(&reader->suite_file);
    text_clear(&reader->scratch);
    text_clear(&reader->message);
    capped_clear(&reader->body);
    capped_clear(&reader->output);
    memory_free(reader->path_ends);
    memory_free(reader);
}
