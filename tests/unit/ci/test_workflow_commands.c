#include "itrun/ci.h"
#include <criterion/criterion.h>
#include <string.h>

static struct text text;

static const char *mask(const char *secret)
{
    text_reset(&text);
    ci_append_mask(&text, secret);
    return text_string(&text);
}

static void teardown(void)
{
    text_clear(&text);
}
TestSuite(workflow_commands, .fini = teardown);

Test(workflow_commands, a_secret_is_masked_whole_and_line_by_line)
{
    cr_assert_str_eq(mask("wJalrXUtnFEMI"), "::add-mask::wJalrXUtnFEMI\n");
    cr_assert_str_eq(mask("first line\r\nshort\nthird line"),
                     "::add-mask::first line%0D%0Ashort%0Athird line\n"
                     "::add-mask::first line\n::add-mask::third line\n");
}

Test(workflow_commands, what_would_blank_the_log_is_never_masked)
{
    cr_assert_str_eq(mask(""), "");
    cr_assert_str_eq(mask("12345"), "");
    cr_assert_str_eq(mask("111122223333"), "");
    cr_assert_str_eq(mask("\n\n\n\n\n\n111122223333\n"), "::add-mask::%0A%0A%0A%0A%0A%0A111122223333%0A\n");
    cr_assert_str_eq(mask("123456"), "::add-mask::123456\n");
}

Test(workflow_commands, data_and_properties_cannot_leave_their_place)
{
    text_reset(&text);
    ci_append_data(&text, "50%\r\n::error::x, y: z");
    cr_assert_str_eq(text_string(&text), "50%25%0D%0A::error::x, y: z");
    text_reset(&text);
    ci_append_property(&text, "a,b:c%\n");
    cr_assert_str_eq(text_string(&text), "a%2Cb%3Ac%25%0A");
}
