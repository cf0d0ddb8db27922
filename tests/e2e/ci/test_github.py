"""A step on GitHub Actions: what its runner makes of the log, and cmark-gfm (GitHub's own Markdown) of the summary."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from html.parser import HTMLParser

import cmarkgfm
import pytest

from bed import ITRUN
from ci.runner_log import Log
from ci.shop import github, shop, suite

EVIL = """::add-mask::passed
  ::error::forged
##[add-matcher]/tmp/m.json
x ##[error]forged in the middle
::stop-commands::guess
::endgroup::
\x1b[0Ksection_start:1:x\r\x1b[0Kfolded
+++ opened
--- folded
##vso[task.setvariable variable=x]y
##teamcity[testFailed name='x']
rewritten\rforged at the start of a line
\r::warning::after a carriage return
@octocat see #123 ![pixel](http://evil.example/p.png) <script>alert(1)</script>
```
# not a heading
"""
NAMES = ["::add-mask::main", "##[add-matcher]/tmp/x", "a\r::error::b", "@octocat #1 ![x](http://e/x.png)",
         "</code></summary></details><img src=http://e/y.png>", "`` ``` ````"]


@pytest.fixture
def hostile(tmp_path):
    cases = [(name, EVIL) for name in NAMES]
    return shop(tmp_path / "project", suite("evil", cases, EVIL), suite("fine", [("test_fine", None)], EVIL))


class Page(HTMLParser):
    """What a browser would show of a summary: links, images, mentions, headings outside code."""

    def __init__(self, markdown: str):
        super().__init__()
        self.tags: list[str] = []
        self.text: list[str] = []  # outside of code
        self.code: list[str] = []
        self.headings: list[str] = []
        self._open: list[str] = []
        self.feed(cmarkgfm.github_flavored_markdown_to_html(markdown, cmarkgfm.cmark.Options.CMARK_OPT_UNSAFE))

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag not in ("br", "img", "input"):
            self._open.append(tag)
        if tag in ("h3", "h4"):
            self.headings.append("")

    def handle_endtag(self, tag):
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data):
        (self.code if {"code", "pre"} & set(self._open) else self.text).append(data)
        if {"h3", "h4"} & set(self._open):
            self.headings[-1] += data


def test_nothing_that_tests_print_or_are_called_is_a_command(hostile):
    result = hostile.run(**github(hostile.root, "a" * 40))
    assert result.code == 1
    log = Log(result.stderr)
    assert re.fullmatch("[0-9a-f]{32}", log.token), "128 random bits"
    assert not log.is_stopped, "what comes after itrun in the step may give commands"
    assert {name for name, _, _ in log.commands} == {"group", "endgroup", "error"}
    assert [data.split()[1] for _, _, data in log.of("group")] == ["failed"], "groups for failures only"
    assert all(properties.get("title", "").startswith(("evil: ", "itrun")) for _, properties, _ in log.of("error"))
    # Without the guard word, the words themselves are broken: in a log that something else reads, too.
    inside = re.sub(r"(?m)^::(stop-commands::)?[0-9a-f]{32}(::)?$", "", result.stderr)
    assert {name for name, _, _ in Log(inside).commands} == {"group", "endgroup", "error"}
    for word in ("##vso[", "##teamcity[", "##[", "\x1b"):
        assert word not in result.stderr, word
    assert not re.search(r"(?m)^(---|\+\+\+|~~~|\^\^\^) ", result.stderr)


def test_the_word_is_another_each_time(hostile):
    tokens = {Log(hostile.run(**github(hostile.root, "a" * 40)).stderr).token for _ in range(2)}
    assert len(tokens) == 2


@pytest.mark.parametrize("service", [{"GITLAB_CI": "true"}, {"BUILDKITE": "true"}, {"CIRCLECI": "true"},
                                     {"JENKINS_URL": "http://j/"}])
def test_hostile_output_is_harmless_in_every_other_service(hostile, service):
    text = hostile.run(**service).stderr
    for word in ("##vso[", "##teamcity[", "##[", "\x1b]1338", "::add-mask::passed\n"):
        assert word not in text.replace("| ::add-mask::passed", ""), word
    assert not re.search(r"(?m)^\s*::", text)
    sections = re.findall(r"\x1b\[0Ksection_start:\d+:(\w+)\[collapsed=true\][\r\n]\x1b\[0K", text)
    assert sections == (["itrun_suite_0"] if "GITLAB_CI" in service else [])
    assert len(re.findall(r"section_start:\d+:\w+(?:\[\w+=\w+\])?[\r\n]\x1b\[0K", text)) == len(sections)
    heads = re.findall(r"(?m)^(?:---|\+\+\+|~~~) (.*)$", text)
    if "BUILDKITE" in service:
        assert [head.split()[0] for head in heads] == ["✗", "more", "the"]
    else:
        assert heads == []


def test_the_summary_shows_hostile_text_as_code_and_nothing_else(hostile, tmp_path):
    summary = tmp_path / "summary.md"
    summary.touch()
    hostile.run(**github(hostile.root, "a" * 40, GITHUB_STEP_SUMMARY=str(summary)))
    page = Page(summary.read_text())
    assert page.headings == ["❌ shop: 1 of 2 suites did not pass", f"Failures ({len(NAMES)})"]
    assert not {"img", "a", "script"} & set(page.tags)
    outside = "".join(page.text)
    assert "octocat" not in outside and "#1" not in outside and "evil.example" not in outside
    inside = "".join(page.code)
    assert "@octocat see #123 ![pixel](http://evil.example/p.png) <script>alert(1)</script>" in inside
    assert page.tags.count("details") == page.tags.count("summary") == len(NAMES) + 1
    assert "itrun run evil --seed" in inside


def test_annotations_are_at_most_ten_and_count_the_rest(tmp_path):
    project = shop(tmp_path / "repository/services/shop", suite("many", [(f"test_{i}", "boom") for i in range(40)]))
    result = project.run(**github(tmp_path / "repository", "a" * 40))
    errors = Log(result.stderr).of("error")
    assert len(errors) == 10
    assert errors[0][1] == {"file": "services/shop/tests/x.py", "line": "7", "title": "many: test_0"}
    assert errors[0][2].startswith("boom\nreproduce: itrun run many --seed ")
    assert errors[-1][2] == "and 31 more failures: the summary of this step has them"


def test_a_summary_is_appended_within_what_is_left_of_its_budget(tmp_path):
    cases = [(f"test_{i:04}", "boom " + "x" * 3000) for i in range(600)]
    project = shop(tmp_path / "project", suite("many", cases))
    summary = tmp_path / "summary.md"
    before = "# written by another\n" + "y" * 500 * 1024
    summary.write_text(before)
    result = project.run(**github(project.root, "a" * 40, GITHUB_STEP_SUMMARY=str(summary)))
    text = summary.read_text()
    assert text.startswith(before)
    assert 850 * 1024 < summary.stat().st_size <= 900 * 1024 + 2
    page = Page(text)
    shown = page.tags.count("summary") - 1
    left_out = int(re.search(r"and (\d+) more", text).group(1))
    assert shown + left_out == 600 and "Failures (600)" in page.headings, result.stderr[-500:]


def test_a_full_summary_is_left_alone_and_that_is_said(tmp_path):
    project = shop(tmp_path / "project", suite("api", [("test_fine", None)]))
    summary = tmp_path / "summary.md"
    summary.write_text("y" * 899 * 1024)
    result = project.run(**github(project.root, "a" * 40, GITHUB_STEP_SUMMARY=str(summary)))
    assert result.code == 0 and summary.stat().st_size == 899 * 1024
    assert "this step's summary holds 899 KiB already" in result.stderr and "mend: GitHub drops" in result.stderr


def test_a_summary_that_cannot_be_written_is_exit_5_with_its_mend(tmp_path):
    project = shop(tmp_path / "project", suite("api", [("test_fine", None)]))
    result = project.run(**github(project.root, "a" * 40, GITHUB_STEP_SUMMARY=str(tmp_path / "no/such/summary.md")))
    assert result.code == 5
    assert "GITHUB_STEP_SUMMARY: " in result.stderr and "no/such/summary.md" in result.stderr
    assert "mend: it must name a file that this user may write; `--ci none` writes none" in result.stderr
    assert result.outcomes() == {"api": "passed"}, "the run itself is recorded"


def test_report_rebuilds_the_summary_after_a_crash(hostile, tmp_path):
    hostile.run()
    journal = (hostile.root / ".itrun/latest").resolve() / "events.ndjson"
    lines = journal.read_text().splitlines(keepends=True)
    journal.write_text("".join(line for line in lines if '"run.finished"' not in line and '"suite_name":"fine"' not in line
                               or '"suite.planned"' in line))
    summary = tmp_path / "summary.md"
    result = hostile.run("report", **github(hostile.root, "a" * 40, GITHUB_STEP_SUMMARY=str(summary)))
    assert result.code == 0, result.stderr
    assert "This run has no end" in summary.read_text() and "1 of its suites have no outcome" in summary.read_text()


def test_markdown_goes_to_a_file_for_other_services(hostile, tmp_path):
    result = hostile.run("--markdown", "annotation.md", BUILDKITE="true", BUILDKITE_PARALLEL_JOB="1",
                         BUILDKITE_PARALLEL_JOB_COUNT="4")
    assert result.code == 1
    page = Page((hostile.root / "annotation.md").read_text())
    assert page.headings[0].startswith("❌ shop") and "Buildkite, node 2 of 4" in page.code


# --- masks ------------------------------------------------------------------------------------------------


def in_a_step(project, redirect: str = "", **environment: str) -> str:
    """itrun as the runner starts it: by a shell whose own log is the runner's."""
    script = f"{shlex.quote(str(ITRUN))} run {redirect}; exit 0"
    return subprocess.run(["bash", "-c", script], cwd=project.root, env={**project.environment, **environment},
                          stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                          timeout=60, check=True).stderr


def given(project) -> list[str]:
    """The secrets that a suite of this project was really given, as it wrote them itself."""
    return (project.root / "given.txt").read_text().split()


ASKS = """#!/bin/sh
python3 - <<'END'
import json, os, urllib.request as u
r = u.Request(os.environ["AWS_CONTAINER_CREDENTIALS_FULL_URI"], headers={"Authorization": os.environ["AWS_CONTAINER_AUTHORIZATION_TOKEN"]})
c = json.load(u.build_opener(u.ProxyHandler({})).open(r))
open("given.txt", "w").write(c["SecretAccessKey"] + "\\n" + c["Token"] + "\\n")
END
"""


def test_session_credentials_are_masked_before_any_suite_runs(aws_project):
    project = aws_project([{"name": "asks", "command": "./asks.sh"}], files={"asks.sh": ASKS})
    log = Log(in_a_step(project, **github(project.root, "a" * 40)))
    masked = [data for _, _, data in log.of("add-mask")]
    assert len(given(project)) == 2 and set(given(project)) <= set(masked)
    assert not set(masked) & {*project.ids}, "an account number would blank the log"
    assert all(len(value) >= 6 for value in masked)
    assert not any(secret in line for line in log.shown for secret in given(project))


@pytest.mark.parametrize("redirect", ["2> kept.log", "2>&1 | tee kept.log >&2"])
def test_a_mask_never_goes_into_a_file(aws_project, redirect):
    project = aws_project([{"name": "asks", "command": "./asks.sh"}], files={"asks.sh": ASKS})
    in_a_step(project, redirect, **github(project.root, "a" * 40))
    kept = (project.root / "kept.log").read_text()
    assert "PASSED" in kept and "add-mask" not in kept
    assert not any(secret in kept for secret in given(project)) and len(given(project)) == 2
