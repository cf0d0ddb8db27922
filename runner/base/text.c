/* text.c - the growing buffer, and small questions about C strings. */
#include "itrun/base/text.h"
#include "itrun/base/error.h"
#include "itrun/base/memory.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Room for `more` bytes and the NUL. */
static void text_reserve(struct text *text, size_t more)
{
    MUST(more < SIZE_MAX / 4 && text->length < SIZE_MAX / 4);
    size_t wanted = text->length + more + 1;
    if (wanted <= text->capacity)
        return;
    size_t capacity = text->capacity ? text->capacity : 64;
    while (capacity < wanted)
        capacity *= 2;
    text->bytes = memory_resize(text->bytes, capacity);
    text->capacity = capacity;
}

void text_append(struct text *text, const char *string)
{
    text_append_bytes(text, string, strlen(string));
}

void text_append_bytes(struct text *text, const char *bytes, size_t length)
{
    text_reserve(text, length);
    if (length)
        memcpy(text->bytes + text->length, bytes, length);
    text->length += length;
    text->bytes[text->length] = '\0';
}

void text_append_char(struct text *text, char c)
{
    text_append_bytes(text, &c, 1);
}

void text_append_format(struct text *text, const char *format, ...)
{
    text_reserve(text, 0);
    size_t room = text->capacity - text->length;
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text->bytes + text->length, room, format, arguments);
    va_end(arguments);
    MUST(length >= 0);
    if ((size_t)length >= room) {
        text_reserve(text, (size_t)length);
        va_start(arguments, format);
        vsnprintf(text->bytes + text->length, (size_t)length + 1, format, arguments);
        va_end(arguments);
    }
    text->length += (size_t)length;
}

const char *text_string(const struct text *text)
{
    return text->bytes ? text->bytes : "";
}

char *text_take(struct text *text)
{
    text_reserve(text, 0);
    text->bytes[text->length] = '\0';
    char *bytes = text->bytes;
    *text = (struct text){0};
    return bytes;
}

void text_reset(struct text *text)
{
    text_truncate(text, 0);
}

void text_truncate(struct text *text, size_t length)
{
    MUST(length <= text->length);
    text->length = length;
    if (text->bytes)
        text->bytes[length] = '\0';
}

void text_clear(struct text *text)
{
    memory_free(text->bytes);
    *text = (struct text){0};
}

bool string_starts_with(const char *string, const char *prefix)
{
    return strncmp(string, prefix, strlen(prefix)) == 0;
}

bool string_ends_with(const char *string, const char *suffix)
{
    size_t length = strlen(string);
    size_t suffix_length = strlen(suffix);
    return length >= suffix_length && memcmp(string + length - suffix_length, suffix, suffix_length) == 0;
}

bool string_equal(const char *a, const char *b)
{
    if (!a || !b)
        return a == b;
    return strcmp(a, b) == 0;
}

/* `=` is not safe at the front: zsh expands it there. */
static bool is_shell_safe(const char *word)
{
    static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%+=:,./_-";
    return *word && *word != '=' && word[strspn(word, safe)] == '\0';
}

void text_append_shell_word(struct text *text, const char *word)
{
    if (is_shell_safe(word)) {
        text_append(text, word);
        return;
    }
    text_append_char(text, '\'');
    for (const char *c = word; *c; c++) {
        if (*c == '\'')
            text_append(text, "'\\''");
        else
            text_append_char(text, *c);
    }
    text_append_char(text, '\'');
}
