/* template_json.c - JSON with sorted keys, from the bytes themselves.
 *
 * The parser of base only says whether it is JSON: its numbers are doubles, and two templates that differ in
 * the seventeenth digit must not have one digest. */
#include "template.h"
#include "itrun/base/json.h"
#include "itrun/base/memory.h"
#include <stdlib.h>
#include <string.h>

struct member {
    const char *key; /* with its quotes, as spelled */
    size_t key_length;
    size_t position; /* duplicate keys keep their order */
    struct text value;
};
struct members {
    struct member *list;
    size_t count, capacity;
};

static const char *write_value(const char *at, struct text *text);

static const char *skip_blanks(const char *at)
{
    return at + strspn(at, " \t\r\n");
}

static const char *string_end(const char *at)
{
    at++;
    while (*at != '"' && *at != '\0') {
        at += at[0] == '\\' && at[1] != '\0' ? 2 : 1;
    }
    return *at == '"' ? at + 1 : at;
}

static int compare_members(const void *a, const void *b)
{
    const struct member *left = a;
    const struct member *right = b;
    size_t common = left->key_length < right->key_length ? left->key_length : right->key_length;
    int order = memcmp(left->key, right->key, common);
    if (order != 0) {
        return order;
    }
    if (left->key_length != right->key_length) {
        return left->key_length < right->key_length ? -1 : 1;
    }
    return left->position < right->position ? -1 : 1;
}

static const char *read_members(const char *at, struct members *members)
{
    at = skip_blanks(at);
    while (*at == '"') {
        members->list = memory_grow(members->list, members->count, &members->capacity, sizeof *members->list);
        struct member *member = &members->list[members->count];
        const char *end = string_end(at);
        *member = (struct member){.key = at, .key_length = (size_t)(end - at), .position = members->count++};
        at = skip_blanks(end);
        at = write_value(*at == ':' ? at + 1 : at, &member->value);
        at = skip_blanks(at);
        at = skip_blanks(*at == ',' ? at + 1 : at);
    }
    return *at == '}' ? at + 1 : at;
}

static const char *write_object(const char *at, struct text *text)
{
    struct members members = {0};
    at = read_members(at + 1, &members);
    if (members.count > 0) {
        qsort(members.list, members.count, sizeof *members.list, compare_members);
    }
    text_append_char(text, '{');
    for (size_t i = 0; i < members.count; i++) {
        struct member *member = &members.list[i];
        text_append_bytes(text, member->key, member->key_length);
        text_append_char(text, ':');
        text_append(text, text_string(&member->value));
        text_append_char(text, ',');
        text_clear(&member->value);
    }
    text_append_char(text, '}');
    memory_free(members.list);
    return at;
}

static const char *write_array(const char *at, struct text *text)
{
    text_append_char(text, '[');
    at = skip_blanks(at + 1);
    while (*at != ']' && *at != '\0') {
        at = skip_blanks(write_value(at, text));
        text_append_char(text, ',');
        at = skip_blanks(*at == ',' ? at + 1 : at);
    }
    text_append_char(text, ']');
    return *at == ']' ? at + 1 : at;
}

/* What it is given was accepted by the parser; it only has to end, whatever comes. */
static const char *write_value(const char *at, struct text *text)
{
    at = skip_blanks(at);
    if (*at == '{') {
        return write_object(at, text);
    }
    if (*at == '[') {
        return write_array(at, text);
    }
    const char *end = *at == '"' ? string_end(at) : at + strcspn(at, ",]} \t\r\n");
    text_append_bytes(text, at, (size_t)(end - at));
    return end == at && *at != '\0' ? at + 1 : end;
}

bool template_canonical_json(const char *body, struct text *ret_text)
{
    if (*skip_blanks(body) != '{') {
        return false;
    }
    struct json *root = json_parse(body, strlen(body), NULL);
    if (root == NULL) {
        return false;
    }
    json_free(root);
    write_value(body, ret_text);
    return true;
}
