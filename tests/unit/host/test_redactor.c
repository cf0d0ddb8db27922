#include "itrun/host/output.h"
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

/* The whole input, fed in pieces of `step` bytes. */
static char *redact(const struct redactor *redactor, const char *input, size_t step)
{
    struct redaction *redaction = redaction_new(redactor);
    struct text text = {0};
    size_t length = strlen(input);
    for (size_t at = 0; at < length; at += step) {
        size_t count = length - at < step ? length - at : step;
        redaction_feed(redaction, input + at, count, false, &text);
    }
    redaction_feed(redaction, "", 0, true, &text);
    redaction_free(redaction);
    char *copy = strdup(text_string(&text));
    text_clear(&text);
    return copy;
}

static void expect_at_every_step(const struct redactor *redactor, const char *input, const char *expected)
{
    for (size_t step = 1; step <= strlen(input); step++) {
        char *got = redact(redactor, input, step);
        cr_assert_str_eq(got, expected, "in steps of %zu: %s", step, got);
        free(got);
    }
}

static struct redactor *redactor_of(const char *a, const char *b)
{
    struct redactor *redactor = redactor_new();
    redactor_add(redactor, a);
    redactor_add(redactor, b);
    return redactor;
}

Test(redactor, finds_a_secret_whatever_the_chunks)
{
    struct redactor *redactor = redactor_of("hunter2hunter", "correct horse");
    expect_at_every_step(redactor, "a hunter2hunter b correct horse, hunter2",
                         "a [redacted] b [redacted], hunter2");
    redactor_free(redactor);
}

Test(redactor, nearly_a_secret_is_let_go_whole)
{
    struct redactor *redactor = redactor_of("abababac", "zzzzzzzz");
    expect_at_every_step(redactor, "ababababac abababab", "ab[redacted] abababab");
    redactor_free(redactor);
}

Test(redactor, overlapping_secrets_leave_no_part_behind)
{
    struct redactor *redactor = redactor_of("abcdefgh", "efghijkl");
    expect_at_every_step(redactor, "<abcdefghijkl>", "<[redacted]>");
    redactor_free(redactor);
    redactor = redactor_of("secret-secret", "secret-s");
    expect_at_every_step(redactor, "1secret-secret2secret-s3", "1[redacted]2[redacted]3");
    redactor_free(redactor);
    redactor = redactor_of("aaaaaaaa", "aaaaaaaaaa");
    expect_at_every_step(redactor, "baaaaaaaaaaaaaaaaaaab", "b[redacted]b");
    redactor_free(redactor);
}

Test(redactor, other_clothes_of_a_secret_are_known)
{
    struct redactor *redactor = redactor_of("ab/cd+ef=gh", "other-secret");
    const char *forms[] = {
        "ab/cd+ef=gh",   "ab%2Fcd%2Bef%3Dgh", "ab%2fcd%2bef%3dgh",       "ab/cd%2Bef%3Dgh",
        "ab\\/cd+ef=gh", "ab/cd+ef\\u003dgh", "ab/cd\\u002bef\\u003dgh", "ab/cd+ef\\u003Dgh"};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        expect_at_every_step(redactor, forms[i], "[redacted]");
    }
    redactor_free(redactor);
}

Test(redactor, short_words_and_nothing_are_no_secrets)
{
    struct redactor *redactor = redactor_of("short", "");
    redactor_add(redactor, NULL);
    expect_at_every_step(redactor, "a short word", "a short word");
    redactor_free(redactor);
}

Test(redactor, what_cannot_become_a_secret_is_let_go_at_once)
{
    struct redactor *redactor = redactor_of("secret-token", "other-secret");
    struct redaction *redaction = redaction_new(redactor);
    struct text text = {0};
    redaction_feed(redaction, "a long line\nsec", 15, false, &text);
    cr_assert_str_eq(text_string(&text), "a long line\n");
    redaction_feed(redaction, "ond", 3, false, &text);
    cr_assert_str_eq(text_string(&text), "a long line\nsecond");
    redaction_free(redaction);
    text_clear(&text);
    redactor_free(redactor);
}

Test(redactor, secrets_added_while_a_stream_runs_count_from_then_on)
{
    struct redactor *redactor = redactor_of("first-secret", "second-secret");
    struct redaction *redaction = redaction_new(redactor);
    struct text text = {0};
    redaction_feed(redaction, "renewed-key ", 12, false, &text);
    redactor_add(redactor, "renewed-key");
    redaction_feed(redaction, "renewed-key first-secret", 24, true, &text);
    cr_assert_str_eq(text_string(&text), "renewed-key [redacted] [redacted]");
    redaction_free(redaction);
    text_clear(&text);
    redactor_free(redactor);
}

Test(redactor, bytes_of_any_value_pass)
{
    struct redactor *redactor = redactor_of("secret-token", "other-secret");
    struct redaction *redaction = redaction_new(redactor);
    struct text text = {0};
    const char bytes[] = "\0\xff\x1bsecret-token\0s";
    redaction_feed(redaction, bytes, sizeof bytes - 1, true, &text);
    cr_assert_eq(text.length, 15);
    cr_assert_arr_eq(text.bytes, "\0\xff\x1b[redacted]\0s", 15);
    redaction_free(redaction);
    text_clear(&text);
    redactor_free(redactor);
}
