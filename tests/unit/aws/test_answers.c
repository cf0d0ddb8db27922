#include <criterion/criterion.h>
#include "answer_xml.h"
#include "cloudformation.h"
#include "sts.h"
#include <stdio.h>
#include <string.h>

#define NAMESPACE " xmlns=\"http://cloudformation.amazonaws.com/doc/2010-05-15/\""

static const char stacks_page[] =
    "<DescribeStacksResponse" NAMESPACE ">\n  <DescribeStacksResult>\n    <Stacks>\n      <member>\n"
    "        <StackName>storefront-data</StackName>\n"
    "        <StackId>arn:aws:cloudformation:eu-west-1:111122223333:stack/storefront-data/aa-bb</StackId>\n"
    "        <CreationTime>2026-11-24T14:44:25.123Z</CreationTime>\n"
    "        <StackStatus>UPDATE_ROLLBACK_COMPLETE</StackStatus>\n"
    "        <StackStatusReason>User: arn:aws:iam::111122223333:role/x is not allowed</StackStatusReason>\n"
    "        <DisableRollback>false</DisableRollback>\n"
    "        "
    "<Parameters><member><ParameterKey>Stage</ParameterKey><ParameterValue>a&amp;b</ParameterValue></member>"
    "<member><ParameterKey>Secret</ParameterKey><ParameterValue>****</ParameterValue></member></Parameters>\n"
    "        <Tags><member><Key>itrun:fingerprint</Key><Value>f00</Value></member></Tags>\n"
    "        <Outputs><member><OutputKey>TableName</OutputKey><OutputValue>t-1</OutputValue>"
    "<ExportName>x</ExportName></member><member><OutputKey>Empty</OutputKey><OutputValue/></member></"
    "Outputs>\n"
    "        <Capabilities><member>CAPABILITY_IAM</member></Capabilities>\n"
    "      </member>\n      <member><StackName>gone</StackName><StackId>arn:gone</StackId>"
    "<StackStatus>DELETE_COMPLETE</StackStatus></member>\n    </Stacks>\n    <NextToken>n/2==</NextToken>\n"
    "  </DescribeStacksResult>\n  <ResponseMetadata><RequestId>1</RequestId></ResponseMetadata>\n"
    "</DescribeStacksResponse>\n";

static bool read_stacks(struct stack_list *list, const char *body, const char **ret_next_token,
                        struct error *error)
{
    static const struct account accounts[] = {{.id = "111122223333", .alias = "account-001"}};
    return cloudformation_read_stacks(list, body, strlen(body), accounts, 1, ret_next_token, error);
}

Test(answers, a_stack_is_read_with_all_that_decides_about_it)
{
    struct stack_list list = {.arena = arena_new()};
    const char *next_token = NULL;
    cr_assert(read_stacks(&list, stacks_page, &next_token, NULL));
    cr_assert_str_eq(next_token, "n/2==");
    cr_assert_eq(list.count, 1);
    const struct live_stack *stack = &list.stacks[0];
    cr_assert_str_eq(stack->stack_name, "storefront-data");
    cr_assert_str_eq(stack->stack_id,
                     "arn:aws:cloudformation:eu-west-1:111122223333:stack/storefront-data/aa-bb");
    cr_assert_eq(stack->status, STACK_UPDATE_ROLLBACK_COMPLETE);
    cr_assert_str_eq(stack->status_reason, "User: arn:aws:iam::<account-001>:role/x is not allowed");
    cr_assert_eq(stack->parameter_count, 2);
    cr_assert_str_eq(stack->parameters[0].value, "a&b");
    cr_assert_eq(stack->tag_count, 1);
    cr_assert_str_eq(stack->tags[0].name, FINGERPRINT_TAG);
    cr_assert_str_eq(stack->tags[0].value, "f00");
    cr_assert_eq(stack->output_count, 2);
    cr_assert_str_eq(stack->outputs[0].name, "TableName");
    cr_assert_str_eq(stack->outputs[0].value, "t-1");
    cr_assert_str_eq(stack->outputs[1].value, "");
    memory_free(list.stacks);
    arena_free(list.arena);
}

