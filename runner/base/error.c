/* error.c - filling struct error, and the end of the program when an invariant broke. */
#include "itrun/base/error.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "utf8.h"

/* Formats into a buffer of our own first: a caller may pass pieces of the very error it rewrites. What does
 * not fit is cut between characters, never inside one. */
static void format_field(char *field, size_t size, const char *format, va_list arguments)
{
    char whole[1024];
    MUST(size < sizeof whole);
    vsnprintf(whole, sizeof whole, format, arguments);
    size_t length = strlen(whole);
    if (length >= size)
        length = utf8_cut(whole, size - 1);
    memcpy(field, whole, length);
    field[length] = '\0';
}

bool error_set(struct error *error, enum error_kind kind, const char *format, ...)
{
    if (!error)
        return false;
    va_list arguments;
    va_start(arguments, format);
    format_field(error->what, sizeof error->what, format, arguments);
    va_end(arguments);
    error->kind = kind;
    error->retry_after_ms = 0;
    error->code[0] = '\0';
    error->where[0] = '\0';
    error->hint[0] = '\0';
    return false;
}

bool error_hint(struct error *error, const char *format, ...)
{
    if (!error)
        return false;
    va_list arguments;
    va_start(arguments, format);
    format_field(error->hint, sizeof error->hint, format, arguments);
    va_end(arguments);
    return false;
}

bool error_where(struct error *error, const char *format, ...)
{
    if (!error)
        return false;
    va_list arguments;
    va_start(arguments, format);
    format_field(error->where, sizeof error->where, format, arguments);
    va_end(arguments);
    return false;
}

bool error_prefix(struct error *error, const char *format, ...)
{
    if (!error)
        return false;
    char prefix[sizeof error->what];
    va_list arguments;
    va_start(arguments, format);
    format_field(prefix, sizeof prefix, format, arguments);
    va_end(arguments);

    char whole[sizeof prefix + sizeof error->what + 2];
    snprintf(whole, sizeof whole, "%s: %s", prefix, error->what);
    size_t length = strlen(whole);
    if (length >= sizeof error->what)
        length = utf8_cut(whole, sizeof error->what - 1);
    memcpy(error->what, whole, length);
    error->what[length] = '\0';
    return false;
}

void error_clear(struct error *error)
{
    if (error)
        memset(error, 0, sizeof *error);
}

const char *error_kind_name(enum error_kind kind)
{
    switch (kind) {
    case ERROR_NONE: return "none";
    case ERROR_USAGE: return "usage";
    case ERROR_CONFIG: return "config";
    case ERROR_DENIED: return "denied";
    case ERROR_THROTTLED: return "throttled";
    case ERROR_TRANSIENT: return "transient";
    case ERROR_CONFLICT: return "conflict";
    case ERROR_GONE: return "gone";
    case ERROR_LIMIT: return "limit";
    case ERROR_IO: return "io";
    case ERROR_CANCELLED: return "cancelled";
    case ERROR_INVALID: return "invalid";
    case ERROR_BUG: return "bug";
    }
    return "unknown";
}

_Noreturn void must_failed(const char *condition, const char *file, int line)
{
    fprintf(stderr, "itrun: internal error: %s:%d: %s does not hold\n", file, line, condition);
    abort();
}
