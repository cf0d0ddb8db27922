/* utf8.h - the one UTF-8 decoder of this room; everything that meets foreign bytes goes through it. */
#ifndef ITRUN_BASE_UTF8_H
#define ITRUN_BASE_UTF8_H
#include <stddef.h>
#include <stdint.h>

#define UTF8_INVALID     0xFFFFFFFFu
#define UTF8_REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD */

/* Decodes the character at bytes; length is at least 1. Returns the bytes consumed (1 to 4). Overlong forms,
 * surrogates and values above U+10FFFF are UTF8_INVALID; then the maximal part that could have begun a
 * character is consumed, so that each such part becomes one U+FFFD, as the Unicode standard recommends. */
size_t utf8_decode(const char *bytes, size_t length, uint32_t *ret_code);
/* The largest length <= limit that does not end inside a character; bytes holds more than limit bytes. */
size_t utf8_cut(const char *bytes, size_t limit);
#endif
