/* stable_name.c - one walk over the name; at each place where a word begins, one matcher a kind of part. */
#include "stable_name.h"
#include <string.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_alphanumeric(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static size_t span(const char *at, bool (*is_part)(char c))
{
    size_t length = 0;
    while (is_part(at[length])) {
        length++;
    }
    return length;
}

/* `pattern`: 9 a digit, x a hex digit, - a dash or colon, anything else itself. */
static bool has_shape(const char *at, const char *pattern)
{
    for (; *pattern != '\0'; pattern++, at++) {
        bool is_fit = *pattern == '9'   ? is_digit(*at)
                      : *pattern == 'x' ? is_hex(*at)
                      : *pattern == '-' ? *at == '-' || *at == ':'
                                        : *at == *pattern;
        if (!is_fit) {
            return false;
        }
    }
    return true;
}

/* The end of a path or an ARN: what cannot well be in one, but well around one. */
static size_t span_to_delimiter(const char *at)
{
    return strcspn(at, " \t\n\"'`()[]{}<>,;|");
}

static size_t match_arn(const char *start, const char *at)
{
    (void)start;
    if (strncmp(at, "arn:aws", 7) != 0) {
        return 0;
    }
    size_t length = span_to_delimiter(at);
    size_t colons = 0;
    for (size_t i = 0; i < length; i++) {
        colons += at[i] == ':';
    }
    return colons >= 5 ? length : 0;
}

/* With dashes, or as 32 digits that have a UUID's version and variant in their places. */
static size_t match_uuid(const char *start, const char *at)
{
    (void)start;
    if (has_shape(at, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx") && !is_alphanumeric(at[36])) {
        return 36;
    }
    bool is_plain = span(at, is_hex) == 32 && at[12] >= '1' && at[12] <= '8' &&
                    strchr("89abAB", at[16]) != NULL && !is_alphanumeric(at[32]);
    return is_plain ? 32 : 0;
}

static size_t match_zone(const char *at)
{
    if (*at == 'Z') {
        return 1;
    }
    bool has_sign = *at == '+' || *at == '-';
    if (has_sign && has_shape(at + 1, "99:99")) {
        return 6;
    }
    return has_sign && has_shape(at + 1, "9999") ? 5 : 0;
}

static size_t match_time(const char *start, const char *at)
{
    (void)start;
    size_t length = 0;
    if (has_shape(at, "9999-99-99T99-99") || has_shape(at, "9999-99-99 99:99")) {
        length = has_shape(at + 16, "-99") ? 19 : 16;
    } else if (has_shape(at, "99999999T999999")) {
        length = 15;
    } else {
        return 0;
    }
    if ((at[length] == '.' || at[length] == ',') && is_digit(at[length + 1])) {
        length += 1 + span(at + length + 1, is_digit);
    }
    length += match_zone(at + length);
    return is_alphanumeric(at[length]) ? 0 : length;
}

static size_t match_path(const char *start, const char *at)
{
    static const char *const folders[] = {"/tmp/",         "/var/tmp/", "/var/folders/",
                                          "/private/tmp/", "/dev/shm/", "/private/var/folders/"};
    if (*at != '/' || (at > start && strchr("._-~", at[-1]) != NULL)) {
        return 0; /* below something else: src/tmp/, ./tmp/ */
    }
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        size_t length = strlen(folders[i]);
        if (strncmp(at, folders[i], length) == 0) {
            return length + span_to_delimiter(at + length);
        }
    }
    return 0;
}

/* Short ones are numbers that somebody wrote: 0xff, 0x1F600. */
static size_t match_address(const char *start, const char *at)
{
    (void)start;
    if (at[0] != '0' || at[1] != 'x') {
        return 0;
    }
    size_t digits = span(at + 2, is_hex);
    return digits >= 7 && digits <= 16 && !is_alphanumeric(at[2 + digits]) ? 2 + digits : 0;
}

static size_t match_account(const char *start, const char *at)
{
    (void)start;
    return span(at, is_digit) == 12 && !is_alphanumeric(at[12]) ? 12 : 0;
}

static bool is_host(char c)
{
    return is_alphanumeric(c) || c == '.' || c == '-';
}

/* ":49321" behind an address of this machine or in a URL. Ports below 10000 are mostly chosen by somebody. */
static size_t match_port(const char *start, const char *at)
{
    size_t digits = *at == ':' ? span(at + 1, is_digit) : 0;
    if (digits != 5 || is_alphanumeric(at[6])) {
        return 0;
    }
    const char *host = at;
    while (host > start && is_host(host[-1])) {
        host--;
    }
    bool is_local = strncmp(host, "localhost:", 10) == 0 || strncmp(host, "127.", 4) == 0 ||
                    strncmp(host, "0.0.0.0:", 8) == 0 || (host > start && host[-1] == ']');
    bool is_url = host - start >= 3 && strncmp(host - 3, "://", 3) == 0;
    return is_local || is_url ? 6 : 0;
}

static const struct volatile_row {
    const char *placeholder, *what;
    size_t (*match)(const char *start, const char *at); /* the length of the part, or 0 */
} rows[VOLATILE_COUNT] = {
#define X(constant, placeholder, what, match) [constant] = {placeholder, what, match},
    VOLATILE_TABLE(X)
#undef X
};

const char *volatile_part_what(enum volatile_part part)
{
    return rows[part].what;
}

/* The part that begins at `at`: its kind, and its length; VOLATILE_COUNT: none. */
static enum volatile_part find_part(const char *start, const char *at, size_t *ret_length)
{
    bool is_inside_word = at > start && is_alphanumeric(at[-1]) && *at != ':';
    bool may_begin = is_hex(*at) || *at == '/' || *at == ':';
    for (int i = 0; may_begin && !is_inside_word && i < VOLATILE_COUNT; i++) {
        size_t length = rows[i].match(start, at);
        if (length > 0) {
            *ret_length = length;
            return (enum volatile_part)i;
        }
    }
    return VOLATILE_COUNT;
}

unsigned stable_name(const char *name, struct text *ret_name)
{
    unsigned found = 0;
    const char *kept = name;
    for (const char *at = name; *at != '\0';) {
        size_t length = 0;
        enum volatile_part part = find_part(name, at, &length);
        if (part == VOLATILE_COUNT) {
            at++;
            continue;
        }
        if (found == 0) {
            text_reset(ret_name);
        }
        found |= 1u << part;
        text_append_bytes(ret_name, kept, (size_t)(at - kept));
        text_append(ret_name, rows[part].placeholder);
        at += length;
        kept = at;
    }
    if (found != 0) {
        text_append(ret_name, kept);
    }
    return found;
}
