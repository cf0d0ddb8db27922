/* frameworks.c - the one table of frameworks. */
#include "adapters.h"
#include <string.h>

static const struct framework *const frameworks[] = {&framework_pytest, &framework_mocha, &framework_command};
static const char *const names[] = {"pytest", "mocha", "command"};

#define COUNT (sizeof frameworks / sizeof *frameworks)
_Static_assert(COUNT == sizeof names / sizeof *names, "every framework has its name in the list");

const struct framework *framework_find(const char *name)
{
    for (size_t i = 0; i < COUNT; i++) {
        if (string_equal(frameworks[i]->name, name))
            return frameworks[i];
    }
    return NULL;
}

const char *const *framework_names(size_t *ret_count)
{
    *ret_count = COUNT;
    return names;
}
