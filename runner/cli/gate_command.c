/* itrun gate [RUN…] - whether results are good enough, by the configuration's `gate`. */
#include "commands.h"
#include "itrun/base/memory.h"
#include "itrun/gate.h"
#include "itrun/model/outcome.h"
#include "results_read.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OLDER_RUNS_MOST 50 /* that are read to see how long a quarantined test has been good */

struct gate {
    const struct options *options;
    struct arena *arena;
    struct config *config;
    struct results *runs;
    size_t run_count;
    size_t *streaks;
    bool *is_over; /* by entry: a bad run was met */
};

static bool read_policy(struct gate *gate, struct error *error)
{
    struct text path = {0};
    bool is_found = config_find(gate->options, &path, error);
    gate->config = is_found ? config_open(gate->options, text_string(&path), error) : NULL;
    text_clear(&path);
    if (gate->config != NULL && gate->options->max_age_ms > 0) {
        gate->config->gate.max_age_ms = gate->options->max_age_ms;
    }
    return gate->config != NULL;
}

static bool read_run(struct gate *gate, const char *word, struct error *error)
{
    struct options one = *gate->options;
    struct run_folder folder = {0};
    one.words = &word;
    one.word_count = word != NULL;
    bool is_read = run_folder_open(&one, &folder, error) &&
                   results_read(text_string(&folder.path), &gate->runs[gate->run_count], error);
    gate->run_count += is_read;
    run_folder_close(&folder);
    return is_read;
}

static bool read_runs(struct gate *gate, struct error *error)
{
    size_t words = gate->options->word_count;
    gate->runs = memory_new((words + 1) * sizeof *gate->runs);
    if (words == 0) {
        return read_run(gate, NULL, error);
    }
    for (size_t i = 0; i < words; i++) {
        if (!read_run(gate, gate->options->words[i], error)) {
            return false;
        }
    }
    return true;
}

/* --- how long has what is in quarantine been good? ----------------------------------------------------- */

/* False: every entry's streak has ended or is long enough. */
static bool add_to_streaks(struct gate *gate, const struct results *run)
{
    const struct gate_policy *policy = &gate->config->gate;
    bool is_open = false;
    for (size_t i = 0; i < policy->quarantine_count; i++) {
        enum gate_seen seen = gate_entry_seen(&policy->quarantine[i], run);
        gate->is_over[i] = gate->is_over[i] || seen == GATE_BAD;
        gate->streaks[i] += !gate->is_over[i] && seen == GATE_GOOD;
        is_open = is_open || (!gate->is_over[i] && gate->streaks[i] < policy->quarantine_passes);
    }
    return is_open;
}

static bool is_given(const struct gate *gate, const char *run)
{
    for (size_t i = 0; i < gate->run_count; i++) {
        if (string_equal(gate->runs[i].run, run)) {
            return true;
        }
    }
    return false;
}

/* Newest first: a run's id begins with its time. What cannot be read any more teaches nothing. */
static void look_back(struct gate *gate, const char *folder)
{
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, NULL, alphasort);
    bool is_open = true;
    for (int i = count - 1; i >= 0; i--) {
        struct results older;
        struct error ignored = {0};
        bool is_wanted = is_open && entries[i]->d_name[0] != '.' && count - i <= OLDER_RUNS_MOST;
        const char *path = arena_format(gate->arena, "%s/%s", folder, entries[i]->d_name);
        if (is_wanted && !is_given(gate, entries[i]->d_name) && results_read(path, &older, &ignored)) {
            is_open = older.started_us > gate->runs[0].started_us || add_to_streaks(gate, &older);
            results_clear(&older);
        }
        free(entries[i]);
    }
    free(entries);
}

static void count_streaks(struct gate *gate)
{
    size_t count = gate->config->gate.quarantine_count;
    bool is_open = count > 0;
    gate->streaks = arena_alloc(gate->arena, (count + 1) * sizeof *gate->streaks);
    gate->is_over = arena_alloc(gate->arena, (count + 1) * sizeof *gate->is_over);
    for (size_t i = gate->run_count; i > 0 && is_open; i--) {
        is_open = add_to_streaks(gate, &gate->runs[i - 1]);
    }
    struct text output = {0};
    struct error ignored = {0};
    if (is_open && output_folder(gate->options, &output, &ignored)) {
        text_append(&output, "/runs");
        look_back(gate, text_string(&output));
    }
    text_clear(&output);
}

/* --- the command --------------------------------------------------------------------------------------- */

static bool check_base(const struct options *options, struct error *error)
{
    const char *base = options->base;
    size_t length = base != NULL ? strlen(base) : 40;
    bool is_hash =
        base == NULL || ((length == 40 || length == 64) && strspn(base, "0123456789abcdef") == length);
    if (!is_hash) {
        error_set(error, ERROR_USAGE, "--base wants the hash of a commit, not '%s'", base);
        error_hint(error, "git rev-parse origin/main says it");
    }
    return is_hash;
}

static bool decide(struct gate *gate, struct gate_verdict *ret_verdict, struct error *error)
{
    const struct gate_question question = {.policy = &gate->config->gate,
                                           .runs = gate->runs,
                                           .run_count = gate->run_count,
                                           .now_us = clock_wall_us(),
                                           .base = gate->options->base,
                                           .streaks = gate->streaks};
    return gate_decide(&question, gate->arena, ret_verdict, error);
}

static void print(const struct options *options, const struct gate_verdict *verdict)
{
    struct text text = {0};
    if (options->is_json) {
        gate_write_json(verdict, &text);
    } else {
        gate_write_text(verdict, &text);
    }
    fwrite(text_string(&text), 1, text.length, stdout);
    text_clear(&text);
}

static int run(const struct options *options)
{
    struct gate gate = {.options = options, .arena = arena_new()};
    struct gate_verdict verdict = {0};
    struct error error = {0};
    bool is_ready = check_base(options, &error) && read_policy(&gate, &error) && read_runs(&gate, &error);
    if (is_ready) {
        count_streaks(&gate);
    }
    int exit_code = EXIT_CODE_USAGE;
    if (is_ready && decide(&gate, &verdict, &error)) {
        print(options, &verdict);
        exit_code = verdict.exit_code;
    } else {
        if (error.what[0] != '\0') {
            complain(&error);
        }
        exit_code = exit_code_of(&error);
    }
    for (size_t i = 0; i < gate.run_count; i++) {
        results_clear(&gate.runs[i]);
    }
    memory_free(gate.runs);
    config_free(gate.config);
    arena_free(gate.arena);
    return exit_code;
}

const struct command gate_command = {"gate", "[RUN…]",
                                     "whether results are good enough, by the configuration's gate",
                                     GROUP_ALWAYS | GROUP_GATE, run};
