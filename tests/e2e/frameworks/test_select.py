"""--test and the command beside each failure, with the real pytest and mocha: proven by what the tests noted.

And what the two write in odd ways: teardowns that break, expected failures, hooks, files that cannot be collected."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from native import FIXTURES, Shop, assert_each_command_runs_its_case_alone


@pytest.fixture
def shop(tmp_path):
    def make(name: str, is_quick: bool = True) -> Shop:
        made = Shop(tmp_path / "shop", name)
        if name == "mocha":
            (made.root / "node_modules").symlink_to(FIXTURES / "mocha/node_modules")
            if is_quick:  # npx takes its second
                made.write({"itrun.yaml": (made.root / "itrun.yaml").read_text() + "    command: node_modules/.bin/mocha\n"})
        return made

    return make


# --- pytest -------------------------------------------------------------------------------------------------


def test_pytest_each_failure_s_command_runs_its_case_alone(shop):
    api = shop("pytest")
    result = api.run("run", "api/tests/test_names.py")
    assert result.code == 1, result.stderr
    everything = api.ledger
    statuses = [(f["classname"], f["test"]) for f in result.summary["failures"]]
    assert len(everything) == 13 and len(statuses) == 11
    for failure in result.summary["failures"]:
        api.forget()
        again = api.paste(failure["repro"])
        assert len(api.ledger) == 1, f"{failure['repro']}\nran {api.ledger}\n{again.stderr}"
        assert again.code == 1
        assert api.ledger[0] in everything
        everything.remove(api.ledger[0])  # each command another case
        assert [(f["classname"], f["test"]) for f in again.summary["failures"]] == [(failure["classname"], failure["test"])]
    assert sorted(line.split("::", 1)[1] for line in everything) == ["TestCart::TestEmpty::test_total[2]", "test_total"]


def test_pytest_below_and_above_its_rootdir_the_commands_hold(shop):
    api = shop("pytest")
    api.write({"tests/pytest.ini": "[pytest]\n"})  # classnames begin below the suite's directory
    result = api.run("run", "api/tests/test_names.py")
    failure = next(f for f in result.summary["failures"] if f["test"] == "test_total")
    assert failure["classname"].startswith("test_names.")
    api.forget()
    assert api.paste(failure["repro"]).code == 1
    assert api.ledger == ["test_names.py::TestCart::test_total"]
    (api.root / "tests/pytest.ini").rename(api.root.parent / "pytest.ini")  # and above it
    result = api.run("run", "api/tests/test_names.py")
    failure = next(f for f in result.summary["failures"] if f["test"] == "test_total")
    assert failure["classname"].startswith("shop.tests.test_names.")
    api.forget()
    assert api.paste(failure["repro"]).code == 1
    assert api.ledger == ["shop/tests/test_names.py::TestCart::test_total"]


def test_pytest_what_breaks_around_a_test_is_one_case(shop):
    api = shop("pytest")
    result = api.run("run", "api/tests/test_quirks.py")
    assert result.code == 1, result.stderr
    assert api.statuses(result) == {
        "test_fails_and_its_teardown_breaks": "failure", "test_passes_and_its_teardown_breaks": "error",
        "test_has_no_setup": "error", "test_expected_to_fail": "skipped", "test_passes_unexpectedly": "passed",
        "test_strictly_expected_to_fail": "failure", "test_skipped": "skipped"}
    junit = (result.folder / "junit.xml").read_text()
    assert "assert 1 == 2" in junit and "the table is gone" in junit
    failures = api.failures(result)
    assert "database" in failures["test_has_no_setup"]["message"]
    text = (api.root / "tests/test_quirks.py").read_text().splitlines()
    line = next(number for number, row in enumerate(text, 1) if row.startswith("def test_has_no_setup"))
    assert f'name="test_has_no_setup" file="tests/test_quirks.py" line="{line}"' in junit
    assert_each_command_runs_its_case_alone(api, result, {"test_has_no_setup": "tests/test_quirks.py::test_has_no_setup"})


def test_pytest_a_file_that_cannot_be_collected_is_rerun_whole(shop):
    api = shop("pytest")
    result = api.run("run", "api/tests/test_uncollected.py")
    (failure,) = result.summary["failures"]
    assert "a_module_that_nobody_has" in (result.folder / "junit.xml").read_text()
    assert "--test" not in failure["repro"]
    assert api.paste(failure["repro"]).code == 1


# --- mocha --------------------------------------------------------------------------------------------------

MOCHA_TITLES = [["works"], ["cart", "works"], ["cart", "it's (1+2) [x] $HOME `id` \"q\" \\ a/b"],
                ["cart", "größer als € 🫖"], ["cart", "a::b"], ["cart", "two\nlines and\ta tab"],
                ["cart", "  when empty  ", "works"]]


def test_mocha_each_failure_s_command_runs_its_case_alone(shop):
    web = shop("mocha")
    result = web.run("run", "web/test/names.spec.js")
    assert result.code == 1, result.stderr
    assert len(result.summary["failures"]) == len(MOCHA_TITLES)
    ran = []
    for failure in result.summary["failures"]:
        web.forget()
        again = web.paste(failure["repro"])
        assert again.code == 1 and len(web.ledger) == 1, f"{failure['repro']}\nran {web.ledger}\n{again.stderr}"
        assert [f["test"] for f in again.summary["failures"]] == [failure["test"]]
        ran.append(json.loads(web.ledger[0]))
    assert sorted(ran) == sorted(MOCHA_TITLES)


def test_mocha_a_hook_that_fails_is_an_error_and_is_rerun_whole(shop):
    web = shop("mocha", is_quick=False)
    result = web.run("run", "web/test/hooks.spec.js")
    assert result.code == 1, result.stderr
    assert web.statuses(result) == {
        '"before all" hook for "never runs"': "error", "runs": "passed", '"after each" hook for "runs"': "error",
        "passes": "passed", "is not built yet": "skipped"}
    for failure in result.summary["failures"]:
        assert "--test" not in failure["repro"]
    assert web.paste(failure["repro"]).code == 1


def test_mocha_whatever_reporter_the_project_configures_ours_is_read(shop):
    web = shop("mocha")
    web.write({".mocharc.json": json.dumps({"reporter": "mocha-junit-reporter", "reporter-option": ["mochaFile=theirs.xml"]})})
    result = web.run("run", "web/test/hooks.spec.js")
    assert result.outcomes() == {"web/test/hooks.spec.js": "failed"}, result.stderr
    assert web.statuses(result)["passes"] == "passed"


def test_mocha_junit_reporter_s_swapped_names_are_read_as_mocha_has_them(shop):
    web = shop("mocha")
    own = web.run("run", "web/test/names.spec.js")
    cases = sorted((name, status) for _, name, status in own.cases)
    classnames = {failure["classname"] for failure in own.summary["failures"]}
    web.write({"itrun.yaml": "version: 1\nproject: shop\nsuites:\n  - name: web\n    report: theirs.xml\n    command: "
                             "node_modules/.bin/mocha test/names.spec.js --reporter mocha-junit-reporter "
                             "--reporter-option mochaFile=theirs.xml\n"})
    theirs = web.run()
    assert theirs.code == 1, theirs.stderr
    assert sorted((name, status) for _, name, status in theirs.cases) == cases and len(cases) == 8
    assert {f["classname"] for f in theirs.summary["failures"]} == classnames - {"test/names.spec.js"} | {""}


# --- not installed --------------------------------------------------------------------------------------------


def test_mocha_that_is_not_installed_is_named_with_how_to_install_it(shop):
    web = shop("mocha", is_quick=False)
    (web.root / "node_modules").unlink()
    result = web.run("run", "web/test/names.spec.js")
    assert result.outcomes() == {"web/test/names.spec.js": "error"}
    assert "mocha is not installed: npm install --save-dev mocha" in result.stderr


def test_pytest_that_is_not_installed_is_named_with_how_to_install_it(shop, tmp_path):
    api = shop("pytest")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "bare")], check=True)
    result = api.run("run", "api/tests/test_names.py", PATH=f"{tmp_path}/bare/bin:{api.environment['PATH']}")
    assert result.outcomes() == {"api/tests/test_names.py": "error"}
    assert "pytest is not installed: python3 -m pip install pytest" in result.stderr


# --- one case in many suites ----------------------------------------------------------------------------------


def test_suites_without_the_case_are_skipped(shop):
    api = shop("pytest")
    (api.root / "tests/test_uncollected.py").unlink()
    result = api.run("--test", "test_passes_unexpectedly")
    assert result.code == 0, result.stderr
    assert result.outcomes() == {"api/tests/test_names.py": "skipped", "api/tests/test_quirks.py": "passed"}
    assert api.ledger == ["tests/test_quirks.py::test_passes_unexpectedly"]
    assert "no test case of that name is here" in (result.folder / "junit.xml").read_text()


def test_a_case_that_no_suite_has_exits_4_and_says_so(shop):
    for name, case in (("pytest", "test_that_is_nowhere"), ("mocha", "is nowhere")):
        there = shop(name)
        (there.root / "tests/test_uncollected.py").unlink(missing_ok=True)
        result = there.run("--test", case)
        assert result.code == 4, result.stderr
        assert f"no suite has a test case {case}" in result.stderr
        assert set(result.outcomes().values()) == {"skipped"}
        assert result.summary["exit_code"] == 4
        assert there.ledger == []
        there.root.rename(there.root.parent / name)


def test_rerun_takes_one_case_too(shop):
    api = shop("pytest")
    api.run("run", "api/tests/test_names.py", "api/tests/test_quirks.py")
    api.forget()
    result = api.run("rerun", "--test", "tests.test_names::test_größe")
    assert result.code == 1, result.stderr
    assert api.ledger == ["tests/test_names.py::test_größe"]
    assert result.outcomes() == {"api/tests/test_names.py": "failed", "api/tests/test_quirks.py": "skipped"}
    api.forget()
    result = api.run("rerun", "--test", "test_that_is_nowhere")
    assert (result.code, api.ledger) == (4, [])


def test_a_framework_that_runs_no_single_case_is_left_out_or_refused(shop):
    api = shop("pytest")
    config = (api.root / "itrun.yaml").read_text()
    api.write({"itrun.yaml": config + "  - name: smoke\n    command: sh -c 'echo smoke >> $LEDGER'\n"})
    result = api.run("--test", "test_größe", "--filter", "names|smoke")
    assert result.code == 1 and "smoke" in result.stderr
    assert api.ledger == ["tests/test_names.py::test_größe"]
    api.forget()
    result = api.run("run", "smoke", "--test", "test_größe")
    assert result.code == 2 and "runs no single case" in result.stderr
    assert api.ledger == []


def test_one_case_teaches_the_history_nothing(shop):
    api = shop("pytest")
    api.write({"tests/test_two.py": "def test_a(): pass\n\ndef test_b(): pass\n"})
    assert api.run("run", "api/tests/test_two.py").code == 0
    assert api.run("run", "api/tests/test_two.py", "--test", "test_a").code == 0
    planned = [e for e in api.run("run", "api/tests/test_two.py").events if e["type"] == "suite.planned"]
    assert planned[0]["planned"]["case_count"] == 2
