#include "peek.h"
#include "itrun/base/memory.h"

struct peeks {
    const struct inventory *inventory;
    struct arena *arena; /* the tails */
    struct peek *list;
    size_t count, capacity;
};

static void take(void *context, const struct process_seen *command)
{
    struct peeks *peeks = context;
    bool is_deploy = command->stack != NO_INDEX;
    peeks->list = memory_grow(peeks->list, peeks->count, &peeks->capacity, sizeof *peeks->list);
    peeks->list[peeks->count++] = (struct peek){
        .shard = command->lane + 1,
        .suite = is_deploy ? NO_INDEX : command->suite,
        .stack = is_deploy ? peeks->inventory->stacks[command->stack].name : NULL,
        .running_ms = command->running_ms,
        .tail = arena_string(peeks->arena, command->tail),
    };
}

void peek_show(const struct driver_options *options, const struct process_room *processes)
{
    struct peeks peeks = {.inventory = options->inventory, .arena = arena_new()};
    process_peek(processes, take, &peeks);
    for (size_t i = 0; i < options->sink_count; i++) {
        struct sink *sink = options->sinks[i];
        if (sink->on_peek != NULL) {
            sink->on_peek(sink, peeks.list, peeks.count);
        }
    }
    memory_free(peeks.list);
    arena_free(peeks.arena);
}
