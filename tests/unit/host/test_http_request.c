#include <criterion/criterion.h>
#include "credentials/http_request.h"
#include <string.h>

static enum http_request_state parse(const char *bytes, struct http_request_head *ret_head)
{
    return http_request_parse(bytes, strlen(bytes), ret_head);
}

Test(http_request, the_question_of_an_sdk_is_understood)
{
    struct http_request_head head;
    const char *bytes = "GET /42 HTTP/1.1\r\nHost: 127.0.0.1:9\r\nAccept: application/json\r\n"
                        "authorization:  tok en \r\nUser-Agent: x\r\n\r\n";
    cr_assert_eq(parse(bytes, &head), HTTP_REQUEST_COMPLETE);
    cr_assert(head.has_id);
    cr_assert_eq(head.id, 42);
    cr_assert_eq(head.authorization_length, strlen("tok en"));
    cr_assert_eq(memcmp(head.authorization, "tok en", 6), 0);
}

Test(http_request, every_shorter_piece_of_it_waits_for_more)
{
    struct http_request_head head;
    const char *bytes = "GET /1 HTTP/1.1\r\nAuthorization: t\r\n\r\n";
    for (size_t length = 0; length < strlen(bytes); length++)
        cr_expect_eq(http_request_parse(bytes, length, &head), HTTP_REQUEST_PARTIAL, "%zu", length);
    cr_assert_eq(http_request_parse(bytes, strlen(bytes), &head), HTTP_REQUEST_COMPLETE);
}

Test(http_request, a_path_that_is_no_number_has_no_id)
{
    static const char *const paths[] = {"/",   "/x", "/1x", "/+1",  "/01",  "/1/",
                                        "//1", "1",  "*",   "/%31", "/1?a", "/12345678901234567890"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        char bytes[128] = "GET ";
        struct http_request_head head;
        strcat(strcat(bytes, paths[i]), " HTTP/1.1\r\n\r\n");
        cr_expect_eq(parse(bytes, &head), HTTP_REQUEST_COMPLETE, "%s", paths[i]);
        cr_expect_not(head.has_id, "%s", paths[i]);
        cr_expect_null(head.authorization);
    }
}

Test(http_request, what_no_sdk_sends_is_refused)
{
    static const char *const bad[] = {
        "\r\n\r\n",
        "GET /1\r\n\r\n",
        "GET  HTTP/1.1\r\n\r\n",
        "GET /1 HTTP/2.0\r\n\r\n",
        "GET /1 HTTP/1.1 \r\n\r\n",
        " /1 HTTP/1.1\r\n\r\n",
        "GET /1 HTTP/1.1\r\nno colon\r\n\r\n",
        "GET /1 HTTP/1.1\r\n: v\r\n\r\n",
        "GET /1 HTTP/1.1\r\nA: b\r\n folded\r\n\r\n",
        "GET /1 HTTP/1.1\r\nA: b\nC: d\r\n\r\n",
        "GET /1 HTTP/1.1\r\nAuthorization: a\r\nAuthorization: b\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct http_request_head head;
        cr_expect_eq(parse(bad[i], &head), HTTP_REQUEST_MALFORMED, "%s", bad[i]);
    }
    struct http_request_head head;
    cr_assert_eq(http_request_parse("GET /1\0 HTTP/1.1\r\n\r\n", 20, &head), HTTP_REQUEST_MALFORMED);
    cr_assert_eq(parse("POST /1 HTTP/1.1\r\n\r\n", &head), HTTP_REQUEST_NOT_GET);
    cr_assert_eq(parse("get /1 HTTP/1.1\r\n\r\n", &head), HTTP_REQUEST_NOT_GET);
}
