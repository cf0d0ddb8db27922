/* suites.c - the suites as they are declared; inventory makes one suite of each file. */
#include "reader.h"
#include <string.h>

void glob_check(struct reader *reader, const struct node *node)
{
    if (node->is_broken || node->kind != NODE_SCALAR || node->text[0] == '\0')
        return;
    const char *glob = node->text[0] == '!' ? node->text + 1 : node->text;
    if (glob[0] == '/' || strcmp(glob, "..") == 0 || string_starts_with(glob, "../") ||
        strstr(glob, "/../") || string_starts_with(glob, "./"))
        reader_problem(reader, node->mark,
                       "globs are relative to the directory: without a leading / or ./, without ..",
                       "%s is not a glob below the directory", node_shown(reader, node));
    else if (!glob_is_valid(glob, NULL))
        reader_problem(reader, node->mark,
                       "* and ? stay in one directory, ** goes any depth; [a-z] and {a,b} must close",
                       "%s is not a valid glob", node_shown(reader, node));
}

static void env_read(struct reader *reader, const struct node *mapping, struct config_suite *suite)
{
    struct pair *env = arena_alloc(reader->arena, (mapping->count + 1) * sizeof *env);
    size_t count = 0;
    for (const struct node *child = mapping->first; child; child = child->next) {
        const char *shown = quoted(reader->arena, child->key);
        if (!reader_matches(reader, PATTERN_ENV_NAME, child->key))
            reader_problem(reader, child->key_mark, "use letters, digits and _, not beginning with a digit",
                           "%s is not a name of an environment variable", shown);
        else if (string_equal(child->key, "ITRUN") || string_starts_with(child->key, "ITRUN_"))
            reader_problem(reader, child->key_mark, "choose another name",
                           "%s cannot be set: itrun itself tells suites about the run in ITRUN_*", shown);
        else if (string_starts_with(child->key, "AWS_"))
            reader_problem(reader, child->key_mark, "remove it; the region comes from `accounts`",
                           "%s cannot be set: AWS_* is the identity of the account that a suite runs in",
                           shown);
        const char *value = scalar_read(reader, child, shown, true, "a variable has one value: NAME: text");
        if (value)
            env[count++] = (struct pair){.name = child->key, .value = value};
    }
    suite->env = env;
    suite->env_count = count;
}

/* What a suite of each framework is made of. */
enum made_of { MADE_OF_FILES, MADE_OF_FILES_OR_COMMAND, MADE_OF_ITS_DIRECTORY };
struct framework_row {
    const char *name;
    enum made_of made_of;
    const char *advice; /* where neither files nor a command are given */
};
static const struct framework_row framework_rows[] = {
    {"pytest", MADE_OF_FILES, NULL},
    {"mocha", MADE_OF_FILES, NULL},
    {"jest", MADE_OF_FILES, NULL},
    {"vitest", MADE_OF_FILES, NULL},
    {"playwright", MADE_OF_FILES, NULL},
    {"cypress", MADE_OF_FILES, NULL},
    {"node", MADE_OF_FILES, NULL},
    {"go", MADE_OF_FILES_OR_COMMAND, "add `files: \"**/*_test.go\"`: each directory of them is a suite"},
    {"ctest", MADE_OF_ITS_DIRECTORY, NULL},
    {"criterion", MADE_OF_FILES_OR_COMMAND, "add `command: build/tests/unit`, the program"},
    {"command", MADE_OF_FILES_OR_COMMAND, "add `command: ./smoke.sh`, or `files:` that can be executed"},
};

static const struct framework_row *framework_row(const char *name)
{
    const struct framework_row *row = framework_rows;
    while (strcmp(row->name, name) != 0) {
        row++;
        MUST(row < framework_rows + sizeof framework_rows / sizeof *framework_rows);
    }
    return row;
}

