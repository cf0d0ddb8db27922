#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <signal.h>
#include <string.h>
#include "itrun/base/json.h"

static struct text text;
static struct json_writer writer;

static void start(int indent)
{
    text = (struct text){0};
    json_write_begin(&writer, &text, indent);
}

static void assert_written(const char *wanted)
{
    cr_assert_str_eq(text_string(&text), wanted);
    text_clear(&text);
}

Test(json_writer, one_line_has_no_blanks)
{
    start(0);
    json_write_object(&writer, NULL);
    json_write_string(&writer, "s", "x");
    json_write_string(&writer, "none", NULL);
    json_write_array(&writer, "list");
    json_write_int(&writer, NULL, INT64_MIN);
    json_write_bool(&writer, NULL, true);
    json_write_bool(&writer, NULL, false);
    json_write_object(&writer, NULL);
    json_write_end(&writer, '}');
    json_write_end(&writer, ']');
    json_write_null(&writer, "n");
    json_write_end(&writer, '}');
    assert_written("{\"s\":\"x\",\"none\":null,\"list\":[-9223372036854775808,true,false,{}],\"n\":null}");
}

Test(json_writer, indented_has_a_line_a_value)
{
    start(2);
    json_write_object(&writer, NULL);
    json_write_int(&writer, "a", 1);
    json_write_array(&writer, "b");
    json_write_int(&writer, NULL, 2);
    json_write_int(&writer, NULL, 3);
    json_write_end(&writer, ']');
    json_write_array(&writer, "empty");
    json_write_end(&writer, ']');
    json_write_end(&writer, '}');
    assert_written("{\n  \"a\": 1,\n  \"b\": [\n    2,\n    3\n  ],\n  \"empty\": []\n}");
}

Test(json_writer, a_root_may_be_plain)
{
    start(2);
    json_write_string(&writer, NULL, "x");
    assert_written("\"x\"");
}

Test(json_writer, strings_and_keys_are_escaped)
{
    start(0);
    json_write_object(&writer, NULL);
    json_write_bytes(&writer, "k\"\n", "\"\\/\b\f\n\r\t\x01\x1F\x7F\0z", 13);
    json_write_end(&writer, '}');
    assert_written("{\"k\\\"\\n\":\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7F\\u0000z\"}");
}

Test(json_writer, invalid_utf8_becomes_the_replacement_character)
{
    start(0);
    json_write_string(&writer, NULL, "\xC3\xA9\xF0\x9F\x98\x80 \xFF \xE2\x82 \xED\xA0\x80");
    assert_written(
        "\"\xC3\xA9\xF0\x9F\x98\x80 \xEF\xBF\xBD \xEF\xBF\xBD \xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");
}

Test(json_writer, doubles_are_short_and_exact)
{
    start(0);
    json_write_array(&writer, NULL);
    double numbers[] = {0, -0.5, 0.1, 1e21, 1.0 / 3, 2251799813685249.5, 12};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        json_write_double(&writer, NULL, numbers[i]);
    json_write_end(&writer, ']');
    assert_written("[0,-0.5,0.1,1e+21,0.3333333333333333,2251799813685249.5,12]");
}

Test(json_writer, what_is_no_number_is_null)
{
    start(0);
    json_write_array(&writer, NULL);
    json_write_double(&writer, NULL, NAN);
    json_write_double(&writer, NULL, -INFINITY);
    json_write_end(&writer, ']');
    assert_written("[null,null]");
}

Test(json_writer, the_widest_double_reads_back_the_same)
{
    double numbers[] = {DBL_MAX, DBL_MIN, -DBL_MAX, 5e-324, 0.1 + 0.2};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        start(0);
        json_write_double(&writer, NULL, numbers[i]);
        struct json *root = json_parse(text.bytes, text.length, NULL);
        cr_assert_eq(json_number(root, 0), numbers[i]);
        json_free(root);
        text_clear(&text);
    }
}

Test(json_writer, what_it_wrote_reads_back_the_same)
{
    const char *nasty = "a\"b\\c\n\t\x02 \xE2\x82\xAC \xF0\x9F\x98\x80 </script>";
    start(3);
    json_write_object(&writer, NULL);
    json_write_string(&writer, nasty, nasty);
    json_write_end(&writer, '}');
    struct json *root = json_parse(text.bytes, text.length, NULL);
    cr_assert_str_eq(json_get_string(root, nasty, ""), nasty);
    json_free(root);
    text_clear(&text);
}

Test(json_writer, a_key_in_an_array_aborts, .signal = SIGABRT)
{
    start(0);
    json_write_array(&writer, NULL);
    json_write_int(&writer, "key", 1);
}

Test(json_writer, a_missing_key_aborts, .signal = SIGABRT)
{
    start(0);
    json_write_object(&writer, NULL);
    json_write_int(&writer, NULL, 1);
}

Test(json_writer, the_wrong_end_aborts, .signal = SIGABRT)
{
    start(0);
    json_write_object(&writer, NULL);
    json_write_end(&writer, ']');
}

Test(json_writer, one_end_too_many_aborts, .signal = SIGABRT)
{
    start(0);
    json_write_end(&writer, '}');
}

Test(json_writer, a_second_root_aborts, .signal = SIGABRT)
{
    start(0);
    json_write_int(&writer, NULL, 1);
    json_write_int(&writer, NULL, 2);
}

Test(json_writer, depth_is_bounded, .signal = SIGABRT)
{
    start(0);
    for (int i = 0; i < 64; i++)
        json_write_array(&writer, NULL);
}
