"""jest, vitest, Playwright and node:test, the real ones: counted by what their tests noted when they ran.

Cypress needs a download of its own: its reporter runs here under mocha, started by what itrun starts Cypress with."""

from __future__ import annotations

import json
import re
import shutil
import xml.etree.ElementTree as ElementTree

import pytest

from bed import Result
from native import FIXTURES, Shop

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or "no chromium"
RUN_S = 200
GROUPS = {"jest": "unit", "vitest": "unit", "node": "unit", "playwright": "ui", "cypress": "ui"}
ENDINGS = {"jest": ".test.js", "vitest": ".test.mjs", "node": ".test.mjs", "playwright": ".spec.js"}
FOUR = list(ENDINGS)


class WebShop(Shop):
    def __init__(self, root, name: str, is_installed: bool = True):
        super().__init__(root, name)
        self.name, self.group = name, GROUPS[name]
        self.environment["BROWSER_PATH"] = CHROMIUM
        if is_installed and (FIXTURES / name / "node_modules").exists():
            (root / "node_modules").symlink_to(FIXTURES / name / "node_modules")

    def suite(self, file: str) -> str:
        return f"{self.group}/tests/{file}{ENDINGS[self.name]}"

    def run_file(self, file: str, *arguments: str, **environment: str) -> Result:
        return self.run("run", self.suite(file), *arguments, timeout_s=RUN_S, **environment)

    def told(self, result: Result) -> dict[tuple[str, str], ElementTree.Element]:
        """(classname without the group, name) -> testcase; each pair must be there once."""
        found = {}
        for case in ElementTree.parse(result.folder / "junit.xml").getroot().iter("testcase"):
            key = (case.get("classname").removeprefix(self.group + "."), case.get("name"))
            assert key not in found, f"{key} stands twice"
            found[key] = case
        return found

    def statuses_of(self, result: Result) -> dict[tuple[str, str], str]:
        def status(case):
            kinds = [child.tag for child in case if child.tag in ("failure", "error", "skipped")]
            return kinds[0] if kinds else "passed"

        return {key: status(case) for key, case in self.told(result).items()}

    def key_of(self, titles: list[str], file: str) -> tuple[str, str]:
        """How junit.xml names the test of these titles."""
        *describes, title = [re.sub("\x1b\\[[0-9;]*m", "", text) for text in titles]
        whole_file = f"tests.{file}{ENDINGS[self.name].rsplit('.', 1)[0]}"
        if self.name == "playwright":
            project, *describes = describes
            return f"[{project}] {' › '.join(describes)}".strip(), title
        return (" > " if self.name == "vitest" else " ").join(describes) or whole_file, title

    def noted(self, file: str) -> list[tuple[str, str]]:
        return [self.key_of(json.loads(line), file) for line in self.ledger]


@pytest.fixture
def shop(tmp_path):
    return lambda name, **how: WebShop(tmp_path / "shop", name, **how)


# --- what ran is what is told -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FOUR)
def test_every_test_that_ran_is_told_once_by_its_name_file_and_line(shop, name):
    web = shop(name)
    result = web.run_file("passing")
    assert result.code == 0, result.stdout + result.stderr
    told = web.statuses_of(result)
    ran = [key for key in web.noted("passing") if key[1] not in ("steps", "first step")]
    if name == "node":  # a test that holds subtests is told by them
        ran += [("tests.passing.test", "steps > first step"), ("tests.passing.test", "steps > second step")]
    assert sorted(key for key, status in told.items() if status == "passed") == sorted(ran)
    assert result.summary["tests"]["total"] == len(told) >= 11
    assert len({key for key in ran if "日本語 🦀" in key[1]}) == (2 if name == "playwright" else 1)
    more = next(case for (_, test), case in web.told(result).items() if test == "adds one more")
    assert more.get("file") == f"tests/passing{ENDINGS[name]}"
    if name != "vitest":  # its report has no lines
        lines = (web.root / more.get("file")).read_text().splitlines()
        assert "adds one more" in lines[int(more.get("line")) - 1]


