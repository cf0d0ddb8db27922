#include <criterion/criterion.h>
#include "endpoint.h"
#include <string.h>

static struct endpoint find(const char *url, enum aws_service service, const char *own, const char *region)
{
    struct endpoint endpoint;
    endpoint_find(&endpoint, url, service, own, region);
    return endpoint;
}

Test(endpoint, each_service_is_asked_in_its_region)
{
    struct endpoint endpoint = find(NULL, SERVICE_STS, NULL, "eu-west-1");
    cr_assert_str_eq(endpoint.url, "https://sts.eu-west-1.amazonaws.com/");
    cr_assert_str_eq(endpoint.host, "sts.eu-west-1.amazonaws.com");
    endpoint = find(NULL, SERVICE_CLOUDFORMATION, "us-west-2", "eu-west-1");
    cr_assert_str_eq(endpoint.url, "https://cloudformation.us-west-2.amazonaws.com/");
    cr_assert_str_eq(endpoint.region, "us-west-2");
}

Test(endpoint, organizations_has_one_home_a_partition)
{
    cr_assert_str_eq(find(NULL, SERVICE_ORGANIZATIONS, NULL, "eu-west-1").url,
                     "https://organizations.us-east-1.amazonaws.com/");
    cr_assert_str_eq(find(NULL, SERVICE_ORGANIZATIONS, NULL, "cn-north-1").url,
                     "https://organizations.cn-northwest-1.amazonaws.com.cn/");
    cr_assert_str_eq(find(NULL, SERVICE_ORGANIZATIONS, NULL, "us-gov-east-1").region, "us-gov-west-1");
}

Test(endpoint, a_custom_one_serves_all_and_keeps_its_port)
{
    struct endpoint endpoint = find("http://127.0.0.1:5000", SERVICE_CLOUDFORMATION, NULL, "eu-west-1");
    cr_assert_str_eq(endpoint.url, "http://127.0.0.1:5000/");
    cr_assert_str_eq(endpoint.host, "127.0.0.1:5000");
    cr_assert_str_eq(endpoint.region, "eu-west-1");
}

Test(endpoint, the_host_is_what_the_host_header_says)
{
    char host[64];
    cr_assert(url_host("https://h.example:443/", host, sizeof host));
    cr_assert_str_eq(host, "h.example");
    cr_assert(url_host("http://h.example:443", host, sizeof host));
    cr_assert_str_eq(host, "h.example:443");
    cr_assert(url_host("http://[::1]:80/", host, sizeof host));
    cr_assert_str_eq(host, "[::1]");
    static const char *const bad[] = {"", "h.example", "ftp://h", "http://", "http:///x", "http://user@h/"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect_not(url_host(bad[i], host, sizeof host), "%s", bad[i]);
}

Test(endpoint, loopback_is_told_from_the_world)
{
    static const char *const here[] = {"http://127.0.0.1:1", "http://127.8.8.8/", "http://localhost:5000",
                                       "http://LOCALHOST",   "http://[::1]:5/",   "http://moto.localhost"};
    static const char *const there[] = {"https://sts.eu-west-1.amazonaws.com/", "http://localhost.example",
                                        "http://10.0.0.1", "http://moto:5000", "x"};
    for (size_t i = 0; i < sizeof here / sizeof *here; i++)
        cr_expect(url_is_loopback(here[i]), "%s", here[i]);
    for (size_t i = 0; i < sizeof there / sizeof *there; i++)
        cr_expect_not(url_is_loopback(there[i]), "%s", there[i]);
}
