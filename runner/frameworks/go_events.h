/* go_events.h - the stream of `go test -json` -> test cases. */
#ifndef ITRUN_FRAMEWORKS_GO_EVENTS_H
#define ITRUN_FRAMEWORKS_GO_EVENTS_H
#include "itrun/frameworks.h"

void go_read(const struct suite *suite, const char *bytes, size_t length, struct report *report);
#endif
