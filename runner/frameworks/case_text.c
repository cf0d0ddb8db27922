/* case_text.c - what a report says about a case, made fit to keep: short, printable, with paths that mean the
 * same on every machine. */
#include "adapters.h"
#include <string.h>

#define HALF (CASE_TEXT_MAX / 2)

static bool is_continuation(char byte)
{
    return ((unsigned char)byte & 0xC0) == 0x80;
}

/* Forgets all but the last HALF bytes, at most a character more, from the start of a character. */
static void trim_tail(struct text *tail)
{
    size_t start = tail->length - HALF;
    while (start < tail->length && is_continuation(tail->bytes[start]))
        start++;
    memmove(tail->bytes, tail->bytes + start, tail->length - start);
    text_truncate(tail, tail->length - start);
}

void capped_add(struct capped_text *capped, const char *bytes, size_t length)
{
    capped->length += length;
    if (capped->tail.length == 0 && capped->head.length < HALF) {
        size_t taken = length < HALF - capped->head.length ? length : HALF - capped->head.length;
        while (taken > 0 && taken < length && is_continuation(bytes[taken]))
            taken--;
        text_append_bytes(&capped->head, bytes, taken);
        bytes += taken;
        length -= taken;
    }
    while (length > 0) {
        size_t piece = length < HALF ? length : HALF;
        text_append_bytes(&capped->tail, bytes, piece);
        bytes += piece;
        length -= piece;
        if (capped->tail.length >= CASE_TEXT_MAX)
            trim_tail(&capped->tail);
    }
}

void capped_reset(struct capped_text *capped)
{
    text_reset(&capped->head);
    text_reset(&capped->tail);
    capped->length = 0;
}

void capped_clear(struct capped_text *capped)
{
    text_clear(&capped->head);
    text_clear(&capped->tail);
    capped->length = 0;
}

static bool is_blank(const char *string)
{
    return string[strspn(string, " \t\r\n")] == '\0';
}

static const char *finish_text(const struct text *text, struct arena *arena)
{
    size_t length = text->length;
    while (length > 0 && strchr(" \t\r\n", text->bytes[length - 1]))
        length--;
    return length > 0 ? arena_bytes(arena, text->bytes, length) : NULL;
}

const char *capped_finish(const struct capped_text *capped, struct arena *arena)
{
    if (is_blank(text_string(&capped->head)) && capped->tail.length == 0)
        return NULL;
    struct text text = {0};
    text_append_printable(&text, text_string(&capped->head), capped->head.length);
    struct text tail = capped->tail; /* borrowed, but for its start */
    size_t skipped = 0;
    if (tail.length > HALF) {
        skipped = tail.length - HALF;
        while (skipped < tail.length && is_continuation(tail.bytes[skipped]))
            skipped++;
    }
    size_t cut = capped->length - capped->head.length - (tail.length - skipped);
    if (cut > 0)
        text_append_format(&text, "\n[%zu bytes cut, see report.xml.raw]\n", cut);
    if (tail.length > skipped)
        text_append_printable(&text, tail.bytes + skipped, tail.length - skipped);
    const char *result = finish_text(&text, arena);
    text_clear(&text);
    return result;
}

/* Nothing to drop, to replace or to trim: most names are so, and then one copy is enough. */
static bool is_clean_name(const char *bytes, size_t length)
{
    if (length == 0 || length > CASE_MESSAGE_MAX || bytes[0] == ' ' || bytes[length - 1] == ' ')
        return false;
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] < 0x20 || bytes[i] > 0x7E)
            return false;
    }
    return true;
}

const char *printable_name(const char *bytes, size_t length, struct arena *arena)
{
    if (is_clean_name(bytes, length))
        return arena_bytes(arena, bytes, length);
    struct text text = {0};
    text_append_printable(&text, bytes, length < CASE_MESSAGE_MAX ? length : CASE_MESSAGE_MAX);
    for (size_t i = 0; i < text.length; i++) {
        if (text.bytes[i] == '\n' || text.bytes[i] == '\t')
            text.bytes[i] = ' ';
    }
    size_t start = strspn(text_string(&text), " ");
    size_t end = text.length;
    while (end > start && text.bytes[end - 1] == ' ')
        end--;
    const char *name = arena_bytes(arena, text_string(&text) + start, end - start);
    text_clear(&text);
    return name;
}

const char *printable_first_line(const char *bytes, struct arena *arena)
{
    for (;;) {
        bytes += strspn(bytes, " \t\r\n");
        if (!*bytes)
            return NULL;
        size_t length = strcspn(bytes, "\n");
        const char *line = printable_name(bytes, length, arena);
        if (line[0])
            return line;
        bytes += length;
    }
}

const char *text_join(const char *first, const char *second, struct arena *arena)
{
    if (!first || !second)
        return first ? first : second;
    size_t first_length = strlen(first);
    size_t second_length = strlen(second);
    if (first_length + second_length + 2 > CASE_TEXT_MAX) {
        struct capped_text capped = {0};
        capped_add(&capped, first, first_length);
        capped_add(&capped, "\n\n", 2);
        capped_add(&capped, second, second_length);
        const char *joined = capped_finish(&capped, arena);
        capped_clear(&capped);
        return joined;
    }
    return arena_format(arena, "%s\n\n%s", first, second);
}

/* How the suite's directory is called seen from the configuration's: "services/x/", often "". */
static size_t prefix_length(const struct suite *suite)
{
    if (!suite || !suite->source || !suite->file)
        return 0;
    size_t source_length = strlen(suite->source);
    size_t file_length = strlen(suite->file);
    bool is_suffix = file_length <= source_length && string_ends_with(suite->source, suite->file);
    return is_suffix ? source_length - file_length : 0;
}

/* An absolute path below the suite's directory or the configuration's -> relative to the suite's or to the
 * configuration's (then *ret_is_whole). NULL: elsewhere. */
static const char *below_directory(const struct suite *suite, const char *path, bool *ret_is_whole)
{
    if (!suite || !suite->cwd)
        return NULL;
    size_t length = strlen(suite->cwd);
    if (strncmp(path, suite->cwd, length) == 0 && path[length] == '/')
        return path + length + 1;
    size_t prefix = prefix_length(suite);
    if (prefix >= length || prefix == 0)
        return NULL;
    size_t root = length - prefix; /* cwd has no slash at its end, the prefix has: root stands before it */
    if (strncmp(path, suite->cwd, root) != 0 || path[root] != '/')
        return NULL;
    *ret_is_whole = true;
    return path + root + 1;
}

const char *case_file(const struct suite *suite, const char *path, struct arena *arena)
{
    if (!path || !path[0])
        return NULL;
    char *copy = (char *)printable_name(path, strlen(path), arena);
    for (char *at = strchr(copy, '\\'); at; at = strchr(at, '\\'))
        *at = '/';
    const char *file = copy;
    bool is_whole = false;
    if (string_starts_with(file, "file://"))
        file += strlen("file://");
    if (file[0] == '/')
        file = below_directory(suite, file, &is_whole);
    while (file && string_starts_with(file, "./"))
        file += 2;
    if (!file || !file[0] || string_starts_with(file, "../"))
        return NULL;
    size_t prefix = prefix_length(suite);
    if (prefix == 0 || is_whole || strncmp(file, suite->source, prefix) == 0)
        return file;
    return arena_format(arena, "%.*s%s", (int)prefix, suite->source, file);
}
