/* request.c - one request: keys, signature, sending, and the verdict about its answer: done, again, or given
 * up. */
#include "client.h"
#include "endpoint.h"
#include "fault.h"
#include "sign.h"
#include "sts.h"
#include "itrun/base/memory.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

enum {
    DOUBTFUL_TRIES = 4, /* of an endpoint that never answered, or that answers 500 in a form not AWS's */
    SKEW_US = 60 * 1000000
};

struct request {
    struct aws *aws;
    struct request *previous, *next;
    struct request_plan plan;
    struct text body;
    uv_timer_t timer;
    bool is_timer_waiting;
    int tries;
    bool is_skew_cured, is_key_renewed;
    int64_t signed_offset_us;
    char access_key[160]; /* that it was signed with */
    request_done *done;
    void *context;
};

static size_t bucket_of(const struct request *request)
{
    size_t account = request->plan.signer == SIGNER_ACCOUNT ? request->plan.account + 1 : 0;
    return account * (AWS_OPERATION_COUNT + 1) + request->plan.operation;
}

/* ---- the end ---- */

static void timer_closed(uv_handle_t *handle)
{
    struct request *request = handle->data;
    struct aws *aws = request->aws;
    text_clear(&request->body);
    memory_free(request);
    aws->open_timer_count--;
    aws_finish_closing(aws);
}

static void finish(struct request *request, const struct error *error, const char *body, size_t length)
{
    if (request->previous != NULL)
        request->previous->next = request->next;
    else
        request->aws->requests = request->next;
    if (request->next != NULL)
        request->next->previous = request->previous;
    request->is_timer_waiting = false;
    request->done(request->context, error, body, length);
    uv_close((uv_handle_t *)&request->timer, timer_closed);
}

static void finish_cancelled(struct request *request)
{
    struct error error = {0};
    error_set(&error, ERROR_CANCELLED, "%s: stopped", request->plan.action);
    finish(request, &error, "", 0);
}

/* ---- errors fit for a reader ---- */

static void hint_denied_base(const struct request *request, struct error *error)
{
    const char *source = request->aws->identity->source;
    static const char *const unknown[] = {"InvalidClientTokenId", "UnrecognizedClientException",
                                          "InvalidAccessKeyId"};
    if (string_starts_with(error->code, "ExpiredToken")) {
        error_hint(error, "the credentials of %s expired: renew them (aws sso login, or new keys)", source);
        return;
    }
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        if (strcmp(error->code, unknown[i]) == 0)
            error_hint(error,
                       "AWS does not know the access key of %s: is it deleted, or of another endpoint?",
                       source);
    }
    if (strcmp(error->code, "SignatureDoesNotMatch") == 0 ||
        strcmp(error->code, "InvalidSignatureException") == 0)
        error_hint(error, "does the secret key of %s belong to its access key, and is the clock right?",
                   source);
}

static void explain_denied(const struct request *request, struct error *error)
{
    const struct aws *aws = request->aws;
    if (request->plan.signer != SIGNER_ACCOUNT)
        hint_denied_base(request, error);
    bool is_assume = strcmp(request->plan.action, "AssumeRole") == 0;
    if (!is_assume)
        return;
    const char *arn = aws->identity->role_arn;
    if (request->plan.account != NO_INDEX)
        arn = aws->accounts[request->plan.account].role_arn;
    error_prefix(error, "role %s", role_name(arn));
    if (error->hint[0] == '\0')
        error_hint(error, "does the role exist, and does its trust policy allow %s?", aws->identity->source);
}

static void finish_failed(struct request *request, struct error *error)
{
    aws_scrub(request->aws, error);
    if (error->kind == ERROR_DENIED)
        explain_denied(request, error);
    size_t length = strlen(error->what);
    if (request->tries > 1)
        snprintf(error->what + length, sizeof error->what - length, ", after %d tries", request->tries);
    const char *alias = aws_account_alias(request->aws, request->plan.account);
    if (error->where[0] == '\0' && alias != NULL)
        error_where(error, "%s", alias);
    finish(request, error, "", 0);
}

/* ---- sending ---- */

