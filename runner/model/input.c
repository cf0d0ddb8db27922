#include "itrun/model/input.h"

static const char *const names[INPUT_TYPE_COUNT] = {
#define X(name) [INPUT_##name] = #name,
    INPUT_TABLE(X)
#undef X
};

const char *input_type_name(enum input_type type)
{
    return names[type];
}
