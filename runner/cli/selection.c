/* selection.c - from the command line to what runs: the selected suites, the run's options, the plan. */
#include "commands.h"
#include "itrun/base/memory.h"
#include "itrun/frameworks.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define MEMORY_PER_JOB_BYTES (100LL * 1000 * 1000)
#define LEASE_MS             60000
#define GRACE_MS             5000

static bool parse_seed(const char *word, uint64_t *ret_seed, struct error *error)
{
    if (word == NULL) {
        uint32_t seed = 0;
        if (getrandom(&seed, sizeof seed, 0) != (ssize_t)sizeof seed) {
            seed = (uint32_t)clock_wall_us();
        }
        *ret_seed = seed;
        return true;
    }
    char *end = NULL;
    errno = 0;
    unsigned long long seed = strtoull(word, &end, 10);
    if (errno != 0 || end == word || *end != '\0' || word[0] == '-') {
        error_set(error, ERROR_USAGE, "--seed wants a whole number, not '%s'", word);
        return error_hint(error, "take the one that the failing run printed");
    }
    *ret_seed = seed;
    return true;
}

size_t jobs_that_fit(void)
{
    long pages = sysconf(_SC_PHYS_PAGES);
    long page = sysconf(_SC_PAGESIZE);
    long long fits = (long long)pages * page / MEMORY_PER_JOB_BYTES;
    return fits > 1 ? (size_t)fits : 1;
}

/* --test: leaves out the suites whose framework can only run whole files. */
static bool keep_selective(const struct workspace *workspace, struct planned *planned, struct error *error)
{
    const struct suite *left_out = NULL;
    size_t kept = 0;
    for (size_t i = 0; i < planned->count; i++) {
        const struct suite *suite = &workspace->inventory->suites[planned->suites[i]];
        if (framework_find(suite->framework)->can_select) {
            planned->suites[kept++] = planned->suites[i];
        } else {
            left_out = suite;
        }
    }
    if (left_out != NULL && kept > 0) {
        fprintf(stderr, "itrun: --test: %zu suites are left out, whose framework runs no single case (%s)\n",
                planned->count - kept, left_out->name);
    }
    if (left_out != NULL && kept == 0) {
        error_set(error, ERROR_USAGE, "--test: the framework %s runs no single case", left_out->framework);
        return error_hint(error, "run the suite whole: itrun run %s", left_out->name);
    }
    planned->count = kept;
    return true;
}

static bool check_repeat(const struct options *options, struct error *error)
{
    if (options->is_until_fail && options->repeat == 0) {
        error_set(error, ERROR_USAGE, "--until-fail needs --repeat N: how often at most");
        return error_hint(error, "for example --repeat 100 --until-fail");
    }
    if (options->repeat > 0 && options->retries > 0) {
        error_set(error, ERROR_USAGE, "--repeat and --retries contradict each other");
        return error_hint(error, "each of the %lld executions counts by itself", (long long)options->repeat);
    }
    if (options->repeat > 0 && options->shard > 0) {
        error_set(error, ERROR_USAGE, "--repeat and --shard contradict each other");
        return error_hint(error, "repeat a suite: itrun rerun --suite NAME --repeat N");
    }
    return true;
}

/* One after another in one account each, unless --shards says how many side by side. */
static bool repeat(struct workspace *workspace, struct planned *planned, struct error *error)
{
    const struct options *options = workspace->options;
    struct repetition repetition = {(size_t)options->repeat, options->seed == NULL};
    planned->run.shards_asked = options->shards > 0 ? (size_t)options->shards : planned->count;
    planned->run.retries = 0;
    if (options->is_until_fail) {
        planned->run.is_until_fail = true;
        planned->run.fail_fast = 1;
    }
    return inventory_repeat(workspace->inventory, &repetition, &planned->suites, &planned->count, error);
}

