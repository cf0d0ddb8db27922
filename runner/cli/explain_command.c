/* itrun explain STACK - why it would be skipped or deployed in an account, input by input. Reads only. */
#include "commands.h"
#include "itrun/base/json.h"
#include "itrun/base/memory.h"
#include "itrun/model/outcome.h"
#include "itrun/stacks.h"
#include <stdio.h>
#include <string.h>

struct asking {
    struct workspace *workspace;
    struct arena *arena;
    struct error error;
    struct live_stack *stacks;
    size_t stack_count;
    bool is_done;
};

static const struct pair *copy_pairs(struct arena *arena, const struct pair *pairs, size_t count)
{
    struct pair *copy = arena_alloc(arena, (count + 1) * sizeof *copy);
    for (size_t i = 0; i < count; i++) {
        copy[i] = (struct pair){arena_string(arena, pairs[i].name), arena_string(arena, pairs[i].value)};
    }
    return copy;
}

static void answered(void *context, const struct aws_answer *answer)
{
    struct asking *asking = context;
    asking->is_done = true;
    asking->error = answer->error;
    asking->stacks = arena_alloc(asking->arena, (answer->stack_count + 1) * sizeof *asking->stacks);
    for (size_t i = 0; i < answer->stack_count; i++) {
        struct live_stack stack = answer->stacks[i];
        stack.stack_name = arena_string(asking->arena, stack.stack_name);
        stack.stack_id = arena_string(asking->arena, stack.stack_id);
        stack.status_reason = arena_string(asking->arena, stack.status_reason);
        stack.tags = copy_pairs(asking->arena, stack.tags, stack.tag_count);
        stack.outputs = copy_pairs(asking->arena, stack.outputs, stack.output_count);
        stack.parameters = copy_pairs(asking->arena, stack.parameters, stack.parameter_count);
        asking->stacks[i] = stack;
    }
    asking->stack_count = answer->stack_count;
}

static bool ask(struct asking *asking, enum aws_operation operation, size_t account, struct error *error)
{
    struct aws_call call = {.operation = operation, .account = account, .session_name = "itrun.explain"};
    asking->is_done = false;
    aws_perform(asking->workspace->aws, &call, answered, asking);
    while (!asking->is_done) {
        uv_run(&asking->workspace->loop, UV_RUN_ONCE);
    }
    if (asking->error.kind != ERROR_NONE) {
        *error = asking->error;
        return false;
    }
    return true;
}

static const struct live_stack *live_of(const struct asking *asking, size_t stack)
{
    const char *name = asking->workspace->inventory->stacks[stack].stack_name;
    for (size_t i = 0; i < asking->stack_count; i++) {
        if (strcmp(asking->stacks[i].stack_name, name) == 0) {
            return &asking->stacks[i];
        }
    }
    return NULL;
}

static const char *output_of(void *context, size_t from, const char *key)
{
    const struct live_stack *live = live_of(context, from);
    return live != NULL ? pair_value(live->outputs, live->output_count, key) : NULL;
}

/* Every output of every direct dependency: "stack.Key". */
static struct pair *dependency_outputs(const struct asking *asking, size_t index, size_t *ret_count)
{
    const struct inventory *inventory = asking->workspace->inventory;
    const struct stack *stack = &inventory->stacks[index];
    size_t total = 0;
    for (size_t i = 0; i < stack->depend_count; i++) {
        const struct live_stack *live = live_of(asking, stack->depends[i]);
        total += live != NULL ? live->output_count : 0;
    }
    struct pair *pairs = arena_alloc(asking->arena, (total + 1) * sizeof *pairs);
    size_t count = 0;
    for (size_t i = 0; i < stack->depend_count; i++) {
        const struct live_stack *live = live_of(asking, stack->depends[i]);
        for (size_t o = 0; live != NULL && o < live->output_count; o++) {
            const char *name = inventory->stacks[stack->depends[i]].name;
            pairs[count++] = (struct pair){arena_format(asking->arena, "%s.%s", name, live->outputs[o].name),
                                           live->outputs[o].value};
        }
    }
    *ret_count = count;
    return pairs;
}

static void print_difference(void *context, const char *part, const char *how)
{
    text_append_format(context, "  %s %s\n", part, how);
}

