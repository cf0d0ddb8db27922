#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include "itrun/base/pattern.h"

static bool matches(const char *regex, const char *bytes)
{
    struct error error = {0};
    struct pattern *pattern = pattern_new(regex, &error);
    cr_assert_not_null(pattern, "%s", error.what);
    bool is_match = pattern_matches(pattern, bytes, strlen(bytes));
    pattern_free(pattern);
    return is_match;
}

Test(pattern, matches_anywhere_unless_anchored)
{
    cr_assert(matches("b+", "aabbcc"));
    cr_assert_not(matches("^b", "ab"));
    cr_assert(matches("(?i)API/", "tests/api/x"));
    cr_assert(matches("", "anything"));
    cr_assert(matches("(?<!x)y", "ay"));
    pattern_free(NULL);
}

Test(pattern, characters_are_characters_not_bytes)
{
    cr_assert(matches("^.$", "\xE2\x82\xAC"));
    cr_assert(matches("^\\p{Lu}$", "\xC3\x89") == matches("^\xC3\x89$", "\xC3\x89"));
}

Test(pattern, invalid_utf8_is_stepped_over)
{
    cr_assert(matches("needle", "\xFF\xC3 needle"));
    cr_assert(matches("needle", "needle \xE2\x82"));
    cr_assert_not(matches("a.b", "a\xFF"
                                 "b"));
}

Test(pattern, the_length_counts_not_the_nul)
{
    struct pattern *pattern = pattern_new("b$", NULL);
    cr_assert(pattern_matches(pattern, "a\0b", 3));
    cr_assert_not(pattern_matches(pattern, "a\0b", 2));
    cr_assert_not(pattern_matches(pattern, NULL, 0));
    pattern_free(pattern);
}

Test(pattern, a_broken_one_says_where)
{
    const char *broken[] = {"a(b", "[z-a]", "*", "\\", "(?<n", "a{2,1}", "\xFF", "\\C"};
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        struct error error = {0};
        cr_assert_null(pattern_new(broken[i], &error), "%s", broken[i]);
        cr_assert_eq(error.kind, ERROR_USAGE);
        cr_assert_not_null(strstr(error.what, "at character "), "%s", error.what);
    }
    struct error error = {0};
    pattern_new("ab[z-a]", &error);
    cr_assert_not_null(strstr(error.what, "'ab[z-a]'"), "%s", error.what);
}

Test(pattern, hopeless_backtracking_gives_up, .timeout = 20)
{
    cr_assert_not(matches("(a+)+$", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"));
    cr_assert_not(matches("(a|aa)+$", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"));
}

Test(pattern, a_match_that_takes_too_many_steps_counts_as_none)
{
    const char *regex = "^(?:(?:a|aa)+b|.*c)";
    cr_assert(matches(regex, "aaaac"));
    cr_assert_not(matches(regex, "aaaaaaaaaaaaaaaaaaaaaaaaaaaac"));
}

Test(pattern, a_match_that_needs_much_stack_is_still_found)
{
    size_t length = 10000; /* far beyond the 32 KiB stack of compiled patterns */
    char *bytes = malloc(length);
    memset(bytes, 'a', length);
    struct pattern *pattern = pattern_new("^(?:a|b)*+$", NULL);
    struct pattern *captured = pattern_new("^(?:(a)|b)*$", NULL);
    cr_assert(pattern_matches(pattern, bytes, length));
    cr_assert(pattern_matches(captured, bytes, length));
    pattern_free(pattern);
    pattern_free(captured);
    free(bytes);
}
