/* propose_suites.c - tests by the marks that their frameworks leave: names of files, package.json, go.mod. */
#include "itrun/base/json.h"
#include "itrun/base/pattern.h"
#include "propose.h"

static struct found_suite *add_suite(struct findings *findings, const char *name, const char *framework)
{
    findings->suites = memory_grow(findings->suites, findings->suite_count, &findings->suite_capacity,
                                   sizeof *findings->suites);
    struct found_suite *suite = &findings->suites[findings->suite_count];
    *suite =
        (struct found_suite){.name = proposed_name(findings, name, strlen(name)), .framework = framework};
    findings->suite_count++;
    return suite;
}

/* ---- pytest ---- */

static const char *const pytest_names[] = {"test_*.py", "*_test.py"};

static bool is_pytest_file(const char *path)
{
    return glob_matches(pytest_names[0], base_name(path)) || glob_matches(pytest_names[1], base_name(path));
}

static const char *pytest_launcher(const struct findings *findings)
{
    if (has_file(findings, "poetry.lock")) {
        return "poetry run pytest";
    }
    if (has_file(findings, "uv.lock")) {
        return "uv run pytest";
    }
    return has_file(findings, "Pipfile") ? "pipenv run pytest" : NULL;
}

static void add_pytest_group(struct findings *findings, const char *folder)
{
    struct found_suite *suite = add_suite(findings, folder[0] != '\0' ? folder : "pytest", "pytest");
    suite->command = pytest_launcher(findings);
    for (size_t i = 0; i < 2; i++) {
        const char *glob = below(findings, folder,
                                 folder[0] != '\0' ? arena_format(findings->arena, "**/%s", pytest_names[i])
                                                   : pytest_names[i]);
        if (has_file(findings, glob)) {
            suite->files[suite->file_count++] = glob;
        }
    }
}

/* One group for each folder at the top. Paths are sorted, so that those of one folder stand together. */
static void find_pytest(struct findings *findings)
{
    const char *last = NULL;
    for (size_t i = 0; i < findings->input->path_count; i++) {
        const char *path = findings->input->paths[i];
        if (!is_pytest_file(path)) {
            continue;
        }
        size_t length = strcspn(path, "/");
        const char *folder = arena_bytes(findings->arena, path, path[length] == '/' ? length : 0);
        if (last == NULL || strcmp(last, folder) != 0) {
            add_pytest_group(findings, folder);
            last = folder;
        }
    }
}

/* ---- JavaScript ---- */

static const struct javascript_framework {
    const char *name, *package;
    const char *globs[4];
} javascript_frameworks[] = {
    {"cypress", "cypress", {"cypress/e2e/**/*.cy.{js,jsx,ts,tsx}"}},
    {"playwright", "@playwright/test", {"**/*.spec.{js,ts,mjs}", "{e2e,playwright}/**/*.test.{js,ts,mjs}"}},
    {"vitest",
     "vitest",
     {"**/*.test.{js,jsx,ts,tsx,mjs}", "**/__tests__/**/*.{js,jsx,ts,tsx}", "**/*.spec.{js,jsx,ts,tsx,mjs}"}},
    {"jest",
     "jest",
     {"**/*.test.{js,jsx,ts,tsx}", "**/__tests__/**/*.{js,jsx,ts,tsx}", "**/*.spec.{js,jsx,ts,tsx}"}},
    {"mocha", "mocha", {"test/**/*.{js,cjs,mjs}", "**/*.spec.{js,cjs,mjs}", "**/*.test.{js,cjs,mjs}"}},
    {"node", NULL, {"**/*.test.{js,cjs,mjs}", "test/**/*.{js,cjs,mjs}"}},
};

static bool depends_on(const struct json *package, const char *name)
{
    return json_get(json_get(package, "devDependencies"), name) != NULL ||
           json_get(json_get(package, "dependencies"), name) != NULL;
}

static bool is_used(const struct json *package, const struct javascript_framework *framework)
{
    if (framework->package != NULL) {
        return depends_on(package, framework->package);
    }
    const char *test = json_get_string(json_get(package, "scripts"), "test", "");
    return strstr(test, "node --test") != NULL || strstr(test, "node:test") != NULL;
}

/* Two groups of one file would be refused: the first that has it keeps it. */
static bool is_claimed(const struct findings *findings, const char *glob)
{
    for (size_t i = 0; i < findings->suite_count; i++) {
        const struct found_suite *suite = &findings->suites[i];
        for (size_t k = 0; k < suite->file_count; k++) {
            for (size_t p = 0; p < findings->input->path_count; p++) {
                const char *path = findings->input->paths[p];
                if (glob_matches(glob, path) && glob_matches(suite->files[k], path)) {
                    return true;
                }
            }
        }
    }
    return false;
}

static void find_in_package(struct findings *findings, const char *folder, const struct json *package)
{
    for (size_t i = 0; i < sizeof javascript_frameworks / sizeof *javascript_frameworks; i++) {
        const struct javascript_framework *framework = &javascript_frameworks[i];
        if (!is_used(package, framework)) {
            continue;
        }
        struct found_suite found = {.framework = framework->name, .cwd = folder};
        for (size_t k = 0; k < 4 && framework->globs[k] != NULL; k++) {
            const char *glob = below(findings, folder, framework->globs[k]);
            if (has_file(findings, glob) && !is_claimed(findings, glob)) {
                found.files[found.file_count++] = glob;
            }
        }
        if (found.file_count > 0) {
            const char *wanted = folder[0] != '\0'
                                     ? arena_format(findings->arena, "%s-%s", folder, framework->name)
                                     : framework->name;
            struct found_suite *suite = add_suite(findings, wanted, framework->name);
            found.name = suite->name;
            *suite = found;
        }
    }
}

static void find_javascript(struct findings *findings)
{
    for (size_t i = 0; i < findings->input->path_count; i++) {
        const char *path = findings->input->paths[i];
        size_t length = 0;
        if (strcmp(base_name(path), "package.json") != 0) {
            continue;
        }
        const char *bytes = contents_of(findings, path, &length);
        struct error ignored = {0};
        struct json *package = bytes != NULL ? json_parse(bytes, length, &ignored) : NULL;
        if (package != NULL) {
            find_in_package(findings, folder_of(findings, path), package);
        }
        json_free(package);
    }
}

/* ---- Go ---- */

static void find_go(struct findings *findings)
{
    for (size_t i = 0; i < findings->input->path_count; i++) {
        const char *path = findings->input->paths[i];
        if (strcmp(base_name(path), "go.mod") != 0) {
            continue;
        }
        const char *folder = folder_of(findings, path);
        const char *glob = below(findings, folder, "**/*_test.go");
        if (has_file(findings, glob) && !is_claimed(findings, glob)) {
            struct found_suite *suite = add_suite(findings, folder[0] != '\0' ? folder : "go", "go");
            suite->cwd = folder;
            suite->files[suite->file_count++] = glob;
        }
    }
}

void find_suites(struct findings *findings)
{
    find_pytest(findings);
    find_javascript(findings);
    find_go(findings);
}
