/* adapters.h - what the framework files share: building an argv, and the text of a test case. */
#ifndef ITRUN_FRAMEWORKS_ADAPTERS_H
#define ITRUN_FRAMEWORKS_ADAPTERS_H
#include "itrun/base/memory.h"
#include "itrun/base/text.h"
#include "itrun/frameworks.h"

extern const struct framework framework_pytest, framework_mocha, framework_jest, framework_vitest,
    framework_playwright, framework_cypress, framework_node, framework_go, framework_ctest,
    framework_criterion, framework_command;

/* --- command_line.c ------------------------------------------------------------------------------------ */
/* The words of `command`, then `arguments`; through `sh -c` where command needs it. */
const char *const *command_line(const char *command, const char *const *arguments, size_t count,
                                struct arena *arena);
/* The suite's file as an argument: one that begins with '-' would be taken for an option. */
const char *file_argument(const struct suite *suite, struct arena *arena);

/* --- case_text.c --------------------------------------------------------------------------------------- */
#define CASE_TEXT_MAX    ((size_t)64 * 1024) /* a body, an output */
#define CASE_MESSAGE_MAX ((size_t)4 * 1024)

/* Text that may be endless: its head and its tail are kept, what lies between is counted. */
struct capped_text {
    struct text head, tail;
    size_t length; /* of all that came in */
};
void capped_add(struct capped_text *capped, const char *bytes, size_t length);
void capped_reset(struct capped_text *capped);
void capped_clear(struct capped_text *capped);
/* Printable, in arena, with a line that says how much was cut; NULL when nothing but blanks came in. */
const char *capped_finish(const struct capped_text *capped, struct arena *arena);

/* Printable copy of a name: one line, blanks trimmed at both ends. */
const char *printable_name(const char *bytes, size_t length, struct arena *arena);
/* Printable copy of the first line that is not blank, or NULL. */
const char *printable_first_line(const char *bytes, struct arena *arena);
/* Two bodies of one case, joined; either may be NULL. */
const char *text_join(const char *first, const char *second, struct arena *arena);
/* A path as a report names it -> relative to the configuration's directory. suite may be NULL. NULL: outside.
 */
const char *case_file(const struct suite *suite, const char *path, struct arena *arena);
#endif
