/* aws_probe.c - the aws room alone, driven by a file of commands: what tests/e2e looks at from outside.
 *
 *   aws_probe [--endpoint URL] [--region R] [--budget-ms N] [--seed N] [--ca FILE]
 *             [--account ID,ROLE_ARN,ALIAS]...
 * COMMANDS
 *
 * One command a line; those between two `wait` lines go on at once. Each prints one JSON line when it is
 * done: assume ACCOUNT SESSION        whoami ACCOUNT|-               describe ACCOUNT [STACK]    events
 * ACCOUNT STACK create|update ACCOUNT STACK TEMPLATE_FILE TOKEN [Name=value | tag:Name=value]...
 *   delete|continue ACCOUNT STACK TOKEN    list UNIT    pause MS    close (aws_close with everything in
 * flight) serve ACCOUNT                 a credentials server, until standard input ends
 */
#include "itrun/aws.h"
#include "itrun/base/json.h"
#include "itrun/base/memory.h"
#include "itrun/host/credentials.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

enum { WORD_LIMIT = 64 };

struct probe {
    uv_loop_t loop;
    struct aws *aws;
    struct account accounts[1024];
    size_t account_count;
    char *commands, *next_line;
    int line_number, open_count;
    bool is_closed, is_waiting;
    struct credentials_server *server;
    uv_timer_t pause;
    uv_pipe_t input;
};

struct asked {
    struct probe *probe;
    int line;
    const char *operation;
    int64_t started_at_ms;
};

static void run_commands(struct probe *probe);

static void fail(const struct error *error)
{
    fprintf(stderr, "aws_probe: %s%s%s (%s) %s\n", error->where, error->where[0] != '\0' ? ": " : "",
            error->what, error_kind_name(error->kind), error->hint);
    exit(2);
}

/* ---- answers ---- */

static void write_pairs(struct json_writer *writer, const char *key, const struct pair *pairs, size_t count)
{
    json_write_object(writer, key);
    for (size_t i = 0; i < count; i++)
        json_write_string(writer, pairs[i].name, pairs[i].value);
    json_write_end(writer, '}');
}

static void write_error(struct json_writer *writer, const struct error *error)
{
    json_write_object(writer, "error");
    json_write_string(writer, "kind", error_kind_name(error->kind));
    json_write_string(writer, "code", error->code);
    json_write_string(writer, "where", error->where);
    json_write_string(writer, "what", error->what);
    json_write_string(writer, "hint", error->hint);
    json_write_end(writer, '}');
}

static void answer_begin(struct asked *asked, struct json_writer *writer, struct text *text)
{
    json_write_begin(writer, text, 0);
    json_write_object(writer, NULL);
    json_write_int(writer, "line", asked->line);
    json_write_string(writer, "operation", asked->operation);
    json_write_int(writer, "ms", clock_monotonic_ms() - asked->started_at_ms);
}

static void answer_end(struct asked *asked, struct json_writer *writer, struct text *text)
{
    struct probe *probe = asked->probe;
    json_write_end(writer, '}');
    puts(text_string(text));
    fflush(stdout);
    text_clear(text);
    memory_free(asked);
    probe->open_count--;
    if (probe->is_waiting && probe->open_count == 0)
        run_commands(probe);
}

static void answered(void *context, const struct aws_answer *answer)
{
    struct asked *asked = context;
    struct text text = {0};
    struct json_writer writer;
    answer_begin(asked, &writer, &text);
    if (answer->error.kind != ERROR_NONE)
        write_error(&writer, &answer->error);
    json_write_array(&writer, "stacks");
    for (size_t i = 0; i < answer->stack_count; i++) {
        const struct live_stack *stack = &answer->stacks[i];
        json_write_object(&writer, NULL);
        json_write_string(&writer, "id", stack->stack_id);
        json_write_string(&writer, "name", stack->stack_name);
        json_write_string(&writer, "status", stack_status_name(stack->status));
        json_write_string(&writer, "reason", stack->status_reason);
        write_pairs(&writer, "tags", stack->tags, stack->tag_count);
        write_pairs(&writer, "outputs", stack->outputs, stack->output_count);
        write_pairs(&writer, "parameters", stack->parameters, stack->parameter_count);
        json_write_end(&writer, '}');
    }
    json_write_end(&writer, ']');
    json_write_string(&writer, "stack_id", answer->stack_id);
    json_write_bool(&writer, "is_unchanged", answer->is_unchanged);
    json_write_int(&writer, "lifetime_ms", answer->lifetime_ms);
    json_write_string(&writer, "account_id", answer->account_id);
    json_write_string(&writer, "reason", answer->reason);
    answer_end(asked, &writer, &text);
}

