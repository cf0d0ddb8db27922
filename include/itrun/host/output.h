/* output.h - captured output on its way to disk: redacted, limited, never a torn secret.
 *
 * A redactor replaces every occurrence of its secrets by "[redacted]", also across chunk borders. */
#ifndef ITRUN_HOST_OUTPUT_H
#define ITRUN_HOST_OUTPUT_H
#include "itrun/base/text.h"
#include <stdbool.h>

struct redactor; /* a set of secret values, shared by what runs in one account */
struct redactor *redactor_new(void);
void redactor_free(struct redactor *redactor);                   /* NULL is fine */
struct redactor *redactor_copy(const struct redactor *redactor); /* for another thread */
void redactor_add(struct redactor *redactor,
                  const char *secret); /* shorter than 8 bytes: ignored; duplicates are fine */
/* Streaming: appends to *ret what can be let go; keeps back what may be the start of a secret. */
struct redaction; /* one stream */
struct redaction *redaction_new(const struct redactor *redactor);
void redaction_feed(struct redaction *redaction, const char *bytes, size_t length, bool is_last,
                    struct text *ret);
void redaction_free(struct redaction *redaction);
#endif
