#include "answer_xml.h"
#include "itrun/base/xml.h"
#include <string.h>

struct tree {
    struct arena *arena;
    struct element *root, *current;
    struct text text;
};

static void started(void *context, const char *name, const char *const *attributes)
{
    (void)attributes;
    struct tree *tree = context;
    struct element *element = arena_alloc(tree->arena, sizeof *element);
    element->name = arena_string(tree->arena, name);
    element->text = "";
    element->parent = tree->current;
    if (tree->current == NULL)
        tree->root = element;
    else if (tree->current->last == NULL)
        tree->current->first = tree->current->last = element;
    else
        tree->current->last = tree->current->last->next = element;
    tree->current = element;
    text_reset(&tree->text);
}

static void ended(void *context, const char *name)
{
    (void)name;
    struct tree *tree = context;
    if (tree->current->first == NULL && tree->text.length > 0)
        tree->current->text = arena_bytes(tree->arena, tree->text.bytes, tree->text.length);
    tree->current = tree->current->parent;
    text_reset(&tree->text);
}

static void text_came(void *context, const char *bytes, size_t length)
{
    struct tree *tree = context;
    text_append_bytes(&tree->text, bytes, length);
}

const struct element *element_parse(struct arena *arena, const char *bytes, size_t length,
                                    struct error *error)
{
    struct tree tree = {.arena = arena};
    struct xml_handler handler = {.context = &tree, .start = started, .end = ended, .text = text_came};
    struct xml_reader *reader = xml_reader_new(&handler);
    struct error why = {0};
    bool is_read = xml_reader_feed(reader, bytes, length, true, &why) && xml_reader_is_complete(reader);
    xml_reader_free(reader);
    text_clear(&tree.text);
    if (is_read && tree.root != NULL)
        return tree.root;
    error_set(error, ERROR_TRANSIENT, "the answer is not the XML that AWS sends (%zu bytes%s%s)", length,
              why.what[0] != '\0' ? ": " : "", why.what);
    return NULL;
}

const struct element *element_child(const struct element *element, const char *name)
{
    if (element == NULL)
        return NULL;
    for (const struct element *child = element->first; child != NULL; child = child->next) {
        if (strcmp(child->name, name) == 0)
            return child;
    }
    return NULL;
}

const struct element *element_next(const struct element *element, const char *name)
{
    do
        element = element->next;
    while (element != NULL && strcmp(element->name, name) != 0);
    return element;
}

const char *element_text(const struct element *element, const char *child, const char *fallback)
{
    const struct element *found = element_child(element, child);
    return found != NULL ? found->text : fallback;
}

size_t element_count(const struct element *element)
{
    size_t count = 0;
    for (const struct element *child = element != NULL ? element->first : NULL; child != NULL;
         child = child->next)
        count++;
    return count;
}
