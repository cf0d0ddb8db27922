/* text.h - a growing byte buffer, always NUL-terminated; may hold any bytes.
 *
 * `struct text t = {0};` is a valid empty text. Owner calls text_clear (frees) or text_take. */
#ifndef ITRUN_BASE_TEXT_H
#define ITRUN_BASE_TEXT_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text {
    char *bytes; /* NULL while nothing was appended; use text_string() where a C string is wanted */
    size_t length;
    size_t capacity;
};
void text_append(struct text *text, const char *string);
void text_append_bytes(struct text *text, const char *bytes, size_t length);
void text_append_char(struct text *text, char c);
void text_append_format(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
const char *text_string(const struct text *text); /* "" when empty */
char *text_take(struct text *text); /* ownership to the caller (memory_free); text is empty after */
void text_reset(struct text *text); /* length 0, memory kept */
void text_truncate(struct text *text, size_t length);
void text_clear(struct text *text); /* frees */

bool string_starts_with(const char *string, const char *prefix);
bool string_ends_with(const char *string, const char *suffix);
bool string_equal(const char *a, const char *b); /* NULL equals only NULL */
/* In place: "a%20b" -> "a b"; what is no escape stays. */
void string_decode_percent(char *string);
/* For shells: `it's` -> 'it'\''s'; a word of safe characters stays as it is. */
void text_append_shell_word(struct text *text, const char *word);
/* Makes bytes of unknown origin fit to show: invalid UTF-8 becomes U+FFFD, ANSI escape sequences and control
 * characters (but \n and \t) are dropped. What stays is legal in XML 1.0 and not discouraged: U+9 A, 20-7E,
 * 85, A0-D7FF, E000-FDCF, FDF0-FFFD, 10000+ without xFFFE/F. U+D is legal too, but would overwrite its line.
 */
void text_append_printable(struct text *text, const char *bytes, size_t length);
/* Nearest of names to `wrong` (edit distance, at most a third of its length + 1), or NULL. */
const char *nearest_name(const char *wrong, const char *const *names, size_t count);

/* "90s", "5m", "1h30m", "500ms" -> ms. A bare number is refused. */
bool duration_parse(const char *string, int64_t *ret_ms);
/* 93210 -> "1m 33s", 4210 -> "4.2s", 310 -> "310ms". */
void text_append_duration(struct text *text, int64_t ms);
/* Microseconds since 1970 -> "2026-11-24T14:44:25.123Z" (UTC); pure arithmetic. ret needs 32 bytes. */
void time_format_utc(int64_t wall_us, char ret[32]);
/* "2026-11-24T14:44:25Z" (with or without fraction) -> microseconds since 1970. */
bool time_parse_utc(const char *string, int64_t *ret_wall_us);
#endif
