/* itrun completion SHELL - a script that completes commands, options and their values, suites and stacks.
 *
 * Made of the tables that the parser reads. What an option or a command takes is told by its name in --help:
 * "a|b" are words, FILE and DIR are paths, SUITE, STACK and TAG are asked of `itrun list`. */
#include "commands.h"
#include "itrun/base/memory.h"
#include "itrun/model/outcome.h"
#include <stdio.h>
#include <string.h>

enum value_kind { VALUE_NONE, VALUE_WORDS, VALUE_FILE, VALUE_FOLDER, VALUE_SUITE, VALUE_STACK, VALUE_OTHER };

static enum value_kind value_kind_of(const char *value)
{
    if (value == NULL || value[0] == '\0') {
        return VALUE_NONE;
    }
    if (strstr(value, "SUITE") != NULL) {
        return VALUE_SUITE;
    }
    if (strstr(value, "STACK") != NULL) {
        return VALUE_STACK;
    }
    if (strstr(value, "FILE") != NULL || strstr(value, "ARCHIVE") != NULL) {
        return VALUE_FILE;
    }
    if (strcmp(value, "DIR") == 0) {
        return VALUE_FOLDER;
    }
    return strchr(value, '|') != NULL ? VALUE_WORDS : VALUE_OTHER;
}

static bool needs_value(const struct option *option)
{
    return option->kind != OPTION_FLAG && option->kind != OPTION_COUNT_OR_ONE;
}

/* "auto|bar" -> "auto bar" */
static void append_words(const char *value, struct text *text)
{
    for (; *value != '\0'; value++) {
        if (strchr("[]", *value) == NULL) {
            text_append_char(text, *value == '|' ? ' ' : *value);
        }
    }
}

static void append_command_names(struct text *text)
{
    for (size_t i = 0; commands[i] != NULL; i++) {
        text_append(text, i > 0 ? " " : "");
        text_append(text, commands[i]->name);
    }
}

/* ---- bash ---- */

static const char *bash_values_of(enum value_kind kind)
{
    switch (kind) {
    case VALUE_FILE: return "compgen -f -- \"$word\"";
    case VALUE_FOLDER: return "compgen -d -- \"$word\"";
    case VALUE_SUITE: return "compgen -W \"$(\"$1\" list suites 2>/dev/null)\" -- \"$word\"";
    case VALUE_STACK: return "compgen -W \"$(\"$1\" list stacks 2>/dev/null | cut -d' ' -f1)\" -- \"$word\"";
    case VALUE_NONE:
    case VALUE_WORDS:
    case VALUE_OTHER: break;
    }
    return ":";
}

static void bash_values(const char *value, struct text *text)
{
    if (value_kind_of(value) == VALUE_WORDS) {
        text_append(text, "compgen -W \"");
        append_words(value, text);
        text_append(text, "\" -- \"$word\"");
    } else {
        text_append(text, bash_values_of(value_kind_of(value)));
    }
}

static void bash_option_values(struct text *text)
{
    size_t count;
    const struct option *options = command_line_options(&count);
    text_append(text, "  case $before in\n");
    for (size_t i = 0; i < count; i++) {
        if (!needs_value(&options[i])) {
            continue;
        }
        text_append_format(text, "    --%s", options[i].name);
        if (options[i].letter != 0) {
            text_append_format(text, " | -%c", options[i].letter);
        }
        text_append(text, ") COMPREPLY=($(");
        bash_values(options[i].value, text);
        text_append(text, ")); return ;;\n");
    }
    text_append(text, "  esac\n");
}

static void bash_commands(struct text *text)
{
    size_t count;
    const struct option *options = command_line_options(&count);
    text_append(text, "  case ${command:-run} in\n");
    for (size_t i = 0; commands[i] != NULL; i++) {
        text_append_format(text, "    %s)\n      options=\"", commands[i]->name);
        for (size_t k = 0; k < count; k++) {
            if ((options[k].groups & commands[i]->groups) != 0) {
                text_append_format(text, "--%s ", options[k].name);
            }
        }
        text_append(text, "\"\n      _itrun_words() { ");
        bash_values(commands[i]->arguments, text);
        text_append(text, "; } ;;\n");
    }
    text_append(text, "  esac\n");
}

