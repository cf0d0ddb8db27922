#include "commands.h"
#include "itrun/base/json.h"
#include "itrun/base/memory.h"
#include <string.h>

#define SUMMARY_LIMIT_BYTES ((size_t)64 * 1024 * 1024)

static const char *variable(const char *name)
{
    const char *value = environment_value(NULL, name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

static const char *ci_service(void)
{
    static const struct {
        const char *variable, *service;
    } table[] = {{"GITHUB_ACTIONS", "github"},     {"GITLAB_CI", "gitlab"},
                 {"CIRCLECI", "circleci"},         {"BUILDKITE", "buildkite"},
                 {"JENKINS_URL", "jenkins"},       {"TF_BUILD", "azure"},
                 {"TEAMCITY_VERSION", "teamcity"}, {"CI", "other"}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (variable(table[i].variable) != NULL) {
            return table[i].service;
        }
    }
    return NULL;
}

/* As the newest run that ended knew it. Absent or unreadable: nobody knows, and nothing but the figure is
 * lost. */
static int64_t last_success_us(const struct workspace *workspace)
{
    struct text path = {0};
    text_append_format(&path, "%s/latest/summary.json", workspace->output);
    char *bytes = NULL;
    size_t length = 0;
    struct error ignored = {0};
    int64_t wall_us = 0;
    if (file_read(text_string(&path), SUMMARY_LIMIT_BYTES, &bytes, &length, &ignored)) {
        struct json *summary = json_parse(bytes, length, &ignored);
        (void)time_parse_utc(json_get_string(summary, "last_success_at", ""), &wall_us);
        json_free(summary);
        memory_free(bytes);
    }
    text_clear(&path);
    return wall_us;
}

/* OTEL_SERVICE_NAME outranks the attribute, as the OpenTelemetry specification says. */
static const char *resource_attributes(struct arena *arena)
{
    const char *attributes = variable("OTEL_RESOURCE_ATTRIBUTES");
    const char *service = variable("OTEL_SERVICE_NAME");
    if (service == NULL) {
        return attributes;
    }
    return arena_format(arena, "%s%sservice.name=%s", attributes != NULL ? attributes : "",
                        attributes != NULL ? "," : "", service);
}

void surroundings_add(struct workspace *workspace, struct run_options *run)
{
    run->ci = ci_service();
    run->traceparent = variable("TRACEPARENT");
    run->resource = resource_attributes(workspace->arena);
    run->last_success_us = last_success_us(workspace);
}
