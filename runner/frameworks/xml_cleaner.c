/* xml_cleaner.c - see xml_cleaner.h. Comments are not told apart: inside one an escaped ampersand does no
 * harm. */
#include "xml_cleaner.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define HEAD_MAX      512
#define REPLACEMENT   "\xEF\xBF\xBD" /* U+FFFD */
#define KEPT_ESCAPE   "\xEF\xB7\x9B" /* U+FDDB: forbidden in print, allowed in XML */
#define KEPT_BELL     "\xEF\xB7\x97" /* U+FDD7 */
#define CDATA_START   "<![CDATA["
#define REFERENCE_MAX 12 /* "&#1114111;" and some zeros */

/* What a step over the next bytes came to. */
enum step { STEP_DONE, STEP_NEEDS_MORE };

static void append_code(struct text *ret, unsigned long code)
{
    char bytes[4];
    size_t length = 1;
    if (code < 0x80) {
        bytes[0] = (char)code;
    } else if (code < 0x800) {
        bytes[0] = (char)(0xC0 | code >> 6);
        bytes[1] = (char)(0x80 | (code & 0x3F));
        length = 2;
    } else if (code < 0x10000) {
        bytes[0] = (char)(0xE0 | code >> 12);
        bytes[1] = (char)(0x80 | (code >> 6 & 0x3F));
        bytes[2] = (char)(0x80 | (code & 0x3F));
        length = 3;
    } else {
        bytes[0] = (char)(0xF0 | code >> 18);
        bytes[1] = (char)(0x80 | (code >> 12 & 0x3F));
        bytes[2] = (char)(0x80 | (code >> 6 & 0x3F));
        bytes[3] = (char)(0x80 | (code & 0x3F));
        length = 4;
    }
    text_append_bytes(ret, bytes, length);
}

/* --- the encoding -------------------------------------------------------------------------------------- */

static enum xml_encoding declared_encoding(const char *head)
{
    const char *at = strstr(head, "encoding");
    if (!at)
        return XML_UTF8;
    at += strlen("encoding");
    at += strspn(at, " \t\r\n=\"'");
    static const char *const latin[] = {"iso-8859-1", "iso8859-1", "iso_8859-1",   "iso-8859-15",
                                        "latin1",     "latin-1",   "windows-1252", "cp1252"};
    size_t length = strcspn(at, "\"'?");
    for (size_t i = 0; i < sizeof latin / sizeof *latin; i++) {
        if (strlen(latin[i]) == length && strncasecmp(at, latin[i], length) == 0)
            return XML_LATIN1;
    }
    return XML_UTF8;
}

