/* call.c - one struct aws_call: its form, its pages, its answer as model structs. */
#include "client.h"
#include "cloudformation.h"
#include "fault.h"
#include "sts.h"
#include "itrun/base/memory.h"
#include <stdio.h>
#include <string.h>

enum { EVENT_PAGE_LIMIT = 20, STACK_PAGE_LIMIT = 500 };

struct call {
    struct aws *aws;
    struct aws_call what; /* in arena */
    struct arena *arena;
    int64_t started_at_ms;
    int page_count;
    struct stack_list list;
    struct event_scan scan;
    struct error refusal; /* of a write that may be ours all the same */
    struct aws_answer answer;
    char account_id[16];
    aws_done *done;
    void *context;
};

static void finish(struct call *call, const struct error *error)
{
    if (error != NULL) {
        call->answer = (struct aws_answer){.error = *error};
    } else {
        call->answer.stacks = call->list.stacks;
        call->answer.stack_count = call->list.count;
    }
    call->done(call->context, &call->answer);
    memory_free(call->list.stacks);
    arena_free(call->arena);
    memory_free(call);
}

/* What could not be read names its account as what was refused does. */
static void finish_unread(struct call *call, struct error *error)
{
    const char *alias = aws_account_alias(call->aws, call->what.account);
    aws_scrub(call->aws, error);
    if (alias != NULL)
        error_where(error, "%s", alias);
    finish(call, error);
}

static void call_send(struct call *call, enum aws_operation operation, enum aws_service service,
                      struct text *form, request_done *done)
{
    struct request_plan plan = {.service = service,
                                .operation = operation,
                                .action = aws_operation_name(operation),
                                .account = call->what.account,
                                .signer = call->what.account == NO_INDEX ? SIGNER_BASE : SIGNER_ACCOUNT,
                                .started_at_ms = call->started_at_ms,
                                .body = form};
    request_begin(call->aws, &plan, done, call);
}

/* ---- STS ---- */

static void assumed(void *context, const struct error *error)
{
    struct call *call = context;
    if (error == NULL)
        call->answer.lifetime_ms = holder_lifetime_ms(call->aws, call->what.account);
    finish(call, error);
}

static void identity_came(void *context, const struct error *error, const char *body, size_t length)
{
    struct call *call = context;
    struct error why = {0};
    if (error != NULL) {
        finish(call, error);
    } else if (!sts_read_account_id(body, length, call->account_id, &why)) {
        finish_unread(call, &why);
    } else {
        call->answer.account_id = call->account_id;
        finish(call, NULL);
    }
}

/* ---- events: why the newest operation failed; whether a refused write is ours ---- */

static void finish_events(struct call *call)
{
    if (call->what.operation == AWS_STACK_EVENTS) {
        struct text scrubbed = {0};
        if (call->scan.reason != NULL)
            text_append_scrubbed(&scrubbed, call->scan.reason, call->aws->accounts, call->aws->account_count);
        if (scrubbed.length > 0)
            call->answer.reason = arena_string(call->arena, text_string(&scrubbed));
        text_clear(&scrubbed);
        finish(call, NULL);
        return;
    }
    bool is_ours = call->scan.has_token || strcmp(call->refusal.code, "TokenAlreadyExistsException") == 0;
    if (is_ours)
        call->answer.stack_id = call->scan.stack_id != NULL ? call->scan.stack_id : "";
    finish(call, is_ours ? NULL : &call->refusal);
}

static void ask_events(struct call *call, const char *next_token);

static void events_came(void *context, const struct error *error, const char *body, size_t length)
{
    struct call *call = context;
    struct error why = {0};
    const char *next_token = NULL;
    bool is_confirming = call->what.operation != AWS_STACK_EVENTS;
    /* Where no events are to be had, nothing speaks for a refused write. */
    if (error != NULL && !is_confirming) {
        finish(call, error);
        return;
    }
    if (error == NULL && !cloudformation_read_events(&call->scan, body, length, &next_token, &why)) {
        finish_unread(call, is_confirming ? &call->refusal : &why);
        return;
    }
    if (next_token != NULL && !call->scan.is_finished && ++call->page_count < EVENT_PAGE_LIMIT)
        ask_events(call, next_token);
    else
        finish_events(call);
}

static void ask_events(struct call *call, const char *next_token)
{
    struct text form = {0};
    call->scan.arena = call->arena;
    cloudformation_form_events(&form, call->what.stack_name, next_token);
    call_send(call, AWS_STACK_EVENTS, SERVICE_CLOUDFORMATION, &form, events_came);
}

/* ---- writes ---- */

static bool is_unchanged(const struct call *call, const struct error *error)
{
    return call->what.operation == AWS_UPDATE_STACK &&
           strstr(error->what, "No updates are to be performed") != NULL;
}

/* A write may arrive twice: the second one is refused because of the first. The events know whose token it
 * was. */
static void write_refused(struct call *call, const struct error *error)
{
    bool is_gone = call->what.operation == AWS_DELETE_STACK && error->kind == ERROR_GONE;
    if (is_unchanged(call, error) || is_gone) {
        call->answer.is_unchanged = !is_gone;
        finish(call, NULL);
        return;
    }
    if (error->kind != ERROR_CONFLICT || call->what.request_token == NULL) {
        finish(call, error);
        return;
    }
    call->refusal = *error;
    call->scan.request_token = call->what.request_token;
    ask_events(call, NULL);
}

