/* utf8.c - decoding by the table of well-formed sequences (Unicode, table 3-7). */
#include "utf8.h"

size_t utf8_decode(const char *bytes, size_t length, uint32_t *ret_code)
{
    const unsigned char *byte = (const unsigned char *)bytes;
    unsigned char first = byte[0];
    if (first < 0x80) {
        *ret_code = first;
        return 1;
    }
    size_t more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : 1;
    *ret_code = UTF8_INVALID;
    if (first < 0xC2 || first > 0xF4)
        return 1;
    /* Only the second byte has a narrower range: it excludes overlong forms, surrogates and > U+10FFFF. */
    unsigned char low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    unsigned char high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    uint32_t code = first & (0x3Fu >> more);
    for (size_t i = 1; i <= more; i++) {
        if (i == length || byte[i] < low || byte[i] > high)
            return i;
        code = code << 6 | (byte[i] & 0x3Fu);
        low = 0x80;
        high = 0xBF;
    }
    *ret_code = code;
    return more + 1;
}

size_t utf8_cut(const char *bytes, size_t limit)
{
    /* At most three continuation bytes belong to one character; a longer run is not UTF-8 anyway. */
    size_t cut = limit;
    while (cut > 0 && limit - cut < 3 && ((unsigned char)bytes[cut] & 0xC0) == 0x80)
        cut--;
    return ((unsigned char)bytes[cut] & 0xC0) == 0x80 ? limit : cut;
}
