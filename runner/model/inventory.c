/* inventory.c - finding the nouns of an inventory by their names. */
#include "itrun/model/inventory.h"
#include <string.h>

const char *suite_own_name(const struct suite *suite)
{
    return suite->repeat_of != NULL ? suite->repeat_of : suite->name;
}

const struct suite *inventory_find_suite(const struct inventory *inventory, const char *name,
                                         size_t *ret_index)
{
    for (size_t i = 0; i < inventory->suite_count; i++) {
        if (strcmp(inventory->suites[i].name, name) == 0) {
            if (ret_index)
                *ret_index = i;
            return &inventory->suites[i];
        }
    }
    return NULL;
}

const struct stack *inventory_find_stack(const struct inventory *inventory, const char *name,
                                         size_t *ret_index)
{
    for (size_t i = 0; i < inventory->stack_count; i++) {
        if (strcmp(inventory->stacks[i].name, name) == 0) {
            if (ret_index)
                *ret_index = i;
            return &inventory->stacks[i];
        }
    }
    return NULL;
}