static bool is_blank_byte(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

static enum xml_encoding wide_encoding(const unsigned char *bytes, size_t length, size_t *ret_skip)
{
    *ret_skip = 0;
    if (length >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0)
        *ret_skip = 3;
    if (length < 2)
        return XML_UTF8;
    if ((bytes[0] == 0xFF && bytes[1] == 0xFE) || (bytes[0] == 0xFE && bytes[1] == 0xFF)) {
        *ret_skip = 2;
        return bytes[0] == 0xFF ? XML_UTF16_LE : XML_UTF16_BE;
    }
    if (bytes[0] == '<' && bytes[1] == 0)
        return XML_UTF16_LE;
    return bytes[0] == 0 && bytes[1] == '<' ? XML_UTF16_BE : XML_UTF8;
}

static size_t blanks_at(const char *bytes, size_t length)
{
    size_t at = 0;
    while (at < length && is_blank_byte(bytes[at]))
        at++;
    return at;
}

/* Where the document begins behind its declaration; SIZE_MAX: more bytes are needed to say. */
static size_t skip_declaration(const char *bytes, size_t length, bool is_last)
{
    size_t start = blanks_at(bytes, length);
    bool is_short = length < HEAD_MAX && !is_last;
    if (length - start < 5)
        return is_short ? SIZE_MAX : start;
    if (memcmp(bytes + start, "<?xml", 5) != 0)
        return start;
    const char *end = memchr(bytes + start, '>', length - start);
    if (!end)
        return is_short ? SIZE_MAX : start;
    return (size_t)(end - bytes) + 1;
}

/* --- characters ---------------------------------------------------------------------------------------- */

static bool is_allowed(unsigned long code)
{
    if (code < 0x20)
        return code == '\t' || code == '\n' || code == '\r';
    if (code >= 0xD800 && code <= 0xDFFF)
        return false;
    if (code >= 0xFDD0 && code <= 0xFDEF) /* two of these are ours */
        return false;
    return code <= 0x10FFFF && code != 0xFFFE && code != 0xFFFF;
}

static void put_code(struct xml_cleaner *cleaner, unsigned long code, struct text *ret)
{
    if (is_allowed(code)) {
        append_code(ret, code);
        return;
    }
    cleaner->dropped_count++;
    if (code == '\033')
        text_append(ret, KEPT_ESCAPE);
    else if (code == '\a')
        text_append(ret, KEPT_BELL);
}

/* A character beyond ASCII. */
static enum step step_wide(struct xml_cleaner *cleaner, const char *bytes, size_t length, bool is_last,
                           size_t *at, struct text *ret)
{
    const unsigned char *byte = (const unsigned char *)bytes + *at;
    size_t left = length - *at;
    size_t wanted = byte[0] >= 0xF0 ? 4 : byte[0] >= 0xE0 ? 3 : 2;
    unsigned long code = wanted == 4 ? byte[0] & 0x07 : wanted == 3 ? byte[0] & 0x0F : byte[0] & 0x1F;
    size_t used = 1;
    bool is_good = byte[0] >= 0xC2 && byte[0] <= 0xF4;
    while (is_good && used < wanted && used < left && (byte[used] & 0xC0) == 0x80)
        code = code << 6 | (byte[used++] & 0x3F);
    if (is_good && used == left && used < wanted && !is_last)
        return STEP_NEEDS_MORE;
    static const unsigned long least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (is_good && used == wanted && code >= least[wanted] && code <= 0x10FFFF &&
        !(code >= 0xD800 && code <= 0xDFFF)) {
        put_code(cleaner, code, ret);
    } else {
        text_append(ret, REPLACEMENT);
        cleaner->dropped_count++;
    }
    *at += used;
    return STEP_DONE;
}

static bool is_known_entity(const char *name, size_t length)
{
    static const char *const known[] = {"amp", "lt", "gt", "quot", "apos"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strlen(known[i]) == length && memcmp(known[i], name, length) == 0)
            return true;
    }
    return false;
}

static void put_reference(struct xml_cleaner *cleaner, const char *name, size_t length, struct text *ret)
{
    if (name[0] != '#') {
        text_append(ret, is_known_entity(name, length) ? "&" : "&amp;");
        text_append_bytes(ret, name, length);
        text_append_char(ret, ';');
        return;
    }
    char digits[REFERENCE_MAX + 1] = {0};
    memcpy(digits, name + 1, length - 1);
    bool is_hex = digits[0] == 'x' || digits[0] == 'X';
    char *end = NULL;
    unsigned long code = strtoul(digits + is_hex, &end, is_hex ? 16 : 10);
    if (end == digits + is_hex || *end) {
        text_append(ret, "&amp;");
        text_append_bytes(ret, name, length);
        text_append_char(ret, ';');
    } else if (is_allowed(code)) {
        text_append_format(ret, "&#%lu;", code);
    } else {
        put_code(cleaner, code, ret);
    }
}

static bool is_reference_byte(char byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           byte == '#';
}

static enum step step_ampersand(struct xml_cleaner *cleaner, const char *bytes, size_t length, bool is_last,
                                size_t *at, struct text *ret)
{
    size_t end = *at + 1;
    while (end < length && end - *at < REFERENCE_MAX && is_reference_byte(bytes[end]))
        end++;
    if (end == length && end - *at < REFERENCE_MAX && !is_last)
        return STEP_NEEDS_MORE;
    if (end < length && bytes[end] == ';' && end - *at > 1) {
        put_reference(cleaner, bytes + *at + 1, end - *at - 1, ret);
        *at = end + 1;
    } else {
        text_append(ret, "&amp;");
        *at += 1;
    }
    return STEP_DONE;
}

/* `at` may begin `word`: *ret_is_there, or more bytes are needed. */
static enum step step_word(const char *bytes, size_t length, bool is_last, size_t at, const char *word,
                           bool *ret_is_there)
{
    size_t word_length = strlen(word);
    size_t left = length - at;
    bool is_short = left < word_length;
    *ret_is_there = !is_short && memcmp(bytes + at, word, word_length) == 0;
    return is_short && !is_last && memcmp(bytes + at, word, left) == 0 ? STEP_NEEDS_MORE : STEP_DONE;
}

