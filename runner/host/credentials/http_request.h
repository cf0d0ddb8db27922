/* http_request.h - the head of one HTTP/1 request of a credentials provider: GET, a path, an Authorization.
 * Pure.
 *
 * Strict on purpose: whatever an SDK does not send is refused. Bounded by the caller's buffer. */
#ifndef ITRUN_HOST_CREDENTIALS_HTTP_REQUEST_H
#define ITRUN_HOST_CREDENTIALS_HTTP_REQUEST_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_REQUEST_LIMIT_BYTES 8192

enum http_request_state {
    HTTP_REQUEST_PARTIAL, /* the head has not ended yet */
    HTTP_REQUEST_COMPLETE,
    HTTP_REQUEST_MALFORMED, /* answer 400 */
    HTTP_REQUEST_NOT_GET    /* answer 405 */
};
struct http_request_head {
    bool has_id;
    uint64_t id;               /* of the path "/<id>" */
    const char *authorization; /* into bytes; NULL: none */
    size_t authorization_length;
};
enum http_request_state http_request_parse(const char *bytes, size_t length,
                                           struct http_request_head *ret_head);
#endif
