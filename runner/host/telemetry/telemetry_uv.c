#include "itrun/host/telemetry.h"
#include "itrun/base/json.h"
#include "itrun/base/memory.h"
#include <string.h>
#include <uv.h>

enum { AT_ONCE = 4, WAITING_LIMIT = 64, FIRST_PAUSE_MS = 1000, ANSWER_SHOWN = 200 };

struct request {
    struct telemetry *telemetry;
    struct request *next;
    char *body;
    size_t length;
    int64_t born_ms, not_before_ms, pause_ms;
};
struct telemetry {
    struct out out;
    uv_loop_t *loop;
    struct http *http;
    uv_timer_t timer; /* of the next repetition; at the end, of the last moment */
    char *url;
    struct http_header *headers;
    size_t header_count;
    int64_t timeout_ms;
    struct request *waiting;
    size_t waiting_count, running_count;
    size_t given_count, bad_count;
    struct error first_error;
    bool is_closing, is_http_closed, is_timer_closed;
    void (*closed)(void *context, const struct error *error);
    void *closed_context;
};

static void send_what_can_go(struct telemetry *telemetry);
static void close_when_idle(struct telemetry *telemetry);

static void request_free(struct request *request)
{
    memory_free(request->body);
    memory_free(request);
}

static void note_failure(struct telemetry *telemetry, const struct error *error)
{
    telemetry->bad_count++;
    if (telemetry->first_error.kind == ERROR_NONE) {
        telemetry->first_error = *error;
    }
}

/* ---- the queue ---- */

static void enqueue(struct telemetry *telemetry, struct request *request)
{
    struct request **at = &telemetry->waiting;
    while (*at != NULL) {
        at = &(*at)->next;
    }
    request->next = NULL;
    *at = request;
    telemetry->waiting_count++;
}

static void timer_fired(uv_timer_t *timer)
{
    struct telemetry *telemetry = timer->data;
    if (!telemetry->is_closing) {
        send_what_can_go(telemetry);
        return;
    }
    struct error late = {0};
    error_set(&late, ERROR_TRANSIENT, "no answer within %lld ms", (long long)telemetry->timeout_ms);
    while (telemetry->waiting != NULL) {
        struct request *request = telemetry->waiting;
        telemetry->waiting = request->next;
        telemetry->waiting_count--;
        note_failure(telemetry, &late);
        request_free(request);
    }
    close_when_idle(telemetry);
}

static void set_timer(struct telemetry *telemetry, int64_t now_ms)
{
    int64_t next_ms = INT64_MAX;
    for (const struct request *request = telemetry->waiting; request != NULL; request = request->next) {
        next_ms = request->not_before_ms < next_ms ? request->not_before_ms : next_ms;
    }
    if (next_ms != INT64_MAX && !telemetry->is_closing) {
        uv_timer_start(&telemetry->timer, timer_fired, next_ms > now_ms ? (uint64_t)(next_ms - now_ms) : 1,
                       0);
    }
}

/* ---- answers ---- */

/* 200 with some spans refused: {"partialSuccess": {"rejectedSpans": "3", "errorMessage": "…"}}. */
static bool is_partly_refused(const struct http_answer *answer, struct error *error)
{
    struct error ignored;
    struct json *root = json_parse(answer->body, answer->body_length, &ignored);
    const struct json *partial = json_get(root, "partialSuccess");
    const char *digits = json_get_string(partial, "rejectedSpans", NULL);
    bool is_refused =
        digits != NULL ? strcmp(digits, "0") != 0 : json_get_int(partial, "rejectedSpans", 0) > 0;
    if (is_refused) {
        error_set(error, ERROR_INVALID, "the collector refused some spans: %s",
                  json_get_string(partial, "errorMessage", "it does not say why"));
    }
    json_free(root);
    return is_refused;
}

static void describe_refusal(const struct http_answer *answer, struct error *error)
{
    struct text shown = {0};
    size_t length = answer->body_length < ANSWER_SHOWN ? answer->body_length : ANSWER_SHOWN;
    text_append_printable(&shown, answer->body, length);
    text_truncate(&shown, strcspn(text_string(&shown), "\n"));
    error_set(error, ERROR_INVALID, "the collector answered %d%s%s", answer->status,
              shown.length > 0 ? ": " : "", text_string(&shown));
    text_clear(&shown);
}

static bool can_be_repeated(const struct http_answer *answer)
{
    return answer->error.kind == ERROR_TRANSIENT || answer->status == 429 || answer->status == 502 ||
           answer->status == 503 || answer->status == 504;
}

static bool repeat(struct request *request, const struct http_answer *answer)
{
    struct telemetry *telemetry = request->telemetry;
    int64_t now_ms = clock_monotonic_ms();
    int64_t pause_ms = answer->retry_after_ms > 0 ? answer->retry_after_ms : request->pause_ms;
    if (telemetry->is_closing || !can_be_repeated(answer) ||
        now_ms + pause_ms > request->born_ms + telemetry->timeout_ms) {
        return false;
    }
    request->not_before_ms = now_ms + pause_ms;
    request->pause_ms *= 2;
    enqueue(telemetry, request);
    return true;
}

static void answered(void *context, const struct http_answer *answer)
{
    struct request *request = context;
    struct telemetry *telemetry = request->telemetry;
    struct error error = answer->error;
    telemetry->running_count--;
    bool is_taken = error.kind == ERROR_NONE && answer->status >= 200 && answer->status < 300;
    if (is_taken) {
        if (is_partly_refused(answer, &error)) {
            note_failure(telemetry, &error);
        }
        request_free(request);
    } else if (!repeat(request, answer)) {
        if (error.kind == ERROR_NONE) {
            describe_refusal(answer, &error);
        }
        note_failure(telemetry, &error);
        request_free(request);
    }
    if (telemetry->is_closing) {
        close_when_idle(telemetry);
    }
    send_what_can_go(telemetry);
}

