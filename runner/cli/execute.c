/* execute.c - a planned run, for real: its folder, its manifest, its sinks, the driver, and what is left to
 * say. */
#include "commands.h"
#include "ci_outputs.h"
#include "itrun/base/memory.h"
#include "itrun/host/driver.h"
#include "itrun/host/process.h"
#include "itrun/model/outcome.h"
#include "itrun/reporters.h"
#include "keys.h"
#include "manifest.h"
#include "reports.h"
#include "telemetry_environment.h"
#include "terminal.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECRETS_MAX (3 + TELEMETRY_HEADERS_MAX)

struct execution {
    struct workspace *workspace;
    struct planned *planned;
    struct text folder, journal, guard;
    struct private_folder tmp_root;
    struct reports *reports;
    struct terminal terminal;
    struct keys keys;
    struct telemetry *telemetry; /* NULL: nobody wants the spans */
    const struct telemetry_options *telemetry_options;
    struct sink *console, *history, *spans;
    struct ci_outputs *ci;
    bool is_record_broken;
};

static void complained(void *context, const struct error *error)
{
    struct execution *execution = context;
    struct text lines = {0};
    execution->is_record_broken = true;
    complaint_append(error, &lines);
    console_note(execution->console, text_string(&lines));
    text_clear(&lines);
}

/* "What is it doing?": the same as SIGUSR1 asks. */
static void key_pressed(void *context, char key)
{
    (void)context;
    if (key == 't') {
        raise(SIGUSR1);
    }
}

/* <output>/latest -> runs/<id>: made beside and renamed, so that it never points nowhere. */
static void link_latest(const struct execution *execution)
{
    struct text target = {0}, link = {0}, beside = {0};
    text_append_format(&target, "runs/%s", execution->planned->run.run_id);
    text_append_format(&link, "%s/latest", execution->workspace->output);
    text_append_format(&beside, "%s/.latest.%ld", execution->workspace->output, (long)getpid());
    if (symlink(text_string(&target), text_string(&beside)) != 0 ||
        rename(text_string(&beside), text_string(&link)) != 0) {
        struct error error = {0};
        file_error(&error, errno, "link", text_string(&link));
        complain(&error);
        unlink(text_string(&beside));
    }
    text_clear(&target);
    text_clear(&link);
    text_clear(&beside);
}

static bool make_folders(struct execution *execution, struct error *error)
{
    struct workspace *workspace = execution->workspace;
    text_append_format(&execution->folder, "%s/runs/%s", workspace->output, execution->planned->run.run_id);
    text_append_format(&execution->journal, "%s/events.ndjson", text_string(&execution->folder));
    if (!file_make_folders(text_string(&execution->folder), error)) {
        return false;
    }
    if (!private_folder_make(&execution->tmp_root, getenv("TMPDIR"), error)) {
        return false;
    }
    execution->planned->run.directory = text_string(&execution->folder);
    execution->planned->run.tmp_root = text_string(&execution->tmp_root.path);
    return true;
}

static bool write_manifest(struct execution *execution, struct error *error)
{
    struct text text = {0}, path = {0};
    manifest_write(execution->workspace, execution->planned, &text);
    text_append_format(&path, "%s/manifest.json", text_string(&execution->folder));
    bool is_written = file_replace(text_string(&path), text.bytes, text.length, error);
    text_clear(&text);
    text_clear(&path);
    return is_written;
}

static enum console_style console_style_of(const struct options *options, enum ci_service service,
                                           bool is_terminal)
{
    const char *asked = options->progress;
    if (asked == NULL || strcmp(asked, "auto") == 0) {
        const char *ci = getenv("CI");
        const char *kind = getenv("TERM");
        bool can_move = kind != NULL && kind[0] != '\0' && strcmp(kind, "dumb") != 0;
        bool is_ci = service != CI_NONE || (ci != NULL && ci[0] != '\0');
        return is_terminal && can_move && !is_ci ? CONSOLE_BAR : CONSOLE_PLAIN;
    }
    if (strcmp(asked, "none") == 0) {
        return CONSOLE_NONE;
    }
    return strcmp(asked, "bar") == 0 ? CONSOLE_BAR : CONSOLE_PLAIN;
}

