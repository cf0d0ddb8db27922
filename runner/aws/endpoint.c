#include "endpoint.h"
#include <stdio.h>

static const char *const service_names[] = {[SERVICE_STS] = "sts",
                                            [SERVICE_CLOUDFORMATION] = "cloudformation",
                                            [SERVICE_ORGANIZATIONS] = "organizations"};

static const char *organizations_region(const char *region)
{
    if (string_starts_with(region, "cn-"))
        return "cn-northwest-1";
    return string_starts_with(region, "us-gov-") ? "us-gov-west-1" : "us-east-1";
}

void endpoint_find(struct endpoint *ret_endpoint, const char *custom_url, enum aws_service service,
                   const char *own_region, const char *default_region)
{
    struct endpoint endpoint = {.service = service_names[service]};
    const char *region = own_region != NULL && own_region[0] != '\0' ? own_region : default_region;
    if (service == SERVICE_ORGANIZATIONS)
        region = organizations_region(region);
    snprintf(endpoint.region, sizeof endpoint.region, "%s", region);
    if (custom_url != NULL)
        snprintf(endpoint.url, sizeof endpoint.url, "%s/", custom_url);
    else
        snprintf(endpoint.url, sizeof endpoint.url, "https://%s.%s.amazonaws.com%s/", endpoint.service,
                 endpoint.region, string_starts_with(region, "cn-") ? ".cn" : "");
    url_host(endpoint.url, endpoint.host, sizeof endpoint.host);
    *ret_endpoint = endpoint;
}
