/* junit_case.c - one <testcase>: the dialect that most readers of JUnit understand.
 *
 * One of failure, error, skipped, always with message and type; bodies in CDATA, for some readers leave
 * entities encoded; a flaky pass carries flakyFailure, a failure that stayed rerunFailure. Codecov guesses a
 * framework from
 * ".py" in a classname and drops cases with longer names than the limits here. */
#include "junit_case.h"
#include "itrun/base/hash.h"
#include "itrun/base/xml.h"
#include <inttypes.h>
#include <string.h>

#define BODY_LIMIT    ((size_t)64 * 1024)
#define TYPE_LIMIT    200
#define MESSAGE_LIMIT 4000
#define PATH_LIMIT    900

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

/* Cuts what stands in `text` to limit bytes; the rest goes on as ~ and 8 digits of its hash, so that two long
 * names that differ late stay two. */
static void shorten(struct text *text, size_t limit)
{
    if (text->length <= limit) {
        return;
    }
    size_t kept = cut_at(text->bytes, text->length, limit - 9);
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
static const char *classname_of(struct junit_pen *pen, const struct test_case *result)
{
    struct text *text = &pen->scratch[1];
    text_reset(text);
    const char *group = pen->suite->group != NULL ? pen->suite->group : pen->suite->name;
    append_dotted(text, group);
    const char *class = result->classname[0] != '\0' ? result->classname : pen->suite->file;
    if (class != NULL && class[0] != '\0') {
        text_append_char(text, '.');
        append_dotted(text, class);
    }
    return text_string(text);
}

static void write_identity(struct junit_pen *pen, const struct reported_case *reported_case)
{
    const struct test_case *result = reported_case->main;
    const char *classname = classname_of(pen, result);
    size_t name_length = strlen(reported_case->name);
    size_t name_limit = JUNIT_NAME_LIMIT / 2;
    if (strlen(classname) < JUNIT_NAME_LIMIT / 2) {
        name_limit = JUNIT_NAME_LIMIT - strlen(classname);
    }
    size_t name_share = name_length < name_limit ? name_length : name_limit;
    junit_attribute(pen, "classname", classname, JUNIT_NAME_LIMIT - name_share);
    junit_attribute(pen, "name", reported_case->name, name_limit);
    const char *file = result->file != NULL ? result->file : pen->suite->file;
    if (file != NULL) {
        junit_attribute(pen, "file", file, PATH_LIMIT);
    }
    if (result->file != NULL && result->line > 0) {
        text_append_format(pen->text, " line=\"%d\"", result->line);
    }
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

static void write_main_result(struct junit_pen *pen, const char *element, const struct test_case *result)
{
    begin_result(pen, element, result);
    text_append_char(pen->text, '>');
    struct text *body = &pen->scratch[0];
    text_reset(body);
    const char *full = result->body != NULL ? result->body : result->message;
    append_capped(body, full != NULL ? full : "", output_path(pen));
    if (pen->suite->repro != NULL) {
        text_append(body, body->length > 0 ? "\n\nreproduce: " : "reproduce: ");
        text_append_printable(body, pen->suite->repro, strlen(pen->suite->repro));
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

static void write_skip(struct junit_pen *pen, const struct test_case *result)
{
    begin_result(pen, "skipped", result);
    text_append(pen->text, "/>");
}

void junit_case(struct junit_pen *pen, const struct reported_case *reported_case)
{
    text_append(pen->text, "  <testcase");
    write_identity(pen, reported_case);
    const char *others = "rerunFailure";
    switch (reported_case->status) {
    case CASE_SKIPPED:
        text_append_char(pen->text, '>');
        write_skip(pen, reported_case->main);
        text_append(pen->text, "</testcase>\n");
        return;
    case CASE_FAILED:
    case CASE_ERROR:
        text_append_char(pen->text, '>');
        write_main_result(pen, reported_case->status == CASE_FAILED ? "failure" : "error",
                          reported_case->main);
        break;
    case CASE_PASSED:
    case CASE_STATUS_COUNT:
        if (reported_case->other_count == 0) {
            text_append(pen->text, "/>\n");
            return;
        }
        text_append_char(pen->text, '>');
        others = "flakyFailure";
        break;
    }
    for (size_t i = 0; i < reported_case->other_count; i++) {
        write_other_result(pen, others, reported_case->others[i]);
    }
    if (reported_case->status != CASE_PASSED && reported_case->main->output != NULL) {
        write_cdata(pen, "system-out", reported_case->main->output);
    }
    text_append(pen->text, "</testcase>\n");
}
