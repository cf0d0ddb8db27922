/* stable_name.h - names of tests without what is new in every run.
 *
 * A test is the same as yesterday's where its name is. A UUID in a name makes it a new one each time: no
 * history, no flaky detection, no timings. Here such a part becomes a word like <uuid>. Does not know whether
 * a part really changes from run to run: a fixed one is replaced too, and the raw name stands beside it. */
#ifndef ITRUN_REPORTERS_STABLE_NAME_H
#define ITRUN_REPORTERS_STABLE_NAME_H
#include "itrun/base/text.h"

/* X(constant, what stands in the name instead, what was there, its matcher) */
#define VOLATILE_TABLE(X)                                                                                    \
    X(VOLATILE_ARN, "<arn>", "an ARN", match_arn)                                                            \
    X(VOLATILE_UUID, "<uuid>", "a UUID", match_uuid)                                                         \
    X(VOLATILE_TIME, "<time>", "a time", match_time)                                                         \
    X(VOLATILE_PATH, "<tmp>", "a temporary path", match_path)                                                \
    X(VOLATILE_ADDRESS, "<address>", "a memory address", match_address)                                      \
    X(VOLATILE_ACCOUNT, "<account>", "an account number", match_account)                                     \
    X(VOLATILE_PORT, ":<port>", "a port", match_port)
enum volatile_part {
#define X(constant, placeholder, what, match) constant,
    VOLATILE_TABLE(X)
#undef X
        VOLATILE_COUNT
};
const char *volatile_part_what(enum volatile_part part); /* "a UUID" */
/* Which parts were found, as bits 1 << VOLATILE_…; 0: none, and *ret_name is left alone. */
unsigned stable_name(const char *name, struct text *ret_name);
#endif
