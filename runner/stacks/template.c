/* template.c - a digest of a template that comments and the order of JSON keys do not change. */
#include "itrun/stacks.h"
#include "template.h"
#include "itrun/base/hash.h"
#include "itrun/base/memory.h"

void template_digest(const char *body, char ret_hex[HASH_HEX_SIZE])
{
    struct text canonical = {0};
    const char *form = "json";
    if (!template_canonical_json(body, &canonical)) {
        form = "yaml";
        text_reset(&canonical);
        if (!template_canonical_yaml(body, &canonical)) {
            form = "bytes";
            text_reset(&canonical);
            text_append(&canonical, body);
        }
    }
    struct hash *hash = hash_new();
    hash_add_string(hash, form);
    hash_add_string(hash, text_string(&canonical));
    hash_finish(hash, ret_hex);
    hash_free(hash);
    text_clear(&canonical);
}
