/* glob.c - file globs, segment by segment.
 *
 * Braces are expanded first (a bounded number of alternatives), then each alternative is matched without
 * recursion. Both stars (`*` in a segment, `**` over segments) need to remember only the last one seen:
 * whatever an earlier star could take instead, the later one can take as well. So the cost is at most |glob|
 * * |path|. */
#include "itrun/base/pattern.h"
#include "itrun/base/text.h"
#include <string.h>
#include "utf8.h"

#define GLOB_MAX         1024
#define ALTERNATIVES_MAX 256
#define BYTE_BASE        0x110000u /* a byte that is no UTF-8 counts as a character of its own */

struct piece {
    const char *start;
    const char *end;
};

static uint32_t next_character(const char **at, const char *end)
{
    uint32_t code;
    size_t used = utf8_decode(*at, (size_t)(end - *at), &code);
    if (code == UTF8_INVALID) {
        code = BYTE_BASE + (unsigned char)**at;
        used = 1;
    }
    *at += used;
    return code;
}

/* The character at *at of a glob, a backslash before it removed. */
static uint32_t next_literal(const char **at, const char *end)
{
    if (**at == '\\' && *at + 1 < end)
        (*at)++;
    return next_character(at, end);
}

/* Behind the class that begins at `at` ('['), or NULL when it does not end, holds a slash or runs backwards.
 * A ']' that comes first is a member. */
static const char *class_end(const char *at, const char *end)
{
    at++;
    if (at < end && (*at == '!' || *at == '^'))
        at++;
    for (bool is_first = true; at < end && (is_first || *at != ']'); is_first = false) {
        uint32_t low = next_literal(&at, end);
        uint32_t high = low;
        if (end - at >= 2 && at[0] == '-' && at[1] != ']') {
            at++;
            high = next_literal(&at, end);
        }
        if (low == '/' || high == '/' || high < low)
            return NULL;
    }
    return at < end ? at + 1 : NULL;
}

static bool class_has(const char *at, const char *end, uint32_t character)
{
    at++;
    bool is_negated = *at == '!' || *at == '^';
    if (is_negated)
        at++;
    bool is_member = false;
    while (at < end - 1) {
        uint32_t low = next_literal(&at, end);
        uint32_t high = low;
        if (at[0] == '-' && at + 1 < end - 1) {
            at++;
            high = next_literal(&at, end);
        }
        is_member |= low <= character && character <= high;
    }
    return is_member != is_negated;
}

/* One element of the glob (not a star) against one character; both advance. */
static bool element_matches(const char **glob, const char *glob_end, const char **path, const char *path_end)
{
    uint32_t character = next_character(path, path_end);
    if (**glob == '?') {
        (*glob)++;
        return true;
    }
    if (**glob == '[') {
        const char *start = *glob;
        *glob = class_end(start, glob_end);
        return class_has(start, *glob, character);
    }
    return next_literal(glob, glob_end) == character;
}

static bool segment_matches(struct piece glob, struct piece path)
{
    bool says_dot =
        glob.start < glob.end && (glob.start[0] == '.' || (glob.start[0] == '\\' && glob.start[1] == '.'));
    if (path.start < path.end && path.start[0] == '.' && !says_dot)
        return false;
    const char *g = glob.start;
    const char *p = path.start;
    const char *after_star = NULL; /* in the glob */
    const char *taken = NULL;      /* end of what that star has taken so far */
    for (;;) {
        if (g < glob.end && *g == '*') {
            after_star = ++g;
            taken = p;
            continue;
        }
        if (p == path.end && g == glob.end)
            return true;
        if (p < path.end && g < glob.end && element_matches(&g, glob.end, &p, path.end))
            continue;
        if (!after_star || taken == path.end)
            return false;
        next_character(&taken, path.end);
        g = after_star;
        p = taken;
    }
}

/* Cuts the segment that begins at *at; *at becomes the next one's start, or NULL behind the last. A slash is
 * never part of a class or an escape: glob_is_valid saw to it. */
static struct piece next_segment(const char **at)
{
    const char *end = strchrnul(*at, '/');
    struct piece segment = {*at, end};
    *at = *end ? end + 1 : NULL;
    return segment;
}

static bool is_globstar(struct piece segment)
{
    return segment.end - segment.start == 2 && segment.start[0] == '*' && segment.start[1] == '*';
}

