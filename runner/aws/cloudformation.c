#include "cloudformation.h"
#include "answer_xml.h"
#include "fault.h"
#include "form.h"
#include <string.h>

static const char version[] = "2010-05-15";

static void add_content(struct text *form, const struct aws_call *call)
{
    static const char *const capabilities[] = {"CAPABILITY_IAM", "CAPABILITY_NAMED_IAM",
                                               "CAPABILITY_AUTO_EXPAND"};
    form_add(form, "TemplateBody", call->template_body);
    for (size_t i = 0; i < sizeof capabilities / sizeof *capabilities; i++)
        form_add_member(form, "Capabilities", i, NULL, capabilities[i]);
    for (size_t i = 0; i < call->parameter_count; i++) {
        form_add_member(form, "Parameters", i, "ParameterKey", call->parameters[i].name);
        form_add_member(form, "Parameters", i, "ParameterValue", call->parameters[i].value);
    }
    for (size_t i = 0; i < call->tag_count; i++) {
        form_add_member(form, "Tags", i, "Key", call->tags[i].name);
        form_add_member(form, "Tags", i, "Value", call->tags[i].value);
    }
}

void cloudformation_form_events(struct text *form, const char *stack_name, const char *next_token)
{
    form_begin(form, aws_operation_name(AWS_STACK_EVENTS), version);
    form_add(form, "StackName", stack_name);
    form_add(form, "NextToken", next_token);
}

void cloudformation_form(struct text *form, const struct aws_call *call, const char *next_token)
{
    form_begin(form, aws_operation_name(call->operation), version);
    form_add(form, "StackName", call->stack_name);
    form_add(form, "NextToken", next_token);
    if (call->operation == AWS_CREATE_STACK || call->operation == AWS_UPDATE_STACK)
        add_content(form, call);
    if (call->operation != AWS_DESCRIBE_STACKS && call->operation != AWS_STACK_EVENTS)
        form_add(form, "ClientRequestToken", call->request_token);
}

static const char *token_of(struct arena *arena, const struct element *result)
{
    const char *token = element_text(result, "NextToken", "");
    return token[0] != '\0' ? arena_string(arena, token) : NULL;
}

/* <Tags><member><Key/><Value/></member>...</Tags> */
static const struct pair *read_pairs(struct arena *arena, const struct element *stack, const char *list,
                                     const char *name, const char *value, size_t *ret_count)
{
    const struct element *members = element_child(stack, list);
    struct pair *pairs = arena_alloc(arena, (element_count(members) + 1) * sizeof *pairs);
    size_t count = 0;
    for (const struct element *it = element_child(members, "member"); it != NULL;
         it = element_next(it, "member")) {
        pairs[count].name = arena_string(arena, element_text(it, name, ""));
        pairs[count++].value = arena_string(arena, element_text(it, value, ""));
    }
    *ret_count = count;
    return pairs;
}

static bool read_stack(struct arena *arena, const struct element *member, const struct account *accounts,
                       size_t account_count, struct live_stack *ret_stack, struct error *error)
{
    struct live_stack stack = {0};
    const char *status = element_text(member, "StackStatus", "");
    if (!stack_status_parse(status, &stack.status) || stack.status == STACK_ABSENT)
        return error_set(error, ERROR_INVALID, "DescribeStacks: unknown stack status \"%.60s\"", status);
    stack.stack_id = arena_string(arena, element_text(member, "StackId", ""));
    stack.stack_name = arena_string(arena, element_text(member, "StackName", ""));
    const char *reason = element_text(member, "StackStatusReason", NULL);
    if (reason != NULL) {
        struct text scrubbed = {0};
        text_append_scrubbed(&scrubbed, reason, accounts, account_count);
        stack.status_reason = arena_string(arena, text_string(&scrubbed));
        text_clear(&scrubbed);
    }
    stack.tags = read_pairs(arena, member, "Tags", "Key", "Value", &stack.tag_count);
    stack.outputs = read_pairs(arena, member, "Outputs", "OutputKey", "OutputValue", &stack.output_count);
    stack.parameters =
        read_pairs(arena, member, "Parameters", "ParameterKey", "ParameterValue", &stack.parameter_count);
    *ret_stack = stack;
    return true;
}

