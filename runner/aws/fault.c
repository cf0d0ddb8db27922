#include "fault.h"
#include "answer_xml.h"
#include "itrun/base/json.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>

static const char *const throttle_codes[] = {
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottledException",
    "TooManyRequestsException",
    "ProvisionedThroughputExceededException",
    "TransactionInProgressException",
    "RequestLimitExceeded",
    "BandwidthLimitExceeded",
    "LimitExceededException",
    "RequestThrottled",
    "SlowDown",
    "PriorRequestNotComplete",
    "EC2ThrottledException",
};
static const char *const denied_codes[] = {
    "AccessDenied",
    "AccessDeniedException",
    "UnauthorizedOperation",
    "NotAuthorized",
    "OptInRequired",
    "AuthFailure",
    "InvalidClientTokenId",
    "InvalidAccessKeyId",
    "UnrecognizedClientException",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "IncompleteSignature",
    "IncompleteSignatureException",
    "SignatureDoesNotMatch",
    "InvalidSignatureException",
    "ExpiredToken",
    "ExpiredTokenException",
    "RequestExpired",
    "RegionDisabledException",
    "AWSOrganizationsNotInUseException",
};
static const char *const conflict_codes[] = {
    "AlreadyExistsException",
    "AlreadyExists",
    "TokenAlreadyExistsException",
    "OperationInProgressException",
    "OperationIdAlreadyExistsException",
    "StaleRequestException",
};
static const char *const transient_codes[] = {
    "InternalFailure",  "InternalError",           "InternalServerError",
    "ServiceException", "ServiceUnavailable",      "ServiceUnavailableException",
    "RequestTimeout",   "RequestTimeoutException", "IDPCommunicationError",
};

#define IN(code, list) is_in((code), (list), sizeof(list) / sizeof *(list))
static bool is_in(const char *code, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(code, list[i]) == 0)
            return true;
    }
    return false;
}

static void set_printable(char *ret, size_t size, const char *string)
{
    struct text text = {0};
    text_append_printable(&text, string, strlen(string));
    snprintf(ret, size, "%s", text_string(&text));
    for (char *c = ret; *c != '\0'; c++) {
        if (*c == '\n' || *c == '\t')
            *c = ' ';
    }
    text_clear(&text);
}

static void read_xml(const char *body, size_t length, struct fault *fault)
{
    struct arena *arena = arena_new();
    const struct element *root = element_parse(arena, body, length, NULL);
    const struct element *error = element_child(root, "Error");
    if (error == NULL) /* EC2's and some emulators' form */
        error = element_child(element_child(root, "Errors"), "Error");
    if (error != NULL) {
        fault->is_from_aws = true;
        set_printable(fault->code, sizeof fault->code, element_text(error, "Code", ""));
        set_printable(fault->message, sizeof fault->message, element_text(error, "Message", ""));
    }
    arena_free(arena);
}

/* {"__type": "com.amazonaws.organizations.v20161128#AccessDeniedException", "message": ...} */
static void read_json(const char *body, size_t length, struct fault *fault)
{
    struct json *root = json_parse(body, length, NULL);
    const char *type = json_get_string(root, "__type", NULL);
    if (type == NULL)
        type = json_get_string(root, "code", json_get_string(root, "Code", NULL));
    if (type != NULL) {
        const char *hash = strrchr(type, '#');
        fault->is_from_aws = true;
        set_printable(fault->code, sizeof fault->code, hash != NULL ? hash + 1 : type);
        set_printable(fault->message, sizeof fault->message,
                      json_get_string(root, "message", json_get_string(root, "Message", "")));
    }
    json_free(root);
}

/* A wrong signature is answered with the whole canonical request: no reader's business, and longer than a
 * line. */
static void drop_canonical_request(struct fault *fault)
{
    static const char *const tails[] = {" Consult the service documentation", "The Canonical String"};
    for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
        char *tail = strstr(fault->message, tails[i]);
        if (tail != NULL)
            *tail = '\0';
    }
}

