/* accounts.c - where the accounts come from. */
#include "reader.h"
#include <string.h>

static void account_check(struct reader *reader, const struct node *node, const char *value, struct map *seen,
                          const char *noun)
{
    if (map_has(seen, value))
        reader_problem(reader, node->mark, "each account stands once", "the %s %s stands twice", noun,
                       node_shown(reader, node));
    map_put(seen, value, reader);
}

static void list_read(struct reader *reader, const struct node *list, struct config_accounts *accounts)
{
    struct config_account *entries = arena_alloc(reader->arena, (list->count + 1) * sizeof *entries);
    struct map *ids = map_new();
    struct map *aliases = map_new();
    size_t count = 0;
    for (const struct node *entry = list->first; entry; entry = entry->next) {
        struct config_account *account = &entries[count++];
        if (entry->kind == NODE_MAPPING) {
            table_read(reader, &keys_account, entry, account);
            if (account->id)
                account_check(reader, node_get(entry, "id"), account->id, ids, "account");
            if (account->alias)
                account_check(reader, node_get(entry, "alias"), account->alias, aliases, "alias");
            continue;
        }
        const char *advice = keys_account.keys[0].advice;
        const char *id = scalar_read(reader, entry, "an account", false, advice);
        if (!id)
            continue;
        if (!reader_matches(reader, PATTERN_ACCOUNT_ID, id))
            reader_problem(reader, entry->mark, advice, "%s is not an account number",
                           node_shown(reader, entry));
        account_check(reader, entry, id, ids, "account");
        account->id = id;
    }
    map_free(ids);
    map_free(aliases);
    accounts->list = entries;
    accounts->list_count = count;
}

static void key_require(struct reader *reader, const struct node *node, const char *key)
{
    const char *advice = "";
    for (size_t i = 0; i < keys_accounts.count; i++) {
        if (strcmp(keys_accounts.keys[i].name, key) == 0)
            advice = keys_accounts.keys[i].advice;
    }
    const struct node *provider = node_get(node, "provider");
    if (!node_get(node, key))
        reader_problem(reader, provider->mark, advice, "the provider %s needs `%s`",
                       node_shown(reader, provider), key);
}

static void store_check(struct reader *reader, const struct node *node)
{
    const struct node *store = node_get_kind(node, "store", NODE_SCALAR);
    if (store && string_starts_with(store->text, "dynamodb:"))
        reader_problem(reader, store->mark, "use sqlite:PATH for now, or leave `store` out",
                       "a store in DynamoDB is not supported yet");
}

void accounts_read(struct reader *reader, const struct node *node)
{
    struct config_accounts *accounts = &reader->config->accounts;
    accounts->provider = ACCOUNTS_LOCAL;
    if (!node)
        return;
    if (!table_read(reader, &keys_accounts, node, accounts))
        return;
    store_check(reader, node);
    const struct node *list = node_get_kind(node, "list", NODE_LIST);
    if (list)
        list_read(reader, list, accounts);

    const struct node *provider = node_get_kind(node, "provider", NODE_SCALAR);
    const char *name = provider ? provider->text : "local";
    if (strcmp(name, "organizations") == 0) {
        accounts->provider = ACCOUNTS_ORGANIZATIONS;
        key_require(reader, node, "organizational_unit");
        key_require(reader, node, "role");
    } else if (strcmp(name, "list") == 0) {
        accounts->provider = ACCOUNTS_LIST;
        key_require(reader, node, "list");
        key_require(reader, node, "role");
        if (list && list->count == 0)
            reader_problem(reader, list->mark, "name at least one account", "the list of accounts is empty");
    }
}
