/* config.h - itrun.yaml as plain data, and what is wrong with it at file:line:col.
 *
 * Decides what is valid; does not look at files, accounts or the environment but through `lookup`.
 * `${env:NAME}` and `${env:NAME:-default}` are expanded in every string. Every error names file:line:col,
 * shows the line with a caret and hints at the nearest valid name; all errors of a file are collected, the
 * first is in *error. Owns: everything in config->arena; config_free. */
#ifndef ITRUN_CONFIG_H
#define ITRUN_CONFIG_H
#include "itrun/model/gate_policy.h"
#include "itrun/model/inventory.h"
#include "itrun/base/error.h"
#include "itrun/base/text.h"

struct config_mark { /* 1-based */
    int line, column;
};
enum accounts_provider { ACCOUNTS_LOCAL, ACCOUNTS_LIST, ACCOUNTS_ORGANIZATIONS };
struct config_account { /* provider list */
    const char *id;
    const char *alias; /* NULL: account-NNN by position */
};
struct config_accounts {
    enum accounts_provider provider;
    const char *organizational_unit;
    const char *role; /* name or ARN with {account} */
    const char *region;
    const char *store;    /* "sqlite:PATH" or NULL */
    const char *endpoint; /* optional; AWS_ENDPOINT_URL of the environment otherwise */
    const struct config_account *list;
    size_t list_count;
    int64_t lease_ms; /* optional `lease: 60s`; 0: default */
};
struct config_parameter {
    const char *name, *value, *stack, *output; /* value, or stack + output */
    struct config_mark mark;
};
struct config_stack {
    const char *name, *stack_name, *template_path, *command, *cwd;
    const char *const *depends;
    size_t depend_count;
    const struct config_parameter *parameters;
    size_t parameter_count;
    const char *const *inputs; /* globs, "!" negates */
    size_t input_count;
    int64_t timeout_ms; /* default 30 min */
    bool is_parallel, is_copied;
    struct config_mark mark;
};
struct config_suite {
    const char *name, *framework, *command, *cwd, *report;
    const char *const *files; /* globs, "!" negates; none: one suite, the command */
    size_t file_count;
    const struct pair *env;
    size_t env_count;
    const char *const *needs;
    size_t need_count;
    const char *const *tags;
    size_t tag_count;
    int64_t timeout_ms; /* 0: none given */
    struct retries retries;
    struct config_mark mark;
};
struct config {
    struct arena *arena;
    const char *path; /* as given */
    const char *project;
    struct config_accounts accounts;
    struct config_stack *stacks;
    size_t stack_count;
    struct config_suite *suites;
    size_t suite_count;
    int64_t shard_timeout_ms; /* 0: none */
    size_t shard_count;       /* optional `shards: {count: N}`; 0: none */
    const char *retry_budget; /* "20", "5%" (retries.h); NULL: none */
    struct gate_policy gate;
    const char *source; /* the bytes it was read from, for config_show */
    size_t source_length;
};
/* lookup returns the value of an environment variable or NULL; context is passed through.
 * report collects every problem, one after another, as they are to be shown; may be NULL. */
typedef const char *config_lookup(void *context, const char *name);
struct config *config_parse(const char *path, const char *bytes, size_t length, config_lookup *lookup,
                            void *context, struct text *report, struct error *error);
void config_free(struct config *config);
/* For problems that are found later (an empty glob): the same form, at a mark of this file. */
bool config_error(struct error *error, const struct config *config, struct config_mark mark,
                  const char *format, ...) __attribute__((format(printf, 4, 5)));
/* Such an error as it is to be shown: the line, the source line with a caret, the hint. Others: one line and
 * hint. */
void config_show(struct text *report, const struct config *config, const struct error *error);

/* --- a first itrun.yaml ----------------------------------------------------------------------------------
 */
/* What is in a repository, for a proposal; looks at files only through `read`. */
struct proposal_input {
    const char *project; /* the folder's name */
    const char *const *paths;
    size_t path_count;  /* sorted, relative, as git lists them */
    const char *region; /* NULL: unknown */
    bool is_local;      /* leave stacks and accounts out */
    /* The file's bytes (memory_free), or NULL. */
    char *(*read)(void *context, const char *path, size_t *ret_length);
    void *context;
};
struct proposal {
    size_t group_count, stack_count;
};
/* Finds tests by the marks of their frameworks and stacks by templates and tools, and writes a configuration
 * that config_parse accepts. A proposal: what cannot be known (a parameter without default) is marked by a
 * comment. */
void config_propose(const struct proposal_input *input, struct text *ret_yaml, struct proposal *ret_proposal);
#endif