/* The same walk as segment_matches, with segments for characters. */
static bool path_matches(const char *glob, const char *path)
{
    const char *g = glob;
    const char *p = path;
    const char *after_star = NULL;
    const char *taken = NULL;
    bool has_star = false;
    for (;;) {
        const char *next_g = g;
        struct piece want = {NULL, NULL};
        if (g)
            want = next_segment(&next_g);
        if (g && is_globstar(want)) {
            has_star = true;
            after_star = g = next_g;
            taken = p;
            continue;
        }
        if (!g && !p)
            return true;
        if (g && p) {
            const char *next_p = p;
            if (segment_matches(want, next_segment(&next_p))) {
                g = next_g;
                p = next_p;
                continue;
            }
        }
        if (!has_star || !taken || *taken == '.')
            return false; /* a double star does not enter hidden folders */
        next_segment(&taken);
        g = after_star;
        p = taken;
    }
}

/* Behind the element at `at`: an escaped character, a class, or one byte. NULL: it is not valid. */
static const char *skip_element(const char *at, const char *end)
{
    if (*at == '\\')
        return at + 1 < end && at[1] != '/' ? at + 2 : NULL;
    return *at == '[' ? class_end(at, end) : at + 1;
}

/* Finds the first brace group of [at, end). False: there is none. Nested groups stay inside. */
static bool brace_find(const char *at, const char *end, struct piece *ret_group)
{
    const char *open = NULL;
    int depth = 0;
    for (; at && at < end; at = skip_element(at, end)) {
        if (*at == '{' && depth++ == 0)
            open = at;
        if (*at == '}' && depth > 0 && --depth == 0) {
            *ret_group = (struct piece){open, at + 1};
            return true;
        }
    }
    return false;
}

/* The end of the alternative that begins at `at` inside a group that ends at `end` (its '}'). */
static const char *alternative_end(const char *at, const char *end)
{
    int depth = 0;
    for (; at < end; at = skip_element(at, end)) {
        if (*at == ',' && depth == 0)
            return at;
        depth += (*at == '{') - (*at == '}');
    }
    return end;
}

struct expansion {
    const char *path; /* NULL: only check the shape of each alternative */
    int left;         /* alternatives that may still be made */
    bool is_matched;
    bool is_bad;
};

/* Every alternative is one name: not absolute, no empty segment, no "." segment. */
static bool has_good_segments(const char *glob)
{
    for (const char *at = glob; at;) {
        struct piece segment = next_segment(&at);
        if (segment.start == segment.end || (segment.end - segment.start == 1 && segment.start[0] == '.'))
            return false;
    }
    return true;
}

/* Replaces the first group by each of its alternatives in turn. The recursion is as deep as there are groups
 * in the glob (GLOB_MAX bounds them), and ends when `left` is used up. */
static void expand(struct expansion *expansion, const char *glob)
{
    struct piece group;
    if (!brace_find(glob, glob + strlen(glob), &group)) {
        if (--expansion->left < 0 || !has_good_segments(glob))
            expansion->is_bad = true;
        else if (expansion->path)
            expansion->is_matched = path_matches(glob, expansion->path);
        return;
    }
    struct text one = {0};
    const char *at = group.start;
    do {
        at++;
        const char *end = alternative_end(at, group.end - 1);
        text_reset(&one);
        text_append_bytes(&one, glob, (size_t)(group.start - glob));
        text_append_bytes(&one, at, (size_t)(end - at));
        text_append(&one, group.end);
        expand(expansion, one.bytes);
        at = end;
    } while (at < group.end - 1 && !expansion->is_bad && !expansion->is_matched);
    text_clear(&one);
}

/* Every class and escape is whole and every brace closed. */
static const char *syntax_fault(const char *glob)
{
    const char *end = glob + strlen(glob);
    int depth = 0;
    for (const char *at = glob; at < end;) {
        depth += *at == '{';
        depth -= *at == '}' && depth > 0;
        const char *next = skip_element(at, end);
        if (!next)
            return *at == '[' ? "a '[' is not closed, or its range is not valid"
                              : "a '\\' stands before nothing";
        at = next;
    }
    return depth ? "a '{' is not closed" : NULL;
}

bool glob_is_valid(const char *glob, struct error *error)
{
    const char *fault = NULL;
    struct expansion expansion = {.left = ALTERNATIVES_MAX};
    if (!*glob)
        fault = "it is empty";
    else if (strlen(glob) > GLOB_MAX)
        fault = "it is longer than 1024 bytes";
    else
        fault = syntax_fault(glob);
    if (!fault) {
        expand(&expansion, glob);
        if (expansion.left < 0)
            fault = "its braces make more than 256 alternatives";
        else if (expansion.is_bad)
            fault = "it must be relative, without './', '//' or a '/' at its end";
    }
    return fault ? error_set(error, ERROR_CONFIG, "glob '%.200s' is not valid: %s", glob, fault) : true;
}

bool glob_matches(const char *glob, const char *path)
{
    if (!*glob || strlen(glob) > GLOB_MAX || syntax_fault(glob))
        return false;
    struct expansion expansion = {.path = path, .left = ALTERNATIVES_MAX};
    expand(&expansion, glob);
    return expansion.is_matched;
}
