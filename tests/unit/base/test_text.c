#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>
#include "itrun/base/memory.h"
#include "itrun/base/text.h"

Test(text, an_empty_one_reads_as_an_empty_string)
{
    struct text text = {0};
    cr_assert_str_empty(text_string(&text));
    text_reset(&text);
    text_truncate(&text, 0);
    char *taken = text_take(&text);
    cr_assert_str_empty(taken);
    memory_free(taken);
    text_clear(&text);
}

Test(text, grows_and_stays_terminated)
{
    struct text text = {0};
    for (int i = 0; i < 1000; i++) {
        text_append(&text, "ab");
        text_append_char(&text, 'c');
        cr_assert_eq(strlen(text.bytes), text.length);
    }
    cr_assert_eq(text.length, 3000);
    text_truncate(&text, 4);
    cr_assert_str_eq(text_string(&text), "abca");
    text_clear(&text);
    cr_assert_null(text.bytes);
}

Test(text, holds_any_bytes)
{
    struct text text = {0};
    text_append_bytes(&text, "a\0b", 3);
    text_append_bytes(&text, NULL, 0);
    cr_assert_eq(text.length, 3);
    cr_assert_eq(memcmp(text.bytes, "a\0b", 4), 0);
    text_clear(&text);
}

Test(text, formats_short_and_long)
{
    struct text text = {0};
    text_append_format(&text, "%d|", 42);
    text_append_format(&text, "%0200d|", 7);
    text_append_format(&text, "%s", "end");
    cr_assert_eq(text.length, 3 + 201 + 3);
    cr_assert(string_starts_with(text.bytes, "42|000"));
    cr_assert(string_ends_with(text.bytes, "07|end"));
    text_clear(&text);
}

Test(text, format_that_fits_exactly_is_not_cut)
{
    for (int length = 60; length < 68; length++) {
        struct text text = {0};
        text_append_format(&text, "%*s", length, "z");
        cr_assert_eq(text.length, (size_t)length);
        cr_assert_eq(text.bytes[length - 1], 'z');
        text_clear(&text);
    }
}

Test(text, take_hands_over_the_bytes)
{
    struct text text = {0};
    text_append(&text, "mine");
    char *taken = text_take(&text);
    cr_assert_str_eq(taken, "mine");
    cr_assert_null(text.bytes);
    cr_assert_eq(text.length, 0);
    memory_free(taken);
}

Test(text, truncating_cannot_lengthen, .signal = SIGABRT)
{
    struct text text = {0};
    text_truncate(&text, 1);
}

Test(string, starts_ends_and_equals)
{
    cr_assert(string_starts_with("abc", "ab"));
    cr_assert(string_starts_with("abc", ""));
    cr_assert_not(string_starts_with("ab", "abc"));
    cr_assert(string_ends_with("abc", "bc"));
    cr_assert(string_ends_with("abc", ""));
    cr_assert_not(string_ends_with("bc", "abc"));
    cr_assert(string_equal("a", "a"));
    cr_assert(string_equal(NULL, NULL));
    cr_assert_not(string_equal("", NULL));
    cr_assert_not(string_equal(NULL, ""));
    cr_assert_not(string_equal("a", "b"));
}

static void assert_shell_word(const char *word, const char *wanted)
{
    struct text text = {0};
    text_append_shell_word(&text, word);
    cr_assert_str_eq(text_string(&text), wanted);
    text_clear(&text);
}

Test(shell_word, safe_words_stay_as_they_are)
{
    assert_shell_word("tests/api/test_x.py::A", "tests/api/test_x.py::A");
    assert_shell_word("--seed=42", "--seed=42");
}

Test(shell_word, everything_else_is_quoted)
{
    assert_shell_word("", "''");
    assert_shell_word("it's", "'it'\\''s'");
    assert_shell_word("a b", "'a b'");
    assert_shell_word("test[x-$HOME]", "'test[x-$HOME]'");
    assert_shell_word("~", "'~'");
    assert_shell_word("=ls", "'=ls'");
    assert_shell_word("a\nb", "'a\nb'");
    assert_shell_word("\xC3\xA9", "'\xC3\xA9'");
}

Test(nearest, finds_a_slip_of_the_finger)
{
    const char *names[] = {"run", "plan", "explain", "deploy", "report"};
    cr_assert_str_eq(nearest_name("exlpain", names, 5), "explain");
    cr_assert_str_eq(nearest_name("depoly", names, 5), "deploy");
    cr_assert_str_eq(nearest_name("plans", names, 5), "plan");
    cr_assert_str_eq(nearest_name("run", names, 5), "run");
}

Test(nearest, takes_the_closest_and_of_equals_the_first)
{
    const char *names[] = {"orders", "order", "orderz"};
    cr_assert_str_eq(nearest_name("order", names, 3), "order");
    cr_assert_str_eq(nearest_name("orderx", names, 3), "orders");
}

Test(nearest, stays_silent_when_nothing_is_near)
{
    const char *names[] = {"billing", "data"};
    cr_assert_null(nearest_name("orders", names, 2));
    cr_assert_null(nearest_name("x", NULL, 0));
    const char *four[] = {"abcxyz"}; /* distance 3 = 6/3 + 1: the last that is allowed */
    cr_assert_str_eq(nearest_name("abcdef", four, 1), "abcxyz");
    const char *five[] = {"abvxyz"};
    cr_assert_null(nearest_name("abcdef", five, 1));
    const char *longer[] = {"abcdefghij"};
    cr_assert_null(nearest_name("abcdef", longer, 1));
}

Test(text, percent_escapes_become_their_bytes_and_others_stay)
{
    static const struct {
        const char *from, *to;
    } table[] = {{"a%20b", "a b"},   {"%C3%a4", "ä"}, {"100%", "100%"}, {"%2", "%2"},
                 {"%zz%41", "%zzA"}, {"", ""},        {"a+b", "a+b"}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char string[20];
        strcpy(string, table[i].from);
        string_decode_percent(string);
        cr_assert_str_eq(string, table[i].to);
    }
}
