/* keys.h - the tables that say which keys a configuration has. The published schema must say the same: a test
 * compares them. A new key is a line here, a line in config.schema.json and a field in config.h. */
#ifndef ITRUN_CONFIG_KEYS_H
#define ITRUN_CONFIG_KEYS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum key_kind {                         /* what is written / what it fills */
                KEY_STRING,             /* one scalar, not empty / const char * */
                KEY_DURATION,           /* 90s / int64_t ms */
                KEY_INTEGER,            /* 3 / int */
                KEY_INTEGER_OR_MAPPING, /* 3 / int; a mapping is read by code of its own */
                KEY_COUNT,              /* 3 / size_t */
                KEY_BOOL,               /* true or false / bool */
                KEY_STRINGS,            /* [a, b] / const char *const * and size_t */
                KEY_STRING_OR_LIST,     /* a or [a, b] / the same */
                KEY_MAPPING,            /* read by code of its own; only its shape is checked here */
                KEY_LIST                /* likewise */
};
struct key {
    const char *name;
    enum key_kind kind;
    bool is_required;
    size_t offset, count_offset; /* in the struct that is filled; KEY_NOWHERE: only checked */
    int64_t least, most;         /* of DURATION, INTEGER, COUNT; most 0: no limit */
    const char *pattern;         /* of STRING and of the entries of STRINGS; NULL: any */
    const char *const *choices;  /* of STRING; ends with NULL; NULL: any */
    const char *advice;          /* how a right value looks: the hint */
};
struct key_table {
    const char *owner;  /* "a suite" */
    const char *schema; /* its place in the schema's $defs; "": the root */
    const struct key *keys;
    size_t count;
};
#define KEY_NOWHERE ((size_t)-1)

extern const struct key_table keys_root, keys_accounts, keys_account, keys_stack, keys_output, keys_suite,
    keys_shards, keys_retries, keys_gate, keys_quarantine;
enum { QUARANTINE_EXPIRES = 3 };                   /* its place in keys_quarantine */
extern const struct key_table *const key_tables[]; /* ends with NULL */
extern const char *const provider_names[], *const config_framework_names[];

/* Shared with the code that reads free keys; the schema has them too. */
#define PATTERN_ACCOUNT_ID     "^[0-9]{12}$"
#define PATTERN_PARAMETER_NAME "^[A-Za-z0-9]{1,255}$"
#define PATTERN_ENV_NAME       "^[A-Za-z_][A-Za-z0-9_]*$"
#define PATTERN_OUTPUT         "^[A-Za-z0-9][A-Za-z0-9_-]*\\.[A-Za-z0-9]+$"
#define PATTERN_STACK_NAME     "^[A-Za-z][A-Za-z0-9-]{0,127}$"
#endif
