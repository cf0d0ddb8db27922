#include "form.h"

/* AWS's "unreserved" set; everything else is %XX in upper case, byte by byte. */
static void append_encoded(struct text *form, const char *value)
{
    static const char digits[] = "0123456789ABCDEF";
    for (const unsigned char *c = (const unsigned char *)value; *c != '\0'; c++) {
        bool is_letter = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z');
        bool is_plain =
            is_letter || (*c >= '0' && *c <= '9') || *c == '-' || *c == '_' || *c == '.' || *c == '~';
        if (is_plain) {
            text_append_char(form, (char)*c);
            continue;
        }
        text_append_char(form, '%');
        text_append_char(form, digits[*c >> 4]);
        text_append_char(form, digits[*c & 15]);
    }
}

void form_begin(struct text *form, const char *action, const char *version)
{
    text_append_format(form, "Action=%s&Version=%s", action, version);
}

void form_add(struct text *form, const char *name, const char *value)
{
    if (value == NULL || value[0] == '\0')
        return;
    text_append_char(form, '&');
    append_encoded(form, name);
    text_append_char(form, '=');
    append_encoded(form, value);
}

void form_add_member(struct text *form, const char *list, size_t index, const char *field, const char *value)
{
    text_append_format(form, "&%s.member.%zu", list, index + 1);
    if (field != NULL)
        text_append_format(form, ".%s", field);
    text_append_char(form, '=');
    append_encoded(form, value);
}
