/* answer_xml.h - an answer of the query protocol as a tree of elements. Pure.
 *
 * Attributes and mixed content do not occur in these answers and are dropped; text is that of leaves. */
#ifndef ITRUN_AWS_ANSWER_XML_H
#define ITRUN_AWS_ANSWER_XML_H
#include "itrun/base/error.h"
#include "itrun/base/memory.h"

struct element {
    const char *name;
    const char *text; /* "" where there is none */
    struct element *first, *last, *next, *parent;
};
/* Everything lives in arena. NULL: not XML, or cut short; error is TRANSIENT then: a proxy or a broken
 * server. */
const struct element *element_parse(struct arena *arena, const char *bytes, size_t length,
                                    struct error *error);
const struct element *element_child(const struct element *element, const char *name); /* NULL-safe */
const struct element *element_next(const struct element *element, const char *name);  /* next of that name */
const char *element_text(const struct element *element, const char *child, const char *fallback);
size_t element_count(const struct element *element); /* children */
#endif
