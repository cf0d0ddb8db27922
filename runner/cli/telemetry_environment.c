#include "telemetry_environment.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TIMEOUT_MS = 10000 };

struct surroundings {
    const char *(*lookup)(void *context, const char *name);
    void *context;
    struct arena *arena;
};

static const char *variable(const struct surroundings *from, const char *name)
{
    const char *value = from->lookup(from->context, name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

/* OTEL_EXPORTER_OTLP_TRACES_<what>, else OTEL_EXPORTER_OTLP_<what>. */
static const char *setting(const struct surroundings *from, const char *what)
{
    const char *own = variable(from, arena_format(from->arena, "OTEL_EXPORTER_OTLP_TRACES_%s", what));
    return own != NULL ? own : variable(from, arena_format(from->arena, "OTEL_EXPORTER_OTLP_%s", what));
}

static bool is_off(const struct surroundings *from)
{
    const char *disabled = variable(from, "OTEL_SDK_DISABLED");
    const char *exporter = variable(from, "OTEL_TRACES_EXPORTER");
    return (disabled != NULL && strcmp(disabled, "true") == 0) ||
           (exporter != NULL && strcmp(exporter, "none") == 0);
}

/* The traces' own endpoint is taken as it stands; the general one is a base. */
static const char *find_url(const struct surroundings *from)
{
    const char *own = variable(from, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
    const char *base = variable(from, "OTEL_EXPORTER_OTLP_ENDPOINT");
    if (own != NULL || base == NULL) {
        return own;
    }
    return arena_format(from->arena, "%s%sv1/traces", base, string_ends_with(base, "/") ? "" : "/");
}

static bool is_header(const char *name, const char *value)
{
    size_t length =
        strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~");
    return length > 0 && name[length] == '\0' && strpbrk(value, "\r\n") == NULL;
}

static char *trimmed(char *string)
{
    string += strspn(string, " \t");
    size_t length = strlen(string);
    while (length > 0 && (string[length - 1] == ' ' || string[length - 1] == '\t')) {
        string[--length] = '\0';
    }
    return string;
}

/* "name=value,name=value", values percent-encoded. The values are secrets: no error repeats them. */
static bool read_headers(const struct surroundings *from, struct telemetry_options *options,
                         struct error *error)
{
    const char *given = setting(from, "HEADERS");
    struct http_header *headers = arena_alloc(from->arena, TELEMETRY_HEADERS_MAX * sizeof *headers);
    char *rest = arena_string(from->arena, given);
    options->headers = headers;
    options->raw_headers = given;
    while (rest != NULL && *rest != '\0') {
        char *pair = rest;
        char *comma = strchr(rest, ',');
        rest = comma != NULL ? comma + 1 : NULL;
        if (comma != NULL) {
            *comma = '\0';
        }
        char *equals = strchr(pair, '=');
        if (equals != NULL) {
            *equals = '\0';
            string_decode_percent(equals + 1);
        }
        char *name = trimmed(pair);
        if (equals == NULL || !is_header(name, equals + 1) ||
            options->header_count == TELEMETRY_HEADERS_MAX) {
            error_set(error, ERROR_CONFIG, "OTEL_EXPORTER_OTLP_HEADERS is not understood");
            return error_hint(error, "name=value, separated by commas; values percent-encoded");
        }
        headers[options->header_count++] = (struct http_header){name, trimmed(equals + 1)};
    }
    return true;
}

static bool read_timeout(const struct surroundings *from, struct telemetry_options *options,
                         struct error *error)
{
    const char *given = setting(from, "TIMEOUT");
    options->timeout_ms = TIMEOUT_MS;
    if (given == NULL) {
        return true;
    }
    char *end = NULL;
    long ms = strtol(given, &end, 10);
    if (end == given || *end != '\0' || ms <= 0 || ms > 3600L * 1000) {
        error_set(error, ERROR_CONFIG, "OTEL_EXPORTER_OTLP_TIMEOUT wants milliseconds, not '%.40s'", given);
        return error_hint(error, "10000 is the default");
    }
    options->timeout_ms = ms;
    return true;
}

static bool check_protocol(const struct surroundings *from, struct error *error)
{
    const char *protocol = setting(from, "PROTOCOL");
    if (protocol == NULL || strcmp(protocol, "http/json") == 0 || strcmp(protocol, "http/protobuf") == 0) {
        return true; /* whoever takes the one over HTTP takes the other */
    }
    error_set(error, ERROR_CONFIG, "OTEL_EXPORTER_OTLP_PROTOCOL is '%.40s', and itrun sends http/json alone",
              protocol);
    return error_hint(error, "set OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=http/json and the endpoint of OTLP over "
                             "HTTP, mostly port 4318");
}

const struct telemetry_options *telemetry_environment(const char *(*lookup)(void *context, const char *name),
                                                      void *context, struct arena *arena, struct error *error)
{
    struct surroundings from = {lookup, context, arena};
    struct telemetry_options *options = arena_alloc(arena, sizeof *options);
    char host[256];
    options->url = find_url(&from);
    options->ca_bundle = setting(&from, "CERTIFICATE");
    if (options->url == NULL || is_off(&from)) {
        return NULL;
    }
    if (!check_protocol(&from, error) || !read_headers(&from, options, error) ||
        !read_timeout(&from, options, error)) {
        return NULL;
    }
    if (!url_host(options->url, host, sizeof host)) {
        error_set(error, ERROR_CONFIG, "OTEL_EXPORTER_OTLP_ENDPOINT is no http or https URL");
        error_hint(error, "like http://127.0.0.1:4318");
        return NULL;
    }
    return options;
}