static void answered(void *context, const struct http_answer *answer);
static void keys_came(void *context, const struct error *error);

static void sign_and_send(struct request *request, const struct aws_credentials *credentials)
{
    struct aws *aws = request->aws;
    const struct request_plan *plan = &request->plan;
    bool is_json = plan->service == SERVICE_ORGANIZATIONS;
    struct endpoint endpoint;
    endpoint_find(&endpoint, aws->endpoint, plan->service,
                  plan->account != NO_INDEX && plan->signer == SIGNER_ACCOUNT
                      ? aws->accounts[plan->account].region
                      : NULL,
                  aws->region);
    char target[96];
    snprintf(target, sizeof target, "AWSOrganizationsV20161128.%s", plan->action);
    struct sign_request to_sign = {.host = endpoint.host,
                                   .region = endpoint.region,
                                   .service = endpoint.service,
                                   .content_type = is_json
                                                       ? "application/x-amz-json-1.1"
                                                       : "application/x-www-form-urlencoded; charset=utf-8",
                                   .target = is_json ? target : NULL,
                                   .body = text_string(&request->body),
                                   .body_length = request->body.length,
                                   .wall_us = aws_wall_us(aws)};
    struct sign_result signature;
    sign_post(&to_sign, credentials, &signature);
    struct http_header headers[] = {
        {"Content-Type", to_sign.content_type},       {"X-Amz-Date", signature.date},
        {"Authorization", signature.authorization},   {"X-Amz-Target", target},
        {"X-Amz-Security-Token", credentials->token},
    };
    size_t count = 3;
    if (is_json)
        count++;
    if (credentials->token[0] != '\0')
        headers[count++] = headers[4];
    struct http_request post = {.url = endpoint.url,
                                .headers = headers,
                                .header_count = count,
                                .body = to_sign.body,
                                .body_length = to_sign.body_length};
    request->tries++;
    request->signed_offset_us = aws->clock_offset_us;
    memcpy(request->access_key, credentials->access_key, sizeof request->access_key);
    http_post(aws->http, &post, answered, request);
}

static void go(struct request *request)
{
    if (request->aws->is_closing) {
        finish_cancelled(request);
        return;
    }
    const struct aws_credentials *credentials =
        holder_get(request->aws, request->plan.signer, request->plan.account);
    if (credentials != NULL)
        sign_and_send(request, credentials);
    else
        holder_wait(request->aws, request->plan.signer, request->plan.account, keys_came, request);
}

static void keys_came(void *context, const struct error *error)
{
    struct request *request = context;
    if (error != NULL)
        finish(request, error, "", 0);
    else
        go(request);
}

static void timer_fired(uv_timer_t *timer)
{
    struct request *request = timer->data;
    request->is_timer_waiting = false;
    go(request);
}

static void go_later(struct request *request, int64_t wait_ms)
{
    request->is_timer_waiting = true;
    uv_timer_start(&request->timer, timer_fired, (uint64_t)wait_ms, 0);
}

/* ---- the verdict ---- */

/* The server's own Date cures a wrong clock: signed once more, with the offset. */
static bool cure_skew(struct request *request, const struct fault *fault, const struct http_answer *answer)
{
    if (!fault_is_clock_skew(fault) || answer->date_us == 0 || request->is_skew_cured)
        return false;
    int64_t offset_us = answer->date_us - clock_wall_us();
    if (llabs(offset_us - request->signed_offset_us) < SKEW_US)
        return false;
    request->is_skew_cured = true;
    request->aws->clock_offset_us = offset_us;
    go_later(request, 0);
    return true;
}

/* Assumed keys that AWS calls expired are assumed anew, once; those that we were given are not ours to renew.
 */
static bool renew_keys(struct request *request, const struct fault *fault)
{
    bool is_assumed = request->plan.signer == SIGNER_ACCOUNT || request->aws->identity->role_arn[0] != '\0';
    if (!fault_is_expired_token(fault) || request->is_key_renewed || !is_assumed ||
        request->plan.signer == SIGNER_SOURCE)
        return false;
    request->is_key_renewed = true;
    holder_drop(request->aws, request->plan.signer, request->plan.account, request->access_key);
    go_later(request, 0);
    return true;
}