static void bash_script(struct text *text)
{
    text_append(text, "# itrun completion bash > ~/.local/share/bash-completion/completions/itrun\n"
                      "_itrun() {\n"
                      "  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command= "
                      "options= i IFS=$' \\t\\n'\n"
                      "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
                      "    case ${COMP_WORDS[i]} in\n      ");
    for (size_t i = 0; commands[i] != NULL; i++) {
        text_append_format(text, "%s%s", i > 0 ? " | " : "", commands[i]->name);
    }
    text_append(text, ") command=${COMP_WORDS[i]}; break ;;\n"
                      "    esac\n"
                      "  done\n");
    bash_option_values(text);
    bash_commands(text);
    text_append(text, "  case $word in\n"
                      "    -*) COMPREPLY=($(compgen -W \"$options\" -- \"$word\")); return ;;\n"
                      "  esac\n"
                      "  if [ -z \"$command\" ]; then\n"
                      "    COMPREPLY=($(compgen -W \"");
    append_command_names(text);
    text_append(text, "\" -- \"$word\"))\n"
                      "  else\n"
                      "    COMPREPLY=($(_itrun_words \"$1\"))\n"
                      "  fi\n"
                      "}\n"
                      "complete -o default -F _itrun itrun\n");
}

/* ---- zsh ---- */

/* Within '...' of _arguments: brackets, colons and quotes are its own. */
static void zsh_quoted(const char *string, struct text *text)
{
    for (; *string != '\0'; string++) {
        if (*string == '\'') {
            text_append(text, "'\\''");
        } else if (strchr("[]:\\", *string) != NULL) {
            text_append_format(text, "\\%c", *string);
        } else {
            text_append_char(text, *string);
        }
    }
}

static void zsh_values(const char *value, struct text *text)
{
    switch (value_kind_of(value)) {
    case VALUE_WORDS:
        text_append_char(text, '(');
        append_words(value, text);
        text_append_char(text, ')');
        break;
    case VALUE_FILE: text_append(text, "_files"); break;
    case VALUE_FOLDER: text_append(text, "_files -/"); break;
    case VALUE_SUITE:
        text_append(text, " _itrun_list suites");
        break; /* the blank: no options are put between */
    case VALUE_STACK: text_append(text, " _itrun_list stacks"); break;
    case VALUE_NONE:
    case VALUE_OTHER: text_append_char(text, ' '); break;
    }
}

static void zsh_option(const struct option *option, struct text *text)
{
    text_append_format(text, " \\\n        '--%s%s[", option->name, needs_value(option) ? "=" : "");
    zsh_quoted(option->help, text);
    text_append_char(text, ']');
    if (needs_value(option)) {
        text_append_char(text, ':');
        zsh_quoted(option->value, text);
        text_append_char(text, ':');
        zsh_values(option->value, text);
    }
    text_append_char(text, '\'');
}

static void zsh_script(struct text *text)
{
    size_t count;
    const struct option *options = command_line_options(&count);
    text_append(text, "#compdef itrun\n"
                      "# itrun completion zsh > a folder of $fpath, as _itrun\n"
                      "_itrun_list() {\n"
                      "  local -a found\n"
                      "  found=(${(f)\"$($program list $1 2>/dev/null | cut -d' ' -f1)\"})\n"
                      "  compadd -a found\n"
                      "}\n"
                      "_itrun() {\n"
                      "  local program=$words[1]\n"
                      "  if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then\n"
                      "    local -a names\n"
                      "    names=(");
    for (size_t i = 0; commands[i] != NULL; i++) {
        text_append_format(text, "\n      '%s:", commands[i]->name);
        zsh_quoted(commands[i]->summary, text);
        text_append_char(text, '\'');
    }
    text_append(text, ")\n"
                      "    _describe command names\n"
                      "    return\n"
                      "  fi\n"
                      "  case $words[2] in\n");
    for (size_t i = 0; commands[i] != NULL; i++) {
        bool is_run = strcmp(commands[i]->name, "run") == 0;
        text_append_format(text, "    %s)\n      _arguments", is_run ? "run | -*" : commands[i]->name);
        for (size_t k = 0; k < count; k++) {
            if ((options[k].groups & commands[i]->groups) != 0) {
                zsh_option(&options[k], text);
            }
        }
        if (commands[i]->arguments[0] != '\0') {
            text_append(text, " \\\n        '*:argument:");
            zsh_values(commands[i]->arguments, text);
            text_append_char(text, '\'');
        }
        text_append(text, " ;;\n");
    }
    text_append(text,
                "  esac\n"
                "}\n"
                "if [ \"$funcstack[1]\" = _itrun ]; then _itrun \"$@\"; else compdef _itrun itrun; fi\n");
}

