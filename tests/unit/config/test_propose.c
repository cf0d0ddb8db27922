#include "itrun/base/memory.h"
#include "itrun/config.h"
#include <criterion/criterion.h>
#include <string.h>

/* A repository: path, contents, path, contents, …, NULL; paths sorted. */
static const char *const *repository;
static struct text yaml;
static struct proposal proposal;

static char *read_from(void *context, const char *path, size_t *ret_length)
{
    (void)context;
    for (size_t i = 0; repository[i] != NULL; i += 2) {
        if (strcmp(repository[i], path) == 0) {
            *ret_length = strlen(repository[i + 1]);
            return memory_copy_string(repository[i + 1]);
        }
    }
    return NULL;
}

static const char *no_variable(void *context, const char *name)
{
    (void)context;
    (void)name;
    return NULL;
}

/* Whatever was found, what is written must be a configuration. */
static void propose(const char *const *files, bool is_local)
{
    const char *paths[32];
    struct proposal_input input = {
        .project = "My Shop!", .paths = paths, .is_local = is_local, .read = read_from};
    repository = files;
    for (size_t i = 0; files[i] != NULL; i += 2) {
        paths[input.path_count++] = files[i];
    }
    text_reset(&yaml);
    config_propose(&input, &yaml, &proposal);
    struct text report = {0};
    struct error error = {0};
    struct config *config =
        config_parse("itrun.yaml", yaml.bytes, yaml.length, no_variable, NULL, &report, &error);
    cr_assert_not_null(config, "%s\n%s", text_string(&report), text_string(&yaml));
    cr_expect_eq(config->stack_count, proposal.stack_count);
    config_free(config);
    text_clear(&report);
}

static void clear(void)
{
    text_clear(&yaml);
}
TestSuite(propose, .fini = clear);

#define HAS(needle)                                                                                          \
    cr_expect(strstr(text_string(&yaml), needle) != NULL, "'%s' is not in:\n%s", needle, text_string(&yaml))
#define HAS_NOT(needle)                                                                                      \
    cr_expect(strstr(text_string(&yaml), needle) == NULL, "'%s' is in:\n%s", needle, text_string(&yaml))

Test(propose, an_empty_repository_gets_one_command_to_change)
{
    propose((const char *const[]){"README.md", "hello", NULL}, false);
    HAS("project: My-Shop-\n");
    HAS("provider: local");
    HAS("- name: smoke\n");
    cr_expect_eq(proposal.group_count, 0);
}

Test(propose, each_top_folder_of_pytest_files_is_a_group_run_by_the_projects_launcher)
{
    propose((const char *const[]){"api/deep/test_a.py", "", "api/test_b.py", "", "e2e/c_test.py", "",
                                  "poetry.lock", "", "src/contest.py", "", NULL},
            false);
    HAS("- name: api\n    framework: pytest\n    command: \"poetry run pytest\"\n    files: "
        "[\"api/**/test_*.py\"]\n");
    HAS("- name: e2e\n    framework: pytest\n    command: \"poetry run pytest\"\n    files: "
        "[\"e2e/**/*_test.py\"]\n");
    cr_expect_eq(proposal.group_count, 2);
}

Test(propose, two_javascript_frameworks_never_claim_one_file)
{
    propose((const char *const[]){"web/e2e/login.spec.ts", "", "web/package.json",
                                  "{\"devDependencies\": {\"vitest\": \"2\", \"@playwright/test\": \"1\"}, "
                                  "\"dependencies\": {\"jest-junit\": \"1\"}}",
                                  "web/src/cart.test.ts", "", NULL},
            false);
    HAS("- name: web-playwright\n    framework: playwright\n    cwd: \"web\"\n    files: "
        "[\"web/**/*.spec.{js,ts,mjs}\"]\n");
    HAS("- name: web-vitest\n    framework: vitest\n    cwd: \"web\"\n    files: "
        "[\"web/**/*.test.{js,jsx,ts,tsx,mjs}\"]\n");
    HAS_NOT("jest\n");
}

