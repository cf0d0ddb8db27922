/* xml.h - XML in (streaming, through expat) and the escapes needed to write it.
 *
 * Guards: depth at most 256, an attribute at most 1 MiB (both give ERROR_LIMIT), no external entities.
 * Names arrive without namespace prefix treatment. Text arrives in pieces. */
#ifndef ITRUN_BASE_XML_H
#define ITRUN_BASE_XML_H
#include "itrun/base/error.h"
#include "itrun/base/text.h"

struct xml_handler {
    void *context;
    void (*start)(void *context, const char *name, const char *const *attributes); /* name,value,...,NULL */
    void (*end)(void *context, const char *name);
    void (*text)(void *context, const char *bytes, size_t length); /* may be NULL */
};
struct xml_reader;
struct xml_reader *xml_reader_new(const struct xml_handler *handler);
void xml_reader_free(struct xml_reader *reader);
/* Feeds bytes; is_last ends the document. False: error->where is "line:col". After the root element closed,
 * further bytes are ignored (programs print after it) and xml_reader_is_complete() is true. */
bool xml_reader_feed(struct xml_reader *reader, const char *bytes, size_t length, bool is_last,
                     struct error *error);
bool xml_reader_is_complete(const struct xml_reader *reader);
const char *xml_attribute(const char *const *attributes, const char *name); /* NULL when absent */

void text_append_xml_attribute(struct text *text, const char *value); /* escapes & < > " and \n \t \r */
void text_append_xml_text(struct text *text, const char *value);      /* escapes & < > */
/* CDATA, or escaped text where value contains "]]>". Bytes must be printable already. */
void text_append_xml_cdata(struct text *text, const char *value);
#endif