static void explain_text(const struct stack *stack, const struct account *account,
                         const struct stack_view *view, const struct stack_decision *decision,
                         struct text *text)
{
    text_append_format(text, "%s in %s: %s: %s\n", stack->name, account->alias,
                       stack_action_name(decision->action), decision->reason);
    text_append_format(text, "  status       %s\n",
                       view->live != NULL ? stack_status_name(view->live->status) : "ABSENT");
    const char *tag =
        view->live != NULL ? pair_value(view->live->tags, view->live->tag_count, FINGERPRINT_TAG) : NULL;
    text_append_format(text, "  deployed     %s\n", tag != NULL ? tag : "(no " FINGERPRINT_TAG " tag)");
    text_append_format(text, "  wanted       %s\n", view->wanted->hex);
    if (view->recorded == NULL) {
        text_append(text, "  what it was deployed from is not recorded here\n");
        return;
    }
    if (view->recorded->is_unfinished) {
        text_append_format(text, "  a deploy was begun by run %s and never ended\n",
                           view->recorded->run != NULL ? view->recorded->run : "?");
    }
    size_t before = text->length;
    fingerprint_compare(view->recorded->parts, view->recorded->part_count, view->wanted->parts,
                        view->wanted->part_count, print_difference, text);
    if (text->length == before) {
        text_append_format(text, "  none of its %zu inputs changed\n", view->wanted->part_count);
    }
}

struct change {
    const char *part; /* looked for */
    const char *how;  /* found, or NULL */
    struct json_writer *json;
};

static void note_change(void *context, const char *part, const char *how)
{
    struct change *change = context;
    change->how = strcmp(part, change->part) == 0 ? how : change->how;
}

static void write_removed(void *context, const char *part, const char *how)
{
    struct change *change = context;
    if (strcmp(how, "removed") == 0) {
        json_write_object(change->json, NULL);
        json_write_string(change->json, "name", part);
        json_write_string(change->json, "change", how);
        json_write_end(change->json, '}');
    }
}

/* Each input and how it differs from what the stack was deployed from; "unknown" where that is not recorded
 * here. */
static void write_inputs(const struct stack_view *view, struct json_writer *json)
{
    const struct fingerprint *wanted = view->wanted;
    const struct ledger_entry *recorded = view->recorded;
    struct change change = {.json = json};
    json_write_array(json, "inputs");
    for (size_t i = 0; i < wanted->part_count; i++) {
        change.part = wanted->parts[i].name;
        change.how = recorded != NULL ? "none" : "unknown";
        if (recorded != NULL) {
            fingerprint_compare(recorded->parts, recorded->part_count, &wanted->parts[i], 1, note_change,
                                &change);
        }
        json_write_object(json, NULL);
        json_write_string(json, "name", wanted->parts[i].name);
        json_write_string(json, "digest", wanted->parts[i].digest);
        json_write_string(json, "change", change.how);
        json_write_end(json, '}');
    }
    if (recorded != NULL) {
        fingerprint_compare(recorded->parts, recorded->part_count, wanted->parts, wanted->part_count,
                            write_removed, &change);
    }
    json_write_end(json, ']');
}

static void explain_json(const struct stack *stack, const struct account *account,
                         const struct stack_view *view, const struct stack_decision *decision,
                         struct text *text)
{
    struct json_writer json;
    json_write_begin(&json, text, 1);
    json_write_object(&json, NULL);
    json_write_string(&json, "stack", stack->name);
    json_write_string(&json, "account", account->alias);
    json_write_string(&json, "action", stack_action_name(decision->action));
    json_write_string(&json, "reason", decision->reason);
    json_write_string(&json, "status", view->live != NULL ? stack_status_name(view->live->status) : "ABSENT");
    json_write_string(&json, "wanted", view->wanted->hex);
    write_inputs(view, &json);
    json_write_end(&json, '}');
    text_append_char(text, '\n');
}

/* A dependency is not deployed yet: so this one will be, after it. */
static void explain_absent(const struct workspace *workspace, const struct stack *stack,
                           const struct account *account, const struct error *missing, struct text *text)
{
    if (!workspace->options->is_json) {
        text_append_format(text, "%s in %s: create: %s\n", stack->name, account->alias, missing->what);
        return;
    }
    struct json_writer json;
    json_write_begin(&json, text, 1);
    json_write_object(&json, NULL);
    json_write_string(&json, "stack", stack->name);
    json_write_string(&json, "account", account->alias);
    json_write_string(&json, "action", stack_action_name(STACK_CREATE));
    json_write_string(&json, "reason", missing->what);
    json_write_end(&json, '}');
    text_append_char(text, '\n');
}

