#include "command_line.h"
#include "itrun/base/memory.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HELP_COLUMNS 32
#define AT(field)    offsetof(struct options, field)

static const struct option table[] = {
    {"config", 'c', OPTION_STRING, GROUP_ALWAYS, AT(config), "FILE",
     "configuration (default: nearest itrun.yaml upwards)"},
    {"shards", 'n', OPTION_COUNT, GROUP_RUN, AT(shards), "N", "how many isolated accounts to use"},
    {"jobs", 'j', OPTION_COUNT, GROUP_RUN, AT(jobs), "N", "how many suites run at once on this machine"},
    {"filter", 0, OPTION_STRING, GROUP_SELECT, AT(filter), "REGEX", "only suites whose name matches"},
    {"tag", 0, OPTION_STRING, GROUP_SELECT, AT(tag), "TAG", "only suites with this tag"},
    {"test", 0, OPTION_STRING, GROUP_SELECT | GROUP_RERUN, AT(test), "NAME",
     "one test case, where the framework can select"},
    {"timeout", 0, OPTION_DURATION, GROUP_RUN, AT(timeout_ms), "D", "of the whole run (90s, 5m, 1h30m)"},
    {"shard-timeout", 0, OPTION_DURATION, GROUP_RUN, AT(shard_timeout_ms), "D", "of each shard's suites"},
    {"suite-timeout", 0, OPTION_DURATION, GROUP_RUN, AT(suite_timeout_ms), "D",
     "of each attempt, instead of the configured one"},
    {"retries", 0, OPTION_COUNT, GROUP_RUN, AT(retries), "N",
     "further attempts of a suite that did not pass"},
    {"retry-budget", 0, OPTION_STRING, GROUP_RUN, AT(retry_budget), "N or P%",
     "how many retries the run may make: a number, or a share of its suites"},
    {"seed", 0, OPTION_STRING, GROUP_RUN | GROUP_SHELL, AT(seed), "S",
     "the seed suites are given (default: a new one)"},
    {"fail-fast", 0, OPTION_COUNT_OR_ONE, GROUP_RUN, AT(fail_fast), "[=N]", "stop after N bad suites (1)"},
    {"repeat", 0, OPTION_COUNT, GROUP_RUN, AT(repeat), "N",
     "run each suite N times, each with a seed of its own, to hunt a flake"},
    {"until-fail", 0, OPTION_FLAG, GROUP_RUN, AT(is_until_fail), NULL,
     "with --repeat: stop at the first failure"},
    {"failed-first", 0, OPTION_FLAG, GROUP_RUN, AT(is_failed_first), NULL,
     "in each shard, what failed last time before the rest"},
    {"watch", 0, OPTION_FLAG, GROUP_WATCH, AT(is_watch), NULL, "run again whenever a file changes"},
    {"hold-on-fail", 0, OPTION_DURATION, GROUP_RUN, AT(hold_ms), "D",
     "keep the account of a failed suite, as it is, until D after the run"},
    {"force-deploy", 0, OPTION_FLAG, GROUP_RUN | GROUP_SHELL, AT(is_force_deploy), NULL,
     "deploy stacks that are up to date too"},
    {"no-deploy", 0, OPTION_FLAG, GROUP_RUN | GROUP_SHELL, AT(is_no_deploy), NULL,
     "never deploy: a stack that is not up to date fails"},
    {"progress", 0, OPTION_STRING, GROUP_RUN, AT(progress), "auto|bar|plain|none", "what the terminal shows"},
    {"ci", 0, OPTION_STRING, GROUP_RUN | GROUP_REPORTS, AT(ci), "auto|none",
     "look at the CI service's variables, or at none"},
    {"output", 'o', OPTION_STRING, GROUP_ALWAYS, AT(output), "DIR",
     "where runs are kept (default: .itrun beside the config)"},
    {"junit", 0, OPTION_STRING, GROUP_REPORTS, AT(junit), "FILE", "write the JUnit XML there too"},
    {"junit-strict", 0, OPTION_FLAG, GROUP_REPORTS, AT(is_junit_strict), NULL,
     "JUnit XML that Jenkins' junit-10.xsd accepts"},
    {"metrics", 0, OPTION_STRING, GROUP_REPORTS, AT(metrics), "FILE", "write the metrics there too"},
    {"summary", 0, OPTION_STRING, GROUP_REPORTS, AT(summary), "FILE", "write summary.json there too"},
    {"trace", 0, OPTION_STRING, GROUP_REPORTS, AT(trace), "FILE", "write the Chrome trace there too"},
    {"html", 0, OPTION_STRING, GROUP_REPORTS, AT(html), "FILE", "write report.html there too"},
    {"markdown", 0, OPTION_STRING, GROUP_REPORTS, AT(markdown), "FILE",
     "write a page of Markdown there: for a comment or an annotation"},
    {"ctrf", 0, OPTION_STRING, GROUP_REPORTS, AT(ctrf), "FILE",
     "write a Common Test Report Format file there"},
    {"otlp", 0, OPTION_STRING, GROUP_REPORTS, AT(otlp), "FILE",
     "write OpenTelemetry spans there, as OTLP/JSON"},
    {"failed", 0, OPTION_FLAG, GROUP_RERUN, AT(is_failed), NULL,
     "every suite neither passed nor skipped (default)"},
    {"shard", 0, OPTION_COUNT, GROUP_RERUN | GROUP_SHELL, AT(shard), "N",
     "what shard N ran, in that order, in one account"},
    {"suite", 0, OPTION_STRING, GROUP_RERUN | GROUP_SHELL, AT(suite), "SUITE", "this suite of the run"},
    {"local", 0, OPTION_FLAG, GROUP_INIT, AT(is_local), NULL, "without stacks and accounts"},
    {"force", 0, OPTION_FLAG, GROUP_INIT, AT(is_force), NULL, "replace the configuration that is there"},
    {"account", 0, OPTION_STRING, GROUP_ACCOUNT, AT(account), "ID",
     "number or alias (default: the first of the pool)"},
    {"github-status", 0, OPTION_FLAG, GROUP_STATUS, AT(is_github_status), NULL,
     "post a commit status for each group of suites (GITHUB_TOKEN)"},
    {"max-age", 0, OPTION_DURATION, GROUP_GATE, AT(max_age_ms), "D",
     "results may be so old, instead of as configured"},
    {"base", 0, OPTION_STRING, GROUP_GATE, AT(base), "COMMIT", "the base branch must have been there"},
    {"json", 0, OPTION_FLAG, GROUP_ALWAYS, AT(is_json), NULL, "data as JSON"},
    {"color", 0, OPTION_STRING, GROUP_ALWAYS, AT(color), "auto|always|never", "colours"},
    {"help", 'h', OPTION_FLAG, GROUP_ALWAYS, AT(is_help), NULL, "this text"},
    {"version", 'V', OPTION_FLAG, GROUP_ALWAYS, AT(is_version), NULL, "the version"},
};
#define OPTION_TOTAL (sizeof table / sizeof *table)

