"""itrun with the local provider: no AWS, real processes. Judged by what the suites themselves wrote and by exit codes."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from bed import ROOT, Project, Result, kill_9, processes_with, wait_until

LOCAL = "version: 1\nproject: shop\n"


def commands(**suites: str) -> str:
    """A configuration of plain commands: name -> YAML lines after the name."""
    lines = [LOCAL, "suites:\n"]
    for name, body in suites.items():
        lines.append(f"  - name: {name.replace('_', '-')}\n" + "".join(f"    {line}\n" for line in body.split("\n")))
    return "".join(lines)


@pytest.fixture
def project(tmp_path):
    return lambda config, files=None: Project(tmp_path / "project", config, files)


# --- the first slice: suites in, one JUnit file out -----------------------------------------------------


def test_two_suites_become_one_junit_file(project):
    shop = project(commands(one="command: sh -c 'echo one >> ran.txt'", two="command: sh -c 'echo two >> ran.txt'"))
    result = shop.run("--shards", "2")
    assert result.code == 0, result.stderr
    assert sorted((shop.root / "ran.txt").read_text().split()) == ["one", "two"]
    assert {(suite, kind) for suite, _, kind in result.cases} == {("one", "passed"), ("two", "passed")}
    assert result.summary["suites"]["passed"] == 2


def test_every_outcome_has_its_word_and_its_junit_element(project):
    shop = project(commands(
        good="command: 'true'", bad="command: 'false'", skips="command: sh -c 'exit 77'", blames="command: sh -c 'exit 99'",
        crashes="command: sh -c 'kill -SEGV $$'", hangs="command: sleep 600\ntimeout: 300ms",
        missing="command: no-such-program --now", silent="command: 'true'\nreport: never-written.xml"))
    result = shop.run()
    assert result.outcomes() == {
        "good": "passed", "bad": "error", "skips": "skipped", "blames": "infra", "crashes": "error", "hangs": "timeout",
        "missing": "error", "silent": "error"}
    assert result.code == 1
    kinds = {suite: kind for suite, _, kind in result.cases}
    assert kinds == {"good": "passed", "bad": "error", "skips": "skipped", "blames": "error", "crashes": "error",
                     "hangs": "error", "missing": "error", "silent": "error"}
    assert "no-such-program" in result.stderr
    assert "no report was written" in result.stderr


PYTEST = {
    "tests/test_sums.py": "def test_adds():\n    assert 1 + 1 == 2\n\ndef test_lists():\n    assert [1] + [2] == [1, 2]\n",
    "tests/test_broken.py": "def test_fine():\n    pass\n\ndef test_differs():\n    assert 'cat' == 'dog'\n",
    "tests/test_gone.py": "import os\n\ndef test_leaves():\n    os._exit(0)\n",
}
PYTEST_CONFIG = LOCAL + "suites:\n  - name: api\n    framework: pytest\n    files: tests/test_*.py\n"


def test_real_pytest_suites_are_judged_by_report_and_exit(project):
    result = project(PYTEST_CONFIG, PYTEST).run()
    assert result.outcomes() == {"api/tests/test_sums.py": "passed", "api/tests/test_broken.py": "failed",
                                 "api/tests/test_gone.py": "error"}
    assert result.code == 1
    broken = {(name, kind) for suite, name, kind in result.cases if suite == "api/tests/test_broken.py"}
    assert broken == {("test_fine", "passed"), ("test_differs", "failure")}
    assert "cat" in result.stderr and "test_differs" in result.stderr


def test_one_case_can_be_selected(project):
    shop = project(PYTEST_CONFIG, PYTEST)
    result = shop.run("run", "api/tests/test_broken.py", "--test", "test_fine")
    assert result.code == 0, result.stderr
    assert [name for _, name, _ in result.cases] == ["test_fine"]


MOCHA = """const assert = require("node:assert");
describe("cart", () => {
  it("adds an item", () => assert.equal(1 + 1, 2));
  describe("when empty", () => {
    it("has no total", () => assert.equal(0, %s));
    it.skip("is not built yet", () => {});
  });
});
"""


def test_real_mocha_suites_are_judged_and_one_case_is_selected(project):
    mocha = ROOT / "fixtures/storefront/node_modules/.bin/mocha"
    config = LOCAL + f"suites:\n  - name: web\n    framework: mocha\n    command: {mocha}\n    files: test/*.spec.js\n"
    shop = project(config, {"test/good.spec.js": MOCHA % 0, "test/bad.spec.js": MOCHA % 7,
                            "test/gone.spec.js": "describe('x', () => { it('leaves', () => process.exit(0)); });\n"})
    result = shop.run()
    assert result.outcomes() == {"web/test/bad.spec.js": "failed", "web/test/good.spec.js": "passed", "web/test/gone.spec.js": "error"}
    assert ("web/test/bad.spec.js", "has no total", "failure") in result.cases
    assert ("web/test/good.spec.js", "is not built yet", "skipped") in result.cases
    one = shop.run("run", "web/test/bad.spec.js", "--test", "cart adds an item")
    assert one.code == 0, one.stderr
    assert [name for _, name, kind in one.cases if kind == "passed"] == ["adds an item"]


# --- exit codes -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("command, code", [
    ("true", 0), ("false", 1), ("sh -c 'exit 99'", 3), ("sh -c 'exit 77'", 0)])
def test_exit_code_follows_the_outcome(project, command, code):
    assert project(commands(only=f'command: "{command}"')).run().code == code


def test_exit_2_for_usage_and_configuration(project):
    shop = project(commands(only="command: 'true'"))
    for arguments, word in ((["--shrads", "3"], "--shards"), (["rnu"], "run"), (["run", "onyl"], "only"),
                            (["--jobs", "many"], "whole number"), (["--timeout", "5"], "duration")):
        result = shop.run(*arguments)
        assert result.code == 2, (arguments, result.stderr)
        assert word in result.stderr, (arguments, result.stderr)
    shop.write({"itrun.yaml": LOCAL + "siutes: []\n"})
    result = shop.run()
    assert result.code == 2
    assert "itrun.yaml:3:1:" in result.stderr and "suites" in result.stderr


def test_exit_4_when_nothing_is_selected(project):
    result = project(commands(only="command: 'true'")).run("--filter", "nothing-like-this")
    assert result.code == 4
    assert "no suite was selected" in result.stderr


def test_a_shard_s_timeout_ends_the_running_suite_and_cancels_the_rest(project):
    shop = project(commands(a="command: sleep 0.4", b="command: 'true'", c="command: 'true'"))
    result = shop.run("--shards", "1", "--shard-timeout", "100ms")
    assert sorted(result.outcomes().values()) == ["cancelled", "cancelled", "timeout"]
    assert result.code == 1, "a timeout outranks what was cancelled"


def test_exit_124_at_the_run_s_own_deadline(project):
    result = project(commands(slow="command: sleep 600", later="command: 'true'")).run("--shards", "1", "--timeout", "400ms")
    assert result.code == 124
    assert set(result.outcomes().values()) <= {"cancelled", "passed"}
    assert "cancelled" in result.outcomes().values()


@pytest.mark.parametrize("number, code", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_stops_in_order_and_still_writes_all_reports(project, number, code):
    shop = project(commands(slow="command: sh -c 'touch begun; sleep 600'", later="command: 'true'"))
    process = shop.start("--shards", "1", "--jobs", "1")
    wait_until((shop.root / "begun").exists, "the suite begins")
    process.send_signal(number)
    result = shop.finish(process)
    assert result.code == code
    assert result.outcomes()["slow"] == "cancelled"
    assert len(result.cases) == 2
    assert result.summary["exit_code"] == code
    assert (result.folder / "metrics.prom").stat().st_size > 0


def test_a_second_signal_kills_what_does_not_listen(project):
    deaf = "#!/bin/sh\ntrap 'touch told' TERM\ntouch begun\nwhile :; do sleep 0.1; done\n"
    shop = project(commands(deaf="command: ./deaf.sh"), {"deaf.sh": deaf})
    process = shop.start()
    wait_until((shop.root / "begun").exists, "the suite begins")
    process.send_signal(signal.SIGINT)
    wait_until((shop.root / "told").exists, "the suite is told to end, and does not")
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    result = shop.finish(process, 4)  # less than the grace of 5 s
    assert result.code == 130


# --- nothing outlives the run -----------------------------------------------------------------------------

ESCAPES = """#!/usr/bin/env python3
import os, sys, time
for _ in range(2):                    # a daemon: double fork and a session of its own
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(600)
        os._exit(0)