static void retry_or_fail(struct request *request, struct error *error, bool is_doubtful,
                          int64_t retry_after_ms)
{
    struct throttle_failure failure = {.kind = error->kind,
                                       .tries = request->tries,
                                       .tries_limit = is_doubtful ? DOUBTFUL_TRIES : 0,
                                       .started_at_ms = request->plan.started_at_ms,
                                       .now_ms = clock_monotonic_ms(),
                                       .retry_after_ms = retry_after_ms};
    int64_t wait_ms;
    if (throttle_retry(request->aws->throttle, bucket_of(request), &failure, &wait_ms))
        go_later(request, wait_ms);
    else
        finish_failed(request, error);
}

static bool begins_with(const struct http_answer *answer, char first)
{
    size_t i = 0;
    while (i < answer->body_length && strchr(" \t\r\n", answer->body[i]) != NULL)
        i++;
    return i < answer->body_length && answer->body[i] == first;
}

static void succeeded(struct request *request, const struct http_answer *answer)
{
    struct aws *aws = request->aws;
    struct error error = {0};
    if (begins_with(answer, request->plan.service == SERVICE_ORGANIZATIONS ? '{' : '<')) {
        throttle_succeeded(aws->throttle, bucket_of(request), clock_monotonic_ms());
        finish(request, NULL, answer->body, answer->body_length);
        return;
    }
    struct fault nothing = {0};
    fault_explain(&nothing, answer->status, request->plan.action, &error);
    error.kind = ERROR_TRANSIENT;
    retry_or_fail(request, &error, true, 0);
}

static void answered(void *context, const struct http_answer *answer)
{
    struct request *request = context;
    if (answer->date_us != 0) {
        request->aws->has_seen_date = true;
        request->aws->seen_offset_us = answer->date_us - clock_wall_us();
    }
    struct aws *aws = request->aws;
    struct error error = answer->error;
    if (aws->is_closing) {
        finish_cancelled(request);
        return;
    }
    if (error.kind != ERROR_NONE) {
        /* In the sentence itself: what a suite's reason is made of knows no `where`. */
        char url[sizeof error.where];
        snprintf(url, sizeof url, "%s", error.where);
        error_where(&error, "%s", "");
        error_prefix(&error, "%s%s%s", request->plan.action, url[0] != '\0' ? " at " : "", url);
        retry_or_fail(request, &error, !aws->has_answered, 0);
        return;
    }
    aws->has_answered = true;
    if (answer->status >= 200 && answer->status < 300) {
        succeeded(request, answer);
        return;
    }
    struct fault fault;
    fault_read(answer->body, answer->body_length, &fault);
    if (cure_skew(request, &fault, answer) || renew_keys(request, &fault))
        return;
    fault_explain(&fault, answer->status, request->plan.action, &error);
    retry_or_fail(request, &error, answer->status == 500 && !fault.is_from_aws, answer->retry_after_ms);
}

void request_begin(struct aws *aws, const struct request_plan *plan, request_done *done, void *context)
{
    struct request *request = memory_new(sizeof *request);
    request->aws = aws;
    request->plan = *plan;
    request->body = *plan->body;
    *plan->body = (struct text){0};
    request->done = done;
    request->context = context;
    request->next = aws->requests;
    if (aws->requests != NULL)
        aws->requests->previous = request;
    aws->requests = request;
    uv_timer_init(aws->loop, &request->timer);
    request->timer.data = request;
    aws->open_timer_count++;
    int64_t wait_ms = throttle_admit(aws->throttle, bucket_of(request));
    if (wait_ms > 0 || aws->is_closing)
        go_later(request, wait_ms);
    else
        go(request);
}

/* What waits for keys waits for a request that is here too: ending that one ends it. */
void requests_cancel(struct aws *aws)
{
    for (struct request *request = aws->requests; request != NULL;) {
        if (request->is_timer_waiting) {
            finish_cancelled(request);
            request = aws->requests; /* the list may be quite another by now */
        } else {
            request = request->next;
        }
    }
    MUST(aws->requests == NULL);
}
