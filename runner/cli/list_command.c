/* itrun list suites|stacks|accounts - what the inventory holds; one a line, or JSON. */
#include "commands.h"
#include "itrun/base/json.h"
#include "itrun/base/memory.h"
#include "itrun/model/outcome.h"
#include <stdio.h>
#include <string.h>

static void list_suites(const struct workspace *workspace, const size_t *suites, size_t count,
                        struct json_writer *json, struct text *text)
{
    for (size_t i = 0; i < count; i++) {
        const struct suite *suite = &workspace->inventory->suites[suites[i]];
        if (json == NULL) {
            text_append_format(text, "%s\n", suite->name);
            continue;
        }
        json_write_object(json, NULL);
        json_write_string(json, "name", suite->name);
        json_write_string(json, "group", suite->group);
        json_write_string(json, "framework", suite->framework);
        json_write_string(json, "file", suite->source);
        json_write_array(json, "needs");
        for (size_t n = 0; n < suite->need_count; n++) {
            json_write_string(json, NULL, workspace->inventory->stacks[suite->needs[n]].name);
        }
        json_write_end(json, ']');
        json_write_array(json, "tags");
        for (size_t t = 0; t < suite->tag_count; t++) {
            json_write_string(json, NULL, suite->tags[t]);
        }
        json_write_end(json, ']');
        json_write_int(json, "expected_ms", suite->estimate.expected_ms);
        json_write_end(json, '}');
    }
}

static void list_stacks(const struct workspace *workspace, struct json_writer *json, struct text *text)
{
    const struct inventory *inventory = workspace->inventory;
    for (size_t i = 0; i < inventory->stack_count; i++) {
        const struct stack *stack = &inventory->stacks[i];
        if (json == NULL) {
            text_append_format(text, "%s\t%s\tlevel %zu\n", stack->name, stack->stack_name, stack->level);
            continue;
        }
        json_write_object(json, NULL);
        json_write_string(json, "name", stack->name);
        json_write_string(json, "stack_name", stack->stack_name);
        json_write_int(json, "level", (int64_t)stack->level);
        json_write_array(json, "depends_on");
        for (size_t d = 0; d < stack->depend_count; d++) {
            json_write_string(json, NULL, inventory->stacks[stack->depends[d]].name);
        }
        json_write_end(json, ']');
        json_write_end(json, '}');
    }
}

static bool list_accounts(struct workspace *workspace, struct json_writer *json, struct text *text,
                          struct error *error)
{
    const struct inventory *inventory = workspace->inventory;
    struct lease_row *rows = NULL;
    size_t count = 0;
    if (workspace->lease_store != NULL &&
        !lease_store_list(workspace->lease_store, workspace->arena, &rows, &count, error)) {
        return false;
    }
    for (size_t i = 0; i < inventory->account_count; i++) {
        const struct account *account = &inventory->accounts[i];
        const struct lease_row *row = NULL;
        for (size_t r = 0; r < count && row == NULL; r++) {
            row = rows[r].account == i ? &rows[r] : NULL;
        }
        const char *state = row != NULL ? account_state_name(row->state) : account_state_name(ACCOUNT_FREE);
        const char *owner = row != NULL && row->owner != NULL ? row->owner : "";
        if (json == NULL) {
            text_append_format(text, "%s\t%s\t%s%s%s\n", account->alias,
                               account->is_local ? "local" : account->id, state, owner[0] != '\0' ? "\t" : "",
                               owner);
            continue;
        }
        json_write_object(json, NULL);
        json_write_string(json, "alias", account->alias);
        json_write_string(json, "id", account->is_local ? NULL : account->id);
        json_write_string(json, "state", state);
        json_write_string(json, "owner", owner);
        json_write_int(json, "stacks", (int64_t)account->holding_count);
        json_write_end(json, '}');
    }
    return true;
}

static bool list(struct workspace *workspace, const char *what, struct error *error)
{
    const struct options *options = workspace->options;
    struct text text = {0};
    struct json_writer writer;
    struct json_writer *json = options->is_json ? &writer : NULL;
    if (json != NULL) {
        json_write_begin(json, &text, 1);
        json_write_array(json, NULL);
    }
    bool is_done = true;
    if (strcmp(what, "suites") == 0) {
        struct selection selection = {options->words + 1, options->word_count - 1, options->filter,
                                      options->tag};
        size_t *suites = NULL;
        size_t count = 0;
        is_done =
            inventory_select(workspace->inventory, &selection, workspace->arena, &suites, &count, error);
        if (is_done) {
            list_suites(workspace, suites, count, json, &text);
        }
    } else if (strcmp(what, "stacks") == 0) {
        list_stacks(workspace, json, &text);
    } else {
        is_done = list_accounts(workspace, json, &text, error);
    }
    if (is_done && json != NULL) {
        json_write_end(json, ']');
        text_append_char(&text, '\n');
    }
    if (is_done) {
        fputs(text_string(&text), stdout);
    }
    text_clear(&text);
    return is_done;
}

static int run(const struct options *options)
{
    static const char *const whats[] = {"suites", "stacks", "accounts"};
    struct error error = {0};
    const char *what = options->word_count > 0 ? options->words[0] : "";
    bool is_known = false;
    for (size_t i = 0; i < 3; i++) {
        is_known = is_known || strcmp(whats[i], what) == 0;
    }
    if (!is_known) {
        error_set(&error, ERROR_USAGE, "itrun list wants suites, stacks or accounts%s%s",
                  what[0] != '\0' ? ", not " : "", what);
        const char *near = nearest_name(what, whats, 3);
        error_hint(&error, "itrun list %s", near != NULL ? near : "suites");
        complain(&error);
        return EXIT_CODE_USAGE;
    }
    struct workspace workspace = {.run_id = "list"};
    unsigned wants = strcmp(what, "accounts") == 0 ? WANT_ACCOUNTS | WANT_STORES : WANT_FILES_ONLY;
    bool is_done = workspace_open(&workspace, options, wants, &error) && list(&workspace, what, &error);
    if (!is_done && error.what[0] != '\0') {
        complain(&error);
    }
    int exit_code = is_done ? EXIT_CODE_PASSED : exit_code_of(&error);
    workspace_close(&workspace);
    return exit_code;
}

const struct command list_command = {"list", "suites|stacks|accounts", "what the inventory holds",
                                     GROUP_ALWAYS | GROUP_SELECT, run};
