#include "repository.h"

#define API                                                                                                  \
    HEAD "suites:\n"                                                                                         \
         "  - name: api\n"                                                                                   \
         "    framework: pytest\n"                                                                           \
         "    files: "

#define FILES                                                                                                \
    "lib/a.py tests/api/deep/er/test_c.py tests/api/slow/test_d.py tests/api/test_a.py tests/api/test_b.py " \
    "tests/conftest.py"

Test(inventory, every_file_of_a_glob_is_a_suite)
{
    struct repository repository;
    repository_open(&repository,
                    API "tests/api/**/test_*.py\n    tags: [fast]\n    retries: 2\n    env: {A: b}\n", FILES);
    struct inventory *inventory = repository_must(&repository);
    cr_assert_eq(inventory->suite_count, 4);
    cr_assert_str_eq(inventory->suites[0].name, "api/tests/api/deep/er/test_c.py");
    cr_assert_str_eq(inventory->suites[3].name, "api/tests/api/test_b.py");
    const struct suite *suite = inventory_find_suite(inventory, "api/tests/api/test_a.py", NULL);
    cr_assert_not_null(suite);
    cr_assert_str_eq(suite->file, "tests/api/test_a.py");
    cr_assert_str_eq(suite->source, "tests/api/test_a.py");
    cr_assert_str_eq(suite->cwd, "/repo");
    cr_assert_str_eq(suite->group, "api");
    cr_assert_str_eq(suite->framework, "pytest");
    cr_assert_str_eq(suite->tags[0], "fast");
    cr_assert_str_eq(suite->env[0].value, "b");
    cr_assert_eq(suite->retries.total, 2);
    cr_assert_str_eq(inventory->commit, "abc");
    repository_close(&repository, inventory);
}

Test(inventory, globs_apply_in_order_and_a_later_one_takes_out)
{
    struct repository repository;
    repository_open(
        &repository,
        API "[\"tests/**/test_*.py\", \"!**/slow/**\", \"tests/api/test_a.py\", \"!tests/api/test_b.py\"]\n",
        FILES);
    struct inventory *inventory = repository_must(&repository);
    cr_assert_eq(inventory->suite_count, 2);
    cr_assert_str_eq(inventory->suites[0].file, "tests/api/deep/er/test_c.py");
    cr_assert_str_eq(inventory->suites[1].file, "tests/api/test_a.py");
    repository_close(&repository, inventory);
}

Test(inventory, globs_are_relative_to_cwd)
{
    struct repository repository;
    repository_open(&repository, API "api/test_*.py\n    cwd: ./tests/\n", FILES);
    struct inventory *inventory = repository_must(&repository);
    cr_assert_eq(inventory->suite_count, 2);
    cr_assert_str_eq(inventory->suites[0].name, "api/api/test_a.py");
    cr_assert_str_eq(inventory->suites[0].file, "api/test_a.py");
    cr_assert_str_eq(inventory->suites[0].source, "tests/api/test_a.py");
    cr_assert_str_eq(inventory->suites[0].cwd, "/repo/tests");
    repository_close(&repository, inventory);
}

Test(inventory, a_glob_that_matches_nothing_is_an_error_at_its_suite)
{
    assert_refused(API "[\"tests/**/test_*.py\", tests/apis/*.py]\n", FILES, "itrun.yaml:4:5",
                   "suite api: no file matches tests/apis/*.py",
                   "there is no file below tests/apis; did you mean tests/api?");
    assert_refused(API "\"**/*_spec.py\"\n", FILES, "itrun.yaml:4:5",
                   "suite api: no file matches **/*_spec.py",
                   "globs are relative to cwd (.) and look like tests/**/test_*.py");
    assert_refused(API "[\"tests/**/test_*.py\", \"!tests/**\"]\n", FILES, "itrun.yaml:4:5",
                   "suite api: the globs of `files` leave no file",
                   "a glob with ! takes out what the globs before it found");
}

Test(inventory, a_suite_name_stands_once)
{
    struct repository repository;
    repository_open(&repository,
                    HEAD "suites:\n"
                         "  - {name: a, framework: pytest, files: b/x.py}\n"
                         "  - {name: ab, framework: pytest, cwd: b, files: x.py}\n",
                    "b/x.py");
    repository.config->suites[1].name = "a/b";
    cr_assert_null(repository_assemble(&repository));
    cr_assert_str_eq(repository.error.where, "itrun.yaml:5:5");
    cr_assert_str_eq(repository.error.what, "the suite a/b/x.py stands twice: it is also declared at line 4");
    cr_assert_str_eq(repository.error.hint, "give one of the groups another name");
    repository_close(&repository, NULL);
}

Test(inventory, a_report_belongs_to_one_suite)
{
    static const char hint[] = "take `report` out: each attempt is given its own place in ITRUN_REPORT";
    assert_refused(
        API "tests/api/test_*.py\n    report: out.xml\n", FILES, "itrun.yaml:4:5",
        "the suites api/tests/api/test_a.py and api/tests/api/test_b.py would write one report, out.xml",
        hint);
    assert_refused(HEAD "suites:\n"
                        "  - name: one\n"
                        "    command: ./one.sh\n"
                        "    report: tests/out.xml\n"
                        "  - name: two\n"
                        "    command: ./two.sh\n"
                        "    cwd: tests\n"
                        "    report: ./out.xml\n",
                   FILES, "itrun.yaml:7:5", "the suites one and two would write one report, ./out.xml", hint);
}

Test(inventory, a_command_without_files_is_one_suite)
{
    struct repository repository;
    repository_open(&repository,
                    HEAD "suites:\n  - name: smoke\n    command: ./smoke.sh\n    report: smoke.xml\n", FILES);
    struct inventory *inventory = repository_must(&repository);
    cr_assert_eq(inventory->suite_count, 1);
    cr_assert_str_eq(inventory->suites[0].name, "smoke");
    cr_assert_null(inventory->suites[0].file);
    cr_assert_null(inventory->suites[0].source);
    cr_assert_str_eq(inventory->suites[0].report, "smoke.xml");
    repository_close(&repository, inventory);
}

Test(inventory, a_cwd_outside_has_no_files)
{
    assert_refused(API "test_*.py\n    cwd: ../other\n", FILES, "itrun.yaml:4:5",
                   "suite api: its cwd ../other is outside of the repository",
                   "files are looked for below the configuration's directory only");
}
