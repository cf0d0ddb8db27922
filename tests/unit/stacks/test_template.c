#include "itrun/stacks.h"
#include "template.h"
#include <criterion/criterion.h>
#include <string.h>

static bool is_same(const char *a, const char *b)
{
    char digest_a[HASH_HEX_SIZE], digest_b[HASH_HEX_SIZE];
    template_digest(a, digest_a);
    template_digest(b, digest_b);
    return strcmp(digest_a, digest_b) == 0;
}

Test(template, the_order_of_json_keys_does_not_matter)
{
    cr_assert(is_same("{\"a\": {\"x\": 1, \"y\": [1, {\"p\": 1, \"q\": 2}]}, \"b\": \"s\"}",
                      "{\"b\":\"s\",\n\t\"a\":{\"y\":[1,{\"q\":2,\"p\":1}],\"x\":1}}\n"));
    cr_assert(!is_same("{\"a\": [1, 2]}", "{\"a\": [2, 1]}"));
    cr_assert(!is_same("{\"a\": \"1\"}", "{\"a\": 1}"));
    cr_assert(!is_same("{\"a\": \"x y\"}", "{\"a\": \"x  y\"}"));
}

Test(template, numbers_beyond_a_double_stay_different)
{
    cr_assert(!is_same("{\"a\": 12345678901234567}", "{\"a\": 12345678901234568}"));
}

Test(template, quotes_and_braces_inside_json_strings_are_text)
{
    cr_assert(is_same("{\"b\": \"}\\\"{,\", \"a\": 1}", "{\"a\": 1, \"b\": \"}\\\"{,\"}"));
    cr_assert(!is_same("{\"a\": \"x\\\"},\"}", "{\"a\": \"x\\\"}\"}"));
}

Test(template, yaml_comments_and_trailing_blanks_do_not_matter)
{
    cr_assert(is_same("a: 1\nb:\n  - x\n  - y: z\n",
                      "# top\na: 1   # one\n\nb:  # list\n  - x\t\n  # between\n"
                      "  - y: z # last\n"));
    cr_assert(is_same("a: don't\nb: 1\n", "a: don't # a comment\nb: 1\n"));
    cr_assert(is_same("a: {x: 1, y: \"z\"}\n", "a: {x: 1, y: \"z\"} # flow\n"));
    cr_assert(is_same("a: !Sub 'x'\nb: !Ref c\n", "a: !Sub 'x' # s\nb: !Ref c # r\n"));
    cr_assert(is_same("a: 1\r\nb: 2\r\n", "a: 1\nb: 2\n"));
}

/* Each pair differs only where a careless reader sees a comment or a blank. */
static const struct {
    const char *one, *other;
} different[] = {
    {"a: \"x # y\"\n", "a: \"x # z\"\n"},
    {"a: 'x # y'\n", "a: 'x # z'\n"},
    {"a: 'it''s # y'\n", "a: 'it''s # z'\n"},
    {"a: \"q\\\" # y\"\n", "a: \"q\\\" # z\"\n"},
    {"a: x#y\n", "a: x#z\n"},
    {"a: |\n  x # y\n", "a: |\n  x # z\n"},
    {"a: |\n  #!/bin/sh\n  x\nb: 1\n", "a: |\n  #!/bin/bash\n  x\nb: 1\n"},
    {"a: |\n  x\n\n  # y\n", "a: |\n  x\n\n  # z\n"},
    {"a: >-\n  x # y\n", "a: >-\n  x # z\n"},
    {"a: !Sub |\n  x # y\n", "a: !Sub |\n  x # z\n"},
    {"a: | # why\n  x # y\n", "a: | # why\n  x # z\n"},
    {"- |\n x # y\n", "- |\n x # z\n"},
    {"- a: |\n    x # y\n", "- a: |\n    x # z\n"},
    {"a: |2\n    x\n  # y\n", "a: |2\n    x\n  # z\n"},
    {"a:\n    |\n  # y\n", "a:\n    |\n  # z\n"},
    {"a:\n  !Sub |\n  # y\n", "a:\n  !Sub |\n  # z\n"},
    {"a: \"x\n  # y\"\n", "a: \"x\n  # z\"\n"},
    {"a: 'x\n\n  y'\n", "a: 'x\n  y'\n"},
    {"a: |\n  x\n\n  y\n", "a: |\n  x\n  y\n"},
    {"a: |+\n  x\n\n", "a: |+\n  x\n"},
    {"a: |\n  x\n", "a: |\n  x"},
    {"a: |\n  x \n", "a: |\n  x\n"},
    {"a: foo\n  'bar\nb: 'x # y'\n", "a: foo\n  'bar\nb: 'x # z'\n"},
    {"a: don't\nb: 'x # y'\n", "a: don't\nb: 'x # z'\n"},
    {"a: carts, 'new\nb: 'x # y'\n", "a: carts, 'new\nb: 'x # z'\n"},
    {"a: {b: \"x # y\"}\n", "a: {b: \"x # z\"}\n"},
    {"a: {\"b\":\"x # y\"}\n", "a: {\"b\":\"x # z\"}\n"},
    {"a: [x,\n  \"p # y\"]\n", "a: [x,\n  \"p # z\"]\n"},
    {"a: foo\n  [bar, 'c\nb: 'x # y'\n", "a: foo\n  [bar, 'c\nb: 'x # z'\n"},
    {"a: foo\n\n  bar\n", "a: foo\n  bar\n"},
    {"'k': |\n  x # y\n", "'k': |\n  x # z\n"},
    {"- - |\n    x # y\n", "- - |\n    x # z\n"},
    {"a:\n  b:\n    - |\n      x # y\n", "a:\n  b:\n    - |\n      x # z\n"},
    {"\t'x # y'\n", "\t'x # z'\n"},
    {"--- |\n  x # y\n", "--- |\n  x # z\n"},
    {"a: &n |\n  x # y\n", "a: &n |\n  x # z\n"},
    {"? |\n  x # y\n: 1\n", "? |\n  x # z\n: 1\n"},
};

Test(template, a_hash_inside_a_value_is_not_a_comment)
{
    for (size_t i = 0; i < sizeof different / sizeof *different; i++) {
        cr_expect(!is_same(different[i].one, different[i].other), "[%zu] %s", i, different[i].one);
    }
}

Test(template, what_cannot_be_told_apart_is_hashed_as_it_stands)
{
    struct text text = {0};
    cr_assert(!template_canonical_yaml("a: \"x\" y # z\n", &text));
    cr_assert(!is_same("a: \"x\" y # z\n", "a: \"x\" y\n"));
    text_clear(&text);
}

Test(template, any_bytes_have_a_digest)
{
    static const char *const bodies[] = {"",   "{",  "{\"a\":}", "[",    "\"",           "'",
                                         "|",  "- ", "#",        ":",    "{\"a\": \"\\", "!",
                                         "&x", "\t", "- - -",    "a: [", "{a: 1"};
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        char digest[HASH_HEX_SIZE] = "";
        template_digest(bodies[i], digest);
        cr_expect_eq(strlen(digest), 64, "%s", bodies[i]);
    }
}
