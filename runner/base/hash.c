/* hash.c - SHA-256 through one context that is used again and again: fetching the algorithm is the dear part.
 */
#include "itrun/base/hash.h"
#include "itrun/base/error.h"
#include "itrun/base/memory.h"
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>

#define DIGEST_SIZE 32

struct hash {
    EVP_MD_CTX *context;
    EVP_MD *sha256;
};

static void hash_restart(struct hash *hash)
{
    int done = EVP_DigestInit_ex(hash->context, hash->sha256, NULL);
    MUST(done == 1);
}

struct hash *hash_new(void)
{
    struct hash *hash = memory_new(sizeof *hash);
    hash->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    hash->context = EVP_MD_CTX_new();
    MUST(hash->sha256 && hash->context);
    hash_restart(hash);
    return hash;
}

void hash_free(struct hash *hash)
{
    if (!hash)
        return;
    EVP_MD_CTX_free(hash->context);
    EVP_MD_free(hash->sha256);
    memory_free(hash);
}

void hash_add(struct hash *hash, const void *bytes, size_t length)
{
    int done = length ? EVP_DigestUpdate(hash->context, bytes, length) : 1;
    MUST(done == 1);
}

void hash_add_string(struct hash *hash, const char *string)
{
    /* One byte tells NULL from a string; the length is eight bytes, lowest first, on every machine. */
    unsigned char head[9] = {string != NULL};
    uint64_t length = string ? strlen(string) : 0;
    for (int i = 0; i < 8; i++)
        head[i + 1] = (unsigned char)(length >> (8 * i));
    hash_add(hash, head, sizeof head);
    hash_add(hash, string, (size_t)length);
}

static void write_hex(const unsigned char digest[DIGEST_SIZE], char ret_hex[HASH_HEX_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    for (int i = 0; i < DIGEST_SIZE; i++) {
        ret_hex[2 * i] = digits[digest[i] >> 4];
        ret_hex[2 * i + 1] = digits[digest[i] & 15];
    }
    ret_hex[2 * DIGEST_SIZE] = '\0';
}

void hash_finish(struct hash *hash, char ret_hex[HASH_HEX_SIZE])
{
    unsigned char digest[DIGEST_SIZE];
    unsigned int length = 0;
    int done = EVP_DigestFinal_ex(hash->context, digest, &length);
    MUST(done == 1 && length == DIGEST_SIZE);
    write_hex(digest, ret_hex);
    hash_restart(hash);
}

void hash_bytes(const void *bytes, size_t length, char ret_hex[HASH_HEX_SIZE])
{
    struct hash *hash = hash_new();
    hash_add(hash, bytes, length);
    hash_finish(hash, ret_hex);
    hash_free(hash);
}

void hash_hmac(const void *key, size_t key_length, const void *bytes, size_t length, unsigned char ret[32])
{
    MUST(key_length <= INT_MAX);
    unsigned int written = 0;
    const void *some_key = key ? key : ""; /* libcrypto takes NULL for "the key of before" */
    const void *some_bytes = bytes ? bytes : "";
    const unsigned char *done =
        HMAC(EVP_sha256(), some_key, (int)key_length, some_bytes, length, ret, &written);
    MUST(done && written == DIGEST_SIZE);
}
