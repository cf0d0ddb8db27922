/* credentials_uv.c - the loopback server: one short-lived connection a question, as the SDKs ask them. */
#include "itrun/host/credentials.h"
#include "http_request.h"
#include "itrun/base/json.h"
#include "itrun/base/memory.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <uv.h>

enum { CONNECTION_LIMIT = 512, CONNECTION_TIMEOUT_MS = 5000, BACKLOG = 511 };

struct entry {
    uint64_t spawn_id;
    size_t account;
    char token[65];
};

struct credentials_server {
    uv_loop_t *loop;
    uv_tcp_t listener;
    const struct aws *aws;
    int port;
    struct entry *entries;
    size_t entry_count, entry_capacity;
    struct connection *first;
    size_t connection_count;
    bool is_closing, is_listener_closed;
    void (*closed)(void *context);
    void *closed_context;
};

struct connection {
    struct credentials_server *server;
    struct connection *previous, *next;
    uv_tcp_t tcp;
    uv_timer_t timer; /* from acceptance to the end: nobody holds a connection for long */
    int open_handles;
    uv_write_t write;
    struct text answer;
    size_t length;
    char bytes[HTTP_REQUEST_LIMIT_BYTES];
};

/* ---- ends ---- */

static void finish_if_closed(struct credentials_server *server)
{
    if (!server->is_listener_closed || server->connection_count > 0)
        return;
    void (*closed)(void *) = server->closed;
    void *context = server->closed_context;
    if (server->entries != NULL)
        explicit_bzero(server->entries, server->entry_count * sizeof *server->entries);
    memory_free(server->entries);
    memory_free(server);
    if (closed != NULL)
        closed(context);
}

static void connection_closed(uv_handle_t *handle)
{
    struct connection *connection = handle->data;
    struct credentials_server *server = connection->server;
    if (--connection->open_handles > 0)
        return;
    if (connection->previous != NULL)
        connection->previous->next = connection->next;
    else
        server->first = connection->next;
    if (connection->next != NULL)
        connection->next->previous = connection->previous;
    if (connection->answer.bytes != NULL)
        explicit_bzero(connection->answer.bytes, connection->answer.length);
    text_clear(&connection->answer);
    explicit_bzero(connection->bytes, sizeof connection->bytes);
    memory_free(connection);
    server->connection_count--;
    finish_if_closed(server);
}

static void connection_close(struct connection *connection)
{
    if (uv_is_closing((uv_handle_t *)&connection->tcp) != 0)
        return;
    uv_close((uv_handle_t *)&connection->tcp, connection_closed);
    uv_close((uv_handle_t *)&connection->timer, connection_closed);
}

/* ---- answers ---- */

static void written(uv_write_t *write, int status)
{
    (void)status;
    connection_close(write->data);
}

static void answer(struct connection *connection, const char *status, const char *body)
{
    text_append_format(&connection->answer,
                       "HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n"
                       "Cache-Control: no-store\r\nConnection: close\r\n\r\n%s",
                       status, strlen(body), body);
    uv_read_stop((uv_stream_t *)&connection->tcp);
    uv_buf_t buffer = uv_buf_init(connection->answer.bytes, (unsigned)connection->answer.length);
    connection->write.data = connection;
    if (uv_write(&connection->write, (uv_stream_t *)&connection->tcp, &buffer, 1, written) != 0)
        connection_close(connection);
}

static void refuse(struct connection *connection, const char *status, const char *code, const char *message)
{
    struct text body = {0};
    text_append_format(&body, "{\"code\":\"%s\",\"message\":\"%s\"}", code, message);
    answer(connection, status, text_string(&body));
    text_clear(&body);
}

static void answer_credentials(struct connection *connection, const struct entry *entry)
{
    const struct aws_credentials *credentials =
        aws_account_credentials(connection->server->aws, entry->account);
    if (credentials == NULL) {
        refuse(connection, "503 Service Unavailable", "NoCredentials",
               "there are no credentials for this account");
        return;
    }
    /* Keys that do not expire still need a date: SDKs ask again when it comes near. */
    int64_t hour_us = (int64_t)3600 * 1000000;
    int64_t expires_at_us =
        credentials->expires_at_us != 0 ? credentials->expires_at_us : clock_wall_us() + hour_us;
    char with_fraction[32];
    time_format_utc(expires_at_us, with_fraction);
    char expiration[32];
    snprintf(expiration, sizeof expiration, "%.19sZ", with_fraction);
    struct text body = {0};
    struct json_writer writer;
    json_write_begin(&writer, &body, 0);
    json_write_object(&writer, NULL);
    json_write_string(&writer, "AccessKeyId", credentials->access_key);
    json_write_string(&writer, "SecretAccessKey", credentials->secret_key);
    json_write_string(&writer, "Token", credentials->token);
    json_write_string(&writer, "Expiration", expiration);
    json_write_end(&writer, '}');
    answer(connection, "200 OK", text_string(&body));
    explicit_bzero(body.bytes, body.length);
    text_clear(&body);
}

/* In constant time: how much of a guess was right must not show. */
static bool is_token(const struct entry *entry, const char *bytes, size_t length)
{
    unsigned char difference = 0;
    if (length != sizeof entry->token - 1)
        return false;
    for (size_t i = 0; i < length; i++)
        difference |= (unsigned char)(entry->token[i] ^ bytes[i]);
    return difference == 0;
}

static struct entry *find_entry(struct credentials_server *server, uint64_t spawn_id)
{
    for (size_t i = 0; i < server->entry_count; i++) {
        if (server->entries[i].spawn_id == spawn_id)
            return &server->entries[i];
    }
    return NULL;
}

