#include "itrun/base/gzip.h"

void text_append_base64(struct text *text, const void *bytes, size_t length)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *from = bytes;
    for (size_t i = 0; i < length; i += 3) {
        size_t left = length - i;
        unsigned int group = (unsigned int)from[i] << 16 | (left > 1 ? (unsigned int)from[i + 1] << 8 : 0) |
                             (left > 2 ? (unsigned int)from[i + 2] : 0);
        char four[4] = {digits[group >> 18], digits[group >> 12 & 63], digits[group >> 6 & 63],
                        digits[group & 63]};
        if (left < 3) {
            four[3] = '=';
        }
        if (left < 2) {
            four[2] = '=';
        }
        text_append_bytes(text, four, sizeof four);
    }
}
