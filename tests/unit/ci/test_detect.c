/* What each service's variables become, and what is not believed. */
#include "itrun/ci.h"
#include <criterion/criterion.h>
#include <string.h>

#define HEAD  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define MERGE "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define BASE  "cccccccccccccccccccccccccccccccccccccccc"

struct variable {
    const char *name, *value;
};

static const char *look(void *context, const char *name)
{
    for (const struct variable *v = context; v->name != NULL; v++) {
        if (strcmp(v->name, name) == 0) {
            return v->value;
        }
    }
    return NULL;
}

static struct arena *arena;
static struct ci_facts facts;

static void setup(void)
{
    arena = arena_new();
}

static void teardown(void)
{
    arena_free(arena);
}
TestSuite(ci, .init = setup, .fini = teardown);

static void detect(const struct variable *variables, const char *event)
{
    ci_detect(look, (void *)variables, event, event != NULL ? strlen(event) : 0, arena, &facts);
}

#define SAME(field, value)                                                                                   \
    cr_assert(string_equal(facts.field, value), #field " is %s", facts.field ? facts.field : "(none)")

Test(ci, no_variable_is_no_service)
{
    detect((struct variable[]){{"CI", "true"}, {"GITHUB_SHA", HEAD}, {NULL, NULL}}, NULL);
    cr_assert_eq(facts.service, CI_NONE);
    cr_assert_null(ci_describe(&facts, arena));
    SAME(name, NULL);
    SAME(commit, NULL);
}

static const struct variable github[] = {{"GITHUB_ACTIONS", "true"},
                                         {"GITHUB_SHA", MERGE},
                                         {"GITHUB_HEAD_REF", "feature/x"},
                                         {"GITHUB_REF_NAME", "12/merge"},
                                         {"GITHUB_BASE_REF", "main"},
                                         {"GITHUB_RUN_ATTEMPT", "2"},
                                         {"GITHUB_SERVER_URL", "https://github.com"},
                                         {"GITHUB_REPOSITORY", "acme/shop"},
                                         {"GITHUB_RUN_ID", "77"},
                                         {"GITHUB_EVENT_PATH", "/tmp/event.json"},
                                         {NULL, NULL}};

Test(ci, a_pull_request_on_github_is_of_its_head_not_of_its_merge)
{
    cr_assert_str_eq(ci_event_path(look, (void *)github), "/tmp/event.json");
    detect(github,
           "{\"pull_request\": {\"head\": {\"sha\": \"" HEAD "\"}, \"base\": {\"sha\": \"" BASE "\"}}}");
    cr_assert_eq(facts.service, CI_GITHUB);
    cr_assert_eq(facts.log, CI_LOG_GITHUB);
    SAME(checkout, MERGE);
    SAME(commit, HEAD);
    SAME(branch, "feature/x");
    SAME(base, "main");
    SAME(base_commit, BASE);
    cr_assert_eq(facts.attempt, 2);
    SAME(job_url, "https://github.com/acme/shop/actions/runs/77");
    SAME(problem, NULL);
}

Test(ci, a_push_on_github_is_of_its_own_commit)
{
    detect((struct variable[]){{"GITHUB_ACTIONS", "true"},
                               {"GITHUB_SHA", HEAD},
                               {"GITHUB_HEAD_REF", ""},
                               {"GITHUB_REF_NAME", "main"},
                               {NULL, NULL}},
           "{\"ref\": \"refs/heads/main\"}");
    SAME(commit, HEAD);
    SAME(branch, "main");
    SAME(base, NULL);
    SAME(job_url, NULL);
}

Test(ci, gitlab_counts_nodes_from_one_and_knows_merge_requests)
{
    detect((struct variable[]){{"GITLAB_CI", "true"},
                               {"CI_NODE_INDEX", "1"},
                               {"CI_NODE_TOTAL", "4"},
                               {"CI_COMMIT_SHA", HEAD},
                               {"CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", "fix"},
                               {"CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main"},
                               {"CI_MERGE_REQUEST_DIFF_BASE_SHA", BASE},
                               {"CI_JOB_URL", "https://gitlab.example/j/1"},
                               {NULL, NULL}},
           NULL);
    cr_assert_eq(facts.service, CI_GITLAB);
    cr_assert_eq(facts.index, 1);
    cr_assert_eq(facts.total, 4);
    SAME(branch, "fix");
    SAME(base_commit, BASE);
    SAME(job_url, "https://gitlab.example/j/1");
}

Test(ci, circleci_and_buildkite_count_nodes_from_zero)
{
    detect((struct variable[]){{"CIRCLECI", "true"},
                               {"CIRCLE_NODE_INDEX", "3"},
                               {"CIRCLE_NODE_TOTAL", "4"},
                               {"CIRCLE_SHA1", HEAD},
                               {"CIRCLE_BRANCH", "main"},
                               {"CIRCLE_BUILD_URL", "https://circleci.com/gh/a/b/1"},
                               {NULL, NULL}},
           NULL);
    cr_assert_eq(facts.service, CI_CIRCLECI);
    cr_assert_eq(facts.index, 4);
    cr_assert_eq(facts.total, 4);
    SAME(commit, HEAD);
    detect((struct variable[]){{"BUILDKITE", "true"},
                               {"BUILDKITE_PARALLEL_JOB", "0"},
                               {"BUILDKITE_PARALLEL_JOB_COUNT", "2"},
                               {"BUILDKITE_COMMIT", HEAD},
                               {"BUILDKITE_BRANCH", "main"},
                               {"BUILDKITE_PULL_REQUEST_BASE_BRANCH", "next"},
                               {"BUILDKITE_RETRY_COUNT", "1"},
                               {"BUILDKITE_BUILD_URL", "https://buildkite.com/a/b/builds/9"},
                               {"BUILDKITE_JOB_ID", "0198"},
                               {NULL, NULL}},
           NULL);
    cr_assert_eq(facts.log, CI_LOG_BUILDKITE);
    cr_assert_eq(facts.index, 1);
    cr_assert_eq(facts.total, 2);
    cr_assert_eq(facts.attempt, 2);
    SAME(base, "next");
    cr_assert_str_eq(ci_describe(&facts, arena), "Buildkite, node 1 of 2, attempt 2");
    SAME(job_url, "https://buildkite.com/a/b/builds/9#0198");
}

Test(ci, jenkins_is_known_by_its_url_and_prefers_a_change_to_its_number)
{
    detect((struct variable[]){{"JENKINS_URL", "https://ci.example/"},
                               {"GIT_COMMIT", HEAD},
                               {"BRANCH_NAME", "PR-12"},
                               {"CHANGE_BRANCH", "fix"},
                               {"CHANGE_TARGET", "main"},
                               {"BUILD_URL", "https://ci.example/job/shop/3/"},
                               {NULL, NULL}},
           NULL);
    cr_assert_eq(facts.service, CI_JENKINS);
    cr_assert_eq(facts.log, CI_LOG_PLAIN);
    SAME(branch, "fix");
    SAME(base, "main");
}

Test(ci, shell_characters_in_a_branch_are_data)
{
    const char *evil = "x;$(touch /tmp/x)`id`|&\"'<>";
    detect((struct variable[]){{"GITHUB_ACTIONS", "true"}, {"GITHUB_HEAD_REF", evil}, {NULL, NULL}}, NULL);
    SAME(branch, evil);
    SAME(problem, NULL);
}

Test(ci, a_line_break_in_a_variable_is_refused_and_the_variable_is_named)
{
    detect((struct variable[]){{"GITHUB_ACTIONS", "true"},
                               {"GITHUB_HEAD_REF", "x\n::add-mask::main"},
                               {"GITHUB_REF_NAME", "12/merge"},
                               {NULL, NULL}},
           NULL);
    SAME(branch, "12/merge");
    cr_assert_str_eq(facts.problem, "GITHUB_HEAD_REF holds a control character");
}

Test(ci, what_is_no_commit_no_number_and_no_url_is_refused)
{
    detect((struct variable[]){{"GITLAB_CI", "true"}, {"CI_COMMIT_SHA", "--upload-pack=x"}, {NULL, NULL}},
           NULL);
    SAME(commit, NULL);
    cr_assert(strstr(facts.problem, "CI_COMMIT_SHA") != NULL);
    detect((struct variable[]){{"GITLAB_CI", "true"}, {"CI_JOB_URL", "javascript:alert(1)"}, {NULL, NULL}},
           NULL);
    SAME(job_url, NULL);
    cr_assert(strstr(facts.problem, "no URL") != NULL);
    static const char *const bad[] = {"0", "-1", "5", "1x", "99999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        detect(
            (struct variable[]){
                {"GITLAB_CI", "true"}, {"CI_NODE_INDEX", bad[i]}, {"CI_NODE_TOTAL", "4"}, {NULL, NULL}},
            NULL);
        cr_assert_eq(facts.index, 0, "%s", bad[i]);
        cr_assert_eq(facts.total, 0, "%s", bad[i]);
        cr_assert(facts.problem != NULL && strstr(facts.problem, "CI_NODE_INDEX") != NULL, "%s", bad[i]);
    }
}

Test(ci, an_event_that_is_no_json_leaves_the_commit_that_was_checked_out)
{
    detect(github, "not json");
    SAME(commit, MERGE);
    cr_assert(strstr(facts.problem, "GITHUB_EVENT_PATH") != NULL);
    detect(github, "{\"pull_request\": {\"head\": {\"sha\": \"; rm -rf\"}}}");
    SAME(commit, MERGE);
}

Test(ci, only_the_services_own_checkout_is_corrected)
{
    facts = (struct ci_facts){.service = CI_GITHUB, .checkout = MERGE, .commit = HEAD, .branch = "fix"};
    const char *commit = MERGE, *branch = NULL;
    ci_correct_checkout(&facts, &commit, &branch);
    cr_assert_str_eq(commit, HEAD);
    cr_assert_str_eq(branch, "fix");
    commit = BASE;
    branch = "other";
    ci_correct_checkout(&facts, &commit, &branch);
    cr_assert_str_eq(commit, BASE);
    cr_assert_str_eq(branch, "other");
    commit = NULL;
    ci_correct_checkout(&facts, &commit, &branch);
    cr_assert_str_eq(commit, HEAD);
}
