#include "run_id.h"
#include <criterion/criterion.h>
#include <string.h>

Test(run_id, is_a_uuid_of_version_7_and_no_two_are_equal)
{
    char first[RUN_ID_SIZE], second[RUN_ID_SIZE];
    run_id_make(first);
    run_id_make(second);
    cr_assert_eq(strlen(first), 36);
    cr_expect_eq(first[14], '7');
    cr_expect_not_null(strchr("89ab", first[19]));
    cr_expect_str_neq(first, second);
    cr_expect_leq(strncmp(first, second, 8), 0, "ids sort by time");
}