static void written(void *context, const struct error *error, const char *body, size_t length)
{
    struct call *call = context;
    struct error why = {0};
    if (error != NULL) {
        write_refused(call, error);
        return;
    }
    call->answer.stack_id = cloudformation_read_stack_id(call->arena, body, length, &why);
    if (call->answer.stack_id == NULL)
        finish_unread(call, &why);
    else
        finish(call, NULL);
}

/* ---- DescribeStacks ---- */

static void ask_stacks(struct call *call, const char *next_token);

static void stacks_came(void *context, const struct error *error, const char *body, size_t length)
{
    struct call *call = context;
    struct error why = {0};
    const char *next_token = NULL;
    if (error != NULL) {
        bool is_absent = error->kind == ERROR_GONE && call->what.stack_name != NULL;
        finish(call, is_absent ? NULL : error);
    } else if (!cloudformation_read_stacks(&call->list, body, length, call->aws->accounts,
                                           call->aws->account_count, &next_token, &why)) {
        finish_unread(call, &why);
    } else if (next_token == NULL) {
        finish(call, NULL);
    } else if (++call->page_count >= STACK_PAGE_LIMIT) {
        error_set(&why, ERROR_LIMIT, "DescribeStacks: more than %d pages", STACK_PAGE_LIMIT);
        finish_unread(call, &why);
    } else {
        ask_stacks(call, next_token);
    }
}

static void ask_stacks(struct call *call, const char *next_token)
{
    struct text form = {0};
    cloudformation_form(&form, &call->what, next_token);
    call_send(call, AWS_DESCRIBE_STACKS, SERVICE_CLOUDFORMATION, &form, stacks_came);
}

/* ---- beginning ---- */

static void refused_here(void *context)
{
    struct call *call = context;
    finish_unread(call, &call->refusal);
}

/* What cannot succeed is refused before it costs a request; the answer still comes from the loop. */
static bool refuse(struct call *call)
{
    const struct aws_call *what = &call->what;
    size_t size = what->template_body != NULL ? strlen(what->template_body) : 0;
    if (call->aws->is_closing) {
        error_set(&call->refusal, ERROR_CANCELLED, "%s: stopped", aws_operation_name(what->operation));
    } else if (size > TEMPLATE_LIMIT_BYTES) {
        error_set(&call->refusal, ERROR_LIMIT,
                  "the template of stack %s has %zu bytes; CloudFormation takes %d inline", what->stack_name,
                  size, TEMPLATE_LIMIT_BYTES);
        error_hint(&call->refusal,
                   "split the stack, write the template without blanks, or deploy it by a command");
    } else {
        return false;
    }
    aws_defer(call->aws, refused_here, call);
    return true;
}

static const struct pair *copy_pairs(struct arena *arena, const struct pair *pairs, size_t count)
{
    struct pair *copy = arena_alloc(arena, (count + 1) * sizeof *copy);
    for (size_t i = 0; i < count; i++)
        copy[i] = (struct pair){arena_string(arena, pairs[i].name), arena_string(arena, pairs[i].value)};
    return copy;
}

static struct call *call_new(struct aws *aws, const struct aws_call *what, aws_done *done, void *context)
{
    struct call *call = memory_new(sizeof *call);
    struct arena *arena = arena_new();
    call->aws = aws;
    call->arena = call->list.arena = arena;
    call->what = *what;
    call->what.session_name = arena_string(arena, what->session_name);
    call->what.stack_name = arena_string(arena, what->stack_name);
    call->what.template_body = arena_string(arena, what->template_body);
    call->what.request_token = arena_string(arena, what->request_token);
    call->what.parameters = copy_pairs(arena, what->parameters, what->parameter_count);
    call->what.tags = copy_pairs(arena, what->tags, what->tag_count);
    /* Deleted stacks can be asked for by id only. */
    call->list.has_deleted = what->stack_name != NULL && string_starts_with(what->stack_name, "arn:");
    call->started_at_ms = clock_monotonic_ms();
    call->done = done;
    call->context = context;
    return call;
}

void aws_perform(struct aws *aws, const struct aws_call *what, aws_done *done, void *context)
{
    MUST(what->account == NO_INDEX || what->account < aws->account_count);
    struct call *call = call_new(aws, what, done, context);
    struct text form = {0};
    if (refuse(call))
        return;
    switch (what->operation) {
    case AWS_ASSUME_ROLE: holder_renew(aws, what->account, call->what.session_name, assumed, call); return;
    case AWS_CALLER_IDENTITY:
        sts_form_caller_identity(&form);
        call_send(call, what->operation, SERVICE_STS, &form, identity_came);
        return;
    case AWS_DESCRIBE_STACKS: ask_stacks(call, NULL); return;
    case AWS_STACK_EVENTS: ask_events(call, NULL); return;
    case AWS_CREATE_STACK:
    case AWS_UPDATE_STACK:
    case AWS_DELETE_STACK:
    case AWS_CONTINUE_ROLLBACK:
        cloudformation_form(&form, &call->what, NULL);
        call_send(call, what->operation, SERVICE_CLOUDFORMATION, &form, written);
        return;
    case AWS_OPERATION_COUNT: break;
    }
    MUST(false); /* no such operation */
}
