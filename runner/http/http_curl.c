/* http_curl.c - the transfers: one easy handle each, in a queue per host, driven by sockets_curl_uv.c. */
#include "itrun/http.h"
#include "sockets.h"
#include "itrun/base/memory.h"
#include "itrun/base/text.h"
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

enum { HOST_CONNECTION_LIMIT = 32, CONNECT_TIMEOUT_MS = 5000, TIMEOUT_MS = 30000 };

struct transfer {
    struct http *http;
    struct transfer *previous, *next; /* in http->first: all that are not done */
    struct transfer *next_waiting;    /* in its host's queue */
    struct host *host;
    CURL *easy;
    struct curl_slist *headers;
    char *url;
    char *request_body;
    size_t request_length;
    int64_t timeout_ms;
    struct text body;
    bool is_too_large, is_running;
    int64_t date_us, retry_after_ms;
    char curl_error[CURL_ERROR_SIZE];
    http_done *done;
    void *context;
};

struct host {
    struct host *next;
    size_t running_count;
    struct transfer *first_waiting, *last_waiting;
    char name[256];
};

struct http {
    struct sockets *sockets;
    CURLM *multi;
    struct transfer *first;
    struct host *hosts;
    char *ca_bundle, *unreachable_hint, *untrusted_hint;
    uint64_t sent_count;
    bool is_closing;
    void (*closed)(void *context);
    void *closed_context;
};

/* ---- libcurl's callbacks of one transfer ---- */

/* libcurl of 2023 leaves its sockets open across exec: a suite would inherit live connections. */
static curl_socket_t socket_open(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
    (void)context;
    (void)purpose;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static size_t body_came(char *bytes, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    size_t length = size * count;
    if (transfer->body.length + length > HTTP_BODY_LIMIT_BYTES) {
        transfer->is_too_large = true;
        return 0;
    }
    text_append_bytes(&transfer->body, bytes, length);
    return length;
}

static size_t header_came(char *bytes, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    size_t length = size * count;
    char line[256];
    snprintf(line, sizeof line, "%.*s", (int)(length < 255 ? length : 255), bytes);
    char *colon = strchr(line, ':');
    if (colon == NULL)
        return length;
    *colon = '\0';
    const char *value = colon + 1 + strspn(colon + 1, " \t");
    if (strcasecmp(line, "date") == 0) {
        time_t seconds = curl_getdate(value, NULL);
        transfer->date_us = seconds > 0 ? (int64_t)seconds * 1000000 : 0;
    } else if (strcasecmp(line, "retry-after") == 0) {
        transfer->retry_after_ms = (int64_t)(strtod(value, NULL) * 1000);
    } else if (strcasecmp(line, "x-amz-retry-after") == 0) {
        transfer->retry_after_ms = strtoll(value, NULL, 10);
    }
    return length;
}

/* ---- one transfer ---- */

static void transfer_free(struct transfer *transfer)
{
    curl_easy_cleanup(transfer->easy);
    curl_slist_free_all(transfer->headers);
    memory_free(transfer->request_body);
    memory_free(transfer->url);
    text_clear(&transfer->body);
    memory_free(transfer);
}

static void transfer_unlink(struct transfer *transfer)
{
    if (transfer->previous != NULL)
        transfer->previous->next = transfer->next;
    else
        transfer->http->first = transfer->next;
    if (transfer->next != NULL)
        transfer->next->previous = transfer->previous;
}

static void set_protocols(CURL *easy)
{
#if LIBCURL_VERSION_NUM >= 0x075500
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
#else
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
#if LIBCURL_VERSION_NUM >= 0x075700
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); /* a cancel must not wait for the resolver's thread */
#endif
}

static void transfer_set_options(struct transfer *transfer)
{
    CURL *easy = transfer->easy;
    curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->curl_error);
    curl_easy_setopt(easy, CURLOPT_URL, transfer->url);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->headers);
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, transfer->request_body);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)transfer->request_length);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)transfer->timeout_ms);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "itrun/" ITRUN_VERSION);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, socket_open);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, body_came);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, header_came);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
    if (transfer->http->ca_bundle != NULL)
        curl_easy_setopt(easy, CURLOPT_CAINFO, transfer->http->ca_bundle);
    if (url_is_loopback(transfer->url)) /* no proxy can reach our loopback, whatever the environment says */
        curl_easy_setopt(easy, CURLOPT_PROXY, "");
    set_protocols(easy);
}

static void transfer_explain(const struct transfer *transfer, CURLcode result, struct error *ret_error)
{
    if (transfer->is_too_large)
        error_set(ret_error, ERROR_LIMIT, "the answer is larger than %d MiB",
                  HTTP_BODY_LIMIT_BYTES / 1024 / 1024);
    else
        error_set(ret_error, ERROR_TRANSIENT, "%s",
                  transfer->curl_error[0] != '\0' ? transfer->curl_error : curl_easy_strerror(result));
    error_where(ret_error, "%s", transfer->url);
    switch (result) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT: error_hint(ret_error, "%s", transfer->http->unreachable_hint); break;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE: error_hint(ret_error, "%s", transfer->http->untrusted_hint); break;
    default: break;
    }
}

static void transfer_complete(struct transfer *transfer, const struct http_answer *answer)
{
    transfer_unlink(transfer);
    transfer->done(transfer->context, answer);
    transfer_free(transfer);
}

/* ---- the queue of a host ---- */