const struct option *command_line_options(size_t *ret_count)
{
    *ret_count = OPTION_TOTAL;
    return table;
}

struct parser {
    int argc, position;
    char **argv;
    struct options *options;
    const struct command *command;
    const struct option *given[64];
    size_t given_count;
    struct error *error;
};

static const struct option *find_long(const char *name, size_t length)
{
    for (size_t i = 0; i < OPTION_TOTAL; i++) {
        if (strlen(table[i].name) == length && strncmp(table[i].name, name, length) == 0) {
            return &table[i];
        }
    }
    return NULL;
}

static const struct option *find_letter(char letter)
{
    for (size_t i = 0; i < OPTION_TOTAL; i++) {
        if (table[i].letter != 0 && table[i].letter == letter) {
            return &table[i];
        }
    }
    return NULL;
}

static bool unknown_option(struct parser *parser, const char *word, size_t length)
{
    const char *names[OPTION_TOTAL];
    for (size_t i = 0; i < OPTION_TOTAL; i++) {
        names[i] = table[i].name;
    }
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)(length < 60 ? length : 60), word);
    error_set(parser->error, ERROR_USAGE, "unknown option --%s", name);
    const char *near = nearest_name(name, names, OPTION_TOTAL);
    return near != NULL ? error_hint(parser->error, "did you mean --%s?", near)
                        : error_hint(parser->error, "itrun --help lists them");
}

static bool store_count(struct parser *parser, const struct option *option, const char *value, int64_t *ret)
{
    char *end = NULL;
    errno = 0;
    long long number = strtoll(value, &end, 10);
    if (errno != 0 || end == value || *end != '\0' || number < 0 || number > 1000000000) {
        error_set(parser->error, ERROR_USAGE, "--%s wants a whole number, not '%s'", option->name, value);
        return error_hint(parser->error, "for example --%s 4", option->name);
    }
    *ret = number;
    return true;
}

/* "auto|bar|plain|none" */
static bool is_choice(const char *choices, const char *value)
{
    size_t length = strlen(value);
    for (const char *c = choices; c != NULL; c = strchr(c, '|'), c += c != NULL) {
        if (strcspn(c, "|") == length && strncmp(c, value, length) == 0) {
            return true;
        }
    }
    return false;
}

