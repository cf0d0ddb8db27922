#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>
#include "itrun/base/error.h"

Test(error, set_fills_kind_and_what_and_returns_false)
{
    struct error error;
    memset(&error, 'x', sizeof error);
    cr_assert_not(error_set(&error, ERROR_DENIED, "no %s for %d", "role", 7));
    cr_assert_eq(error.kind, ERROR_DENIED);
    cr_assert_str_eq(error.what, "no role for 7");
    cr_assert_str_empty(error.code);
    cr_assert_str_empty(error.where);
    cr_assert_str_empty(error.hint);
    cr_assert_eq(error.retry_after_ms, 0);
}

Test(error, without_a_receiver_nothing_is_recorded)
{
    cr_assert_not(error_set(NULL, ERROR_IO, "x"));
    cr_assert_not(error_hint(NULL, "x"));
    cr_assert_not(error_where(NULL, "x"));
    cr_assert_not(error_prefix(NULL, "x"));
    error_clear(NULL);
}

Test(error, prefix_adds_context_and_keeps_the_rest)
{
    struct error error = {0};
    error_set(&error, ERROR_IO, "disk full");
    error_hint(&error, "make %s", "room");
    error_where(&error, "f:%d", 3);
    cr_assert_not(error_prefix(&error, "writing %s", "junit.xml"));
    cr_assert_str_eq(error.what, "writing junit.xml: disk full");
    cr_assert_str_eq(error.hint, "make room");
    cr_assert_str_eq(error.where, "f:3");
    cr_assert_eq(error.kind, ERROR_IO);
}

Test(error, may_be_rewritten_from_its_own_pieces)
{
    struct error error = {0};
    error_set(&error, ERROR_IO, "disk full");
    error_set(&error, ERROR_TRANSIENT, "again: %s", error.what);
    cr_assert_str_eq(error.what, "again: disk full");
    error_prefix(&error, "%s", error.what);
    cr_assert_str_eq(error.what, "again: disk full: again: disk full");
}

Test(error, a_long_text_is_cut_between_characters)
{
    struct error error = {0};
    char letters[2000];
    for (size_t i = 0; i < sizeof letters - 1; i += 3)
        memcpy(letters + i, "\xE2\x82\xAC", i + 3 < sizeof letters ? 3 : sizeof letters - 1 - i);
    letters[sizeof letters - 2] = '\0';
    error_set(&error, ERROR_IO, "%s", letters);
    cr_assert_eq(strlen(error.what), 510); /* 170 whole characters; 511 would fit */
    error_prefix(&error, "x");
    cr_assert_eq(strlen(error.what), 3 + 507);
    cr_assert_eq(strncmp(error.what, "x: \xE2\x82\xAC", 6), 0);
    error_hint(&error, "%s", letters);
    cr_assert_eq(strlen(error.hint), 255);
}

Test(error, every_kind_has_a_name_of_its_own)
{
    for (int a = ERROR_NONE; a <= ERROR_BUG; a++) {
        cr_assert_str_neq(error_kind_name((enum error_kind)a), "unknown");
        for (int b = ERROR_NONE; b < a; b++)
            cr_assert_str_neq(error_kind_name((enum error_kind)a), error_kind_name((enum error_kind)b));
    }
    cr_assert_str_eq(error_kind_name(ERROR_THROTTLED), "throttled");
    cr_assert_str_eq(error_kind_name((enum error_kind)99), "unknown");
}

Test(error, clear_leaves_none)
{
    struct error error = {0};
    error_set(&error, ERROR_IO, "x");
    error_clear(&error);
    cr_assert_eq(error.kind, ERROR_NONE);
    cr_assert_str_empty(error.what);
}

Test(error, a_broken_invariant_aborts, .signal = SIGABRT)
{
    MUST(1 + 1 == 3);
}