static enum step step_bracket(struct xml_cleaner *cleaner, const char *bytes, size_t length, bool is_last,
                              size_t *at, struct text *ret)
{
    bool is_there;
    if (bytes[*at] == '<') {
        if (step_word(bytes, length, is_last, *at, CDATA_START, &is_there) == STEP_NEEDS_MORE)
            return STEP_NEEDS_MORE;
        cleaner->is_cdata = is_there;
        text_append(ret, is_there ? CDATA_START : "<");
        *at += is_there ? strlen(CDATA_START) : 1;
        return STEP_DONE;
    }
    if (step_word(bytes, length, is_last, *at, "]]>", &is_there) == STEP_NEEDS_MORE)
        return STEP_NEEDS_MORE;
    if (!is_there) {
        text_append_char(ret, ']');
        *at += 1;
        return STEP_DONE;
    }
    text_append(ret, cleaner->is_cdata ? "]]>" : "]]&gt;");
    cleaner->is_cdata = false;
    *at += 3;
    return STEP_DONE;
}

/* One character that is not plain. */
static enum step step_special(struct xml_cleaner *cleaner, const char *bytes, size_t length, bool is_last,
                              size_t *at, struct text *ret)
{
    unsigned char byte = (unsigned char)bytes[*at];
    if (byte >= 0x80)
        return step_wide(cleaner, bytes, length, is_last, at, ret);
    if (byte == ']' || (byte == '<' && !cleaner->is_cdata))
        return step_bracket(cleaner, bytes, length, is_last, at, ret);
    if (byte == '&' && !cleaner->is_cdata)
        return step_ampersand(cleaner, bytes, length, is_last, at, ret);
    put_code(cleaner, byte, ret);
    *at += 1;
    return STEP_DONE;
}

#define BIT(byte) (UINT64_C(1) << ((byte) % 64))

/* Every byte passes here, hence one bit for each: controls but for TAB, LF and CR, then & < ], then all
 * beyond ASCII.
 */
static bool is_plain(unsigned char byte)
{
    static const uint64_t special[4] = {
        (UINT64_C(0xFFFFFFFF) & ~(BIT('\t') | BIT('\n') | BIT('\r'))) | BIT('&') | BIT('<'),
        BIT(']'),
        UINT64_MAX,
        UINT64_MAX,
    };
    return (special[byte / 64] & BIT(byte)) == 0;
}

/* Returns how many bytes were dealt with; the rest goes on in the next piece. */
static size_t clean_utf8(struct xml_cleaner *cleaner, const char *bytes, size_t length, bool is_last,
                         struct text *ret)
{
    size_t at = 0;
    while (at < length) {
        size_t end = at;
        while (end < length && is_plain((unsigned char)bytes[end]))
            end++;
        if (end > at)
            text_append_bytes(ret, bytes + at, end - at);
        at = end;
        if (at < length && step_special(cleaner, bytes, length, is_last, &at, ret) == STEP_NEEDS_MORE)
            break;
    }
    return at;
}

/* --- pieces -------------------------------------------------------------------------------------------- */

/* First what was held back, made longer until it is decided; then the rest in place. */
static void clean_piece(struct xml_cleaner *cleaner, const char *bytes, size_t length, bool is_last,
                        struct text *ret)
{
    while (cleaner->held_length > 0 && length > 0) {
        cleaner->held[cleaner->held_length++] = *bytes++;
        length--;
        size_t used = clean_utf8(cleaner, cleaner->held, cleaner->held_length, is_last && length == 0, ret);
        memmove(cleaner->held, cleaner->held + used, cleaner->held_length - used);
        cleaner->held_length -= used;
    }
    if (cleaner->held_length > 0) {
        if (is_last)
            clean_utf8(cleaner, cleaner->held, cleaner->held_length, true, ret);
        cleaner->held_length = is_last ? 0 : cleaner->held_length;
        return;
    }
    size_t used = clean_utf8(cleaner, bytes, length, is_last, ret);
    cleaner->held_length = length - used; /* shorter than the longest thing to wait for */
    memcpy(cleaner->held, bytes + used, length - used);
}

static void take_unit(struct xml_cleaner *cleaner, unsigned char byte)
{
    cleaner->odd[cleaner->odd_length++] = byte;
    bool is_little = cleaner->encoding == XML_UTF16_LE;
    if (cleaner->odd_length % 2 != 0)
        return;
    const unsigned char *odd = cleaner->odd;
    unsigned long unit =
        is_little ? odd[0] | (unsigned long)odd[1] << 8 : odd[1] | (unsigned long)odd[0] << 8;
    if (unit >= 0xD800 && unit <= 0xDBFF && cleaner->odd_length == 2)
        return; /* waits for its second half */
    if (cleaner->odd_length == 4) {
        unsigned long low =
            is_little ? odd[2] | (unsigned long)odd[3] << 8 : odd[3] | (unsigned long)odd[2] << 8;
        unit = low >= 0xDC00 && low <= 0xDFFF ? 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00) : 0xFFFD;
    }
    append_code(&cleaner->wide, unit >= 0xD800 && unit <= 0xDFFF ? 0xFFFD : unit);
    cleaner->odd_length = 0;
}

