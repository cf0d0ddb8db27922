/* propose.c - a first itrun.yaml from what is in a repository: what was found, written with the reasons
 * beside it. */
#include "propose.h"
#include "itrun/base/pattern.h"
#include <ctype.h>

#define CONTENTS_LIMIT ((size_t)1024 * 1024)

/* ---- finding ---- */

static bool is_taken(const struct findings *findings, const char *name)
{
    for (size_t i = 0; i < findings->suite_count; i++) {
        if (strcmp(findings->suites[i].name, name) == 0) {
            return true;
        }
    }
    for (size_t i = 0; i < findings->stack_count; i++) {
        if (strcmp(findings->stacks[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

const char *proposed_name(struct findings *findings, const char *wanted, size_t length)
{
    struct text text = {0};
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)wanted[i];
        bool is_kept = isalnum(c) || (text.length > 0 && strchr("-_.", c) != NULL);
        if (is_kept || text.length > 0) {
            text_append_char(&text, is_kept ? (char)c : '-');
        }
    }
    const char *base = text.length > 0 ? arena_string(findings->arena, text_string(&text)) : "tests";
    text_clear(&text);
    const char *name = base;
    for (int number = 2; is_taken(findings, name); number++) {
        name = arena_format(findings->arena, "%s-%d", base, number);
    }
    return name;
}

bool has_file(const struct findings *findings, const char *glob)
{
    for (size_t i = 0; i < findings->input->path_count; i++) {
        if (glob_matches(glob, findings->input->paths[i])) {
            return true;
        }
    }
    return false;
}

const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

const char *folder_of(struct findings *findings, const char *path)
{
    size_t length = (size_t)(base_name(path) - path);
    return arena_bytes(findings->arena, path, length > 0 ? length - 1 : 0);
}

const char *below(struct findings *findings, const char *folder, const char *rest)
{
    return folder[0] == '\0' ? rest : arena_format(findings->arena, "%s/%s", folder, rest);
}

const char *contents_of(struct findings *findings, const char *path, size_t *ret_length)
{
    size_t length = 0;
    char *bytes = findings->input->read(findings->input->context, path, &length);
    const char *kept = NULL;
    if (bytes != NULL && length <= CONTENTS_LIMIT) {
        kept = arena_bytes(findings->arena, bytes, length);
        *ret_length = length;
    }
    memory_free(bytes);
    return kept;
}

/* ---- writing ---- */

/* In double quotes, which YAML reads as JSON does. */
static void append_quoted(const char *string, struct text *text)
{
    text_append_char(text, '"');
    for (; *string != '\0'; string++) {
        if (*string == '"' || *string == '\\') {
            text_append_char(text, '\\');
        }
        text_append_char(text, *string);
    }
    text_append_char(text, '"');
}

static void append_key(const char *key, const char *value, struct text *text)
{
    if (value != NULL && value[0] != '\0') {
        text_append_format(text, "    %s: ", key);
        append_quoted(value, text);
        text_append_char(text, '\n');
    }
}

static void append_accounts(const struct findings *findings, struct text *text)
{
    if (findings->stack_count == 0) {
        text_append(
            text,
            "# No stacks were found, so no accounts are needed: each shard gets a directory of its own.\n"
            "accounts:\n  provider: local\n");
        return;
    }
    text_append(text,
                "# Each shard runs in an account of its own. `itrun doctor` checks that they can be used.\n"
                "accounts:\n"
                "  provider: organizations          # or list, with list: [\"123456789012\", ...]\n"
                "  organizational_unit: itrun-pool  # the accounts that may be used, and nothing else\n"
                "  role: itrun-runner               # a role in each of them that you may assume\n"
                "  region: ");
    append_quoted(findings->input->region != NULL ? findings->input->region : "eu-west-1", text);
    text_append_char(text, '\n');
}

static void append_parameters(const struct findings *findings, const struct found_stack *stack,
                              struct text *text)
{
    for (size_t i = 0; i < stack->parameter_count; i++) {
        const struct found_parameter *parameter = &stack->parameters[i];
        text_append(text, i == 0 ? "    parameters:\n" : "");
        text_append_format(text, "      %s: ", parameter->name);
        if (parameter->from != NO_INDEX) {
            text_append_format(text, "{output: %s.%s}\n", findings->stacks[parameter->from].name,
                               parameter->output);
        } else {
            text_append(text,
                        "itrun  # it has no default, and no stack has an output of this name: set it\n");
        }
    }
}

static void append_dependencies(const struct findings *findings, size_t index, struct text *text)
{
    const struct found_stack *stack = &findings->stacks[index];
    const char *separator = "    depends_on: [";
    for (size_t from = 0; from < findings->stack_count; from++) {
        bool is_used = false;
        for (size_t i = 0; i < stack->parameter_count; i++) {
            is_used = is_used || stack->parameters[i].from == from;
        }
        if (is_used) {
            text_append(text, separator);
            text_append(text, findings->stacks[from].name);
            separator = ", ";
        }
    }
    text_append(text, separator[0] == ',' ? "]\n" : "");
}

static void append_stacks(const struct findings *findings, struct text *text)
{
    text_append(text, findings->stack_count > 0 ? "stacks:\n" : "");
    for (size_t i = 0; i < findings->stack_count; i++) {
        const struct found_stack *stack = &findings->stacks[i];
        text_append_format(text, "  - name: %s\n", stack->name);
        append_dependencies(findings, i, text);
        append_key("template", stack->template_path, text);
        append_key("deploy", stack->deploy, text);
        append_key("stack_name", stack->stack_name, text);
        append_key("cwd", stack->cwd, text);
        if (stack->inputs != NULL) {
            text_append(text, "    inputs: [");
            append_quoted(stack->inputs, text);
            text_append(text, "]\n");
        }
        append_parameters(findings, stack, text);
    }
}

/* Stacks that no other needs: their dependencies come along. */
static void append_needs(const struct findings *findings, struct text *text)
{
    const char *separator = "    needs: [";
    for (size_t i = 0; i < findings->stack_count; i++) {
        if (!findings->stacks[i].is_needed_by_another) {
            text_append(text, separator);
            text_append(text, findings->stacks[i].name);
            separator = ", ";
        }
    }
    text_append(text, separator[0] == ',' ? "]\n" : "");
}

static void append_suites(const struct findings *findings, struct text *text)
{
    text_append(text, "suites:\n");
    if (findings->suite_count == 0) {
        text_append(text,
                    "  # No tests of a framework that itrun knows were found. A suite can be any command:\n"
                    "  - name: smoke\n"
                    "    command: \"true\"  # exit 0: passed; with `report: FILE` a JUnit file is read\n");
        append_needs(findings, text);
        return;
    }
    for (size_t i = 0; i < findings->suite_count; i++) {
        const struct found_suite *suite = &findings->suites[i];
        text_append_format(text, "  - name: %s\n    framework: %s\n", suite->name, suite->framework);
        append_key("command", suite->command, text);
        append_key("cwd", suite->cwd, text);
        for (size_t k = 0; k < suite->file_count; k++) {
            text_append(text, k == 0 ? "    files: [" : ", ");
            append_quoted(suite->files[k], text);
        }
        text_append(text, suite->file_count > 0 ? "]\n" : "");
        append_needs(findings, text);
        text_append(text, "    timeout: 5m\n");
    }
}

void config_propose(const struct proposal_input *input, struct text *ret_yaml, struct proposal *ret_proposal)
{
    struct findings findings = {.arena = arena_new(), .input = input};
    if (!input->is_local) {
        find_stacks(&findings);
    }
    find_suites(&findings);
    text_append(ret_yaml,
                "# Written by itrun init from what is in this repository; change what does not fit.\n"
                "version: 1\nproject: ");
    text_append_format(ret_yaml, "%s\n", proposed_name(&findings, input->project, strlen(input->project)));
    append_accounts(&findings, ret_yaml);
    append_stacks(&findings, ret_yaml);
    append_suites(&findings, ret_yaml);
    text_append(ret_yaml, "shards:\n  timeout: 30m\n");
    *ret_proposal =
        (struct proposal){.group_count = findings.suite_count, .stack_count = findings.stack_count};
    memory_free(findings.suites);
    memory_free(findings.stacks);
    arena_free(findings.arena);
}
