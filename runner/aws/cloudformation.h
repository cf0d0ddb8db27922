/* cloudformation.h - CloudFormation as forms and answers. Pure.
 *
 * Every write carries a ClientRequestToken: a request may reach AWS twice (a lost answer, or libcurl's own
 * re-send on a dead connection), and the token is how the second one knows the first. Source: CloudFormation
 * API reference 2010-05-15. */
#ifndef ITRUN_AWS_CLOUDFORMATION_H
#define ITRUN_AWS_CLOUDFORMATION_H
#include "itrun/base/text.h"
#include "itrun/model/input.h"

#define TEMPLATE_LIMIT_BYTES 51200 /* of an inline template */

/* Form of call->operation (one of the stack operations); next_token continues a list, NULL begins it. */
void cloudformation_form(struct text *form, const struct aws_call *call, const char *next_token);
/* Events of call->stack_name, whatever call->operation is. */
void cloudformation_form_events(struct text *form, const char *stack_name, const char *next_token);

struct stack_list {
    struct arena *arena; /* owned by the caller; holds everything below */
    struct live_stack *stacks;
    size_t count, capacity;
    bool has_deleted; /* keep DELETE_COMPLETE ones: asked by id */
};
/* Appends a page; ret_next_token (in list->arena) is NULL after the last. Reasons arrive scrubbed. */
bool cloudformation_read_stacks(struct stack_list *list, const char *body, size_t length,
                                const struct account *accounts, size_t account_count,
                                const char **ret_next_token, struct error *error);
/* StackId of a create or update; "" where the answer has none. NULL: unreadable. */
const char *cloudformation_read_stack_id(struct arena *arena, const char *body, size_t length,
                                         struct error *error);

/* Read page by page, newest event first. */
struct event_scan {
    const char *request_token; /* whose operation to look for, or NULL */
    struct arena *arena;
    bool is_finished;     /* the newest operation's first event was seen */
    const char *reason;   /* "Table CREATE_FAILED: why", the earliest failure so far; NULL */
    const char *stack_id; /* of the events */
    bool has_token;       /* some event carried request_token */
};
bool cloudformation_read_events(struct event_scan *scan, const char *body, size_t length,
                                const char **ret_next_token, struct error *error);
#endif