EXPECTED = {
    "jest": {"totals": "failure", "throws": "failure", "ships": "passed", "waits for its price": "skipped",
             "refunds": "skipped"},
    "node": {"totals": "failure", "throws": "failure", "throws no error": "failure", "ships": "passed",
             "waits for its price": "skipped", "refunds": "skipped", "will be right": "skipped"},
    "playwright": {"totals": "failure", "throws": "failure", "ships": "passed", "waits for its price": "skipped",
                   "is known to fail": "passed", "takes its time": "failure"},
}
EXPECTED["vitest"] = EXPECTED["jest"]


@pytest.mark.parametrize("name", FOUR)
def test_failures_and_skips_are_told_as_what_they_are(shop, name):
    web = shop(name)
    result = web.run_file("failing")
    assert result.code == 1 and result.outcomes() == {web.suite("failing"): "failed"}
    statuses = web.statuses_of(result)
    orders = "[desk] orders" if name == "playwright" else "orders"
    assert {test: status for (at, test), status in statuses.items() if at == orders} == EXPECTED[name]
    told = web.told(result)
    total = next(case.find("failure") for (_, test), case in told.items() if test == "totals")
    assert total.get("type") == "AssertionError" and re.search("2.*3|3.*2", total.get("message")), total.attrib
    assert f"failing{ENDINGS[name]}:" in total.text, "the body shows where"
    throws = next(case.find("failure") for (_, test), case in told.items() if test == "throws")
    assert throws.get("type") == "TypeError" and "reading 'total'" in throws.get("message")
    log = (result.folder / f"suites/{web.suite('failing')}/1/output.log").read_text()
    assert "totals" in log, "the framework's own words are in the log"


@pytest.mark.parametrize("name", FOUR)
def test_a_hook_that_throws_is_seen(shop, name):
    web = shop(name)
    result = web.run_file("hook")
    assert result.code == 1 and result.outcomes() == {web.suite("hook"): "failed"}
    prefix = "[desk] " if name == "playwright" else ""
    statuses = web.statuses_of(result)
    messages = {key: child.get("message") for key, case in web.told(result).items() for child in case
                if child.tag in ("failure", "error", "skipped")}
    assert statuses[prefix + "after each", "runs once"] == "failure"
    assert "cannot clean" in messages[prefix + "after each", "runs once"]
    assert any("no table" in message for message in messages.values())
    assert statuses[prefix + "before all", "never runs"] != "passed"
    if name == "vitest":
        assert "did not run" in messages["before all", "never runs"]
    if name != "playwright":
        assert statuses["after all", "runs too"] == "passed"
        assert any("cannot drop" in message for message in messages.values())
    assert not any("never runs" in line for line in web.ledger)


@pytest.mark.parametrize("name", FOUR)
def test_a_file_that_does_not_load_is_an_error(shop, name):
    web = shop(name)
    files = ["broken", "unloadable", "exits" if name == "node" else "empty"]
    result = web.run("run", *map(web.suite, files), timeout_s=RUN_S)
    assert result.code == 1
    statuses = web.statuses_of(result)
    assert sorted(status for status in statuses.values()) == ["error"] * 3, statuses
    assert result.summary["tests"]["passed"] == 0
    for failure in result.summary["failures"]:
        assert "--test" not in failure["repro"] and failure["message"]
    if name != "node":  # it says so in its output alone
        assert any("no-such-module" in failure["message"] for failure in result.summary["failures"])


