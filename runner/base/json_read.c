/* json_read.c - struct json is cJSON under another name: the pointer is cast, nothing is copied.
 *
 * What cJSON does and this file does not change: of duplicate keys the first wins; a \u0000 ends its string;
 * numbers are doubles. */
#include "itrun/base/json.h"
#include <cjson/cJSON.h>
#include <math.h>
#include <string.h>

static const cJSON *tree(const struct json *value)
{
    return (const cJSON *)value;
}

static const struct json *value_of(const cJSON *item)
{
    return (const struct json *)item;
}

static bool fail_at(struct error *error, const char *bytes, const char *at, const char *what)
{
    int line = 1;
    const char *line_start = bytes;
    for (const char *c = bytes; c < at; c++) {
        if (*c == '\n') {
            line++;
            line_start = c + 1;
        }
    }
    error_set(error, ERROR_INVALID, "%s", what);
    return error_where(error, "%d:%td", line, at - line_start + 1);
}

static const char *skip_blanks(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\r' || *at == '\n'))
        at++;
    return at;
}

struct json *json_parse(const char *bytes, size_t length, struct error *error)
{
    const char *end = bytes + length;
    const char *at = skip_blanks(bytes, end);
    if (at == end) {
        fail_at(error, bytes, end, "JSON is empty");
        return NULL;
    }
    const char *stopped = at;
    cJSON *root = cJSON_ParseWithLengthOpts(at, (size_t)(end - at), &stopped, false);
    if (!root) {
        fail_at(error, bytes, stopped, "not valid JSON");
        return NULL;
    }
    stopped = skip_blanks(stopped, end);
    if (stopped != end) {
        fail_at(error, bytes, stopped, "something follows the JSON value");
        cJSON_Delete(root);
        return NULL;
    }
    return (struct json *)root;
}

void json_free(struct json *root)
{
    cJSON_Delete((cJSON *)root);
}

bool json_is_object(const struct json *value)
{
    return cJSON_IsObject(tree(value));
}

bool json_is_array(const struct json *value)
{
    return cJSON_IsArray(tree(value));
}

bool json_is_string(const struct json *value)
{
    return cJSON_IsString(tree(value));
}

bool json_is_number(const struct json *value)
{
    return cJSON_IsNumber(tree(value));
}

bool json_is_bool(const struct json *value)
{
    return cJSON_IsBool(tree(value));
}

const struct json *json_get(const struct json *object, const char *key)
{
    /* cJSON would look in arrays too, and its plain variant folds case. */
    return json_is_object(object) ? value_of(cJSON_GetObjectItemCaseSensitive(tree(object), key)) : NULL;
}

const char *json_get_string(const struct json *object, const char *key, const char *fallback)
{
    return json_string(json_get(object, key), fallback);
}

int64_t json_get_int(const struct json *object, const char *key, int64_t fallback)
{
    double number = json_get_double(object, key, NAN);
    /* 2^63 itself does not fit; the comparison is false for NaN. */
    return number >= -0x1p63 && number < 0x1p63 ? (int64_t)number : fallback;
}

double json_get_double(const struct json *object, const char *key, double fallback)
{
    return json_number(json_get(object, key), fallback);
}

bool json_get_bool(const struct json *object, const char *key, bool fallback)
{
    const struct json *value = json_get(object, key);
    return json_is_bool(value) ? cJSON_IsTrue(tree(value)) : fallback;
}

size_t json_count(const struct json *array_or_object)
{
    size_t count = 0;
    for (const struct json *child = json_first(array_or_object); child; child = json_next(child))
        count++;
    return count;
}

const struct json *json_first(const struct json *array_or_object)
{
    bool has_children = json_is_array(array_or_object) || json_is_object(array_or_object);
    return has_children ? value_of(tree(array_or_object)->child) : NULL;
}

const struct json *json_next(const struct json *child)
{
    return value_of(tree(child)->next);
}

const char *json_key(const struct json *child)
{
    return tree(child)->string;
}

const char *json_string(const struct json *value, const char *fallback)
{
    return json_is_string(value) ? tree(value)->valuestring : fallback;
}

double json_number(const struct json *value, double fallback)
{
    return json_is_number(value) ? tree(value)->valuedouble : fallback;
}
