#include "process/variables.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

Test(variables, later_values_replace_and_order_stays)
{
    struct variables variables = {0};
    variables_put(&variables, "B", "1");
    variables_put(&variables, "A", "2");
    variables_put(&variables, "B", "3");
    struct text text = {0};
    variables_write(&variables, &text);
    cr_assert_eq(text.length, 8);
    cr_assert_arr_eq(text.bytes, "B=3\0A=2\0", 8);
    cr_assert_str_eq(variables_get(&variables, "A"), "2");
    cr_assert_null(variables_get(&variables, "C"));
    text_clear(&text);
    variables_clear(&variables);
}

Test(variables, thousands_are_found_again_also_in_a_copy)
{
    static char names[3000][16];
    struct variables variables = {0}, copy = {0};
    for (int i = 0; i < 3000; i++) {
        snprintf(names[i], sizeof names[i], "NAME_%d", i);
        variables_put(&variables, names[i], names[i]);
    }
    variables_copy(&copy, &variables);
    variables_put(&copy, "NAME_7", "changed");
    for (int i = 0; i < 3000; i++) {
        cr_assert_str_eq(variables_get(&variables, names[i]), names[i]);
    }
    cr_assert_str_eq(variables_get(&copy, "NAME_7"), "changed");
    cr_assert_eq(copy.count, 3000);
    variables_clear(&variables);
    variables_clear(&copy);
}

Test(variables, a_copy_of_less_forgets_the_rest)
{
    struct variables few = {0}, many = {0};
    variables_put(&few, "A", "1");
    for (int i = 0; i < 3; i++) {
        variables_copy(&many, &few);
        cr_assert_null(variables_get(&many, "B"));
        variables_put(&many, "B", "2");
        cr_assert_eq(many.count, 2);
    }
    variables_clear(&few);
    variables_clear(&many);
}