static bool store_string(struct parser *parser, const struct option *option, const char *value,
                         const char **ret)
{
    if (strchr(option->value, '|') != NULL && !is_choice(option->value, value)) {
        error_set(parser->error, ERROR_USAGE, "--%s does not know '%s'", option->name, value);
        return error_hint(parser->error, "one of %s", option->value);
    }
    *ret = value;
    return true;
}

static bool store_value(struct parser *parser, const struct option *option, const char *value)
{
    char *field = (char *)parser->options + option->offset;
    if (parser->given_count < sizeof parser->given / sizeof *parser->given) {
        parser->given[parser->given_count++] = option;
    }
    switch (option->kind) {
    case OPTION_FLAG: *(bool *)(void *)field = true; return true;
    case OPTION_STRING: return store_string(parser, option, value, (const char **)(void *)field);
    case OPTION_COUNT:
    case OPTION_COUNT_OR_ONE: return store_count(parser, option, value, (int64_t *)(void *)field);
    case OPTION_DURATION: break;
    }
    if (!duration_parse(value, (int64_t *)(void *)field)) {
        error_set(parser->error, ERROR_USAGE, "--%s wants a duration, not '%s'", option->name, value);
        return error_hint(parser->error, "for example 90s, 5m, 1h30m or 500ms");
    }
    return true;
}

static bool take_option(struct parser *parser, const struct option *option, const char *attached)
{
    if (option->kind == OPTION_FLAG) {
        if (attached != NULL) {
            return error_set(parser->error, ERROR_USAGE, "--%s takes no value", option->name);
        }
        return store_value(parser, option, NULL);
    }
    if (option->kind == OPTION_COUNT_OR_ONE && attached == NULL) {
        return store_value(parser, option, "1");
    }
    if (attached == NULL && parser->position + 1 < parser->argc) {
        attached = parser->argv[++parser->position];
    }
    if (attached == NULL) {
        return error_set(parser->error, ERROR_USAGE, "--%s wants a value: %s", option->name, option->value);
    }
    return store_value(parser, option, attached);
}

static bool take_word(struct parser *parser, const char *word)
{
    if (parser->command == NULL) {
        for (size_t i = 0; commands[i] != NULL; i++) {
            if (strcmp(commands[i]->name, word) == 0) {
                parser->command = commands[i];
                return true;
            }
        }
        const char *names[64];
        size_t count = 0;
        while (commands[count] != NULL && count < 64) {
            names[count] = commands[count]->name;
            count++;
        }
        error_set(parser->error, ERROR_USAGE, "unknown command '%s'", word);
        const char *near = nearest_name(word, names, count);
        return near != NULL
                   ? error_hint(parser->error, "did you mean 'itrun %s'? A suite is run by 'itrun run %s'",
                                near, word)
                   : error_hint(parser->error, "itrun --help lists them; a suite is run by 'itrun run %s'",
                                word);
    }
    parser->options->words[parser->options->word_count++] = word;
    return true;
}

static bool take_argument(struct parser *parser)
{
    const char *word = parser->argv[parser->position];
    if (strncmp(word, "--", 2) == 0) {
        const char *equals = strchr(word, '=');
        size_t length = equals != NULL ? (size_t)(equals - word) - 2 : strlen(word) - 2;
        const struct option *option = find_long(word + 2, length);
        return option == NULL ? unknown_option(parser, word + 2, length)
                              : take_option(parser, option, equals != NULL ? equals + 1 : NULL);
    }
    if (word[0] == '-' && word[1] != '\0') {
        const struct option *option = find_letter(word[1]);
        if (option == NULL) {
            error_set(parser->error, ERROR_USAGE, "unknown option -%c", word[1]);
            return error_hint(parser->error, "itrun --help lists them");
        }
        return take_option(parser, option, word[2] != '\0' ? word + 2 : NULL);
    }
    return take_word(parser, word);
}

static bool check_groups(struct parser *parser)
{
    for (size_t i = 0; i < parser->given_count; i++) {
        if ((parser->given[i]->groups & parser->command->groups) == 0) {
            error_set(parser->error, ERROR_USAGE, "'itrun %s' has no option --%s", parser->command->name,
                      parser->given[i]->name);
            return error_hint(parser->error, "itrun %s --help lists them", parser->command->name);
        }
    }
    return true;
}

static const struct command *default_command(void)
{
    for (size_t i = 0; commands[i] != NULL; i++) {
        if (strcmp(commands[i]->name, "run") == 0) {
            return commands[i];
        }
    }
    return NULL;
}

