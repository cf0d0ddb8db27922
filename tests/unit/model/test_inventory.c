#include <criterion/criterion.h>
#include "itrun/model/inventory.h"

Test(inventory_nouns, are_found_by_name_with_their_index)
{
    struct suite suites[] = {{.name = "api/a"}, {.name = "api/b"}};
    struct stack stacks[] = {{.name = "data"}, {.name = "orders"}};
    struct inventory inventory = {.suites = suites, .suite_count = 2, .stacks = stacks, .stack_count = 2};
    size_t index = NO_INDEX;
    cr_assert_eq(inventory_find_suite(&inventory, "api/b", &index), &suites[1]);
    cr_assert_eq(index, 1);
    cr_assert_eq(inventory_find_stack(&inventory, "data", &index), &stacks[0]);
    cr_assert_eq(index, 0);
    index = 7;
    cr_assert_null(inventory_find_suite(&inventory, "api", &index));
    cr_assert_null(inventory_find_stack(&inventory, "dat", &index));
    cr_assert_eq(index, 7);
    cr_assert_eq(inventory_find_stack(&inventory, "orders", NULL), &stacks[1]);
}
