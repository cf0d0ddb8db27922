/* statuses.c - a group's verdict in GitHub's words: one state and 140 characters. */
#include "itrun/gate.h"

#define CONTEXT_PREFIX    "itrun/"
#define DESCRIPTION_LIMIT 140

static const char *state_of(const struct gate_group *group)
{
    switch (group->exit_code) {
    case EXIT_CODE_PASSED: return "success";
    case EXIT_CODE_FAILED: return "failure";
    default: return "error"; /* no verdict: infrastructure, or not run */
    }
}

static const char *describe(const struct gate_group *group, struct arena *arena)
{
    struct text text = {0};
    const char *separator = "";
    for (int i = OUTCOME_COUNT - 1; i >= 0; i--) { /* what is bad first: the end may be cut */
        if (group->counts[i] > 0) {
            text_append_format(&text, "%s%zu %s", separator, group->counts[i], outcome_name((enum outcome)i));
            separator = ", ";
        }
    }
    if (group->excused > 0) {
        text_append_format(&text, " (%zu in quarantine)", group->excused);
    }
    text_append(&text, group->is_advisory ? " (advisory)" : "");
    if (text.length > DESCRIPTION_LIMIT) {
        text_truncate(&text, DESCRIPTION_LIMIT);
    }
    const char *description = arena_string(arena, text_string(&text));
    text_clear(&text);
    return description;
}

void commit_statuses(const struct gate_verdict *verdict, struct arena *arena,
                     struct commit_status **ret_statuses, size_t *ret_count)
{
    struct commit_status *statuses = arena_alloc(arena, verdict->group_count * sizeof *statuses + 1);
    for (size_t i = 0; i < verdict->group_count; i++) {
        const struct gate_group *group = &verdict->groups[i];
        statuses[i] = (struct commit_status){.context = arena_format(arena, CONTEXT_PREFIX "%s", group->name),
                                             .state = state_of(group),
                                             .description = describe(group, arena)};
    }
    *ret_statuses = statuses;
    *ret_count = verdict->group_count;
}
