/* frameworks.c - the one table of frameworks. */
#include "adapters.h"
#include <string.h>

enum { COUNT = 3 };
static const struct framework *const frameworks[COUNT] = {&framework_pytest, &framework_mocha,
                                                          &framework_command};
static const char *const names[COUNT] = {"pytest", "mocha", "command"};

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
