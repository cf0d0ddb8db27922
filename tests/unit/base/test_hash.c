#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include "itrun/base/hash.h"

#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define ABC   "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

Test(hash, known_digests)
{
    char hex[HASH_HEX_SIZE];
    hash_bytes("abc", 3, hex);
    cr_assert_str_eq(hex, ABC);
    hash_bytes(NULL, 0, hex);
    cr_assert_str_eq(hex, EMPTY);
    hash_bytes("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56, hex);
    cr_assert_str_eq(hex, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

Test(hash, pieces_make_the_same_digest_and_finish_starts_anew)
{
    char hex[HASH_HEX_SIZE];
    struct hash *hash = hash_new();
    for (int round = 0; round < 3; round++) {
        hash_add(hash, "a", 1);
        hash_add(hash, NULL, 0);
        hash_add(hash, "bc", 2);
        hash_finish(hash, hex);
        cr_assert_str_eq(hex, ABC);
    }
    hash_finish(hash, hex);
    cr_assert_str_eq(hex, EMPTY);
    hash_free(hash);
    hash_free(NULL);
}

static void strings_digest(const char *a, const char *b, char hex[HASH_HEX_SIZE])
{
    struct hash *hash = hash_new();
    hash_add_string(hash, a);
    hash_add_string(hash, b);
    hash_finish(hash, hex);
    hash_free(hash);
}

Test(hash, strings_cannot_run_into_each_other)
{
    const char *pairs[][2] = {{"ab", "c"}, {"a", "bc"},  {"abc", ""}, {"abc", NULL}, {NULL, "abc"},
                              {"", "abc"}, {NULL, NULL}, {"", ""},    {"", NULL}};
    enum { COUNT = sizeof pairs / sizeof *pairs };
    char digests[COUNT][HASH_HEX_SIZE];
    for (int i = 0; i < COUNT; i++) {
        strings_digest(pairs[i][0], pairs[i][1], digests[i]);
        for (int j = 0; j < i; j++)
            cr_assert_str_neq(digests[i], digests[j]);
    }
}

/* Stored fingerprints must not change from one release to the next. */
Test(hash, a_string_is_one_byte_then_eight_of_length_then_itself)
{
    char by_string[HASH_HEX_SIZE];
    char by_bytes[HASH_HEX_SIZE];
    strings_digest("abc", NULL, by_string);
    hash_bytes("\1\3\0\0\0\0\0\0\0abc\0\0\0\0\0\0\0\0\0", 21, by_bytes);
    cr_assert_str_eq(by_string, by_bytes);
}

static void assert_hmac(const void *key, size_t key_length, const char *bytes, size_t length,
                        const char *wanted)
{
    unsigned char mac[32];
    char hex[65];
    hash_hmac(key, key_length, bytes, length, mac);
    for (int i = 0; i < 32; i++)
        snprintf(hex + 2 * i, 3, "%02x", mac[i]);
    cr_assert_str_eq(hex, wanted);
}

Test(hash, known_macs) /* RFC 4231, cases 1, 2 and 6 */
{
    unsigned char key[131];
    memset(key, 0x0b, sizeof key);
    assert_hmac(key, 20, "Hi There", 8, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    assert_hmac("Jefe", 4, "what do ya want for nothing?", 28,
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(key, 0xaa, sizeof key);
    assert_hmac(key, 131, "Test Using Larger Than Block-Size Key - Hash Key First", 54,
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    assert_hmac(NULL, 0, NULL, 0, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}
