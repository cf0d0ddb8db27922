/* frameworks.c - the one table of frameworks. */
#include "adapters.h"
#include <string.h>

static const struct framework *const frameworks[] = {
    &framework_pytest,     &framework_mocha,     &framework_jest,    &framework_vitest,
    &framework_playwright, &framework_cypress,   &framework_node,    &framework_go,
    &framework_ctest,      &framework_criterion, &framework_command,
};
static const char *const names[] = {"pytest", "mocha", "jest",  "vitest",    "playwright", "cypress",
                                    "node",   "go",    "ctest", "criterion", "command"};
enum { COUNT = sizeof frameworks / sizeof *frameworks };
_Static_assert(sizeof names / sizeof *names == COUNT, "one name a framework");

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

/* What --test did not choose is no result of this attempt. */
static void drop_unselected(struct report *report, const char *test_name)
{
    size_t kept = 0;
    for (size_t i = 0; i < report->count; i++) {
        const struct test_case *found = &report->cases[i];
        if (found->status != CASE_SKIPPED || test_case_is_selected(found, test_name))
            report->cases[kept++] = *found;
    }
    report->count = kept;
}

void framework_read(const struct framework *framework, const struct suite *suite, const char *test_name,
                    const char *bytes, size_t length, struct report *report)
{
    framework->read(suite, bytes, length, report);
    if (test_name && framework->shows_unselected)
        drop_unselected(report, test_name);
}

bool framework_is_absent(const struct framework *framework, int exit_code, const char *output)
{
    if (exit_code == 127)
        return true;
    for (const char *const *sign = framework->absent_signs; output && sign && *sign; sign++) {
        if (strstr(output, *sign))
            return true;
    }
    return false;
}
