/* junit_case.c - one <testcase>: the dialect that most readers of JUnit understand.
 *
 * One of failure, error, skipped, always with message and type; bodies in CDATA, for some readers leave
 * entities encoded; a flaky pass carries flakyFailure, a failure that stayed rerunFailure. Codecov guesses a
 * framework from ".py" in a classname and drops cases with longer names than the limits here. */
#include "junit_case.h"
#include "itrun/base/hash.h"
#include "itrun/base/xml.h"
#include <inttypes.h>
#include <string.h>

#define BODY_LIMIT    ((size_t)64 * 1024)
#define TYPE_LIMIT    200
#define MESSAGE_LIMIT 4000
#define VALUE_LIMIT   4000 /* of a property */
#define CODECOV_LIMIT 990

/* The largest length up to limit that ends between two characters of UTF-8. */
static size_t cut_at(const char *string, size_t length, size_t limit)
{
    if (length <= limit) {
        return length;
    }
    while (limit > 0 && ((unsigned char)string[limit] & 0xC0) == 0x80) {
        limit--;
    }
    return limit;
}

static const char *printable(struct text *scratch, const char *string, size_t length)
{
    text_reset(scratch);
    text_append_printable(scratch, string, length);
    return text_string(scratch);
}

static size_t escaped_size(char c)
{
    switch (c) {
    case '&':
    case '\n':
    case '\r': return 5;
    case '<':
    case '>':
    case '\t': return 4;
    case '"': return 6;
    default: return 1;
    }
}

static size_t escaped_length(const char *string)
{
    size_t length = 0;
    for (; *string != '\0'; string++) {
        length += escaped_size(*string);
    }
    return length;
}

/* Cuts what stands in `text` so that it takes `limit` bytes when escaped: Codecov counts them so. The rest
 * goes on as ~ and 8 digits of its hash, so that two long names that differ late stay two. */
static void shorten(struct text *text, size_t limit)
{
    if (escaped_length(text_string(text)) <= limit) {
        return;
    }
    size_t kept = 0;
    for (size_t size = escaped_size(text->bytes[0]); size + 9 <= limit;) {
        size += escaped_size(text->bytes[++kept]);
    }
    kept = cut_at(text->bytes, text->length, kept);
    char hex[HASH_HEX_SIZE];
    hash_bytes(text->bytes + kept, text->length - kept, hex);
    text_truncate(text, kept);
    text_append_char(text, '~');
    text_append_bytes(text, hex, 8);
}

void junit_attribute(struct junit_pen *pen, const char *name, const char *value, size_t limit)
{
    printable(&pen->scratch[0], value, strlen(value));
    shorten(&pen->scratch[0], limit);
    text_append_char(pen->text, ' ');
    text_append(pen->text, name);
    text_append(pen->text, "=\"");
    text_append_xml_attribute(pen->text, text_string(&pen->scratch[0]));
    text_append_char(pen->text, '"');
}

void junit_property(struct junit_pen *pen, const char *name, const char *value)
{
    text_append(pen->text, "<property");
    junit_attribute(pen, "name", name, JUNIT_NAME_LIMIT);
    junit_attribute(pen, "value", value, VALUE_LIMIT);
    text_append(pen->text, "/>");
}

void junit_seconds(struct junit_pen *pen, const char *name, int64_t duration_us)
{
    int64_t ms = duration_us > 0 ? (duration_us + 500) / 1000 : 0;
    text_append_format(pen->text, " %s=\"%" PRId64 ".%03" PRId64 "\"", name, ms / 1000, ms % 1000);
}

