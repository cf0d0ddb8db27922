"""Real readers of JUnit see in a run's junit.xml what really happened, and what itrun counted."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from collections import Counter

import pytest
from junit_readers import READERS, codecov
from mixed_run import EXPECTED, FLAKY_CASES, OUTCOMES

from bed import Project, as_yaml


def test_the_run_had_everything(mixed):
    events = [json.loads(line) for line in (mixed.folder / "events.ndjson").read_text().splitlines()]
    assert {e["suite_name"]: e["outcome"] for e in events if e["type"] == "suite.finished"} == OUTCOMES
    suites = json.loads((mixed.folder / "summary.json").read_text())["suites"]
    words = Counter(OUTCOMES.values()) | {"lost": 1}
    assert {word: suites[word] for word in words} == words
    assert set(words) == {"passed", "failed", "error", "timeout", "infra", "skipped", "cancelled", "lost"}


@pytest.mark.parametrize("options", [(), ("--junit-strict",)], ids=["default", "strict"])
@pytest.mark.parametrize("name", READERS)
def test_a_reader_counts_what_happened(mixed, name, options):
    read, tells_errors = READERS[name]
    seen = read([mixed.file(*options)])
    expected = EXPECTED if tells_errors else sorted(
        (suite, case, "failed" if status == "error" else status) for suite, case, status in EXPECTED)
    assert seen.cases == expected
    if seen.flaky is not None:
        assert seen.flaky == FLAKY_CASES
    counted = json.loads((mixed.folder / "summary.json").read_text())["tests"]
    assert counted["total"] == len(seen.cases)
    assert counted["passed"] == seen.count("passed")
    assert counted["skipped"] == seen.count("skipped")
    assert counted["failed"] + counted["errors"] == seen.count("failed") + seen.count("error")
    assert not tells_errors or counted["errors"] == seen.count("error")
    assert counted["flaky"] == len(FLAKY_CASES)


def test_what_a_test_says_arrives_as_it_was_but_for_colours(mixed):
    _, runs = codecov(mixed.file())
    (message,) = [run.failure_message for run in runs if run.name == "test_refund"]
    expected = 'AssertionError: ]]> & <b>bold</b> red "quoted" \U0001f600 #xFFFE'  # pytest spells U+FFFE so
    root = ElementTree.parse(mixed.file()).getroot()
    (failure,) = root.findall(".//testcase[@name='test_refund']/failure")
    assert failure.get("message") == expected
    assert expected in failure.text
    assert message.startswith("def test_refund()") and "#x1B" not in message
    (error,) = root.findall("./testsuite[@name='broken']/testcase/error")
    assert error.text.startswith("oh red ]]> & <b>\n")


@pytest.mark.parametrize("options", [(), ("--junit-strict",)], ids=["default", "strict"])
def test_the_raw_name_stands_beside_the_stable_one(mixed, options):
    suite = ElementTree.parse(mixed.file(*options)).find("./testsuite[@name='good/tests/test_good.py']")
    case = suite.find("./testcase[@name='test_pays[<uuid>]']")
    where, name = (suite, "itrun.name[test_pays[<uuid>]]") if options else (case, "itrun.name")
    (raw,) = [p.get("value") for p in where.find("properties") if p.get("name") == name]
    assert re.fullmatch(r"test_pays\[[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\]", raw)


def test_the_console_warns_of_names_that_change_and_test_takes_the_raw_one(tmp_path):
    name = "pays[0b7f1c2e-31a7-4d0e-9a55-0c8f2f6a1b3d]"
    config = "version: 1\nproject: p\nsuites: [{name: s, framework: pytest, files: test_*.py}]\n"
    test = f"import pytest\n@pytest.mark.parametrize('x', [1, 2], ids=['{name[5:-1]}', 'plain'])\ndef test_pays(x):\n    pass\n"
    project = Project(tmp_path / "project", config, {"test_a.py": test})
    result = project.run()
    assert result.code == 0, result.stderr
    (line,) = [line for line in result.stderr.splitlines() if line.startswith("! name")]
    assert f"s/test_a.py: 'test_{name}' holds a UUID; reports say 'test_pays[<uuid>]'" in line
    assert {case[1] for case in result.cases} == {"test_pays[<uuid>]", "test_pays[plain]"}
    alone = project.run("run", "s/test_a.py", "--test", f"test_{name}")
    assert alone.code == 0, alone.stderr
    assert [case[1] for case in alone.cases] == ["test_pays[<uuid>]"]


def test_no_case_is_lost_to_codecov_or_taken_for_another_s(tmp_path):
    """It drops names over 1000 bytes, and by a suite called jest it would show names without their classes."""
    cases = "".join(f'<testcase classname="{c}" name="{n}" time="0.1"/>' for c, n in [
        ("A", "adds"), ("B", "adds"), ("C", "x" * 3000), ("C", "x" * 3000 + "y"), ("q" * 900, "&quot;" * 700),
        ("D/plugin.py", "loads"), ("D.php", "loads"),
        ("deep", "d")])
    report = f"<testsuites><testsuite name='s'>{cases}</testsuite></testsuites>"
    suites = [{"name": name, "command": "cp given.xml " + name + ".xml", "report": name + ".xml"}
              for name in ("jest", "pytest", "e2e-vitest", "phpunit", "jester")]
    project = Project(tmp_path / "project", as_yaml({"version": 1, "project": "p", "suites": suites}), {"given.xml": report})
    result = project.run("--shards", "2")
    assert result.code == 0, result.stderr
    framework, runs = codecov(result.folder / "junit.xml")
    assert framework is None
    assert len(runs) == 5 * 8
    assert len({(run.testsuite, run.classname, run.name) for run in runs}) == 5 * 8
    assert {run.testsuite for run in runs} == {"jests", "pytests", "e2e-vitests", "phpunits", "jester"}
    # Newer versions join what they store as class and name, and lose the whole file where that is too long.
    assert all(len(f"{run.filename or ''}::{run.classname}::{run.name}") <= 1000 for run in runs)
