/* peek.h - shows the sinks what runs at this moment; for SIGUSR1. */
#ifndef ITRUN_HOST_PEEK_H
#define ITRUN_HOST_PEEK_H
#include "itrun/host/driver.h"

void peek_show(const struct driver_options *options, const struct process_room *processes);
#endif
