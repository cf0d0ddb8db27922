/* workspace.c - gathers what a command needs: configuration, files, accounts, estimates, holdings. */
#include "commands.h"
#include "ci_environment.h"
#include "itrun/base/memory.h"
#include "itrun/host/listing.h"
#include "itrun/model/outcome.h"
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONFIG_LIMIT_BYTES   (1024 * 1024)
#define TEMPLATE_LIMIT_BYTES (1024 * 1024)
#define INPUT_LIMIT_BYTES    (1024L * 1024 * 1024)
#define HISTORY_ROWS         10

bool config_find(const struct options *options, struct text *ret_path, struct error *error)
{
    char resolved[PATH_MAX];
    if (options->config != NULL) {
        if (realpath(options->config, resolved) == NULL) {
            error_set(error, ERROR_CONFIG, "there is no configuration %s", options->config);
            return error_hint(error, "give the path of an itrun.yaml with -c");
        }
        text_append(ret_path, resolved);
        return true;
    }
    if (getcwd(resolved, sizeof resolved) == NULL) {
        return error_set(error, ERROR_IO, "the current directory cannot be read");
    }
    for (;;) {
        text_reset(ret_path);
        text_append_format(ret_path, "%s/itrun.yaml", strcmp(resolved, "/") == 0 ? "" : resolved);
        if (access(text_string(ret_path), F_OK) == 0) {
            return true;
        }
        char *slash = strrchr(resolved, '/');
        if (slash == NULL || strcmp(resolved, "/") == 0) {
            error_set(error, ERROR_CONFIG, "no itrun.yaml here or in any folder above");
            return error_hint(error, "write one (see README.md), or give its path with -c");
        }
        slash[slash == resolved ? 1 : 0] = '\0';
    }
}

static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == path ? memory_copy_string("/") : memory_copy_bytes(path, (size_t)(slash - path));
}

bool output_folder(const struct options *options, struct text *ret_path, struct error *error)
{
    if (options->output != NULL) {
        char here[PATH_MAX];
        if (options->output[0] != '/' && getcwd(here, sizeof here) != NULL) {
            text_append_format(ret_path, "%s/", here);
        }
        text_append(ret_path, options->output);
        return true;
    }
    struct text config = {0};
    bool is_found = config_find(options, &config, error);
    if (is_found) {
        char *folder = folder_of(text_string(&config));
        text_append_format(ret_path, "%s/.itrun", folder);
        memory_free(folder);
    }
    text_clear(&config);
    return is_found;
}

struct config *config_open(const struct options *options, const char *path, struct error *error)
{
    char *bytes = NULL;
    size_t length = 0;
    if (!file_read(path, CONFIG_LIMIT_BYTES, &bytes, &length, error)) {
        return NULL;
    }
    struct text report = {0};
    const char *shown = options->config != NULL ? options->config : path;
    struct config *config = config_parse(shown, bytes, length, environment_value, NULL, &report, error);
    memory_free(bytes);
    if (config == NULL && report.length > 0) {
        fputs(text_string(&report), stderr);
        error->what[0] = '\0';
    }
    text_clear(&report);
    return config;
}

static bool read_config(struct workspace *workspace, struct error *error)
{
    struct text path = {0};
    if (!config_find(workspace->options, &path, error)) {
        text_clear(&path);
        return false;
    }
    workspace->config_path = text_take(&path);
    workspace->root = folder_of(workspace->config_path);
    if (!output_folder(workspace->options, &path, error)) {
        return false;
    }
    workspace->output = text_take(&path);
    workspace->config = config_open(workspace->options, workspace->config_path, error);
    return workspace->config != NULL;
}

static bool hash_file(const char *root, const char *path, char ret_hex[HASH_HEX_SIZE], struct error *error)
{
    struct text full = {0};
    text_append_format(&full, "%s/%s", root, path);
    char *bytes = NULL;
    size_t length = 0;
    bool is_read = file_read(text_string(&full), INPUT_LIMIT_BYTES, &bytes, &length, error);
    if (is_read) {
        hash_bytes(bytes, length, ret_hex);
        memory_free(bytes);
    }
    text_clear(&full);
    return is_read;
}