static void answer_request(struct connection *connection, const struct http_request_head *head)
{
    const struct entry *entry = head->has_id ? find_entry(connection->server, head->id) : NULL;
    if (entry == NULL)
        refuse(connection, "404 Not Found", "NotFound", "no such process, or it has ended");
    else if (head->authorization == NULL || !is_token(entry, head->authorization, head->authorization_length))
        refuse(connection, "403 Forbidden", "AccessDenied", "the authorization token is wrong");
    else
        answer_credentials(connection, entry);
}

/* ---- requests ---- */

static void buffer_wanted(uv_handle_t *handle, size_t suggested, uv_buf_t *ret_buffer)
{
    (void)suggested;
    struct connection *connection = handle->data;
    *ret_buffer = uv_buf_init(connection->bytes + connection->length,
                              (unsigned)(sizeof connection->bytes - connection->length));
}

static void bytes_came(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
    (void)buffer;
    struct connection *connection = stream->data;
    struct http_request_head head;
    if (count < 0) {
        connection_close(connection);
        return;
    }
    connection->length += (size_t)count;
    switch (http_request_parse(connection->bytes, connection->length, &head)) {
    case HTTP_REQUEST_COMPLETE: answer_request(connection, &head); return;
    case HTTP_REQUEST_MALFORMED: refuse(connection, "400 Bad Request", "BadRequest", "not a request"); return;
    case HTTP_REQUEST_NOT_GET: refuse(connection, "405 Method Not Allowed", "BadRequest", "GET only"); return;
    case HTTP_REQUEST_PARTIAL:
        if (connection->length == sizeof connection->bytes)
            refuse(connection, "431 Request Header Fields Too Large", "BadRequest", "too long");
        return;
    }
}

static void connection_late(uv_timer_t *timer)
{
    connection_close(timer->data);
}

static void connection_came(uv_stream_t *listener, int status)
{
    struct credentials_server *server = listener->data;
    if (status < 0 || server->is_closing)
        return;
    struct connection *connection = memory_new(sizeof *connection);
    connection->server = server;
    connection->tcp.data = connection->timer.data = connection;
    uv_tcp_init(server->loop, &connection->tcp);
    uv_timer_init(server->loop, &connection->timer);
    connection->open_handles = 2;
    connection->next = server->first;
    if (server->first != NULL)
        server->first->previous = connection;
    server->first = connection;
    server->connection_count++;
    bool is_fine = uv_accept(listener, (uv_stream_t *)&connection->tcp) == 0 &&
                   server->connection_count <= CONNECTION_LIMIT &&
                   uv_read_start((uv_stream_t *)&connection->tcp, buffer_wanted, bytes_came) == 0;
    if (is_fine)
        uv_timer_start(&connection->timer, connection_late, CONNECTION_TIMEOUT_MS, 0);
    else
        connection_close(connection);
}

/* ---- plate ---- */

static bool start_listening(struct credentials_server *server)
{
    struct sockaddr_in address;
    int length = sizeof address;
    uv_ip4_addr("127.0.0.1", 0, &address);
    int status = uv_tcp_bind(&server->listener, (const struct sockaddr *)&address, 0);
    if (status == 0)
        status = uv_listen((uv_stream_t *)&server->listener, BACKLOG, connection_came);
    if (status == 0)
        status = uv_tcp_getsockname(&server->listener, (struct sockaddr *)&address, &length);
    server->port = ntohs(address.sin_port);
    errno = -status;
    return status == 0;
}

struct credentials_server *credentials_server_new(uv_loop_t *loop, const struct aws *aws, struct error *error)
{
    struct credentials_server *server = memory_new(sizeof *server);
    server->loop = loop;
    server->aws = aws;
    uv_tcp_init(loop, &server->listener);
    server->listener.data = server;
    if (start_listening(server))
        return server;
    error_set(error, ERROR_IO, "cannot serve credentials on 127.0.0.1: %s", strerror(errno));
    credentials_server_close(server, NULL, NULL);
    return NULL;
}

static void random_token(char ret_token[65])
{
    unsigned char bytes[32];
    size_t length = 0;
    while (length < sizeof bytes) {
        ssize_t got = getrandom(bytes + length, sizeof bytes - length, 0);
        MUST(got > 0 || errno == EINTR);
        length += got > 0 ? (size_t)got : 0;
    }
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(ret_token + 2 * i, 3, "%02x", bytes[i]);
}

void credentials_open(struct credentials_server *server, uint64_t spawn_id, size_t account, char ret_url[128],
                      char ret_token[128])
{
    MUST(find_entry(server, spawn_id) == NULL);
    server->entries =
        memory_grow(server->entries, server->entry_count, &server->entry_capacity, sizeof *server->entries);
    struct entry *entry = &server->entries[server->entry_count++];
    entry->spawn_id = spawn_id;
    entry->account = account;
    random_token(entry->token);
    snprintf(ret_url, 128, "http://127.0.0.1:%d/%llu", server->port, (unsigned long long)spawn_id);
    snprintf(ret_token, 128, "%s", entry->token);
}

void credentials_shut(struct credentials_server *server, uint64_t spawn_id)
{
    struct entry *entry = find_entry(server, spawn_id);
    if (entry == NULL)
        return;
    *entry = server->entries[--server->entry_count];
    explicit_bzero(&server->entries[server->entry_count], sizeof *entry);
}

static void listener_closed(uv_handle_t *handle)
{
    struct credentials_server *server = handle->data;
    server->is_listener_closed = true;
    finish_if_closed(server);
}

void credentials_server_close(struct credentials_server *server, void (*closed)(void *context), void *context)
{
    server->is_closing = true;
    server->closed = closed;
    server->closed_context = context;
    for (struct connection *connection = server->first; connection != NULL; connection = connection->next)
        connection_close(connection);
    uv_close((uv_handle_t *)&server->listener, listener_closed);
}
