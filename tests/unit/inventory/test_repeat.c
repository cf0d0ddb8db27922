#include "repository.h"

#define TWO                                                                                                  \
    HEAD "suites:\n"                                                                                         \
         "  - {name: api, framework: pytest, files: \"tests/test_*.py\", retries: 2}\n"                      \
         "  - {name: smoke, command: ./smoke.sh}\n"

static struct inventory *inventory;
static struct repository repository;

static void open_two(void)
{
    repository_open(&repository, TWO, "tests/test_a.py");
    inventory = repository_must(&repository);
}

static void close_two(void)
{
    repository_close(&repository, inventory);
}

TestSuite(repeat, .init = open_two, .fini = close_two);

Test(repeat, an_execution_is_a_suite_with_a_name_and_a_seed_of_its_own)
{
    size_t both[] = {0, 1};
    size_t *suites = both, count = 2;
    struct repetition repetition = {3, true};
    cr_assert(inventory_repeat(inventory, &repetition, &suites, &count, &repository.error));
    static const char *const names[] = {"api/tests/test_a.py@1", "smoke@1",
                                        "api/tests/test_a.py@2", "smoke@2",
                                        "api/tests/test_a.py@3", "smoke@3"};
    cr_assert_eq(count, 6);
    cr_assert_eq(inventory->suite_count, 8, "the suites themselves stay");
    for (size_t i = 0; i < count; i++) {
        const struct suite *execution = &inventory->suites[suites[i]];
        cr_expect_str_eq(execution->name, names[i], "in turn");
        cr_expect_eq(execution->seed_offset, i / 2);
        cr_expect_eq(execution->repeat, i / 2 + 1);
    }
    cr_expect_str_eq(suite_own_name(&inventory->suites[suites[4]]), "api/tests/test_a.py");
    cr_expect_str_eq(suite_own_name(&inventory->suites[0]), "api/tests/test_a.py");
}

Test(repeat, a_given_seed_is_that_of_every_execution)
{
    size_t one[] = {1};
    size_t *suites = one, count = 1;
    struct repetition repetition = {5, false};
    cr_assert(inventory_repeat(inventory, &repetition, &suites, &count, &repository.error));
    cr_assert_eq(count, 5);
    cr_expect_eq(inventory->suites[suites[4]].seed_offset, 0);
}

Test(repeat, too_many_executions_are_refused_and_nothing_is_changed)
{
    size_t both[] = {0, 1};
    size_t *suites = both, count = 2;
    struct repetition repetition = {50001, true};
    cr_assert_not(inventory_repeat(inventory, &repetition, &suites, &count, &repository.error));
    cr_expect_eq(repository.error.kind, ERROR_USAGE);
    cr_expect(suites == both && count == 2 && inventory->suite_count == 2);
}
