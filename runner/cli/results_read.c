#include "results_read.h"
#include "itrun/reporters.h"
#include "journal_read.h"

static bool feed(void *context, const struct event *event, struct error *error)
{
    struct sink *sink = context;
    return sink->on_event(sink, event, error);
}

bool results_read(const char *folder, struct results *ret_results, struct error *error)
{
    struct results results;
    struct sink *sink = results_sink_new(&results);
    bool is_read = journal_read(folder, feed, sink, error) && sink->flush(sink, error);
    sink->free(sink);
    if (is_read) {
        *ret_results = results;
    } else {
        results_clear(&results);
    }
    return is_read;
}
