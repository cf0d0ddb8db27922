/* endpoint.h - where a service is, and what a request to it is signed for. Pure. */
#ifndef ITRUN_AWS_ENDPOINT_H
#define ITRUN_AWS_ENDPOINT_H
#include "client.h"

struct endpoint {
    char url[320];
    char host[256];
    char region[64];
    const char *service; /* static */
};
/* Regional endpoints always (tokens of the global STS are refused in opt-in regions), but Organizations has
 * one home a partition. own_region NULL or "": the default one. The URL was checked by aws_new. */
void endpoint_find(struct endpoint *ret_endpoint, const char *custom_url, enum aws_service service,
                   const char *own_region, const char *default_region);
#endif