Test(answers, deleted_stacks_show_only_when_asked_by_id)
{
    struct stack_list list = {.arena = arena_new(), .has_deleted = true};
    const char *next_token;
    cr_assert(read_stacks(&list, stacks_page, &next_token, NULL));
    cr_assert_eq(list.count, 2);
    cr_assert_eq(list.stacks[1].status, STACK_DELETE_COMPLETE);
    memory_free(list.stacks);
    arena_free(list.arena);
}

Test(answers, pages_add_up_and_the_last_one_has_no_token)
{
    struct stack_list list = {.arena = arena_new()};
    const char *next_token = "x";
    static const char empty[] = "<DescribeStacksResponse" NAMESPACE "><DescribeStacksResult><Stacks/>"
                                "</DescribeStacksResult></DescribeStacksResponse>";
    cr_assert(read_stacks(&list, stacks_page, &next_token, NULL));
    cr_assert(read_stacks(&list, stacks_page, &next_token, NULL));
    cr_assert(read_stacks(&list, empty, &next_token, NULL));
    cr_assert_null(next_token);
    cr_assert_eq(list.count, 2);
    memory_free(list.stacks);
    arena_free(list.arena);
}

Test(answers, an_answer_that_cannot_be_read_is_an_error_and_never_an_empty_account)
{
    static const char *const bodies[] = {
        "",
        "<DescribeStacksResponse>",
        "<html><body>fine</body></html>",
        "{\"Stacks\": []}",
        "<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackStatus>ODD</StackStatus></"
        "member></Stacks>"
        "</DescribeStacksResult></DescribeStacksResponse>",
    };
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        struct stack_list list = {.arena = arena_new()};
        struct error error = {0};
        const char *next_token;
        cr_expect_not(read_stacks(&list, bodies[i], &next_token, &error), "%s", bodies[i]);
        cr_expect_neq(error.kind, ERROR_NONE, "%s", bodies[i]);
        memory_free(list.stacks);
        arena_free(list.arena);
    }
}

Test(answers, the_id_of_a_created_stack_is_read)
{
    struct arena *arena = arena_new();
    static const char created[] =
        "<CreateStackResponse" NAMESPACE "><CreateStackResult><StackId>arn:1</StackId>"
        "</CreateStackResult></CreateStackResponse>";
    static const char deleted[] =
        "<DeleteStackResponse" NAMESPACE "><ResponseMetadata/></DeleteStackResponse>";
    cr_assert_str_eq(cloudformation_read_stack_id(arena, created, strlen(created), NULL), "arn:1");
    cr_assert_str_eq(cloudformation_read_stack_id(arena, deleted, strlen(deleted), NULL), "");
    cr_assert_null(cloudformation_read_stack_id(arena, "nonsense", 8, NULL));
    arena_free(arena);
}

/* ---- events ---- */

static void add_event(struct text *body, const char *logical, const char *status, const char *reason,
                      const char *token)
{
    bool is_stack = strcmp(logical, "app") == 0;
    text_append_format(body,
                       "<member><StackId>arn:app</StackId><EventId>e</EventId><StackName>app</StackName>"
                       "<LogicalResourceId>%s</LogicalResourceId><PhysicalResourceId>%s</PhysicalResourceId>"
                       "<ResourceStatus>%s</ResourceStatus><ResourceStatusReason>%s</ResourceStatusReason>"
                       "<ClientRequestToken>%s</ClientRequestToken></member>",
                       logical, is_stack ? "arn:app" : "", status, reason, token);
}

static void scan(struct event_scan *scan, struct text *events, const char **ret_next_token)
{
    struct text body = {0};
    text_append_format(
        &body,
        "<DescribeStackEventsResponse><DescribeStackEventsResult><StackEvents>%s</StackEvents>"
        "<NextToken>more</NextToken></DescribeStackEventsResult></DescribeStackEventsResponse>",
        text_string(events));
    cr_assert(cloudformation_read_events(scan, body.bytes, body.length, ret_next_token, NULL));
    text_clear(&body);
    text_clear(events);
}

