#include <criterion/criterion.h>
#include "fault.h"
#include <stdio.h>
#include <string.h>

static struct error explain(const char *body, int status, const char *action)
{
    struct fault fault;
    struct error error = {0};
    fault_read(body, strlen(body), &fault);
    fault_explain(&fault, status, action, &error);
    return error;
}

static const char *query_error(const char *code, const char *message)
{
    static char body[1024];
    snprintf(body, sizeof body,
             "<ErrorResponse xmlns=\"http://cloudformation.amazonaws.com/doc/2010-05-15/\">\n  <Error>\n"
             "    <Type>Sender</Type>\n    <Code>%s</Code>\n    <Message>%s</Message>\n  </Error>\n"
             "  <RequestId>7b6c4b2a-0000-11ee-8f2b-0242ac120002</RequestId>\n</ErrorResponse>\n",
             code, message);
    return body;
}

Test(fault, each_code_has_the_kind_that_says_what_to_do)
{
    static const struct {
        const char *code;
        int status;
        enum error_kind kind;
    } rows[] = {
        {"Throttling", 400, ERROR_THROTTLED},
        {"ThrottlingException", 400, ERROR_THROTTLED},
        {"ThrottledException", 400, ERROR_THROTTLED},
        {"RequestThrottledException", 400, ERROR_THROTTLED},
        {"TooManyRequestsException", 429, ERROR_THROTTLED},
        {"ProvisionedThroughputExceededException", 400, ERROR_THROTTLED},
        {"TransactionInProgressException", 400, ERROR_THROTTLED},
        {"RequestLimitExceeded", 503, ERROR_THROTTLED},
        {"BandwidthLimitExceeded", 503, ERROR_THROTTLED},
        {"LimitExceededException", 400, ERROR_THROTTLED},
        {"RequestThrottled", 400, ERROR_THROTTLED},
        {"SlowDown", 503, ERROR_THROTTLED},
        {"PriorRequestNotComplete", 400, ERROR_THROTTLED},
        {"EC2ThrottledException", 503, ERROR_THROTTLED},
        {"Whatever", 429, ERROR_THROTTLED},
        {"AccessDenied", 403, ERROR_DENIED},
        {"InvalidClientTokenId", 403, ERROR_DENIED},
        {"SignatureDoesNotMatch", 403, ERROR_DENIED},
        {"ExpiredToken", 403, ERROR_DENIED},
        {"ExpiredTokenException", 400, ERROR_DENIED},
        {"UnrecognizedClientException", 400, ERROR_DENIED},
        {"RegionDisabledException", 403, ERROR_DENIED},
        {"AlreadyExistsException", 400, ERROR_CONFLICT},
        {"TokenAlreadyExistsException", 400, ERROR_CONFLICT},
        {"InternalFailure", 500, ERROR_TRANSIENT},
        {"ServiceUnavailable", 503, ERROR_TRANSIENT},
        {"InsufficientCapabilitiesException", 400, ERROR_INVALID},
        {"ValidationError", 400, ERROR_INVALID},
        {"MalformedPolicyDocument", 400, ERROR_INVALID},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct error error = explain(query_error(rows[i].code, "why"), rows[i].status, "DescribeStacks");
        cr_expect_eq(error.kind, rows[i].kind, "%s: %s", rows[i].code, error_kind_name(error.kind));
        cr_expect_str_eq(error.code, rows[i].code);
    }
}

Test(fault, a_quota_of_a_creation_is_a_limit_and_not_a_throttle)
{
    const char *body = query_error("LimitExceededException", "Limit for stack has been exceeded");
    cr_assert_eq(explain(body, 400, "CreateStack").kind, ERROR_LIMIT);
    cr_assert_eq(explain(body, 400, "DescribeStacks").kind, ERROR_THROTTLED);
}

Test(fault, validation_errors_are_told_apart_by_their_message)
{
    cr_assert_eq(
        explain(query_error("ValidationError", "Stack with id app does not exist"), 400, "DescribeStacks")
            .kind,
        ERROR_GONE);
    cr_assert_eq(
        explain(query_error("ValidationError", "Stack:arn:aws:cloudformation:eu-west-1:1:stack/app/x is in "
                                               "UPDATE_IN_PROGRESS state and can not be updated."),
                400, "UpdateStack")
            .kind,
        ERROR_CONFLICT);
    cr_assert_eq(explain(query_error("ValidationError", "Template format error: unsupported structure."), 400,
                         "CreateStack")
                     .kind,
                 ERROR_INVALID);
}

