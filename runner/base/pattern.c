/* pattern.c - PCRE2 on bytes that may not be UTF-8, with a bound on the work of one match.
 *
 * A match that runs into the limit counts as no match. The just-in-time compiler is a matter of speed only:
 * where it cannot be had (no executable memory, an unsupported feature) or runs out of stack, the interpreter
 * does it. */
#include "itrun/base/pattern.h"
#include "itrun/base/memory.h"
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <string.h>

#define MATCH_LIMIT                                                                                          \
    100000 /* a hundredth of the default: (a+)+$ gives up at once, honest patterns never notice */
#define HEAP_LIMIT_KIB 20000

struct pattern {
    pcre2_code *code;
    pcre2_match_context *limits;
};

struct pattern *pattern_new(const char *regex, struct error *error)
{
    int reason;
    PCRE2_SIZE offset;
    uint32_t options = PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C;
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)regex, strlen(regex), options, &reason, &offset, NULL);
    if (!code) {
        PCRE2_UCHAR message[256];
        pcre2_get_error_message(reason, message, sizeof message);
        error_set(error, ERROR_USAGE, "regular expression '%.200s' is not valid at character %zu: %s", regex,
                  offset + 1, (const char *)message);
        return NULL;
    }
    pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
    struct pattern *pattern = memory_new(sizeof *pattern);
    pattern->code = code;
    pattern->limits = pcre2_match_context_create(NULL);
    MUST(pattern->limits);
    pcre2_set_match_limit(pattern->limits, MATCH_LIMIT);
    pcre2_set_heap_limit(pattern->limits, HEAP_LIMIT_KIB);
    return pattern;
}

void pattern_free(struct pattern *pattern)
{
    if (!pattern)
        return;
    pcre2_match_context_free(pattern->limits);
    pcre2_code_free(pattern->code);
    memory_free(pattern);
}

bool pattern_matches(const struct pattern *pattern, const char *bytes, size_t length)
{
    /* One per call, so that several threads may share a pattern. */
    pcre2_match_data *found = pcre2_match_data_create(1, NULL);
    MUST(found);
    PCRE2_SPTR subject = (PCRE2_SPTR)(bytes ? bytes : "");
    int result = pcre2_match(pattern->code, subject, length, 0, 0, found, pattern->limits);
    if (result == PCRE2_ERROR_JIT_STACKLIMIT)
        result = pcre2_match(pattern->code, subject, length, 0, PCRE2_NO_JIT, found, pattern->limits);
    pcre2_match_data_free(found);
    return result >= 0;
}