static void framework_check(struct reader *reader, const struct node *node, struct config_suite *suite)
{
    const struct node *framework = node_get(node, "framework");
    if (!framework)
        suite->framework = "command";
    if (!suite->framework)
        return; /* said already */
    struct config_mark mark = framework ? framework->mark : node->mark;
    const struct framework_row *row = framework_row(suite->framework);
    if (!table_knows_all(&keys_suite, node))
        return;
    const struct node *files = node_get(node, "files");
    bool has_files = files && (files->kind != NODE_LIST || files->count > 0);
    bool has_command = node_get(node, "command") != NULL;
    if (row->made_of == MADE_OF_FILES_OR_COMMAND && !has_files && !has_command)
        reader_problem(reader, mark, row->advice, "a suite of the framework %s needs `command` or `files`",
                       suite->framework);
    else if (row->made_of == MADE_OF_FILES && !has_files)
        reader_problem(reader, mark, "add `files:` with globs, or drop `framework` and keep `command`",
                       "a suite of the framework %s needs `files`", suite->framework);
}

/* Two suites with one report file would read each other's results. */
static void report_check(struct reader *reader, const struct node *node, struct config_suite *suite,
                         struct map *reports)
{
    const struct node *report = node_get_kind(node, "report", NODE_SCALAR);
    if (!report || !suite->report)
        return;
    const char *cwd = suite->cwd && strcmp(suite->cwd, ".") != 0 ? suite->cwd : "";
    const char *place = arena_format(reader->arena, "%s/%s", cwd, suite->report);
    const struct config_suite *other = map_get(reports, place);
    if (other)
        reader_problem(reader, report->mark, "give each suite a report of its own",
                       "%s is already the report of the suite %s", node_shown(reader, report),
                       quoted(reader->arena, other->name ? other->name : "?"));
    else
        map_put(reports, place, suite);
}

/* `retries: 2` is two in all; a mapping has a limit for each class, and no other. */
static void retries_read(struct reader *reader, const struct node *node, struct config_suite *suite)
{
    if (node->kind != NODE_MAPPING) {
        suite->retries = retries_same(suite->retries.total);
        return;
    }
    table_read(reader, &keys_retries, node, &suite->retries);
    suite->retries.total = 0;
    for (int i = 0; i < RETRY_CLASS_COUNT; i++)
        suite->retries.total += suite->retries.of[i];
}

static void suite_check(struct reader *reader, const struct node *node, struct config_suite *suite,
                        struct map *names, struct map *reports)
{
    const struct node *name = node_get(node, "name");
    if (suite->name && map_has(names, suite->name))
        reader_problem(reader, name->mark, "give each suite a name of its own", "two suites are called %s",
                       node_shown(reader, name));
    if (suite->name)
        map_put(names, suite->name, suite);
    framework_check(reader, node, suite);
    report_check(reader, node, suite, reports);
    const struct node *files = node_get(node, "files");
    if (files && files->kind == NODE_SCALAR)
        glob_check(reader, files);
    const struct node *entry = files && files->kind == NODE_LIST ? files->first : NULL;
    for (; entry; entry = entry->next)
        glob_check(reader, entry);
    const struct node *retries = node_get(node, "retries");
    if (retries && !retries->is_broken)
        retries_read(reader, retries, suite);
    const struct node *env = node_get_kind(node, "env", NODE_MAPPING);
    if (env)
        env_read(reader, env, suite);
}

void suites_read(struct reader *reader, const struct node *list)
{
    struct config *config = reader->config;
    size_t capacity = list ? list->count + 1 : 1;
    config->suites = arena_alloc(reader->arena, capacity * sizeof *config->suites);
    reader->suite_nodes = arena_alloc(reader->arena, capacity * sizeof *reader->suite_nodes);
    if (!list)
        return;
    if (list->count == 0)
        reader_problem(reader, list->mark, "add one: `- name: smoke` with `command: ./smoke.sh`",
                       "there is no suite to run");
    struct map *names = map_new();
    struct map *reports = map_new();
    for (const struct node *node = list->first; node; node = node->next) {
        struct config_suite *suite = &config->suites[config->suite_count];
        suite->mark = node->mark;
        if (!table_read(reader, &keys_suite, node, suite))
            continue;
        reader->suite_nodes[config->suite_count++] = node;
        suite_check(reader, node, suite, names, reports);
    }
    map_free(names);
    map_free(reports);
}
