#include "html/markup.h"
#include "line.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define FNV_PRIME  16777619u
#define FNV_FIRST  2166136261u
#define FNV_SECOND 3735928559u /* any other start makes the second pass another hash */

/* U+2028 to 202E and U+2066 to 2069, all of three bytes. */
static bool is_unseen_turn(const unsigned char *c)
{
    return c[0] == 0xE2 &&
           ((c[1] == 0x80 && c[2] >= 0xA8 && c[2] <= 0xAE) || (c[1] == 0x81 && c[2] >= 0xA6 && c[2] <= 0xA9));
}

static void drop_turns(struct text *text, size_t start)
{
    size_t kept = start;
    for (size_t at = start; at < text->length;) {
        if (text->length - at >= 3 && is_unseen_turn((const unsigned char *)text->bytes + at)) {
            at += 3;
        } else {
            text->bytes[kept++] = text->bytes[at++];
        }
    }
    text_truncate(text, kept);
}

static bool is_inside_character(const struct text *text, size_t at)
{
    return at < text->length && ((unsigned char)text->bytes[at] & 0xC0) == 0x80;
}

/* The start says where it broke, the end says what was wrong: the end gets more. */
static void cut_middle(struct text *text, size_t start, size_t limit)
{
    size_t head = start + limit / 3;
    size_t tail = text->length - (limit - limit / 3);
    while (head > start && is_inside_character(text, head)) {
        head--;
    }
    while (is_inside_character(text, tail)) {
        tail++;
    }
    struct text rest = {0};
    text_append_format(&rest, "\n… %zu bytes left out …\n", tail - head);
    text_append_bytes(&rest, text->bytes + tail, text->length - tail);
    text_truncate(text, head);
    text_append_bytes(text, rest.bytes, rest.length);
    text_clear(&rest);
}

void markup_append_clean(struct text *text, const char *string, size_t limit)
{
    if (string == NULL || string[0] == '\0') {
        return;
    }
    size_t start = text->length;
    text_append_printable(text, string, strlen(string));
    if (text->length > start) {
        drop_turns(text, start);
    }
    if (text->length - start > limit) {
        cut_middle(text, start, limit);
    }
}

void markup_append_line(struct text *text, const char *string, size_t limit)
{
    size_t start = text->length;
    line_append(text, string, limit);
    if (text->length > start) {
        drop_turns(text, start);
    }
}

void markup_append(struct text *text, const char *string)
{
    for (const char *c = string != NULL ? string : ""; *c != '\0'; c++) {
        switch (*c) {
        case '&': text_append(text, "&amp;"); break;
        case '<': text_append(text, "&lt;"); break;
        case '>': text_append(text, "&gt;"); break;
        case '"': text_append(text, "&quot;"); break;
        case '\'': text_append(text, "&#39;"); break;
        default: text_append_char(text, *c); break;
        }
    }
}

void markup_append_path(struct text *text, const char *path)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_./~";
    text_append(text, "./"); /* so that a first part with a colon is no scheme */
    for (const char *c = path; *c != '\0'; c++) {
        if (strchr(plain, *c) != NULL) {
            text_append_char(text, *c);
        } else {
            text_append_format(text, "%%%02X", (unsigned)(unsigned char)*c);
        }
    }
}

static uint32_t hash_on(uint32_t hash, const char *string)
{
    for (const char *c = string != NULL ? string : ""; *c != '\0'; c++) {
        hash = (hash ^ (unsigned char)*c) * FNV_PRIME;
    }
    return (hash ^ 0x1fu) * FNV_PRIME; /* what separates the parts */
}

void markup_anchor(const char *suite, const char *classname, const char *name, char ret[ANCHOR_SIZE])
{
    uint32_t first = hash_on(hash_on(hash_on(FNV_FIRST, suite), classname), name);
    uint32_t second = hash_on(hash_on(hash_on(FNV_SECOND, suite), classname), name);
    snprintf(ret, ANCHOR_SIZE, "%08" PRIx32 "%08" PRIx32, first, second);
}
