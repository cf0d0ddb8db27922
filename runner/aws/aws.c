/* aws.c - the client itself: options checked, parts made, and closed in two steps. */
#include "client.h"
#include "fault.h"
#include "itrun/base/memory.h"
#include <stdio.h>
#include <string.h>
#include <uv.h>

enum { RETRY_BUDGET_MS = 60000 };

int64_t aws_wall_us(const struct aws *aws)
{
    return clock_wall_us() + aws->clock_offset_us;
}

const char *aws_account_alias(const struct aws *aws, size_t account)
{
    return account != NO_INDEX ? aws->accounts[account].alias : NULL;
}

void aws_scrub(const struct aws *aws, struct error *error)
{
    struct text scrubbed = {0};
    text_append_scrubbed(&scrubbed, error->what, aws->accounts, aws->account_count);
    snprintf(error->what, sizeof error->what, "%s", text_string(&scrubbed));
    text_clear(&scrubbed);
}

/* ---- deferring ---- */

struct deferred {
    uv_timer_t timer;
    struct aws *aws;
    void (*fired)(void *context);
    void *context;
};

static void deferred_closed(uv_handle_t *handle)
{
    struct deferred *deferred = handle->data;
    struct aws *aws = deferred->aws;
    memory_free(deferred);
    aws->open_timer_count--;
    aws_finish_closing(aws);
}

static void deferred_fired(uv_timer_t *timer)
{
    struct deferred *deferred = timer->data;
    deferred->fired(deferred->context);
    uv_close((uv_handle_t *)timer, deferred_closed);
}

void aws_defer(struct aws *aws, void (*fired)(void *context), void *context)
{
    struct deferred *deferred = memory_new(sizeof *deferred);
    deferred->aws = aws;
    deferred->fired = fired;
    deferred->context = context;
    uv_timer_init(aws->loop, &deferred->timer);
    deferred->timer.data = deferred;
    aws->open_timer_count++;
    uv_timer_start(&deferred->timer, deferred_fired, 0, 0);
}

/* ---- opening ---- */

static bool check_endpoint(const char *endpoint, char **ret_endpoint, struct error *error)
{
    char host[256];
    if (endpoint == NULL || endpoint[0] == '\0')
        return true;
    size_t length = strlen(endpoint);
    while (length > 0 && endpoint[length - 1] == '/')
        length--;
    const char *scheme_end = strstr(endpoint, "://");
    size_t start = scheme_end != NULL ? (size_t)(scheme_end - endpoint) + 3 : 0;
    bool is_plain = start + strcspn(endpoint + start, "/?#") == length; /* a path would have to be signed */
    if (!is_plain || length > 300 || !url_host(endpoint, host, sizeof host)) {
        error_set(error, ERROR_CONFIG, "the AWS endpoint \"%.200s\" is not of the form http(s)://HOST[:PORT]",
                  endpoint);
        return error_hint(error, "see AWS_ENDPOINT_URL");
    }
    *ret_endpoint = memory_copy_bytes(endpoint, length);
    return true;
}

static bool check_region(const struct aws_options *options, char **ret_region, struct error *error)
{
    const char *region = options->region;
    if (region == NULL || region[0] == '\0')
        region = options->identity->region;
    if (region[0] == '\0') {
        error_set(error, ERROR_CONFIG, "no AWS region is set");
        return error_hint(error, "set accounts.region in itrun.yaml, or AWS_REGION");
    }
    if (strlen(region) > 32 || strspn(region, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(region))
        return error_set(error, ERROR_CONFIG, "\"%.60s\" is not an AWS region", region);
    *ret_region = memory_copy_string(region);
    return true;
}

static void aws_free(struct aws *aws)
{
    if (aws->holders != NULL)
        holders_free(aws);
    throttle_free(aws->throttle);
    explicit_bzero(&aws->identity->credentials, sizeof aws->identity->credentials);
    memory_free(aws->identity);
    memory_free(aws->endpoint);
    memory_free(aws->region);
    memory_free(aws);
}

struct aws *aws_new(uv_loop_t *loop, const struct aws_options *options, struct error *error)
{
    struct aws *aws = memory_new(sizeof *aws);
    aws->loop = loop;
    aws->identity = memory_new(sizeof *aws->identity);
    *aws->identity = *options->identity;
    aws->accounts = options->accounts;
    aws->account_count = options->account_count;
    const struct http_options http = {
        .ca_bundle = options->ca_bundle,
        .unreachable_hint = "is the endpoint right and reachable? (AWS_ENDPOINT_URL, region, network, proxy)",
        .untrusted_hint = "is a proxy's certificate missing? AWS_CA_BUNDLE names the file of trusted ones",
    };
    bool is_fine = check_endpoint(options->endpoint, &aws->endpoint, error) &&
                   check_region(options, &aws->region, error) &&
                   (aws->http = http_new(loop, &http, error)) != NULL;
    if (!is_fine) {
        aws_free(aws);
        return NULL;
    }
    size_t bucket_count = (aws->account_count + 1) * (AWS_OPERATION_COUNT + 1);
    int64_t budget_ms = options->retry_budget_ms > 0 ? options->retry_budget_ms : RETRY_BUDGET_MS;
    aws->throttle = throttle_new(bucket_count, options->seed, budget_ms);
    holders_new(aws);
    return aws;
}

uint64_t aws_request_count(const struct aws *aws)
{
    return http_sent_count(aws->http);
}

bool aws_clock_offset_ms(const struct aws *aws, int64_t *ret_offset_ms)
{
    if (aws->has_seen_date) {
        *ret_offset_ms = aws->seen_offset_us / 1000;
    }
    return aws->has_seen_date;
}

uint64_t aws_throttle_count(const struct aws *aws)
{
    return throttle_count(aws->throttle);
}

/* ---- closing ---- */

void aws_finish_closing(struct aws *aws)
{
    if (!aws->is_http_closed || aws->requests != NULL || aws->open_timer_count > 0)
        return;
    void (*closed)(void *) = aws->closed;
    void *context = aws->closed_context;
    aws_free(aws);
    closed(context);
}

static void http_closed(void *context)
{
    struct aws *aws = context;
    requests_cancel(aws);
    aws->is_http_closed = true;
    aws_finish_closing(aws);
}

void aws_close(struct aws *aws, void (*closed)(void *context), void *context)
{
    MUST(!aws->is_closing);
    aws->is_closing = true;
    aws->closed = closed;
    aws->closed_context = context;
    http_close(aws->http, http_closed, aws);
}
