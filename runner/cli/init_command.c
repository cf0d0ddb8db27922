/* itrun init - writes a first itrun.yaml from what is in the repository, and says what to do next. */
#include "commands.h"
#include "itrun/base/memory.h"
#include "itrun/host/listing.h"
#include "itrun/model/outcome.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define READ_LIMIT ((size_t)1024 * 1024)

struct init {
    const struct options *options;
    struct arena *arena;
    const char *folder, *path; /* absolute */
};

static char *read_file(void *context, const char *path, size_t *ret_length)
{
    const struct init *init = context;
    struct text full = {0};
    char *bytes = NULL;
    struct error ignored = {0};
    text_append_format(&full, "%s/%s", init->folder, path);
    bool is_read = file_read(text_string(&full), READ_LIMIT, &bytes, ret_length, &ignored);
    text_clear(&full);
    return is_read ? bytes : NULL;
}

/* Where it is to be written: -c, else itrun.yaml here. */
static bool place(struct init *init, struct error *error)
{
    const char *here = getcwd(NULL, 0);
    if (here == NULL) {
        return error_set(error, ERROR_IO, "the working directory is gone");
    }
    const char *asked = init->options->config != NULL ? init->options->config : "itrun.yaml";
    init->path =
        asked[0] == '/' ? arena_string(init->arena, asked) : arena_format(init->arena, "%s/%s", here, asked);
    free((char *)here);
    init->folder = arena_bytes(init->arena, init->path, (size_t)(strrchr(init->path, '/') - init->path));
    if (access(init->path, F_OK) == 0 && !init->options->is_force) {
        error_set(error, ERROR_USAGE, "%s is there already", init->path);
        return error_hint(error, "itrun list suites shows what it holds; itrun init --force replaces it");
    }
    return true;
}

static const char *region_here(void)
{
    const char *region = getenv("AWS_REGION");
    return region != NULL && region[0] != '\0' ? region : getenv("AWS_DEFAULT_REGION");
}

/* What is written must be readable: a proposal that is not would be our mistake, and is told as such. */
static bool check(const struct init *init, const struct text *yaml, struct error *error)
{
    struct text report = {0};
    struct config *config =
        config_parse(init->path, yaml->bytes, yaml->length, environment_value, NULL, &report, error);
    if (config == NULL) {
        fputs(text_string(&report), stderr);
    }
    text_clear(&report);
    config_free(config);
    return config != NULL;
}

static void say_next(const struct init *init, const struct proposal *proposal)
{
    printf("wrote %s: %zu suite group%s, %zu stack%s\n\nnext:\n", init->path, proposal->group_count,
           proposal->group_count == 1 ? "" : "s", proposal->stack_count,
           proposal->stack_count == 1 ? "" : "s");
    printf("  itrun list suites    what would run\n");
    if (proposal->stack_count > 0) {
        printf("  itrun doctor         whether accounts, roles and tools are ready\n"
               "  itrun                deploy the stacks and run everything\n"
               "  itrun init --local --force   to begin without AWS\n");
    } else {
        printf("  itrun                run everything\n");
    }
}

static bool propose(const struct init *init, struct error *error)
{
    MUST(init->folder != NULL);
    const char *slash = strrchr(init->folder, '/');
    struct proposal_input input = {.project = slash != NULL ? slash + 1 : "project",
                                   .region = region_here(),
                                   .is_local = init->options->is_local,
                                   .read = read_file,
                                   .context = (void *)init};
    if (!listing_files(init->folder, init->arena, &input.paths, &input.path_count, error)) {
        return false;
    }
    struct text yaml = {0};
    struct proposal proposal;
    config_propose(&input, &yaml, &proposal);
    bool is_done = check(init, &yaml, error) && file_replace(init->path, yaml.bytes, yaml.length, error);
    text_clear(&yaml);
    if (is_done) {
        say_next(init, &proposal);
    }
    return is_done;
}

static int run(const struct options *options)
{
    struct init init = {.options = options, .arena = arena_new()};
    struct error error = {0};
    bool is_done = place(&init, &error) && propose(&init, &error);
    if (!is_done) {
        complain(&error);
    }
    arena_free(init.arena);
    return is_done ? EXIT_CODE_PASSED : exit_code_of(&error);
}

const struct command init_command = {"init", "", "write a first itrun.yaml from what is in the repository",
                                     GROUP_ALWAYS | GROUP_INIT, run};
