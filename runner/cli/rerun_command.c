/* itrun rerun - the failing suites of a run again, with its seed; or one shard as it really ran. */
#include "commands.h"
#include "itrun/base/memory.h"
#include "itrun/model/outcome.h"
#include "journal_read.h"
#include "manifest.h"
#include "run_id.h"
#include "watch.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct wanted {
    struct arena *arena;
    const char **names; /* in the order in which they are to run */
    size_t count, capacity;
};

static void add_name(struct wanted *wanted, const char *name)
{
    for (size_t i = 0; i < wanted->count; i++) {
        if (strcmp(wanted->names[i], name) == 0) {
            return;
        }
    }
    wanted->names = memory_grow(wanted->names, wanted->count, &wanted->capacity, sizeof *wanted->names);
    wanted->names[wanted->count++] = arena_string(wanted->arena, name);
}

struct reading {
    struct fold *fold;
    struct wanted *wanted;
    size_t shard; /* 0: not by shard */
};

/* Of an execution (--repeat) it is the suite that runs again. */
static const char *own_name(const struct fold_suite *suite)
{
    return suite->repeat_of != NULL ? suite->repeat_of : suite->name;
}

static bool read_event(void *context, const struct event *event, struct error *error)
{
    struct reading *reading = context;
    bool is_ours =
        reading->shard > 0 && event->type == EVENT_ATTEMPT_STARTED && event->shard == reading->shard;
    if (!fold_event(reading->fold, event, error)) {
        return false;
    }
    if (is_ours) { /* what the lane really ran, in that order */
        add_name(reading->wanted, own_name(&reading->fold->suites[event->suite]));
    }
    return true;
}

static bool choose(const struct options *options, const struct fold *fold, size_t shard,
                   struct wanted *wanted, struct error *error)
{
    if (options->suite != NULL) {
        const char **names = memory_new((fold->suite_count + 1) * sizeof *names);
        bool is_found = false;
        for (size_t i = 0; i < fold->suite_count; i++) {
            names[i] = own_name(&fold->suites[i]);
            is_found = is_found || strcmp(names[i], options->suite) == 0;
        }
        if (!is_found) {
            const char *near = nearest_name(options->suite, names, fold->suite_count);
            error_set(error, ERROR_USAGE, "the run had no suite %s", options->suite);
            error_hint(error, near != NULL ? "did you mean %s?" : "see summary.json%.0s",
                       near != NULL ? near : "");
        } else {
            add_name(wanted, options->suite);
        }
        memory_free(names);
        return is_found;
    }
    if (shard > 0) {
        if (shard > fold->start.start.shard_count) {
            error_set(error, ERROR_USAGE, "the run had no shard %zu", shard);
            return error_hint(error, "it had shards 1 to %zu", fold->start.start.shard_count);
        }
        return true;
    }
    for (size_t i = 0; i < fold->suite_count; i++) {
        if (outcome_is_bad(fold->suites[i].outcome)) {
            add_name(wanted, own_name(&fold->suites[i]));
        }
    }
    return true;
}

static bool read_run(const struct options *options, const char *folder, struct wanted *wanted,
                     struct manifest *manifest, struct error *error)
{
    struct reading reading = {fold_new(), wanted, options->shard > 0 ? (size_t)options->shard : 0};
    bool is_read = manifest_read(folder, wanted->arena, manifest, error) &&
                   journal_read(folder, read_event, &reading, error) &&
                   choose(options, reading.fold, reading.shard, wanted, error);
    fold_free(reading.fold);
    return is_read;
}

static bool is_planned(const struct shard *shard, size_t suite)
{
    for (size_t i = 0; i < shard->suite_count; i++) {
        if (shard->suites[i] == suite) {
            return true;
        }
    }
    return false;
}

/* The shard's suites in the order in which they ran, whatever the planner would prefer. */
static void keep_order(struct workspace *workspace, struct planned *planned, const struct wanted *wanted)
{
    struct shard *shard = &planned->plan->shards[0];
    size_t *order = arena_alloc(workspace->arena, (wanted->count + 1) * sizeof *order);
    size_t count = 0;
    for (size_t i = 0; i < wanted->count; i++) {
        size_t suite = NO_INDEX;
        if (inventory_find_suite(workspace->inventory, wanted->names[i], &suite) != NULL &&
            is_planned(shard, suite)) { /* --test leaves some out */
            order[count++] = suite;
        }
    }
    MUST(count == shard->suite_count);
    shard->suites = order;
}

