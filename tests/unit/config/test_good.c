#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include "sample.h"

Test(good, the_documented_example_is_read_as_it_says)
{
    struct config *config = sample_good("contract.yaml");
    cr_assert_str_eq(config->project, "storefront");
    cr_assert_eq(config->accounts.provider, ACCOUNTS_ORGANIZATIONS);
    cr_assert_str_eq(config->accounts.organizational_unit, "itrun-pool");
    cr_assert_str_eq(config->accounts.store, "sqlite:/var/lib/itrun/storefront.db");
    cr_assert_eq(config->shard_timeout_ms, 30 * 60 * 1000);
    cr_assert_eq(config->shard_count, 0);

    cr_assert_eq(config->stack_count, 3);
    const struct config_stack *orders = &config->stacks[1];
    cr_assert_str_eq(orders->name, "orders");
    cr_assert_str_eq(orders->stack_name, "orders");
    cr_assert_eq(orders->depend_count, 1);
    cr_assert_str_eq(orders->depends[0], "data");
    cr_assert_eq(orders->parameter_count, 1);
    cr_assert_str_eq(orders->parameters[0].name, "TableName");
    cr_assert_str_eq(orders->parameters[0].stack, "data");
    cr_assert_str_eq(orders->parameters[0].output, "TableName");
    cr_assert_null(orders->parameters[0].value);
    const struct config_stack *billing = &config->stacks[2];
    cr_assert_null(billing->template_path);
    cr_assert_str_eq(billing->command, "npx serverless deploy --stage itrun");
    cr_assert_eq(billing->input_count, 2);
    cr_assert_str_eq(billing->inputs[1], "!**/*.md");
    cr_assert_not(billing->is_parallel);

    cr_assert_eq(config->suite_count, 2);
    const struct config_suite *api = &config->suites[0];
    cr_assert_str_eq(api->framework, "pytest");
    cr_assert_eq(api->file_count, 1);
    cr_assert_str_eq(api->files[0], "tests/api/**/test_*.py");
    cr_assert_eq(api->env_count, 1);
    cr_assert_str_eq(api->env[0].name, "LOG_LEVEL");
    cr_assert_str_eq(api->needs[0], "orders");
    cr_assert_eq(api->timeout_ms, 5 * 60 * 1000);
    cr_assert_eq(api->retries.total, 1);
    cr_assert_str_eq(api->tags[0], "api");
    cr_assert_str_eq(config->suites[1].report, "smoke.xml");
    config_free(config);
}

Test(good, what_is_left_out_has_its_default)
{
    struct config *config = sample_good("minimal.yaml");
    cr_assert_eq(config->accounts.provider, ACCOUNTS_LOCAL);
    cr_assert_eq(config->accounts.lease_ms, 0);
    cr_assert_null(config->accounts.store);
    cr_assert_eq(config->stack_count, 0);
    cr_assert_eq(config->suite_count, 1);
    cr_assert_str_eq(config->suites[0].framework, "command");
    cr_assert_eq(config->suites[0].timeout_ms, 0);
    cr_assert_eq(config->suites[0].file_count, 0);
    cr_assert_null(config->suites[0].cwd);
    cr_assert_null(config->suites[0].report);
    cr_assert_eq(config->shard_timeout_ms, 0);
    config_free(config);

    config = sample_good("contract.yaml");
    cr_assert_eq(config->stacks[0].timeout_ms, 30 * 60 * 1000);
    config_free(config);
}

Test(good, every_key_arrives_in_its_field)
{
    struct config *config = sample_good("everything.yaml");
    const struct config_accounts *accounts = &config->accounts;
    cr_assert_str_eq(accounts->role, "runner");
    cr_assert_str_eq(accounts->region, "us-gov-west-1");
    cr_assert_str_eq(accounts->endpoint, "https://localhost:4566");
    cr_assert_eq(accounts->lease_ms, 120000);
    cr_assert_eq(accounts->list_count, 1);
    const struct config_stack *data = &config->stacks[0];
    cr_assert_str_eq(data->stack_name, "everything-data");
    cr_assert_str_eq(data->template_path, "stacks/data.yaml");
    cr_assert_eq(data->parameter_count, 3);
    cr_assert_str_eq(data->parameters[1].value, "3");
    cr_assert_str_eq(data->parameters[2].value, "");
    const struct config_stack *billing = &config->stacks[2];
    cr_assert(billing->is_parallel && !billing->is_copied);
    cr_assert_str_eq(billing->cwd, "services/billing");
    cr_assert_eq(billing->timeout_ms, 3600000);
    const struct config_suite *api = &config->suites[0];
    cr_assert_eq(api->file_count, 2);
    cr_assert_str_eq(api->command, "poetry run pytest");
    cr_assert_str_eq(api->cwd, "backend");
    cr_assert_eq(api->timeout_ms, 90000);
    cr_assert_eq(api->retries.total, 10);
    cr_assert_eq(api->tag_count, 2);
    cr_assert_eq(config->shard_count, 200);
    cr_assert_str_eq(config->retry_budget, "5%");
    const struct retries *retries = &config->suites[1].retries;
    cr_assert(retries->of[RETRY_FAILED] == 1 && retries->of[RETRY_INFRA] == 2);
    cr_assert(retries->of[RETRY_ERROR] == 0 && retries->of[RETRY_TIMEOUT] == 0 && retries->total == 3);
    config_free(config);
}

