/* json_write.c - writes JSON straight into a text; misuse (a key in an array, a wrong end) is a bug of ours.
 */
#include "itrun/base/json.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "utf8.h"

#define DEPTH_MAX ((int)(sizeof((struct json_writer *)0)->is_first / sizeof(bool)))

static void append_quoted(struct text *text, const char *bytes, size_t length)
{
    static const char short_escapes[] = "\"\"\\\\\bb\ff\nn\rr\tt"; /* pairs: character, its letter */
    text_append_char(text, '"');
    for (size_t at = 0; at < length;) {
        size_t start = at;
        while (at < length && (unsigned char)bytes[at] >= 0x20 && (unsigned char)bytes[at] < 0x80 &&
               bytes[at] != '"' && bytes[at] != '\\')
            at++;
        if (at > start) {
            text_append_bytes(text, bytes + start, at - start);
            continue;
        }
        uint32_t code;
        size_t used = utf8_decode(bytes + at, length - at, &code);
        if (code == UTF8_INVALID) {
            text_append(text, UTF8_REPLACEMENT);
        } else if (code >= 0x80) {
            text_append_bytes(text, bytes + at, used);
        } else {
            const char *pair = short_escapes;
            while (*pair && *pair != bytes[at])
                pair += 2;
            if (*pair)
                text_append_bytes(text, (char[]){'\\', pair[1]}, 2);
            else
                text_append_format(text, "\\u%04x", (unsigned)code);
        }
        at += used;
    }
    text_append_char(text, '"');
}

static void new_line(struct json_writer *writer)
{
    if (writer->indent == 0)
        return;
    text_append_char(writer->text, '\n');
    for (int i = 0; i < writer->indent * writer->depth; i++)
        text_append_char(writer->text, ' ');
}

/* What stands before a value: the comma, the line, the key. */
static void begin_value(struct json_writer *writer, const char *key)
{
    bool is_first = writer->is_first[writer->depth];
    writer->is_first[writer->depth] = false;
    if (writer->depth == 0) {
        MUST(is_first && !key); /* one root, and it has no name */
        return;
    }
    MUST(writer->is_object[writer->depth] == (key != NULL));
    if (!is_first)
        text_append_char(writer->text, ',');
    new_line(writer);
    if (key) {
        append_quoted(writer->text, key, strlen(key));
        text_append(writer->text, writer->indent ? ": " : ":");
    }
}

static void begin_container(struct json_writer *writer, const char *key, bool is_object)
{
    begin_value(writer, key);
    writer->depth++;
    MUST(writer->depth < DEPTH_MAX);
    writer->is_first[writer->depth] = true;
    writer->is_object[writer->depth] = is_object;
    text_append_char(writer->text, is_object ? '{' : '[');
}

void json_write_begin(struct json_writer *writer, struct text *text, int indent)
{
    *writer = (struct json_writer){.text = text, .indent = indent, .is_first = {true}};
}

void json_write_object(struct json_writer *writer, const char *key)
{
    begin_container(writer, key, true);
}

void json_write_array(struct json_writer *writer, const char *key)
{
    begin_container(writer, key, false);
}

void json_write_end(struct json_writer *writer, char closing)
{
    MUST(writer->depth > 0);
    MUST(closing == (writer->is_object[writer->depth] ? '}' : ']'));
    bool is_empty = writer->is_first[writer->depth];
    writer->depth--;
    if (!is_empty)
        new_line(writer);
    text_append_char(writer->text, closing);
}

void json_write_string(struct json_writer *writer, const char *key, const char *value)
{
    if (value)
        json_write_bytes(writer, key, value, strlen(value));
    else
        json_write_null(writer, key);
}

void json_write_bytes(struct json_writer *writer, const char *key, const char *bytes, size_t length)
{
    begin_value(writer, key);
    append_quoted(writer->text, bytes, length);
}

void json_write_int(struct json_writer *writer, const char *key, int64_t value)
{
    begin_value(writer, key);
    text_append_format(writer->text, "%" PRId64, value);
}

/* The shortest of the usual precisions that reads back as the same double; JSON knows no NaN or infinity. */
void json_write_double(struct json_writer *writer, const char *key, double value)
{
    if (!isfinite(value)) {
        json_write_null(writer, key);
        return;
    }
    begin_value(writer, key);
    char digits[32];
    for (int precision = 15; precision <= 17; precision++) {
        snprintf(digits, sizeof digits, "%.*g", precision, value);
        if (strtod(digits, NULL) == value)
            break;
    }
    text_append(writer->text, digits);
}

void json_write_bool(struct json_writer *writer, const char *key, bool value)
{
    begin_value(writer, key);
    text_append(writer->text, value ? "true" : "false");
}

void json_write_null(struct json_writer *writer, const char *key)
{
    begin_value(writer, key);
    text_append(writer->text, "null");
}
