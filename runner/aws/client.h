/* client.h - inside of the aws room: one request (signed, retried), the credentials it is signed with, the
 * client.
 *
 * call.c and organizations.c build on requests; request.c asks credentials.c for keys; credentials.c asks for
 * keys by requests of its own (AssumeRole), signed by the identity that stands one step before. */
#ifndef ITRUN_AWS_CLIENT_H
#define ITRUN_AWS_CLIENT_H
#include "itrun/aws.h"
#include "itrun/base/text.h"
#include "itrun/http.h"
#include "throttle.h"

enum aws_service { SERVICE_STS, SERVICE_CLOUDFORMATION, SERVICE_ORGANIZATIONS };

/* Whose keys sign. SOURCE: the identity as found; BASE: the same, or the role that its profile names. */
enum signer { SIGNER_SOURCE, SIGNER_BASE, SIGNER_ACCOUNT };

#define OPERATION_LISTING AWS_OPERATION_COUNT /* Organizations: one bucket for all of its reads */

struct aws {
    uv_loop_t *loop;
    struct http *http;
    struct throttle *throttle;
    struct aws_identity *identity;
    char *endpoint; /* without a final slash; NULL: AWS */
    char *region;
    const struct account *accounts;
    size_t account_count;
    struct holder *base;      /* the role of the caller's profile */
    struct holder *holders;   /* one an account */
    struct request *requests; /* unfinished */
    int64_t seen_offset_us;   /* by the newest answer's Date */
    bool has_seen_date;
    int64_t clock_offset_us; /* what AWS's clock is ahead of ours */
    bool has_answered;       /* the endpoint ever did: then silence is an outage, not a typing error */
    bool is_closing, is_http_closed;
    size_t open_timer_count;
    void (*closed)(void *context);
    void *closed_context;
};
int64_t aws_wall_us(const struct aws *aws);                           /* by AWS's clock */
const char *aws_account_alias(const struct aws *aws, size_t account); /* "account-017"; NULL for NO_INDEX */
/* Scrubs account numbers out of error->what. */
void aws_scrub(const struct aws *aws, struct error *error);
/* Calls fired() from the loop, also while closing. */
void aws_defer(struct aws *aws, void (*fired)(void *context), void *context);
void aws_finish_closing(struct aws *aws); /* closes when nothing is open any more */

/* ---- request.c ---- */
/* body is that of a 2xx answer; error NULL when done. Both valid during the call. */
typedef void request_done(void *context, const struct error *error, const char *body, size_t length);
struct request_plan {
    enum aws_service service;
    size_t operation;   /* enum aws_operation, or OPERATION_LISTING: whose budget it uses */
    const char *action; /* static */
    size_t account;     /* whom it is about: named in errors; NO_INDEX: nobody */
    enum signer signer;
    int64_t started_at_ms; /* of the call that it is part of */
    struct text *body;     /* taken */
};
void request_begin(struct aws *aws, const struct request_plan *plan, request_done *done, void *context);
void requests_cancel(struct aws *aws); /* after http is closed: what waits for a timer */

/* ---- credentials.c ---- */
typedef void holder_done(void *context, const struct error *error);
void holders_new(struct aws *aws);
void holders_free(struct aws *aws);
/* Keys fit to sign with now, or NULL: then wait. Starts the renewal of the base role at its half-life. */
const struct aws_credentials *holder_get(struct aws *aws, enum signer signer, size_t account);
/* done() when keys are there, or could not be had. Never from inside. */
void holder_wait(struct aws *aws, enum signer signer, size_t account, holder_done *done, void *context);
/* AWS said that they expired. */
void holder_drop(struct aws *aws, enum signer signer, size_t account, const char *access_key);
/* AssumeRole now, whatever is there; joins one under way. Accounts without a role have the base's keys. */
void holder_renew(struct aws *aws, size_t account, const char *session_name, holder_done *done,
                  void *context);
int64_t holder_lifetime_ms(struct aws *aws, size_t account);
#endif
