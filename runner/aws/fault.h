/* fault.h - an answer that says no: which code, which kind of error, fit to be shown. Pure.
 *
 * Understands the query protocol's XML, the JSON protocol's __type, JSON where XML was due, and answers of
 * something that is not AWS at all (HTML of a proxy). Account numbers are replaced: by the alias where the
 * account is ours. Source: "Common errors" of CloudFormation, STS and Organizations; botocore's list of
 * throttling codes. */
#ifndef ITRUN_AWS_FAULT_H
#define ITRUN_AWS_FAULT_H
#include "itrun/base/text.h"
#include "itrun/base/error.h"
#include "itrun/model/inventory.h"

struct fault {
    char code[64];     /* "" when the body named none */
    char message[512]; /* printable; still with account numbers */
    bool is_from_aws;  /* the body had the shape of an AWS error */
};
void fault_read(const char *body, size_t length, struct fault *ret_fault);

/* error->kind, code and what; `action` because LimitExceededException throttles reads but is a quota of
 * writes. */
void fault_explain(const struct fault *fault, int http_status, const char *action, struct error *ret_error);
bool fault_is_clock_skew(const struct fault *fault);    /* the signing time was refused, or may have been */
bool fault_is_expired_token(const struct fault *fault); /* new credentials may help */

/* Every run of exactly 12 digits becomes "<account-017>", or "<account>" when it is none of ours. */
void text_append_scrubbed(struct text *text, const char *string, const struct account *accounts,
                          size_t count);
#endif