static enum history_kind history_kind_of(const struct execution *execution)
{
    if (execution->workspace->options->repeat > 0) {
        return HISTORY_REPEAT;
    }
    return execution->planned->is_rerun ? HISTORY_RERUN : HISTORY_RUN;
}

static void save_history(void *context, const struct history_row *row)
{
    const struct workspace *workspace = context;
    history_store_add(workspace->history, workspace->run_id, row);
}

/* Whatever is wrong here is said, and costs no more than the spans. */
static void open_telemetry(struct execution *execution)
{
    struct workspace *workspace = execution->workspace;
    struct error error = {0};
    const struct telemetry_options *options =
        telemetry_environment(environment_value, NULL, workspace->arena, &error);
    if (options != NULL) {
        execution->telemetry = telemetry_open(&workspace->loop, options, &error);
        execution->telemetry_options = options;
    }
    if (execution->telemetry != NULL) {
        execution->spans = otlp_batch_sink_new(telemetry_out(execution->telemetry));
    } else if (error.kind != ERROR_NONE) {
        error_prefix(&error, "no spans are sent");
        complain(&error);
    }
}

static bool open_sinks(struct execution *execution, struct error *error)
{
    const struct options *options = execution->workspace->options;
    execution->reports =
        reports_open(&execution->workspace->loop, text_string(&execution->folder), options, error);
    if (execution->reports == NULL) {
        return false;
    }
    if (!terminal_open(&execution->terminal, &execution->workspace->loop, STDERR_FILENO, error)) {
        return false;
    }
    execution->ci =
        ci_outputs_open(&execution->workspace->ci, &execution->terminal.out, execution->workspace->root);
    struct console_options console = {
        .style =
            console_style_of(options, execution->workspace->ci.service, execution->terminal.out.is_terminal),
        .is_coloured = is_coloured(options, STDERR_FILENO),
        .has_keys = keys_can_open(),
        .directory = text_string(&execution->folder),
        .log = execution->workspace->ci.log,
        .stop_token = ci_outputs_stop_token(execution->ci),
    };
    execution->console = console_sink_new(&execution->terminal.out, &console);
    open_telemetry(execution);
    /* One case says nothing about how long its suite takes. */
    if (execution->workspace->history != NULL && execution->planned->run.test_name == NULL) {
        execution->history = history_sink_new(history_kind_of(execution), save_history, execution->workspace);
    }
    return true;
}

void execute_options(const struct workspace *workspace, const struct planned *planned,
                     struct driver_options *ret_options)
{
    *ret_options = (struct driver_options){
        .loop = (uv_loop_t *)&workspace->loop,
        .inventory = workspace->inventory,
        .plan = planned->plan,
        .run = &planned->run,
        .aws = workspace->aws,
        .aws_requests_before = workspace->listing_requests,
        .lease_store = workspace->lease_store,
        .environment = (const char *const *)environ,
    };
}

/* The caller's own, of AWS and of the collector; the log is told to mask them. */
static size_t collect_secrets(struct execution *execution, const char *ret_secrets[SECRETS_MAX])
{
    const struct workspace *workspace = execution->workspace;
    const struct telemetry_options *telemetry = execution->telemetry_options;
    size_t count = 0;
    if (workspace->aws != NULL) {
        ret_secrets[count++] = workspace->identity.credentials.secret_key;
        ret_secrets[count++] = workspace->identity.credentials.token;
    }
    for (size_t i = 0; telemetry != NULL && i < telemetry->header_count; i++) {
        ret_secrets[count++] = telemetry->headers[i].value;
    }
    if (telemetry != NULL && telemetry->raw_headers != NULL) {
        ret_secrets[count++] = telemetry->raw_headers;
    }
    for (size_t i = 0; i < count; i++) {
        ci_outputs_mask(execution->ci, ret_secrets[i]);
    }
    return count;
}