void fault_read(const char *body, size_t length, struct fault *ret_fault)
{
    struct fault fault = {0};
    size_t start = 0;
    while (start < length && isspace((unsigned char)body[start]))
        start++;
    if (start < length && body[start] == '<')
        read_xml(body + start, length - start, &fault);
    else if (start < length && body[start] == '{')
        read_json(body + start, length - start, &fault);
    drop_canonical_request(&fault);
    *ret_fault = fault;
}

/* Creating beyond a quota is not cured by asking again; LimitExceeded of a read is a throttle. */
static bool is_quota(const struct fault *fault, const char *action)
{
    if (strcmp(fault->code, "LimitExceeded") == 0)
        return true;
    return strcmp(fault->code, "LimitExceededException") == 0 && string_starts_with(action, "Create");
}

static enum error_kind kind_of_validation(const char *message)
{
    if (strstr(message, "does not exist") != NULL)
        return ERROR_GONE;
    /* "Stack:arn:... is in UPDATE_IN_PROGRESS state and can not be updated.": look again, then decide again.
     */
    if (strstr(message, "state and can not be") != NULL || strstr(message, "state and cannot be") != NULL)
        return ERROR_CONFLICT;
    return ERROR_INVALID;
}

static enum error_kind kind_of(const struct fault *fault, int http_status, const char *action)
{
    if (is_quota(fault, action))
        return ERROR_LIMIT;
    if (http_status == 429 || IN(fault->code, throttle_codes))
        return ERROR_THROTTLED;
    if (IN(fault->code, denied_codes))
        return ERROR_DENIED;
    if (IN(fault->code, conflict_codes))
        return ERROR_CONFLICT;
    if (http_status >= 500 || IN(fault->code, transient_codes))
        return ERROR_TRANSIENT;
    if (strcmp(fault->code, "ValidationError") == 0 || strcmp(fault->code, "ValidationException") == 0)
        return kind_of_validation(fault->message);
    if (http_status == 401 || http_status == 403 || http_status == 407)
        return ERROR_DENIED;
    return ERROR_INVALID;
}

void fault_explain(const struct fault *fault, int http_status, const char *action, struct error *ret_error)
{
    enum error_kind kind = kind_of(fault, http_status, action);
    if (!fault->is_from_aws) {
        error_set(ret_error, kind, "%s: answered %d with something that is not an answer of AWS", action,
                  http_status);
        if (http_status < 500)
            error_hint(ret_error, "is AWS_ENDPOINT_URL, or a proxy between here and AWS, the right one?");
        return;
    }
    const char *message = fault->message[0] != '\0' ? fault->message : "no reason given";
    error_set(ret_error, kind, "%s: %s (%s)", action, message,
              fault->code[0] != '\0' ? fault->code : "no code");
    if (ret_error != NULL)
        snprintf(ret_error->code, sizeof ret_error->code, "%s", fault->code);
}

bool fault_is_clock_skew(const struct fault *fault)
{
    static const char *const codes[] = {"SignatureDoesNotMatch", "InvalidSignatureException",
                                        "RequestExpired",        "RequestTimeTooSkewed",
                                        "RequestInTheFuture",    "AuthFailure"};
    return IN(fault->code, codes);
}

bool fault_is_expired_token(const struct fault *fault)
{
    static const char *const codes[] = {"ExpiredToken", "ExpiredTokenException"};
    return IN(fault->code, codes);
}

static const char *alias_of(const char *digits, const struct account *accounts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (accounts[i].id != NULL && accounts[i].alias != NULL && strncmp(accounts[i].id, digits, 12) == 0)
            return accounts[i].alias;
    }
    return "account";
}

void text_append_scrubbed(struct text *text, const char *string, const struct account *accounts, size_t count)
{
    for (const char *c = string; *c != '\0';) {
        size_t length = strspn(c, "0123456789");
        if (length == 12)
            text_append_format(text, "<%s>", alias_of(c, accounts, count));
        else
            text_append_bytes(text, c, length > 0 ? length : 1);
        c += length > 0 ? length : 1;
    }
}
