#include "ci_environment.h"
#include "commands.h"
#include <string.h>

#define EVENT_LIMIT_BYTES (25 * 1024 * 1024) /* GitHub's own limit of a webhook's body */

static void warn(const char *problem, const char *hint)
{
    struct error error = {0};
    error_set(&error, ERROR_USAGE, "%s: it is not used", problem);
    error_hint(&error, "%s", hint);
    complain(&error);
}

void ci_environment_read(const struct options *options, struct arena *arena, struct ci_facts *ret_facts)
{
    *ret_facts = (struct ci_facts){.service = CI_NONE};
    if (options->ci != NULL && strcmp(options->ci, "none") == 0) {
        return;
    }
    const char *path = ci_event_path(environment_value, NULL);
    char *event = NULL;
    size_t length = 0;
    struct error error = {0};
    if (path != NULL && !file_read(path, EVENT_LIMIT_BYTES, &event, &length, &error)) {
        error_prefix(&error, "GITHUB_EVENT_PATH is not used, so the commit is the one that was checked out");
        complain(&error);
    }
    ci_detect(environment_value, NULL, event, length, arena, ret_facts);
    memory_free(event);
    if (ret_facts->problem != NULL) {
        warn(ret_facts->problem, "look at who sets it; `--ci none` makes itrun look at no CI variable");
    }
}
