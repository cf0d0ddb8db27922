#include "itrun/model/stack_status.h"
#include <string.h>

static const char *const names[STACK_STATUS_COUNT] = {
#define X(name) [STACK_##name] = #name,
    STACK_STATUS_TABLE(X)
#undef X
};

const char *stack_status_name(enum stack_status status)
{
    return names[status];
}

bool stack_status_parse(const char *word, enum stack_status *ret_status)
{
    for (int i = 0; i < STACK_STATUS_COUNT; i++) {
        if (strcmp(names[i], word) == 0) {
            *ret_status = (enum stack_status)i;
            return true;
        }
    }
    return false;
}

bool stack_status_is_settled(enum stack_status status)
{
    return strstr(names[status], "IN_PROGRESS") == NULL || status == STACK_REVIEW_IN_PROGRESS;
}

bool stack_status_is_succeeded(enum stack_status status)
{
    return status == STACK_CREATE_COMPLETE || status == STACK_UPDATE_COMPLETE ||
           status == STACK_IMPORT_COMPLETE;
}

const char *pair_value(const struct pair *pairs, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(pairs[i].name, name) == 0) {
            return pairs[i].value;
        }
    }
    return NULL;
}
