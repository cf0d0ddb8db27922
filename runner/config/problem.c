/* problem.c - collecting and showing what is wrong with a configuration. */
#include "problem.h"
#include <stdlib.h>
#include <string.h>

#define PROBLEM_LIMIT 100 /* a file of nonsense shall not fill the terminal */
#define WINDOW_BEFORE 60  /* of a long source line, what is shown around the caret, in characters */
#define WINDOW_AFTER  60
#define WHERE_PATH    150 /* leaves room for line and column in error->where */

static bool is_continuation(char c)
{
    return ((unsigned char)c & 0xC0) == 0x80;
}

bool problems_are_full(const struct problems *problems)
{
    return problems->count >= PROBLEM_LIMIT;
}

void problem_add(struct problems *problems, struct config_mark mark, const char *what, const char *hint)
{
    if (problems_are_full(problems)) {
        problems->left_off++;
        return;
    }
    problems->list =
        memory_grow(problems->list, problems->count, &problems->capacity, sizeof *problems->list);
    problems->list[problems->count] = (struct problem){.mark = mark,
                                                       .sequence = problems->count,
                                                       .what = arena_string(problems->arena, what),
                                                       .hint = arena_string(problems->arena, hint)};
    problems->count++;
}

static int problem_compare(const void *left, const void *right)
{
    const struct problem *a = left;
    const struct problem *b = right;
    if (a->mark.line != b->mark.line)
        return a->mark.line < b->mark.line ? -1 : 1;
    if (a->mark.column != b->mark.column)
        return a->mark.column < b->mark.column ? -1 : 1;
    return (a->sequence > b->sequence) - (a->sequence < b->sequence);
}

/* The bytes of a line, 1-based, without its end. Lines past the end are empty. */
static const char *line_find(const char *source, size_t length, int line, size_t *ret_length)
{
    const char *at = source;
    const char *end = source + length;
    for (int i = 1; i < line && at < end; i++) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        at = newline ? newline + 1 : end;
    }
    const char *stop = at < end ? memchr(at, '\n', (size_t)(end - at)) : NULL;
    if (!stop)
        stop = end;
    if (stop > at && stop[-1] == '\r')
        stop--;
    *ret_length = (size_t)(stop - at);
    return at;
}

/* Bytes of the first `characters` characters of a line. */
static size_t characters_span(const char *line, size_t length, size_t characters)
{
    size_t at = 0;
    while (at < length && characters > 0) {
        at++;
        while (at < length && is_continuation(line[at]))
            at++;
        characters--;
    }
    return at;
}

static void source_show(struct text *report, const char *line, size_t length, int column)
{
    size_t before = column > 0 ? (size_t)column - 1 : 0;
    size_t skipped = before > WINDOW_BEFORE ? before - WINDOW_BEFORE : 0;
    size_t begin = characters_span(line, length, skipped);
    size_t shown = characters_span(line + begin, length - begin, before - skipped + WINDOW_AFTER);
    size_t caret = characters_span(line + begin, shown, before - skipped);

    text_append(report, "    ");
    text_append(report, begin > 0 ? "..." : "");
    text_append_printable(report, line + begin, shown);
    text_append(report, begin + shown < length ? "...\n    " : "\n    ");
    text_append(report, begin > 0 ? "   " : "");
    for (size_t i = 0; i < caret; i++) {
        if (line[begin + i] == '\t') /* as wide as the one above */
            text_append_char(report, '\t');
        else if (!is_continuation(line[begin + i]))
            text_append_char(report, ' ');
    }
    text_append(report, "^\n");
}

void problem_show(struct text *report, const char *path, const char *source, size_t length,
                  const struct problem *problem)
{
    text_append_format(report, "%s:%d:%d: %s\n", path, problem->mark.line, problem->mark.column,
                       problem->what);
    size_t line_length = 0;
    const char *line = line_find(source, length, problem->mark.line, &line_length);
    source_show(report, line, line_length, problem->mark.column);
    if (problem->hint && problem->hint[0])
        text_append_format(report, "  hint: %s\n", problem->hint);
}

void error_where_mark(struct error *error, const char *path, struct config_mark mark)
{
    size_t length = strlen(path);
    const char *tail = path;
    if (length > WHERE_PATH) {
        tail = path + length - WHERE_PATH;
        while (is_continuation(*tail))
            tail++;
    }
    error_where(error, "%s%s:%d:%d", tail == path ? "" : "...", tail, mark.line, mark.column);
}

void problems_show(struct problems *problems, struct text *report, struct error *error)
{
    if (problems->count == 0)
        return;
    qsort(problems->list, problems->count, sizeof *problems->list, problem_compare);
    for (size_t i = 0; report && i < problems->count; i++)
        problem_show(report, problems->path, problems->source, problems->length, &problems->list[i]);
    if (report && problems->left_off > 0)
        text_append_format(report, "%s: %zu more problems are not shown\n", problems->path,
                           problems->left_off);

    const struct problem *first = &problems->list[0];
    error_set(error, ERROR_CONFIG, "%s", first->what);
    error_where_mark(error, problems->path, first->mark);
    error_hint(error, "%s", first->hint ? first->hint : "");
}

void problems_clear(struct problems *problems)
{
    memory_free(problems->list);
    problems->list = NULL;
    problems->count = problems->capacity = problems->left_off = 0;
}
