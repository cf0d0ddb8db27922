#include "itrun/base/chunk.h"
#include "itrun/base/memory.h"
#include "itrun/base/text.h"
#include <criterion/criterion.h>
#include <string.h>

static bool append(void *context, const char *bytes, size_t length)
{
    text_append_bytes(context, bytes, length);
    return true;
}

static bool refuse(void *context, const char *bytes, size_t length)
{
    (void)bytes;
    size_t *calls = context;
    ++*calls;
    return length == 0;
}

static void reads_back(struct chunk *chunk, const char *bytes, size_t length)
{
    struct text text = {0};
    cr_assert_eq(chunk_length(chunk), length);
    cr_assert(chunk_read(chunk, append, &text));
    cr_assert_eq(text.length, length);
    cr_assert(length == 0 || memcmp(text.bytes, bytes, length) == 0);
    text_clear(&text);
}

Test(chunk, what_goes_in_comes_out_packed_or_not)
{
    enum { MANY = 1000000 };
    char *bytes = memory_new(MANY);
    for (size_t i = 0; i < MANY; i++) {
        bytes[i] = (char)(i * 7919 % 251);
    }
    for (size_t length = 0; length <= MANY; length = length * 10 + 1) {
        struct chunk *chunks[] = {chunk_new(bytes, length), chunk_new_packed(bytes, length)};
        for (int i = 0; i < 2; i++) {
            reads_back(chunks[i], bytes, length);
            chunk_drop(chunks[i]);
        }
    }
    struct chunk *empty = chunk_new_packed(NULL, 0);
    reads_back(empty, NULL, 0);
    chunk_drop(empty);
    chunk_drop(NULL);
    memory_free(bytes);
}

Test(chunk, the_last_owner_frees_it)
{
    struct chunk *chunk = chunk_new("abc", 3);
    cr_assert_eq(chunk_keep(chunk), chunk);
    chunk_drop(chunk);
    reads_back(chunk, "abc", 3);
    chunk_drop(chunk);
}

Test(chunk, equal_is_what_was_made_of_the_same_bytes)
{
    struct chunk *chunks[] = {chunk_new_packed("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 32),
                              chunk_new_packed("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 32),
                              chunk_new_packed("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", 32), chunk_new("aaab", 4)};
    cr_assert(chunk_equal(chunks[0], chunks[0]));
    cr_assert(chunk_equal(chunks[0], chunks[1]));
    cr_assert_not(chunk_equal(chunks[0], chunks[2]));
    cr_assert_not(chunk_equal(chunks[0], chunks[3]));
    for (int i = 0; i < 4; i++) {
        chunk_drop(chunks[i]);
    }
}

Test(chunk, reading_stops_where_it_is_refused)
{
    char zeros[100000] = {0};
    struct chunk *chunk = chunk_new_packed(zeros, sizeof zeros);
    size_t calls = 0;
    cr_assert_not(chunk_read(chunk, refuse, &calls));
    cr_assert_eq(calls, 1);
    chunk_drop(chunk);
}
