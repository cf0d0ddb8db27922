/* xml_cleaner.h - any bytes a test tool calls XML -> UTF-8 that an XML parser accepts, one pass, bounded
 * memory.
 *
 * Repairs: UTF-16 and Latin-1 become UTF-8; the XML declaration goes; characters that XML forbids go, also
 * written as references; an ampersand that begins no reference is escaped, and so is a stray "]]>". ESC and
 * BEL are kept as two noncharacters, so that whoever prints the text can still drop an escape sequence whole.
 */
#ifndef ITRUN_FRAMEWORKS_XML_CLEANER_H
#define ITRUN_FRAMEWORKS_XML_CLEANER_H
#include "itrun/base/text.h"

enum xml_encoding { XML_UTF8, XML_UTF16_LE, XML_UTF16_BE, XML_LATIN1 };

struct xml_cleaner {
    enum xml_encoding encoding;
    bool is_head_done;
    bool is_cdata;
    struct text head; /* the first bytes, until the encoding is known */
    struct text wide; /* UTF-16 and Latin-1 as UTF-8, one piece at a time */
    char held[16];    /* a character, a reference or a "]]>" that goes on in the next piece */
    size_t held_length;
    unsigned char odd[4]; /* UTF-16: the begin of a unit or of a pair */
    size_t odd_length;
    size_t dropped_count; /* characters that XML forbids */
};
/* Appends to *ret. is_last: what was held back comes out too. */
void xml_clean(struct xml_cleaner *cleaner, const char *bytes, size_t length, bool is_last, struct text *ret);
void xml_cleaner_clear(struct xml_cleaner *cleaner);
/* Puts ESC and BEL back; appends. */
void xml_restore_controls(struct text *text, const char *bytes, size_t length);
#endif
