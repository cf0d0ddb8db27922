/* itrun plan - what a run would do; acts on nothing. */
#include "commands.h"
#include "itrun/model/outcome.h"
#include <stdio.h>

static int run(const struct options *options)
{
    struct workspace workspace = {.run_id = "plan"};
    struct planned planned = {0};
    struct error error = {0};
    struct selection selection = {options->words, options->word_count, options->filter, options->tag};
    int exit_code = EXIT_CODE_PASSED;
    bool is_ready = workspace_open(&workspace, options, WANT_ACCOUNTS | WANT_STORES, &error) &&
                    workspace_select(&workspace, &selection, &planned, &error);
    if (is_ready && planned.count == 0) {
        fputs("itrun: no suite was selected\n", stderr);
        exit_code = EXIT_CODE_NOTHING;
    } else if (is_ready && workspace_plan(&workspace, &planned, &error)) {
        struct text text = {0};
        (options->is_json ? plan_write_json : plan_write_text)(planned.plan, workspace.inventory, &text);
        fputs(text_string(&text), stdout);
        text_clear(&text);
    } else {
        if (error.what[0] != '\0') {
            complain(&error);
        }
        exit_code = exit_code_of(&error);
    }
    planned_clear(&planned);
    workspace_close(&workspace);
    return exit_code;
}

const struct command plan_command = {"plan", "[SUITE…]", "show shards, predicted makespan and what limits it",
                                     GROUP_ALWAYS | GROUP_SELECT | GROUP_RUN, run};
