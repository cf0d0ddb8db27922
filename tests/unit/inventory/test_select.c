#include "repository.h"

#define MANY                                                                                                 \
    HEAD "suites:\n"                                                                                         \
         "  - {name: api, framework: pytest, files: \"tests/**/test_*.py\", tags: [fast]}\n"                 \
         "  - {name: web, framework: mocha, files: \"web/*.spec.js\"}\n"                                     \
         "  - {name: smoke, command: ./smoke.sh, tags: [fast, smoke]}\n"

#define MANY_FILES "tests/orders/test_x.py tests/test_a.py tests/users/test_x.py web/cart.spec.js"

static struct inventory *inventory;
static struct repository repository;

static void open_many(void)
{
    repository_open(&repository, MANY, MANY_FILES);
    inventory = repository_must(&repository);
}

static void close_many(void)
{
    repository_close(&repository, inventory);
}

TestSuite(select, .init = open_many, .fini = close_many);

/* names: separated by blanks. Returns the chosen suites' indices as "0 2 "; NULL: refused. */
static const char *chosen(const char *names, const char *filter, const char *tag, struct error *error)
{
    static char shown[256];
    const char *list[8];
    size_t count = 0;
    struct arena *arena = arena_new();
    for (const char *at = names; *at; at += strspn(at, " ")) {
        size_t length = strcspn(at, " ");
        list[count++] = arena_bytes(arena, at, length);
        at += length;
    }
    struct selection selection = {list, count, filter, tag};
    size_t *indices = NULL;
    size_t found = 0;
    bool is_done = inventory_select(inventory, &selection, arena, &indices, &found, error);
    shown[0] = '\0';
    for (size_t i = 0; i < found; i++)
        snprintf(shown + strlen(shown), sizeof shown - strlen(shown), "%zu ", indices[i]);
    arena_free(arena);
    return is_done ? shown : NULL;
}

Test(select, without_a_name_all_suites_are_meant)
{
    cr_assert_str_eq(chosen("", NULL, NULL, NULL), "0 1 2 3 4 ");
}

Test(select, suites_groups_files_and_unique_ends_are_names)
{
    cr_assert_str_eq(chosen("api/tests/test_a.py", NULL, NULL, NULL), "1 ");
    cr_assert_str_eq(chosen("api", NULL, NULL, NULL), "0 1 2 ");
    cr_assert_str_eq(chosen("./tests/users/test_x.py", NULL, NULL, NULL), "2 ");
    cr_assert_str_eq(chosen("users/test_x.py", NULL, NULL, NULL), "2 ");
    cr_assert_str_eq(chosen("smoke api/tests/test_a.py smoke", NULL, NULL, NULL), "1 4 ");
}

Test(select, filter_and_tag_narrow)
{
    cr_assert_str_eq(chosen("", "test_x|cart", NULL, NULL), "0 2 3 ");
    cr_assert_str_eq(chosen("", NULL, "fast", NULL), "0 1 2 4 ");
    cr_assert_str_eq(chosen("api", "orders", "fast", NULL), "0 ");
    cr_assert_str_eq(chosen("", NULL, "slow", NULL), "");
}

Test(select, an_end_that_fits_several_asks_which)
{
    struct error error = {0};
    cr_assert_null(chosen("test_x.py", NULL, NULL, &error));
    cr_assert_eq(error.kind, ERROR_USAGE);
    cr_assert_str_eq(error.what, "test_x.py could be any of 2 suites");
    cr_assert_str_eq(error.hint,
                     "say which, for instance api/tests/orders/test_x.py or api/tests/users/test_x.py");
}

Test(select, an_unknown_name_gets_the_nearest)
{
    struct error error = {0};
    cr_assert_null(chosen("smok", NULL, NULL, &error));
    cr_assert_eq(error.kind, ERROR_USAGE);
    cr_assert_str_eq(error.what, "there is no suite smok");
    cr_assert_str_eq(error.hint, "did you mean smoke?");
    cr_assert_null(chosen("api/tests/test_b.py", NULL, NULL, &error));
    cr_assert_str_eq(error.hint, "did you mean api/tests/test_a.py?");
    cr_assert_null(chosen("nothing-like-it-at-all", NULL, NULL, &error));
    cr_assert_str_eq(error.hint, "see `itrun list suites`");
}

Test(select, a_broken_filter_says_so)
{
    struct error error = {0};
    cr_assert_null(chosen("", "a(", NULL, &error));
    cr_assert_eq(error.kind, ERROR_USAGE);
    cr_assert(string_starts_with(error.what, "--filter a(: "), "%s", error.what);
}