static bool explain(struct workspace *workspace, size_t stack_index, size_t account, struct text *text,
                    struct error *error)
{
    const struct inventory *inventory = workspace->inventory;
    const struct stack *stack = &inventory->stacks[stack_index];
    struct asking asking = {.workspace = workspace, .arena = workspace->arena};
    if (!ask(&asking, AWS_ASSUME_ROLE, account, error) ||
        !ask(&asking, AWS_DESCRIBE_STACKS, account, error)) {
        return false;
    }
    const struct ledger_entry *entries = NULL, *recorded = NULL;
    size_t entry_count = 0;
    if (!lease_store_read_ledger(workspace->lease_store, workspace->arena, account, &entries, &entry_count,
                                 error)) {
        return false;
    }
    for (size_t i = 0; i < entry_count; i++) {
        recorded = strcmp(entries[i].stack_name, stack->stack_name) == 0 ? &entries[i] : recorded;
    }
    size_t output_count = 0;
    struct pair *outputs = dependency_outputs(&asking, stack_index, &output_count);
    struct fingerprint wanted;
    struct error missing = {0};
    if (!fingerprint_compute(inventory, stack_index, output_of, &asking, outputs, output_count,
                             workspace->arena, &wanted, &missing)) {
        explain_absent(workspace, stack, &inventory->accounts[account], &missing, text);
        return true;
    }
    struct stack_view view = {.live = live_of(&asking, stack_index), .wanted = &wanted, .recorded = recorded};
    struct stack_decision decision;
    stack_decide(&view, &decision);
    (workspace->options->is_json ? explain_json : explain_text)(stack, &inventory->accounts[account], &view,
                                                                &decision, text);
    return true;
}

static bool find_account(const struct workspace *workspace, size_t *ret_account, struct error *error)
{
    const char *word = workspace->options->account;
    const struct inventory *inventory = workspace->inventory;
    for (size_t i = 0; i < inventory->account_count; i++) {
        const struct account *account = &inventory->accounts[i];
        if (word == NULL || strcmp(account->id, word) == 0 || strcmp(account->alias, word) == 0) {
            *ret_account = i;
            return true;
        }
    }
    error_set(error, ERROR_USAGE, "the pool has no account %s", word != NULL ? word : "at all");
    return error_hint(error, "itrun list accounts shows them");
}

static bool find_stack(const struct workspace *workspace, size_t *ret_stack, struct error *error)
{
    const struct inventory *inventory = workspace->inventory;
    const char *word = workspace->options->words[0];
    if (inventory_find_stack(inventory, word, ret_stack) != NULL) {
        return true;
    }
    const char **names = arena_alloc(workspace->arena, (inventory->stack_count + 1) * sizeof *names);
    for (size_t i = 0; i < inventory->stack_count; i++) {
        names[i] = inventory->stacks[i].name;
    }
    error_set(error, ERROR_USAGE, "there is no stack %s", word);
    const char *near = nearest_name(word, names, inventory->stack_count);
    return near != NULL ? error_hint(error, "did you mean %s?", near)
                        : error_hint(error, "itrun list stacks shows them");
}

static int run(const struct options *options)
{
    struct error error = {0};
    if (options->word_count != 1) {
        error_set(&error, ERROR_USAGE, "itrun explain wants one stack");
        error_hint(&error, "itrun list stacks shows them");
        complain(&error);
        return EXIT_CODE_USAGE;
    }
    struct workspace workspace = {.run_id = "explain"};
    struct text text = {0};
    size_t stack = 0, account = 0;
    bool is_open = workspace_open(&workspace, options, WANT_ACCOUNTS | WANT_STORES, &error);
    if (is_open && workspace.aws == NULL) {
        is_open = error_set(&error, ERROR_USAGE, "the provider is local: there are no stacks to explain");
    }
    bool is_done = is_open && find_stack(&workspace, &stack, &error) &&
                   find_account(&workspace, &account, &error) &&
                   explain(&workspace, stack, account, &text, &error);
    if (is_done) {
        fputs(text_string(&text), stdout);
    } else if (error.what[0] != '\0') {
        complain(&error);
    }
    int exit_code = is_done ? EXIT_CODE_PASSED : exit_code_of(&error);
    text_clear(&text);
    workspace_close(&workspace);
    return exit_code;
}

const struct command explain_command = {"explain", "STACK",
                                        "why a stack would be skipped or deployed, input by input",
                                        GROUP_ALWAYS | GROUP_ACCOUNT, run};
