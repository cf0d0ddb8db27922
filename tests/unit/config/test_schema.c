/* The published schema and the parser's tables say the same. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include "itrun/base/json.h"
#include "itrun/base/pattern.h"
#include "keys.h"
#include "sample.h"

static struct json *schema_read(void)
{
    size_t length = 0;
    char *bytes = sample_read("../../include/itrun/config.schema.json", &length);
    struct error error = {0};
    struct json *schema = json_parse(bytes, length, &error);
    cr_assert_not_null(schema, "%s", error.what);
    memory_free(bytes);
    return schema;
}

static const struct json *schema_of(const struct json *schema, const struct key_table *table)
{
    return table->schema[0] ? json_get(json_get(schema, "$defs"), table->schema) : schema;
}

/* Most values may come from the environment instead: anyOf [the value, a substitution]. */
static const struct json *value_of(const struct json *property)
{
    const struct json *choices = json_get(property, "anyOf");
    return choices ? json_first(choices) : property;
}

static bool list_has(const struct json *list, const char *name)
{
    for (const struct json *entry = json_first(list); entry; entry = json_next(entry)) {
        if (string_equal(json_string(entry, NULL), name))
            return true;
    }
    return false;
}

Test(schema, it_is_of_draft_2020_12)
{
    struct json *schema = schema_read();
    cr_assert_str_eq(json_get_string(schema, "$schema", ""), "https://json-schema.org/draft/2020-12/schema");
    json_free(schema);
}

Test(schema, it_has_the_keys_of_the_parser_and_no_others)
{
    struct json *schema = schema_read();
    for (size_t t = 0; key_tables[t]; t++) {
        const struct key_table *table = key_tables[t];
        const struct json *object = schema_of(schema, table);
        const struct json *properties = json_get(object, "properties");
        cr_assert_not_null(properties, "%s is not in the schema", table->owner);
        cr_assert_str_eq(json_get_string(object, "type", ""), "object");
        cr_assert_eq(json_get_bool(object, "additionalProperties", true), false, "%s takes any key",
                     table->owner);
        cr_assert_eq(json_count(properties), table->count, "%s: the schema has %zu keys, the parser %zu",
                     table->owner, json_count(properties), table->count);
        for (size_t i = 0; i < table->count; i++)
            cr_assert_not_null(json_get(properties, table->keys[i].name), "%s has no %s in the schema",
                               table->owner, table->keys[i].name);
    }
    json_free(schema);
}

Test(schema, the_same_keys_are_required)
{
    struct json *schema = schema_read();
    size_t required_count = 0;
    for (size_t t = 0; key_tables[t]; t++) {
        const struct json *required = json_get(schema_of(schema, key_tables[t]), "required");
        for (size_t i = 0; i < key_tables[t]->count; i++) {
            const struct key *key = &key_tables[t]->keys[i];
            cr_assert_eq(list_has(required, key->name), key->is_required, "%s of %s", key->name,
                         key_tables[t]->owner);
            required_count += key->is_required;
        }
    }
    cr_assert_geq(required_count, 6);
    json_free(schema);
}

static const char *type_name(enum key_kind kind)
{
    switch (kind) {
    case KEY_STRING: return "string";
    case KEY_DURATION: return "string";
    case KEY_INTEGER:
    case KEY_INTEGER_OR_MAPPING:
    case KEY_COUNT: return "integer";
    case KEY_BOOL: return "boolean";
    case KEY_STRINGS:
    case KEY_LIST: return "array";
    case KEY_STRING_OR_LIST: return "string";
    case KEY_MAPPING: return "object";
    }
    return "";
}

static void key_compare(const struct json *schema, const struct key *key, const struct json *property)
{
    const char *reference = json_get_string(property, "$ref", NULL);
    if (key->kind == KEY_DURATION)
        cr_assert_str_eq(reference ? reference : "", "#/$defs/duration", "%s", key->name);
    if (reference)
        property = json_get(json_get(schema, "$defs"), reference + strlen("#/$defs/"));
    const struct json *value = value_of(property);
    cr_assert_str_eq(json_get_string(value, "type", ""), type_name(key->kind), "%s", key->name);
    if (key->kind == KEY_STRINGS)
        value = value_of(json_get(value, "items"));
    const char *pattern = json_get_string(value, "pattern", NULL);
    if (key->kind != KEY_DURATION)
        cr_assert(string_equal(pattern, key->pattern), "the pattern of %s is %s", key->name, pattern);
    if (key->kind == KEY_INTEGER || key->kind == KEY_COUNT || key->kind == KEY_INTEGER_OR_MAPPING) {
        cr_assert_eq(json_get_int(value, "minimum", -1), key->least, "%s", key->name);
        cr_assert_eq(json_get_int(value, "maximum", -1), key->most, "%s", key->name);
    }
    const struct json *choices = json_get(value, "enum");
    cr_assert_eq(choices != NULL, key->choices != NULL, "%s", key->name);
    size_t count = 0;
    for (; key->choices && key->choices[count]; count++)
        cr_assert(list_has(choices, key->choices[count]), "%s: %s", key->name, key->choices[count]);
    cr_assert_eq(json_count(choices), count, "%s", key->name);
}

Test(schema, types_patterns_limits_and_choices_are_the_same)
{
    struct json *schema = schema_read();
    for (size_t t = 0; key_tables[t]; t++) {
        const struct json *properties = json_get(schema_of(schema, key_tables[t]), "properties");
        for (size_t i = 0; i < key_tables[t]->count; i++)
            key_compare(schema, &key_tables[t]->keys[i], json_get(properties, key_tables[t]->keys[i].name));
    }
    json_free(schema);
}

Test(schema, free_names_have_the_same_patterns)
{
    struct json *schema = schema_read();
    const struct json *parameters =
        json_get(json_get(schema_of(schema, &keys_stack), "properties"), "parameters");
    cr_assert_str_eq(json_get_string(json_get(parameters, "propertyNames"), "pattern", ""),
                     PATTERN_PARAMETER_NAME);
    const struct json *env = json_get(json_get(schema_of(schema, &keys_suite), "properties"), "env");
    cr_assert_str_eq(json_get_string(json_get(env, "propertyNames"), "pattern", ""), PATTERN_ENV_NAME);
    const struct json *list = json_get(json_get(schema_of(schema, &keys_accounts), "properties"), "list");
    cr_assert_str_eq(json_get_string(value_of(json_get(list, "items")), "pattern", ""), PATTERN_ACCOUNT_ID);
    json_free(schema);
}

Test(schema, it_takes_the_durations_that_the_parser_takes)
{
    static const char *const samples[] = {"90s", "5m", "1h30m", "500ms", "1h1m1s1ms", "0s",   "",    "90",
                                          "s",   "1d", "1m1h",  "-5s",   "5 m",       "1.5h", "1s1s"};
    struct json *schema = schema_read();
    const struct json *value = value_of(json_get(json_get(schema, "$defs"), "duration"));
    struct pattern *pattern = pattern_new(json_get_string(value, "pattern", "("), NULL);
    cr_assert_not_null(pattern);
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        int64_t ms = 0;
        size_t length = strlen(samples[i]);
        bool is_taken = pattern_matches(pattern, samples[i], length) &&
                        length >= (size_t)json_get_int(value, "minLength", 0);
        cr_assert_eq(is_taken, duration_parse(samples[i], &ms), "%s", samples[i]);
    }
    pattern_free(pattern);
    json_free(schema);
}
