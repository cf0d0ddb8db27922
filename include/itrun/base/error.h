/* error.h - why something failed, as plain data that can be copied across threads.
 *
 * `kind` says what the CALLER can do about it, not which library failed; retries and exit codes read
 * `kind` only. No allocation. A function that can fail returns bool (or a pointer) and takes
 * `struct error *error` last; on failure it fills *error, on success it leaves it alone.
 * Inner layers set kind/what/hint, outer layers add context with error_prefix(). */
#ifndef ITRUN_BASE_ERROR_H
#define ITRUN_BASE_ERROR_H
#include <stdbool.h>
#include <stdint.h>

enum error_kind {
    ERROR_NONE,
    ERROR_USAGE,     /* the command line is wrong: exit 2 */
    ERROR_CONFIG,    /* the configuration or the repository is wrong: exit 2 */
    ERROR_DENIED,    /* credentials or permission: asking again does not help */
    ERROR_THROTTLED, /* ask again later, slower */
    ERROR_TRANSIENT, /* network, 5xx: ask again */
    ERROR_CONFLICT,  /* somebody else has it or changed it */
    ERROR_GONE,      /* it does not exist (any more) */
    ERROR_LIMIT,     /* a quota or a limit of ours */
    ERROR_IO,        /* disk, file, pipe */
    ERROR_CANCELLED, /* because we were told to stop */
    ERROR_INVALID,   /* the other side says that what was sent is wrong (a bad template) */
    ERROR_BUG        /* cannot happen */
};

struct error {
    enum error_kind kind;
    int64_t retry_after_ms; /* THROTTLED: at least this long; 0: unknown */
    char code[64];          /* the other side's own code ("ExpiredToken", "ENOSPC"); may be empty */
    char where[192];        /* "file:line:col", "account-017", a URL; may be empty */
    char what[512];         /* one clause, no full stop */
    char hint[256];         /* how to mend it; may be empty */
};

/* All of these return false, so that a caller can write `return error_set(error, ...)`.
 * error may be NULL: then nothing is recorded. error_set clears code, where and hint. */
bool error_set(struct error *error, enum error_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
bool error_hint(struct error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool error_where(struct error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Puts "CONTEXT: " before what. */
bool error_prefix(struct error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));
void error_clear(struct error *error);
const char *error_kind_name(enum error_kind kind); /* "denied", "throttled", ...; never NULL */

/* A broken invariant: says where, and aborts, in release too; leases then expire and the journal stays,
 * whereas going on in a wrong state would damage accounts. The condition has no side effect. */
#define MUST(condition) ((condition) ? (void)0 : must_failed(#condition, __FILE__, __LINE__))
_Noreturn void must_failed(const char *condition, const char *file, int line);
#endif
