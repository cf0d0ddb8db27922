/* detect.c - the table of services, and the reading of one. */
#include "itrun/base/json.h"
#include "itrun/ci.h"
#include <string.h>

#define VALUE_LIMIT  2000
#define NODE_LIMIT   100000
#define BRANCH_NAMES 3

struct service {
    enum ci_service service;
    enum ci_log log;
    int first_index, first_attempt; /* what it calls its first node, its first attempt */
    const char *name;
    const char *mark, *mark_value; /* the variable that tells; NULL: any value */
    const char *index, *total;
    const char *commit;
    const char *branches[BRANCH_NAMES]; /* the first that is set */
    const char *base, *base_commit;
    const char *attempt;
    const char *url; /* {NAME} stands for a variable; one that is not set: no URL */
};

/* clang-format off */
static const struct service services[] = {
    {.service = CI_GITHUB, .log = CI_LOG_GITHUB, .name = "GitHub Actions",
     .mark = "GITHUB_ACTIONS", .mark_value = "true",
     .commit = "GITHUB_SHA", .branches = {"GITHUB_HEAD_REF", "GITHUB_REF_NAME"}, .base = "GITHUB_BASE_REF",
     .attempt = "GITHUB_RUN_ATTEMPT", .first_attempt = 1,
     .url = "{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}/actions/runs/{GITHUB_RUN_ID}"},
    {.service = CI_GITLAB, .log = CI_LOG_GITLAB, .name = "GitLab CI",
     .mark = "GITLAB_CI", .mark_value = "true",
     .index = "CI_NODE_INDEX", .total = "CI_NODE_TOTAL", .first_index = 1,
     .commit = "CI_COMMIT_SHA",
     .branches = {"CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", "CI_COMMIT_BRANCH", "CI_COMMIT_REF_NAME"},
     .base = "CI_MERGE_REQUEST_TARGET_BRANCH_NAME", .base_commit = "CI_MERGE_REQUEST_DIFF_BASE_SHA",
     .url = "{CI_JOB_URL}"},
    {.service = CI_CIRCLECI, .log = CI_LOG_PLAIN, .name = "CircleCI",
     .mark = "CIRCLECI", .mark_value = "true",
     .index = "CIRCLE_NODE_INDEX", .total = "CIRCLE_NODE_TOTAL", .first_index = 0,
     .commit = "CIRCLE_SHA1", .branches = {"CIRCLE_BRANCH"},
     .url = "{CIRCLE_BUILD_URL}"},
    {.service = CI_BUILDKITE, .log = CI_LOG_BUILDKITE, .name = "Buildkite",
     .mark = "BUILDKITE", .mark_value = "true",
     .index = "BUILDKITE_PARALLEL_JOB", .total = "BUILDKITE_PARALLEL_JOB_COUNT", .first_index = 0,
     .commit = "BUILDKITE_COMMIT", .branches = {"BUILDKITE_BRANCH"},
     .base = "BUILDKITE_PULL_REQUEST_BASE_BRANCH",
     .attempt = "BUILDKITE_RETRY_COUNT", .first_attempt = 0,
     .url = "{BUILDKITE_BUILD_URL}#{BUILDKITE_JOB_ID}"},
    {.service = CI_JENKINS, .log = CI_LOG_PLAIN, .name = "Jenkins",
     .mark = "JENKINS_URL",
     .commit = "GIT_COMMIT", .branches = {"CHANGE_BRANCH", "BRANCH_NAME", "GIT_BRANCH"},
     .base = "CHANGE_TARGET",
     .url = "{BUILD_URL}"},
};
/* clang-format on */
#define SERVICE_TOTAL (sizeof services / sizeof *services)

struct reading {
    ci_lookup *lookup;
    void *context;
    struct arena *arena;
    struct ci_facts *facts;
};

static const char *look(const struct reading *reading, const char *name)
{
    const char *value = name != NULL ? reading->lookup(reading->context, name) : NULL;
    return value != NULL && value[0] != '\0' ? value : NULL;
}

/* The first problem is told; one bad variable seldom comes alone. */
static const char *refuse(struct reading *reading, const char *name, const char *why)
{
    if (reading->facts->problem == NULL) {
        reading->facts->problem = arena_format(reading->arena, "%s %s", name, why);
    }
    return NULL;
}

static bool has_control(const char *value)
{
    for (const unsigned char *c = (const unsigned char *)value; *c != '\0'; c++) {
        if (*c < 0x20 || *c == 0x7F) {
            return true;
        }
    }
    return false;
}

static const char *plain(struct reading *reading, const char *name)
{
    const char *value = look(reading, name);
    if (value == NULL) {
        return NULL;
    }
    if (has_control(value)) {
        return refuse(reading, name, "holds a control character");
    }
    if (strlen(value) > VALUE_LIMIT) {
        return refuse(reading, name, "is too long");
    }
    return arena_string(reading->arena, value);
}

static bool is_hash(const char *value)
{
    size_t length = strlen(value);
    return (length == 40 || length == 64) && strspn(value, "0123456789abcdefABCDEF") == length;
}

static const char *hash(struct reading *reading, const char *name)
{
    const char *value = plain(reading, name);
    if (value != NULL && !is_hash(value)) {
        /* Buildkite says HEAD until the checkout has found out. */
        return strcmp(value, "HEAD") == 0 ? NULL : refuse(reading, name, "is no commit's hash");
    }
    return value;
}

static bool whole_number(const char *value, size_t *ret)
{
    size_t number = 0;
    size_t length = strlen(value);
    if (length == 0 || length > 9 || strspn(value, "0123456789") != length) {
        return false;
    }
    for (const char *c = value; *c != '\0'; c++) {
        number = number * 10 + (size_t)(*c - '0');
    }
    *ret = number;
    return true;
}

