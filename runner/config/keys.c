/* keys.c - every key of itrun.yaml. */
#include "keys.h"
#include "itrun/config.h"

#define SECOND          ((int64_t)1000)
#define MINUTE          (60 * SECOND)
#define DAY             (24 * 60 * MINUTE)
#define AT(type, field) offsetof(struct type, field)
#define TABLE(list)     .keys = (list), .count = sizeof(list) / sizeof *(list)

#define ADVICE_DURATION "a duration is written like 90s, 5m, 1h30m or 500ms"
#define ADVICE_STACKS   "list names of stacks: [data, orders]"
#define ADVICE_GLOB     "globs are relative to `cwd`: tests/**/test_*.py, \"!**/slow/**\""

const char *const provider_names[] = {"organizations", "list", "local", NULL};
const char *const config_framework_names[] = {"pytest",     "mocha",     "jest",    "vitest",
                                              "playwright", "cypress",   "go",      "node",
                                              "ctest",      "criterion", "command", NULL};

/* Its alignment of arrays crashes on these tables, and a key reads best in two lines. */
/* clang-format off */
static const struct key root[] = {
    {.name = "version", .kind = KEY_INTEGER, .is_required = true, .offset = KEY_NOWHERE, .least = 1,
     .most = 1,
     .advice = "this itrun reads `version: 1`"},
    {.name = "project", .kind = KEY_STRING, .is_required = true, .offset = AT(config, project),
     .pattern = "^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$",
     .advice = "a project's name has letters, digits, dots, - and _, and begins with a letter or digit"},
    {.name = "accounts", .kind = KEY_MAPPING, .offset = KEY_NOWHERE,
     .advice = "write `accounts: {provider: local}`, or leave it out"},
    {.name = "stacks", .kind = KEY_LIST, .offset = KEY_NOWHERE,
     .advice = "each stack is an entry: `- name: data`; leave `stacks` out when there is none"},
    {.name = "suites", .kind = KEY_LIST, .is_required = true, .offset = KEY_NOWHERE,
     .advice = "each suite is an entry: `- name: api`"},
    {.name = "shards", .kind = KEY_MAPPING, .offset = KEY_NOWHERE,
     .advice = "write `shards: {timeout: 30m}`"},
    {.name = "retry_budget", .kind = KEY_STRING, .offset = AT(config, retry_budget),
     .pattern = "^([0-9]{1,6}|100%|[0-9]{1,2}%)$",
     .advice = "how many retries a run may make: 20, or a share of its suites: 5%"},
    {.name = "gate", .kind = KEY_MAPPING, .offset = KEY_NOWHERE,
     .advice = "write `gate: {required: [api], advisory: [e2e]}`"},
};
const struct key_table keys_root = {.owner = "the configuration", .schema = "", TABLE(root)};

static const struct key accounts[] = {
    {.name = "provider", .kind = KEY_STRING, .is_required = true, .offset = KEY_NOWHERE,
     .choices = provider_names,
     .advice = "choose organizations, list or local (no AWS)"},
    {.name = "organizational_unit", .kind = KEY_STRING, .offset = AT(config_accounts, organizational_unit),
     .advice = "give the unit's name or its id (ou-...)"},
    {.name = "role", .kind = KEY_STRING, .offset = AT(config_accounts, role),
     .pattern = "^([A-Za-z0-9_+=,.@/-]+|arn:aws[a-z-]*:iam::\\{account\\}:role/[A-Za-z0-9_+=,.@/-]+)$",
     .advice = "give the role's name, or an ARN with {account}: arn:aws:iam::{account}:role/itrun-runner"},
    {.name = "region", .kind = KEY_STRING, .offset = AT(config_accounts, region),
     .pattern = "^[a-z]{2}(-[a-z]+)+-[0-9]{1,2}$",
     .advice = "a region looks like eu-west-1"},
    {.name = "store", .kind = KEY_STRING, .offset = AT(config_accounts, store),
     .pattern = "^(sqlite|dynamodb):.+$",
     .advice = "write sqlite:PATH"},
    {.name = "endpoint", .kind = KEY_STRING, .offset = AT(config_accounts, endpoint),
     .pattern = "^https?://[^/ ?#]+[^ ?#]*$",
     .advice = "an endpoint is a URL: http://127.0.0.1:5000"},
    {.name = "list", .kind = KEY_LIST, .offset = KEY_NOWHERE,
     .advice = "list account numbers: [\"123456789012\", {id: \"210987654321\", alias: blue}]"},
    {.name = "lease", .kind = KEY_DURATION, .offset = AT(config_accounts, lease_ms), .least = SECOND,
     .most = DAY,
     .advice = ADVICE_DURATION},
};
const struct key_table keys_accounts = {.owner = "accounts", .schema = "accounts", TABLE(accounts)};

