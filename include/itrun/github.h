/* github.h - commit statuses through GitHub's REST API.
 *
 * One at a time, as GitHub asks of whoever writes. Repeats what a server could not do, and what came too fast
 * ("Retry-After", secondary rate limits), within a budget; a status that is posted twice is the same status.
 * The token stands in one header and nowhere else: it goes to https or to this machine only, is never printed
 * and never in an error. Threads: loop thread; blocking calls turn the loop.
 * Source: REST API "Create a commit status"; "Best practices for using the REST API". */
#ifndef ITRUN_GITHUB_H
#define ITRUN_GITHUB_H
#include "itrun/base/error.h"
#include "itrun/loop.h"

struct github_options {
    const char *api_url;    /* "https://api.github.com", without a final slash */
    const char *repository; /* "owner/name" */
    const char *token;
    const char *ca_bundle;   /* or NULL */
    int64_t retry_budget_ms; /* how long all of it may go on being repeated */
};
struct github_status {
    const char *context, *state, *description;
    const char *target_url; /* or NULL */
};
/* False: error says why; *ret_posted have been posted by then. */
bool github_post_statuses(uv_loop_t *loop, const struct github_options *options, const char *commit,
                          const struct github_status *statuses, size_t count, size_t *ret_posted,
                          struct error *error);
#endif
