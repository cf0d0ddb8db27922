/* Vectors made with botocore 1.44 (SigV4Auth, its clock held at 2026-11-24T14:44:25Z). */
#include <criterion/criterion.h>
#include "sign.h"
#include <string.h>

#define FORM_TYPE "application/x-www-form-urlencoded; charset=utf-8"

static const char *signature_of(const char *host, const char *service, const char *region, const char *type,
                                const char *target, const char *body, const char *token)
{
    static struct sign_result result;
    struct aws_credentials credentials = {.access_key = "AKIDEXAMPLE",
                                          .secret_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"};
    strcpy(credentials.token, token);
    struct sign_request request = {.host = host,
                                   .service = service,
                                   .region = region,
                                   .content_type = type,
                                   .target = target,
                                   .body = body,
                                   .body_length = strlen(body),
                                   .wall_us = 1795531465000000 + 999999};
    sign_post(&request, &credentials, &result);
    cr_assert_str_eq(result.date, "20261124T144425Z");
    return result.authorization;
}

Test(sign, a_form_without_token_is_signed_as_botocore_does)
{
    cr_assert_str_eq(signature_of("sts.eu-west-1.amazonaws.com", "sts", "eu-west-1", FORM_TYPE, NULL,
                                  "Action=GetCallerIdentity&Version=2011-06-15", ""),
                     "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261124/eu-west-1/sts/aws4_request, "
                     "SignedHeaders=content-type;host;x-amz-date, "
                     "Signature=3c6da8f59d585a64cf754b8200f70945d28f610832b39379cf4280d993911f1b");
}

Test(sign, an_empty_body_is_signed_as_botocore_does)
{
    const char *header =
        signature_of("sts.eu-west-1.amazonaws.com", "sts", "eu-west-1", FORM_TYPE, NULL, "", "");
    cr_assert(strstr(header, "dbd654c1d5a711dd71d173807671e132488a5433ac3c710ecf6625bc6bbf300d") != NULL);
}

Test(sign, a_long_token_and_a_port_are_signed_as_botocore_does)
{
    char token[2100] = "IQoJb3JpZ2luX2VjEXAMPLE//";
    memset(token + strlen(token), 't', 2000);
    cr_assert_str_eq(
        signature_of("127.0.0.1:5000", "cloudformation", "eu-west-1", FORM_TYPE, NULL,
                     "Action=CreateStack&TemplateBody=\xc3\xbc%00", token),
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261124/eu-west-1/cloudformation/aws4_request, "
        "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, "
        "Signature=ecc03db43628472c798bec9827ebc2ab1759c46502b7f0fc138503f1141c7fd6");
}

Test(sign, a_json_target_is_signed_as_botocore_does)
{
    cr_assert_str_eq(signature_of("organizations.us-east-1.amazonaws.com", "organizations", "us-east-1",
                                  "application/x-amz-json-1.1", "AWSOrganizationsV20161128.ListRoots", "{}",
                                  "tok"),
                     "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261124/us-east-1/organizations/aws4_request, "
                     "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, "
                     "Signature=f8bf4dba9c0954909a813da4e7a8e1c8c5d969442426edf1eb38935f3c5cb741");
}
