"""The Common Test Report Format, read by its reference implementation and by a tool that people use."""

from __future__ import annotations

import json
import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from bed import Project
from story import CASES, OUTCOMES

HERE = Path(__file__).parent


def reference(path: Path, environment: dict[str, str]) -> dict:
    done = subprocess.run(["node", str(HERE / "read_ctrf.mjs"), str(path)], capture_output=True, text=True, env=environment, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def path(shop, cold, tmp_path_factory):
    path = tmp_path_factory.mktemp("ctrf") / "ctrf.json"
    result = shop.run("report", str(cold.folder), "--ctrf", str(path))
    assert result.code == 0, result.stderr
    return path


@pytest.fixture(scope="module")
def tests(path) -> dict[str, dict]:
    """By suite and name."""
    return {f"{test['suite'][0]} {test['name']}": test for test in json.loads(path.read_text())["results"]["tests"]}


def expected() -> Counter:
    words = {"passed": "passed", "failed": "failed", "error": "failed", "skipped": "skipped", "timeout": "failed", "infra": "other"}
    counts = Counter(words[result] for cases in CASES.values() for result in cases.values())
    counts.update(words[outcome] for suite, outcome in OUTCOMES.items() if not suite.startswith("api/"))
    return counts


def test_the_reference_finds_it_valid_and_counts_what_happened(path, shop):
    read = reference(path, shop.environment)
    assert read["valid"] and read["errors"] == []
    counts = expected()
    for summary in (read["said"], read["counted"]):
        assert summary["tests"] == sum(counts.values())
        assert {word: summary[word] for word in ("passed", "failed", "skipped", "pending", "other")} == {
            "pending": 0, **counts}
    assert read["said"]["flaky"] == 1 and read["flaky"] == ["test_flaky"]
    assert {"test_total", "test_odd[<a&b>]"} <= set(read["failed"])


def test_its_published_schema_accepts_it(path):
    import jsonschema
    schema = json.loads(next((HERE / "node_modules/ctrf/dist").glob("ctrf-schema-*.json")).read_text())
    jsonschema.Draft7Validator(schema, format_checker=jsonschema.FormatChecker()).validate(json.loads(path.read_text()))


def test_a_tool_that_people_use_shows_the_same_numbers(path, shop, tmp_path):
    summary = tmp_path / "summary.md"
    summary.touch()
    event = tmp_path / "event.json"
    event.write_text("{}")
    done = subprocess.run(["node", "node_modules/.bin/github-actions-ctrf", "summary", str(path)], cwd=HERE, capture_output=True,
                          text=True, timeout=120, env={**shop.environment, "GITHUB_STEP_SUMMARY": str(summary),
                                                       "GITHUB_EVENT_PATH": str(event), "GITHUB_REPOSITORY": "a/b"})
    assert done.returncode == 0, done.stdout + done.stderr
    shown = summary.read_text()
    counts = expected()
    titles, _, numbers = [re.findall(r"[\w.]+", line) for line in shown.splitlines() if line.startswith("|")][:3]
    assert dict(zip(titles, map(int, numbers[:7]))) == {
        "Tests": sum(counts.values()), "Passed": counts["passed"], "Failed": counts["failed"], "Skipped": counts["skipped"],
        "Pending": 0, "Other": counts["other"], "Flaky": 1}, shown


def test_a_flaky_test_shows_the_attempt_that_failed(tests):
    flaky = tests["api/tests/test_flaky.py test_flaky"]
    assert (flaky["status"], flaky["flaky"], flaky["retries"]) == ("passed", True, 1)
    [attempt] = flaky["retryAttempts"]
    assert (attempt["attempt"], attempt["status"]) == (1, "failed") and "only the second time" in attempt["message"]
    assert not any(test["flaky"] for name, test in tests.items() if "test_flaky" not in name)


def test_a_failure_shows_its_text_its_output_and_where_it_ran(tests, cold):
    total = tests["api/tests/test_broken.py test_total"]
    assert "the discount is missing" in total["message"] and "30 == 27" in total["trace"]
    assert total["filePath"] == "tests/test_broken.py" and total["line"] > 1 and total["rawStatus"] == "failed"
    assert [attempt["attempt"] for attempt in total["retryAttempts"]] == [2] and total["retries"] == 1
    [attachment] = total["attachments"]
    assert "printed by test_total" in (cold.folder / attachment["path"]).read_text()
    assert re.fullmatch("shard-0[123]", total["threadId"])
    assert "itrun run api/tests/test_broken.py" in total["extra"]["repro"]


def test_what_a_failing_case_printed_stands_there_line_by_line(tmp_path, shop):
    report = ("<testsuite name='s'><testcase classname='c' name='loud' time='0.5'><failure message='no'>why</failure>"
              "<system-out>first &lt;line&gt;\nsecond \u2603</system-out></testcase><testcase classname='c' name='quiet'/></testsuite>")
    project = Project(tmp_path / "p", "version: 1\nproject: p\nsuites:\n  - {name: s, command: cp made.xml out.xml, report: out.xml}\n",
                      {"made.xml": report})
    path = tmp_path / "ctrf.json"
    assert project.run("--ctrf", str(path)).code == 1
    assert reference(path, shop.environment)["valid"]
    loud, quiet = json.loads(path.read_text())["results"]["tests"]
    assert loud["stdout"] == ["first <line>", "second \u2603"] and loud["duration"] == 500 and loud["suite"] == ["s", "c"]
    assert "stdout" not in quiet and "message" not in quiet


def test_what_is_nobodys_test_is_other_and_says_why(tests):
    assert tests["cloudy [itrun] suite result"]["status"] == "other"
    raw = {name.split()[0]: test["rawStatus"] for name, test in tests.items() if "[itrun]" in name}
    assert raw == {suite: outcome for suite, outcome in OUTCOMES.items() if not suite.startswith("api/")}


def test_ids_are_the_same_in_every_run_and_never_twice(tests, changed, shop, tmp_path):
    again = tmp_path / "again.json"
    assert shop.run("report", str(changed.folder), "--ctrf", str(again)).code == 0
    others = {f"{test['suite'][0]} {test['name']}": test["id"] for test in json.loads(again.read_text())["results"]["tests"]}
    assert others == {name: test["id"] for name, test in tests.items()}
    assert len(set(others.values())) == len(others)


def test_a_live_run_writes_what_report_writes_and_an_unfinished_one_says_lost(tmp_path, shop):
    project = Project(tmp_path / "p", "version: 1\nproject: p\nsuites:\n  - {name: one, command: 'true'}\n"
                      "  - {name: two, command: 'echo \"a\\tb\"; exit 3'}\n")
    live = tmp_path / "live.json"
    result = project.run("--ctrf", str(live))
    assert result.code == 1
    assert project.run("report", "--ctrf", str(tmp_path / "later.json")).code == 0
    assert live.read_bytes() == (tmp_path / "later.json").read_bytes()
    journal = result.folder / "events.ndjson"
    lines = journal.read_text().splitlines(keepends=True)
    journal.write_text("".join(line for line in lines if '"suite.finished"' not in line and '"run.finished"' not in line))
    assert project.run("report", "--ctrf", str(live)).code == 0
    read = reference(live, shop.environment)
    assert read["valid"] and read["counted"]["other"] == 2