# --- one case -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FOUR)
def test_each_failure_s_command_runs_its_case_alone(shop, name):
    web = shop(name)
    web.environment["BREAK"] = r"^(adds (one|two)$|a\+b|a::b)"  # alike but for their describes, one in none; and odd
    result = web.run_file("passing")
    assert result.code == 1, result.stdout + result.stderr
    failures = result.summary["failures"]
    chosen = [f for f in failures if name != "playwright" or f["classname"].startswith("[desk]")]
    assert len(failures) == {"node": 4, "playwright": 10}.get(name, 5)
    for failure in chosen:
        web.forget()
        again = web.paste(failure["repro"])
        wanted = (failure["classname"], failure["test"])
        assert len(web.ledger) == 1, f"{failure['repro']}\nran {web.ledger}\n{again.stdout}"
        assert again.code == 1 and [(f["classname"], f["test"]) for f in again.summary["failures"]] == [wanted]
        assert list(web.statuses_of(again).values()) == ["failure"], "what was left out is not told"
        assert web.noted("passing")[0][1] == failure["test"]


@pytest.mark.parametrize("name", FOUR)
def test_a_case_that_is_nowhere_exits_4(shop, name):
    web = shop(name)
    result = web.run_file("passing", "--test", "is nowhere")
    assert result.code == 4 and "no suite has a test case is nowhere" in result.stderr
    assert web.ledger == []


# --- what is missing ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "package"), [("jest", "jest"), ("vitest", "vitest"), ("playwright", "@playwright/test")])
def test_a_framework_that_is_not_installed_says_how_to_get_it(shop, name, package):
    web = shop(name, is_installed=False)
    result = web.run_file("passing")
    assert result.code == 1 and result.outcomes() == {web.suite("passing"): "error"}
    assert f"{name} is not installed: npm install --save-dev {package}" in result.stderr


def test_node_that_is_not_installed_is_named(shop, tmp_path):
    web = shop("node")
    (tmp_path / "empty").mkdir()
    result = web.run_file("passing", PATH=str(tmp_path / "empty"))
    assert result.code == 1 and result.outcomes() == {web.suite("passing"): "error"}
    assert "node is not installed: install Node.js 20 or newer" in result.stderr


def test_playwright_a_browser_that_is_missing_is_an_error_with_its_mend(shop, tmp_path):
    for environment in ({"BROWSER_PATH": str(tmp_path / "no-browser")},
                        {"BROWSER_PATH": "", "PLAYWRIGHT_BROWSERS_PATH": str(tmp_path)}):
        web = shop("playwright")
        result = web.run_file("page", **environment)
        assert result.code == 1
        (failure,) = result.summary["failures"]
        assert failure["message"] == "a browser is missing; install it: npx playwright install"
        case = web.told(result)["[desk]", "shows a page"].find("error")
        assert case.get("type") == "browser missing" and "xecutable doesn't exist" in case.text
        shutil.rmtree(web.root)


def test_playwright_drives_a_real_browser(shop):
    web = shop("playwright")
    result = web.run_file("page")
    assert result.code == 0, result.stderr
    assert web.statuses_of(result) == {("[desk]", "shows a page"): "passed"}
    assert "Chrome/" in web.ledger[0]


# --- quirks of one ------------------------------------------------------------------------------------------


def test_playwright_what_never_ran_is_no_quiet_skip(shop):
    web = shop("playwright")
    result = web.run_file("failing")
    assert not any("never runs" in line for line in web.ledger)
    told = web.told(result)
    never, quiet = told["[desk] one after the other", "never runs"], told["[desk] orders", "waits for its price"]
    assert never.find("skipped").get("message").startswith("did not run")
    assert quiet.find("skipped").get("message") == "skipped"
    web.write({"playwright.config.js": (web.root / "playwright.config.js").read_text().replace(
        "workers: 1,", "workers: 1, globalTimeout: 1,")})
    result = web.run_file("passing")
    assert result.code == 1 and result.outcomes() == {web.suite("passing"): "failed"}
    assert result.summary["tests"]["passed"] == 0


