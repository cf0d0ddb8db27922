#include "repository.h"

#define ONE "suites: [{name: a, command: ./a.sh}]\n"

#define FOUR                                                                                                 \
    "suites: [{name: a, command: ./a.sh}, {name: b, command: ./a.sh}, {name: c, command: ./a.sh},"           \
    " {name: d, command: ./a.sh}]\n"

Test(inventory, there_are_no_more_local_accounts_than_suites)
{
    struct repository repository;
    repository_open(&repository, HEAD "accounts: {provider: local}\n" ONE, "a.sh");
    struct inventory *inventory = repository_must(&repository);
    cr_assert_eq(inventory->account_count, 1);
    repository_close(&repository, inventory);
}

Test(inventory, local_accounts_are_numbered_directories)
{
    struct repository repository;
    repository_open(&repository, HEAD "accounts: {provider: local}\n" FOUR, "a.sh");
    struct inventory *inventory = repository_must(&repository);
    cr_assert_eq(inventory->account_count, 3);
    cr_assert_str_eq(inventory->accounts[2].alias, "local-003");
    cr_assert(inventory->accounts[0].is_local);
    cr_assert_null(inventory->accounts[0].role_arn);
    repository_close(&repository, inventory);
}

Test(inventory, an_organization_gives_stable_aliases_and_roles)
{
    static const char *const ids[] = {"222222222222", "111111111111"};
    struct repository repository;
    repository_open(&repository,
                    HEAD "accounts: {provider: organizations, organizational_unit: pool, role: itrun-runner, "
                         "region: eu-west-1}\n" ONE,
                    "a.sh");
    repository.gathered.account_ids = ids;
    repository.gathered.account_count = 2;
    struct inventory *inventory = repository_must(&repository);
    cr_assert_eq(inventory->account_count, 2);
    cr_assert_str_eq(inventory->accounts[0].id, "111111111111");
    cr_assert_str_eq(inventory->accounts[0].alias, "account-001");
    cr_assert_str_eq(inventory->accounts[0].role_arn, "arn:aws:iam::111111111111:role/itrun-runner");
    cr_assert_str_eq(inventory->accounts[1].region, "eu-west-1");
    cr_assert_not(inventory->accounts[0].is_local);
    inventory_free(inventory);
    repository.gathered.region = "cn-north-1";
    inventory = repository_must(&repository);
    cr_assert_str_eq(inventory->accounts[0].role_arn, "arn:aws-cn:iam::111111111111:role/itrun-runner");
    repository_close(&repository, inventory);
}

Test(inventory, a_list_keeps_its_order_and_its_names)
{
    static const char *const ids[] = {"222222222222", "111111111111"};
    struct repository repository;
    repository_open(
        &repository,
        HEAD "accounts:\n  provider: list\n  role: \"arn:aws:iam::{account}:role/x\"\n"
             "  region: eu-west-1\n  list: [\"222222222222\", {id: \"111111111111\", alias: blue}]\n" ONE,
        "a.sh");
    repository.gathered.account_ids = ids;
    repository.gathered.account_count = 2;
    struct inventory *inventory = repository_must(&repository);
    cr_assert_str_eq(inventory->accounts[0].id, "222222222222");
    cr_assert_str_eq(inventory->accounts[0].alias, "account-001");
    cr_assert_str_eq(inventory->accounts[1].alias, "blue");
    cr_assert_str_eq(inventory->accounts[1].role_arn, "arn:aws:iam::111111111111:role/x");
    inventory_free(inventory);
    static const char *const twice[] = {"222222222222", "222222222222"};
    repository.gathered.account_ids = twice;
    cr_assert_null(repository_assemble(&repository));
    cr_assert_str_eq(repository.error.what, "the account 222222222222 stands twice among the accounts");
    repository_close(&repository, NULL);
}
