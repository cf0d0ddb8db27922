/* command_line.h - argv to options: one table of options, one of commands; unknown words get the nearest
 * known one.
 *
 * Options may stand before or after the command and its arguments; "--" ends them. A wrong line is kind USAGE
 * (exit 2). Borrows argv. */
#ifndef ITRUN_CLI_COMMAND_LINE_H
#define ITRUN_CLI_COMMAND_LINE_H
#include "itrun/base/error.h"
#include "itrun/base/text.h"
#include <stddef.h>
#include <stdint.h>

struct options {
    const char *config;
    const char *filter, *tag, *test;
    const char *output;
    const char *junit, *metrics, *summary, *trace, *html, *markdown, *otlp, *ctrf;
    const char *progress, *color;
    const char *ci; /* auto or none */
    const char *account;
    const char *suite;
    int64_t shards, jobs, retries, fail_fast, shard;
    const char *base; /* of gate: a commit */
    int64_t max_age_ms;
    int64_t timeout_ms, shard_timeout_ms, suite_timeout_ms;
    const char *seed;
    const char *retry_budget;
    int64_t repeat; /* 0: not given */
    bool is_until_fail;
    int64_t hold_ms;
    bool is_watch, is_failed_first;
    bool is_junit_strict, is_local, is_force, is_github_status, is_force_deploy, is_no_deploy, is_failed,
        is_json, is_help, is_version;
    const char **words; /* positional arguments after the command */
    size_t word_count;
    const char **rest; /* what stood after "--", also a part of words; NULL: there was no "--" */
    size_t rest_count;
};

/* Which options a command takes: a set of these. */
enum option_group {
    GROUP_ALWAYS = 1,    /* --help, --json, -c, --output, --color */
    GROUP_SELECT = 2,    /* --filter, --tag, --test */
    GROUP_RUN = 4,       /* shards, jobs, timeouts, retries, seed, deploys, progress */
    GROUP_REPORTS = 8,   /* --junit, --junit-strict, --metrics, --summary, --trace, --html, --ctrf, --otlp */
    GROUP_RERUN = 16,    /* --failed, --shard, --suite, --test */
    GROUP_ACCOUNT = 32,  /* --account */
    GROUP_WATCH = 4096,  /* --watch */
    GROUP_SHELL = 256,   /* --shard, --suite, --seed, --no-deploy, --force-deploy */
    GROUP_STATUS = 2048, /* --github-status */
    GROUP_INIT = 512,    /* --local, --force */
    GROUP_GATE = 1024    /* --max-age, --base */
};

enum option_kind { OPTION_FLAG, OPTION_STRING, OPTION_COUNT, OPTION_DURATION, OPTION_COUNT_OR_ONE };
struct option {
    const char *name;
    char letter; /* 0: none */
    enum option_kind kind;
    unsigned groups;   /* of commands that take it */
    size_t offset;     /* in struct options */
    const char *value; /* how help calls it; "a|b" are all it can be; NULL: none */
    const char *help;
};
/* The one table: what the parser, --help, the manual and the completions are made of. */
const struct option *command_line_options(size_t *ret_count);

struct command {
    const char *name;
    const char *arguments; /* "[SUITE…]" */
    const char *summary;   /* one line */
    unsigned groups;
    int (*run)(const struct options *options); /* returns the exit code */
};
extern const struct command *const commands[]; /* NULL-terminated */

/* ret_options->words is memory_new'ed (command_line_clear). */
bool command_line_parse(int argc, char **argv, const struct command **ret_command,
                        struct options *ret_options, struct error *error);
/* The options of these groups that differ from what no option gives, as words ("--shards=4"). */
void command_line_again(const struct options *options, unsigned groups,
                        void (*add)(void *context, const char *word), void *context);
void command_line_clear(struct options *options);
void command_line_help(const struct command *command, struct text *text); /* NULL: of itrun itself */
#endif
