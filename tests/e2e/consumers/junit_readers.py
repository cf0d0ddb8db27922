"""Programs that read JUnit files, each asked for (suite, name, status) of every case that it sees."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent


class Seen:
    def __init__(self, cases: list[tuple[str, str, str]], flaky: list[tuple[str, str]] | None = None):
        self.cases, self.flaky = sorted(cases), None if flaky is None else sorted(flaky)

    def count(self, status: str) -> int:
        return sum(1 for case in self.cases if case[2] == status)


def ask_node(consumer: str, files: list[Path]):
    command = ["node", str(HERE / "read.mjs"), consumer, *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def by_node(consumer: str, knows_flaky: bool):
    def read(files: list[Path]) -> Seen:
        tests = ask_node(consumer, files)
        cases = [(test["suite"], test["name"], test["status"]) for test in tests]
        return Seen(cases, [(t["suite"], t["name"]) for t in tests if t["flaky"]] if knows_flaky else None)

    return read


def read_merged(files: list[Path]) -> Seen:
    """junit-report-merger: what the merged file's root counts must be what stands in it."""
    answer = ask_node("junit-report-merger", files)
    seen = Seen([(test["suite"], test["name"], test["status"]) for test in answer["tests"]])
    counted = {"total": len(seen.cases), **{status: seen.count(status) for status in ("failed", "error", "skipped")}}
    assert answer["counted"] == counted
    return seen


def read_junitparser(files: list[Path]) -> Seen:
    """What EnricoMi/publish-unit-test-result-action reads with."""
    from junitparser import Error, Failure, Skipped
    from junitparser.xunit2 import JUnitXml

    cases, flaky = [], []
    words = {Failure: "failed", Error: "error", Skipped: "skipped"}
    for file in files:
        for suite in JUnitXml.fromfile(str(file)):
            for case in suite:
                (status,) = [words[type(result)] for result in case.result] or ["passed"]
                cases.append((suite.name, case.name, status))
                flaky += [(suite.name, case.name)] if case.is_flaky else []
    return Seen(cases, flaky)


def codecov(file: Path):
    """(framework that it guesses, testruns)"""
    import test_results_parser

    info = test_results_parser.parse_junit_xml(file.read_bytes())
    return info.framework, info.testruns


def read_codecov(files: list[Path]) -> Seen:
    words = {"pass": "passed", "failure": "failed", "error": "error", "skip": "skipped"}
    runs = [run for file in files for run in codecov(file)[1]]
    unescape = {"&lt;": "<", "&gt;": ">", "&quot;": '"', "&amp;": "&"}
    cases = []
    for run in runs:
        name = run.name
        for entity, character in unescape.items():
            name = name.replace(entity, character)
        cases.append((run.testsuite, name, words[str(run.outcome)]))
    return Seen(cases)


def read_junit2html(files: list[Path]) -> Seen:
    from junit2htmlreport.parser import Junit

    return Seen([(suite.name, case.name, case.outcome()) for file in files for suite in Junit(str(file)).suites
                 for case in suite.all()])


# name -> (reader, whether it tells errors from failures)
READERS = {
    "allure 3": (by_node("allure", False), True),
    "junit2json": (by_node("junit2json", True), True),
    "junit-to-ctrf": (by_node("junit-to-ctrf", True), False),
    "test-results-parser": (by_node("test-results-parser", False), False),
    "junit-report-merger": (read_merged, True),
    "junitparser": (read_junitparser, True),
    "codecov": (read_codecov, True),
    "junit2html": (read_junit2html, False),
}
os.environ.setdefault("NODE_NO_WARNINGS", "1")
