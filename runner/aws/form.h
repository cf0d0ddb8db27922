/* form.h - bodies of the query protocol (STS, CloudFormation): application/x-www-form-urlencoded. Pure. */
#ifndef ITRUN_AWS_FORM_H
#define ITRUN_AWS_FORM_H
#include "itrun/base/text.h"

void form_begin(struct text *form, const char *action, const char *version);
void form_add(struct text *form, const char *name, const char *value); /* value NULL or "": left out */
/* "Tags.member.3.Key": prefix.member.(index + 1).field; an empty value is kept. */
void form_add_member(struct text *form, const char *list, size_t index, const char *field, const char *value);
#endif