Test(good, a_gate_has_its_groups_limits_and_quarantine)
{
    struct config *config = sample_good("everything.yaml");
    const struct gate_policy *gate = &config->gate;
    cr_assert_str_eq(gate->required[0], "api");
    cr_assert_str_eq(gate->advisory[0], "other-smoke");
    cr_assert_eq(gate->minimum_tests, 100);
    cr_assert_eq(gate->flaky_limit, 0);
    cr_assert_str_eq(gate->flaky_ratio, "0.5%");
    cr_assert_eq(gate->max_age_ms, 24LL * 3600 * 1000);
    cr_assert_eq(gate->quarantine_passes, 5);
    cr_assert_eq(gate->quarantine_count, 2);
    cr_assert_str_eq(gate->quarantine[0].test, "test_refund");
    cr_assert_str_eq(gate->quarantine[0].expires, "2026-12-31");
    cr_assert_null(gate->quarantine[1].test);
    config_free(config);
    config = sample_good("minimal.yaml");
    cr_assert_eq(config->gate.flaky_limit, GATE_NO_LIMIT);
    cr_assert_eq(config->gate.quarantine_passes, GATE_PASSES_TO_RELEASE);
    config_free(config);
}

Test(good, an_output_that_is_used_is_a_dependency)
{
    struct config *config = sample_good("everything.yaml");
    const struct config_stack *orders = &config->stacks[1];
    cr_assert_eq(orders->depend_count, 1);
    cr_assert_str_eq(orders->depends[0], "data_v2");
    config_free(config);
}

Test(good, account_numbers_keep_their_leading_zeros_without_quotes)
{
    struct config *config = sample_good("list.yaml");
    cr_assert_eq(config->accounts.provider, ACCOUNTS_LIST);
    cr_assert_eq(config->accounts.list_count, 3);
    cr_assert_str_eq(config->accounts.list[0].id, "123456789012");
    cr_assert_null(config->accounts.list[0].alias);
    cr_assert_str_eq(config->accounts.list[1].id, "012345678901");
    cr_assert_str_eq(config->accounts.list[2].id, "210987654321");
    cr_assert_str_eq(config->accounts.list[2].alias, "blue");
    cr_assert_str_eq(config->accounts.region, "eu-west-1");
    cr_assert_eq(config->accounts.lease_ms, 45000);
    config_free(config);
}

Test(good, only_env_is_substituted_and_everywhere)
{
    struct config *config = sample_good("substitutions.yaml");
    const struct config_suite *suite = &config->suites[0];
    cr_assert_str_eq(config->project, "shop");
    cr_assert_str_eq(suite->command, "echo ${HOME} $PATH hello default []  a-b:c");
    cr_assert_eq(suite->timeout_ms, 90000);
    cr_assert_eq(suite->retries.total, 2);
    cr_assert_eq(suite->env_count, 5);
    cr_assert_str_eq(suite->env[0].value, "8080");
    cr_assert_str_eq(suite->env[1].value, "true");
    cr_assert_str_eq(suite->env[2].value, "");
    cr_assert_str_eq(suite->env[4].value, "two\nlines\n");
    config_free(config);
}

Test(good, marks_say_where_things_stand)
{
    struct config *config = sample_good("contract.yaml");
    cr_assert_eq(config->stacks[0].mark.column, 5);
    cr_assert_gt(config->suites[0].mark.line, config->stacks[2].mark.line);
    cr_assert_eq(config->stacks[1].parameters[0].mark.line, config->stacks[1].mark.line + 3);
    config_free(config);
}

Test(good, a_later_problem_is_shown_in_the_same_form)
{
    struct config *config = sample_good("minimal.yaml");
    struct error error = {0};
    cr_assert_not(config_error(&error, config, config->suites[0].mark, "no file matches %s", "x*.py"));
    error_hint(&error, "look again");
    cr_assert_eq(error.kind, ERROR_CONFIG);
    cr_assert_str_eq(error.where, "minimal.yaml:4:5");
    cr_assert_str_eq(error.what, "no file matches x*.py");
    struct text report = {0};
    config_show(&report, config, &error);
    cr_assert_str_eq(text_string(&report), "minimal.yaml:4:5: no file matches x*.py\n"
                                           "      - name: smoke\n"
                                           "        ^\n"
                                           "  hint: look again\n");
    text_reset(&report);
    error_set(&error, ERROR_CONFIG, "no account is free");
    config_show(&report, config, &error);
    cr_assert_str_eq(text_string(&report), "minimal.yaml: no account is free\n");
    text_clear(&report);
    config_free(config);
}

Test(good, the_end_of_a_long_path_stays_in_an_error)
{
    char path[400];
    memset(path, 'd', sizeof path);
    strcpy(path + sizeof path - 12, "/itrun.yaml");
    struct error error = {0};
    cr_assert_null(config_parse(path, "version: 1\n  x", 14, NULL, NULL, NULL, &error));
    cr_assert_not_null(strstr(error.where, "/itrun.yaml:"));
    cr_assert(string_starts_with(error.where, "..."));
}

Test(good, without_a_lookup_no_variable_is_set)
{
    static const char yaml[] = "version: 1\nproject: ${env:REGION}\nsuites: [{name: a, command: b}]\n";
    struct error error = {0};
    cr_assert_null(config_parse("itrun.yaml", yaml, strlen(yaml), NULL, NULL, NULL, &error));
    cr_assert_str_eq(error.where, "itrun.yaml:2:10");
}
