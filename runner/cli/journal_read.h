/* journal_read.h - the journal of a run's folder, event by event. A last line torn by a crash is dropped. */
#ifndef ITRUN_CLI_JOURNAL_READ_H
#define ITRUN_CLI_JOURNAL_READ_H
#include "itrun/events.h"
bool journal_read(const char *folder, event_visit *visit, void *context, struct error *error);
#endif
