#include "itrun/model/results.h"

void results_clear(struct results *results)
{
    arena_free(results->arena);
    memory_free(results->suites);
    *results = (struct results){.arena = NULL};
}