static bool read_page(struct stack_list *list, const struct element *result, const struct account *accounts,
                      size_t account_count, struct error *error)
{
    const struct element *members = element_child(result, "Stacks");
    for (const struct element *it = element_child(members, "member"); it != NULL;
         it = element_next(it, "member")) {
        struct live_stack stack = {0};
        if (!read_stack(list->arena, it, accounts, account_count, &stack, error))
            return false;
        if (stack.status == STACK_DELETE_COMPLETE && !list->has_deleted)
            continue;
        list->stacks = memory_grow(list->stacks, list->count, &list->capacity, sizeof *list->stacks);
        list->stacks[list->count++] = stack;
    }
    return true;
}

bool cloudformation_read_stacks(struct stack_list *list, const char *body, size_t length,
                                const struct account *accounts, size_t account_count,
                                const char **ret_next_token, struct error *error)
{
    struct arena *arena = arena_new();
    const struct element *root = element_parse(arena, body, length, error);
    const struct element *result = element_child(root, "DescribeStacksResult");
    bool is_read = result != NULL && read_page(list, result, accounts, account_count, error);
    if (is_read)
        *ret_next_token = token_of(list->arena, result);
    else if (root != NULL && result == NULL)
        error_set(error, ERROR_TRANSIENT, "DescribeStacks: the answer is a <%.60s>", root->name);
    arena_free(arena);
    return is_read;
}

const char *cloudformation_read_stack_id(struct arena *arena, const char *body, size_t length,
                                         struct error *error)
{
    struct arena *scratch = arena_new();
    const struct element *root = element_parse(scratch, body, length, error);
    const char *id = NULL;
    if (root != NULL)
        id = arena_string(arena, element_text(root->first, "StackId", ""));
    arena_free(scratch);
    return id;
}

/* The event that opened an operation is the stack's own: rollbacks belong to the operation that they undo. */
static bool opens_operation(const struct element *event, const char *status)
{
    static const char *const opening[] = {"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS",
                                          "IMPORT_IN_PROGRESS", "REVIEW_IN_PROGRESS"};
    const char *id = element_text(event, "StackId", "");
    if (id[0] == '\0' || strcmp(element_text(event, "PhysicalResourceId", ""), id) != 0)
        return false;
    for (size_t i = 0; i < sizeof opening / sizeof *opening; i++) {
        if (strcmp(status, opening[i]) == 0)
            return true;
    }
    return false;
}

/* What was cancelled because something else failed explains nothing. */
static bool is_cause(const char *status, const char *reason)
{
    bool is_cancelled = string_starts_with(reason, "Resource ") && strstr(reason, " cancelled") != NULL;
    return string_ends_with(status, "_FAILED") && !is_cancelled;
}

static void scan_event(struct event_scan *scan, const struct element *event)
{
    const char *status = element_text(event, "ResourceStatus", "");
    const char *reason = element_text(event, "ResourceStatusReason", "");
    if (scan->stack_id == NULL)
        scan->stack_id = arena_string(scan->arena, element_text(event, "StackId", ""));
    if (scan->request_token != NULL &&
        strcmp(element_text(event, "ClientRequestToken", ""), scan->request_token) == 0)
        scan->has_token = true;
    /* Newest first: what is found later happened earlier. */
    if (is_cause(status, reason))
        scan->reason = arena_format(scan->arena, "%s %s%s%s", element_text(event, "LogicalResourceId", "?"),
                                    status, reason[0] != '\0' ? ": " : "", reason);
    scan->is_finished = opens_operation(event, status);
}

bool cloudformation_read_events(struct event_scan *scan, const char *body, size_t length,
                                const char **ret_next_token, struct error *error)
{
    struct arena *arena = arena_new();
    const struct element *root = element_parse(arena, body, length, error);
    const struct element *result = element_child(root, "DescribeStackEventsResult");
    if (result != NULL) {
        const struct element *events = element_child(result, "StackEvents");
        for (const struct element *it = element_child(events, "member"); it != NULL && !scan->is_finished;
             it = element_next(it, "member"))
            scan_event(scan, it);
        *ret_next_token = token_of(scan->arena, result);
    } else if (root != NULL) {
        error_set(error, ERROR_TRANSIENT, "DescribeStackEvents: the answer is a <%.60s>", root->name);
    }
    arena_free(arena);
    return result != NULL;
}