static void warn_of_other_commit(const struct workspace *workspace, const struct manifest *manifest)
{
    const char *here = workspace->inventory->commit;
    if (manifest->commit != NULL && (here == NULL || strcmp(here, manifest->commit) != 0)) {
        fprintf(stderr,
                "itrun: warning: the run was of commit %s, this checkout is %s: failures may differ\n",
                manifest->commit, here != NULL ? here : "not in git");
    }
}

static int rerun_wanted(struct options *options, const struct wanted *wanted, const struct manifest *manifest)
{
    char run_id[RUN_ID_SIZE];
    run_id_make(run_id);
    struct workspace workspace = {.run_id = run_id};
    struct planned planned = {.is_rerun = true};
    struct error error = {0};
    bool is_one_shard = options->shard > 0;
    options->shards = is_one_shard ? 1 : options->shards;
    struct selection selection = {wanted->names, wanted->count, NULL, NULL};
    int exit_code = EXIT_CODE_PASSED;
    bool is_ready = workspace_open(&workspace, options, WANT_ACCOUNTS | WANT_STORES, &error) &&
                    workspace_select(&workspace, &selection, &planned, &error) &&
                    workspace_plan(&workspace, &planned, &error);
    if (is_ready) {
        warn_of_other_commit(&workspace, manifest);
        planned.run.is_stealing_off = is_one_shard;
        if (is_one_shard) {
            keep_order(&workspace, &planned, wanted);
        }
        exit_code = execute_run(&workspace, &planned);
    } else {
        if (error.what[0] != '\0') {
            complain(&error);
        }
        exit_code = exit_code_of(&error);
    }
    planned_clear(&planned);
    workspace_close(&workspace);
    return exit_code;
}

/* The configuration decides what is executed: a file that came from elsewhere may name one of this checkout,
 * nothing beyond it. */
static bool is_config_usable(const char *config, bool is_foreign)
{
    bool leads_out = config != NULL && (config[0] == '/' || strstr(config, "..") != NULL);
    return config != NULL && access(config, R_OK) == 0 && !(is_foreign && leads_out);
}

static int watch_wanted(struct options *options, const struct wanted *wanted)
{
    options->words = wanted->names;
    options->word_count = wanted->count;
    options->shards = options->shard > 0 ? 1 : options->shards;
    return watch_run(options);
}

static int run(const struct options *given)
{
    struct options options = *given;
    struct error error = {0};
    struct wanted wanted = {.arena = arena_new()};
    struct manifest manifest = {0};
    struct run_folder folder = {0};
    int exit_code = EXIT_CODE_PASSED;
    bool is_read = run_folder_open(given, &folder, &error) &&
                   read_run(given, text_string(&folder.path), &wanted, &manifest, &error);
    bool is_foreign = folder.is_foreign;
    run_folder_close(&folder);
    if (!is_read) {
        complain(&error);
        exit_code = exit_code_of(&error);
    } else if (wanted.count == 0) {
        fprintf(stderr, "itrun: nothing to rerun in run %s: every suite passed or was skipped\n",
                manifest.run);
        exit_code = EXIT_CODE_NOTHING;
    } else {
        options.seed = given->seed != NULL ? given->seed : manifest.seed;
        options.test = given->test != NULL ? given->test : manifest.test;
        if (given->config == NULL && is_config_usable(manifest.config, is_foreign)) {
            options.config = manifest.config;
        }
        exit_code =
            given->is_watch ? watch_wanted(&options, &wanted) : rerun_wanted(&options, &wanted, &manifest);
    }
    memory_free(wanted.names);
    arena_free(wanted.arena);
    return exit_code;
}

const struct command rerun_command = {
    "rerun", "[RUN|DIR|ARCHIVE] [RUN]", "run the failing suites of a run again, with its seed",
    GROUP_ALWAYS | GROUP_RUN | GROUP_REPORTS | GROUP_RERUN | GROUP_WATCH, run};
