/* hash.h - SHA-256 and HMAC-SHA-256 (libcrypto). A digest is written as 64 lower-case hex digits. */
#ifndef ITRUN_BASE_HASH_H
#define ITRUN_BASE_HASH_H
#include <stdbool.h>
#include <stddef.h>
#define HASH_HEX_SIZE 65
struct hash;
struct hash *hash_new(void);
void hash_free(struct hash *hash);
void hash_add(struct hash *hash, const void *bytes, size_t length);
/* Length-prefixed, so that ("ab","c") and ("a","bc") differ. NULL and "" differ too. */
void hash_add_string(struct hash *hash, const char *string);
void hash_finish(struct hash *hash, char ret_hex[HASH_HEX_SIZE]); /* hash is empty and reusable after */
void hash_bytes(const void *bytes, size_t length, char ret_hex[HASH_HEX_SIZE]);
void hash_hmac(const void *key, size_t key_length, const void *bytes, size_t length, unsigned char ret[32]);
#endif