static bool hash_inputs(struct workspace *workspace, struct listed_file *files, size_t count,
                        struct error *error)
{
    const char *const *wanted = NULL;
    size_t wanted_count = inventory_hash_wanted(workspace->config, files, count, workspace->arena, &wanted);
    size_t at = 0;
    for (size_t i = 0; i < wanted_count; i++) { /* both lists are sorted */
        while (at < count && strcmp(files[at].path, wanted[i]) < 0) {
            at++;
        }
        if (at < count && strcmp(files[at].path, wanted[i]) == 0 &&
            !hash_file(workspace->root, wanted[i], files[at].digest, error)) {
            return false;
        }
    }
    return true;
}

static bool list_files(struct workspace *workspace, struct gathered *gathered, struct error *error)
{
    const char *const *paths = NULL;
    size_t count = 0;
    if (!listing_files(workspace->root, workspace->arena, &paths, &count, error)) {
        return false;
    }
    struct listed_file *files = arena_alloc(workspace->arena, (count + 1) * sizeof *files);
    for (size_t i = 0; i < count; i++) {
        files[i].path = paths[i];
    }
    gathered->files = files;
    gathered->file_count = count;
    return hash_inputs(workspace, files, count, error);
}

static bool read_templates(struct workspace *workspace, const char *const **ret_bodies, struct error *error)
{
    const struct config *config = workspace->config;
    const char **bodies = arena_alloc(workspace->arena, (config->stack_count + 1) * sizeof *bodies);
    for (size_t i = 0; i < config->stack_count; i++) {
        const struct config_stack *stack = &config->stacks[i];
        if (stack->template_path == NULL) {
            continue;
        }
        struct text path = {0};
        bool is_absolute = stack->template_path[0] == '/';
        text_append_format(&path, "%s%s%s", is_absolute ? "" : workspace->root, is_absolute ? "" : "/",
                           stack->template_path);
        char *bytes = NULL;
        size_t length = 0;
        struct error why = {0};
        bool is_read = file_read(text_string(&path), TEMPLATE_LIMIT_BYTES, &bytes, &length, &why);
        text_clear(&path);
        if (!is_read) {
            config_error(error, config, stack->mark, "template of stack %s: %s", stack->name, why.what);
            return false;
        }
        bodies[i] = arena_bytes(workspace->arena, bytes, length);
        memory_free(bytes);
    }
    *ret_bodies = bodies;
    return true;
}

/* --- accounts ---------------------------------------------------------------------------------------- */

struct listed_accounts {
    struct workspace *workspace;
    struct gathered *gathered;
    struct error error;
    bool is_done;
};

static void accounts_listed(void *context, const char *const *ids, size_t count, const struct error *error)
{
    struct listed_accounts *listed = context;
    listed->is_done = true;
    if (error != NULL && error->kind != ERROR_NONE) {
        listed->error = *error;
        return;
    }
    const char **copy = arena_alloc(listed->workspace->arena, (count + 1) * sizeof *copy);
    for (size_t i = 0; i < count; i++) {
        copy[i] = arena_string(listed->workspace->arena, ids[i]);
    }
    listed->gathered->account_ids = copy;
    listed->gathered->account_count = count;
}

static void note_closed(void *context)
{
    *(bool *)context = true;
}

static void close_aws(struct workspace *workspace)
{
    bool is_closed = false;
    aws_close(workspace->aws, note_closed, &is_closed);
    while (!is_closed) {
        uv_run(&workspace->loop, UV_RUN_ONCE);
    }
    workspace->aws = NULL;
}

/* ITRUN_AWS_RETRY_BUDGET: how long one call may go on being retried; ret is untouched where it is not set. */
static bool find_retry_budget(int64_t *ret_budget_ms, struct error *error)
{
    const char *word = getenv("ITRUN_AWS_RETRY_BUDGET");
    if (word == NULL || word[0] == '\0' || duration_parse(word, ret_budget_ms)) {
        return true;
    }
    error_set(error, ERROR_CONFIG, "ITRUN_AWS_RETRY_BUDGET wants a duration, not '%s'", word);
    return error_hint(error, "like 60s or 5m");
}

static bool open_aws(struct workspace *workspace, const struct gathered *gathered, struct error *error)
{
    int64_t budget_ms = 0;
    if (!find_retry_budget(&budget_ms, error)) {
        return false;
    }
    struct aws_options options = {
        .retry_budget_ms = budget_ms,
        .endpoint = gathered->endpoint,
        .region = gathered->region,
        .ca_bundle = getenv("AWS_CA_BUNDLE"),
        .identity = &workspace->identity,
        .accounts = workspace->inventory != NULL ? workspace->inventory->accounts : NULL,
        .account_count = workspace->inventory != NULL ? workspace->inventory->account_count : 0,
        .seed = (uint64_t)clock_monotonic_us(),
    };
    workspace->aws = aws_new(&workspace->loop, &options, error);
    return workspace->aws != NULL;
}

