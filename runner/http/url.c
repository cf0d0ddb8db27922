#include "itrun/http.h"
#include "itrun/base/text.h"
#include <stdio.h>
#include <string.h>
#include <strings.h>

bool url_host(const char *url, char *ret_host, size_t size)
{
    bool is_tls = strncasecmp(url, "https://", 8) == 0;
    if (!is_tls && strncasecmp(url, "http://", 7) != 0)
        return false;
    const char *start = url + (is_tls ? 8 : 7);
    size_t length = strcspn(start, "/?#");
    const char *own_port = is_tls ? ":443" : ":80";
    size_t port_length = strlen(own_port);
    bool has_user = memchr(start, '@', length) != NULL;
    if (length == 0 || length >= size || has_user)
        return false;
    if (length > port_length && strncmp(start + length - port_length, own_port, port_length) == 0)
        length -= port_length;
    snprintf(ret_host, size, "%.*s", (int)length, start);
    return true;
}

bool url_is_loopback(const char *url)
{
    char host[256];
    if (!url_host(url, host, sizeof host))
        return false;
    if (strncmp(host, "[::1]", 5) == 0)
        return true;
    host[strcspn(host, ":")] = '\0';
    return strcasecmp(host, "localhost") == 0 || string_ends_with(host, ".localhost") ||
           strncmp(host, "127.", 4) == 0;
}
