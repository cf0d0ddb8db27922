/* argv.h - what an adapter makes of a suite, as one line for comparing. */
#ifndef TEST_ARGV_H
#define TEST_ARGV_H
#include "samples.h"

/* The words from the first that begins with `from`, joined by blanks; in arena. */
static inline const char *argv_from(const struct suite *suite, const char *test_name, const char *from,
                                    struct arena *arena)
{
    struct framework_run run = {suite, "/tmp/1/report.xml", test_name};
    const char *const *argv = framework_find(suite->framework)->argv(&run, arena);
    struct text line = {0};
    for (bool has_begun = false; *argv; argv++) {
        has_begun |= string_starts_with(*argv, from);
        if (!has_begun)
            continue;
        text_append(&line, line.length > 0 ? " " : "");
        text_append(&line, *argv);
    }
    const char *result = arena_string(arena, text_string(&line));
    text_clear(&line);
    return result;
}
#endif
