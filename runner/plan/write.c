/* write.c - a plan as `itrun plan` shows it. Accounts appear as aliases only. */
#include "itrun/planner.h"
#include "itrun/base/json.h"
#include <string.h>

static size_t deploy_count(const struct plan *plan)
{
    size_t count = 0;
    for (size_t i = 0; i < plan->shard_count; i++)
        count += plan->shards[i].deploy_count;
    return count;
}

static size_t suite_count(const struct plan *plan)
{
    size_t count = 0;
    for (size_t i = 0; i < plan->shard_count; i++)
        count += plan->shards[i].suite_count;
    return count;
}

static const char *alias_of(const struct inventory *inventory, const struct shard *shard)
{
    return shard->account == NO_INDEX ? "any account" : inventory->accounts[shard->account].alias;
}

/* What comes after the first line of each: "\n" inside becomes a line of its own with the same start. */
static void append_lines(struct text *text, const char *start, const char *lines)
{
    while (lines && *lines) {
        size_t length = strcspn(lines, "\n");
        text_append(text, start);
        text_append_bytes(text, lines, length);
        text_append_char(text, '\n');
        lines += length + (lines[length] == '\n');
    }
}

static const char *plural(size_t count)
{
    return count == 1 ? "" : "s";
}

void plan_write_text(const struct plan *plan, const struct inventory *inventory, struct text *text)
{
    text_append(text, "predicted ");
    text_append_duration(text, plan->predicted_ms);
    text_append(text, " · at least ");
    text_append_duration(text, plan->lower_bound_ms);
    if (plan->lower_bound_ms > 0)
        text_append_format(text, " (×%.2f)", (double)plan->predicted_ms / (double)plan->lower_bound_ms);
    text_append_format(text, " · limited by %s\n", plan->limited_by);
    text_append_format(text, "%zu suite%s in %zu shard%s, %zu at a time · %zu stack deploy%s predicted\n",
                       suite_count(plan), plural(suite_count(plan)), plan->shard_count,
                       plural(plan->shard_count), plan->job_count, deploy_count(plan),
                       plural(deploy_count(plan)));
    append_lines(text, "note: ", plan->explanation);
    for (size_t i = 0; i < plan->shard_count; i++) {
        const struct shard *shard = &plan->shards[i];
        text_append_format(text, "\nshard %zu · %s · %zu suite%s · %zu deploy%s · ", i + 1,
                           alias_of(inventory, shard), shard->suite_count, plural(shard->suite_count),
                           shard->deploy_count, plural(shard->deploy_count));
        text_append_duration(text, shard->predicted_ms);
        text_append_char(text, '\n');
        for (size_t s = 0; s < shard->suite_count; s++)
            text_append_format(text, "  %s\n", inventory->suites[shard->suites[s]].name);
    }
}

static void write_explanation(const struct plan *plan, struct json_writer *writer)
{
    json_write_array(writer, "explanation");
    for (const char *line = plan->explanation; line && *line;) {
        size_t length = strcspn(line, "\n");
        json_write_bytes(writer, NULL, line, length);
        line += length + (line[length] == '\n');
    }
    json_write_end(writer, ']');
}

void plan_write_json(const struct plan *plan, const struct inventory *inventory, struct text *text)
{
    struct json_writer writer;
    json_write_begin(&writer, text, 2);
    json_write_object(&writer, NULL);
    json_write_int(&writer, "predicted_ms", plan->predicted_ms);
    json_write_int(&writer, "lower_bound_ms", plan->lower_bound_ms);
    json_write_string(&writer, "limited_by", plan->limited_by);
    json_write_int(&writer, "suites", (int64_t)suite_count(plan));
    json_write_int(&writer, "jobs", (int64_t)plan->job_count);
    json_write_int(&writer, "deploys", (int64_t)deploy_count(plan));
    write_explanation(plan, &writer);
    json_write_array(&writer, "shards");
    for (size_t i = 0; i < plan->shard_count; i++) {
        const struct shard *shard = &plan->shards[i];
        json_write_object(&writer, NULL);
        json_write_int(&writer, "shard", (int64_t)i + 1);
        json_write_string(&writer, "account", shard->account == NO_INDEX ? NULL : alias_of(inventory, shard));
        json_write_int(&writer, "predicted_ms", shard->predicted_ms);
        json_write_int(&writer, "deploys", (int64_t)shard->deploy_count);
        json_write_array(&writer, "suites");
        for (size_t s = 0; s < shard->suite_count; s++)
            json_write_string(&writer, NULL, inventory->suites[shard->suites[s]].name);
        json_write_end(&writer, ']');
        json_write_end(&writer, '}');
    }
    json_write_end(&writer, ']');
    json_write_end(&writer, '}');
    text_append_char(text, '\n');
}
