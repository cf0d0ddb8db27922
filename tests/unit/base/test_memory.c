#include <criterion/criterion.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include "itrun/base/memory.h"

Test(memory, new_memory_is_zeroed_and_never_null)
{
    char *bytes = memory_new(100);
    for (int i = 0; i < 100; i++)
        cr_assert_eq(bytes[i], 0);
    void *nothing = memory_new(0);
    cr_assert_not_null(nothing);
    memory_free(nothing);
    memory_free(bytes);
    memory_free(NULL);
}

Test(memory, copies_end_with_a_nul)
{
    char *string = memory_copy_string("abc");
    char *bytes = memory_copy_bytes("a\0bcd", 4);
    char *empty = memory_copy_bytes(NULL, 0);
    cr_assert_str_eq(string, "abc");
    cr_assert_eq(memcmp(bytes, "a\0bc", 5), 0);
    cr_assert_str_empty(empty);
    memory_free(string);
    memory_free(bytes);
    memory_free(empty);
}

Test(memory, growing_keeps_elements_and_zeroes_the_new)
{
    int *list = NULL;
    size_t capacity = 0;
    for (size_t count = 0; count < 1000; count++) {
        list = memory_grow(list, count, &capacity, sizeof *list);
        cr_assert_eq(list[count], 0);
        list[count] = (int)count + 1;
    }
    for (size_t i = 0; i < 1000; i++)
        cr_assert_eq(list[i], (int)i + 1);
    cr_assert_geq(capacity, 1000u);
    cr_assert_lt(capacity, 2001u);
    memory_free(list);
}

Test(memory, an_impossible_size_aborts, .signal = SIGABRT)
{
    size_t capacity = SIZE_MAX / 2;
    memory_grow(NULL, capacity, &capacity, 16);
}

Test(arena, pieces_are_zeroed_aligned_and_apart)
{
    struct arena *arena = arena_new();
    char *before = NULL;
    for (size_t size = 0; size < 3000; size += 7) {
        char *piece = arena_alloc(arena, size);
        cr_assert_eq((uintptr_t)piece % _Alignof(max_align_t), 0);
        cr_assert_neq(piece, before);
        for (size_t i = 0; i < size; i++)
            cr_assert_eq(piece[i], 0);
        memset(piece, 0xAA, size);
        before = piece;
    }
    arena_free(arena);
    arena_free(NULL);
}

Test(arena, a_piece_larger_than_a_block_does_not_waste_the_block)
{
    struct arena *arena = arena_new();
    char *small = arena_string(arena, "small");
    char *large = arena_alloc(arena, 10 * 1024 * 1024);
    memset(large, 1, 10 * 1024 * 1024);
    char *next = arena_string(arena, "next");
    cr_assert_str_eq(small, "small");
    cr_assert_str_eq(next, "next");
    cr_assert(next > small && next - small < 64);
    cr_assert_eq(arena_used(arena), 10 * 1024 * 1024 + 6 + 5);
    arena_free(arena);
}

Test(arena, reset_forgets_and_hands_out_zeroed_memory_again)
{
    struct arena *arena = arena_new();
    for (int i = 0; i < 100; i++)
        memset(arena_alloc(arena, 5000), 0xFF, 5000);
    arena_reset(arena);
    cr_assert_eq(arena_used(arena), 0);
    char *piece = arena_alloc(arena, 20000);
    for (int i = 0; i < 20000; i++)
        cr_assert_eq(piece[i], 0);
    arena_free(arena);
}

Test(arena, reset_of_an_unused_arena_is_harmless)
{
    struct arena *arena = arena_new();
    arena_reset(arena);
    cr_assert_eq(arena_used(arena), 0);
    arena_free(arena);
}

Test(arena, strings_are_copies)
{
    struct arena *arena = arena_new();
    char source[] = "abc";
    char *copy = arena_string(arena, source);
    char *bytes = arena_bytes(arena, "xyz", 2);
    source[0] = '!';
    cr_assert_str_eq(copy, "abc");
    cr_assert_str_eq(bytes, "xy");
    cr_assert_null(arena_string(arena, NULL));
    cr_assert_str_empty(arena_bytes(arena, NULL, 0));
    cr_assert_str_eq(arena_format(arena, "%s-%03d", "account", 17), "account-017");
    arena_free(arena);
}
