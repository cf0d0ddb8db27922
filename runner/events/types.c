/* types.c - the names of events, and which of them must be on disk before they count. */
#include "itrun/events.h"

struct type_row {
    const char *name;
    bool is_synced;
};
static const struct type_row rows[EVENT_TYPE_COUNT] = {
#define X(constant, word, synced) [EVENT_##constant] = {word, synced},
    EVENT_TABLE(X)
#undef X
};

const char *event_type_name(enum event_type type)
{
    return rows[type].name;
}

bool event_type_is_synced(enum event_type type)
{
    return rows[type].is_synced;
}
