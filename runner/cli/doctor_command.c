/* itrun doctor - checks all that a run will need and prints, for each thing that is wrong, the command that
 * mends it.
 *
 * Reads only: it leases nothing, deploys nothing, runs no suite. */
#include "doctor.h"
#include "itrun/base/json.h"
#include "itrun/base/memory.h"
#include "itrun/model/outcome.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct finding *doctor_say(struct doctor *doctor, enum health health, const char *name, const char *format,
                           ...)
{
    va_list arguments;
    va_start(arguments, format);
    doctor->list = memory_grow(doctor->list, doctor->count, &doctor->capacity, sizeof *doctor->list);
    struct finding *finding = &doctor->list[doctor->count++];
    *finding = (struct finding){
        .health = health, .name = name, .what = arena_vformat(doctor->arena, format, arguments)};
    va_end(arguments);
    return finding;
}

struct finding *doctor_say_error(struct doctor *doctor, const char *name, const struct error *error)
{
    bool has_place = error->where[0] != '\0';
    struct finding *finding =
        doctor_say(doctor, HEALTH_BAD, name, "%s%s%s", error->where, has_place ? ": " : "", error->what);
    finding->mend = error->hint[0] != '\0' ? arena_string(doctor->arena, error->hint) : NULL;
    return finding;
}

/* ---- printing ---- */

static void print_finding(const struct finding *finding, bool is_coloured, struct text *text)
{
    static const char *const signs[] = {"✓", "!", "✗"}, *const colours[] = {"32", "33", "31"};
    if (is_coloured) {
        text_append_format(text, "\033[%sm%s\033[0m", colours[finding->health], signs[finding->health]);
    } else {
        text_append(text, signs[finding->health]);
    }
    text_append_format(text, " %-14s ", finding->name);
    text_append_printable(text, finding->what, strlen(finding->what));
    text_append_char(text, '\n');
    if (finding->mend != NULL) {
        text_append_format(text, "    mend: %s\n", finding->mend);
    }
}

static void print_json(const struct doctor *doctor, struct text *text)
{
    static const char *const words[] = {"fine", "doubtful", "bad"};
    struct json_writer writer;
    json_write_begin(&writer, text, 1);
    json_write_array(&writer, NULL);
    for (size_t i = 0; i < doctor->count; i++) {
        json_write_object(&writer, NULL);
        json_write_string(&writer, "check", doctor->list[i].name);
        json_write_string(&writer, "health", words[doctor->list[i].health]);
        json_write_string(&writer, "what", doctor->list[i].what);
        json_write_string(&writer, "mend", doctor->list[i].mend);
        json_write_end(&writer, '}');
    }
    json_write_end(&writer, ']');
    text_append_char(text, '\n');
}

static size_t count_health(const struct doctor *doctor, enum health health)
{
    size_t count = 0;
    for (size_t i = 0; i < doctor->count; i++) {
        count += doctor->list[i].health == health;
    }
    return count;
}

static void print(const struct doctor *doctor, const struct options *options)
{
    struct text text = {0};
    if (options->is_json) {
        print_json(doctor, &text);
    } else {
        bool is_painted = is_coloured(options, STDOUT_FILENO);
        for (size_t i = 0; i < doctor->count; i++) {
            print_finding(&doctor->list[i], is_painted, &text);
        }
        size_t bad = count_health(doctor, HEALTH_BAD);
        size_t doubtful = count_health(doctor, HEALTH_DOUBTFUL);
        text_append_format(&text, "\n%zu checks: %zu bad, %zu doubtful\n", doctor->count, bad, doubtful);
    }
    fputs(text_string(&text), stdout);
    text_clear(&text);
}

/* 2: this machine or the configuration; 3: only accounts. */
static int verdict(const struct doctor *doctor)
{
    int exit_code = EXIT_CODE_PASSED;
    for (size_t i = 0; i < doctor->count; i++) {
        if (doctor->list[i].health == HEALTH_BAD && !doctor->list[i].is_infrastructure) {
            return EXIT_CODE_USAGE;
        }
        exit_code = doctor->list[i].health == HEALTH_BAD ? EXIT_CODE_INFRA : exit_code;
    }
    return exit_code;
}

/* ---- the visit ---- */

static bool is_local(const struct doctor *doctor)
{
    return doctor->workspace->config->accounts.provider == ACCOUNTS_LOCAL;
}

static void check_configuration(struct doctor *doctor)
{
    const struct workspace *workspace = doctor->workspace;
    size_t suites = workspace->inventory->suite_count, stacks = workspace->inventory->stack_count;
    doctor_say(doctor, HEALTH_FINE, "configuration", "%s: %zu suite%s, %zu stack%s", workspace->config_path,
               suites, suites == 1 ? "" : "s", stacks, stacks == 1 ? "" : "s");
}

/* The files first, so that a wrong pool does not hide what is wrong here. */
static void visit(struct doctor *doctor, const struct options *options)
{
    struct error error = {0};
    struct workspace workspace = {.run_id = "doctor"};
    doctor->workspace = &workspace;
    bool has_files = workspace_open(&workspace, options, WANT_FILES_ONLY, &error);
    bool has_pool = has_files && !is_local(doctor);
    if (has_files) {
        check_configuration(doctor);
        doctor_check_machine(doctor);
    } else if (error.what[0] != '\0') {
        doctor_say_error(doctor, "configuration", &error);
    } else {
        doctor_say(doctor, HEALTH_BAD, "configuration", "it has the mistakes shown above")->mend =
            "itrun list suites   # shows them again";
    }
    workspace_close(&workspace);
    if (!has_pool) {
        return;
    }
    workspace = (struct workspace){.run_id = "doctor"};
    if (workspace_open(&workspace, options, WANT_ACCOUNTS | WANT_STORES, &error)) {
        doctor_check_accounts(doctor);
    } else {
        doctor_say_error(doctor, "accounts", &error)->is_infrastructure = error.kind != ERROR_CONFIG;
    }
    workspace_close(&workspace);
}

static int run(const struct options *options)
{
    struct doctor doctor = {.arena = arena_new()};
    visit(&doctor, options);
    print(&doctor, options);
    int exit_code = verdict(&doctor);
    memory_free(doctor.list);
    arena_free(doctor.arena);
    return exit_code;
}

const struct command doctor_command = {
    "doctor", "", "check everything before a run; print each mend as a command", GROUP_ALWAYS, run};
