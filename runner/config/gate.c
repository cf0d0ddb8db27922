/* gate.c - the policy of a gate: the groups that it names exist, its dates are days. */
#include "reader.h"
#include <string.h>

/* The names of the declared suites, which are the groups; ends with NULL. */
static const char *const *group_names(struct reader *reader)
{
    const struct config *config = reader->config;
    const char **names = arena_alloc(reader->arena, (config->suite_count + 1) * sizeof *names);
    size_t count = 0;
    for (size_t i = 0; i < config->suite_count; i++) {
        if (config->suites[i].name)
            names[count++] = config->suites[i].name;
    }
    return names;
}

static bool is_among(const char *name, size_t length, const char *const *names)
{
    for (size_t i = 0; names[i]; i++) {
        if (strlen(names[i]) == length && strncmp(names[i], name, length) == 0)
            return true;
    }
    return false;
}

static void groups_check(struct reader *reader, const struct node *list, const char *const *names)
{
    for (const struct node *entry = list ? list->first : NULL; entry; entry = entry->next) {
        if (entry->kind == NODE_SCALAR && !is_among(entry->text, strlen(entry->text), names))
            reader_problem(reader, entry->mark, hint_nearest(reader, entry->text, names, NULL),
                           "there is no suite %s under `suites`", node_shown(reader, entry));
    }
}

static void advisory_check(struct reader *reader, const struct node *list, const struct gate_policy *policy)
{
    for (const struct node *entry = list ? list->first : NULL; entry; entry = entry->next) {
        for (size_t i = 0; entry->kind == NODE_SCALAR && i < policy->required_count; i++) {
            if (string_equal(policy->required[i], entry->text))
                reader_problem(reader, entry->mark, "an advisory group may fail, a required one may not",
                               "%s is both required and advisory", node_shown(reader, entry));
        }
    }
}

static void entry_read(struct reader *reader, const struct node *node, const char *const *names,
                       struct quarantine_entry *entry)
{
    if (!table_read(reader, &keys_quarantine, node, entry))
        return;
    const struct node *suite = node_get_kind(node, "suite", NODE_SCALAR);
    if (entry->suite && !is_among(entry->suite, strcspn(entry->suite, "/"), names))
        reader_problem(reader, suite->mark, hint_nearest(reader, entry->suite, names, NULL),
                       "there is no suite %s under `suites`", node_shown(reader, suite));
    const struct node *expires = node_get_kind(node, "expires", NODE_SCALAR);
    int64_t day_us;
    if (entry->expires &&
        !time_parse_utc(arena_format(reader->arena, "%sT00:00:00Z", entry->expires), &day_us))
        reader_problem(reader, expires->mark, keys_quarantine.keys[QUARANTINE_EXPIRES].advice,
                       "%s is no day of any calendar", node_shown(reader, expires));
}

static void quarantine_read(struct reader *reader, const struct node *list, const char *const *names,
                            struct gate_policy *policy)
{
    policy->quarantine = arena_alloc(reader->arena, (list->count + 1) * sizeof *policy->quarantine);
    struct map *seen = map_new();
    for (const struct node *node = list->first; node; node = node->next) {
        struct quarantine_entry *entry = &policy->quarantine[policy->quarantine_count++];
        entry_read(reader, node, names, entry);
        if (!entry->suite)
            continue;
        const char *name =
            arena_format(reader->arena, "%s\n%s", entry->suite, entry->test ? entry->test : "");
        if (map_has(seen, name))
            reader_problem(reader, node->mark, "remove one of them", "the same is quarantined twice");
        map_put(seen, name, reader);
    }
    map_free(seen);
}

void gate_read(struct reader *reader, const struct node *node)
{
    struct gate_policy *policy = &reader->config->gate;
    policy->flaky_limit = GATE_NO_LIMIT;
    policy->quarantine_passes = GATE_PASSES_TO_RELEASE;
    if (!node || node->kind != NODE_MAPPING || !table_read(reader, &keys_gate, node, policy))
        return;
    const char *const *names = group_names(reader);
    groups_check(reader, node_get_kind(node, "required", NODE_LIST), names);
    groups_check(reader, node_get_kind(node, "advisory", NODE_LIST), names);
    advisory_check(reader, node_get_kind(node, "advisory", NODE_LIST), policy);
    const struct node *list = node_get_kind(node, "quarantine", NODE_LIST);
    if (list)
        quarantine_read(reader, list, names, policy);
}
