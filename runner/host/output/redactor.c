/* redactor.c - finds secrets in a stream, also across the borders of its chunks.
 *
 * A chunk is searched together with what was kept of the one before. Kept is the longest end that may still
 * become a secret, so at most the longest secret less one byte. Matches that overlap are one region and give
 * one "[redacted]"; a region may reach into what is kept: `covered` says how much of it was already replaced.
 * A secret also travels in other clothes: percent-encoded in URLs, with \/ or \u003d in JSON. Those are added
 * too. */
#include "itrun/base/memory.h"
#include "itrun/host/output.h"
#include <string.h>

#define SHORTEST_SECRET_BYTES 8
static const char replacement[] = "[redacted]";

struct secret {
    char *bytes;
    size_t length;
};

struct redactor {
    struct secret *secrets;
    size_t count, capacity;
    size_t longest;
};

struct redaction {
    const struct redactor *redactor;
    struct text kept;
    size_t covered; /* so many bytes of `kept` belong to a region that was already replaced */
    size_t *next;   /* while feeding: where each secret is found next; grows with the redactor */
    size_t next_capacity;
};

struct redactor *redactor_new(void)
{
    return memory_new(sizeof(struct redactor));
}

void redactor_free(struct redactor *redactor)
{
    if (redactor == NULL) {
        return;
    }
    for (size_t i = 0; i < redactor->count; i++) {
        explicit_bzero(redactor->secrets[i].bytes, redactor->secrets[i].length);
        memory_free(redactor->secrets[i].bytes);
    }
    memory_free(redactor->secrets);
    memory_free(redactor);
}

static void add_form(struct redactor *redactor, const char *bytes, size_t length)
{
    for (size_t i = 0; i < redactor->count; i++) {
        if (redactor->secrets[i].length == length && memcmp(redactor->secrets[i].bytes, bytes, length) == 0) {
            return;
        }
    }
    redactor->secrets =
        memory_grow(redactor->secrets, redactor->count, &redactor->capacity, sizeof *redactor->secrets);
    redactor->secrets[redactor->count++] = (struct secret){memory_copy_bytes(bytes, length), length};
    if (length > redactor->longest) {
        redactor->longest = length;
    }
}

struct redactor *redactor_copy(const struct redactor *redactor)
{
    struct redactor *copy = redactor_new();
    for (size_t i = 0; i < redactor->count; i++) {
        add_form(copy, redactor->secrets[i].bytes, redactor->secrets[i].length);
    }
    return copy;
}

/* Adds the secret with each of the bytes `escaped` written as prefix and its two hex digits, or the byte
 * itself. */
static void add_escaped(struct redactor *redactor, const char *secret, const char *escaped,
                        const char *prefix, const char *digits)
{
    struct text form = {0};
    for (const char *c = secret; *c != '\0'; c++) {
        if (strchr(escaped, *c) == NULL) {
            text_append_char(&form, *c);
            continue;
        }
        text_append(&form, prefix);
        if (digits == NULL) {
            text_append_char(&form, *c);
        } else {
            text_append_char(&form, digits[(unsigned char)*c >> 4]);
            text_append_char(&form, digits[(unsigned char)*c & 15]);
        }
    }
    add_form(redactor, text_string(&form), form.length);
    text_clear(&form);
}

void redactor_add(struct redactor *redactor, const char *secret)
{
    size_t length = secret == NULL ? 0 : strlen(secret);
    if (length < SHORTEST_SECRET_BYTES) {
        return;
    }
    static const char upper[] = "0123456789ABCDEF", lower[] = "0123456789abcdef";
    add_form(redactor, secret, length);
    if (strpbrk(secret, "/+=") == NULL) {
        return;
    }
    add_escaped(redactor, secret, "/+=", "%", upper);
    add_escaped(redactor, secret, "/+=", "%", lower);
    add_escaped(redactor, secret, "+=", "%", upper); /* some encoders leave the slash */
    add_escaped(redactor, secret, "+=", "%", lower);
    add_escaped(redactor, secret, "/", "\\", NULL);
    add_escaped(redactor, secret, "+=", "\\u00", lower); /* JSON made safe for HTML */
    add_escaped(redactor, secret, "=", "\\u00", lower);
    add_escaped(redactor, secret, "+=", "\\u00", upper);
    add_escaped(redactor, secret, "=", "\\u00", upper);
}