static bool drive(struct execution *execution, int *ret_exit_code, struct error *error)
{
    struct workspace *workspace = execution->workspace;
    struct sink *sinks[REPORTS_MAX + CI_SINKS_MAX + 3];
    size_t count = reports_sinks(execution->reports, sinks, REPORTS_MAX);
    sinks[count++] = execution->console;
    if (execution->history != NULL) {
        sinks[count++] = execution->history;
    }
    count += ci_outputs_sinks(execution->ci, sinks + count, CI_SINKS_MAX);
    if (execution->spans != NULL) {
        sinks[count++] = execution->spans;
    }
    const char *secrets[SECRETS_MAX];
    size_t secret_count = collect_secrets(execution, secrets);
    struct driver_options options;
    execute_options(workspace, execution->planned, &options);
    options.guard_path = text_string(&execution->guard);
    options.journal_path = text_string(&execution->journal);
    options.sinks = sinks;
    options.sink_count = count;
    options.secrets = secrets;
    options.secret_count = secret_count;
    options.complain = complained;
    options.complain_context = execution;
    options.secret_learned = ci_outputs_mask;
    options.secret_context = execution->ci;
    keys_open(&execution->keys, &workspace->loop, key_pressed, NULL);
    bool has_run = driver_run(&options, ret_exit_code, error);
    keys_close(&execution->keys);
    return has_run;
}

static void telemetry_closed(void *context, const struct error *error)
{
    *(bool *)context = true;
    if (error->kind != ERROR_NONE) {
        complain(error); /* a warning: the verdict is the tests' */
    }
}

static void close_telemetry(struct execution *execution)
{
    if (execution->telemetry == NULL) {
        return;
    }
    bool is_closed = false;
    telemetry_close(execution->telemetry, telemetry_closed, &is_closed);
    while (!is_closed) {
        uv_run(&execution->workspace->loop, UV_RUN_ONCE);
    }
    execution->spans->free(execution->spans);
}

static void close_sinks(struct execution *execution)
{
    if (execution->ci != NULL) {
        ci_outputs_resume(execution->ci);
    }
    terminal_close(&execution->terminal);
    close_telemetry(execution);
    if (execution->ci != NULL && !ci_outputs_close(execution->ci)) {
        execution->is_record_broken = true;
    }
    if (execution->reports != NULL && !reports_close(execution->reports)) {
        execution->is_record_broken = true;
    }
    if (execution->console != NULL) {
        execution->console->free(execution->console);
    }
    if (execution->history != NULL) {
        execution->history->free(execution->history);
    }
}

/* Whatever else happened, a run that could not be recorded is not a passed one; a stop outranks it. */
static int final_exit_code(const struct execution *execution, int exit_code)
{
    bool is_outranked =
        exit_code == EXIT_CODE_SIGINT || exit_code == EXIT_CODE_SIGTERM || exit_code == EXIT_CODE_DEADLINE;
    return execution->is_record_broken && !is_outranked ? EXIT_CODE_RECORD : exit_code;
}

static void print_summary(const struct execution *execution)
{
    struct text path = {0};
    text_append_format(&path, "%s/summary.json", text_string(&execution->folder));
    char *bytes = NULL;
    size_t length = 0;
    struct error error = {0};
    if (file_read(text_string(&path), SIZE_MAX / 2, &bytes, &length, &error)) {
        fwrite(bytes, 1, length, stdout);
        memory_free(bytes);
    } else {
        complain(&error);
    }
    text_clear(&path);
}

/* Holds are counted from the end of the run: whoever looks into them was waiting for that. */
static void prolong_holds(struct workspace *workspace, const struct run_options *run)
{
    struct error error = {0};
    if (run->hold_ms > 0 && workspace->lease_store != NULL &&
        !lease_store_prolong_holds(workspace->lease_store, run->run_id, run->hold_ms, &error)) {
        complain(&error);
    }
}

int execute_run(struct workspace *workspace, struct planned *planned)
{
    struct execution execution = {.workspace = workspace, .planned = planned};
    struct error error = {0};
    int exit_code = EXIT_CODE_RECORD;
    bool has_run = process_find_guard(&execution.guard, &error) && make_folders(&execution, &error) &&
                   write_manifest(&execution, &error) && open_sinks(&execution, &error) &&
                   drive(&execution, &exit_code, &error);
    close_sinks(&execution);
    if (has_run) {
        prolong_holds(workspace, &planned->run);
        link_latest(&execution);
        exit_code = final_exit_code(&execution, exit_code);
        if (workspace->options->is_json) {
            print_summary(&execution);
        }
    } else {
        complain(&error);
        exit_code = EXIT_CODE_RECORD;
    }
    private_folder_remove(&execution.tmp_root);
    text_clear(&execution.folder);
    text_clear(&execution.journal);
    text_clear(&execution.guard);
    return exit_code;
}
