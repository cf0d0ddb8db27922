#include "itrun/host/listing.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char folder[] = "/tmp/itrun-listing-XXXXXX";
static struct arena *arena;
static struct checkout checkout;

static void git(const char *command)
{
    char line[512];
    snprintf(line, sizeof line,
             "cd %s && git -c user.name=t -c user.email=t@example.org -c init.defaultBranch=main %s "
             ">/dev/null 2>&1",
             folder, command);
    cr_assert_eq(system(line), 0, "%s", line);
}

static void shell(const char *command)
{
    char line[512];
    snprintf(line, sizeof line, "cd %s && %s", folder, command);
    cr_assert_eq(system(line), 0, "%s", line);
}

static void open_folder(void)
{
    cr_assert_not_null(mkdtemp(folder));
    arena = arena_new();
}

static void close_folder(void)
{
    char line[128];
    arena_free(arena);
    snprintf(line, sizeof line, "rm -rf %s", folder);
    cr_assert_eq(system(line), 0);
}

TestSuite(checkout, .init = open_folder, .fini = close_folder);

static void commit_a_file(void)
{
    git("init");
    shell("mkdir part && echo one > part/file && echo one > other");
    git("add .");
    git("commit -m first");
}

Test(checkout, a_clean_one_has_its_commit_and_branch)
{
    commit_a_file();
    shell("echo new > untracked");
    listing_checkout(folder, arena, &checkout);
    cr_assert_eq(strlen(checkout.commit), 40);
    cr_assert_str_eq(checkout.branch, "main");
    cr_assert_not(checkout.is_dirty);
}

Test(checkout, a_change_below_the_folder_makes_it_dirty_and_one_beside_it_does_not)
{
    commit_a_file();
    char part[64];
    snprintf(part, sizeof part, "%s/part", folder);
    shell("echo two > other");
    listing_checkout(part, arena, &checkout);
    cr_assert_not(checkout.is_dirty);
    shell("echo two > part/file");
    listing_checkout(part, arena, &checkout);
    cr_assert(checkout.is_dirty);
}

Test(checkout, a_detached_one_has_no_branch)
{
    commit_a_file();
    git("checkout --detach");
    listing_checkout(folder, arena, &checkout);
    cr_assert_not_null(checkout.commit);
    cr_assert_null(checkout.branch);
}

Test(checkout, without_a_commit_or_outside_git_nothing_is_known)
{
    checkout.is_dirty = true;
    listing_checkout(folder, arena, &checkout);
    cr_assert_null(checkout.commit);
    cr_assert_not(checkout.is_dirty);
    git("init");
    listing_checkout(folder, arena, &checkout);
    cr_assert_null(checkout.commit);
    cr_assert_null(checkout.branch);
}
