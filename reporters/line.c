/* line.c - one line that cannot break its neighbours: no control character, no command, no surprise in width.
 */
#include "line.h"
#include "itrun/ci.h"
#include <string.h>

#define LINE_LIMIT 300
#define ELLIPSIS   "…"
#define JOINER     "\xE2\x80\x8D" /* U+200D: seen by no reader, but it splits a command's word */

/* U+202A to 202E and U+2066 to 2069: what follows could be shown backwards. */
static bool is_turning(const char *c)
{
    const unsigned char *u = (const unsigned char *)c;
    return u[0] == 0xE2 &&
           ((u[1] == 0x80 && u[2] >= 0xAA && u[2] <= 0xAE) || (u[1] == 0x81 && u[2] >= 0xA6 && u[2] <= 0xA9));
}

static size_t cut_back(const char *string, size_t limit)
{
    while (limit > 0 && ((unsigned char)string[limit] & 0xC0) == 0x80) {
        limit--;
    }
    return limit;
}

static void append_limited(struct text *text, const char *string, size_t length, size_t limit)
{
    struct text clean = {0};
    struct text line = {0};
    text_append_printable(&clean, string, length);
    for (const char *c = text_string(&clean); *c != '\0'; c++) {
        if (is_turning(c)) {
            c += 2;
        } else if (*c == '\n' || *c == '\t' || *c == ' ') {
            if (line.length > 0 && line.bytes[line.length - 1] != ' ') {
                text_append_char(&line, ' ');
            }
        } else {
            bool is_command = ci_begins_command(c) || (line.length == 0 && string_starts_with(c, "::"));
            text_append_char(&line, *c);
            text_append(&line, is_command ? JOINER : "");
        }
    }
    while (line.length > 0 && line.bytes[line.length - 1] == ' ') {
        text_truncate(&line, line.length - 1);
    }
    if (line.length > limit) {
        text_append_bytes(text, line.bytes, cut_back(line.bytes, limit));
        text_append(text, ELLIPSIS);
    } else {
        text_append(text, text_string(&line));
    }
    text_clear(&clean);
    text_clear(&line);
}

void line_append(struct text *text, const char *string, size_t limit)
{
    if (string != NULL) {
        append_limited(text, string, strlen(string), limit);
    }
}

void line_append_exact(struct text *text, const char *string)
{
    ci_append_harmless(text, string);
}

void line_append_first(struct text *text, const char *string, size_t limit)
{
    if (string == NULL) {
        return;
    }
    string += strspn(string, " \t\r\n");
    append_limited(text, string, strcspn(string, "\n"), limit);
}

void line_append_last(struct text *text, const char *string, size_t count, const char *prefix)
{
    if (string == NULL) {
        return;
    }
    size_t length = strlen(string);
    while (length > 0 && strchr(" \t\r\n", string[length - 1]) != NULL) {
        length--;
    }
    size_t start = length;
    for (size_t lines = 0; start > 0; start--) {
        if (string[start - 1] == '\n' && ++lines == count) {
            break;
        }
    }
    while (start < length) {
        const char *newline = memchr(string + start, '\n', length - start);
        size_t end = newline != NULL ? (size_t)(newline - string) : length;
        text_append(text, prefix);
        /* Indentation carries meaning in a stack trace. */
        size_t blank = strspn(string + start, " \t");
        blank = blank < 12 ? blank : 12;
        blank = start + blank > end ? end - start : blank;
        text_append_format(text, "%*s", (int)blank, "");
        append_limited(text, string + start, end - start, LINE_LIMIT);
        text_append_char(text, '\n');
        start = end + 1;
    }
}

/* Decodes one character of text that is known to be valid UTF-8. */
static size_t decode(const char *string, uint32_t *ret_code)
{
    const unsigned char *u = (const unsigned char *)string;
    size_t length = u[0] < 0x80 ? 1 : u[0] < 0xE0 ? 2 : u[0] < 0xF0 ? 3 : 4;
    static const unsigned char masks[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    uint32_t code = u[0] & masks[length];
    for (size_t i = 1; i < length; i++) {
        if ((u[i] & 0xC0) != 0x80) {
            *ret_code = 0xFFFD;
            return i;
        }
        code = code << 6 | (u[i] & 0x3F);
    }
    *ret_code = code;
    return length;
}

struct range {
    uint32_t first, last;
};

static bool is_in(uint32_t code, const struct range *ranges, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (code >= ranges[i].first && code <= ranges[i].last) {
            return true;
        }
    }
    return false;
}

/* Source: Unicode's EastAsianWidth and general categories Mn, Me, Cf, in the coarse ranges that terminals
 * use. */
static size_t width_of(uint32_t code)
{
    static const struct range none[] = {{0x300, 0x36F},   {0x483, 0x489},   {0x591, 0x5BD},
                                        {0x610, 0x61A},   {0x64B, 0x65F},   {0x200B, 0x200F},
                                        {0x20D0, 0x20FF}, {0x2060, 0x2064}, {0xFE00, 0xFE0F},
                                        {0xFE20, 0xFE2F}, {0xFEFF, 0xFEFF}, {0xE0100, 0xE01EF}};
    static const struct range two[] = {
        {0x1100, 0x115F},   {0x231A, 0x231B}, {0x23E9, 0x23F3}, {0x2E80, 0x303E},
        {0x3041, 0xA4CF},   {0xA960, 0xA97F}, {0xAC00, 0xD7A3}, {0xF900, 0xFAFF},
        {0xFE30, 0xFE6F},   {0xFF00, 0xFF60}, {0xFFE0, 0xFFE6}, {0x1F300, 0x1FAFF},
        {0x20000, 0x3FFFD}, {0x2705, 0x2705}, {0x274C, 0x274C}, {0x2728, 0x2728}};
    if (code < 0x300) {
        return 1;
    }
    if (is_in(code, none, sizeof none / sizeof *none)) {
        return 0;
    }
    return is_in(code, two, sizeof two / sizeof *two) ? 2 : 1;
}

static size_t colour_length(const char *c)
{
    if (c[0] != '\033' || c[1] != '[') {
        return 0;
    }
    size_t length = 2 + strspn(c + 2, "0123456789;");
    return c[length] == 'm' ? length + 1 : 0;
}

size_t line_append_clipped(struct text *text, const char *line, size_t columns)
{
    size_t used = 0;
    size_t fits_until = text->length; /* where "…" still has room */
    bool is_cut = false;
    for (const char *c = line; *c != '\0';) {
        size_t colour = colour_length(c);
        if (colour > 0) {
            text_append_bytes(text, c, colour);
            c += colour;
            continue;
        }
        uint32_t code;
        size_t length = decode(c, &code);
        size_t width = width_of(code);
        if (!is_cut && used + width > columns) {
            is_cut = true;
            text_truncate(text, fits_until);
            text_append(text, columns > 0 ? ELLIPSIS : "");
        }
        if (!is_cut) {
            text_append_bytes(text, c, length);
            used += width;
            fits_until = used < columns ? text->length : fits_until;
        }
        c += length;
    }
    return is_cut && used < columns ? used + 1 : used;
}
