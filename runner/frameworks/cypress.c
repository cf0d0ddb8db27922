/* cypress.c - Cypress 10 to 15, by the mocha-junit-reporter that is part of it.
 *
 * Its options take care that the class is the describes and the name the title (they are swapped otherwise)
 * and that pending tests are there at all. Each spec file overwrites a fixed name, hence one spec an attempt;
 * it is written when the spec ended, so a crashed spec leaves none. Without a plugin Cypress cannot run one
 * test alone. */
#include "adapters.h"
#include <string.h>

#define LAUNCHER "npx --no-install cypress"
#define OPTIONS  "mochaFile=%s,jenkinsMode=true,includePending=true,toConsole=false"

static const char *const *cypress_argv(const struct framework_run *run, struct arena *arena)
{
    const struct suite *suite = run->suite;
    const char *arguments[8];
    size_t count = 0;
    arguments[count++] = "run";
    if (suite->file) {
        arguments[count++] = "--spec";
        arguments[count++] = file_argument(suite, arena);
    }
    arguments[count++] = "--reporter";
    arguments[count++] = "junit";
    arguments[count++] = "--reporter-options";
    arguments[count++] = arena_format(arena, OPTIONS, run->report_path);
    return command_line(suite->command ? suite->command : LAUNCHER, arguments, count, arena);
}

/* "\"before all\" hook for \"adds\"" is no test. */
static bool is_hook(const char *name)
{
    return string_starts_with(name, "\"before ") || string_starts_with(name, "\"after ")
               ? strstr(name, "\" hook") != NULL
               : false;
}

static void cypress_read(const struct suite *suite, const char *bytes, size_t length, struct report *report)
{
    struct junit_reader *reader = junit_reader_new(report);
    junit_reader_feed(reader, bytes, length);
    junit_reader_finish(reader);
    junit_reader_free(reader);
    for (size_t i = 0; i < report->count; i++) {
        struct test_case *found = &report->cases[i];
        found->file = suite && suite->source ? suite->source : case_file(suite, found->file, report->arena);
        if (!found->classname[0] && found->file)
            found->classname = found->file; /* as mocha has it */
        found->is_no_test = is_hook(found->name);
        if (found->status == CASE_FAILED && found->is_no_test)
            found->status = CASE_ERROR;
        if (found->status == CASE_SKIPPED)
            found->message = found->type = "pending";
    }
}

static const char *const absent_signs[] = {"npx canceled due to missing packages", "npm ERR! canceled",
                                           "could not determine executable", "Cypress binary is missing",
                                           NULL};

const struct framework framework_cypress = {
    .name = "cypress",
    .default_glob_hint = "cypress/e2e/**/*.cy.js",
    .install = "npm install --save-dev cypress && npx cypress install",
    .absent_signs = absent_signs,
    .is_empty_wrong = true,
    .has_report = true,
    .argv = cypress_argv,
    .read = cypress_read,
};
