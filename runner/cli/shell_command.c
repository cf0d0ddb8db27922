/* itrun shell - a person in the place of a suite: a shell or a command in a leased account, with what a suite
 * of that shard is given.
 *
 * It is a run of one lane whose one suite is the command, so that leases, credentials, stacks and guards are
 * those of every run; only its record is thrown away, and its terminal is the person's. */
#include "commands.h"
#include "itrun/base/memory.h"
#include "itrun/host/process.h"
#include "itrun/model/outcome.h"
#include "journal_read.h"
#include "manifest.h"
#include "run_id.h"
#include "shell_sink.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Whose place is taken. Strings in the arena. */
struct errand {
    struct arena *arena;
    const char *run; /* NULL: of no earlier run */
    const char *seed;
    size_t shard, shards;
    const char *account; /* alias of the one that the shard had, or NULL */
    const char **suites; /* of that shard; the one that is stood in for comes first */
    size_t suite_count;
};

/* --- which shard of which run ------------------------------------------------------------------------ */

static bool choose_shard(const struct options *options, const struct fold *fold, struct errand *errand,
                         struct error *error)
{
    errand->shards = fold->start.start.shard_count;
    errand->shard = options->shard > 0 ? (size_t)options->shard : 1;
    for (size_t i = 0; options->shard == 0 && i < fold->suite_count; i++) { /* the first that went wrong */
        const struct fold_suite *suite = &fold->suites[i];
        bool is_asked = options->suite != NULL ? strcmp(options->suite, suite->name) == 0
                                               : outcome_is_bad(suite->outcome);
        if (is_asked && suite->shard > 0) {
            errand->shard = suite->shard;
            break;
        }
    }
    if (errand->shard > errand->shards) {
        error_set(error, ERROR_USAGE, "the run had no shard %zu", errand->shard);
        return error_hint(error, "it had shards 1 to %zu", errand->shards);
    }
    return true;
}

static void add_suites(const struct options *options, const struct fold *fold, struct errand *errand)
{
    errand->suites = arena_alloc(errand->arena, (fold->suite_count + 1) * sizeof *errand->suites);
    size_t first = 0;
    bool is_bad_found = false;
    for (size_t i = 0; i < fold->suite_count; i++) {
        const struct fold_suite *suite = &fold->suites[i];
        if (suite->shard != errand->shard) {
            continue;
        }
        bool is_it = options->suite != NULL ? strcmp(options->suite, suite->name) == 0
                                            : outcome_is_bad(suite->outcome) && !is_bad_found;
        if (is_it) {
            is_bad_found = true;
            first = errand->suite_count;
        }
        errand->suites[errand->suite_count++] = arena_string(errand->arena, suite->name);
    }
    if (errand->suite_count > 0) {
        const char *name = errand->suites[first];
        errand->suites[first] = errand->suites[0];
        errand->suites[0] = name;
    }
}

static bool read_event(void *context, const struct event *event, struct error *error)
{
    return fold_event(context, event, error);
}

static bool read_run(const struct options *options, const char *folder, struct errand *errand,
                     struct error *error)
{
    struct fold *fold = fold_new();
    struct manifest manifest = {0};
    bool is_read = manifest_read(folder, errand->arena, &manifest, error) &&
                   journal_read(folder, read_event, fold, error) &&
                   choose_shard(options, fold, errand, error);
    if (is_read) {
        errand->run = manifest.run;
        errand->seed = manifest.seed;
        add_suites(options, fold, errand);
        const char *account =
            errand->shard <= fold->shard_count ? fold->shards[errand->shard - 1].account : NULL;
        errand->account = arena_string(errand->arena, account);
    }
    fold_free(fold);
    return is_read;
}

static bool find_errand(const struct options *options, struct errand *errand, struct error *error)
{
    if (options->word_count == 0 && options->shard == 0) {
        return true;
    }
    struct run_folder folder = {0};
    bool is_found = run_folder_open(options, &folder, error) &&
                    read_run(options, text_string(&folder.path), errand, error);
    run_folder_close(&folder);
    return is_found;
}

/* --- the suite that is stood in for ------------------------------------------------------------------ */

