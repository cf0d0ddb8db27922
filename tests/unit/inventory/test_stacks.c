#include "repository.h"

#define SHOP                                                                                                 \
    HEAD "stacks:\n"                                                                                         \
         "  - name: billing\n"                                                                               \
         "    depends_on: [data]\n"                                                                          \
         "    deploy: npx serverless deploy\n"                                                               \
         "    cwd: services/billing\n"                                                                       \
         "    inputs: [services/billing/**, \"!**/*.md\"]\n"                                                 \
         "  - name: orders\n"                                                                                \
         "    template: stacks/orders.yaml\n"                                                                \
         "    parameters: {Table: {output: data.TableName}, Stage: itrun}\n"                                 \
         "  - name: data\n"                                                                                  \
         "    template: stacks/data.yaml\n"                                                                  \
         "    stack_name: shop-data\n"                                                                       \
         "suites:\n"                                                                                         \
         "  - {name: a, command: ./a.sh, needs: [orders, billing]}\n"                                        \
         "  - {name: b, command: ./b.sh, needs: [data]}\n"                                                   \
         "  - {name: c, command: ./c.sh}\n"

#define SHOP_FILES                                                                                           \
    "services/billing/README.md services/billing/serverless.yml services/billing/src/x.js stacks/data.yaml"

Test(inventory, needs_bring_their_dependencies_in_deploy_order)
{
    struct repository repository;
    repository_open(&repository, SHOP, SHOP_FILES);
    struct inventory *inventory = repository_must(&repository);
    cr_assert_eq(inventory->stack_count, 3);
    cr_assert_eq(inventory->stacks[0].level, 1);
    cr_assert_eq(inventory->stacks[1].level, 1);
    cr_assert_eq(inventory->stacks[2].level, 0);
    const struct suite *a = &inventory->suites[0];
    cr_assert_eq(a->need_count, 3);
    cr_assert_eq(a->needs[0], 2);
    cr_assert_eq(a->needs[1], 0);
    cr_assert_eq(a->needs[2], 1);
    cr_assert_eq(inventory->suites[1].need_count, 1);
    cr_assert_eq(inventory->suites[2].need_count, 0);
    repository_close(&repository, inventory);
}

Test(inventory, stacks_carry_what_their_deploys_need)
{
    struct repository repository;
    repository_open(&repository, SHOP, SHOP_FILES);
    struct inventory *inventory = repository_must(&repository);
    const struct stack *billing = &inventory->stacks[0];
    cr_assert_eq(billing->kind, STACK_COMMAND);
    cr_assert_str_eq(billing->cwd, "/repo/services/billing");
    cr_assert_str_eq(billing->stack_name, "billing");
    cr_assert_eq(billing->timeout_ms, 30 * 60 * 1000);
    const struct stack *orders = &inventory->stacks[1];
    cr_assert_eq(orders->kind, STACK_TEMPLATE);
    cr_assert_str_eq(orders->template_body, "{\"Resources\": {}}");
    cr_assert_eq(orders->depend_count, 1);
    cr_assert_eq(orders->depends[0], 2);
    cr_assert_str_eq(orders->parameters[0].output, "TableName");
    cr_assert_eq(orders->parameters[0].from_stack, 2);
    cr_assert_str_eq(orders->parameters[1].value, "itrun");
    cr_assert_str_eq(inventory->stacks[2].stack_name, "shop-data");
    repository_close(&repository, inventory);
}

static const char *part_names(const struct stack *stack, struct text *text)
{
    text_reset(text);
    for (size_t i = 0; i < stack->part_count; i++)
        text_append_format(text, "%s%s", i ? ", " : "", stack->parts[i].name);
    return text_string(text);
}

Test(inventory, parts_name_all_that_decides_and_nothing_else)
{
    struct repository repository;
    repository_open(&repository, SHOP, SHOP_FILES);
    struct inventory *inventory = repository_must(&repository);
    struct text text = {0};
    cr_assert_str_eq(part_names(&inventory->stacks[0], &text),
                     "command, cwd, file services/billing/serverless.yml, file services/billing/src/x.js");
    cr_assert_str_eq(part_names(&inventory->stacks[1], &text), "parameter Stage, template");
    cr_assert_str_eq(part_names(&inventory->stacks[2], &text), "template");
    cr_assert_str_eq(inventory->stacks[0].parts[2].digest, repository.files[1].digest);
    text_clear(&text);
    repository_close(&repository, inventory);
}

Test(inventory, another_checkout_has_the_same_parts)
{
    struct repository repository;
    repository_open(&repository, SHOP, SHOP_FILES);
    struct inventory *here = repository_must(&repository);
    repository.gathered.root = "/elsewhere/clone";
    struct inventory *there = repository_must(&repository);
    for (size_t s = 0; s < 3; s++) {
        cr_assert_eq(here->stacks[s].part_count, there->stacks[s].part_count);
        for (size_t i = 0; i < here->stacks[s].part_count; i++)
            cr_assert_str_eq(here->stacks[s].parts[i].digest, there->stacks[s].parts[i].digest);
    }
    inventory_free(there);
    repository_close(&repository, here);
}

