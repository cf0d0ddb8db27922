/* commands.h - what the files of cli share: the workspace (a configuration and all that was found for it),
 * and a run.
 *
 * The only room that prints usage, reads the environment and exits. */
#ifndef ITRUN_CLI_COMMANDS_H
#define ITRUN_CLI_COMMANDS_H
#include "command_line.h"
#include "itrun/aws.h"
#include "itrun/ci.h"
#include "itrun/config.h"
#include "itrun/host/driver.h"
#include "itrun/host/private_folder.h"
#include "itrun/inventory.h"
#include "itrun/planner.h"
#include "itrun/store.h"
#include <uv.h>

extern const struct command run_command, plan_command, list_command, accounts_command, explain_command,
    rerun_command, report_command, history_command, shell_command, gate_command, doctor_command, init_command,
    completion_command, manual_command;

/* "itrun: where: what" and "  hint" on stderr. */
void complain(const struct error *error);
void complaint_append(const struct error *error, struct text *text); /* the same lines */
/* usage and configuration 2, denied, throttled, transient: 3, io: 5. */
int exit_code_of(const struct error *error);
const char *environment_value(void *context, const char *name);
bool is_coloured(const struct options *options, int descriptor);

struct workspace {
    const struct options *options;
    struct arena *arena;
    uv_loop_t loop;
    char *config_path; /* absolute */
    char *root;        /* its folder */
    char *output;      /* absolute */
    struct config *config;
    struct inventory *inventory;
    struct ci_facts ci;
    struct aws_identity identity;
    struct aws *aws;                 /* NULL: local */
    uint64_t listing_requests;       /* what it took to list the accounts */
    struct lease_store *lease_store; /* NULL: local */
    struct history_store *history;   /* NULL: not wanted */
    const char *run_id;
    const char *hold_run; /* whose held accounts may be entered; NULL: nobody's */
};
enum workspace_want {
    WANT_ACCOUNTS = 1, /* the pool: identity, listing, the aws room */
    WANT_STORES = 2,   /* accounts.store, history, estimates, holdings */
    WANT_FILES_ONLY = 0
};
/* run_id and hold_run stand in *workspace before. False: error says why; workspace_close is still to be
 * called.
 */
bool workspace_open(struct workspace *workspace, const struct options *options, unsigned wants,
                    struct error *error);
/* Ends what lives on the loop. Errors of late writes are complained about. */
void workspace_close(struct workspace *workspace);

/* Selected suites, options and a plan. */
struct planned {
    size_t *suites;
    size_t count;
    struct run_options run;
    struct plan *plan;
    bool is_rerun;
};
size_t jobs_that_fit(void); /* this machine's memory / 100 MB, at least 1 */
bool workspace_select(struct workspace *workspace, const struct selection *selection, struct planned *planned,
                      struct error *error);
/* What the environment says about where the run happens: the CI service, the trace that it is a part of; and
 * when a run last passed here. What is not known stays empty. */
void surroundings_add(struct workspace *workspace, struct run_options *run);
bool workspace_plan(struct workspace *workspace, struct planned *planned, struct error *error);
void planned_clear(struct planned *planned);

/* Runs the plan: folder, manifest, sinks, driver, reports. Returns the exit code of itrun. */
int execute_run(struct workspace *workspace, struct planned *planned);
/* What every run in this workspace tells the driver; paths, sinks, secrets and complaints are the caller's.
 */
void execute_options(const struct workspace *workspace, const struct planned *planned,
                     struct driver_options *ret_options);

/* A finished (or crashed) run on disk: the newest; or, by words[0], a run's folder, its id, an archive of it,
 * or a folder or archive that holds it at some depth (words[1] chooses by id where there are several). What
 * comes out of an archive is the journal and the manifest, in a private folder; it is checked, as is that the
 * two belong together. */
struct run_folder {
    struct text path;
    bool is_foreign;                /* not of this output folder: a copy, an artifact */
    struct private_folder unpacked; /* of an archive */
};
bool run_folder_open(const struct options *options, struct run_folder *ret_folder, struct error *error);
void run_folder_close(struct run_folder *folder); /* legal after a failed open, and for {0} */
/* <output>: --output, else .itrun beside the nearest configuration. */
bool output_folder(const struct options *options, struct text *ret_path, struct error *error);
bool config_find(const struct options *options, struct text *ret_path, struct error *error);
/* NULL where it is not right: every problem, with its line, is on stderr then, and error->what is empty. */
struct config *config_open(const struct options *options, const char *path, struct error *error);
#endif