/* ---- fish ---- */

static void fish_quoted(const char *string, struct text *text)
{
    text_append_char(text, '\'');
    for (; *string != '\0'; string++) {
        if (*string == '\'' || *string == '\\') {
            text_append_char(text, '\\');
        }
        text_append_char(text, *string);
    }
    text_append_char(text, '\'');
}

static void fish_values(const char *value, struct text *text)
{
    switch (value_kind_of(value)) {
    case VALUE_WORDS:
        text_append(text, " -f -a '");
        append_words(value, text);
        text_append_char(text, '\'');
        break;
    case VALUE_FILE: text_append(text, " -F"); break;
    case VALUE_FOLDER: text_append(text, " -f -a '(__fish_complete_directories)'"); break;
    case VALUE_SUITE: text_append(text, " -f -a '(__itrun_list suites)'"); break;
    case VALUE_STACK: text_append(text, " -f -a '(__itrun_list stacks)'"); break;
    case VALUE_NONE:
    case VALUE_OTHER: text_append(text, " -f"); break;
    }
}

/* " -n 'CONDITION'" of a command: its name was seen; of run also: no name was seen. */
static void fish_condition(const struct command *command, struct text *text)
{
    text_append_format(text, " -n '__fish_seen_subcommand_from %s", command->name);
    if (strcmp(command->name, "run") == 0) {
        text_append(text, "; or not __fish_seen_subcommand_from $__itrun_commands");
    }
    text_append_char(text, '\'');
}

static void fish_command(const struct command *command, struct text *text)
{
    size_t count;
    const struct option *options = command_line_options(&count);
    text_append(text, "complete -c itrun -f -n 'not __fish_seen_subcommand_from $__itrun_commands' -a ");
    text_append_format(text, "%s -d ", command->name);
    fish_quoted(command->summary, text);
    text_append_char(text, '\n');
    if (value_kind_of(command->arguments) != VALUE_NONE) {
        text_append_format(text, "complete -c itrun -n '__fish_seen_subcommand_from %s'", command->name);
        fish_values(command->arguments, text);
        text_append_char(text, '\n');
    }
    for (size_t i = 0; i < count; i++) {
        if ((options[i].groups & command->groups) == 0) {
            continue;
        }
        text_append(text, "complete -c itrun");
        fish_condition(command, text);
        text_append_format(text, " -l %s", options[i].name);
        if (options[i].letter != 0) {
            text_append_format(text, " -s %c", options[i].letter);
        }
        if (needs_value(&options[i])) {
            text_append(text, " -r");
            fish_values(options[i].value, text);
        }
        text_append(text, " -d ");
        fish_quoted(options[i].help, text);
        text_append_char(text, '\n');
    }
}

static void fish_script(struct text *text)
{
    text_append(text, "# itrun completion fish > ~/.config/fish/completions/itrun.fish\n"
                      "set -g __itrun_commands ");
    append_command_names(text);
    text_append(text, "\n"
                      "function __itrun_list\n"
                      "  set -l words (commandline -opc)\n"
                      "  $words[1] list $argv[1] 2>/dev/null | string split -f1 ' '\n"
                      "end\n"
                      "complete -c itrun -f\n");
    for (size_t i = 0; commands[i] != NULL; i++) {
        fish_command(commands[i], text);
    }
}

/* ---- the command ---- */

static const struct {
    const char *name;
    void (*write)(struct text *text);
} shells[] = {{"bash", bash_script}, {"zsh", zsh_script}, {"fish", fish_script}};
#define SHELL_COUNT (sizeof shells / sizeof *shells)

static int run(const struct options *options)
{
    const char *asked = options->word_count == 1 ? options->words[0] : "";
    for (size_t i = 0; i < SHELL_COUNT; i++) {
        if (strcmp(shells[i].name, asked) == 0) {
            struct text text = {0};
            shells[i].write(&text);
            fputs(text_string(&text), stdout);
            text_clear(&text);
            return EXIT_CODE_PASSED;
        }
    }
    struct error error = {0};
    error_set(&error, ERROR_USAGE, "itrun completion wants one shell, not '%s'", asked);
    error_hint(&error, "one of bash, zsh, fish: itrun completion bash > "
                       "~/.local/share/bash-completion/completions/itrun");
    complain(&error);
    return EXIT_CODE_USAGE;
}

const struct command completion_command = {"completion", "bash|zsh|fish",
                                           "print a script that completes commands", GROUP_ALWAYS, run};
