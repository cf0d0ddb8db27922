#include "json_limited.h"
#include <string.h>

void json_write_limited(struct json_writer *writer, const char *key, const char *value, size_t limit_bytes)
{
    struct text clean = {0};
    if (value == NULL || value[0] == '\0') {
        return;
    }
    text_append_printable(&clean, value, strlen(value));
    if (clean.length > limit_bytes) {
        size_t cut = limit_bytes;
        while (cut > 0 && ((unsigned char)clean.bytes[cut] & 0xc0) == 0x80) {
            cut--;
        }
        text_truncate(&clean, cut);
        text_append(&clean, "…");
    }
    json_write_string(writer, key, text_string(&clean));
    text_clear(&clean);
}
