#include "github_status.h"
#include "ci_environment.h"
#include "commands.h"
#include "itrun/base/memory.h"
#include "itrun/gate.h"
#include "itrun/github.h"
#include "results_read.h"
#include <stdio.h>
#include <stdlib.h>

#define RETRY_BUDGET_MS ((int64_t)120 * 1000)

static bool wanted(const char *name, const char *hint, const char **ret_value, struct error *error)
{
    const char *value = getenv(name);
    if (value == NULL || value[0] == '\0') {
        error_set(error, ERROR_USAGE, "--github-status needs %s, which is not set", name);
        return error_hint(error, "%s", hint);
    }
    *ret_value = value;
    return true;
}

static bool read_environment(struct github_options *ret_options, struct error *error)
{
    const char *api = getenv("GITHUB_API_URL");
    *ret_options =
        (struct github_options){.api_url = api != NULL && api[0] != '\0' ? api : "https://api.github.com",
                                .ca_bundle = getenv("SSL_CERT_FILE"),
                                .retry_budget_ms = RETRY_BUDGET_MS};
    return wanted("GITHUB_TOKEN", "in a workflow: `env: {GITHUB_TOKEN: ${{ github.token }}}`",
                  &ret_options->token, error) &&
           wanted("GITHUB_REPOSITORY", "it looks like owner/name; a workflow has it set",
                  &ret_options->repository, error);
}

/* The configuration's; where there is none (a job without a checkout), every group must pass. */
static bool read_policy(const struct options *options, struct config **ret_config, struct error *error)
{
    struct text path = {0};
    struct error none = {0};
    bool is_there = config_find(options, &path, &none);
    if (!is_there && options->config != NULL) {
        *error = none;
    } else if (is_there) {
        *ret_config = config_open(options, text_string(&path), error);
        is_there = *ret_config != NULL;
    } else {
        is_there = true;
    }
    text_clear(&path);
    return is_there;
}

static bool post(uv_loop_t *loop, const struct github_options *github, const struct results *results,
                 const struct gate_verdict *verdict, struct arena *arena, const char *job_url,
                 struct error *error)
{
    struct commit_status *statuses = NULL;
    size_t count = 0, posted = 0;
    commit_statuses(verdict, arena, &statuses, &count);
    struct github_status *posts = arena_alloc(arena, count * sizeof *posts + 1);
    for (size_t i = 0; i < count; i++) {
        posts[i] = (struct github_status){.context = statuses[i].context,
                                          .state = statuses[i].state,
                                          .description = statuses[i].description,
                                          .target_url = job_url};
    }
    bool is_posted = github_post_statuses(loop, github, results->commit != NULL ? results->commit : "", posts,
                                          count, &posted, error);
    for (size_t i = 0; i < posted; i++) {
        printf("%s: %s: %s\n", posts[i].context, posts[i].state, posts[i].description);
    }
    return is_posted;
}

static bool judge_and_post(uv_loop_t *loop, const struct options *options,
                           const struct github_options *github, const struct results *results,
                           struct error *error)
{
    static const struct gate_policy strict = {.flaky_limit = GATE_NO_LIMIT};
    struct arena *arena = arena_new();
    struct config *config = NULL;
    struct gate_verdict verdict = {0};
    struct ci_facts facts;
    ci_environment_read(options, arena, &facts);
    bool is_ready = read_policy(options, &config, error);
    const struct gate_question question = {.policy = config != NULL ? &config->gate : &strict,
                                           .runs = results,
                                           .run_count = 1,
                                           .now_us = clock_wall_us()};
    const char *job_url = results->job_url != NULL ? results->job_url : facts.job_url;
    bool is_posted = is_ready && gate_decide(&question, arena, &verdict, error) &&
                     post(loop, github, results, &verdict, arena, job_url, error);
    config_free(config);
    arena_free(arena);
    return is_posted;
}

bool github_status_report(uv_loop_t *loop, const struct options *options, const char *folder,
                          struct error *error)
{
    struct github_options github;
    struct results results;
    if (!read_environment(&github, error) || !results_read(folder, &results, error)) {
        return false;
    }
    bool is_posted = judge_and_post(loop, options, &github, &results, error);
    results_clear(&results);
    return is_posted;
}
