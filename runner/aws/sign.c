#include "sign.h"
#include "itrun/base/hash.h"
#include "itrun/base/text.h"
#include <stdio.h>
#include <string.h>

static const char algorithm[] = "AWS4-HMAC-SHA256";

/* "2026-11-24T14:44:25.123Z" -> "20261124T144425Z" */
static void format_date(int64_t wall_us, char ret_date[32])
{
    char iso[32];
    time_format_utc(wall_us, iso);
    size_t length = 0;
    for (const char *c = iso; *c != '\0' && *c != '.' && *c != 'Z'; c++) {
        if (*c != '-' && *c != ':')
            ret_date[length++] = *c;
    }
    ret_date[length++] = 'Z';
    ret_date[length] = '\0';
}

static void append_hex(char *ret_hex, const unsigned char digest[32])
{
    for (int i = 0; i < 32; i++)
        snprintf(ret_hex + 2 * i, 3, "%02x", digest[i]);
}

/* The key depends on day, region and service, never on the request. */
static void derive_key(const struct sign_request *request, const char *secret_key, const char *day,
                       unsigned char ret_key[32])
{
    char first[4 + sizeof((struct aws_credentials *)0)->secret_key];
    int length = snprintf(first, sizeof first, "AWS4%s", secret_key);
    unsigned char of_day[32], of_region[32], of_service[32];
    hash_hmac(first, (size_t)length, day, strlen(day), of_day);
    hash_hmac(of_day, sizeof of_day, request->region, strlen(request->region), of_region);
    hash_hmac(of_region, sizeof of_region, request->service, strlen(request->service), of_service);
    hash_hmac(of_service, sizeof of_service, "aws4_request", strlen("aws4_request"), ret_key);
    explicit_bzero(first, sizeof first);
}

void sign_post(const struct sign_request *request, const struct aws_credentials *credentials,
               struct sign_result *ret_result)
{
    bool has_token = credentials->token[0] != '\0';
    format_date(request->wall_us, ret_result->date);
    char payload_hash[HASH_HEX_SIZE], request_hash[HASH_HEX_SIZE];
    hash_bytes(request->body, request->body_length, payload_hash);

    char names[128];
    snprintf(names, sizeof names, "content-type;host;x-amz-date%s%s",
             has_token ? ";x-amz-security-token" : "", request->target != NULL ? ";x-amz-target" : "");
    struct text canonical = {0};
    text_append_format(&canonical, "POST\n/\n\ncontent-type:%s\nhost:%s\nx-amz-date:%s\n",
                       request->content_type, request->host, ret_result->date);
    if (has_token)
        text_append_format(&canonical, "x-amz-security-token:%s\n", credentials->token);
    if (request->target != NULL)
        text_append_format(&canonical, "x-amz-target:%s\n", request->target);
    text_append_format(&canonical, "\n%s\n%s", names, payload_hash);
    hash_bytes(canonical.bytes, canonical.length, request_hash);
    text_clear(&canonical);

    char day[9], scope[256], to_sign[512], signature[HASH_HEX_SIZE];
    snprintf(day, sizeof day, "%.8s", ret_result->date);
    snprintf(scope, sizeof scope, "%s/%.64s/%.64s/aws4_request", day, request->region, request->service);
    int length =
        snprintf(to_sign, sizeof to_sign, "%s\n%s\n%s\n%s", algorithm, ret_result->date, scope, request_hash);
    unsigned char key[32], digest[32];
    derive_key(request, credentials->secret_key, day, key);
    hash_hmac(key, sizeof key, to_sign, (size_t)length, digest);
    append_hex(signature, digest);
    explicit_bzero(key, sizeof key);
    snprintf(ret_result->authorization, sizeof ret_result->authorization,
             "%s Credential=%.159s/%.160s, SignedHeaders=%s, Signature=%s", algorithm,
             credentials->access_key, scope, names, signature);
}
