/* http.h - POST over libcurl's multi socket interface on the uv loop. Knows nothing of AWS or of any other
 * service.
 *
 * Answers of any status are answers; only what never became one (refused, reset, timed out, too large) is an
 * error: TRANSIENT, LIMIT, or CANCELLED after http_close. done() never comes from inside http_post. At most
 * 32 transfers a host at once, the rest wait here: libcurl's own queue would let their timeouts run. Beware:
 * libcurl re-sends a POST by itself when a kept connection dies; what is sent must be idempotent. Threads:
 * loop thread (and libcurl's resolver threads, which touch nothing of ours). */
#ifndef ITRUN_HTTP_H
#define ITRUN_HTTP_H
#include "itrun/loop.h"
#include "itrun/base/error.h"

#define HTTP_BODY_LIMIT_BYTES (16 * 1024 * 1024)

struct http_header {
    const char *name, *value;
};
struct http_request {
    const char *url;
    const struct http_header *headers;
    size_t header_count;
    const char *body;
    size_t body_length;
    int64_t timeout_ms; /* 0: 30 s */
};
struct http_answer { /* valid during the call */
    struct error error;
    int status;
    const char *body;
    size_t body_length;
    int64_t date_us;        /* wall time by the Date header; 0: none */
    int64_t retry_after_ms; /* 0: none */
};
struct http;
struct http_options {             /* copied */
    const char *ca_bundle;        /* or NULL */
    const char *unreachable_hint; /* what to look at when nobody answers */
    const char *untrusted_hint;   /* and when the certificate is not to be trusted */
};
struct http *http_new(uv_loop_t *loop, const struct http_options *options, struct error *error);
typedef void http_done(void *context, const struct http_answer *answer);
void http_post(struct http *http, const struct http_request *request, http_done *done,
               void *context); /* copies */
uint64_t http_sent_count(const struct http *http);
/* Transfers complete with CANCELLED, from the loop; then closed(), after which http is gone. */
void http_close(struct http *http, void (*closed)(void *context), void *context);

bool url_is_loopback(const char *url);
/* What the Host header must say: with the port unless it is the scheme's own. False: no http(s) URL. */
bool url_host(const char *url, char *ret_host, size_t size);
#endif
