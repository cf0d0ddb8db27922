#include "../../../reporters/line.h"
#include <criterion/criterion.h>

static struct text text;

static void teardown(void)
{
    text_clear(&text);
}
TestSuite(line, .fini = teardown);

Test(line, one_line_stays_one_line)
{
    line_append(&text, "  a\n\tb\r\n c\x1b[2J\x07 ", 100);
    cr_assert_str_eq(text_string(&text), "a b c");
}

Test(line, the_limit_never_splits_a_character)
{
    line_append(&text, "äää", 3);
    cr_assert_str_eq(text_string(&text), "ä…");
}

Test(line, commands_for_ci_services_are_broken)
{
    line_append(&text, "x ##[error]boom ##vso[task] # ## fine", 100);
    cr_assert_str_eq(text_string(&text), "x #\xE2\x80\x8D#[error]boom #\xE2\x80\x8D#vso[task] # ## fine");
}

Test(line, writing_is_not_turned_round)
{
    line_append(&text,
                "a\xE2\x80\xAE"
                "b\xE2\x81\xA6"
                "c",
                100);
    cr_assert_str_eq(text_string(&text), "abc");
}

Test(line, a_command_keeps_its_blanks)
{
    line_append_exact(&text, "itrun run 'a  b' \x1b[31m--seed 1");
    cr_assert_str_eq(text_string(&text), "itrun run 'a  b' --seed 1");
}

Test(line, the_first_line_is_the_first_with_something_in_it)
{
    line_append_first(&text, "\n\n  boom\nrest", 100);
    cr_assert_str_eq(text_string(&text), "boom");
}

Test(line, the_last_lines_keep_their_indentation)
{
    line_append_last(&text, "one\ntwo\n   three\n\n", 2, "| ");
    cr_assert_str_eq(text_string(&text), "| two\n|    three\n");
}

Test(line, fewer_lines_than_wanted_are_all_of_them)
{
    line_append_last(&text, "one\ntwo", 5, "| ");
    cr_assert_str_eq(text_string(&text), "| one\n| two\n");
}

Test(line, clipping_counts_columns_not_bytes)
{
    line_append_clipped(&text, "äöü", 3);
    cr_assert_str_eq(text_string(&text), "äöü");
    text_reset(&text);
    line_append_clipped(&text, "äöüx", 3);
    cr_assert_str_eq(text_string(&text), "äö…");
    text_reset(&text);
    line_append_clipped(&text, "日本語", 5);
    cr_assert_str_eq(text_string(&text), "日本…");
}

Test(line, colours_take_no_room_and_are_closed)
{
    line_append_clipped(&text, "\033[31mabcdef\033[0m", 3);
    cr_assert_str_eq(text_string(&text), "\033[31mab…\033[0m");
}

Test(line, a_line_that_begins_like_a_workflow_command_is_broken)
{
    line_append(&text, " \t::add-mask::main", 100);
    cr_assert_str_eq(text_string(&text), ":\xE2\x80\x8D:add-mask::main");
    text_reset(&text);
    line_append(&text, "std::vector::at", 100);
    cr_assert_str_eq(text_string(&text), "std::vector::at");
}

Test(line, even_what_is_to_be_pasted_holds_no_command)
{
    line_append_exact(&text, "itrun run 'a/##[add-mask]main'");
    cr_assert_str_eq(text_string(&text), "itrun run 'a/#\xE2\x80\x8D#[add-mask]main'");
}
