/* main.c - the door: parses the command line, runs the command, prints what went wrong. */
#include "command_line.h"
#include "commands.h"
#include "itrun/model/outcome.h"
#include <locale.h>
#include <signal.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    setlocale(LC_ALL, "C");
    signal(SIGPIPE, SIG_IGN); /* a closed reader is an error of a write, not the end of a run */
    const struct command *command = NULL;
    struct options options;
    struct error error = {0};
    int exit_code = EXIT_CODE_PASSED;
    if (!command_line_parse(argc, argv, &command, &options, &error)) {
        complain(&error);
        exit_code = EXIT_CODE_USAGE;
    } else if (options.is_version) {
        printf("itrun %s\n", ITRUN_VERSION);
    } else if (options.is_help) {
        struct text text = {0};
        command_line_help(command, &text);
        fputs(text_string(&text), stdout);
        text_clear(&text);
    } else {
        exit_code = command->run(&options);
    }
    command_line_clear(&options);
    return exit_code;
}
