#include "http_request.h"
#include <string.h>
#include <strings.h>

/* "/17" and nothing else: no sign, no leading zero, no query. */
static bool parse_path(const char *path, size_t length, uint64_t *ret_id)
{
    uint64_t id = 0;
    if (length < 2 || length > 19 || path[0] != '/' || (path[1] == '0' && length > 2))
        return false;
    for (size_t i = 1; i < length; i++) {
        if (path[i] < '0' || path[i] > '9')
            return false;
        id = id * 10 + (uint64_t)(path[i] - '0');
    }
    *ret_id = id;
    return true;
}

static enum http_request_state parse_request_line(const char *line, size_t length,
                                                  struct http_request_head *head)
{
    const char *blank = memchr(line, ' ', length);
    if (blank == NULL || blank == line)
        return HTTP_REQUEST_MALFORMED;
    const char *path = blank + 1;
    size_t left = length - (size_t)(path - line);
    const char *end = memchr(path, ' ', left);
    if (end == NULL || end == path)
        return HTTP_REQUEST_MALFORMED;
    size_t version_length = left - (size_t)(end + 1 - path);
    if (version_length != 8 || (memcmp(end + 1, "HTTP/1.1", 8) != 0 && memcmp(end + 1, "HTTP/1.0", 8) != 0))
        return HTTP_REQUEST_MALFORMED;
    if (blank - line != 3 || memcmp(line, "GET", 3) != 0)
        return HTTP_REQUEST_NOT_GET;
    head->has_id = parse_path(path, (size_t)(end - path), &head->id);
    return HTTP_REQUEST_COMPLETE;
}

static bool parse_header(const char *line, size_t length, struct http_request_head *head)
{
    static const char name[] = "authorization";
    const char *colon = memchr(line, ':', length);
    if (colon == NULL || colon == line || line[0] == ' ' || line[0] == '\t')
        return false;
    if ((size_t)(colon - line) != sizeof name - 1 || strncasecmp(line, name, sizeof name - 1) != 0)
        return true;
    if (head->authorization != NULL) /* two of them: which would count? */
        return false;
    const char *value = colon + 1;
    const char *end = line + length;
    while (value < end && (*value == ' ' || *value == '\t'))
        value++;
    while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    head->authorization = value;
    head->authorization_length = (size_t)(end - value);
    return true;
}

enum http_request_state http_request_parse(const char *bytes, size_t length,
                                           struct http_request_head *ret_head)
{
    struct http_request_head head = {0};
    const char *end = memmem(bytes, length, "\r\n\r\n", 4);
    if (memchr(bytes, '\0', length) != NULL)
        return HTTP_REQUEST_MALFORMED;
    if (end == NULL)
        return HTTP_REQUEST_PARTIAL;
    enum http_request_state state = HTTP_REQUEST_PARTIAL;
    for (const char *line = bytes; line < end + 2;) {
        const char *line_end = memmem(line, (size_t)(end + 2 - line), "\r\n", 2);
        size_t line_length = (size_t)(line_end - line);
        if (memchr(line, '\n', line_length) != NULL || memchr(line, '\r', line_length) != NULL)
            return HTTP_REQUEST_MALFORMED;
        if (state == HTTP_REQUEST_PARTIAL)
            state = parse_request_line(line, line_length, &head);
        else if (!parse_header(line, line_length, &head))
            return HTTP_REQUEST_MALFORMED;
        if (state == HTTP_REQUEST_MALFORMED)
            return state;
        line = line_end + 2;
    }
    if (state == HTTP_REQUEST_COMPLETE)
        *ret_head = head;
    return state;
}
