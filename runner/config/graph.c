/* graph.c - what stacks and suites say about other stacks: unknown names, oneself, circles. */
#include "reader.h"
#include <string.h>

#define CYCLE_SHOWN 8 /* names of a circle that a message lists */

struct edge {
    size_t to;
    struct config_mark mark;
};
struct graph {
    const struct config_stack *stacks;
    struct map *names;      /* name -> one of stacks */
    const char **name_list; /* for suggestions; ends with NULL */
    struct edge **edges;    /* one list a stack */
    size_t *counts;
};

static size_t stack_index(const struct graph *graph, const char *name)
{
    const struct config_stack *stack = map_get(graph->names, name);
    return stack != NULL ? (size_t)(stack - graph->stacks) : NO_INDEX;
}

/* Written at `node`; what came from the environment is not shown. */
static void stack_unknown(struct reader *reader, const struct graph *graph, const struct node *node,
                          const char *name)
{
    if (problems_are_full(reader->problems)) {
        problem_add(reader->problems, node->mark, "", "");
        return;
    }
    bool is_expanded = strcmp(node->raw, node->text) != 0;
    const char *fallback = graph->name_list[0] ? NULL : "declare it under `stacks:`";
    reader_problem(reader, node->mark, hint_nearest(reader, name, graph->name_list, fallback),
                   "there is no stack %s", quoted(reader->arena, is_expanded ? node->raw : name));
}

static void edge_add(struct reader *reader, struct graph *graph, size_t from, const char *name,
                     const struct node *node, const char *self_what)
{
    size_t to = stack_index(graph, name);
    if (to == (size_t)-1)
        stack_unknown(reader, graph, node, name);
    else if (to == from)
        reader_problem(reader, node->mark, "remove it", "the stack %s %s", quoted(reader->arena, name),
                       self_what);
    else
        graph->edges[from][graph->counts[from]++] = (struct edge){.to = to, .mark = node->mark};
}

/* The edges of one stack: depends_on first, then the stacks whose outputs it uses, which depends gets too. */
static void edges_collect(struct reader *reader, struct graph *graph, size_t index)
{
    struct config_stack *stack = &reader->config->stacks[index];
    const struct node *list = node_get_kind(reader->stack_nodes[index], "depends_on", NODE_LIST);
    size_t most = stack->depend_count + stack->parameter_count;
    graph->edges[index] = arena_alloc(reader->arena, (most + 1) * sizeof **graph->edges);
    const char **depends = arena_alloc(reader->arena, (most + 1) * sizeof *depends);
    size_t count = 0;
    struct map *known = map_new();
    for (const struct node *entry = list ? list->first : NULL; entry && count < most; entry = entry->next) {
        if (entry->is_broken || entry->kind != NODE_SCALAR || map_has(known, entry->text) ||
            entry->text[0] == '\0')
            continue;
        edge_add(reader, graph, index, entry->text, entry, "depends on itself");
        map_put(known, entry->text, stack);
        depends[count++] = entry->text;
    }
    const struct node *mapping = node_get_kind(reader->stack_nodes[index], "parameters", NODE_MAPPING);
    const struct node *child = mapping ? mapping->first : NULL; /* one for each parameter, in order */
    for (size_t i = 0; child != NULL && i < stack->parameter_count && count < most;
         i++, child = child->next) {
        const struct config_parameter *parameter = &stack->parameters[i];
        if (!parameter->stack || map_has(known, parameter->stack))
            continue;
        edge_add(reader, graph, index, parameter->stack, node_get(child, "output"),
                 "cannot use an output of its own");
        map_put(known, parameter->stack, stack);
        depends[count++] = parameter->stack;
    }
    map_free(known);
    stack->depends = depends;
    stack->depend_count = count;
}

/* path[first..count) leads from a stack back to itself by the edge at mark. */
static void cycle_report(struct reader *reader, const size_t *path, size_t first, size_t count,
                         struct config_mark mark)
{
    struct text names = {0};
    for (size_t i = first; i < count; i++) {
        if (i - first == CYCLE_SHOWN && count - i > 1) {
            text_append(&names, "... -> ");
            break;
        }
        text_append_format(&names, "%s -> ", reader->config->stacks[path[i]].name);
    }
    text_append(&names, reader->config->stacks[path[first]].name);
    reader_problem(reader, mark, "take one of these out of `depends_on` or `parameters`",
                   "these stacks depend on each other: %s", text_string(&names));
    text_clear(&names);
}

/* Depth first without recursion: a file may hold a chain of ten thousand stacks. */
static void cycles_find(struct reader *reader, const struct graph *graph)
{
    enum { NEW, ON_PATH, DONE };
    size_t count = reader->config->stack_count;
    unsigned char *states = arena_alloc(reader->arena, count + 1);
    size_t *next = arena_alloc(reader->arena, (count + 1) * sizeof *next);
    size_t *path = arena_alloc(reader->arena, (count + 1) * sizeof *path);
    size_t *places = arena_alloc(reader->arena, (count + 1) * sizeof *places); /* in path */
    for (size_t start = 0; start < count; start++) {
        if (states[start] != NEW)
            continue;
        size_t depth = 0;
        path[depth++] = start;
        states[start] = ON_PATH;
        places[start] = 0;
        while (depth > 0) {
            size_t at = path[depth - 1];
            if (next[at] == graph->counts[at]) {
                states[at] = DONE;
                depth--;
                continue;
            }
            const struct edge *edge = &graph->edges[at][next[at]++];
            if (states[edge->to] == ON_PATH) {
                cycle_report(reader, path, places[edge->to], depth, edge->mark);
            } else if (states[edge->to] == NEW) {
                states[edge->to] = ON_PATH;
                places[edge->to] = depth;
                path[depth++] = edge->to;
            }
        }
    }
}

static void needs_check(struct reader *reader, const struct graph *graph)
{
    for (size_t i = 0; i < reader->config->suite_count; i++) {
        const struct node *list = node_get_kind(reader->suite_nodes[i], "needs", NODE_LIST);
        for (const struct node *entry = list ? list->first : NULL; entry; entry = entry->next) {
            if (!entry->is_broken && entry->kind == NODE_SCALAR && entry->text[0] != '\0' &&
                !map_has(graph->names, entry->text))
                stack_unknown(reader, graph, entry, entry->text);
        }
    }
}

void graph_check(struct reader *reader)
{
    struct config *config = reader->config;
    struct graph graph = {.stacks = config->stacks, .names = map_new()};
    graph.name_list = arena_alloc(reader->arena, (config->stack_count + 1) * sizeof *graph.name_list);
    graph.edges = arena_alloc(reader->arena, (config->stack_count + 1) * sizeof *graph.edges);
    graph.counts = arena_alloc(reader->arena, (config->stack_count + 1) * sizeof *graph.counts);
    size_t named = 0;
    for (size_t i = 0; i < config->stack_count; i++) {
        const char *name = config->stacks[i].name;
        if (!name || map_has(graph.names, name))
            continue;
        map_put(graph.names, name, &config->stacks[i]);
        graph.name_list[named++] = name;
    }
    for (size_t i = 0; i < config->stack_count; i++)
        edges_collect(reader, &graph, i);
    cycles_find(reader, &graph);
    needs_check(reader, &graph);
    map_free(graph.names);
}
