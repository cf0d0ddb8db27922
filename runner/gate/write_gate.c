/* write_gate.c - a verdict for people and for programs. */
#include "itrun/ci.h"
#include "itrun/gate.h"

static const char *const headings[] = {
    [GATE_BLOCKS] = "blocks", [GATE_EXCUSED] = "excused", [GATE_SAYS] = "to do"};

static const char *word_of(int exit_code)
{
    switch (exit_code) {
    case EXIT_CODE_PASSED: return "OPEN";
    case EXIT_CODE_FAILED: return "CLOSED: tests failed";
    case EXIT_CODE_INFRA: return "CLOSED: infrastructure failed";
    case EXIT_CODE_NOTHING: return "CLOSED: nothing ran";
    default: return "CLOSED: incomplete";
    }
}

static void append_group(const struct gate_group *group, struct text *text)
{
    text_append(text, "  ");
    ci_append_harmless(text, group->name);
    text_append(text, group->is_advisory ? " (advisory):" : ":");
    const char *separator = " ";
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        if (group->counts[i] > 0) {
            text_append_format(text, "%s%zu %s", separator, group->counts[i], outcome_name((enum outcome)i));
            separator = ", ";
        }
    }
    if (group->excused > 0) {
        text_append_format(text, " (%zu in quarantine)", group->excused);
    }
    text_append_char(text, '\n');
}

void gate_write_text(const struct gate_verdict *verdict, struct text *text)
{
    text_append_format(text, "gate %s (exit code %d)\n", word_of(verdict->exit_code), verdict->exit_code);
    text_append_format(text, "%zu suites, %zu tests, %zu flaky\n", verdict->suite_count, verdict->test_count,
                       verdict->flaky_count);
    for (size_t i = 0; i < verdict->group_count; i++) {
        append_group(&verdict->groups[i], text);
    }
    for (size_t i = 0; i < verdict->reason_count; i++) {
        const struct gate_reason *reason = &verdict->reasons[i];
        if (i == 0 || verdict->reasons[i - 1].weight != reason->weight) {
            text_append_format(text, "\n%s:\n", headings[reason->weight]);
        }
        text_append(text, "  ");
        ci_append_harmless(text, reason->what);
        text_append_char(text, '\n');
        if (reason->mend != NULL) {
            text_append_format(text, "      mend: %s\n", reason->mend);
        }
        if (reason->repro != NULL) {
            text_append(text, "      ");
            ci_append_harmless(text, reason->repro);
            text_append_char(text, '\n');
        }
    }
}

static const char *const weights[] = {
    [GATE_BLOCKS] = "blocks", [GATE_EXCUSED] = "excused", [GATE_SAYS] = "says"};

void gate_write_json(const struct gate_verdict *verdict, struct text *text)
{
    struct json_writer writer;
    json_write_begin(&writer, text, 2);
    json_write_object(&writer, NULL);
    json_write_int(&writer, "exit_code", verdict->exit_code);
    json_write_bool(&writer, "is_open", verdict->exit_code == EXIT_CODE_PASSED);
    json_write_int(&writer, "suites", (int64_t)verdict->suite_count);
    json_write_int(&writer, "tests", (int64_t)verdict->test_count);
    json_write_int(&writer, "flaky", (int64_t)verdict->flaky_count);
    json_write_array(&writer, "groups");
    for (size_t i = 0; i < verdict->group_count; i++) {
        const struct gate_group *group = &verdict->groups[i];
        json_write_object(&writer, NULL);
        json_write_string(&writer, "name", group->name);
        json_write_bool(&writer, "is_advisory", group->is_advisory);
        json_write_int(&writer, "exit_code", group->exit_code);
        json_write_int(&writer, "excused", (int64_t)group->excused);
        for (int o = 0; o < OUTCOME_COUNT; o++) {
            json_write_int(&writer, outcome_name((enum outcome)o), (int64_t)group->counts[o]);
        }
        json_write_end(&writer, '}');
    }
    json_write_end(&writer, ']');
    json_write_array(&writer, "reasons");
    for (size_t i = 0; i < verdict->reason_count; i++) {
        const struct gate_reason *reason = &verdict->reasons[i];
        json_write_object(&writer, NULL);
        json_write_string(&writer, "weight", weights[reason->weight]);
        if (reason->weight == GATE_BLOCKS) {
            json_write_int(&writer, "exit_code", reason->exit_code);
        }
        json_write_string(&writer, "what", reason->what);
        json_write_string(&writer, "mend", reason->mend);
        json_write_string(&writer, "repro", reason->repro);
        json_write_end(&writer, '}');
    }
    json_write_end(&writer, ']');
    json_write_end(&writer, '}');
    text_append_char(text, '\n');
}