Test(propose, go_modules_and_nodes_own_runner_are_seen)
{
    propose((const char *const[]){"go.mod", "module x", "package.json",
                                  "{\"scripts\": {\"test\": \"node --test\"}}", "store/store_test.go", "",
                                  "test/a.mjs", "", NULL},
            false);
    HAS("- name: go\n    framework: go\n    files: [\"**/*_test.go\"]\n");
    HAS("- name: node\n    framework: node\n    files: [\"test/**/*.{js,cjs,mjs}\"]\n");
}

static const char data_template[] =
    "AWSTemplateFormatVersion: 2010-09-09\nParameters:\n  Stage: {Type: String, Default: x}\n"
    "Resources:\n  T: {Type: AWS::DynamoDB::Table}\nOutputs:\n  TableName:\n    Value: !Ref T\n";
static const char orders_template[] =
    "{\"Parameters\": {\"TableName\": {\"Type\": \"String\"}, \"Mode\": {\"Type\": \"String\"}},"
    " \"Resources\": {\"Q\": {\"Type\": \"AWS::SQS::Queue\"}}}";

Test(propose, outputs_feed_the_parameters_that_are_called_like_them)
{
    propose((const char *const[]){"infra/data/template.yaml", data_template, "infra/orders.json",
                                  orders_template, "k8s.yaml", "kind: Resources\nspec: a::b\n",
                                  "tests/test_a.py", "", NULL},
            false);
    HAS("- name: data\n    template: \"infra/data/template.yaml\"\n  - name: orders\n    depends_on: [data]\n"
        "    template: \"infra/orders.json\"\n    parameters:\n      TableName: {output: data.TableName}\n"
        "      Mode: itrun  # it has no default");
    HAS("provider: organizations");
    HAS("needs: [orders]\n");
    cr_expect_eq(proposal.stack_count, 2);
}

Test(propose, templates_that_would_feed_each_other_make_no_circle)
{
    static const char one[] =
        "Parameters: {B: {Type: String}}\nResources: {R: {Type: AWS::X::Y}}\nOutputs: {A: {Value: 1}}\n";
    static const char two[] =
        "Parameters: {A: {Type: String}}\nResources: {R: {Type: AWS::X::Y}}\nOutputs: {B: {Value: 1}}\n";
    propose((const char *const[]){"one.yaml", one, "two.yaml", two, NULL}, false);
    HAS("B: {output: two.B}");
    HAS_NOT("A: {output: one.A}");
}

Test(propose, tools_that_deploy_by_themselves_keep_doing_so)
{
    propose(
        (const char *const[]){
            "cdk/bin/app.ts", "const app = new App();\nnew OrdersStack(app, 'Orders', {});\n", "cdk/cdk.json",
            "{}", "sam/template.yaml",
            "Transform: AWS::Serverless-2016-10-31\nResources: {F: {Type: AWS::Serverless::Function}}\n",
            "services/billing/serverless.yml", "service: billing\nprovider: {stage: '${env:STAGE}'}\n", NULL},
        false);
    HAS("- name: Orders\n    deploy: \"npx cdk deploy Orders --exclusively --require-approval never\"\n"
        "    stack_name: \"Orders\"\n    cwd: \"cdk\"\n    inputs: [\"cdk/**\"]\n");
    HAS("- name: sam\n    deploy: \"sam build --template template.yaml && sam deploy --stack-name sam ");
    HAS("- name: billing\n    deploy: \"npx serverless deploy --stage itrun\"\n    stack_name: "
        "\"billing-itrun\"\n"
        "    cwd: \"services/billing\"\n    inputs: [\"services/billing/**\"]\n");
    cr_expect_eq(proposal.stack_count, 3);
}

Test(propose, local_leaves_stacks_and_accounts_out)
{
    propose((const char *const[]){"data.yaml", data_template, "tests/test_a.py", "", NULL}, true);
    HAS("provider: local");
    HAS_NOT("stacks:");
    HAS_NOT("needs");
    cr_expect_eq(proposal.stack_count, 0);
}
