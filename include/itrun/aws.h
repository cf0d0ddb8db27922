/* aws.h - AWS over HTTP: libcurl's multi socket interface on the loop, SigV4, credentials, retries, throttle
 * budget.
 *
 * Performs one struct aws_call at a time per call of aws_perform; many may be in flight. Decides nothing
 * about stacks or suites. Retries throttling, 5xx and network errors with full jitter (botocore's list of
 * codes) within a budget per account and operation; everything else is the caller's. Answers that are not XML
 * or JSON become errors. Threads: loop thread only. Secrets: live in the credential table here, are never
 * logged or put in errors. Errors: kinds denied (AccessDenied, bad signature, unknown key, expired token:
 * code says which), throttled, transient, gone (no such stack), conflict (AlreadyExists), invalid
 * (ValidationError), limit. Source: AWS "Signature Version 4"; botocore retryhandler for codes and jitter. */
#ifndef ITRUN_AWS_H
#define ITRUN_AWS_H
#include "itrun/loop.h"
#include "itrun/model/input.h"

struct aws_credentials {
    char access_key[160];
    char secret_key[160];
    char token[4096];      /* "" when none */
    int64_t expires_at_us; /* wall; 0: never */
};
/* Where the caller's own identity comes from: environment, then shared credentials and config files (static
 * keys, role_arn with source_profile). lookup reads the environment. base->source says which was found. */
struct aws_identity {
    struct aws_credentials credentials; /* of the source profile */
    char role_arn[256];                 /* "" or to be assumed first (profile with role_arn) */
    char external_id[128];
    char session_name[65];
    char region[64];
    char source[256]; /* "environment", "profile ci in /home/x/.aws/credentials" */
};
typedef const char *aws_lookup(void *context, const char *name);
bool aws_identity_find(aws_lookup *lookup, void *context, struct aws_identity *ret_identity,
                       struct error *error);

struct aws_options {
    const char *endpoint; /* AWS_ENDPOINT_URL or NULL: https://SERVICE.REGION.amazonaws.com */
    const char *region;
    const char *ca_bundle; /* or NULL */
    const struct aws_identity *identity;
    const struct account
        *accounts; /* role_arn, region by index; borrowed until closed; no role: the base's keys */
    size_t account_count;
    uint64_t seed;           /* of the jitter */
    int64_t retry_budget_ms; /* how long one call may go on being retried; default 60000 */
};
struct aws;
struct aws *aws_new(uv_loop_t *loop, const struct aws_options *options, struct error *error);
typedef void aws_done(void *context, const struct aws_answer *answer); /* answer valid during the call */
/* Copies call. done() never comes from inside. An account whose credentials are absent or about to end has
 * its role assumed first; account NO_INDEX acts as the caller's own identity. Account numbers in errors are
 * aliases. */
void aws_perform(struct aws *aws, const struct aws_call *call, aws_done *done, void *context);
/* Member accounts of an organizational unit (by name or id), ids ascending. Strings valid during the call. */
typedef void aws_accounts_done(void *context, const char *const *ids, size_t count,
                               const struct error *error);
void aws_list_accounts(struct aws *aws, const char *organizational_unit, aws_accounts_done *done,
                       void *context);
/* The account's assumed credentials, or NULL. Borrowed until the next call into aws. */
const struct aws_credentials *aws_account_credentials(const struct aws *aws, size_t account);
uint64_t aws_request_count(const struct aws *aws); /* HTTP requests sent, retries included */
/* What AWS's clock is ahead of this machine's, by the newest answer's Date (whole seconds). False: none came.
 */
bool aws_clock_offset_ms(const struct aws *aws, int64_t *ret_offset_ms);
uint64_t aws_throttle_count(const struct aws *aws);
/* Calls in flight complete with CANCELLED; then closed(). */
void aws_close(struct aws *aws, void (*closed)(void *context), void *context);
#endif