static bool list_organization(struct workspace *workspace, struct gathered *gathered, struct error *error)
{
    if (!open_aws(workspace, gathered, error)) {
        return false;
    }
    struct listed_accounts listed = {.workspace = workspace, .gathered = gathered};
    aws_list_accounts(workspace->aws, workspace->config->accounts.organizational_unit, accounts_listed,
                      &listed);
    while (!listed.is_done) {
        uv_run(&workspace->loop, UV_RUN_ONCE);
    }
    workspace->listing_requests = aws_request_count(workspace->aws);
    close_aws(workspace);
    if (listed.error.kind != ERROR_NONE) {
        *error = listed.error;
        return error_prefix(error, "listing the accounts of %s",
                            workspace->config->accounts.organizational_unit);
    }
    return true;
}

static bool find_accounts(struct workspace *workspace, struct gathered *gathered, struct error *error)
{
    const struct config_accounts *accounts = &workspace->config->accounts;
    if (accounts->provider == ACCOUNTS_LOCAL) {
        int64_t asked = workspace->options->shards;
        size_t count = asked > 0 ? (size_t)asked : workspace->config->shard_count;
        gathered->repeat_count = (size_t)workspace->options->repeat;
        gathered->local_account_count =
            count > 0 ? count : jobs_that_fit(); /* as many as shards can run at once */
        return true;
    }
    if (!aws_identity_find(environment_value, NULL, &workspace->identity, error)) {
        return false;
    }
    const char *endpoint = getenv("AWS_ENDPOINT_URL");
    gathered->endpoint = accounts->endpoint != NULL ? accounts->endpoint : endpoint;
    gathered->region = accounts->region != NULL ? accounts->region
                                                : arena_string(workspace->arena, workspace->identity.region);
    if (gathered->region == NULL || gathered->region[0] == '\0') {
        error_set(error, ERROR_CONFIG, "no region is configured");
        return error_hint(error, "set accounts.region in the configuration, or AWS_REGION");
    }
    if (accounts->provider == ACCOUNTS_ORGANIZATIONS) {
        return list_organization(workspace, gathered, error);
    }
    const char **ids = arena_alloc(workspace->arena, (accounts->list_count + 1) * sizeof *ids);
    for (size_t i = 0; i < accounts->list_count; i++) {
        ids[i] = accounts->list[i].id;
    }
    gathered->account_ids = ids;
    gathered->account_count = accounts->list_count;
    return true;
}

/* --- stores ------------------------------------------------------------------------------------------ */

static bool open_lease_store(struct workspace *workspace, struct error *error)
{
    const struct inventory *inventory = workspace->inventory;
    struct text path = {0};
    const char *configured = workspace->config->accounts.store;
    if (configured != NULL && strncmp(configured, "sqlite:", 7) == 0) {
        bool is_absolute = configured[7] == '/';
        text_append_format(&path, "%s%s%s", is_absolute ? "" : workspace->root, is_absolute ? "" : "/",
                           configured + 7);
    } else if (!lease_store_default_path(environment_value, NULL, &path, error)) {
        text_clear(&path);
        return false;
    }
    char host[256] = "localhost";
    gethostname(host, sizeof host - 1);
    struct lease_store_options options = {
        .path = text_string(&path),
        .endpoint = inventory->endpoint != NULL ? inventory->endpoint : "",
        .region = inventory->account_count > 0 ? inventory->accounts[0].region : "",
        .owner_run = workspace->run_id,
        .hold_run = workspace->hold_run,
        .owner_host = host,
        .owner_worker = "1",
        .accounts = inventory->accounts,
        .account_count = inventory->account_count,
    };
    workspace->lease_store = lease_store_open(&workspace->loop, &options, error);
    text_clear(&path);
    return workspace->lease_store != NULL;
}

static bool add_holdings(struct workspace *workspace, struct error *error)
{
    struct inventory *inventory = workspace->inventory;
    for (size_t i = 0; i < inventory->account_count; i++) {
        const struct ledger_entry *entries = NULL;
        size_t count = 0;
        if (!lease_store_read_ledger(workspace->lease_store, workspace->arena, i, &entries, &count, error)) {
            return false;
        }
        inventory_add_holdings(inventory, i, entries, count);
    }
    return true;
}

