/* history_import.h - first guesses of how long suites take, from what another tool measured. */
#ifndef ITRUN_CLI_HISTORY_IMPORT_H
#define ITRUN_CLI_HISTORY_IMPORT_H
#include "commands.h"

int history_import(const struct options *options); /* words: "import", files. Returns the exit code. */
#endif