/* A number counted from `first` as one counted from 1; 0: not given. */
static size_t count_from_one(struct reading *reading, const char *name, int first)
{
    const char *value = look(reading, name);
    size_t number = 0;
    if (value == NULL) {
        return 0;
    }
    if (!whole_number(value, &number) || number < (size_t)first) {
        refuse(reading, name, "is no whole number that counts");
        return 0;
    }
    return number - (size_t)first + 1;
}

static void read_node(struct reading *reading, const struct service *service)
{
    size_t index = count_from_one(reading, service->index, service->first_index);
    size_t total = count_from_one(reading, service->total, 1);
    if (index == 0 || total == 0) {
        return;
    }
    if (index > total || total > NODE_LIMIT) {
        refuse(reading, service->index, "is beyond the number of nodes");
        return;
    }
    reading->facts->index = index;
    reading->facts->total = total;
}

static const char *url(struct reading *reading, const char *form)
{
    struct text text = {0};
    const char *name = NULL;
    for (const char *c = form; *c != '\0'; c++) {
        if (*c != '{') {
            text_append_char(&text, *c);
            continue;
        }
        size_t length = strcspn(c + 1, "}");
        name = arena_bytes(reading->arena, c + 1, length);
        const char *value = plain(reading, name);
        if (value == NULL) {
            text_clear(&text);
            return NULL;
        }
        text_append(&text, value);
        c += length + 1;
    }
    const char *found = arena_string(reading->arena, text_string(&text));
    text_clear(&text);
    bool is_url = string_starts_with(found, "https://") || string_starts_with(found, "http://");
    return is_url && strpbrk(found, " \"<>\\") == NULL ? found : refuse(reading, name, "makes no URL");
}

/* The event of a pull request knows its head; GITHUB_SHA is a merge that nobody pushed. */
static void read_event(struct reading *reading, const char *event, size_t length)
{
    struct json *root = event != NULL ? json_parse(event, length, NULL) : NULL;
    if (event != NULL && root == NULL) {
        refuse(reading, "GITHUB_EVENT_PATH", "names a file that is no JSON");
        return;
    }
    const struct json *change = json_get(root, "pull_request");
    const char *head = json_get_string(json_get(change, "head"), "sha", NULL);
    const char *base = json_get_string(json_get(change, "base"), "sha", NULL);
    if (head != NULL && is_hash(head)) {
        reading->facts->commit = arena_string(reading->arena, head);
    }
    if (base != NULL && is_hash(base)) {
        reading->facts->base_commit = arena_string(reading->arena, base);
    }
    json_free(root);
}

static const struct service *find_service(const struct reading *reading)
{
    for (size_t i = 0; i < SERVICE_TOTAL; i++) {
        const char *value = look(reading, services[i].mark);
        bool is_it =
            value != NULL && (services[i].mark_value == NULL || strcmp(value, services[i].mark_value) == 0);
        if (is_it) {
            return &services[i];
        }
    }
    return NULL;
}

const char *ci_event_path(ci_lookup *lookup, void *context)
{
    const struct reading reading = {.lookup = lookup, .context = context};
    const struct service *service = find_service(&reading);
    return service != NULL && service->service == CI_GITHUB ? look(&reading, "GITHUB_EVENT_PATH") : NULL;
}

void ci_detect(ci_lookup *lookup, void *context, const char *event, size_t event_length, struct arena *arena,
               struct ci_facts *ret_facts)
{
    struct reading reading = {lookup, context, arena, ret_facts};
    const struct service *service = find_service(&reading);
    *ret_facts = (struct ci_facts){.service = CI_NONE};
    if (service == NULL) {
        return;
    }
    ret_facts->service = service->service;
    ret_facts->log = service->log;
    ret_facts->name = service->name;
    read_node(&reading, service);
    ret_facts->checkout = hash(&reading, service->commit);
    ret_facts->commit = ret_facts->checkout;
    for (size_t i = 0; i < BRANCH_NAMES && ret_facts->branch == NULL; i++) {
        ret_facts->branch = plain(&reading, service->branches[i]);
    }
    ret_facts->base = plain(&reading, service->base);
    ret_facts->base_commit = service->base_commit != NULL ? hash(&reading, service->base_commit) : NULL;
    ret_facts->attempt = (int)count_from_one(&reading, service->attempt, service->first_attempt);
    ret_facts->job_url = url(&reading, service->url);
    if (service->service == CI_GITHUB) {
        read_event(&reading, event, event_length);
    }
}

void ci_correct_checkout(const struct ci_facts *facts, const char **commit, const char **branch)
{
    bool is_its_own = facts->checkout != NULL && (*commit == NULL || strcmp(*commit, facts->checkout) == 0);
    if (!is_its_own) {
        return; /* another repository, or another commit than the job's: git knows better */
    }
    *commit = facts->commit;
    *branch = facts->branch != NULL ? facts->branch : *branch;
}

const char *ci_describe(const struct ci_facts *facts, struct arena *arena)
{
    if (facts->service == CI_NONE) {
        return NULL;
    }
    struct text text = {0};
    text_append(&text, facts->name);
    if (facts->total > 1) {
        text_append_format(&text, ", node %zu of %zu", facts->index, facts->total);
    }
    if (facts->attempt > 1) {
        text_append_format(&text, ", attempt %d", facts->attempt);
    }
    const char *description = arena_string(arena, text_string(&text));
    text_clear(&text);
    return description;
}