/* History is a cache: what cannot be read is said, and costs time only. */
static void open_history(struct workspace *workspace)
{
    struct error error = {0};
    struct text path = {0};
    text_append_format(&path, "%s/itrun.db", workspace->output);
    bool is_open = file_make_folders(workspace->output, &error);
    if (is_open) {
        workspace->history = history_store_open(&workspace->loop, text_string(&path), &error);
        is_open = workspace->history != NULL;
    }
    struct inventory *inventory = workspace->inventory;
    for (size_t i = 0; is_open && i < inventory->suite_count; i++) {
        struct history_row *rows = NULL;
        size_t count = 0;
        is_open = history_store_read(workspace->history, workspace->arena, inventory->suites[i].name,
                                     HISTORY_ROWS, &rows, &count, &error);
        if (is_open && count > 0) {
            struct estimate estimate = {0};
            estimate_from_history(rows, count, &estimate);
            inventory_add_estimate(inventory, i, &estimate);
        }
    }
    if (!is_open) {
        error_prefix(&error, "history is not used");
        complain(&error);
    }
    text_clear(&path);
}

static bool open_stores(struct workspace *workspace, struct error *error)
{
    open_history(workspace);
    if (workspace->config->accounts.provider == ACCOUNTS_LOCAL) {
        return true;
    }
    return open_lease_store(workspace, error) && add_holdings(workspace, error);
}

/* --- open, close ------------------------------------------------------------------------------------- */

bool workspace_open(struct workspace *workspace, const struct options *options, unsigned wants,
                    struct error *error)
{
    const char *run_id = workspace->run_id, *hold_run = workspace->hold_run;
    *workspace =
        (struct workspace){.options = options, .arena = arena_new(), .run_id = run_id, .hold_run = hold_run};
    uv_loop_init(&workspace->loop);
    if (!read_config(workspace, error)) {
        return false;
    }
    struct gathered gathered = {.root = workspace->root};
    struct checkout checkout = {0};
    listing_checkout(workspace->root, workspace->arena, &checkout);
    gathered.commit = checkout.commit;
    gathered.branch = checkout.branch;
    gathered.is_dirty = checkout.is_dirty;
    ci_environment_read(options, workspace->arena, &workspace->ci);
    ci_correct_checkout(&workspace->ci, &gathered.commit, &gathered.branch);
    gathered.base = workspace->ci.base;
    gathered.base_commit = workspace->ci.base_commit;
    gathered.job = ci_describe(&workspace->ci, workspace->arena);
    gathered.job_url = workspace->ci.job_url;
    const char *const *bodies = NULL;
    if (!list_files(workspace, &gathered, error) || !read_templates(workspace, &bodies, error)) {
        return false;
    }
    if ((wants & (WANT_ACCOUNTS | WANT_STORES)) != 0 && !find_accounts(workspace, &gathered, error)) {
        return false;
    }
    workspace->inventory = inventory_assemble(workspace->config, &gathered, bodies, error);
    if (workspace->inventory == NULL) {
        return false;
    }
    bool is_local = workspace->config->accounts.provider == ACCOUNTS_LOCAL;
    if ((wants & WANT_ACCOUNTS) != 0 && !is_local && !open_aws(workspace, &gathered, error)) {
        return false;
    }
    return (wants & WANT_STORES) == 0 || open_stores(workspace, error);
}

static void history_closed(void *context, const struct error *error)
{
    if (error != NULL && error->kind != ERROR_NONE) {
        complain(error);
    }
    *(bool *)context = true;
}

static void wait_for(struct workspace *workspace, const bool *is_closed)
{
    while (!*is_closed) {
        uv_run(&workspace->loop, UV_RUN_ONCE);
    }
}

void workspace_close(struct workspace *workspace)
{
    bool is_closed = false;
    if (workspace->history != NULL) {
        history_store_close(workspace->history, history_closed, &is_closed);
        wait_for(workspace, &is_closed);
    }
    if (workspace->lease_store != NULL) {
        is_closed = false;
        lease_store_close(workspace->lease_store, note_closed, &is_closed);
        wait_for(workspace, &is_closed);
    }
    if (workspace->aws != NULL) {
        close_aws(workspace);
    }
    uv_run(&workspace->loop, UV_RUN_DEFAULT);
    MUST(uv_loop_close(&workspace->loop) == 0);
    inventory_free(workspace->inventory);
    config_free(workspace->config);
    arena_free(workspace->arena);
    memory_free(workspace->config_path);
    memory_free(workspace->root);
    memory_free(workspace->output);
}
