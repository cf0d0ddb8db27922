/* repository.h - a small repository made up for a test: its itrun.yaml and its sorted files. */
#ifndef TEST_REPOSITORY_H
#define TEST_REPOSITORY_H
#include <criterion/criterion.h>
#include "itrun/inventory.h"
#include <stdio.h>
#include <string.h>

struct repository {
    struct config *config;
    struct listed_file files[32];
    struct gathered gathered;
    const char *bodies[16];
    struct error error;
};

static inline const char *no_environment(void *context, const char *name)
{
    (void)context;
    (void)name;
    return NULL;
}

/* paths: sorted, separated by blanks. Every file is hashed. */
static inline void repository_open(struct repository *repository, const char *yaml, const char *paths)
{
    *repository = (struct repository){0};
    struct error error = {0};
    repository->config = config_parse("itrun.yaml", yaml, strlen(yaml), no_environment, NULL, NULL, &error);
    cr_assert_not_null(repository->config, "%s: %s", error.where, error.what);
    size_t count = 0;
    for (const char *at = paths; *at;) {
        size_t length = strcspn(at, " ");
        struct listed_file *file = &repository->files[count++];
        file->path = arena_bytes(repository->config->arena, at, length);
        hash_bytes(file->path, length, file->digest);
        at += length + (at[length] == ' ');
    }
    for (size_t i = 0; i < 16; i++)
        repository->bodies[i] = "{\"Resources\": {}}";
    repository->gathered = (struct gathered){.root = "/repo",
                                             .files = repository->files,
                                             .file_count = count,
                                             .local_account_count = 3,
                                             .region = "eu-west-1",
                                             .commit = "abc"};
}

static inline struct inventory *repository_assemble(struct repository *repository)
{
    return inventory_assemble(repository->config, &repository->gathered, repository->bodies,
                              &repository->error);
}

static inline struct inventory *repository_must(struct repository *repository)
{
    struct inventory *inventory = repository_assemble(repository);
    cr_assert_not_null(inventory, "%s: %s (%s)", repository->error.where, repository->error.what,
                       repository->error.hint);
    return inventory;
}

static inline void repository_close(struct repository *repository, struct inventory *inventory)
{
    inventory_free(inventory);
    config_free(repository->config);
}

/* The one way in which assembling this must fail. */
static inline void assert_refused(const char *yaml, const char *paths, const char *where, const char *what,
                                  const char *hint)
{
    struct repository repository;
    repository_open(&repository, yaml, paths);
    struct inventory *inventory = repository_assemble(&repository);
    cr_assert_null(inventory);
    cr_assert_eq(repository.error.kind, ERROR_CONFIG);
    cr_assert_str_eq(repository.error.where, where);
    cr_assert_str_eq(repository.error.what, what);
    cr_assert_str_eq(repository.error.hint, hint);
    repository_close(&repository, NULL);
}

#define HEAD "version: 1\nproject: shop\n"
#endif
