/* json.h - JSON in (a tree, through cJSON) and out (a streaming writer into a text).
 *
 * Integers beyond 2^53 do not survive cJSON: account ids, tokens and fences are strings, times are
 * microseconds. Reading: keys are case-sensitive, the whole input must be one value, missing keys give the
 * fallback. The writer escapes (invalid UTF-8 becomes U+FFFD), places commas and checks balance (MUST). */
#ifndef ITRUN_BASE_JSON_H
#define ITRUN_BASE_JSON_H
#include "itrun/base/error.h"
#include "itrun/base/text.h"

struct json; /* one value of a parsed tree; children are borrowed from the root */
struct json *json_parse(const char *bytes, size_t length, struct error *error); /* owner: json_free; NULL */
void json_free(struct json *root);
bool json_is_object(const struct json *value);
bool json_is_array(const struct json *value);
bool json_is_string(const struct json *value);
bool json_is_number(const struct json *value);
bool json_is_bool(const struct json *value);
const struct json *json_get(const struct json *object,
                            const char *key); /* NULL when absent or not an object */
const char *json_get_string(const struct json *object, const char *key, const char *fallback);
int64_t json_get_int(const struct json *object, const char *key, int64_t fallback);
double json_get_double(const struct json *object, const char *key, double fallback);
bool json_get_bool(const struct json *object, const char *key, bool fallback);
size_t json_count(const struct json *array_or_object);
/* Iterate: for (c = json_first(v); c; c = json_next(c)); works on arrays and objects. */
const struct json *json_first(const struct json *array_or_object);
const struct json *json_next(const struct json *child);
const char *json_key(const struct json *child); /* member name, NULL in arrays */
const char *json_string(const struct json *value, const char *fallback);
double json_number(const struct json *value, double fallback);

struct json_writer {
    struct text *text;
    int indent; /* 0: one line; else spaces per level */
    int depth;
    bool is_first[64];
    bool is_object[64];
};
void json_write_begin(struct json_writer *writer, struct text *text, int indent);
void json_write_object(struct json_writer *writer, const char *key); /* key NULL: in an array or the root */
void json_write_array(struct json_writer *writer, const char *key);
void json_write_end(struct json_writer *writer, char closing);                          /* '}' or ']' */
void json_write_string(struct json_writer *writer, const char *key, const char *value); /* NULL -> null */
void json_write_bytes(struct json_writer *writer, const char *key, const char *bytes, size_t length);
void json_write_int(struct json_writer *writer, const char *key, int64_t value);
void json_write_double(struct json_writer *writer, const char *key, double value);
void json_write_bool(struct json_writer *writer, const char *key, bool value);
void json_write_null(struct json_writer *writer, const char *key);
#endif
