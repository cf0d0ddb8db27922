/* expand.c - ${env:NAME} and ${env:NAME:-default}, the only substitutions of a configuration. */
#include "tree.h"
#include <string.h>

#define OPENING "${env:"

static size_t name_span(const char *at)
{
    size_t length = 0;
    for (char c; (c = at[length]) != '\0'; length++) {
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        if (!is_letter && !(length > 0 && c >= '0' && c <= '9'))
            break;
    }
    return length;
}

/* Position of the nth substitution of a scalar. Escapes may hide it from us: then the scalar's own. */
static struct config_mark occurrence_mark(const char *span, size_t length, struct config_mark mark,
                                          size_t nth, struct config_mark fallback)
{
    size_t opening = strlen(OPENING);
    for (size_t i = 0; i + opening <= length; i++) {
        if (memcmp(span + i, OPENING, opening) == 0 && nth-- == 0)
            return mark;
        if (span[i] == '\n') {
            mark.line++;
            mark.column = 1;
        } else if (((unsigned char)span[i + 1] & 0xC0) != 0x80) {
            mark.column++;
        }
    }
    return fallback;
}

/* One substitution at `at` (which begins with OPENING): appends its value, returns what follows it; NULL when
 * *ret_what says what is wrong. */
static const char *substitute(struct problems *problems, const struct expansion *expansion, const char *at,
                              struct text *ret_text, const char **ret_what, const char **ret_hint)
{
    const char *start = at + strlen(OPENING);
    size_t name_length = name_span(start);
    const char *rest = start + name_length;
    const char *closing = strchr(rest, '}');
    bool has_default = strncmp(rest, ":-", 2) == 0;
    if (name_length == 0 || !closing || (*rest != '}' && !has_default)) {
        *ret_what = "this is not a substitution";
        *ret_hint = "write ${env:NAME} or ${env:NAME:-default}";
        return NULL;
    }
    const char *name = arena_bytes(problems->arena, start, name_length);
    const char *value = expansion->lookup ? expansion->lookup(expansion->context, name) : NULL;
    if (value && (value[0] != '\0' || !has_default)) {
        text_append(ret_text, value);
    } else if (has_default) {
        text_append_bytes(ret_text, rest + 2, (size_t)(closing - rest) - 2);
    } else {
        const char *shown = name_length <= 100 ? name : "this name";
        *ret_what = arena_format(problems->arena, "the environment variable %s is not set", shown);
        *ret_hint = arena_format(problems->arena, "set %s, or give a default: ${env:%s:-default}", shown,
                                 name_length <= 100 ? name : "NAME");
        return NULL;
    }
    return closing + 1;
}

void scalar_expand(struct problems *problems, const struct expansion *expansion, struct node *node,
                   const char *span, size_t span_length, struct config_mark span_mark)
{
    node->text = node->raw;
    const char *at = strstr(node->raw, OPENING);
    if (!at)
        return;
    struct text expanded = {0};
    const char *done = node->raw;
    for (size_t nth = 0; at; nth++) {
        text_append_bytes(&expanded, done, (size_t)(at - done));
        const char *what = NULL, *hint = NULL;
        done = substitute(problems, expansion, at, &expanded, &what, &hint);
        if (!done) {
            node->is_broken = true;
            done = at + strlen(OPENING);
            if (!problems_are_full(problems)) {
                struct config_mark mark = occurrence_mark(span, span_length, span_mark, nth, node->mark);
                problem_add(problems, mark, what, hint);
            }
        }
        at = strstr(done, OPENING);
    }
    text_append(&expanded, done);
    node->text = arena_bytes(problems->arena, text_string(&expanded), expanded.length);
    text_clear(&expanded);
}
