/* failures.h - the bad results that stand in the page as plain HTML: the first of each fault, and how many.
 */
#ifndef ITRUN_REPORTERS_HTML_FAILURES_H
#define ITRUN_REPORTERS_HTML_FAILURES_H
#include "html/whose_fault.h"
#include "html/markup.h"

#define FAILURES_SHOWN 50

struct failure {
    size_t suite;
    enum outcome outcome;
    const char *name, *classname, *file; /* cleaned; classname, file: "" where there is none */
    const char *message;                 /* cleaned, or "" */
    const char *repro;                   /* as it is to be pasted, or "" */
    int line;
    char anchor[ANCHOR_SIZE];
    bool is_synthetic;
    size_t alike; /* further suites with this very message, not listed */
};
struct failures {
    struct arena *arena;
    struct failure *lists[FAULT_COUNT]; /* at most FAILURES_SHOWN of each */
    size_t listed[FAULT_COUNT], counts[FAULT_COUNT];
};
void failures_init(struct failures *failures);
/* Lists of its own; the strings stay the first one's. */
void failures_copy(const struct failures *failures, struct failures *ret_copy);
void failures_clear(struct failures *failures);
void failures_add(struct failures *failures, const struct fold *fold, size_t suite,
                  const struct reported *reported);
#endif