Test(inventory, only_files_of_inputs_are_hashed)
{
    struct repository repository;
    repository_open(&repository, SHOP, SHOP_FILES);
    const char *const *paths;
    size_t count = inventory_hash_wanted(repository.config, repository.files, repository.gathered.file_count,
                                         repository.config->arena, &paths);
    cr_assert_eq(count, 2);
    cr_assert_str_eq(paths[0], "services/billing/serverless.yml");
    cr_assert_str_eq(paths[1], "services/billing/src/x.js");
    repository_close(&repository, NULL);
}

Test(inventory, an_input_that_was_not_hashed_stops_everything)
{
    struct repository repository;
    repository_open(&repository, SHOP, SHOP_FILES);
    repository.files[2].digest[0] = '\0';
    cr_assert_null(repository_assemble(&repository));
    cr_assert_eq(repository.error.kind, ERROR_IO);
    cr_assert_not_null(strstr(repository.error.what, "services/billing/src/x.js"));
    repository_close(&repository, NULL);
}

Test(inventory, inputs_that_match_nothing_are_an_error)
{
    assert_refused(HEAD "stacks:\n"
                        "  - name: billing\n"
                        "    deploy: make deploy\n"
                        "    inputs: [services/bill/**]\n"
                        "suites: [{name: a, command: ./a.sh}]\n",
                   "services/billing/x.js", "itrun.yaml:4:5",
                   "stack billing: no file matches the input services/bill/**",
                   "there is no file below services/bill; did you mean services/billing?");
}

/* The configuration refuses these at the very word; here they must not get through either. */
Test(inventory, unknown_stacks_get_the_nearest_name)
{
    struct repository repository;
    repository_open(&repository, SHOP, SHOP_FILES);
    const char *const needs[] = {"order"};
    repository.config->suites[0].needs = needs;
    repository.config->suites[0].need_count = 1;
    cr_assert_null(repository_assemble(&repository));
    cr_assert_str_eq(repository.error.what, "a: there is no stack order");
    cr_assert_str_eq(repository.error.hint, "did you mean orders?");
    cr_assert_str_eq(repository.error.where, "itrun.yaml:16:5");
    repository_close(&repository, NULL);
}

Test(inventory, a_cycle_is_named_in_full)
{
    struct repository repository;
    repository_open(&repository, SHOP, SHOP_FILES);
    const char *const depends[] = {"billing"};
    const char *const back[] = {"orders"};
    repository.config->stacks[2].depends = depends;
    repository.config->stacks[2].depend_count = 1;
    repository.config->stacks[0].depends = back;
    cr_assert_null(repository_assemble(&repository));
    cr_assert_str_eq(repository.error.what,
                     "stacks depend on each other: billing -> orders -> data -> billing");
    cr_assert_str_eq(repository.error.where, "itrun.yaml:4:5");
    repository_close(&repository, NULL);
}

/* --- holdings ------------------------------------------------------------------------------------------ */

static bool is_held_current(struct inventory *inventory, const struct ledger_entry *entry)
{
    inventory_add_holdings(inventory, 0, entry, 1);
    cr_assert_eq(inventory->accounts[0].holding_count, 1);
    cr_assert_eq(inventory->accounts[0].holdings[0].stack, 1);
    return inventory->accounts[0].holdings[0].is_current;
}

Test(inventory, a_holding_is_current_when_its_static_parts_are_the_recorded_ones)
{
    struct repository repository;
    repository_open(&repository, SHOP, SHOP_FILES);
    struct inventory *inventory = repository_must(&repository);
    const struct stack *orders = &inventory->stacks[1];
    struct fingerprint_part parts[4] = {
        {.name = "output data.TableName", .digest = "x"}, orders->parts[0], orders->parts[1]};
    struct ledger_entry entry = {.stack_name = "orders", .parts = parts, .part_count = 3};
    cr_assert(is_held_current(inventory, &entry));
    entry.is_unfinished = true;
    cr_assert_not(is_held_current(inventory, &entry));
    entry.is_unfinished = false;
    parts[3] = (struct fingerprint_part){.name = "parameter Old", .digest = "y"};
    entry.part_count = 4;
    cr_assert_not(is_held_current(inventory, &entry), "a parameter was taken out");
    entry.part_count = 2;
    cr_assert_not(is_held_current(inventory, &entry), "the template is not recorded");
    entry.part_count = 3;
    parts[2].digest[0] = parts[2].digest[0] == 'a' ? 'b' : 'a';
    cr_assert_not(is_held_current(inventory, &entry), "the template changed");
    entry.stack_name = "unknown";
    inventory_add_holdings(inventory, 0, &entry, 1);
    cr_assert_eq(inventory->accounts[0].holding_count, 0);
    repository_close(&repository, inventory);
}

Test(inventory, estimates_are_added)
{
    struct repository repository;
    repository_open(&repository, SHOP, SHOP_FILES);
    struct inventory *inventory = repository_must(&repository);
    struct estimate estimate = {.expected_ms = 1234, .is_known = true};
    inventory_add_estimate(inventory, 1, &estimate);
    cr_assert_eq(inventory->suites[1].estimate.expected_ms, 1234);
    cr_assert_not(inventory->suites[0].estimate.is_known);
    repository_close(&repository, inventory);
}