static void request_send(struct telemetry *telemetry, struct request *request)
{
    struct http_request post = {
        .url = telemetry->url,
        .headers = telemetry->headers,
        .header_count = telemetry->header_count,
        .body = request->body,
        .body_length = request->length,
        .timeout_ms = telemetry->timeout_ms,
    };
    telemetry->running_count++;
    http_post(telemetry->http, &post, answered, request);
}

static void send_what_can_go(struct telemetry *telemetry)
{
    int64_t now_ms = clock_monotonic_ms();
    for (struct request **at = &telemetry->waiting; *at != NULL && telemetry->running_count < AT_ONCE;) {
        struct request *request = *at;
        if (request->not_before_ms > now_ms && !telemetry->is_closing) {
            at = &request->next;
            continue;
        }
        *at = request->next;
        telemetry->waiting_count--;
        request_send(telemetry, request);
    }
    set_timer(telemetry, now_ms);
}

static bool take(struct out *out, const char *bytes, size_t length, struct error *error)
{
    (void)error;
    struct telemetry *telemetry = (struct telemetry *)out;
    telemetry->given_count++;
    if (telemetry->waiting_count >= WAITING_LIMIT) {
        struct error full = {0};
        error_set(&full, ERROR_LIMIT, "the collector is slower than the run: %d requests waited already",
                  WAITING_LIMIT);
        note_failure(telemetry, &full);
        return true;
    }
    struct request *request = memory_new(sizeof *request);
    request->telemetry = telemetry;
    request->body = memory_copy_bytes(bytes, length);
    request->length = length;
    request->born_ms = clock_monotonic_ms();
    request->pause_ms = FIRST_PAUSE_MS;
    enqueue(telemetry, request);
    send_what_can_go(telemetry);
    return true;
}

/* ---- plate ---- */

struct telemetry *telemetry_open(uv_loop_t *loop, const struct telemetry_options *options,
                                 struct error *error)
{
    struct http_options http = {
        .ca_bundle = options->ca_bundle,
        .unreachable_hint = "is the collector running? (OTEL_EXPORTER_OTLP_ENDPOINT)",
        .untrusted_hint = "OTEL_EXPORTER_OTLP_CERTIFICATE names the file of trusted certificates",
    };
    struct telemetry *telemetry = memory_new(sizeof *telemetry);
    telemetry->http = http_new(loop, &http, error);
    if (telemetry->http == NULL) {
        memory_free(telemetry);
        return NULL;
    }
    telemetry->loop = loop;
    telemetry->out.append = take;
    telemetry->url = memory_copy_string(options->url);
    telemetry->timeout_ms = options->timeout_ms;
    telemetry->header_count = options->header_count + 1;
    telemetry->headers = memory_new(telemetry->header_count * sizeof *telemetry->headers);
    telemetry->headers[0].name = memory_copy_string("Content-Type");
    telemetry->headers[0].value = memory_copy_string("application/json");
    for (size_t i = 0; i < options->header_count; i++) {
        telemetry->headers[i + 1].name = memory_copy_string(options->headers[i].name);
        telemetry->headers[i + 1].value = memory_copy_string(options->headers[i].value);
    }
    uv_timer_init(loop, &telemetry->timer);
    telemetry->timer.data = telemetry;
    return telemetry;
}

struct out *telemetry_out(struct telemetry *telemetry)
{
    return &telemetry->out;
}

static void gone(struct telemetry *telemetry)
{
    if (!telemetry->is_http_closed || !telemetry->is_timer_closed) {
        return;
    }
    void (*closed)(void *, const struct error *) = telemetry->closed;
    void *context = telemetry->closed_context;
    struct error error = telemetry->first_error;
    if (error.kind != ERROR_NONE) {
        error_prefix(&error, "%zu of %zu requests of spans were not taken", telemetry->bad_count,
                     telemetry->given_count);
        error_where(&error, "%s", telemetry->url);
    }
    for (size_t i = 0; i < telemetry->header_count; i++) {
        memory_free((void *)telemetry->headers[i].name);
        memory_free((void *)telemetry->headers[i].value);
    }
    memory_free(telemetry->headers);
    memory_free(telemetry->url);
    memory_free(telemetry);
    closed(context, &error);
}

static void http_closed(void *context)
{
    struct telemetry *telemetry = context;
    telemetry->is_http_closed = true;
    gone(telemetry);
}

static void timer_closed(uv_handle_t *handle)
{
    struct telemetry *telemetry = handle->data;
    telemetry->is_timer_closed = true;
    gone(telemetry);
}

static void close_when_idle(struct telemetry *telemetry)
{
    bool is_idle = telemetry->waiting == NULL && telemetry->running_count == 0;
    if (is_idle && !uv_is_closing((uv_handle_t *)&telemetry->timer)) {
        uv_close((uv_handle_t *)&telemetry->timer, timer_closed);
        http_close(telemetry->http, http_closed, telemetry);
    }
}

void telemetry_close(struct telemetry *telemetry, void (*closed)(void *context, const struct error *error),
                     void *context)
{
    telemetry->closed = closed;
    telemetry->closed_context = context;
    telemetry->is_closing = true;
    uv_timer_start(&telemetry->timer, timer_fired, (uint64_t)telemetry->timeout_ms, 0);
    send_what_can_go(telemetry);
    close_when_idle(telemetry);
}