def test_playwright_its_own_retries_are_told_and_its_folder_is_not_shared(shop):
    web = shop("playwright")
    result = web.run("run", web.suite("failing"), web.suite("hook"), "-j", "2", timeout_s=RUN_S)
    assert sum("comes at the second try" in line for line in web.ledger) == 2
    assert web.statuses_of(result)["[desk] tried again", "comes at the second try"] == "passed"
    case = web.told(result)["[desk] tried again", "comes at the second try"]
    assert "expect(received).toBe(expected)" in case.find("flakyFailure").get("message")
    assert result.summary["tests"]["flaky"] == 1 and result.summary["flaky"][0]["test"] == "comes at the second try"
    assert not (web.root / "test-results").exists()


def test_node_keeps_what_had_ended_when_it_is_killed(shop):
    web = shop("node")
    result = web.run_file("hangs", "--suite-timeout", "5s")
    assert result.outcomes() == {web.suite("hangs"): "timeout"}
    assert [json.loads(line)[-1] for line in web.ledger] == ["ends", "hangs"]
    assert web.statuses_of(result)["tests.hangs.test", "ends"] == "passed"


def test_a_file_with_a_glob_s_characters_in_its_name_is_run_alone_or_not_green(shop):
    for name in ("node", "jest", "vitest"):
        web = shop(name)
        config = (web.root / "itrun.yaml").read_text()
        ending = ENDINGS[name]
        shutil.copy(web.root / f"tests/failing{ending}", web.root / f"tests/[id]{ending}")
        shutil.copy(web.root / f"tests/passing{ending}", web.root / f"tests/i{ending}")
        if name != "node":  # npx lets a shell take the name for a pattern
            result = web.run_file("[id]")
            assert result.code == 1 and "ran in place of this file" in result.stderr, result.stderr
            web.forget()
            web.write({"itrun.yaml": f"{config}    command: node_modules/.bin/{name}\n"})
        result = web.run_file("[id]")
        assert result.outcomes() == {web.suite("[id]"): "failed"}, result.stderr
        assert {json.loads(line)[0] for line in web.ledger} <= {"orders", "steps"}
        assert ("orders", "ships") in web.statuses_of(result)
        web.forget()
        shutil.rmtree(web.root)


def test_vitest_an_error_that_nobody_caught_is_never_green(shop):
    web = shop("vitest")
    result = web.run_file("unhandled")
    assert result.code == 1 and result.outcomes() == {web.suite("unhandled"): "error"}
    assert "nobody waits for this" in (result.folder / f"suites/{web.suite('unhandled')}/1/output.log").read_text()


def test_cypress_report_is_read_with_its_names_the_right_way_round(shop):
    web = shop("cypress")
    result = web.run(timeout_s=RUN_S)
    assert result.code == 1
    assert result.outcomes() == {"ui/cypress/e2e/broken.cy.js": "error", "ui/cypress/e2e/orders.cy.js": "failed"}
    statuses = web.statuses_of(result)
    assert {key: status for key, status in statuses.items() if "[itrun]" not in key[1]} == {
        ("cypress.e2e.orders.cy", "opens"): "passed", ("orders", "totals"): "failure",
        ("orders", 'says "no" ]]> <b>&amp; 日本語'): "passed", ("orders", "prints red and"): "failure",
        ("orders", "waits for its price"): "skipped", ("orders.when empty", "ships"): "passed",
        ("before all", '"before all" hook for "never runs"'): "error"}
    assert sorted(json.loads(line)[-1] for line in web.ledger) == sorted(
        ["opens", "totals", 'says "no" ]]> <b>&amp; 日本語', "prints", "ships"])
    web.forget()
    result = web.run("run", "ui/cypress/e2e/orders.cy.js", "--test", "opens")
    assert result.code == 2 and "runs no single case" in result.stderr and web.ledger == []


def test_cypress_that_is_not_installed_says_how_to_get_it(shop):
    web = shop("cypress", is_installed=False)
    web.write({"itrun.yaml": (web.root / "itrun.yaml").read_text().replace("    command: node stand-in.js\n", "")})
    result = web.run("run", "ui/cypress/e2e/orders.cy.js", timeout_s=RUN_S)
    assert result.code == 1
    assert "cypress is not installed: npm install --save-dev cypress && npx cypress install" in result.stderr
