#include "itrun/run.h"
#include <criterion/criterion.h>

static void expect_command(const struct run_options *options, const struct suite *suite, const char *test,
                           const char *expected)
{
    struct text text = {0};
    run_repro_command(options, suite, test, &text);
    cr_expect_str_eq(text_string(&text), expected);
    text_clear(&text);
}

Test(repro, names_suite_seed_and_configuration)
{
    struct suite suite = {.name = "api/tests/test_x.py", .framework = "pytest"};
    struct run_options options = {.seed = 42};
    expect_command(&options, &suite, NULL, "itrun run api/tests/test_x.py --seed 42");
    options.config_argument = "ci/it run.yaml";
    expect_command(&options, &suite, NULL, "itrun run api/tests/test_x.py --seed 42 -c 'ci/it run.yaml'");
}

Test(repro, selects_a_case_only_where_the_framework_can)
{
    struct suite suite = {.name = "smoke", .framework = "command"};
    struct run_options options = {.seed = 1};
    expect_command(&options, &suite, "adds", "itrun run smoke --seed 1");
    suite.framework = "pytest";
    expect_command(&options, &suite, "adds it's", "itrun run smoke --seed 1 --test 'adds it'\\''s'");
}
