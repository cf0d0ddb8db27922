#include "journal_read.h"
#include "itrun/base/memory.h"
#include "itrun/loop.h"

bool journal_read(const char *folder, event_visit *visit, void *context, struct error *error)
{
    struct text path = {0};
    text_append_format(&path, "%s/events.ndjson", folder);
    char *bytes = NULL;
    size_t length = 0;
    bool is_read = file_read(text_string(&path), SIZE_MAX / 2, &bytes, &length, error);
    if (is_read) {
        is_read = events_read(bytes, length, visit, context, NULL, error);
        memory_free(bytes);
        if (!is_read) {
            error_where(error, "%s", text_string(&path));
        }
    }
    text_clear(&path);
    return is_read;
}
