/* inventory.h - the nouns of what could run: suites, stacks, accounts, and the inventory that holds them.
 *
 * Plain data, in the inventory's arena, read-only once assembled. Indices are stable: suites[i], stacks[i],
 * accounts[i] are named by i everywhere (plan, effects, events). */
#ifndef ITRUN_MODEL_INVENTORY_H
#define ITRUN_MODEL_INVENTORY_H
#include "itrun/base/hash.h"
#include "itrun/base/memory.h"
#include "itrun/model/retries.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NO_INDEX ((size_t)-1)

struct pair {
    const char *name;
    const char *value;
};

/* What past runs teach about a suite (history/); zero: never seen. */
struct estimate {
    int64_t expected_ms; /* 0 when not known */
    bool is_known;
    bool has_failed_last;
    size_t case_count; /* of the last passed run; 0: unknown */
};

struct suite {
    const char *name;      /* "api/tests/api/orders/test_x.py", or the declared name */
    const char *group;     /* the declared suite it came from: "api" */
    const char *framework; /* "pytest", "mocha", "command" */
    const char *command;   /* replaces the framework's launcher; for "command" what to run; may be NULL */
    const char *file;      /* relative to cwd, or NULL when the suite is a whole command */
    const char *source;    /* `file` relative to the configuration's directory, or NULL */
    const char *cwd;       /* absolute */
    const struct pair *env;
    size_t env_count;
    const char *report;  /* declared report, relative to cwd, or NULL */
    const size_t *needs; /* stacks, dependencies included, in deploy order */
    size_t need_count;
    int64_t timeout_ms; /* 0: none */
    struct retries retries;
    const char *const *tags;
    size_t tag_count;
    struct estimate estimate;
    const char *repeat_of; /* --repeat: the name of the suite that this is one execution of; NULL: none */
    size_t repeat;         /* which one, from 1 */
    uint64_t seed_offset;  /* what is added to the run's seed for it */
};

enum stack_kind { STACK_TEMPLATE, STACK_COMMAND };

struct stack_parameter {
    const char *name;
    const char *value;  /* literal, or NULL: */
    size_t from_stack;  /* then this stack's ... */
    const char *output; /* ... output of this key */
};

/* One named ingredient of a fingerprint: "template", "parameter Stage", "file services/billing/x.js". */
struct fingerprint_part {
    const char *name;
    char digest[HASH_HEX_SIZE];
};

struct stack {
    const char *name;       /* in the configuration */
    const char *stack_name; /* in CloudFormation */
    enum stack_kind kind;
    const char *template_path; /* TEMPLATE: as in the configuration */
    const char *template_body; /* TEMPLATE: its bytes */
    const char *command;       /* COMMAND */
    const char *cwd;           /* COMMAND: absolute */
    const struct stack_parameter *parameters;
    size_t parameter_count;
    const size_t *depends; /* direct */
    size_t depend_count;
    size_t level;                         /* 0: depends on nothing */
    int64_t timeout_ms;                   /* of one deploy */
    bool is_parallel;                     /* COMMAND: may run several times at once in its directory */
    const struct fingerprint_part *parts; /* what does not depend on the account: template, literals, files */
    size_t part_count;
};

/* What the ledger recorded about an account when the plan is made: a hint, never the truth. */
struct holding {
    size_t stack;
    bool is_current; /* its static parts are the recorded ones */
};

struct account {
    const char *id;    /* 12 digits; never printed in reports */
    const char *alias; /* "account-017" */
    const char *role_arn;
    const char *region;
    bool is_local; /* provider local: a directory, no AWS, no lease */
    const struct holding *holdings;
    size_t holding_count;
};

struct inventory {
    struct arena *arena;
    const char *project;
    const char *root; /* the configuration's directory, absolute */
    const char *config_path;
    const char *endpoint; /* AWS_ENDPOINT_URL of this run, or NULL */
    const char *commit;   /* or NULL outside git */
    const char *branch;
    bool is_dirty;
    const char *base, *base_commit, *job, *job_url; /* of the CI job, or NULL */
    struct suite *suites;
    size_t suite_count;
    struct stack *stacks;
    size_t stack_count;
    struct account *accounts;
    size_t account_count;
    int64_t shard_timeout_ms; /* 0: none */
};

/* The name in the configuration, whichever execution it is. */
const char *suite_own_name(const struct suite *suite);
const struct suite *inventory_find_suite(const struct inventory *inventory, const char *name,
                                         size_t *ret_index);
const struct stack *inventory_find_stack(const struct inventory *inventory, const char *name,
                                         size_t *ret_index);
#endif
