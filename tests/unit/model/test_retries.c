#include "itrun/model/retries.h"
#include <criterion/criterion.h>

Test(retries, a_plain_number_is_the_limit_of_all_classes_together)
{
    struct retries two = retries_same(2);
    int made[RETRY_CLASS_COUNT] = {0};
    cr_expect(retries_allow(&two, made, OUTCOME_FAILED));
    made[RETRY_FAILED] = 1;
    made[RETRY_INFRA] = 1;
    cr_expect_not(retries_allow(&two, made, OUTCOME_TIMEOUT));
}

Test(retries, each_class_has_its_own_limit)
{
    struct retries retries = {.of = {[RETRY_FAILED] = 1, [RETRY_INFRA] = 2}, .total = 3};
    int made[RETRY_CLASS_COUNT] = {[RETRY_FAILED] = 1, [RETRY_INFRA] = 1};
    cr_expect_not(retries_allow(&retries, made, OUTCOME_FAILED));
    cr_expect_not(retries_allow(&retries, made, OUTCOME_TIMEOUT), "not named: never");
    cr_expect(retries_allow(&retries, made, OUTCOME_INFRA));
}

Test(retries, what_passed_or_was_stopped_is_never_tried_again)
{
    static const enum outcome final[] = {OUTCOME_PASSED, OUTCOME_SKIPPED, OUTCOME_CANCELLED, OUTCOME_LOST};
    struct retries many = retries_same(10);
    int made[RETRY_CLASS_COUNT] = {0};
    for (size_t i = 0; i < sizeof final / sizeof *final; i++) {
        cr_expect_not(retries_allow(&many, made, final[i]), "%s", outcome_name(final[i]));
    }
}

Test(retries, a_budget_is_a_number_or_a_share_rounded_up)
{
    struct error error = {0};
    size_t budget = 7;
    cr_expect(retry_budget_parse("20", "--retry-budget", 1000, &budget, &error));
    cr_expect_eq(budget, 20);
    cr_expect(retry_budget_parse("5%", "--retry-budget", 30, &budget, &error));
    cr_expect_eq(budget, 2);
    cr_expect(retry_budget_parse("0", "--retry-budget", 30, &budget, &error));
    cr_expect_eq(budget, 0);
    static const char *const bad[] = {"", "%", "-1", "5 %", "101%", "1.5", "many", "99999999", "5%%"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        budget = 7;
        cr_expect_not(retry_budget_parse(bad[i], "--retry-budget", 30, &budget, &error), "%s", bad[i]);
        cr_expect_eq(budget, 7);
        cr_expect_eq(error.kind, ERROR_USAGE);
    }
}