struct redaction *redaction_new(const struct redactor *redactor)
{
    struct redaction *redaction = memory_new(sizeof *redaction);
    redaction->redactor = redactor;
    return redaction;
}

void redaction_free(struct redaction *redaction)
{
    if (redaction == NULL) {
        return;
    }
    text_clear(&redaction->kept);
    memory_free(redaction->next);
    memory_free(redaction);
}

static size_t find(const struct secret *secret, const char *bytes, size_t length, size_t from)
{
    const char *found =
        from < length ? memmem(bytes + from, length - from, secret->bytes, secret->length) : NULL;
    return found == NULL ? SIZE_MAX : (size_t)(found - bytes);
}

/* The next occurrence of any secret at or after `from`: the earliest, of equal ones the longest. */
static bool next_match(struct redaction *redaction, const char *bytes, size_t length, size_t from,
                       size_t *ret_start, size_t *ret_end)
{
    const struct redactor *redactor = redaction->redactor;
    size_t start = SIZE_MAX, end = 0;
    for (size_t i = 0; i < redactor->count; i++) {
        if (redaction->next[i] != SIZE_MAX && redaction->next[i] < from) {
            redaction->next[i] = find(&redactor->secrets[i], bytes, length, from);
        }
        size_t at = redaction->next[i], at_end = at == SIZE_MAX ? 0 : at + redactor->secrets[i].length;
        if (at < start || (at == start && at_end > end)) {
            start = at;
            end = at_end;
        }
    }
    *ret_start = start;
    *ret_end = end;
    return start != SIZE_MAX;
}

static void search_anew(struct redaction *redaction, const char *bytes, size_t length)
{
    const struct redactor *redactor = redaction->redactor;
    if (redactor->count > redaction->next_capacity) {
        redaction->next_capacity = redactor->count;
        redaction->next = memory_resize(redaction->next, redactor->count * sizeof *redaction->next);
    }
    for (size_t i = 0; i < redactor->count; i++) {
        redaction->next[i] = find(&redactor->secrets[i], bytes, length, 0);
    }
}

/* Where the longest end begins that is the beginning of a secret; length where none is. */
static size_t find_open_end(const struct redactor *redactor, const char *bytes, size_t length)
{
    size_t at = length >= redactor->longest ? length - redactor->longest + 1 : 0;
    for (; at < length; at++) {
        size_t rest = length - at;
        for (size_t i = 0; i < redactor->count; i++) {
            const struct secret *secret = &redactor->secrets[i];
            if (secret->bytes[0] == bytes[at] && rest < secret->length &&
                memcmp(secret->bytes, bytes + at, rest) == 0) {
                return at;
            }
        }
    }
    return length;
}

static void redact(struct redaction *redaction, const char *bytes, size_t length, bool is_last,
                   struct text *ret)
{
    size_t region_end = redaction->covered, start, end;
    search_anew(redaction, bytes, length);
    for (size_t from = 0; next_match(redaction, bytes, length, from, &start, &end); from = start + 1) {
        if (start < region_end) {
            region_end = end > region_end ? end : region_end;
            continue;
        }
        text_append_bytes(ret, bytes + region_end, start - region_end);
        text_append_bytes(ret, replacement, sizeof replacement - 1);
        region_end = end;
    }
    size_t keep_from = is_last ? length : find_open_end(redaction->redactor, bytes, length);
    if (keep_from > region_end) {
        text_append_bytes(ret, bytes + region_end, keep_from - region_end);
    }
    struct text kept = {0};
    if (keep_from < length) {
        text_append_bytes(&kept, bytes + keep_from, length - keep_from);
    }
    text_clear(&redaction->kept);
    redaction->kept = kept;
    redaction->covered = region_end > keep_from ? region_end - keep_from : 0;
}

void redaction_feed(struct redaction *redaction, const char *bytes, size_t length, bool is_last,
                    struct text *ret)
{
    if (redaction->redactor == NULL || redaction->redactor->count == 0) {
        text_append_bytes(ret, bytes, length);
    } else if (redaction->kept.length == 0) {
        redact(redaction, bytes, length, is_last, ret);
    } else {
        struct text joined = {0};
        text_append_bytes(&joined, redaction->kept.bytes, redaction->kept.length);
        text_append_bytes(&joined, bytes, length);
        redact(redaction, joined.bytes, joined.length, is_last, ret);
        text_clear(&joined);
    }
}