Test(fault, the_message_names_action_reason_and_code)
{
    struct error error = explain(
        query_error("ValidationError", "Parameters: [Stage] must have &lt;values&gt;"), 400, "CreateStack");
    cr_assert_str_eq(error.what, "CreateStack: Parameters: [Stage] must have <values> (ValidationError)");
}

Test(fault, json_errors_are_understood_also_where_xml_was_due)
{
    struct error error =
        explain("{\"__type\":\"com.amazonaws.organizations.v20161128#AccessDeniedException\","
                "\"Message\":\"You don't have permissions\"}",
                400, "ListRoots");
    cr_assert_eq(error.kind, ERROR_DENIED);
    cr_assert_str_eq(error.code, "AccessDeniedException");
    cr_assert(strstr(error.what, "You don't have permissions") != NULL);
    error = explain("{\"__type\":\"ResourceInUseException\",\"message\":\"Table already exists: t\"}", 400,
                    "CreateStack");
    cr_assert_eq(error.kind, ERROR_INVALID);
    cr_assert_str_eq(error.code, "ResourceInUseException");
}

Test(fault, the_form_with_errors_and_response_is_understood)
{
    struct error error =
        explain("<?xml version=\"1.0\"?><Response><Errors><Error><Code>AuthFailure</Code><Message>no"
                "</Message></Error></Errors><RequestID>1</RequestID></Response>",
                401, "DescribeStacks");
    cr_assert_eq(error.kind, ERROR_DENIED);
    cr_assert_str_eq(error.code, "AuthFailure");
}

Test(fault, what_is_no_answer_of_aws_says_so)
{
    static const char *const bodies[] = {
        "",
        "<html><body><h1>500</h1></body></html>",
        "<!doctype html><p>unclosed",
        "upstream timeout",
        "{\"a\":",
        "[1,2]",
        "\xff\xfe<Error>",
    };
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        struct error error = explain(bodies[i], 502, "DescribeStacks");
        cr_expect_eq(error.kind, ERROR_TRANSIENT, "%s", bodies[i]);
        cr_expect_str_eq(error.what,
                         "DescribeStacks: answered 502 with something that is not an answer of AWS");
    }
    cr_assert_eq(explain("<html/>", 403, "DescribeStacks").kind, ERROR_DENIED);
    cr_assert_eq(explain("<html/>", 404, "DescribeStacks").kind, ERROR_INVALID);
    cr_assert(strstr(explain("<html/>", 404, "DescribeStacks").hint, "AWS_ENDPOINT_URL") != NULL);
}

Test(fault, messages_are_one_printable_line)
{
    struct error error = explain(query_error("ValidationError", "a\nb\tc &#9; d"), 400, "CreateStack");
    cr_assert(strpbrk(error.what, "\n\t") == NULL);
    cr_assert(strstr(error.what, "a b c") != NULL);
}

Test(fault, account_numbers_become_aliases)
{
    struct account accounts[] = {{.id = "111122223333", .alias = "account-001"}};
    struct text text = {0};
    text_append_scrubbed(&text,
                         "arn:aws:iam::111122223333:role/x by 444455556666, not 1234567890123 or 12345678901",
                         accounts, 1);
    cr_assert_str_eq(text_string(&text),
                     "arn:aws:iam::<account-001>:role/x by <account>, not 1234567890123 or 12345678901");
    text_clear(&text);
}

Test(fault, the_canonical_request_of_a_wrong_signature_is_not_repeated)
{
    struct error error =
        explain(query_error("SignatureDoesNotMatch",
                            "The request signature we calculated does not match the signature you "
                            "provided. Check your AWS Secret Access Key and signing method. Consult "
                            "the service documentation for details.\n\nThe Canonical String for this "
                            "request should have been\n'POST\n/\n'"),
                403, "AssumeRole");
    cr_assert_str_eq(
        error.what, "AssumeRole: The request signature we calculated does not match the signature you "
                    "provided. Check your AWS Secret Access Key and signing method. (SignatureDoesNotMatch)");
}
