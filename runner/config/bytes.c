/* bytes.c - refusing what is no text before a YAML parser sees it. */
#include "bytes.h"
#include "tree.h"
#include <string.h>

/* Bytes of the UTF-8 character at `at`; 0 when there is none. Overlong forms and surrogates are none. */
static size_t character_length(const unsigned char *at, size_t left)
{
    static const struct {
        unsigned char low, high, second_low, second_high;
        size_t length;
    } forms[] = {
        {0x00, 0x7F, 0, 0, 1},       {0xC2, 0xDF, 0x80, 0xBF, 2}, {0xE0, 0xE0, 0xA0, 0xBF, 3},
        {0xE1, 0xEC, 0x80, 0xBF, 3}, {0xED, 0xED, 0x80, 0x9F, 3}, {0xEE, 0xEF, 0x80, 0xBF, 3},
        {0xF0, 0xF0, 0x90, 0xBF, 4}, {0xF1, 0xF3, 0x80, 0xBF, 4}, {0xF4, 0xF4, 0x80, 0x8F, 4},
    };
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        if (at[0] < forms[i].low || at[0] > forms[i].high)
            continue;
        if (forms[i].length > left)
            return 0;
        if (forms[i].length > 1 && (at[1] < forms[i].second_low || at[1] > forms[i].second_high))
            return 0;
        for (size_t k = 2; k < forms[i].length; k++) {
            if ((at[k] & 0xC0) != 0x80)
                return 0;
        }
        return forms[i].length;
    }
    return 0;
}

static bool is_control(unsigned char c)
{
    return (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7F;
}

bool bytes_are_readable(struct problems *problems)
{
    struct config_mark mark = {1, 1};
    if (problems->length > TREE_BYTES_LIMIT) {
        problem_add(problems, mark, "the file is larger than 1 MiB",
                    "is this the right file? split a configuration of that size by project");
        return false;
    }
    const unsigned char *at = (const unsigned char *)problems->source;
    size_t left = problems->length;
    if (left >= 3 && memcmp(at, "\xEF\xBB\xBF", 3) == 0) { /* a byte order mark has no column */
        at += 3;
        left -= 3;
    }
    while (left > 0) {
        size_t length = character_length(at, left);
        if (length == 0) {
            problem_add(problems, mark, "the file is not UTF-8 text from here on", "save it as UTF-8");
            return false;
        }
        if (is_control(at[0])) {
            problem_add(problems, mark,
                        arena_format(problems->arena, "the file holds a control character (%d) here", at[0]),
                        "remove it; itrun.yaml is plain text");
            return false;
        }
        mark.column++;
        if (at[0] == '\n')
            mark = (struct config_mark){.line = mark.line + 1, .column = 1};
        at += length;
        left -= length;
    }
    return true;
}
