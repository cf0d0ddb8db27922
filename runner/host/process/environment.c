/* environment.c - what a command finds in its environment: the caller's variables without AWS_* and ITRUN_*,
 * then the spawn's, then the credentials', then ours. Later ones win, so that nothing above can bend a fact
 * of ours. */
#include "process/room.h"
#include <string.h>

static bool is_dropped(const char *entry)
{
    return strchr(entry, '=') == NULL || entry[0] == '=' || string_starts_with(entry, "AWS_") ||
           string_starts_with(entry, "ITRUN_") || string_starts_with(entry, "ITRUN=");
}

void environment_open(struct process_room *room, const char *const *base)
{
    size_t count = 0;
    while (base != NULL && base[count] != NULL) {
        count++;
    }
    room->base_strings = memory_new((count + 1) * sizeof *room->base_strings);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (!is_dropped(base[i])) {
            char *entry = memory_copy_string(base[i]);
            room->base_strings[kept++] = entry;
            size_t length = strcspn(entry, "=");
            variables_set(&room->base, entry, length, entry + length + 1);
        }
    }
}

void environment_close(struct process_room *room)
{
    for (char **entry = room->base_strings; *entry != NULL; entry++) {
        memory_free(*entry);
    }
    memory_free(room->base_strings);
    variables_clear(&room->base);
    variables_clear(&room->variables);
}

/* The credentials endpoint is on loopback: no proxy may stand between. */
static void put_no_proxy(struct process_room *room)
{
    static const char local[] = "127.0.0.1,localhost";
    struct variables *variables = &room->variables;
    const char *upper = variables_get(variables, "NO_PROXY"), *lower = variables_get(variables, "no_proxy");
    const char *names[] = {"NO_PROXY", "no_proxy"};
    const char *values[] = {upper != NULL ? upper : lower, lower != NULL ? lower : upper};
    for (size_t i = 0; i < 2; i++) {
        bool is_set = values[i] != NULL && values[i][0] != '\0';
        variables_put(variables, names[i],
                      is_set ? arena_format(room->arena, "%s,%s", values[i], local) : local);
    }
}

static void put_ours(struct process_room *room, const struct command *command, const struct spawn *spawn)
{
    struct variables *variables = &room->variables;
    const struct lane_folder *folder = command->folder;
    static const char *const tmp_names[] = {"ITRUN_TMPDIR", "TMPDIR", "TMP", "TEMP"};
    for (size_t i = 0; i < sizeof tmp_names / sizeof *tmp_names; i++) {
        variables_put(variables, tmp_names[i], folder->path);
    }
    variables_put(variables, "ITRUN_INFRA_FAILURE_FILE", folder->infra_path);
    variables_put(variables, "ITRUN_COOKIE", room->cookie);
    variables_put(variables, "AWS_CONFIG_FILE", room->config_path);
    variables_put(variables, "AWS_SHARED_CREDENTIALS_FILE", room->credentials_path);
    variables_put(variables, "AWS_EC2_METADATA_DISABLED", "true");
    if (spawn->report_path != NULL) {
        variables_put(variables, "ITRUN_REPORT", spawn->report_path);
    }
    if (command->outputs_path != NULL) {
        variables_put(variables, "ITRUN_OUTPUTS", command->outputs_path);
    }
    put_no_proxy(room);
}

static void put_pairs(struct variables *variables, const struct pair *pairs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (pairs[i].value != NULL) {
            variables_put(variables, pairs[i].name, pairs[i].value);
        }
    }
}

void environment_write(struct process_room *room, struct command *command, const struct spawn *spawn,
                       const struct pair *extra, size_t extra_count)
{
    variables_copy(&room->variables, &room->base);
    put_pairs(&room->variables, spawn->env, spawn->env_count);
    put_pairs(&room->variables, extra, extra_count);
    put_ours(room, command, spawn);
    struct text *payload = &room->payload;
    text_reset(payload);
    text_append_bytes(payload, command->cwd, strlen(command->cwd) + 1);
    uint32_t count = 0;
    for (; spawn->argv[count] != NULL; count++) {
        text_append_bytes(payload, spawn->argv[count], strlen(spawn->argv[count]) + 1);
    }
    command->message.argument_count = count;
    command->message.variable_count = (uint32_t)room->variables.count;
    variables_write(&room->variables, payload);
    arena_reset(room->arena);
}