/* Each suite's needs are in deploy order, dependencies included; so is what they add up to. */
static void add_needs(struct workspace *workspace, const struct suite *from, struct suite *to)
{
    size_t *needs = arena_alloc(workspace->arena, (to->need_count + from->need_count + 1) * sizeof *needs);
    size_t count = to->need_count;
    if (count > 0) {
        memcpy(needs, to->needs, count * sizeof *needs);
    }
    for (size_t i = 0; i < from->need_count; i++) {
        bool is_there = false;
        for (size_t j = 0; j < count; j++) {
            is_there = is_there || needs[j] == from->needs[i];
        }
        if (!is_there) {
            needs[count++] = from->needs[i];
        }
    }
    to->needs = needs;
    to->need_count = count;
}

static bool is_of_shard(const struct errand *errand, const char *name)
{
    for (size_t i = 0; i < errand->suite_count; i++) {
        if (string_equal(errand->suites[i], name)) {
            return true;
        }
    }
    return false;
}

static bool find_stand_in(struct workspace *workspace, const struct errand *errand, const char *asked,
                          struct suite **ret_suite, struct error *error)
{
    struct inventory *inventory = workspace->inventory;
    const char *name = asked != NULL ? asked : errand->suite_count > 0 ? errand->suites[0] : NULL;
    size_t index = 0;
    if (inventory->suite_count == 0) {
        return error_set(error, ERROR_CONFIG, "the configuration has no suite to stand in for");
    }
    if (name != NULL && inventory_find_suite(inventory, name, &index) == NULL) {
        error_set(error, ERROR_USAGE, "there is no suite %s here", name);
        return error_hint(error, "itrun list suites shows what there is; is this the commit of that run?");
    }
    *ret_suite = &inventory->suites[index];
    struct suite needs = {0};
    bool is_of_run = errand->run != NULL;
    for (size_t i = 0; i < inventory->suite_count; i++) {
        const struct suite *suite = &inventory->suites[i];
        bool is_asked =
            asked == NULL || suite == *ret_suite; /* of no run and no suite: what any suite needs */
        if (is_of_run ? is_of_shard(errand, suite->name) : is_asked) {
            add_needs(workspace, suite, &needs);
        }
    }
    (*ret_suite)->needs = needs.needs;
    (*ret_suite)->need_count = needs.need_count;
    return true;
}

static void become_shell(struct workspace *workspace, const struct options *options, struct suite *suite)
{
    struct text command = {0};
    const char *shell = getenv("SHELL");
    text_append(&command, "exec");
    for (size_t i = 0; i < options->rest_count; i++) {
        text_append_char(&command, ' ');
        text_append_shell_word(&command, options->rest[i]);
    }
    if (options->rest_count == 0) {
        text_append_char(&command, ' ');
        text_append_shell_word(&command, shell != NULL && shell[0] == '/' ? shell : "/bin/sh");
    }
    text_append(&command, " ;"); /* a shell's own word, whatever the command is */
    suite->framework = "command";
    suite->command = arena_string(workspace->arena, text_string(&command));
    suite->file = suite->report = NULL;
    suite->timeout_ms = 0;
    text_clear(&command);
}

/* --- which account ----------------------------------------------------------------------------------- */

static bool find_held(struct workspace *workspace, const struct errand *errand, size_t *ret_account,
                      struct error *error)
{
    struct lease_row *rows = NULL;
    size_t count = 0;
    if (workspace->lease_store == NULL || errand->run == NULL) {
        return true;
    }
    if (!lease_store_list(workspace->lease_store, workspace->arena, &rows, &count, error)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (string_equal(rows[i].hold_run, errand->run) && rows[i].hold_shard == errand->shard) {
            *ret_account = rows[i].account;
        }
    }
    return true;
}

static bool prefer_account(struct workspace *workspace, const struct errand *errand, struct planned *planned,
                           struct error *error)
{
    size_t held = NO_INDEX;
    if (!find_held(workspace, errand, &held, error)) {
        return false;
    }
    struct shard *shard = &planned->plan->shards[0];
    planned->run.is_hold_kept = held != NO_INDEX;
    for (size_t i = 0; held == NO_INDEX && i < workspace->inventory->account_count; i++) {
        if (string_equal(workspace->inventory->accounts[i].alias, errand->account)) {
            shard->account = i;
        }
    }
    shard->account = held != NO_INDEX ? held : shard->account;
    return true;
}