bool command_line_parse(int argc, char **argv, const struct command **ret_command,
                        struct options *ret_options, struct error *error)
{
    *ret_options = (struct options){.retries = -1, .fail_fast = 0};
    ret_options->words = memory_new((size_t)(argc + 1) * sizeof *ret_options->words);
    struct parser parser = {
        .argc = argc, .position = 1, .argv = argv, .options = ret_options, .error = error};
    bool are_words_only = false;
    for (; parser.position < argc; parser.position++) {
        if (!are_words_only && strcmp(argv[parser.position], "--") == 0) {
            are_words_only = true;
            ret_options->rest = ret_options->words + ret_options->word_count;
        } else if (!(are_words_only ? take_word(&parser, argv[parser.position]) : take_argument(&parser))) {
            return false;
        }
    }
    const char **end = ret_options->words + ret_options->word_count;
    ret_options->rest_count = ret_options->rest != NULL ? (size_t)(end - ret_options->rest) : 0;
    bool is_about_itrun = parser.command == NULL && (ret_options->is_help || ret_options->is_version);
    *ret_command = parser.command;
    if (is_about_itrun) {
        return true;
    }
    if (parser.command == NULL) {
        parser.command = default_command();
        *ret_command = parser.command;
    }
    return check_groups(&parser);
}

static bool write_option(const struct options *options, const struct option *option, struct text *text)
{
    static const struct options unset = {.retries = -1};
    const char *field = (const char *)options + option->offset;
    const char *string = NULL;
    int64_t number = 0, usual = 0;
    switch (option->kind) {
    case OPTION_FLAG:
        text_append_format(text, "--%s", option->name);
        return *(const bool *)(const void *)field;
    case OPTION_STRING:
        memcpy(&string, field, sizeof string);
        text_append_format(text, "--%s=%s", option->name, string != NULL ? string : "");
        return string != NULL;
    case OPTION_COUNT:
    case OPTION_COUNT_OR_ONE:
    case OPTION_DURATION: break;
    }
    memcpy(&number, field, sizeof number);
    memcpy(&usual, (const char *)&unset + option->offset, sizeof usual);
    text_append_format(text, "--%s=%lld%s", option->name, (long long)number,
                       option->kind == OPTION_DURATION ? "ms" : "");
    return number != usual;
}

void command_line_again(const struct options *options, unsigned groups,
                        void (*add)(void *context, const char *word), void *context)
{
    for (size_t i = 0; i < OPTION_TOTAL; i++) {
        struct text text = {0};
        if ((table[i].groups & groups) != 0 && write_option(options, &table[i], &text)) {
            add(context, text_string(&text));
        }
        text_clear(&text);
    }
}

void command_line_clear(struct options *options)
{
    memory_free(options->words);
    options->words = NULL;
}

/* "…" is one column and three bytes. */
static size_t columns_of(const struct text *text)
{
    size_t columns = 0;
    for (size_t i = 0; i < text->length; i++) {
        columns += ((unsigned char)text->bytes[i] & 0xC0) != 0x80;
    }
    return columns;
}

static void help_line(const struct text *left, const char *right, struct text *text)
{
    size_t columns = columns_of(left);
    text_append_format(text, "  %s%*s %s\n", text_string(left),
                       columns < HELP_COLUMNS ? (int)(HELP_COLUMNS - columns) : 0, "", right);
}

static void help_options(unsigned groups, struct text *text)
{
    for (size_t i = 0; i < OPTION_TOTAL; i++) {
        const struct option *option = &table[i];
        if ((option->groups & groups) == 0) {
            continue;
        }
        struct text left = {0};
        if (option->letter != 0) {
            text_append_format(&left, "-%c, ", option->letter);
        }
        text_append_format(&left, "--%s%s%s", option->name,
                           option->kind == OPTION_FLAG || option->kind == OPTION_COUNT_OR_ONE ? "" : " ",
                           option->value != NULL ? option->value : "");
        help_line(&left, option->help, text);
        text_clear(&left);
    }
}

void command_line_help(const struct command *command, struct text *text)
{
    if (command != NULL) {
        text_append_format(text, "itrun %s %s\n%s\n\n", command->name, command->arguments, command->summary);
        help_options(command->groups, text);
        return;
    }
    text_append(
        text, "itrun - runs integration test suites in parallel, each shard in an AWS account of its own\n\n"
              "usage: itrun [COMMAND] [OPTIONS]     (itrun alone means itrun run)\n\n");
    for (size_t i = 0; commands[i] != NULL; i++) {
        struct text left = {0};
        text_append_format(&left, "%s %s", commands[i]->name, commands[i]->arguments);
        help_line(&left, commands[i]->summary, text);
        text_clear(&left);
    }
    text_append(
        text,
        "\nitrun COMMAND --help lists a command's options.\n"
        "exit codes: 0 passed, 1 tests failed, 2 usage or configuration, 3 only infrastructure failed,\n"
        "4 nothing selected, 5 could not record, 6 incomplete, 124 timeout of the run, 130/143 stopped\n");
}
