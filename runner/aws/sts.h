/* sts.h - STS as forms and answers: AssumeRole, GetCallerIdentity. Pure. */
#ifndef ITRUN_AWS_STS_H
#define ITRUN_AWS_STS_H
#include "itrun/aws.h"
#include "itrun/base/text.h"

void sts_form_assume_role(struct text *form, const char *role_arn, const char *session_name,
                          const char *external_id);
void sts_form_caller_identity(struct text *form);
bool sts_read_credentials(const char *body, size_t length, struct aws_credentials *ret_credentials,
                          struct error *error);
bool sts_read_account_id(const char *body, size_t length, char ret_account_id[16], struct error *error);
/* "arn:aws:iam::<account>:role/path/itrun-runner" -> "itrun-runner" */
const char *role_name(const char *role_arn);
#endif
