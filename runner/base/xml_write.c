/* xml_write.c - the escapes of XML. Illegal characters are no matter of escaping: see text_append_printable.
 */
#include "itrun/base/xml.h"
#include <string.h>

/* Copies value, with each character of `special` replaced by its entity. */
static void append_escaped(struct text *text, const char *value, const char *special)
{
    for (;;) {
        size_t plain = strcspn(value, special);
        text_append_bytes(text, value, plain);
        value += plain;
        switch (*value++) {
        case '\0': return;
        case '&': text_append(text, "&amp;"); break;
        case '<': text_append(text, "&lt;"); break;
        case '>': text_append(text, "&gt;"); break;
        case '"': text_append(text, "&quot;"); break;
        case '\n': text_append(text, "&#10;"); break;
        case '\t': text_append(text, "&#9;"); break;
        case '\r': text_append(text, "&#13;"); break;
        default: break;
        }
    }
}

void text_append_xml_attribute(struct text *text, const char *value)
{
    append_escaped(text, value, "&<>\"\n\t\r"); /* a raw line break would be read back as a blank */
}

void text_append_xml_text(struct text *text, const char *value)
{
    append_escaped(text, value, "&<>");
}

void text_append_xml_cdata(struct text *text, const char *value)
{
    if (strstr(value, "]]>")) {
        text_append_xml_text(text, value);
        return;
    }
    text_append(text, "<![CDATA[");
    text_append(text, value);
    text_append(text, "]]>");
}
