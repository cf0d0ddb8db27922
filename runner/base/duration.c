/* duration.c - lengths of time as people write and read them. */
#include "itrun/base/text.h"
#include <inttypes.h>
#include <string.h>

static const struct unit {
    const char *name;
    int64_t ms;
} units[] = {{"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};

#define UNIT_COUNT (sizeof units / sizeof *units)

/* Reads digits; false when there is none or the number does not fit. */
static bool number_read(const char **at, int64_t *ret_number)
{
    int64_t number = 0;
    const char *c = *at;
    for (; *c >= '0' && *c <= '9'; c++) {
        if (__builtin_mul_overflow(number, 10, &number) || __builtin_add_overflow(number, *c - '0', &number))
            return false;
    }
    if (c == *at)
        return false;
    *at = c;
    *ret_number = number;
    return true;
}

bool duration_parse(const char *string, int64_t *ret_ms)
{
    int64_t total = 0;
    size_t next_unit = 0; /* units only get smaller, each at most once: 30m1h is more likely a slip */
    const char *at = string;
    do {
        int64_t number;
        if (!number_read(&at, &number))
            return false;
        size_t name_length = strcspn(at, "0123456789");
        size_t i = next_unit;
        while (i < UNIT_COUNT &&
               (strlen(units[i].name) != name_length || memcmp(units[i].name, at, name_length) != 0))
            i++;
        if (i == UNIT_COUNT || __builtin_mul_overflow(number, units[i].ms, &number) ||
            __builtin_add_overflow(total, number, &total))
            return false;
        next_unit = i + 1;
        at += name_length;
    } while (*at);
    *ret_ms = total;
    return true;
}

/* Cut, not rounded: 59.96 s must not become "60.0s", nor a deadline that has not passed look passed. */
void text_append_duration(struct text *text, int64_t ms)
{
    uint64_t length_ms = ms < 0 ? 0 - (uint64_t)ms : (uint64_t)ms;
    if (ms < 0)
        text_append_char(text, '-');
    uint64_t s = length_ms / 1000;
    if (s == 0)
        text_append_format(text, "%" PRIu64 "ms", length_ms);
    else if (s < 60)
        text_append_format(text, "%" PRIu64 ".%" PRIu64 "s", s, length_ms % 1000 / 100);
    else if (s < 3600)
        text_append_format(text, "%" PRIu64 "m %" PRIu64 "s", s / 60, s % 60);
    else
        text_append_format(text, "%" PRIu64 "h %" PRIu64 "m", s / 3600, s / 60 % 60);
}
