/* account_pool.c - the pool: aliases that stay, and the role that is assumed in each account. */
#include "assembly.h"
#include "itrun/base/map.h"
#include <stdlib.h>
#include <string.h>

static const char *partition_of(const char *region)
{
    if (region && string_starts_with(region, "cn-"))
        return "aws-cn";
    return region && string_starts_with(region, "us-gov-") ? "aws-us-gov" : "aws";
}

/* "runner" -> arn:aws:iam::ID:role/runner; an ARN may hold {account}. NULL stays NULL: the caller's own
 * identity. */
static const char *role_arn(const struct assembly *assembly, const char *id)
{
    const char *role = assembly->config->accounts.role;
    if (!role)
        return NULL;
    if (!string_starts_with(role, "arn:"))
        return arena_format(assembly->arena, "arn:%s:iam::%s:role/%s",
                            partition_of(assembly->gathered->region), id, role[0] == '/' ? role + 1 : role);
    struct text arn = {0};
    const char *at = role;
    for (const char *found; (found = strstr(at, "{account}")) != NULL; at = found + strlen("{account}")) {
        text_append_bytes(&arn, at, (size_t)(found - at));
        text_append(&arn, id);
    }
    text_append(&arn, at);
    const char *result = arena_string(assembly->arena, text_string(&arn));
    text_clear(&arn);
    return result;
}

static int compare_ids(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void assemble_local(struct assembly *assembly)
{
    struct inventory *inventory = assembly->inventory;
    for (size_t i = 0; i < inventory->account_count; i++) {
        const char *alias = arena_format(assembly->arena, "local-%03zu", i + 1);
        inventory->accounts[i] =
            (struct account){.id = alias,
                             .alias = alias,
                             .region = arena_string(assembly->arena, assembly->gathered->region),
                             .is_local = true};
    }
}

static const char *alias_of(const struct assembly *assembly, size_t index)
{
    const struct config_accounts *accounts = &assembly->config->accounts;
    bool is_named =
        accounts->provider == ACCOUNTS_LIST && index < accounts->list_count && accounts->list[index].alias;
    return is_named ? arena_string(assembly->arena, accounts->list[index].alias)
                    : arena_format(assembly->arena, "account-%03zu", index + 1);
}

static bool put_once(struct map *seen, const char *name, const char *noun, const struct assembly *assembly,
                     struct error *error)
{
    if (map_has(seen, name)) {
        error_set(error, ERROR_CONFIG, "the %s %s stands twice among the accounts", noun, name);
        return error_where(error, "%s", assembly->config->path);
    }
    map_put(seen, name, seen); /* any value: it is a set */
    return true;
}

static bool fill_accounts(struct assembly *assembly, const char *const *ids, struct map *seen,
                          struct error *error)
{
    struct inventory *inventory = assembly->inventory;
    for (size_t i = 0; i < inventory->account_count; i++) {
        struct account *account = &inventory->accounts[i];
        *account = (struct account){.id = arena_string(assembly->arena, ids[i]),
                                    .alias = alias_of(assembly, i),
                                    .role_arn = role_arn(assembly, ids[i]),
                                    .region = arena_string(assembly->arena, assembly->gathered->region)};
        if (!put_once(seen, account->id, "account", assembly, error) ||
            !put_once(seen, account->alias, "alias", assembly, error))
            return false;
    }
    return true;
}

bool assemble_accounts(struct assembly *assembly, struct error *error)
{
    struct inventory *inventory = assembly->inventory;
    const struct gathered *gathered = assembly->gathered;
    bool is_local = assembly->config->accounts.provider == ACCOUNTS_LOCAL;
    inventory->account_count = is_local ? gathered->local_account_count : gathered->account_count;
    size_t at_most = inventory->suite_count * (gathered->repeat_count > 0 ? gathered->repeat_count : 1);
    if (is_local && inventory->account_count > at_most) {
        inventory->account_count = at_most; /* a directory without a suite is nobody's */
    }
    inventory->accounts =
        arena_alloc(assembly->arena, (inventory->account_count + 1) * sizeof *inventory->accounts);
    if (is_local) {
        assemble_local(assembly);
        return true;
    }
    const char **ids = arena_alloc(assembly->scratch, (inventory->account_count + 1) * sizeof *ids);
    for (size_t i = 0; i < inventory->account_count; i++)
        ids[i] = gathered->account_ids[i];
    /* An organization answers in any order, and an alias must mean the same account tomorrow. */
    if (assembly->config->accounts.provider == ACCOUNTS_ORGANIZATIONS)
        qsort(ids, inventory->account_count, sizeof *ids, compare_ids);
    struct map *seen = map_new();
    bool is_done = fill_accounts(assembly, ids, seen, error);
    map_free(seen);
    return is_done;
}
