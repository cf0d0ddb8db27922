/* ci.h - which CI service runs this, and what it says about the commit, the branch and this job.
 *
 * Decides by one table of variables; reads them through `lookup` and nothing else. What a variable holds was
 * often chosen by whoever pushed: a value that cannot be what it claims to be (a control character, a commit
 * that is no hash, an index beyond its total) is not used, and ret_facts->problem says so. What is used is
 * data: it is never part of a command. Owns: strings are in the arena it is given.
 * Source: the services' lists of predefined variables; actions/runner for GitHub's workflow commands. */
#ifndef ITRUN_CI_H
#define ITRUN_CI_H
#include "itrun/base/memory.h"
#include "itrun/base/text.h"
#include <stdbool.h>
#include <stddef.h>

enum ci_service { CI_NONE, CI_GITHUB, CI_GITLAB, CI_CIRCLECI, CI_BUILDKITE, CI_JENKINS, CI_SERVICE_COUNT };
/* How a log folds: what stands in its lines is for the service to read. */
enum ci_log { CI_LOG_PLAIN, CI_LOG_GITHUB, CI_LOG_GITLAB, CI_LOG_BUILDKITE };

struct ci_facts {
    enum ci_service service;
    enum ci_log log;
    const char *name;        /* "GitHub Actions"; NULL: no service that is known here */
    size_t index, total;     /* of parallel nodes, 1-based; 0: not given */
    const char *checkout;    /* the commit that the service checked out; or NULL */
    const char *commit;      /* the one that people mean: a pull request's head, not its merge; or NULL */
    const char *branch;      /* its branch; or NULL */
    const char *base;        /* the branch that it is to be merged into; or NULL */
    const char *base_commit; /* and where that stood; or NULL */
    int attempt;             /* 1-based; 0: not given */
    const char *job_url;     /* where people see this job; or NULL */
    const char *problem;     /* what was not used, and why; or NULL */
};
typedef const char *ci_lookup(void *context, const char *name);
/* The path of a file that ci_detect wants to see (GitHub's event), or NULL. */
const char *ci_event_path(ci_lookup *lookup, void *context);
/* event: bytes of that file, or NULL. */
void ci_detect(ci_lookup *lookup, void *context, const char *event, size_t event_length, struct arena *arena,
               struct ci_facts *ret_facts);
/* What a run is of: git's own word, but where the checkout is the service's, its head and its branch. Both
 * may be NULL before and after. */
void ci_correct_checkout(const struct ci_facts *facts, const char **commit, const char **branch);

/* "GitLab CI, node 2 of 4, attempt 3"; NULL where there is no service. */
const char *ci_describe(const struct ci_facts *facts, struct arena *arena);

/* GitHub's "::add-mask::" for a secret and each of its lines. Nothing for what would blank the log: values
 * under 6 characters and account numbers. */
void ci_append_mask(struct text *text, const char *secret);
/* Workflow commands: what stands after "::" (data) and in file=…,line=… (property). */
void ci_append_data(struct text *text, const char *data);
void ci_append_property(struct text *text, const char *property);

/* GitHub and Azure act on ##[...] and ##vso[...] anywhere in a line, TeamCity on ##teamcity[...]. */
bool ci_begins_command(const char *at);
/* One printable line that no service reads as a command: such words are broken by a character without width.
 */
void ci_append_harmless(struct text *text, const char *line);
#endif
