/* sign.h - Signature Version 4 for the only request shape that this room sends: POST / without a query. Pure.
 *
 * An own signer rather than libcurl's: the time comes in, so that a wrong clock is cured by an offset, and a
 * test compares with vectors of an independent signer. Source: AWS "Create a signed AWS API request". */
#ifndef ITRUN_AWS_SIGN_H
#define ITRUN_AWS_SIGN_H
#include "itrun/aws.h"

struct sign_request {
    const char *host; /* as it stands in the Host header: with a port that is not the scheme's */
    const char *region;
    const char *service; /* "sts" */
    const char *content_type;
    const char *target; /* X-Amz-Target or NULL */
    const char *body;
    size_t body_length;
    int64_t wall_us;
};
struct sign_result {
    char date[32];           /* X-Amz-Date: "20261124T144425Z" */
    char authorization[640]; /* of the Authorization header */
};
/* Signed are content-type, host, x-amz-date and, where there are any, x-amz-security-token and x-amz-target.
 */
void sign_post(const struct sign_request *request, const struct aws_credentials *credentials,
               struct sign_result *ret_result);
#endif