bool workspace_select(struct workspace *workspace, const struct selection *selection, struct planned *planned,
                      struct error *error)
{
    const struct options *options = workspace->options;
    planned->run = (struct run_options){
        .run_id = workspace->run_id,
        .worker = "1",
        .config_argument = options->config,
        .shards_asked = options->shards > 0 ? (size_t)options->shards : workspace->config->shard_count,
        .timeout_ms = options->timeout_ms,
        .shard_timeout_ms =
            options->shard_timeout_ms > 0 ? options->shard_timeout_ms : workspace->config->shard_timeout_ms,
        .suite_timeout_ms = options->suite_timeout_ms,
        .retries = (int)options->retries,
        .fail_fast = (size_t)options->fail_fast,
        .hold_ms = options->hold_ms,
        .is_force_deploy = options->is_force_deploy,
        .is_no_deploy = options->is_no_deploy,
        .test_name = options->test,
        .lease_ms =
            workspace->config->accounts.lease_ms > 0 ? workspace->config->accounts.lease_ms : LEASE_MS,
        .grace_ms = GRACE_MS,
    };
    surroundings_add(workspace, &planned->run);
    planned->run.retry_budget = NO_RETRY_BUDGET;
    if (options->is_force_deploy && options->is_no_deploy) {
        return error_set(error, ERROR_USAGE, "--force-deploy and --no-deploy contradict each other");
    }
    if (options->hold_ms > 0 && workspace->config->accounts.provider == ACCOUNTS_LOCAL) {
        error_set(error, ERROR_USAGE, "--hold-on-fail holds AWS accounts; local ones end with their run");
        return error_hint(error, "what a suite wrote stays in the run's folder; see itrun report");
    }
    if (!parse_seed(options->seed, &planned->run.seed, error)) {
        return false;
    }
    return check_repeat(options, error) &&
           inventory_select(workspace->inventory, selection, workspace->arena, &planned->suites,
                            &planned->count, error) &&
           (options->test == NULL || keep_selective(workspace, planned, error)) &&
           (options->repeat == 0 || repeat(workspace, planned, error));
}

/* Executions of a suite that writes a report of its own, at one place, would overwrite each other's. */
static bool check_reports_apart(const struct workspace *workspace, const struct planned *planned,
                                struct error *error)
{
    for (size_t i = 0; i < planned->count && planned->plan->shard_count > 1; i++) {
        const struct suite *suite = &workspace->inventory->suites[planned->suites[i]];
        if (suite->repeat_of != NULL && suite->report != NULL) {
            error_set(error, ERROR_USAGE, "%s writes its report to %s: two at once would overwrite it",
                      suite->repeat_of, suite->report);
            return error_hint(error, "repeat it with --shards 1, alone");
        }
    }
    return true;
}

/* Who mends something wants to see that first; the plan's times stay as they are. */
static void put_failed_first(struct workspace *workspace, struct plan *plan)
{
    for (size_t i = 0; i < plan->shard_count; i++) {
        struct shard *shard = &plan->shards[i];
        size_t *order = arena_alloc(workspace->arena, (shard->suite_count + 1) * sizeof *order);
        size_t count = 0;
        for (int is_failed = 1; is_failed >= 0; is_failed--) {
            for (size_t s = 0; s < shard->suite_count; s++) {
                size_t suite = shard->suites[s];
                if (workspace->inventory->suites[suite].estimate.has_failed_last == (is_failed == 1)) {
                    order[count++] = suite;
                }
            }
        }
        shard->suites = order;
    }
}

bool workspace_plan(struct workspace *workspace, struct planned *planned, struct error *error)
{
    const struct options *options = workspace->options;
    struct inventory *inventory = workspace->inventory;
    size_t most = planned->count < inventory->account_count ? planned->count : inventory->account_count;
    size_t shards =
        planned->run.shards_asked > 0 && planned->run.shards_asked < most ? planned->run.shards_asked : most;
    size_t jobs = jobs_that_fit();
    jobs = jobs < shards || shards == 0 ? jobs : shards;
    planned->run.job_count = options->jobs > 0 ? (size_t)options->jobs : jobs;
    const char *asked = options->retry_budget;
    const char *budget = asked != NULL ? asked : workspace->config->retry_budget;
    if (budget != NULL && !retry_budget_parse(budget, asked != NULL ? "--retry-budget" : "retry_budget",
                                              planned->count, &planned->run.retry_budget, error)) {
        return false;
    }
    planned->plan = plan_make(inventory, planned->suites, planned->count, &planned->run, error);
    if (planned->plan != NULL && options->is_failed_first) {
        put_failed_first(workspace, planned->plan);
    }
    return planned->plan != NULL && check_reports_apart(workspace, planned, error);
}

void planned_clear(struct planned *planned)
{
    plan_free(planned->plan);
    *planned = (struct planned){0};
}
