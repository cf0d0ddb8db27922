#include "itrun/base/memory.h"
#include "itrun/loop.h"
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64], path[256];

static void make_folder(void)
{
    strcpy(folder, "/tmp/itrun-file-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
}

static void remove_folder(void)
{
    cr_assert(file_remove_tree(folder, NULL));
}

TestSuite(file, .init = make_folder, .fini = remove_folder);

static const char *below(const char *name)
{
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

Test(file, replaced_content_is_whole_and_nothing_else_is_left)
{
    struct error error = {0};
    cr_assert(file_replace(below("report"), "first", 5, &error));
    cr_assert(file_replace(below("report"), "second\0!", 8, &error));
    char *bytes = NULL;
    size_t length = 0;
    cr_assert(file_read(below("report"), 100, &bytes, &length, &error));
    cr_assert_eq(length, 8);
    cr_assert_arr_eq(bytes, "second\0!", 8);
    memory_free(bytes);
    struct stat status;
    stat(folder, &status);
    cr_assert_eq(unlink(below("report")), 0);
    cr_assert_eq(rmdir(folder), 0, "a temporary file was left");
    mkdir(folder, 0700);
}

Test(file, a_failed_replacement_leaves_the_old_content)
{
    struct error error = {0};
    cr_assert(file_make_folders(below("there"), &error));
    cr_assert_not(file_replace(below("there"), "x", 1, &error), "a folder was replaced by a file");
    cr_assert_neq(error.kind, ERROR_NONE);
    cr_assert_eq(rmdir(below("there")), 0);
    cr_assert_not(file_replace(below("absent/report"), "x", 1, &error));
    cr_assert_eq(error.kind, ERROR_GONE);
}

Test(file, reading_is_limited)
{
    struct error error = {0};
    char *bytes = (char *)"untouched";
    size_t length = 7;
    cr_assert(file_replace(below("big"), "0123456789", 10, &error));
    cr_assert_not(file_read(below("big"), 9, &bytes, &length, &error));
    cr_assert_eq(error.kind, ERROR_LIMIT);
    cr_assert_str_eq(bytes, "untouched");
    cr_assert_not(file_read(below("absent"), 9, &bytes, &length, &error));
    cr_assert_eq(error.kind, ERROR_GONE);
    cr_assert(file_replace(below("empty"), "", 0, &error));
    cr_assert(file_read(below("empty"), 9, &bytes, &length, &error));
    cr_assert_eq(length, 0);
    cr_assert_str_eq(bytes, "");
    memory_free(bytes);
}

Test(file, folders_are_made_however_deep)
{
    struct error error = {0};
    cr_assert(file_make_folders(below("a/b//c"), &error));
    cr_assert(file_make_folders(below("a/b/c"), &error), "what is there is fine");
    cr_assert_eq(access(below("a/b/c"), F_OK), 0);
    cr_assert(file_replace(below("plain"), "", 0, &error));
    cr_assert_not(file_make_folders(below("plain"), &error), "a file is no folder");
    cr_assert_not_null(strstr(error.hint, "not a folder"));
    error_clear(&error);
    cr_assert_not(file_make_folders(below("plain/x/y"), &error));
    cr_assert_str_eq(error.code, "ENOTDIR");
}

Test(file, a_tree_is_removed_but_never_what_links_lead_to)
{
    struct error error = {0};
    cr_assert(file_make_folders(below("tree/deep/locked"), &error));
    cr_assert(file_make_folders(below("kept"), &error));
    cr_assert(file_replace(below("kept/file"), "x", 1, &error));
    cr_assert(file_replace(below("tree/deep/locked/file"), "x", 1, &error));
    char target[128];
    snprintf(target, sizeof target, "%s/kept", folder);
    cr_assert_eq(symlink(target, below("tree/deep/link")), 0);
    cr_assert_eq(mkfifo(below("tree/pipe"), 0600), 0);
    cr_assert_eq(chmod(below("tree/deep/locked"), 0), 0);
    cr_assert_eq(chmod(below("tree/deep"), 0500), 0);
    cr_assert(file_remove_tree(below("tree"), &error), "%s", error.what);
    cr_assert_neq(access(below("tree"), F_OK), 0);
    cr_assert_eq(access(below("kept/file"), F_OK), 0);
    cr_assert(file_remove_tree(below("tree"), &error), "absent is fine");
    cr_assert(file_remove_tree(below("kept/file"), &error), "a file is a tree too");
}

Test(file, errors_say_what_can_be_done)
{
    struct error error = {0};
    cr_assert_not(file_error(&error, ENOSPC, "write", "/x/report.xml"));
    cr_assert_eq(error.kind, ERROR_IO);
    cr_assert_str_eq(error.code, "ENOSPC");
    cr_assert_str_eq(error.what, "cannot write /x/report.xml: No space left on device");
    cr_assert_not_null(strstr(error.hint, "free some space"));
    file_error(&error, EROFS, "write", "/x");
    cr_assert_eq(error.kind, ERROR_DENIED);
    cr_assert_not_null(strstr(error.hint, "read-only"));
    file_error(&error, ENOENT, "read", "/x");
    cr_assert_eq(error.kind, ERROR_GONE);
    cr_assert_not(file_error(NULL, EIO, "read", "/x"));
}
