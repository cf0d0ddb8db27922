#include "argv.h"

static const struct suite suite = {.name = "ui/cypress/e2e/orders.cy.js",
                                   .framework = "cypress",
                                   .file = "cypress/e2e/orders.cy.js",
                                   .source = "cypress/e2e/orders.cy.js",
                                   .cwd = "/repo"};

Test(cypress, asks_its_own_reporter_for_names_the_right_way_round)
{
    struct arena *arena = arena_new();
    cr_assert_str_eq(argv_from(&suite, NULL, "npx", arena),
                     "npx --no-install cypress run --spec cypress/e2e/orders.cy.js --reporter junit "
                     "--reporter-options mochaFile=/tmp/1/report.xml,jenkinsMode=true,includePending=true,"
                     "toConsole=false");
    cr_assert_not(framework_find("cypress")->can_select);
    arena_free(arena);
}

Test(cypress, reads_describes_pending_tests_and_hooks)
{
    struct report *report = read_sample("cypress", &suite, "cypress-15.xml");
    cr_assert(report->is_present && report->is_complete, "%s", report->problem);
    cr_assert_eq(report->count, 7);
    assert_case(report, "cypress/e2e/orders.cy.js", "opens", CASE_PASSED);
    assert_case(report, "orders", "totals", CASE_FAILED);
    assert_case(report, "orders", "waits for its price", CASE_SKIPPED);
    assert_case(report, "orders.when empty", "ships", CASE_PASSED);
    const char *hook = "\"before all\" hook for \"never runs\"";
    assert_case(report, "before all", hook, CASE_ERROR);
    cr_assert(find_case(report, "before all", hook)->is_no_test);
    cr_assert_str_eq(find_case(report, "orders", "totals")->type, "AssertionError");
    cr_assert_str_eq(find_case(report, "orders", "totals")->file, "cypress/e2e/orders.cy.js");
    report_free(report);
}