static void listed(void *context, const char *const *ids, size_t count, const struct error *error)
{
    struct asked *asked = context;
    struct text text = {0};
    struct json_writer writer;
    answer_begin(asked, &writer, &text);
    if (error != NULL)
        write_error(&writer, error);
    json_write_array(&writer, "ids");
    for (size_t i = 0; i < count; i++)
        json_write_string(&writer, NULL, ids[i]);
    json_write_end(&writer, ']');
    answer_end(asked, &writer, &text);
}

/* ---- the end ---- */

static void closed(void *context)
{
    (void)context;
}

static void finish(struct probe *probe)
{
    if (!probe->is_closed) {
        printf("{\"requests\":%llu,\"throttled\":%llu}\n", (unsigned long long)aws_request_count(probe->aws),
               (unsigned long long)aws_throttle_count(probe->aws));
        probe->is_closed = true;
        aws_close(probe->aws, closed, NULL);
    }
    uv_close((uv_handle_t *)&probe->pause, NULL);
}

static void server_closed(void *context)
{
    struct probe *probe = context;
    probe->open_count--;
    if (probe->is_waiting && probe->open_count == 0)
        run_commands(probe);
}

static void input_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *ret_buffer)
{
    static char bytes[256];
    (void)handle;
    (void)suggested;
    *ret_buffer = uv_buf_init(bytes, sizeof bytes);
}

static void input_came(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
    (void)buffer;
    struct probe *probe = stream->data;
    if (count >= 0)
        return;
    uv_close((uv_handle_t *)stream, NULL);
    credentials_server_close(probe->server, server_closed, probe);
}

static void paused(uv_timer_t *timer)
{
    struct probe *probe = timer->data;
    probe->open_count--;
    if (probe->is_waiting && probe->open_count == 0)
        run_commands(probe);
}

/* ---- commands ---- */

static void serve(struct probe *probe, size_t account)
{
    struct error error = {0};
    char url[128], token[128];
    probe->server = credentials_server_new(&probe->loop, probe->aws, &error);
    if (probe->server == NULL)
        fail(&error);
    credentials_open(probe->server, 17, account, url, token);
    printf("{\"url\":\"%s\",\"token\":\"%s\"}\n", url, token);
    fflush(stdout);
    uv_pipe_init(&probe->loop, &probe->input, 0);
    uv_pipe_open(&probe->input, 0);
    probe->input.data = probe;
    uv_read_start((uv_stream_t *)&probe->input, input_buffer, input_came);
}

static void take_settings(struct aws_call *call, char *const *words, size_t count, struct pair *pairs)
{
    struct pair *tags = pairs + WORD_LIMIT;
    for (size_t i = 0; i < count; i++) {
        bool is_tag = strncmp(words[i], "tag:", 4) == 0;
        char *equals = strchr(words[i], '=');
        if (equals == NULL)
            continue;
        *equals = '\0';
        struct pair pair = {words[i] + (is_tag ? 4 : 0), equals + 1};
        if (is_tag)
            tags[call->tag_count++] = pair;
        else
            pairs[call->parameter_count++] = pair;
    }
    call->parameters = pairs;
    call->tags = tags;
}

static void write_stack(struct probe *probe, struct aws_call *call, char *const *words, size_t count,
                        struct asked *asked)
{
    struct error error = {0};
    struct pair pairs[2 * WORD_LIMIT];
    char *body;
    size_t length;
    if (!file_read(words[3], 16 * 1024 * 1024, &body, &length, &error))
        fail(&error);
    call->stack_name = words[2];
    call->template_body = body;
    call->request_token = words[4];
    take_settings(call, words + 5, count - 5, pairs);
    aws_perform(probe->aws, call, answered, asked);
    memory_free(body);
}

static void perform(struct probe *probe, char *const *words, size_t count, struct asked *asked)
{
    static const char *const names[] = {"assume", "whoami", "describe", "create",
                                        "update", "delete", "continue", "events"};
    static const enum aws_operation operations[] = {
        AWS_ASSUME_ROLE,  AWS_CALLER_IDENTITY, AWS_DESCRIBE_STACKS,   AWS_CREATE_STACK,
        AWS_UPDATE_STACK, AWS_DELETE_STACK,    AWS_CONTINUE_ROLLBACK, AWS_STACK_EVENTS,
    };
    struct aws_call call = {.operation = AWS_OPERATION_COUNT};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(words[0], names[i]) == 0)
            call.operation = operations[i];
    }
    MUST(call.operation != AWS_OPERATION_COUNT && count > 1);
    call.account = strcmp(words[1], "-") == 0 ? NO_INDEX : (size_t)strtoul(words[1], NULL, 10);
    if (call.operation == AWS_CREATE_STACK || call.operation == AWS_UPDATE_STACK) {
        write_stack(probe, &call, words, count, asked);
        return;
    }
    if (call.operation == AWS_ASSUME_ROLE)
        call.session_name = words[2];
    else if (count > 2)
        call.stack_name = words[2];
    if (count > 3)
        call.request_token = words[3];
    aws_perform(probe->aws, &call, answered, asked);
}