open("begun", "w").close()
time.sleep(float(sys.argv[1]))
"""


def test_kill_9_leaves_no_process_behind(project):
    shop = project(commands(escapes="command: ./escapes.py 600"), {"escapes.py": ESCAPES})
    cookie = f"SHOP_COOKIE={os.getpid()}-kill9"
    process = shop.start(SHOP_COOKIE=cookie.split("=")[1])
    wait_until((shop.root / "begun").exists, "the suite begins")
    wait_until(lambda: len(processes_with(cookie)) > 3, "its daemons live")
    kill_9(process)
    wait_until(lambda: not processes_with(cookie), "every process of the run has ended", 10)


def test_what_escapes_from_a_suite_is_killed_and_counted(project):
    shop = project(commands(escapes="command: ./escapes.py 0", after="command: 'true'"), {"escapes.py": ESCAPES})
    cookie = f"SHOP_COOKIE={os.getpid()}-leak"
    result = shop.run("--shards", "1", SHOP_COOKIE=cookie.split("=")[1])
    assert result.code == 0, result.stderr
    assert result.summary["leaked_processes"] >= 2
    assert processes_with(cookie) == []


def test_a_grandchild_that_holds_the_pipe_does_not_hold_up_the_run(project):
    shop = project(commands(holds="command: sh -c 'sleep 600 & exit 0'"))
    result = shop.run(timeout_s=20)
    assert result.code == 0
    assert result.summary["makespan_ms"] < 5000


def test_after_kill_9_the_journal_gives_the_reports(project):
    shop = project(commands(first="command: 'true'", second="command: sh -c 'touch begun; sleep 600'", third="command: 'true'"))
    process = shop.start("--shards", "1", "--jobs", "1")
    wait_until((shop.root / "begun").exists, "the suite begins")
    kill_9(process)
    folder = next((shop.root / ".itrun/runs").iterdir())
    report = shop.run("report", str(folder))
    assert report.code == 0, report.stderr
    summary = json.loads((folder / "summary.json").read_text())
    finished = [json.loads(line) for line in (folder / "events.ndjson").read_text().splitlines() if '"suite.finished"' in line]
    assert summary["suites"]["passed"] == len(finished)
    assert summary["suites"]["lost"] == 3 - len(finished) and summary["suites"]["lost"] >= 1
    assert summary["exit_code"] == 6


# --- reports, rerun ---------------------------------------------------------------------------------------


def test_report_rebuilds_the_same_bytes(project):
    result = project(PYTEST_CONFIG, PYTEST).run()
    shop = project(PYTEST_CONFIG)
    names = ("junit.xml", "metrics.prom", "summary.json", "report.html")
    before = {name: (result.folder / name).read_bytes() for name in names}
    for name in names:
        (result.folder / name).unlink()
    assert shop.run("report").code == 0
    assert {name: (result.folder / name).read_bytes() for name in names} == before


def test_metrics_are_what_promtool_accepts(project):
    result = project(PYTEST_CONFIG, PYTEST).run()
    text = (result.folder / "metrics.prom").read_text()
    environment = {**os.environ, "PATH": f"{ROOT}/.venv-tests/bin:{os.environ['PATH']}"}
    check = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, env=environment)
    assert (check.returncode, check.stderr, check.stdout) == (0, "", "")
    assert 'itrun_suites{outcome="failed"} 1' in text


def other_clone(shop: Project, tmp_path: Path, copied: Path | None = None) -> Project:
    clone = tmp_path / "clone"
    shutil.copytree(shop.root, clone, ignore=shutil.ignore_patterns(".itrun", ".state"))
    if copied:
        shutil.copytree(copied, clone / "copied-run")
    return Project(clone, (shop.root / "itrun.yaml").read_text())


def test_rerun_failed_from_a_copied_folder_in_another_clone(project, tmp_path):
    shop = project(PYTEST_CONFIG, PYTEST)
    first = shop.run()
    clone = other_clone(shop, tmp_path, first.folder)
    again = clone.run("rerun", "copied-run", "--failed")
    assert set(again.outcomes()) == {"api/tests/test_broken.py", "api/tests/test_gone.py"}
    assert again.code == 1
    assert again.summary["seed"] == first.summary["seed"]
    one = clone.run("rerun", "copied-run", "--suite", "api/tests/test_sums.py")
    assert (one.code, list(one.outcomes())) == (0, ["api/tests/test_sums.py"])


def test_rerun_of_a_shard_keeps_its_order(project, tmp_path):
    body = "command: sh -c 'echo $ITRUN_SUITE >> $ORDER'"
    shop = project(commands(**{name: body for name in ("a", "b", "c", "d", "e")}))
    shop.run("--shards", "2", "--jobs", "1", ORDER=str(tmp_path / "first"))
    events = Result(0, "", "", shop.root / ".itrun").events
    ran = [e["suite_name"] for e in events if e["type"] == "attempt.started" and e["shard"] == 1]
    again = shop.run("rerun", "--shard", "1", ORDER=str(tmp_path / "again"))
    assert again.code == 0, again.stderr
    assert (tmp_path / "again").read_text().split() == ran


def test_each_failure_s_command_reproduces_it_in_another_clone(project, tmp_path):
    shop = project(PYTEST_CONFIG, PYTEST)
    first = shop.run()
    clone = other_clone(shop, tmp_path)
    failures = first.summary["failures"]
    assert {f["suite"] for f in failures} == {"api/tests/test_broken.py", "api/tests/test_gone.py"}
    junit = (first.folder / "junit.xml").read_text()
    for failure in failures:
        assert failure["repro"] in first.stderr and failure["repro"] in junit
        pasted = subprocess.run(["sh", "-c", failure["repro"]], cwd=clone.root, capture_output=True, text=True, timeout=60,
                                env={**clone.environment, "PATH": f"{Path(clone.command()[0]).parent}:{clone.environment['PATH']}"})
        again = Result(pasted.returncode, pasted.stdout, pasted.stderr, clone.root / ".itrun")
        assert again.code == 1
        assert again.outcomes() == {failure["suite"]: first.outcomes()[failure["suite"]]}


# --- bad input ----------------------------------------------------------------------------------------------


def test_a_report_of_garbage_is_an_error_and_what_was_readable_is_kept(project):
    shop = project(commands(
        torn="command: sh -c 'printf \"<testsuite name=\\\"t\\\"><testcase name=\\\"kept\\\"/><testcase na\" > torn.xml'\nreport: torn.xml",
        junk="command: sh -c 'head -c 4000 /dev/urandom > junk.xml'\nreport: junk.xml"))
    result = shop.run()
    assert result.outcomes() == {"torn": "error", "junk": "error"}
    assert ("torn", "kept", "passed") in result.cases
    assert (result.folder / "suites/torn/1/report.xml.raw").exists()


def test_a_read_only_output_directory_is_named_and_nothing_runs(project, tmp_path):
    shop = project(commands(only="command: touch ran"))
    target = tmp_path / "file"
    target.write_text("")
    result = shop.run("--output", str(target))  # a file where a folder is wanted: root may write anywhere else
    assert result.code == 5
    assert str(target) in result.stderr
    assert not (shop.root / "ran").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="a file system of a few kilobytes can be mounted by root only")
def test_a_full_disk_stops_the_run_with_5_and_keeps_what_was_seen(project, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=192k", "none", str(disk)], check=True)
    try:
        body = "command: sh -c 'head -c 30000 /dev/zero | tr \"\\\\0\" x'"
        shop = project(commands(**{f"s{i}": body for i in range(12)}))
        result = shop.run("--shards", "1", "--output", str(disk))
        assert result.code == 5
        assert "No space left" in result.stderr or "no space left" in result.stderr
        journal = next((disk / "runs").iterdir()) / "events.ndjson"
        assert '"plan.announced"' in journal.read_text()
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_the_environment_of_a_suite_is_that_of_the_contract(project):
    shop = project(commands(looks="command: sh -c 'env > environment; test -d $ITRUN_TMPDIR && pwd >> environment'\nenv: {LOG_LEVEL: debug}"))
    result = shop.run(AWS_SECRET_ACCESS_KEY="canary-secret-of-the-caller", AWS_PROFILE="mine", ITRUN_SHARD="77", MINE="kept")
    assert result.code == 0, result.stderr
    seen = dict(line.split("=", 1) for line in (shop.root / "environment").read_text().splitlines() if "=" in line)
    assert seen["ITRUN"] == "1" and seen["ITRUN_SHARD"] == "1" and seen["ITRUN_SUITE"] == "looks" and seen["ITRUN_ATTEMPT"] == "1"
    assert seen["LOG_LEVEL"] == "debug" and seen["MINE"] == "kept"
    assert "AWS_SECRET_ACCESS_KEY" not in seen and "AWS_PROFILE" not in seen
    assert seen["AWS_EC2_METADATA_DISABLED"] == "true"
    assert seen["TMPDIR"].rstrip("/") == seen["ITRUN_TMPDIR"].rstrip("/")
    assert not Path(seen["ITRUN_TMPDIR"]).exists()
    assert seen["ITRUN_SEED"] == str(result.summary["seed"])


def test_retries_show_a_flaky_suite_as_flaky(project):
    shop = project(commands(flaky="command: sh -c 'test $ITRUN_ATTEMPT = 2'\nretries: 1"))
    result = shop.run()
    assert result.code == 0
    assert result.summary["suites"]["flaky"] == 1
    assert "flakyFailure" in (result.folder / "junit.xml").read_text()


def test_plan_says_what_a_run_would_do_and_runs_nothing(project):
    shop = project(commands(a="command: touch ran", b="command: touch ran"))
    result = shop.run("plan", "--shards", "5")
    assert result.code == 0, result.stderr
    assert "2" in result.stdout and "a" in result.stdout
    assert not (shop.root / "ran").exists()
    assert json.loads(shop.run("plan", "--json").stdout)