static const struct key account[] = {
    {.name = "id", .kind = KEY_STRING, .is_required = true, .offset = AT(config_account, id),
     .pattern = PATTERN_ACCOUNT_ID,
     .advice = "an account number has 12 digits, with its leading zeros"},
    {.name = "alias", .kind = KEY_STRING, .offset = AT(config_account, alias),
     .pattern = "^[A-Za-z][A-Za-z0-9._-]{0,62}$",
     .advice = "an alias begins with a letter; then letters, digits, dots, - and _"},
};
const struct key_table keys_account = {.owner = "an account", .schema = "account", TABLE(account)};

static const struct key stack[] = {
    {.name = "name", .kind = KEY_STRING, .is_required = true, .offset = AT(config_stack, name),
     .pattern = "^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$",
     .advice = "a stack's name has letters, digits, - and _, and begins with a letter or digit"},
    {.name = "template", .kind = KEY_STRING, .offset = AT(config_stack, template_path),
     .advice = "give the template's path: stacks/data.yaml"},
    {.name = "deploy", .kind = KEY_STRING, .offset = AT(config_stack, command),
     .advice = "give the command that deploys: npx serverless deploy --stage itrun"},
    {.name = "stack_name", .kind = KEY_STRING, .offset = AT(config_stack, stack_name),
     .pattern = PATTERN_STACK_NAME,
     .advice = "CloudFormation wants a letter, then letters, digits and -, at most 128"},
    {.name = "depends_on", .kind = KEY_STRINGS, .offset = AT(config_stack, depends),
     .count_offset = AT(config_stack, depend_count),
     .advice = ADVICE_STACKS},
    {.name = "parameters", .kind = KEY_MAPPING, .offset = KEY_NOWHERE,
     .advice = "write `parameters: {Stage: itrun, TableName: {output: data.TableName}}`"},
    {.name = "timeout", .kind = KEY_DURATION, .offset = AT(config_stack, timeout_ms), .least = 1,
     .most = 7 * DAY,
     .advice = ADVICE_DURATION},
    {.name = "cwd", .kind = KEY_STRING, .offset = AT(config_stack, cwd),
     .advice = "give a directory"},
    {.name = "inputs", .kind = KEY_STRINGS, .offset = AT(config_stack, inputs),
     .count_offset = AT(config_stack, input_count),
     .advice = "list globs: [services/billing/**, \"!**/*.md\"]"},
    {.name = "parallel", .kind = KEY_BOOL, .offset = AT(config_stack, is_parallel),
     .advice = "write true or false"},
    {.name = "copy", .kind = KEY_BOOL, .offset = AT(config_stack, is_copied),
     .advice = "write true or false"},
};
const struct key_table keys_stack = {.owner = "a stack", .schema = "stack", TABLE(stack)};

static const struct key output[] = {
    {.name = "output", .kind = KEY_STRING, .is_required = true, .offset = KEY_NOWHERE,
     .pattern = PATTERN_OUTPUT,
     .advice = "name a stack and one of its outputs: {output: data.TableName}"},
};
const struct key_table keys_output = {.owner = "a parameter", .schema = "output", TABLE(output)};

static const struct key suite[] = {
    {.name = "name", .kind = KEY_STRING, .is_required = true, .offset = AT(config_suite, name),
     .pattern = "^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$",
     .advice = "a suite's name becomes a directory: letters, digits, dots, - and _"},
    {.name = "framework", .kind = KEY_STRING, .offset = AT(config_suite, framework),
     .choices = config_framework_names,
     .advice = "choose pytest, mocha or command"},
    {.name = "files", .kind = KEY_STRING_OR_LIST, .offset = AT(config_suite, files),
     .count_offset = AT(config_suite, file_count),
     .advice = ADVICE_GLOB},
    {.name = "command", .kind = KEY_STRING, .offset = AT(config_suite, command),
     .advice = "give a command: ./smoke.sh, or poetry run pytest"},
    {.name = "cwd", .kind = KEY_STRING, .offset = AT(config_suite, cwd),
     .advice = "give a directory"},
    {.name = "env", .kind = KEY_MAPPING, .offset = KEY_NOWHERE,
     .advice = "write `env: {LOG_LEVEL: debug}`"},
    {.name = "needs", .kind = KEY_STRINGS, .offset = AT(config_suite, needs),
     .count_offset = AT(config_suite, need_count),
     .advice = ADVICE_STACKS},
    {.name = "timeout", .kind = KEY_DURATION, .offset = AT(config_suite, timeout_ms), .least = 1,
     .most = 7 * DAY,
     .advice = ADVICE_DURATION},
    {.name = "retries", .kind = KEY_INTEGER_OR_MAPPING, .offset = AT(config_suite, retries.total), .most = 10,
     .advice = "how often a suite that did not pass is tried again, 0 to 10; or {failed: 1, infra: 2}"},
    {.name = "tags", .kind = KEY_STRINGS, .offset = AT(config_suite, tags),
     .count_offset = AT(config_suite, tag_count), .pattern = "^[A-Za-z0-9_][A-Za-z0-9._:-]*$",
     .advice = "list words: [api, slow]"},
    {.name = "report", .kind = KEY_STRING, .offset = AT(config_suite, report),
     .advice = "give the path of the JUnit file that the suite writes, relative to its `cwd`"},
};
const struct key_table keys_suite = {.owner = "a suite", .schema = "suite", TABLE(suite)};

