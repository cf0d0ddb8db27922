/* javascript.c - titles as regexes, and what JavaScript throws. */
#include "javascript.h"
#include <string.h>

/* --- titles -------------------------------------------------------------------------------------------- */

void regex_append_escaped(struct text *regex, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] == ' ') {
            text_append(regex, "\\s");
            continue;
        }
        if (strchr("\\^$.|?*+()[]{}/-", bytes[i]))
            text_append_char(regex, '\\');
        text_append_char(regex, bytes[i]);
    }
}

/* Where `separator` stands between describes, their full titles have a blank. */
static void append_titles(struct text *regex, const char *bytes, size_t length, const char *separator)
{
    size_t width = separator ? strlen(separator) : 0;
    size_t start = 0;
    for (size_t at = 0; width > 0 && at + width <= length;) {
        if (memcmp(bytes + at, separator, width) != 0) {
            at++;
            continue;
        }
        regex_append_escaped(regex, bytes + start, at - start);
        text_append(regex, "(?:");
        regex_append_escaped(regex, separator, width);
        text_append(regex, "|\\s)");
        at += width;
        start = at;
    }
    regex_append_escaped(regex, bytes + start, length - start);
}

const char *title_below_file(const struct suite *suite, const char *test_name)
{
    const char *const files[] = {suite->source, suite->file};
    for (size_t i = 0; i < 2; i++) {
        size_t length = files[i] ? strlen(files[i]) : 0;
        if (length > 0 && strncmp(test_name, files[i], length) == 0 &&
            string_starts_with(test_name + length, "::"))
            return test_name + length + 2;
    }
    return NULL;
}

const char *full_title_pattern(const struct suite *suite, const char *test_name, const char *separator,
                               struct arena *arena)
{
    struct text regex = {0};
    const char *title = title_below_file(suite, test_name);
    const char *colons = title ? NULL : strstr(test_name, "::"); /* titles may hold "::" too */
    text_append(&regex, title ? "^\\s*(?:" : "^\\s*(?:(?:.*\\s)?");
    title = title ? title : test_name;
    append_titles(&regex, title, strlen(title), separator);
    while (colons) {
        text_append_char(&regex, '|');
        append_titles(&regex, test_name, (size_t)(colons - test_name), separator);
        text_append(&regex, "\\s+");
        append_titles(&regex, colons + 2, strlen(colons + 2), separator);
        colons = strstr(colons + 2, "::");
    }
    text_append(&regex, ")\\s*$");
    const char *result = arena_string(arena, text_string(&regex));
    text_clear(&regex);
    return result;
}

const char *const npx_absent_signs[] = {
    "npx canceled due to missing packages",
    "could not determine executable",
    "npm ERR! canceled",        /* before npm 9 */
    "npm error code ENOTFOUND", /* it asked for the package where there is no network */
    "npm error code EAI_AGAIN",
    NULL,
};

/* --- what was thrown ----------------------------------------------------------------------------------- */

const char *printable_text(const char *bytes, struct arena *arena)
{
    struct capped_text capped = {0};
    capped_add(&capped, bytes, strlen(bytes));
    const char *text = capped_finish(&capped, arena);
    capped_clear(&capped);
    return text;
}

/* "TypeError: x is not ..." -> the length of "TypeError"; 0: no type stands there. */
static size_t type_length(const char *text)
{
    size_t length = strcspn(text, ": \n[(");
    return text[length] == ':' && text[length + 1] == ' ' ? length : 0;
}

static bool says_value(const char *line)
{
    return string_starts_with(line, "Expected") || string_starts_with(line, "Received") ||
           strstr(line, " !== ") != NULL;
}

/* The first line, and of the next few those that say what was expected and what came. */
static const char *message_of(const char *text, struct arena *arena)
{
    const char *message = printable_first_line(text, arena);
    if (!message)
        return NULL;
    bool ends_open = string_ends_with(message, ":");
    if (!ends_open && !string_starts_with(message, "expect("))
        return message;
    const char *comment = strstr(message, " // ");
    size_t length = comment ? (size_t)(comment - message) : strlen(message) - ends_open;
    struct text line = {0};
    text_append_bytes(&line, message, length);
    int lines = 0;
    const char *separator = ": ";
    for (const char *at = strchr(text, '\n'); at && lines < 5; at = strchr(at + 1, '\n'), lines++) {
        const char *next = at[1] && at[1] != '\n' ? printable_name(at + 1, strcspn(at + 1, "\n"), arena) : "";
        if (!says_value(next) || string_starts_with(next, "at "))
            continue;
        text_append(&line, separator);
        text_append(&line, next);
        separator = ", ";
    }
    const char *result = arena_string(arena, text_string(&line));
    text_clear(&line);
    return result;
}

void thrown_fill(struct test_case *failed, const char *name, const char *message, const char *stack,
                 struct arena *arena)
{
    message = message ? message : "";
    stack = stack ? stack : "";
    const char *body = printable_text(stack[0] ? stack : message, arena);
    const char *text = printable_text(message[0] ? message : stack, arena);
    text = text ? text : "";
    size_t length = type_length(text);
    if (name && name[0])
        failed->type = printable_name(name, strlen(name), arena);
    else
        failed->type = length > 0 ? arena_bytes(arena, text, length) : "Error";
    if (length > 0 && strlen(failed->type) == length && strncmp(text, failed->type, length) == 0)
        text += length + 2;
    if (string_equal(failed->type, "Error") && string_starts_with(text, "expect("))
        failed->type = "AssertionError";
    failed->message = message_of(text, arena);
    if (!failed->message)
        failed->message = failed->type;
    failed->body = body;
}

/* --- reports -------------------------------------------------------------------------------------------- */

int64_t duration_of_json(const struct json *milliseconds)
{
    double us = json_number(milliseconds, 0) * 1000;
    return us > 0 && us < 1e15 ? (int64_t)(us + 0.5) : 0;
}

struct test_case *report_add_error(struct report *report, const char *name, const char *message)
{
    struct test_case *added = report_add(report);
    added->classname = "";
    added->name = name;
    added->status = CASE_ERROR;
    added->is_no_test = true;
    added->type = "Error";
    added->message = message;
    return added;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

void report_expect_file(struct report *report, const struct suite *suite)
{
    const char *other = NULL;
    for (size_t i = 0; suite && suite->file && i < report->count; i++) {
        const char *file = report->cases[i].file;
        if (file && strcmp(base_name(file), base_name(suite->file)) == 0)
            return; /* links may lead to it by other directories */
        other = file ? file : other;
    }
    if (other)
        report_add_error(report, "(file)",
                         arena_format(report->arena,
                                      "%s ran in place of this file: to npx such a name is a pattern; give "
                                      "`command: node_modules/.bin/%s`",
                                      other, suite->framework));
}

struct json *report_parse_json(struct report *report, const char *bytes, size_t length)
{
    size_t blanks = 0;
    while (blanks < length && bytes[blanks] != '\0' && strchr(" \t\r\n", bytes[blanks]))
        blanks++;
    report->is_present = blanks < length;
    report->is_complete = false;
    if (!report->is_present) {
        report->problem = "the file is empty";
        return NULL;
    }
    struct error error = {0};
    struct json *root = json_parse(bytes, length, &error);
    if (!root)
        report->problem = arena_format(report->arena, "not JSON: %s", error.what);
    return root;
}
