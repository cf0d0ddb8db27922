#include "sts.h"
#include "answer_xml.h"
#include "form.h"
#include <stdio.h>
#include <string.h>

static const char version[] = "2011-06-15";

/* No DurationSeconds: the default of one hour is the most that a chained role may ask, and more is an error.
 */
void sts_form_assume_role(struct text *form, const char *role_arn, const char *session_name,
                          const char *external_id)
{
    form_begin(form, "AssumeRole", version);
    form_add(form, "RoleArn", role_arn);
    form_add(form, "RoleSessionName", session_name);
    form_add(form, "ExternalId", external_id);
}

void sts_form_caller_identity(struct text *form)
{
    form_begin(form, "GetCallerIdentity", version);
}

static bool copy(char *ret, size_t size, const char *value)
{
    int length = snprintf(ret, size, "%s", value);
    return length > 0 && (size_t)length < size;
}

bool sts_read_credentials(const char *body, size_t length, struct aws_credentials *ret_credentials,
                          struct error *error)
{
    struct arena *arena = arena_new();
    const struct element *root = element_parse(arena, body, length, error);
    const struct element *found = element_child(element_child(root, "AssumeRoleResult"), "Credentials");
    struct aws_credentials credentials = {0};
    bool is_read =
        copy(credentials.access_key, sizeof credentials.access_key, element_text(found, "AccessKeyId", ""));
    is_read &= copy(credentials.secret_key, sizeof credentials.secret_key,
                    element_text(found, "SecretAccessKey", ""));
    is_read &= copy(credentials.token, sizeof credentials.token, element_text(found, "SessionToken", ""));
    is_read &= time_parse_utc(element_text(found, "Expiration", ""), &credentials.expires_at_us);
    if (is_read)
        *ret_credentials = credentials;
    else if (root != NULL)
        error_set(error, ERROR_TRANSIENT, "AssumeRole: the answer holds no credentials that can be read");
    explicit_bzero(&credentials, sizeof credentials);
    arena_free(arena);
    return is_read;
}

bool sts_read_account_id(const char *body, size_t length, char ret_account_id[16], struct error *error)
{
    struct arena *arena = arena_new();
    const struct element *root = element_parse(arena, body, length, error);
    const char *id = element_text(element_child(root, "GetCallerIdentityResult"), "Account", "");
    bool is_read = root != NULL && strlen(id) == 12;
    if (is_read)
        memcpy(ret_account_id, id, 13);
    else if (root != NULL)
        error_set(error, ERROR_TRANSIENT, "GetCallerIdentity: the answer names no account");
    arena_free(arena);
    return is_read;
}

const char *role_name(const char *role_arn)
{
    const char *slash = strrchr(role_arn, '/');
    return slash != NULL ? slash + 1 : role_arn;
}
