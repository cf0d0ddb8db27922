#include <criterion/criterion.h>
#include <string.h>
#include "itrun/base/json.h"

static struct json *parsed(const char *bytes)
{
    struct error error = {0};
    struct json *root = json_parse(bytes, strlen(bytes), &error);
    cr_assert_not_null(root, "%s at %s", error.what, error.where);
    return root;
}

Test(json, values_are_found_by_key)
{
    struct json *root = parsed("{\"s\":\"text\",\"i\":42,\"d\":1.5,\"b\":true,\"n\":null,\"f\":false}");
    cr_assert_str_eq(json_get_string(root, "s", "?"), "text");
    cr_assert_eq(json_get_int(root, "i", -1), 42);
    cr_assert_eq(json_get_double(root, "d", -1), 1.5);
    cr_assert(json_get_bool(root, "b", false));
    cr_assert_not(json_get_bool(root, "f", true));
    cr_assert_not_null(json_get(root, "n"));
    cr_assert(json_is_object(root));
    cr_assert(json_is_number(json_get(root, "i")));
    cr_assert(json_is_bool(json_get(root, "f")));
    cr_assert(json_is_string(json_get(root, "s")));
    json_free(root);
    json_free(NULL);
}

Test(json, what_is_missing_or_of_another_type_gives_the_fallback)
{
    struct json *root = parsed("{\"s\":\"7\",\"i\":42,\"n\":null,\"a\":[1]}");
    cr_assert_str_eq(json_get_string(root, "i", "?"), "?");
    cr_assert_null(json_get_string(root, "none", NULL));
    cr_assert_eq(json_get_int(root, "s", -1), -1);
    cr_assert_eq(json_get_int(root, "n", -1), -1);
    cr_assert(json_get_bool(root, "i", true));
    cr_assert_null(json_get(json_get(root, "a"), "x"));
    cr_assert_null(json_get(NULL, "x"));
    cr_assert_eq(json_get_int(NULL, "x", 5), 5);
    cr_assert_eq(json_number(NULL, 2.5), 2.5);
    cr_assert_str_eq(json_string(NULL, "f"), "f");
    cr_assert_null(json_first(NULL));
    cr_assert_null(json_first(json_get(root, "s")));
    json_free(root);
}

Test(json, keys_are_case_sensitive_and_the_first_of_two_wins)
{
    struct json *root = parsed("{\"A\":1,\"b\":2,\"b\":3}");
    cr_assert_null(json_get(root, "a"));
    cr_assert_eq(json_get_int(root, "A", 0), 1);
    cr_assert_eq(json_get_int(root, "b", 0), 2);
    json_free(root);
}

Test(json, integers_are_not_saturated_at_31_bits)
{
    struct json *root = parsed(
        "{\"us\":1795531465123999,\"neg\":-1795531465123999,\"big\":1e30,\"inf\":1e400,\"half\":-2.9}");
    cr_assert_eq(json_get_int(root, "us", 0), INT64_C(1795531465123999));
    cr_assert_eq(json_get_int(root, "neg", 0), INT64_C(-1795531465123999));
    cr_assert_eq(json_get_int(root, "big", -1), -1);
    cr_assert_eq(json_get_int(root, "inf", -1), -1);
    cr_assert_eq(json_get_int(root, "half", 0), -2);
    json_free(root);
}

Test(json, children_are_visited_in_order)
{
    struct json *root = parsed("{\"list\":[10,20,30],\"empty\":[],\"o\":{\"x\":1,\"y\":2}}");
    const struct json *list = json_get(root, "list");
    cr_assert(json_is_array(list));
    cr_assert_eq(json_count(list), 3);
    cr_assert_eq(json_count(json_get(root, "empty")), 0);
    double wanted = 10;
    for (const struct json *child = json_first(list); child; child = json_next(child), wanted += 10) {
        cr_assert_eq(json_number(child, 0), wanted);
        cr_assert_null(json_key(child));
    }
    cr_assert_eq(wanted, 40);
    const struct json *x = json_first(json_get(root, "o"));
    cr_assert_str_eq(json_key(x), "x");
    cr_assert_str_eq(json_key(json_next(x)), "y");
    cr_assert_null(json_next(json_next(x)));
    json_free(root);
}

Test(json, blanks_around_the_value_are_fine)
{
    json_free(parsed(" \t\r\n{} \n"));
    json_free(parsed("\n7\n"));
    struct json *root = parsed("\"\\u00e9\\ud83d\\ude00\"");
    cr_assert_str_eq(json_string(root, ""), "\xC3\xA9\xF0\x9F\x98\x80");
    json_free(root);
}

static void assert_refused(const char *bytes, size_t length, const char *where)
{
    struct error error = {0};
    struct json *root = json_parse(bytes, length, &error);
    cr_assert_null(root, "%.*s", (int)length, bytes);
    cr_assert_eq(error.kind, ERROR_INVALID);
    cr_assert_str_eq(error.where, where, "%.*s: %s", (int)length, bytes, error.where);
    cr_assert_str_not_empty(error.what);
}

Test(json, the_whole_input_must_be_one_value)
{
    assert_refused("{} x", 4, "1:4");
    assert_refused("{}\n{}", 5, "2:1");
    assert_refused("1 2", 3, "1:3");
    assert_refused("{}\0", 3, "1:3");
}

Test(json, what_is_broken_is_refused_with_its_place)
{
    assert_refused("", 0, "1:1");
    assert_refused(" \n ", 3, "2:2");
    assert_refused("nul", 3, "1:1");
    struct error error = {0};
    const char *broken[] = {"{", "[1,", "{\"a\"}", "\"open", "{\"a\":}", "[1 2]", "{a:1}", "\"\\x\"", "'a'"};
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++)
        cr_assert_null(json_parse(broken[i], strlen(broken[i]), &error), "%s", broken[i]);
    cr_assert_null(json_parse("{", 1, NULL));
}

Test(json, input_is_not_read_beyond_its_length)
{
    char *exact = malloc(3);
    memcpy(exact, "[1]", 3);
    struct json *root = json_parse(exact, 3, NULL);
    cr_assert_not_null(root);
    json_free(root);
    cr_assert_null(json_parse(exact, 2, NULL));
    free(exact);
}

Test(json, bottomless_nesting_is_refused)
{
    static char deep[100000];
    memset(deep, '[', sizeof deep);
    cr_assert_null(json_parse(deep, sizeof deep, NULL));
}
