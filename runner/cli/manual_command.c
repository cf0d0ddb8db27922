/* itrun manual - the man page itrun(1), in the man macros of roff: what --help says, and what the first hour
 * asks.
 *
 * Commands and options come from the tables that the parser reads. Source of the format: man(7). */
#include "commands.h"
#include "itrun/model/outcome.h"
#include <stdio.h>
#include <string.h>

#define ELLIPSIS "…" /* roff reads bytes */

/* A backslash, a dash and what begins a line with a dot or a quote are roff's own. */
static void append_roff(const char *string, struct text *text)
{
    for (bool is_first = true; *string != '\0'; string++, is_first = false) {
        if (is_first && (*string == '.' || *string == '\'')) {
            text_append(text, "\\&");
        }
        if (*string == '\\') {
            text_append(text, "\\e");
        } else if (*string == '-') {
            text_append(text, "\\-");
        } else if (strncmp(string, ELLIPSIS, sizeof ELLIPSIS - 1) == 0) {
            text_append(text, "...");
            string += sizeof ELLIPSIS - 2;
        } else {
            text_append_char(text, *string);
        }
    }
}

static void append_commands(struct text *text)
{
    text_append(text, ".SH COMMANDS\n");
    for (size_t i = 0; commands[i] != NULL; i++) {
        text_append(text, ".TP\n\\fBitrun ");
        append_roff(commands[i]->name, text);
        text_append(text, "\\fR ");
        append_roff(commands[i]->arguments, text);
        text_append_char(text, '\n');
        append_roff(commands[i]->summary, text);
        text_append_char(text, '\n');
    }
}

/* "of run, plan, rerun"; of all: nothing. */
static void append_takers(const struct option *option, struct text *text)
{
    if ((option->groups & GROUP_ALWAYS) != 0) {
        return;
    }
    const char *separator = " (";
    for (size_t i = 0; commands[i] != NULL; i++) {
        if ((commands[i]->groups & option->groups) != 0) {
            text_append(text, separator);
            text_append(text, commands[i]->name);
            separator = ", ";
        }
    }
    text_append(text, ")");
}

static void append_options(struct text *text)
{
    size_t count;
    const struct option *options = command_line_options(&count);
    text_append(text, ".SH OPTIONS\nThey may stand before or after the command.\n");
    for (size_t i = 0; i < count; i++) {
        const struct option *option = &options[i];
        text_append(text, ".TP\n");
        if (option->letter != 0) {
            text_append_format(text, "\\fB\\-%c\\fR, ", option->letter);
        }
        text_append(text, "\\fB\\-\\-");
        append_roff(option->name, text);
        text_append(text, "\\fR");
        if (option->value != NULL) {
            text_append(text, option->kind == OPTION_COUNT_OR_ONE ? "\\fI" : " \\fI");
            append_roff(option->value, text);
            text_append(text, "\\fR");
        }
        text_append_char(text, '\n');
        append_roff(option->help, text);
        append_takers(option, text);
        text_append_char(text, '\n');
    }
}

static const char head[] =
    ".TH ITRUN 1 \"\" \"itrun " ITRUN_VERSION "\" \"User Commands\"\n"
    ".SH NAME\n"
    "itrun \\- run integration test suites in parallel, each shard in an AWS account of its own\n"
    ".SH SYNOPSIS\n"
    ".B itrun\n[\\fICOMMAND\\fR] [\\fIOPTIONS\\fR]\n"
    ".SH DESCRIPTION\n"
    "Discovers the suites that itrun.yaml declares, plans them onto shards, leases an isolated AWS account "
    "for each,\n"
    "brings the CloudFormation stacks there up to date (skipping what has not changed), runs the suites as "
    "supervised\n"
    "processes, and merges all results into one JUnit file, metrics and a summary.\n"
    ".PP\n"
    ".B itrun\nalone means\n.BR \"itrun run\" .\n";

static const char tail[] =
    ".SH EXIT STATUS\n"
    ".TP\n0\nall passed\n"
    ".TP\n1\ntests failed: failed, error, timeout\n"
    ".TP\n2\nusage or configuration\n"
    ".TP\n3\nonly infrastructure failed\n"
    ".TP\n4\nnothing was selected\n"
    ".TP\n5\nitrun could not record or write a report\n"
    ".TP\n6\nincomplete: suites were lost or cancelled\n"
    ".TP\n124\nthe run's own deadline passed\n"
    ".TP\n130, 143\nstopped by SIGINT, SIGTERM, after an orderly stop\n"
    ".PP\n"
    "Where several apply, the first of 2, 130 or 143, 124, 5, 1, 6, 3, 4.\n"
    ".SH FILES\n"
    ".TP\n.I itrun.yaml\nthe configuration, searched upwards from the working directory\n"
    ".TP\n.I .itrun/runs/RUN/\nmanifest.json, events.ndjson (the journal), report.html, junit.xml, "
    "summary.json, "
    "metrics.prom,\n"
    "suites/SUITE/ATTEMPT/output.log\n"
    ".TP\n.I .itrun/latest\nthe newest run\n"
    ".TP\n.I $XDG_STATE_HOME/itrun/accounts.db\nleases of accounts, shared by all checkouts\n"
    ".SH SIGNALS\n"
    "SIGINT and SIGTERM stop in order and still write all reports; the second one kills. SIGUSR1 shows what "
    "runs,\n"
    "with the last lines of its output.\n"
    ".SH EXAMPLES\n"
    ".TP\n.B itrun \\-\\-shards 200\nthe whole job on 200 accounts\n"
    ".TP\n.B itrun rerun \\-\\-failed\nwhat did not pass in the newest run, once more\n"
    ".TP\n.B itrun explain orders\nwhy the stack orders would be deployed\n"
    ".SH SEE ALSO\n"
    ".BR itrun\\ doctor ,\n.BR itrun\\ init .\n";

static int run(const struct options *options)
{
    (void)options;
    struct text text = {0};
    text_append(&text, head);
    append_commands(&text);
    append_options(&text);
    text_append(&text, tail);
    fputs(text_string(&text), stdout);
    text_clear(&text);
    return EXIT_CODE_PASSED;
}

const struct command manual_command = {"manual", "", "print the man page: itrun manual | man -l -",
                                       GROUP_ALWAYS, run};