static void run_line(struct probe *probe, char **words, size_t count)
{
    if (strcmp(words[0], "close") == 0) {
        probe->is_closed = true;
        aws_close(probe->aws, closed, NULL);
        return;
    }
    MUST(count > 1);
    if (strcmp(words[0], "pause") == 0) {
        probe->open_count++;
        uv_timer_start(&probe->pause, paused, strtoul(words[1], NULL, 10), 0);
        return;
    }
    probe->open_count++;
    if (strcmp(words[0], "serve") == 0) {
        serve(probe, (size_t)strtoul(words[1], NULL, 10));
        return;
    }
    struct asked *asked = memory_new(sizeof *asked);
    *asked = (struct asked){probe, probe->line_number, words[0], clock_monotonic_ms()};
    if (strcmp(words[0], "list") == 0)
        aws_list_accounts(probe->aws, words[1], listed, asked);
    else
        perform(probe, words, count, asked);
}

static void run_commands(struct probe *probe)
{
    probe->is_waiting = false;
    while (probe->next_line != NULL && probe->next_line[0] != '\0') {
        char *line = probe->next_line;
        char *end = strchr(line, '\n');
        char *words[WORD_LIMIT + 1] = {0};
        size_t count = 0;
        probe->next_line = end != NULL ? end + 1 : NULL;
        if (end != NULL)
            *end = '\0';
        probe->line_number++;
        for (char *rest = line; count < WORD_LIMIT && (words[count] = strtok_r(rest, " ", &rest)) != NULL;)
            count++;
        if (count == 0)
            continue;
        if (strcmp(words[0], "wait") != 0) {
            run_line(probe, words, count);
        } else if (probe->open_count > 0) {
            probe->is_waiting = true;
            return;
        }
    }
    if (probe->open_count > 0)
        probe->is_waiting = true;
    else
        finish(probe);
}

/* ---- options ---- */

static void add_account(struct probe *probe, char *word)
{
    struct account *account = &probe->accounts[probe->account_count++];
    account->id = strsep(&word, ",");
    account->role_arn = strsep(&word, ",");
    account->alias = word;
}

static const char *environment(void *context, const char *name)
{
    (void)context;
    return getenv(name);
}

int main(int argc, char **argv)
{
    static struct probe probe;
    static struct aws_identity identity;
    struct error error = {0};
    struct aws_options options = {.identity = &identity, .endpoint = getenv("AWS_ENDPOINT_URL")};
    int i = 1;
    for (; i + 1 < argc && strncmp(argv[i], "--", 2) == 0; i += 2) {
        if (strcmp(argv[i], "--account") == 0)
            add_account(&probe, argv[i + 1]);
        else if (strcmp(argv[i], "--budget-ms") == 0)
            options.retry_budget_ms = strtoll(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--seed") == 0)
            options.seed = strtoull(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--ca") == 0)
            options.ca_bundle = argv[i + 1];
        else if (strcmp(argv[i], "--region") == 0)
            options.region = argv[i + 1];
        else if (strcmp(argv[i], "--endpoint") == 0)
            options.endpoint = argv[i + 1];
    }
    size_t length;
    options.accounts = probe.accounts;
    options.account_count = probe.account_count;
    uv_loop_init(&probe.loop);
    bool is_ready = file_read(argv[i], 1024 * 1024, &probe.commands, &length, &error) &&
                    aws_identity_find(environment, NULL, &identity, &error) &&
                    (probe.aws = aws_new(&probe.loop, &options, &error)) != NULL;
    if (!is_ready)
        fail(&error);
    probe.next_line = probe.commands;
    uv_timer_init(&probe.loop, &probe.pause);
    probe.pause.data = &probe;
    run_commands(&probe);
    uv_run(&probe.loop, UV_RUN_DEFAULT);
    memory_free(probe.commands);
    return uv_loop_close(&probe.loop) == 0 ? 0 : 3;
}