Test(answers, the_reason_is_the_first_failure_of_the_newest_operation)
{
    struct event_scan events = {.arena = arena_new(), .request_token = "t1"};
    const char *next_token;
    struct text body = {0};
    add_event(&body, "app", "UPDATE_ROLLBACK_COMPLETE", "", "t2");
    add_event(&body, "app", "UPDATE_ROLLBACK_IN_PROGRESS", "The following resource(s) failed: [Table, Queue]",
              "t2");
    add_event(&body, "Topic", "UPDATE_FAILED", "Resource update cancelled", "t2");
    add_event(&body, "Queue", "UPDATE_FAILED", "second", "t2");
    add_event(&body, "Table", "CREATE_FAILED", "first", "t2");
    add_event(&body, "Table", "CREATE_IN_PROGRESS", "", "t2");
    scan(&events, &body, &next_token);
    cr_assert_str_eq(next_token, "more");
    cr_assert_not(events.is_finished);
    add_event(&body, "app", "UPDATE_IN_PROGRESS", "User Initiated", "t2");
    add_event(&body, "Bucket", "CREATE_FAILED", "of an older operation", "t1");
    scan(&events, &body, &next_token);
    cr_assert(events.is_finished);
    cr_assert_str_eq(events.reason, "Table CREATE_FAILED: first");
    cr_assert_str_eq(events.stack_id, "arn:app");
    cr_assert_not(events.has_token);
    arena_free(events.arena);
}

Test(answers, an_operation_is_known_by_its_token)
{
    struct event_scan events = {.arena = arena_new(), .request_token = "t2"};
    const char *next_token;
    struct text body = {0};
    add_event(&body, "app", "CREATE_IN_PROGRESS", "User Initiated", "t2");
    scan(&events, &body, &next_token);
    cr_assert(events.has_token);
    cr_assert_null(events.reason);
    arena_free(events.arena);
}

/* ---- STS ---- */

#define ASSUMED(expiration)                                                                                  \
    "<AssumeRoleResponse "                                                                                   \
    "xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult><AssumedRoleUser>"                \
    "<Arn>arn:aws:sts::1:assumed-role/r/s</Arn></AssumedRoleUser><Credentials><AccessKeyId>ASIA1</"          \
    "AccessKeyId>"                                                                                           \
    "<SecretAccessKey>sec/ret</SecretAccessKey><SessionToken>tok+en==</SessionToken><Expiration>" expiration \
    "</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"

Test(answers, assumed_credentials_are_read_with_their_end)
{
    struct aws_credentials credentials;
    const char *body = ASSUMED("2026-11-24T14:44:25Z");
    cr_assert(sts_read_credentials(body, strlen(body), &credentials, NULL));
    cr_assert_str_eq(credentials.access_key, "ASIA1");
    cr_assert_str_eq(credentials.secret_key, "sec/ret");
    cr_assert_str_eq(credentials.token, "tok+en==");
    cr_assert_eq(credentials.expires_at_us, 1795531465000000);
}

Test(answers, credentials_that_lack_something_are_an_error_that_shows_none_of_them)
{
    struct aws_credentials credentials = {.access_key = "before"};
    struct error error = {0};
    const char *body = ASSUMED("tomorrow");
    cr_assert_not(sts_read_credentials(body, strlen(body), &credentials, &error));
    cr_assert_eq(error.kind, ERROR_TRANSIENT);
    cr_assert(strstr(error.what, "sec/ret") == NULL && strstr(error.what, "tok+en") == NULL);
    cr_assert_str_eq(credentials.access_key, "before");
}

Test(answers, the_account_of_the_caller_is_twelve_digits)
{
    char id[16] = "";
    const char *body =
        "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>a</Arn><UserId>u</UserId>"
        "<Account>012345678901</Account></GetCallerIdentityResult></GetCallerIdentityResponse>";
    cr_assert(sts_read_account_id(body, strlen(body), id, NULL));
    cr_assert_str_eq(id, "012345678901");
    const char *odd = "<GetCallerIdentityResponse><GetCallerIdentityResult><Account>1</Account>"
                      "</GetCallerIdentityResult></GetCallerIdentityResponse>";
    cr_assert_not(sts_read_account_id(odd, strlen(odd), id, NULL));
}

Test(answers, a_role_is_known_by_the_end_of_its_arn)
{
    cr_assert_str_eq(role_name("arn:aws:iam::111122223333:role/path/itrun-runner"), "itrun-runner");
}
