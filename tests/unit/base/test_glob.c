#include <criterion/criterion.h>
#include <string.h>
#include "itrun/base/memory.h"
#include "itrun/base/pattern.h"
#include "itrun/base/text.h"

static void yes(const char *glob, const char *path)
{
    struct error error = {0};
    cr_assert(glob_is_valid(glob, &error), "%s", error.what);
    cr_assert(glob_matches(glob, path), "%s should match %s", glob, path);
}

static void no(const char *glob, const char *path)
{
    struct error error = {0};
    cr_assert(glob_is_valid(glob, &error), "%s", error.what);
    cr_assert_not(glob_matches(glob, path), "%s should not match %s", glob, path);
}

Test(glob, letters_match_themselves)
{
    yes("a/b.c", "a/b.c");
    no("a/b.c", "a/bxc");
    no("a/b", "a/b/c");
    no("a/b/c", "a/b");
    no("a", "A");
    no("a", "");
}

Test(glob, a_star_stays_within_its_segment)
{
    yes("test_*.py", "test_orders.py");
    yes("test_*.py", "test_.py");
    no("*.py", "a/b.py");
    yes("*/b", "a/b");
    no("*/b", "a/c/b");
    yes("a*b*c", "aXbYbZc");
    no("a*b*c", "aXbYbZ");
    yes("*", "a");
    yes("a**c", "abc");
    no("a**c", "a/c");
}

Test(glob, two_stars_are_any_depth_also_none)
{
    yes("tests/**/test_*.py", "tests/test_a.py");
    yes("tests/**/test_*.py", "tests/x/y/z/test_a.py");
    no("tests/**/test_*.py", "other/test_a.py");
    no("tests/**/test_*.py", "tests/x/helper.py");
    yes("**/*.md", "a.md");
    yes("**/*.md", "a/b/c.md");
    yes("services/billing/**", "services/billing/x/y.ts");
    yes("services/billing/**", "services/billing");
    no("services/billing/**", "services/billing2/x");
    yes("**", "a/b/c");
    yes("**/a/**/b/**", "x/a/y/a/b/z");
    yes("**/a/**/b", "a/b");
    no("**/a/**/b", "b/a");
    yes("**/**/a", "a");
    yes("**/a/b", "a/a/b");
}

Test(glob, a_question_mark_is_one_character)
{
    yes("a?c", "abc");
    yes("a?c", "a\xE2\x82\xAC"
               "c");
    yes("a?c", "a\xFF"
               "c");
    no("a?c", "ac");
    no("a?c", "a/c");
    no("a?c", "abbc");
}

Test(glob, classes_hold_members_and_ranges)
{
    yes("[a-c]x", "bx");
    no("[a-c]x", "dx");
    yes("[!a-c]x", "dx");
    yes("[^a-c]x", "dx");
    no("[!a-c]x", "ax");
    yes("[]a]", "]");
    yes("[a-]", "-");
    yes("[-a]", "-");
    yes("[a\\]b]", "]");
    yes("[\xC3\xA0-\xC3\xBF]", "\xC3\xA9");
    no("[\xC3\xA0-\xC3\xBF]", "e");
    no("a[!x]b", "a/b");
    yes("*[0-9]", "ab7");
}

Test(glob, braces_are_alternatives)
{
    yes("*.{ts,tsx}", "a.tsx");
    no("*.{ts,tsx}", "a.js");
    yes("{a,b/c}/d", "b/c/d");
    yes("{,x}a", "a");
    yes("{,x}a", "xa");
    yes("{a,{b,c}d}e", "cde");
    no("{a,{b,c}d}e", "ce");
    yes("{**,y}/z", "p/q/z");
    yes("{a}", "a");
    yes("a}", "a}");
    yes("{a\\,b,c}", "a,b");
    yes("[{,}]", ",");
    yes("{a,b}{c,d}", "bc");
    yes("**/*.{test,spec}.{js,ts}", "x/y.spec.ts");
}

Test(glob, a_leading_dot_must_be_said)
{
    no("*", ".hidden");
    no("?x", ".x");
    no("[.]x", ".x");
    no("[!a]x", ".x");
    yes(".*", ".hidden");
    yes("\\.x", ".x");
    no("**/a", ".git/a");
    no("**", ".git/a");
    no("a/**", "a/.b");
    no("a/**", "a/x/.b/c");
    yes("**/.git/a", "x/.git/a");
    yes(".git/**", ".git/a");
    yes("*.x", "a.x");
    no("**/.x/**/y", ".x/a/.x/y");
}

Test(glob, a_backslash_takes_the_meaning_away)
{
    yes("a\\*b", "a*b");
    no("a\\*b", "axb");
    yes("a\\[b", "a[b");
    yes("\\{a,b\\}", "{a,b}");
    yes("\\\\", "\\");
}

static void refused(const char *glob)
{
    struct error error = {0};
    cr_assert_not(glob_is_valid(glob, &error), "%s", glob);
    cr_assert_eq(error.kind, ERROR_CONFIG);
    cr_assert_not_null(strstr(error.what, "is not valid: "));
    cr_assert_not(glob_matches(glob, glob), "%s", glob);
}