static const struct key retries[] = {
    {.name = "failed", .kind = KEY_INTEGER, .offset = AT(retries, of[RETRY_FAILED]), .most = 10,
     .advice = "how often after failed test cases: 0 to 10"},
    {.name = "error", .kind = KEY_INTEGER, .offset = AT(retries, of[RETRY_ERROR]), .most = 10,
     .advice = "how often after a broken suite: 0 to 10"},
    {.name = "timeout", .kind = KEY_INTEGER, .offset = AT(retries, of[RETRY_TIMEOUT]), .most = 10,
     .advice = "how often after a timeout: 0 to 10"},
    {.name = "infra", .kind = KEY_INTEGER, .offset = AT(retries, of[RETRY_INFRA]), .most = 10,
     .advice = "how often after a failure of the infrastructure, in another account: 0 to 10"},
};
const struct key_table keys_retries = {.owner = "retries", .schema = "retries", TABLE(retries)};

static const struct key shards[] = {
    {.name = "timeout", .kind = KEY_DURATION, .offset = AT(config, shard_timeout_ms), .least = 1,
     .most = 7 * DAY,
     .advice = ADVICE_DURATION},
    {.name = "count", .kind = KEY_COUNT, .offset = AT(config, shard_count), .least = 1, .most = 10000,
     .advice = "how many shards a run has: 1 to 10000"},
};
const struct key_table keys_shards = {.owner = "shards", .schema = "shards", TABLE(shards)};

static const struct key gate[] = {
    {.name = "required", .kind = KEY_STRINGS, .offset = AT(gate_policy, required),
     .count_offset = AT(gate_policy, required_count),
     .advice = "list names of suites: [api, web]"},
    {.name = "advisory", .kind = KEY_STRINGS, .offset = AT(gate_policy, advisory),
     .count_offset = AT(gate_policy, advisory_count),
     .advice = "list names of suites: [e2e]"},
    {.name = "minimum_tests", .kind = KEY_COUNT, .offset = AT(gate_policy, minimum_tests), .least = 1,
     .most = 10000000,
     .advice = "how many tests must have run: 1 to 10000000"},
    {.name = "flaky", .kind = KEY_COUNT, .offset = AT(gate_policy, flaky_limit), .least = 0, .most = 10000000,
     .advice = "how many tests may be flaky: 0 to 10000000"},
    {.name = "flaky_ratio", .kind = KEY_STRING, .offset = AT(gate_policy, flaky_ratio),
     .pattern = "^(100|[0-9]{1,2}(\\.[0-9]{1,2})?)%$",
     .advice = "how many of a hundred tests may be flaky: 0.5%"},
    {.name = "max_age", .kind = KEY_DURATION, .offset = AT(gate_policy, max_age_ms), .least = SECOND,
     .most = 366 * DAY,
     .advice = ADVICE_DURATION},
    {.name = "quarantine", .kind = KEY_LIST, .offset = KEY_NOWHERE,
     .advice = "each is an entry: `- {suite: api/tests/test_x.py, ticket: SHOP-12, expires: 2026-12-31}`"},
    {.name = "quarantine_passes", .kind = KEY_COUNT, .offset = AT(gate_policy, quarantine_passes), .least = 1,
     .most = 100,
     .advice = "after how many good runs in a row an entry may go: 1 to 100"},
};
const struct key_table keys_gate = {.owner = "the gate", .schema = "gate", TABLE(gate)};

static const struct key quarantine[] = {
    {.name = "suite", .kind = KEY_STRING, .is_required = true, .offset = AT(quarantine_entry, suite),
     .advice = "name the suite as `itrun list suites` does: api/tests/test_x.py"},
    {.name = "test", .kind = KEY_STRING, .offset = AT(quarantine_entry, test),
     .advice = "name one test of the suite as junit.xml does; without it, any may fail"},
    {.name = "ticket", .kind = KEY_STRING, .is_required = true, .offset = AT(quarantine_entry, ticket),
     .advice = "say where it is being mended: SHOP-12, or a URL"},
    [QUARANTINE_EXPIRES] =
    {.name = "expires", .kind = KEY_STRING, .is_required = true, .offset = AT(quarantine_entry, expires),
     .pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
     .advice = "give the last day on which it may fail: 2026-12-31"},
};
const struct key_table keys_quarantine = {.owner = "a quarantine entry", .schema = "quarantine_entry", TABLE(quarantine)};

const struct key_table *const key_tables[] = {&keys_root,   &keys_accounts, &keys_account, &keys_stack,
                                              &keys_output, &keys_suite,    &keys_shards,  &keys_retries,
                                              &keys_gate,   &keys_quarantine, NULL};
/* clang-format on */
