/* ci_outputs.h - what a run writes for the CI service around it alone: GitHub's step summary, annotations,
 * masks, and the word that keeps everything else in the log from being read as a command.
 *
 * Without a service that has these, every call does nothing. */
#ifndef ITRUN_CLI_CI_OUTPUTS_H
#define ITRUN_CLI_CI_OUTPUTS_H
#include "itrun/ci.h"
#include "itrun/events.h"

#define CI_SINKS_MAX 2

struct ci_outputs;
/* terminal: the log, which the service reads; NULL: none (report). root: the configuration's folder. From now
 * on no line of the log is a command. Borrows all three until closed. */
struct ci_outputs *ci_outputs_open(const struct ci_facts *facts, struct out *terminal, const char *root);
size_t ci_outputs_sinks(struct ci_outputs *outputs, struct sink **ret_sinks, size_t capacity); /* borrowed */
const char *ci_outputs_stop_token(const struct ci_outputs *outputs);                           /* or NULL */
/* Before anything can print it. context: the outputs. Only where the log is the service's alone: a mask holds
 * the secret, and `2> file` must not keep it. */
void ci_outputs_mask(void *context, const char *secret);
/* Commands are commands again: what comes after itrun in the same step may give some. */
void ci_outputs_resume(struct ci_outputs *outputs);
/* Writes the summary; complains about what could not be written and returns false. */
bool ci_outputs_close(struct ci_outputs *outputs);
#endif
