/* itrun report RUN - rebuilds JUnit, metrics and summary from a run's journal, byte for byte as the live
 * run's. */
#include "ci_environment.h"
#include "ci_outputs.h"
#include "commands.h"
#include "github_status.h"
#include "itrun/model/outcome.h"
#include "journal_read.h"
#include "reports.h"

struct feeding {
    struct sink *sinks[REPORTS_MAX + CI_SINKS_MAX];
    size_t count;
};

static bool feed(void *context, const struct event *event, struct error *error)
{
    struct feeding *feeding = context;
    for (size_t i = 0; i < feeding->count; i++) {
        if (!feeding->sinks[i]->on_event(feeding->sinks[i], event, error)) {
            return false;
        }
    }
    return true;
}

static bool rebuild(uv_loop_t *loop, const struct options *options, const char *folder, struct error *error)
{
    struct reports *reports = reports_open(loop, reports_are_asked(options) ? NULL : folder, options, error);
    if (reports == NULL) {
        return false;
    }
    struct arena *arena = arena_new();
    struct ci_facts facts;
    ci_environment_read(options, arena, &facts);
    struct ci_outputs *ci = ci_outputs_open(&facts, NULL, "");
    struct feeding feeding = {.count = 0};
    feeding.count = reports_sinks(reports, feeding.sinks, REPORTS_MAX);
    if (!reports_are_asked(options)) {
        feeding.count += ci_outputs_sinks(ci, feeding.sinks + feeding.count, CI_SINKS_MAX);
    }
    bool is_fine = journal_read(folder, feed, &feeding, error);
    for (size_t i = 0; is_fine && i < feeding.count; i++) {
        is_fine = feeding.sinks[i]->flush(feeding.sinks[i], error);
    }
    bool is_written = reports_close(reports);
    is_written = ci_outputs_close(ci) && is_written;
    arena_free(arena);
    if (is_fine && !is_written) {
        error_set(error, ERROR_IO, "not every report could be written");
    }
    return is_fine && is_written;
}

/* --github-status alone writes no file. */
static bool report(uv_loop_t *loop, const struct options *options, const char *folder, struct error *error)
{
    bool has_files = !options->is_github_status || reports_are_asked(options);
    return (!has_files || rebuild(loop, options, folder, error)) &&
           (!options->is_github_status || github_status_report(loop, options, folder, error));
}

/* What is unpacked is gone in a moment: no place for reports. */
static bool has_place(const struct options *options, const struct run_folder *folder, struct error *error)
{
    if (folder->unpacked.path.length == 0 || reports_are_asked(options) || options->is_github_status) {
        return true;
    }
    error_set(error, ERROR_USAGE, "the run is in an archive: where shall its reports go?");
    return error_hint(error, "name a file for each, like --junit junit.xml");
}

static int run(const struct options *options)
{
    struct error error = {0};
    struct run_folder folder = {0};
    uv_loop_t loop;
    uv_loop_init(&loop);
    bool is_done = run_folder_open(options, &folder, &error) && has_place(options, &folder, &error) &&
                   report(&loop, options, text_string(&folder.path), &error);
    if (!is_done && error.what[0] != '\0') {
        complain(&error);
    }
    run_folder_close(&folder);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
    return is_done ? EXIT_CODE_PASSED : exit_code_of(&error);
}

const struct command report_command = {"report", "[RUN|DIR|ARCHIVE] [RUN]",
                                       "rebuild the reports from a run's journal",
                                       GROUP_ALWAYS | GROUP_REPORTS | GROUP_STATUS, run};