Test(glob, what_is_broken_is_refused)
{
    const char *broken[] = {"",      "[a",      "[",     "[]",     "[!]",    "[z-a]", "[a/b]",   "[a-/]",
                            "[\\/]", "[+-\\/]", "{a",    "{a,{b}", "a\\",    "a\\/b", "/a",      "a/",
                            "a//b",  "./a",     "a/./b", "{a,/b}", "a/{,b}", "}{",    "{a,[}b]", "."};
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++)
        refused(broken[i]);
    cr_assert(glob_is_valid("../common/**", NULL));
    cr_assert_not(glob_is_valid("[", NULL));
}

Test(glob, too_much_is_refused)
{
    refused("{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}");
    cr_assert(glob_is_valid("{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}", NULL));
    char many[1026];
    memset(many, 'a', sizeof many - 1);
    many[1025] = '\0';
    refused(many);
    many[1024] = '\0';
    cr_assert(glob_is_valid(many, NULL));
}

Test(glob, many_stars_cost_no_more_than_their_product, .timeout = 20)
{
    struct text path = {0};
    struct text glob = {0};
    for (int i = 0; i < 3000; i++)
        text_append(&path, "a");
    for (int i = 0; i < 300; i++)
        text_append(&glob, "a*");
    text_append(&glob, "b");
    no(glob.bytes, path.bytes);
    text_reset(&path);
    text_reset(&glob);
    for (int i = 0; i < 1000; i++)
        text_append(&path, "a/");
    for (int i = 0; i < 150; i++)
        text_append(&glob, "**/a/");
    text_append(&path, "c");
    text_append(&glob, "b");
    no(glob.bytes, path.bytes);
    text_clear(&path);
    text_clear(&glob);
}

/* The definition, written as plainly as can be: exponential, for short inputs. */
static bool plainly_matches(const char *glob, const char *path, bool is_at_start)
{
    if (is_at_start && strncmp(glob, "**", 2) == 0 && (glob[2] == '/' || glob[2] == '\0')) {
        if (glob[2] == '/' && plainly_matches(glob + 3, path, true))
            return true;
        if (*path == '.' || *path == '\0' || *path == '/')
            return false;
        const char *slash = strchr(path, '/');
        return slash ? plainly_matches(glob, slash + 1, true) : glob[2] == '\0';
    }
    if (*glob == '\0')
        return *path == '\0';
    if (strcmp(glob, "/**") == 0 && *path == '\0')
        return true;
    if (is_at_start && *path == '.' && *glob != '.')
        return false;
    if (*glob == '*') {
        bool takes = *path && *path != '/' && plainly_matches(glob, path + 1, false);
        return takes || plainly_matches(glob + 1, path, false);
    }
    if (*path == '\0' || (*glob == '?' ? *path == '/' : *glob != *path))
        return false;
    return plainly_matches(glob + 1, path + 1, *glob == '/');
}

static unsigned long long next_random(unsigned long long *state)
{
    *state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
    return *state >> 33;
}

static void random_word(unsigned long long *state, const char *letters, char *word, size_t size)
{
    size_t length = 1 + (size_t)next_random(state) % (size - 1);
    for (size_t i = 0; i < length; i++)
        word[i] = letters[next_random(state) % strlen(letters)];
    word[length] = '\0';
}

Test(glob, agrees_with_its_plain_definition)
{
    unsigned long long state = 42;
    int matched = 0;
    int compared = 0;
    for (int i = 0; i < 300000; i++) {
        char glob[12];
        char path[10];
        random_word(&state, "ab**/?.", glob, sizeof glob);
        random_word(&state, "aab/.", path, sizeof path);
        bool is_odd = strstr(path, "//") || *path == '/' || path[strlen(path) - 1] == '/' ||
                      strstr(glob, "/**/**") == glob + strlen(glob) - 6;
        if (is_odd || !glob_is_valid(glob, NULL))
            continue;
        bool wanted = plainly_matches(glob, path, true);
        cr_assert_eq(glob_matches(glob, path), wanted, "%s %s", glob, path);
        compared++;
        matched += wanted;
    }
    cr_assert_gt(compared, 50000);
    cr_assert_gt(matched, 1000);
}

Test(glob, survives_any_bytes)
{
    unsigned long long state = 7;
    int valid = 0;
    for (int i = 0; i < 200000; i++) {
        char glob[16];
        char path[8];
        random_word(&state, "a{},[]\\-!/*?\xE2\x82", glob, sizeof glob);
        random_word(&state, "ab/.\xE2\x82\xAC", path, sizeof path);
        char *exact = memory_copy_string(glob); /* so that a sanitizer sees one byte too far */
        bool is_valid = glob_is_valid(exact, NULL);
        valid += is_valid;
        bool is_match = glob_matches(exact, path);
        cr_assert(is_valid || !is_match || strchr(glob, '{'), "%s", glob);
        memory_free(exact);
    }
    cr_assert_gt(valid, 1000);
}
