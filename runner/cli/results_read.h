#ifndef ITRUN_CLI_RESULTS_READ_H
#define ITRUN_CLI_RESULTS_READ_H
#include "itrun/base/error.h"
#include "itrun/model/results.h"

/* What came out of the run in this folder. Owner: results_clear. */
bool results_read(const char *folder, struct results *ret_results, struct error *error);
#endif