static struct host *host_of(struct http *http, const char *url)
{
    char name[256] = "";
    url_host(url, name, sizeof name);
    for (struct host *host = http->hosts; host != NULL; host = host->next) {
        if (strcmp(host->name, name) == 0)
            return host;
    }
    struct host *host = memory_new(sizeof *host);
    memcpy(host->name, name, sizeof name);
    host->next = http->hosts;
    http->hosts = host;
    return host;
}

static void host_start_waiting(struct host *host)
{
    while (host->first_waiting != NULL && host->running_count < HOST_CONNECTION_LIMIT) {
        struct transfer *transfer = host->first_waiting;
        host->first_waiting = transfer->next_waiting;
        if (host->first_waiting == NULL)
            host->last_waiting = NULL;
        host->running_count++;
        transfer->is_running = true;
        transfer->http->sent_count++;
        CURLMcode added = curl_multi_add_handle(transfer->http->multi, transfer->easy);
        MUST(added == CURLM_OK);
    }
}

static void host_enqueue(struct host *host, struct transfer *transfer)
{
    transfer->host = host;
    if (host->last_waiting != NULL)
        host->last_waiting->next_waiting = transfer;
    else
        host->first_waiting = transfer;
    host->last_waiting = transfer;
}

/* After each socket action: hand out what is done. done() may post, or close. */
static void transfers_ended(void *context)
{
    struct http *http = context;
    CURLMsg *message;
    int left;
    while (!http->is_closing && (message = curl_multi_info_read(http->multi, &left)) != NULL) {
        if (message->msg != CURLMSG_DONE)
            continue;
        CURLcode result = message->data.result;
        struct transfer *transfer;
        long status = 0;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&transfer);
        curl_easy_getinfo(message->easy_handle, CURLINFO_RESPONSE_CODE, &status);
        curl_multi_remove_handle(http->multi, transfer->easy);
        struct host *host = transfer->host;
        host->running_count--;
        struct http_answer answer = {.status = (int)status,
                                     .body = text_string(&transfer->body),
                                     .body_length = transfer->body.length,
                                     .date_us = transfer->date_us,
                                     .retry_after_ms = transfer->retry_after_ms};
        if (result != CURLE_OK)
            transfer_explain(transfer, result, &answer.error);
        transfer_complete(transfer, &answer);
        if (!http->is_closing)
            host_start_waiting(host);
    }
}

/* ---- plate ---- */

struct http *http_new(uv_loop_t *loop, const struct http_options *options, struct error *error)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        error_set(error, ERROR_IO, "cannot initialise libcurl");
        return NULL;
    }
    struct http *http = memory_new(sizeof *http);
    http->multi = curl_multi_init();
    MUST(http->multi != NULL);
    http->ca_bundle = options->ca_bundle != NULL ? memory_copy_string(options->ca_bundle) : NULL;
    http->unreachable_hint = memory_copy_string(options->unreachable_hint);
    http->untrusted_hint = memory_copy_string(options->untrusted_hint);
    curl_multi_setopt(http->multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)HOST_CONNECTION_LIMIT);
    curl_multi_setopt(http->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
    http->sockets = sockets_new(loop, http->multi, transfers_ended, http);
    return http;
}

void http_post(struct http *http, const struct http_request *request, http_done *done, void *context)
{
    struct transfer *transfer = memory_new(sizeof *transfer);
    transfer->http = http;
    transfer->done = done;
    transfer->context = context;
    transfer->url = memory_copy_string(request->url);
    transfer->request_body = memory_copy_bytes(request->body, request->body_length);
    transfer->request_length = request->body_length;
    transfer->timeout_ms = request->timeout_ms > 0 ? request->timeout_ms : TIMEOUT_MS;
    transfer->next = http->first;
    if (http->first != NULL)
        http->first->previous = transfer;
    http->first = transfer;
    struct text line = {0};
    for (size_t i = 0; i < request->header_count; i++) {
        text_reset(&line);
        text_append_format(&line, "%s: %s", request->headers[i].name, request->headers[i].value);
        transfer->headers = curl_slist_append(transfer->headers, text_string(&line));
    }
    text_clear(&line);
    transfer->headers =
        curl_slist_append(transfer->headers, "Expect:"); /* else large bodies wait for a "go on" */
    transfer->easy = curl_easy_init();
    MUST(transfer->easy != NULL && transfer->headers != NULL);
    transfer_set_options(transfer);
    host_enqueue(host_of(http, transfer->url), transfer);
    if (!http->is_closing)
        host_start_waiting(transfer->host);
}

uint64_t http_sent_count(const struct http *http)
{
    return http->sent_count;
}

static void http_gone(void *context)
{
    struct http *http = context;
    void (*closed)(void *) = http->closed;
    void *closed_context = http->closed_context;
    while (http->hosts != NULL) {
        struct host *host = http->hosts;
        http->hosts = host->next;
        memory_free(host);
    }
    memory_free(http->ca_bundle);
    memory_free(http->unreachable_hint);
    memory_free(http->untrusted_hint);
    memory_free(http);
    curl_global_cleanup();
    closed(closed_context);
}

static void cancel_all(void *context)
{
    struct http *http = context;
    while (http->first != NULL) {
        struct transfer *transfer = http->first;
        if (transfer->is_running)
            curl_multi_remove_handle(http->multi, transfer->easy);
        struct http_answer answer = {.body = ""};
        error_set(&answer.error, ERROR_CANCELLED, "stopped");
        transfer_complete(transfer, &answer);
    }
}

void http_close(struct http *http, void (*closed)(void *context), void *context)
{
    http->is_closing = true;
    http->closed = closed;
    http->closed_context = context;
    sockets_close(http->sockets, cancel_all, http_gone, http);
}
