#include "commands.h"
#include "itrun/model/outcome.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void complaint_append(const struct error *error, struct text *text)
{
    text_append(text, "itrun: ");
    if (error->where[0] != '\0') {
        ci_append_harmless(text, error->where);
        text_append(text, ": ");
    }
    ci_append_harmless(text, error->what);
    text_append_char(text, '\n');
    if (error->hint[0] != '\0') {
        text_append(text, "  mend: ");
        ci_append_harmless(text, error->hint);
        text_append_char(text, '\n');
    }
}

void complain(const struct error *error)
{
    struct text text = {0};
    complaint_append(error, &text);
    fputs(text_string(&text), stderr);
    text_clear(&text);
}

int exit_code_of(const struct error *error)
{
    switch (error->kind) {
    case ERROR_NONE: return EXIT_CODE_PASSED;
    case ERROR_USAGE:
    case ERROR_CONFIG:
    case ERROR_INVALID:
    case ERROR_GONE: return EXIT_CODE_USAGE;
    case ERROR_DENIED:
    case ERROR_THROTTLED:
    case ERROR_TRANSIENT:
    case ERROR_CONFLICT:
    case ERROR_LIMIT: return EXIT_CODE_INFRA;
    case ERROR_IO: return EXIT_CODE_RECORD;
    case ERROR_CANCELLED: return EXIT_CODE_INCOMPLETE;
    case ERROR_BUG: break;
    }
    return EXIT_CODE_INFRA;
}

const char *environment_value(void *context, const char *name)
{
    (void)context;
    return getenv(name);
}

bool is_coloured(const struct options *options, int descriptor)
{
    if (options->color != NULL && strcmp(options->color, "auto") != 0) {
        return strcmp(options->color, "always") == 0;
    }
    const char *no_color = getenv("NO_COLOR");
    return isatty(descriptor) && (no_color == NULL || no_color[0] == '\0');
}