static void clean_encoded(struct xml_cleaner *cleaner, const char *bytes, size_t length, bool is_last,
                          struct text *ret)
{
    if (cleaner->encoding == XML_UTF8) {
        clean_piece(cleaner, bytes, length, is_last, ret);
        return;
    }
    text_reset(&cleaner->wide);
    for (size_t i = 0; i < length; i++) {
        if (cleaner->encoding == XML_LATIN1)
            append_code(&cleaner->wide, (unsigned char)bytes[i]);
        else
            take_unit(cleaner, (unsigned char)bytes[i]);
    }
    clean_piece(cleaner, text_string(&cleaner->wide), cleaner->wide.length, is_last, ret);
}

/* The declaration of a UTF-16 document is one too: it goes when its text is known. */
static bool skip_wide_declaration(struct xml_cleaner *cleaner, size_t skip, bool is_last, struct text *ret)
{
    struct text narrow = {0};
    for (size_t i = skip; i < cleaner->head.length; i++) {
        if (cleaner->head.bytes[i])
            text_append_char(&narrow, cleaner->head.bytes[i]);
    }
    size_t start = skip_declaration(text_string(&narrow), narrow.length, is_last);
    text_clear(&narrow);
    bool is_half = cleaner->head.length % 2 != 0 && !is_last;
    if ((start == SIZE_MAX || is_half) && cleaner->head.length < HEAD_MAX)
        return false;
    start = start == SIZE_MAX ? skip : start * 2 + skip;
    cleaner->is_head_done = true;
    if (start < cleaner->head.length)
        clean_encoded(cleaner, cleaner->head.bytes + start, cleaner->head.length - start, is_last, ret);
    return true;
}

/* Says the encoding once the head tells it, and cleans the head. False: more bytes are needed. */
static bool begin(struct xml_cleaner *cleaner, bool is_last, struct text *ret)
{
    if (cleaner->head.length < 4 && !is_last)
        return false;
    const char *head = text_string(&cleaner->head);
    size_t skip;
    cleaner->encoding = wide_encoding((const unsigned char *)head, cleaner->head.length, &skip);
    if (cleaner->encoding != XML_UTF8)
        return skip_wide_declaration(cleaner, skip, is_last, ret);
    size_t start = skip_declaration(head + skip, cleaner->head.length - skip, is_last);
    if (start == SIZE_MAX)
        return false;
    struct text declaration = {0};
    text_append_bytes(&declaration, head + skip, start);
    cleaner->encoding = declared_encoding(text_string(&declaration));
    text_clear(&declaration);
    cleaner->is_head_done = true;
    clean_encoded(cleaner, head + skip + start, cleaner->head.length - skip - start, is_last, ret);
    return true;
}

void xml_clean(struct xml_cleaner *cleaner, const char *bytes, size_t length, bool is_last, struct text *ret)
{
    if (!cleaner->is_head_done) {
        size_t room = HEAD_MAX - cleaner->head.length;
        size_t taken = length < room ? length : room;
        text_append_bytes(&cleaner->head, bytes, taken);
        if (!begin(cleaner, is_last && taken == length, ret))
            return; /* then all of it is in the head */
        text_clear(&cleaner->head);
        bytes += taken;
        length -= taken;
        if (length == 0)
            return;
    }
    clean_encoded(cleaner, bytes, length, is_last, ret);
}

void xml_cleaner_clear(struct xml_cleaner *cleaner)
{
    text_clear(&cleaner->head);
    text_clear(&cleaner->wide);
}

void xml_restore_controls(struct text *text, const char *bytes, size_t length)
{
    const char *end = bytes + length;
    const char *from = bytes;
    for (const char *at = bytes; at < end && (at = memchr(at, '\xEF', (size_t)(end - at))) != NULL;) {
        bool is_escape = end - at >= 3 && memcmp(at, KEPT_ESCAPE, 3) == 0;
        bool is_bell = end - at >= 3 && memcmp(at, KEPT_BELL, 3) == 0;
        if (!is_escape && !is_bell) {
            at++;
            continue;
        }
        text_append_bytes(text, from, (size_t)(at - from));
        text_append_char(text, is_escape ? '\033' : '\a');
        at += 3;
        from = at;
    }
    text_append_bytes(text, from, (size_t)(end - from));
}
