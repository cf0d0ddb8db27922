#include <criterion/criterion.h>
#include <string.h>
#include "itrun/base/text.h"
#include "utf8.h"

static void assert_printable_bytes(const char *bytes, size_t length, const char *wanted)
{
    struct text text = {0};
    text_append_printable(&text, bytes, length);
    cr_assert_str_eq(text_string(&text), wanted);
    text_clear(&text);
}

static void assert_printable(const char *bytes, const char *wanted)
{
    assert_printable_bytes(bytes, strlen(bytes), wanted);
}

#define R UTF8_REPLACEMENT

Test(printable, good_text_stays_as_it_is)
{
    assert_printable("plain\ttext\nline", "plain\ttext\nline");
    assert_printable("\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80", "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80");
    assert_printable("", "");
}

Test(printable, control_characters_are_dropped)
{
    assert_printable_bytes("a\0b\x01\x08\x0B\x0C\x1F\x7Fz", 10, "abz");
    assert_printable("a\rb\r\nc", "ab\nc");
    assert_printable("\xC2\x80\xC2\x84|\xC2\x85|\xC2\x86\xC2\x8F\xC2\x91", "|\xC2\x85|");
    assert_printable("\xC2\xA0", "\xC2\xA0");
}

Test(printable, noncharacters_are_dropped_and_their_neighbours_kept)
{
    assert_printable("\xEF\xB7\x8F|\xEF\xB7\x90\xEF\xB7\xAF|\xEF\xB7\xB0", "\xEF\xB7\x8F||\xEF\xB7\xB0");
    assert_printable("\xEF\xBF\xBD|\xEF\xBF\xBE\xEF\xBF\xBF", "\xEF\xBF\xBD|");
    assert_printable("\xF0\x9F\xBF\xBD|\xF0\x9F\xBF\xBE\xF0\x9F\xBF\xBF|", "\xF0\x9F\xBF\xBD||");
    assert_printable("\xF4\x8F\xBF\xBD|\xF4\x8F\xBF\xBE\xF4\x8F\xBF\xBF|", "\xF4\x8F\xBF\xBD||");
    assert_printable("\xED\x9F\xBF\xEE\x80\x80", "\xED\x9F\xBF\xEE\x80\x80");
}

Test(printable, invalid_utf8_becomes_replacement_characters)
{
    assert_printable("\x80", R);
    assert_printable("\xFF\xFE", R R);
    assert_printable("\xC0\xAF", R R);             /* overlong */
    assert_printable("\xE0\x80\xAF", R R R);       /* overlong */
    assert_printable("\xED\xA0\x80", R R R);       /* a surrogate */
    assert_printable("\xF4\x90\x80\x80", R R R R); /* beyond U+10FFFF */
    assert_printable("\xF5\x80", R R);
}

Test(printable, a_broken_character_becomes_one_replacement_and_eats_nothing)
{
    assert_printable("\xE2\x82", R);
    assert_printable("\xE2\x82z", R "z");
    assert_printable("\xF0\x9F\x98", R);
    assert_printable("\xF0\x9F\x98\xE2\x82\xAC", R "\xE2\x82\xAC");
    assert_printable("\xC3\n", R "\n");
    assert_printable("\x61\xF1\x80\x80\xE1\x80\xC2\x62\x80\x63",
                     "a" R R R "b" R "c"); /* Unicode, table 3-8 */
}

Test(printable, csi_sequences_are_stripped_whole)
{
    assert_printable("\033[31mred\033[0m", "red");
    assert_printable("\033[38;2;1;2;3mx\033[?25l\033[2K\033[1;1H", "x");
    assert_printable("\033[38:5:1mx\033[0 qy\033[!p", "xy");
    assert_printable("\xC2\x9B"
                     "31mred",
                     "red");
    assert_printable("\033[", "");
    assert_printable("\033[31", "");
    assert_printable("\033[31\nnext", "\nnext");
    assert_printable("\033[3\033[31mx", "x");
}

Test(printable, osc_and_other_strings_are_stripped_up_to_their_end)
{
    assert_printable("\033]0;title\atext", "text");
    assert_printable("\033]8;;http://x\033\\link\033]8;;\033\\", "link");
    assert_printable("\033]52;c;QUJD\xC2\x9Cx", "x");
    assert_printable("\xC2\x9D"
                     "0;t\ax",
                     "x");
    assert_printable("\033Pq#0\033\\x\033_apc\033\\y\033^pm\033\\z\033Xsos\033\\", "xyz");
}

Test(printable, an_unended_string_stops_at_the_end_of_its_line)
{
    assert_printable("\033]0;never ended\nnext line", "\nnext line");
    assert_printable("\033]0;never ended", "");
    assert_printable("\033]0;t\033[1mbold", "bold");
}

Test(printable, two_byte_escapes_are_stripped)
{
    assert_printable("\0337x\0338\033(By\033cz\033=", "xyz");
    assert_printable("\033", "");
    assert_printable("\033\033[1mx", "x");
    assert_printable("\033\nx", "\nx");
    assert_printable("\033\xC3\xA9", "\xC3\xA9");
}

Test(printable, bytes_are_not_read_beyond_their_length)
{
    assert_printable_bytes("\033[31mx", 3, "");
    assert_printable_bytes("\xE2\x82\xAC", 2, R);
    assert_printable_bytes("\033]\033\\", 3, "");
    assert_printable_bytes("\033]0\xC2\x9C", 4, "");
}

Test(utf8, every_character_round_trips_and_no_surrogate_does)
{
    for (uint32_t code = 0x80; code <= 0x10FFFF; code += code < 0x3000 ? 1 : 97) {
        char bytes[4];
        size_t length = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
        for (size_t i = length; i-- > 1;)
            bytes[i] = (char)(0x80 | (code >> (6 * (length - 1 - i)) & 0x3F));
        bytes[0] = (char)((0xF00 >> length & 0xFF) | code >> (6 * (length - 1)));
        uint32_t decoded = 0;
        size_t used = utf8_decode(bytes, length, &decoded);
        bool is_surrogate = code >= 0xD800 && code <= 0xDFFF;
        cr_assert_eq(decoded, is_surrogate ? UTF8_INVALID : code, "U+%X", code);
        cr_assert_eq(used, is_surrogate ? 1 : length, "U+%X", code);
    }
}

Test(utf8, a_cut_never_falls_inside_a_character)
{
    cr_assert_eq(utf8_cut("a\xE2\x82\xAC"
                          "b",
                          3),
                 1);
    cr_assert_eq(utf8_cut("a\xE2\x82\xAC"
                          "b",
                          2),
                 1);
    cr_assert_eq(utf8_cut("a\xE2\x82\xAC"
                          "b",
                          4),
                 4);
    cr_assert_eq(utf8_cut("abcdef", 3), 3);
    cr_assert_eq(utf8_cut("\x80\x80\x80\x80\x80\x80", 5), 5);
}