/* --- the run ----------------------------------------------------------------------------------------- */

static void complained(void *context, const struct error *error)
{
    (void)context;
    complain(error);
}

/* Its record lives as long as it does: nothing but the person's own eyes reads it. */
static bool enter(struct workspace *workspace, struct planned *planned, struct shell_sink *sink,
                  int *ret_exit_code, struct error *error)
{
    struct private_folder folder = {.lock = -1};
    struct text guard = {0}, directory = {0}, journal = {0};
    struct sink *sinks[] = {shell_sink_sink(sink)};
    bool is_ready =
        process_find_guard(&guard, error) && private_folder_make(&folder, getenv("TMPDIR"), error);
    text_append_format(&directory, "%s/record", text_string(&folder.path));
    text_append_format(&journal, "%s/events.ndjson", text_string(&directory));
    if (is_ready && file_make_folders(text_string(&directory), error)) {
        struct driver_options options;
        planned->run.directory = text_string(&directory);
        planned->run.tmp_root = text_string(&folder.path);
        execute_options(workspace, planned, &options);
        options.guard_path = text_string(&guard);
        options.journal_path = text_string(&journal);
        options.sinks = sinks;
        options.sink_count = 1;
        options.complain = complained;
        is_ready = driver_run(&options, ret_exit_code, error);
    }
    private_folder_remove(&folder);
    text_clear(&guard);
    text_clear(&directory);
    text_clear(&journal);
    return is_ready;
}

static bool prepare(struct workspace *workspace, const struct options *options, const struct errand *errand,
                    struct planned *planned, struct error *error)
{
    struct suite *suite = NULL;
    if (!find_stand_in(workspace, errand, options->suite, &suite, error)) {
        return false;
    }
    MUST(suite != NULL);
    become_shell(workspace, options, suite);
    struct selection selection = {&suite->name, 1, NULL, NULL};
    if (!workspace_select(workspace, &selection, planned, error)) {
        return false;
    }
    planned->run.retries = 0;
    planned->run.timeout_ms = planned->run.shard_timeout_ms = planned->run.suite_timeout_ms = 0;
    planned->run.is_shell = true;
    planned->run.shown_shard = errand->shard;
    planned->run.shown_shards = errand->shards;
    return workspace_plan(workspace, planned, error) && prefer_account(workspace, errand, planned, error);
}

static int shell(struct options *options, const struct errand *errand)
{
    char run_id[RUN_ID_SIZE];
    run_id_make(run_id);
    struct workspace workspace = {.run_id = run_id, .hold_run = errand->run};
    struct planned planned = {0};
    struct error error = {0};
    struct shell_sink *sink = shell_sink_new(errand->shard, errand->account);
    options->shards = 1;
    options->seed = options->seed != NULL ? options->seed : errand->seed;
    int exit_code = EXIT_CODE_INFRA;
    bool has_run = workspace_open(&workspace, options, WANT_ACCOUNTS | WANT_STORES, &error) &&
                   prepare(&workspace, options, errand, &planned, &error) &&
                   enter(&workspace, &planned, sink, &exit_code, &error);
    if (has_run) {
        exit_code = shell_sink_exit_code(sink, exit_code);
    } else {
        if (error.what[0] != '\0') {
            complain(&error);
        }
        exit_code = exit_code_of(&error);
    }
    shell_sink_free(sink);
    planned_clear(&planned);
    workspace_close(&workspace);
    return exit_code;
}

static int run(const struct options *given)
{
    struct options options = *given;
    options.word_count -= options.rest_count;
    struct error error = {0};
    struct errand errand = {.arena = arena_new()};
    int exit_code = EXIT_CODE_PASSED;
    if (find_errand(&options, &errand, &error)) {
        exit_code = shell(&options, &errand);
    } else {
        complain(&error);
        exit_code = exit_code_of(&error);
    }
    arena_free(errand.arena);
    return exit_code;
}

const struct command shell_command = {"shell", "[RUN|ARCHIVE] [-- CMD…]",
                                      "a shell or command in a leased account, as a suite sees it",
                                      GROUP_ALWAYS | GROUP_SHELL, run};
