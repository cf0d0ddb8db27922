/* itrun accounts list|release - the pool: who has which account, what is held for whom, and ending a hold. */
#include "commands.h"
#include "itrun/base/json.h"
#include "itrun/model/outcome.h"
#include <stdio.h>
#include <string.h>

static void describe(const struct workspace *workspace, const struct lease_row *row, struct text *text)
{
    const struct account *account = &workspace->inventory->accounts[row->account];
    text_append_format(text, "%s\t%s\t%s", account->alias, account->id, account_state_name(row->state));
    if (row->owner != NULL) {
        text_append_format(text, "\t%s", row->owner);
    } else if (row->reason != NULL) {
        text_append_format(text, "\t%s", row->reason);
    }
    if (row->hold_run != NULL) {
        char until[32];
        time_format_utc(row->hold_until_us, until);
        text_append_format(text, "\tshard %zu of run %s, until %.10s %.5s UTC", row->hold_shard,
                           row->hold_run, until, until + 11);
    }
    text_append_char(text, '\n');
}

static void describe_json(const struct workspace *workspace, const struct lease_row *row,
                          struct json_writer *json)
{
    const struct account *account = &workspace->inventory->accounts[row->account];
    json_write_object(json, NULL);
    json_write_string(json, "alias", account->alias);
    json_write_string(json, "id", account->id);
    json_write_string(json, "state", account_state_name(row->state));
    json_write_string(json, "owner", row->owner);
    json_write_string(json, "reason", row->reason);
    if (row->hold_run != NULL) {
        char until[32];
        time_format_utc(row->hold_until_us, until);
        json_write_object(json, "hold");
        json_write_string(json, "run", row->hold_run);
        json_write_int(json, "shard", (int64_t)row->hold_shard);
        json_write_string(json, "until", until);
        json_write_end(json, '}');
    }
    json_write_end(json, '}');
}

static bool list(struct workspace *workspace, struct error *error)
{
    struct lease_row *rows = NULL;
    size_t count = 0;
    if (!lease_store_list(workspace->lease_store, workspace->arena, &rows, &count, error)) {
        return false;
    }
    struct text text = {0};
    struct json_writer json;
    bool is_json = workspace->options->is_json;
    if (is_json) {
        json_write_begin(&json, &text, 1);
        json_write_array(&json, NULL);
    }
    for (size_t i = 0; i < count; i++) {
        if (is_json) {
            describe_json(workspace, &rows[i], &json);
        } else {
            describe(workspace, &rows[i], &text);
        }
    }
    if (is_json) {
        json_write_end(&json, ']');
        text_append_char(&text, '\n');
    }
    fputs(text_string(&text), stdout);
    text_clear(&text);
    return true;
}

static size_t find_account(const struct inventory *inventory, const char *word)
{
    for (size_t i = 0; i < inventory->account_count; i++) {
        if (strcmp(inventory->accounts[i].alias, word) == 0 || strcmp(inventory->accounts[i].id, word) == 0) {
            return i;
        }
    }
    return NO_INDEX;
}

static bool unknown_account(const struct workspace *workspace, const char *word, struct error *error)
{
    const struct inventory *inventory = workspace->inventory;
    const char **names = arena_alloc(workspace->arena, (inventory->account_count + 1) * sizeof *names);
    for (size_t i = 0; i < inventory->account_count; i++) {
        names[i] = inventory->accounts[i].alias;
    }
    error_set(error, ERROR_USAGE, "the pool has no account %s", word);
    const char *near = nearest_name(word, names, inventory->account_count);
    return near != NULL ? error_hint(error, "did you mean %s?", near)
                        : error_hint(error, "itrun accounts list shows them");
}

static bool release(struct workspace *workspace, struct error *error)
{
    const struct options *options = workspace->options;
    if (options->word_count < 2) {
        error_set(error, ERROR_USAGE, "itrun accounts release wants an account");
        return error_hint(error, "itrun accounts list shows what is held");
    }
    for (size_t i = 1; i < options->word_count; i++) {
        size_t account = find_account(workspace->inventory, options->words[i]);
        if (account == NO_INDEX) {
            return unknown_account(workspace, options->words[i], error);
        }
        if (!lease_store_end_hold(workspace->lease_store, account, error)) {
            error_prefix(error, "%s cannot be released", options->words[i]);
            return error->kind == ERROR_GONE
                       ? error_hint(error, "only holds are ended by hand; leases end with their run")
                       : error_hint(error, "itrun accounts list shows who; end that first");
        }
        printf("%s is released: whoever gets it next trusts nothing in it\n", options->words[i]);
    }
    return true;
}

static bool act(struct workspace *workspace, const char *what, struct error *error)
{
    if (workspace->lease_store == NULL) {
        error_set(error, ERROR_USAGE, "accounts of provider local belong to their run and are never leased");
        return error_hint(error, "itrun list accounts shows them");
    }
    return strcmp(what, "list") == 0 ? list(workspace, error) : release(workspace, error);
}

static int run(const struct options *options)
{
    static const char *const whats[] = {"list", "release"};
    struct error error = {0};
    const char *what = options->word_count > 0 ? options->words[0] : "";
    if (strcmp(what, "list") != 0 && strcmp(what, "release") != 0) {
        error_set(&error, ERROR_USAGE, "itrun accounts wants list or release%s%s",
                  what[0] != '\0' ? ", not " : "", what);
        const char *near = nearest_name(what, whats, 2);
        error_hint(&error, "itrun accounts %s", near != NULL ? near : "list");
        complain(&error);
        return EXIT_CODE_USAGE;
    }
    struct workspace workspace = {.run_id = "accounts"};
    bool is_done = workspace_open(&workspace, options, WANT_ACCOUNTS | WANT_STORES, &error) &&
                   act(&workspace, what, &error);
    if (!is_done && error.what[0] != '\0') {
        complain(&error);
    }
    int exit_code = is_done ? EXIT_CODE_PASSED : exit_code_of(&error);
    workspace_close(&workspace);
    return exit_code;
}

const struct command accounts_command = {"accounts", "list|release [ACCOUNT…]",
                                         "who has which account; end a hold", GROUP_ALWAYS, run};
