/* harmless.c - text of unknown origin that no service's log reads as a command. */
#include "itrun/ci.h"
#include <string.h>

#define JOINER "\xE2\x80\x8D" /* U+200D: seen by no reader, but it splits a command's word */

bool ci_begins_command(const char *at)
{
    if (at[0] != '#' || at[1] != '#') {
        return false;
    }
    const char *word = at + 2;
    word += strspn(word, "abcdefghijklmnopqrstuvwxyz");
    return *word == '[';
}

void ci_append_harmless(struct text *text, const char *line)
{
    struct text clean = {0};
    text_append_printable(&clean, line, strlen(line));
    const char *start = text_string(&clean) + strspn(text_string(&clean), " \t\n");
    for (const char *c = text_string(&clean); *c != '\0'; c++) {
        bool is_command = ci_begins_command(c) || (c == start && string_starts_with(c, "::"));
        text_append_char(text, *c == '\n' ? ' ' : *c);
        text_append(text, is_command ? JOINER : "");
    }
    text_clear(&clean);
}
