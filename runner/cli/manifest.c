#include "manifest.h"
#include "itrun/base/json.h"
#include "itrun/base/memory.h"

#define MANIFEST_LIMIT_BYTES (64 * 1024 * 1024)

static void write_suites(const struct inventory *inventory, const struct planned *planned,
                         struct json_writer *json)
{
    json_write_array(json, "suites");
    for (size_t i = 0; i < planned->count; i++) {
        const struct suite *suite = &inventory->suites[planned->suites[i]];
        json_write_object(json, NULL);
        json_write_string(json, "name", suite->name);
        json_write_string(json, "group", suite->group);
        json_write_string(json, "framework", suite->framework);
        if (suite->source != NULL) {
            json_write_string(json, "file", suite->source);
        }
        json_write_array(json, "needs");
        for (size_t n = 0; n < suite->need_count; n++) {
            json_write_string(json, NULL, inventory->stacks[suite->needs[n]].name);
        }
        json_write_end(json, ']');
        json_write_int(json, "timeout_ms", suite->timeout_ms);
        json_write_object(json, "retries");
        for (int o = 0; o < OUTCOME_COUNT; o++) {
            enum retry_class class = outcome_retry_class((enum outcome)o);
            if (class != RETRY_NEVER) {
                json_write_int(json, outcome_name((enum outcome)o), suite->retries.of[class]);
            }
        }
        json_write_int(json, "total", suite->retries.total);
        json_write_end(json, '}');
        json_write_end(json, '}');
    }
    json_write_end(json, ']');
}

static void write_shards(const struct inventory *inventory, const struct plan *plan, struct json_writer *json)
{
    json_write_array(json, "shards");
    for (size_t i = 0; i < plan->shard_count; i++) {
        const struct shard *shard = &plan->shards[i];
        json_write_object(json, NULL);
        json_write_int(json, "shard", (int64_t)i + 1);
        if (shard->account != NO_INDEX) {
            json_write_string(json, "account", inventory->accounts[shard->account].alias);
        }
        json_write_array(json, "suites");
        for (size_t s = 0; s < shard->suite_count; s++) {
            json_write_string(json, NULL, inventory->suites[shard->suites[s]].name);
        }
        json_write_end(json, ']');
        json_write_end(json, '}');
    }
    json_write_end(json, ']');
}

void manifest_write(const struct workspace *workspace, const struct planned *planned, struct text *text)
{
    const struct inventory *inventory = workspace->inventory;
    const struct run_options *run = &planned->run;
    struct json_writer json;
    json_write_begin(&json, text, 1);
    json_write_object(&json, NULL);
    json_write_int(&json, "version", 1);
    json_write_string(&json, "itrun", ITRUN_VERSION);
    json_write_string(&json, "run", run->run_id);
    json_write_string(&json, "project", inventory->project);
    json_write_string(&json, "commit", inventory->commit);
    json_write_string(&json, "branch", inventory->branch);
    json_write_bool(&json, "dirty", inventory->is_dirty);
    json_write_string(&json, "config", run->config_argument);
    struct text seed = {0};
    text_append_format(&seed, "%llu", (unsigned long long)run->seed);
    json_write_string(&json, "seed", text_string(&seed));
    text_clear(&seed);
    json_write_object(&json, "options");
    json_write_string(&json, "test", run->test_name);
    json_write_int(&json, "jobs", (int64_t)run->job_count);
    json_write_int(&json, "timeout_ms", run->timeout_ms);
    json_write_int(&json, "shard_timeout_ms", run->shard_timeout_ms);
    json_write_int(&json, "suite_timeout_ms", run->suite_timeout_ms);
    json_write_int(&json, "retries", run->retries);
    json_write_bool(&json, "force_deploy", run->is_force_deploy);
    json_write_bool(&json, "no_deploy", run->is_no_deploy);
    json_write_end(&json, '}');
    json_write_int(&json, "predicted_ms", planned->plan->predicted_ms);
    json_write_int(&json, "lower_bound_ms", planned->plan->lower_bound_ms);
    write_suites(inventory, planned, &json);
    write_shards(inventory, planned->plan, &json);
    json_write_end(&json, '}');
    text_append_char(text, '\n');
}

static void read_suites(const struct json *suites, struct arena *arena, struct manifest *manifest)
{
    manifest->suites = arena_alloc(arena, (json_count(suites) + 1) * sizeof *manifest->suites);
    for (const struct json *suite = json_first(suites); suite != NULL; suite = json_next(suite)) {
        manifest->suites[manifest->suite_count++] = arena_string(arena, json_get_string(suite, "name", ""));
    }
}

bool manifest_read(const char *folder, struct arena *arena, struct manifest *ret_manifest,
                   struct error *error)
{
    struct text path = {0};
    text_append_format(&path, "%s/manifest.json", folder);
    char *bytes = NULL;
    size_t length = 0;
    bool is_read = file_read(text_string(&path), MANIFEST_LIMIT_BYTES, &bytes, &length, error);
    struct json *root = is_read ? json_parse(bytes, length, error) : NULL;
    memory_free(bytes);
    if (root == NULL) {
        error_where(error, "%s", text_string(&path));
        error_hint(error, "a run's folder holds manifest.json and events.ndjson; was it copied whole?");
        text_clear(&path);
        return false;
    }
    ret_manifest->run = arena_string(arena, json_get_string(root, "run", NULL));
    ret_manifest->commit = arena_string(arena, json_get_string(root, "commit", NULL));
    ret_manifest->config = arena_string(arena, json_get_string(root, "config", NULL));
    ret_manifest->seed = arena_string(arena, json_get_string(root, "seed", NULL));
    ret_manifest->test = arena_string(arena, json_get_string(json_get(root, "options"), "test", NULL));
    read_suites(json_get(root, "suites"), arena, ret_manifest);
    json_free(root);
    text_clear(&path);
    return true;
}
