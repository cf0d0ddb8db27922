#include "commands.h"
#include "itrun/base/json.h"
#include "itrun/base/memory.h"

#define SUMMARY_LIMIT_BYTES ((size_t)64 * 1024 * 1024)

static const char *variable(const char *name)
{
    const char *value = environment_value(NULL, name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

/* A label's word, not the name that people read. */
static const char *ci_word(enum ci_service service)
{
    static const char *const words[CI_SERVICE_COUNT] = {[CI_GITHUB] = "github",
                                                        [CI_GITLAB] = "gitlab",
                                                        [CI_CIRCLECI] = "circleci",
                                                        [CI_BUILDKITE] = "buildkite",
                                                        [CI_JENKINS] = "jenkins"};
    const char *word = words[service];
    return word != NULL || variable("CI") == NULL ? word : "other";
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
    run->ci = ci_word(workspace->ci.service);
    run->traceparent = variable("TRACEPARENT");
    run->resource = resource_attributes(workspace->arena);
    run->last_success_us = last_success_us(workspace);
}
