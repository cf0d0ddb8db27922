/* workflow_commands.c - the pieces of GitHub's workflow commands. */
#include "itrun/ci.h"
#include <string.h>

#define SHORTEST_MASKED   6
#define ACCOUNT_ID_LENGTH 12

static void append_escaped(struct text *text, const char *string, const char *also)
{
    for (const char *c = string; *c != '\0'; c++) {
        if (*c == '%' || *c == '\r' || *c == '\n' || strchr(also, *c) != NULL) {
            text_append_format(text, "%%%02X", (unsigned)(unsigned char)*c);
        } else {
            text_append_char(text, *c);
        }
    }
}

void ci_append_data(struct text *text, const char *data)
{
    append_escaped(text, data, "");
}

void ci_append_property(struct text *text, const char *property)
{
    append_escaped(text, property, ":,");
}

static bool is_worth_masking(const char *value, size_t length)
{
    bool is_account = length == ACCOUNT_ID_LENGTH && strspn(value, "0123456789") >= length;
    return length >= SHORTEST_MASKED && !is_account;
}

static void append_mask(struct text *text, const char *value, size_t length)
{
    if (is_worth_masking(value, length)) {
        struct text copy = {0};
        text_append_bytes(&copy, value, length);
        text_append(text, "::add-mask::");
        ci_append_data(text, text_string(&copy));
        text_append_char(text, '\n');
        text_clear(&copy);
    }
}

void ci_append_mask(struct text *text, const char *secret)
{
    append_mask(text, secret, strlen(secret));
    if (strpbrk(secret, "\r\n") == NULL) {
        return;
    }
    for (const char *line = secret; *line != '\0';) {
        size_t length = strcspn(line, "\r\n");
        append_mask(text, line, length);
        line += length;
        line += strspn(line, "\r\n");
    }
}
