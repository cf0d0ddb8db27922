#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include "itrun/base/map.h"

Test(map, an_empty_one_has_nothing)
{
    struct map *map = map_new();
    cr_assert_null(map_get(map, "a"));
    cr_assert_not(map_has(map, "a"));
    cr_assert_eq(map_count(map), 0);
    map_free(map);
    map_free(NULL);
}

Test(map, put_replaces_and_keeps_the_place)
{
    struct map *map = map_new();
    int a = 1, b = 2, c = 3;
    map_put(map, "a", &a);
    map_put(map, "b", &b);
    map_put(map, "a", &c);
    cr_assert_eq(map_count(map), 2);
    cr_assert_eq(map_get(map, "a"), &c);
    cr_assert_str_eq(map_key(map, 0), "a");
    cr_assert_eq(map_value(map, 0), &c);
    cr_assert_str_eq(map_key(map, 1), "b");
    map_free(map);
}

Test(map, a_null_value_is_still_there)
{
    struct map *map = map_new();
    map_put(map, "", NULL);
    cr_assert(map_has(map, ""));
    cr_assert_null(map_get(map, ""));
    map_free(map);
}

Test(map, keys_are_copied)
{
    struct map *map = map_new();
    char key[] = "abc";
    map_put(map, key, key);
    key[0] = 'x';
    cr_assert(map_has(map, "abc"));
    cr_assert_not(map_has(map, "xbc"));
    map_free(map);
}

Test(map, thousands_of_keys_keep_their_order)
{
    struct map *map = map_new();
    static int values[20000];
    char key[32];
    for (int i = 0; i < 20000; i++) {
        snprintf(key, sizeof key, "suite/%d", i);
        map_put(map, key, &values[i]);
    }
    cr_assert_eq(map_count(map), 20000);
    for (int i = 0; i < 20000; i++) {
        snprintf(key, sizeof key, "suite/%d", i);
        cr_assert_eq(map_get(map, key), &values[i]);
        cr_assert_str_eq(map_key(map, (size_t)i), key);
    }
    cr_assert_not(map_has(map, "suite/20000"));
    map_free(map);
}

Test(map, an_index_beyond_the_end_aborts, .signal = SIGABRT)
{
    struct map *map = map_new();
    map_key(map, 0);
}
