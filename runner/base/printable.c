/* printable.c - making bytes of unknown origin fit to show: in a report, a log, a terminal.
 *
 * Escape sequences go first and whole (ECMA-48): were only the ESC dropped, "[31m" would stay as text. Both
 * spellings are known, ESC [ and the single character U+009B. The shapes are
 *     CSI  ESC [   parameters 30-3F, intermediates 20-2F, one final 40-7E
 *     string (OSC, DCS, SOS, PM, APC)   up to BEL or ST; an unended one stops at the end of its line, so that
 * a stray introducer does not swallow the rest of a log others  ESC, intermediates 20-2F, one final 30-7E */
#include "itrun/base/text.h"
#include "utf8.h"

static size_t skip_range(const char *bytes, size_t length, size_t at, unsigned char low, unsigned char high)
{
    while (at < length && (unsigned char)bytes[at] >= low && (unsigned char)bytes[at] <= high)
        at++;
    return at;
}

static size_t skip_final(const char *bytes, size_t length, size_t at, unsigned char low)
{
    return at < length && (unsigned char)bytes[at] >= low && (unsigned char)bytes[at] <= 0x7E ? at + 1 : at;
}

static size_t skip_csi(const char *bytes, size_t length, size_t at)
{
    at = skip_range(bytes, length, at, 0x30, 0x3F);
    at = skip_range(bytes, length, at, 0x20, 0x2F);
    return skip_final(bytes, length, at, 0x40);
}

static size_t skip_control_string(const char *bytes, size_t length, size_t at)
{
    for (; at < length && bytes[at] != '\n'; at++) {
        if (bytes[at] == '\a')
            return at + 1;
        if (bytes[at] == '\033') /* ESC \ ends it; any other escape begins something new */
            return at + 1 < length && bytes[at + 1] == '\\' ? at + 2 : at;
        if (bytes[at] == '\xC2' && at + 1 < length && bytes[at + 1] == '\x9C')
            return at + 2;
    }
    return at;
}

/* `at` is behind the introducer, whose second half is c: the byte after ESC, or the C1 character - 0x40. */
static size_t skip_sequence(const char *bytes, size_t length, size_t at, uint32_t c)
{
    switch (c) {
    case '[': return skip_csi(bytes, length, at);
    case ']':
    case 'P':
    case 'X':
    case '^':
    case '_': return skip_control_string(bytes, length, at);
    default: return at;
    }
}

static size_t skip_escape(const char *bytes, size_t length, size_t at)
{
    size_t behind = skip_range(bytes, length, at, 0x20, 0x2F);
    if (behind == at && at < length && (unsigned char)bytes[at] >= 0x30 && (unsigned char)bytes[at] <= 0x7E)
        return skip_sequence(bytes, length, at + 1, (unsigned char)bytes[at]);
    return skip_final(bytes, length, behind, 0x30);
}

/* The characters that XML 1.0 allows and does not discourage, but for U+D: it would overwrite its line. */
static bool is_printable(uint32_t code)
{
    if (code < 0x20)
        return code == '\n' || code == '\t';
    if (code < 0xA0)
        return code < 0x7F || code == 0x85;
    if (code >= 0xFDD0 && code <= 0xFDEF)
        return false;
    return (code & 0xFFFE) != 0xFFFE;
}

void text_append_printable(struct text *text, const char *bytes, size_t length)
{
    for (size_t at = 0; at < length;) {
        size_t plain = skip_range(bytes, length, at, 0x20, 0x7E);
        if (plain > at) {
            text_append_bytes(text, bytes + at, plain - at);
            at = plain;
            continue;
        }
        uint32_t code;
        size_t used = utf8_decode(bytes + at, length - at, &code);
        if (code == UTF8_INVALID)
            text_append(text, UTF8_REPLACEMENT);
        else if (code == '\033')
            used = skip_escape(bytes, length, at + 1) - at;
        else if (code >= 0x80 && code <= 0x9F && code != 0x85)
            used = skip_sequence(bytes, length, at + used, code - 0x40) - at;
        else if (is_printable(code))
            text_append_bytes(text, bytes + at, used);
        at += used;
    }
}