static bool ends_word(char c)
{
    return !((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_');
}

/* The length of an extension that names a language, or 0; `c` is at a dot. */
static size_t extension_length(const char *c)
{
    static const char *const extensions[] = {".py", ".php", ".js", ".mjs", ".cjs", ".ts", ".jsx", ".tsx"};
    if (strchr("pjmct", c[1]) == NULL) {
        return 0;
    }
    for (size_t i = 0; i < sizeof extensions / sizeof *extensions; i++) {
        size_t length = strlen(extensions[i]);
        if (strncmp(c, extensions[i], length) == 0 && ends_word(c[length])) {
            return length;
        }
    }
    return 0;
}

/* Without the extensions that name a language, and with dots for slashes: Jenkins makes packages of them. */
static void append_dotted(struct text *text, const char *path)
{
    for (const char *c = path; *c != '\0';) {
        size_t plain = strcspn(c, "./");
        text_append_bytes(text, c, plain);
        c += plain;
        if (*c == '\0') {
            return;
        }
        size_t length = *c == '.' ? extension_length(c) : 0;
        if (length == 0) {
            text_append_char(text, '.');
            length = 1;
        }
        c += length;
    }
}

/* The suite's group and the framework's class, or the file where it names none. Never shard, account or
 * attempt. */
static const char *classname_of(struct junit_pen *pen, const struct reported_case *reported_case)
{
    struct text *text = &pen->scratch[1];
    text_reset(text);
    const char *group = pen->suite->group != NULL ? pen->suite->group : pen->suite->name;
    append_dotted(text, group);
    const char *class = reported_case->classname[0] != '\0' ? reported_case->classname : pen->suite->file;
    if (class != NULL && class[0] != '\0') {
        text_append_char(text, '.');
        append_dotted(text, class);
    }
    return text_string(text);
}

/* Codecov makes one name of file, class and name where it takes a test for pytest's, and loses the whole file
 * where that name is longer than 1000 bytes; so a file that leaves no room is not said. */
static void write_file(struct junit_pen *pen, const struct test_case *result, size_t identity_length)
{
    const char *file = result->file != NULL ? result->file : pen->suite->file;
    if (pen->is_strict || file == NULL || escaped_length(file) + identity_length > CODECOV_LIMIT) {
        return;
    }
    junit_attribute(pen, "file", file, CODECOV_LIMIT);
    if (result->file != NULL && result->line > 0) {
        text_append_format(pen->text, " line=\"%d\"", result->line);
    }
}

static void write_identity(struct junit_pen *pen, const struct reported_case *reported_case)
{
    const char *classname = classname_of(pen, reported_case);
    size_t class_length = escaped_length(classname);
    size_t name_length = escaped_length(reported_case->name);
    size_t name_limit = JUNIT_NAME_LIMIT / 2;
    if (class_length < JUNIT_NAME_LIMIT / 2) {
        name_limit = JUNIT_NAME_LIMIT - class_length;
    }
    size_t name_share = name_length < name_limit ? name_length : name_limit;
    size_t start = pen->text->length;
    junit_attribute(pen, "classname", classname, JUNIT_NAME_LIMIT - name_share);
    junit_attribute(pen, "name", reported_case->name, name_limit);
    write_file(pen, reported_case->main, pen->text->length - start);
    junit_seconds(pen, "time", reported_case->duration_us);
}

/* Head and tail of what is too long: the cause stands in the one, the end in the other. */
static void append_capped(struct text *text, const char *string, const char *path)
{
    size_t length = strlen(string);
    if (length <= BODY_LIMIT) {
        text_append_printable(text, string, length);
        return;
    }
    size_t head = cut_at(string, length, BODY_LIMIT / 2);
    size_t tail = cut_at(string, length, length - BODY_LIMIT / 2);
    text_append_printable(text, string, head);
    text_append_format(text, "\n[%zu bytes cut, see %s]\n", tail - head,
                       path != NULL ? path : "the suite's output");
    text_append_printable(text, string + tail, length - tail);
}

static const char *output_path(const struct junit_pen *pen)
{
    const struct fold_attempt *attempt = fold_last_attempt(pen->suite);
    return attempt != NULL ? attempt->output_path : NULL;
}

static void write_cdata(struct junit_pen *pen, const char *element, const char *string)
{
    text_reset(&pen->scratch[0]);
    append_capped(&pen->scratch[0], string, output_path(pen));
    text_append_format(pen->text, "<%s>", element);
    text_append_xml_cdata(pen->text, text_string(&pen->scratch[0]));
    text_append_format(pen->text, "</%s>", element);
}

/* `<element message type` without its end. */
static void begin_result(struct junit_pen *pen, const char *element, const struct test_case *result)
{
    const char *message =
        result->message != NULL && result->message[0] != '\0' ? result->message : result->body;
    message = message != NULL ? message : case_status_name(result->status);
    text_append_format(pen->text, "<%s", element);
    junit_attribute(pen, "message", message, MESSAGE_LIMIT);
    bool has_type = result->type != NULL && result->type[0] != '\0';
    junit_attribute(pen, "type", has_type ? result->type : case_status_name(result->status), TYPE_LIMIT);
}

static void write_main_result(struct junit_pen *pen, const char *element,
                              const struct reported_case *reported_case)
{
    const struct test_case *result = reported_case->main;
    begin_result(pen, element, result);
    text_append_char(pen->text, '>');
    struct text *body = &pen->scratch[0];
    text_reset(body);
    const char *full = result->body != NULL ? result->body : result->message;
    append_capped(body, full != NULL ? full : "", output_path(pen));
    if (pen->suite->repro != NULL) {
        struct text *repro = &pen->scratch[1];
        text_reset(repro);
        case_append_repro(pen->suite, reported_case, repro);
        text_append(body, body->length > 0 ? "\n\nreproduce: " : "reproduce: ");
        text_append_printable(body, repro->bytes, repro->length);
    }
    text_append_xml_cdata(pen->text, text_string(body));
    text_append_format(pen->text, "</%s>", element);
}

static void write_other_result(struct junit_pen *pen, const char *element, const struct test_case *result)
{
    begin_result(pen, element, result);
    text_append_char(pen->text, '>');
    const char *full = result->body != NULL ? result->body : result->message;
    write_cdata(pen, "stackTrace", full != NULL ? full : "");
    if (result->output != NULL) {
        write_cdata(pen, "system-out", result->output);
    }
    text_append_format(pen->text, "</%s>", element);
}

/* With a body: Codecov's parser took an empty <skipped/> for nothing, and the test for passed. */
static void write_skip(struct junit_pen *pen, const struct test_case *result)
{
    begin_result(pen, "skipped", result);
    text_append_char(pen->text, '>');
    const char *why = result->message != NULL ? result->message : case_status_name(CASE_SKIPPED);
    printable(&pen->scratch[0], why, strlen(why));
    text_append_xml_cdata(pen->text, text_string(&pen->scratch[0]));
    text_append(pen->text, "</skipped>");
}

/* What the framework called it; the strict dialect has no place for it here, see junit_suite.c. */
static void write_raw_name(struct junit_pen *pen, const struct reported_case *reported_case)
{
    text_append(pen->text, "<properties>");
    junit_property(pen, "itrun.name", reported_case->main->name);
    if (strcmp(reported_case->main->classname, reported_case->classname) != 0) {
        junit_property(pen, "itrun.classname", reported_case->main->classname);
    }
    text_append(pen->text, "</properties>");
}

static void write_results(struct junit_pen *pen, const struct reported_case *reported_case)
{
    const struct test_case *result = reported_case->main;
    const char *others = "rerunFailure";
    switch (reported_case->status) {
    case CASE_SKIPPED: write_skip(pen, result); return;
    case CASE_FAILED: write_main_result(pen, "failure", reported_case); break;
    case CASE_ERROR: write_main_result(pen, "error", reported_case); break;
    case CASE_PASSED:
    case CASE_STATUS_COUNT: others = "flakyFailure"; break;
    }
    for (size_t i = 0; i < reported_case->other_count; i++) {
        write_other_result(pen, others, reported_case->others[i]);
    }
    if (reported_case->status != CASE_PASSED && result->output != NULL) {
        write_cdata(pen, "system-out", result->output);
    }
}

void junit_case(struct junit_pen *pen, const struct reported_case *reported_case)
{
    text_append(pen->text, "  <testcase");
    write_identity(pen, reported_case);
    size_t start = pen->text->length;
    text_append_char(pen->text, '>');
    if (reported_case->volatile_parts != 0 && !pen->is_strict) {
        write_raw_name(pen, reported_case);
    }
    write_results(pen, reported_case);
    if (pen->text->length > start + 1) {
        text_append(pen->text, "</testcase>\n");
    } else {
        text_truncate(pen->text, start);
        text_append(pen->text, "/>\n");
    }
}
