#include "output/tail.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static const char *show(const struct tail *tail, struct text *text)
{
    text_reset(text);
    tail_show(tail, text);
    return text_string(text);
}

Test(tail, short_output_is_kept_whole_and_printable)
{
    struct tail tail = {0};
    struct text text = {0};
    tail_feed(&tail, "one\n\x1b[31mtw", 11);
    tail_feed(&tail, "o\x1b[0m\n", 6);
    cr_assert_str_eq(show(&tail, &text), "one\ntwo\n");
    text_clear(&text);
    tail_clear(&tail);
}

Test(tail, keeps_the_last_thirty_lines)
{
    struct tail tail = {0};
    struct text text = {0}, expected = {0};
    for (int i = 1; i <= 100; i++) {
        char line[16];
        int length = snprintf(line, sizeof line, "line %d\n", i);
        tail_feed(&tail, line, (size_t)length);
        if (i > 70) {
            text_append(&expected, line);
        }
    }
    cr_assert_str_eq(show(&tail, &text), text_string(&expected));
    text_clear(&text);
    text_clear(&expected);
    tail_clear(&tail);
}

Test(tail, long_output_keeps_whole_lines_within_the_limit)
{
    struct tail tail = {0};
    struct text text = {0};
    char line[501];
    memset(line, 'x', sizeof line);
    line[499] = '\n';
    for (int i = 0; i < 1000; i++) {
        line[0] = (char)('a' + i % 26);
        tail_feed(&tail, line, 500);
    }
    const char *shown = show(&tail, &text);
    cr_assert_eq(text.length, 8 * 500, "%zu bytes", text.length);
    cr_assert_eq(shown[7 * 500], 'a' + 999 % 26, "the last line is not the last");
    cr_assert_leq(tail.last.length, 2 * TAIL_LIMIT_BYTES);
    text_clear(&text);
    tail_clear(&tail);
}

Test(tail, one_endless_line_shows_its_end)
{
    struct tail tail = {0};
    struct text text = {0};
    static char endless[100000];
    memset(endless, '.', sizeof endless);
    endless[sizeof endless - 1] = '!';
    tail_feed(&tail, endless, sizeof endless);
    const char *shown = show(&tail, &text);
    cr_assert_eq(text.length, TAIL_LIMIT_BYTES);
    cr_assert_eq(shown[TAIL_LIMIT_BYTES - 1], '!');
    text_clear(&text);
    tail_clear(&tail);
}
