/* itrun run - the whole job. */
#include "commands.h"
#include "itrun/model/outcome.h"
#include "run_id.h"
#include "watch.h"
#include <stdio.h>

static int nothing_selected(void)
{
    struct error error = {0};
    error_set(&error, ERROR_USAGE, "no suite was selected");
    error_hint(&error, "itrun list suites shows what there is; --filter and --tag may be too narrow");
    complain(&error);
    return EXIT_CODE_NOTHING;
}

static int run(const struct options *options)
{
    if (options->is_watch) {
        return watch_run(options);
    }
    char run_id[RUN_ID_SIZE];
    run_id_make(run_id);
    struct workspace workspace = {.run_id = run_id};
    struct planned planned = {0};
    struct error error = {0};
    struct selection selection = {options->words, options->word_count, options->filter, options->tag};
    int exit_code = EXIT_CODE_PASSED;
    bool is_ready = workspace_open(&workspace, options, WANT_ACCOUNTS | WANT_STORES, &error) &&
                    workspace_select(&workspace, &selection, &planned, &error);
    if (is_ready && planned.count == 0) {
        exit_code = nothing_selected();
    } else if (is_ready && workspace_plan(&workspace, &planned, &error)) {
        exit_code = execute_run(&workspace, &planned);
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

const struct command run_command = {"run", "[SUITE…]", "run the suites (the default command)",
                                    GROUP_ALWAYS | GROUP_SELECT | GROUP_RUN | GROUP_REPORTS | GROUP_WATCH,
                                    run};
