"""itrun gate over real runs: a verdict by policy, from the journal alone."""

from __future__ import annotations

import datetime
import json
import re

import pytest

from bed import wait_until, kill_9
from ci.shop import commit, github, shop, suite

TODAY = datetime.datetime.now(datetime.timezone.utc).date()


def day(days: int) -> str:
    return str(TODAY + datetime.timedelta(days=days))


@pytest.fixture
def project(tmp_path):
    """api: two tests; e2e: two tests, one of them bad; more: the gate's YAML."""

    def make(gate: str = "", api=(("test_pays", None), ("test_ships", None)),
             e2e=(("test_opens", None), ("test_wobbles", "boom"))):
        return shop(tmp_path / "project", suite("api", list(api)), suite("e2e", list(e2e)), more=gate)

    return make


def gate(project, *arguments: str):
    result = project.run("gate", "--json", *arguments)
    return result.code, json.loads(result.stdout) if result.stdout else result.stderr


def reasons(verdict, weight: str) -> list[str]:
    return [reason["what"] for reason in verdict["reasons"] if reason["weight"] == weight]


def test_without_a_policy_everything_must_pass(project):
    shop_ = project()
    assert shop_.run().code == 1
    code, verdict = gate(shop_)
    assert code == 1 and verdict["is_open"] is False and verdict["tests"] == 4
    assert [what[:11] for what in reasons(verdict, "blocks")] == ["e2e: failed"]
    assert "itrun run e2e --seed" in verdict["reasons"][0]["repro"]


def test_an_advisory_group_may_fail_and_people_are_told(project):
    shop_ = project("gate: {required: [api], advisory: [e2e], minimum_tests: 4}\n")
    assert shop_.run().code == 1
    result = shop_.run("gate")
    assert result.code == 0
    assert result.stdout.startswith("gate OPEN (exit code 0)\n2 suites, 4 tests, 0 flaky\n  api: 1 passed\n  e2e (advisory): 1 failed\n")
    assert re.search(r"excused:\n  e2e: failed.*\(advisory\)\n      itrun run e2e --seed \d+", result.stdout)


def quarantine(expires: str, test: str = "test_wobbles") -> str:
    return f"gate: {{quarantine: [{{suite: e2e, test: {test}, ticket: SHOP-12, expires: {expires}}}]}}\n"


def test_a_quarantined_test_runs_and_may_fail_until_its_day(project):
    shop_ = project(quarantine(day(0)))
    result = shop_.run()
    assert ("e2e", "test_wobbles", "failure") in result.cases, "it still runs, and its result is not hidden"
    code, verdict = gate(shop_)
    assert code == 0
    assert reasons(verdict, "excused") == [f"e2e: test_wobbles is bad, in quarantine until {day(0)} (SHOP-12)"]


def test_an_expired_quarantine_excuses_no_longer_and_says_so(project):
    shop_ = project(quarantine(day(-1)))
    shop_.run()
    code, verdict = gate(shop_)
    assert code == 1
    assert f"e2e: test_wobbles is bad, and its quarantine expired on {day(-1)} (SHOP-12)" in reasons(verdict, "blocks")


def test_a_quarantined_test_that_did_not_run_closes_the_gate(project):
    shop_ = project(quarantine(day(9), "test_gone"), e2e=[("test_opens", None)])
    assert shop_.run().code == 0
    code, verdict = gate(shop_)
    assert code == 6 and reasons(verdict, "blocks") == ["e2e: test_gone is in quarantine and did not run (SHOP-12)"]


def test_one_that_passes_for_long_is_to_be_released(project):
    policy = quarantine(day(9)).replace("gate: {", "gate: {quarantine_passes: 3, ")
    shop_ = project(policy, e2e=[("test_opens", None), ("test_wobbles", "boom")])
    shop_.run()
    shop_.write({"e2e.cases": repr([("test_opens", None), ("test_wobbles", None)]), "e2e.sh": "#!/bin/sh\npython3 junit.py e2e.cases > e2e.xml\n"})
    for runs, said in ((1, []), (2, []), (3, ["e2e: test_wobbles is in quarantine and was good in its last 3 runs (SHOP-12)"])):
        assert shop_.run().code == 0
        code, verdict = gate(shop_)
        assert code == 0 and reasons(verdict, "says") == said, runs
    good = (shop_.root / "e2e.cases").read_text()
    shop_.write({"e2e.cases": repr([("test_opens", None), ("test_wobbles", "boom")])})
    shop_.run()
    shop_.write({"e2e.cases": good})
    assert shop_.run().code == shop_.run().code == 0
    assert reasons(gate(shop_)[1], "says") == [], "a bad run ends the row, however many good ones stand before it"


def test_flaky_tests_are_allowed_as_the_policy_says(project):
    shop_ = project("gate: {flaky: 0}\n", e2e=[("test_opens", None)])
    shop_.write({"e2e.sh": "#!/bin/sh\n[ $ITRUN_ATTEMPT = 2 ] || exec false\npython3 junit.py e2e.cases > e2e.xml\n"})
    assert shop_.run("--retries", "1").code == 0
    code, verdict = gate(shop_)
    assert code == 1 and reasons(verdict, "blocks") == ["1 tests were flaky, at most 0 are allowed"]
    text = (shop_.root / "itrun.yaml").read_text()
    shop_.write({"itrun.yaml": text.replace("flaky: 0", "flaky: 1")})
    assert gate(shop_)[0] == 0


def test_a_killed_run_is_incomplete_also_where_all_is_advisory(project):
    shop_ = project("gate: {advisory: [api, e2e]}\n")
    shop_.write({"e2e.sh": "#!/bin/sh\nexec sleep 600\n"})
    process = shop_.start("--shards", "2")
    runs = shop_.root / ".itrun/runs"
    journal = wait_until(lambda: next(iter(runs.glob("*/events.ndjson")), None), "a journal")
    wait_until(lambda: '"suite.finished"' in journal.read_text(), "one suite's end")
    kill_9(process)
    code, verdict = gate(shop_, str(journal.parent))
    assert code == 6
    assert any("has no end" in what for what in reasons(verdict, "blocks"))
    assert any(what.startswith("e2e: lost") for what in reasons(verdict, "blocks"))


def test_a_group_that_was_left_out_and_too_few_tests_are_incomplete(project):
    shop_ = project("gate: {required: [api, e2e], minimum_tests: 4}\n")
    assert shop_.run("run", "api").code == 0
    code, verdict = gate(shop_)
    assert code == 6
    assert reasons(verdict, "blocks") == ["the required group e2e did not run", "2 tests ran, at least 4 are expected"]


def test_a_rerun_of_the_same_commit_supersedes(project):
    shop_ = project("gate: {flaky: 1}\n")
    first = shop_.run()
    shop_.write({"e2e.sh": "#!/bin/sh\nprintf '<testsuite><testcase name=\"test_opens\"/></testsuite>' > e2e.xml\n"})
    assert shop_.run("rerun").code == 0
    second = (shop_.root / ".itrun/latest").resolve()
    code, verdict = gate(shop_, *sorted((path.name for path in second.parent.iterdir()), reverse=True))
    assert first.code == 1 and code == 0 and verdict["flaky"] == 1 and verdict["suites"] == 2


def test_old_results_and_a_base_that_moved_are_incomplete(project):
    shop_ = project(e2e=[("test_opens", None)])
    sha = commit(shop_.root)
    event = {"pull_request": {"head": {"sha": "a" * 40}, "base": {"sha": "c" * 40}}}
    assert shop_.run(**github(shop_.root, sha, event)).code == 0
    assert gate(shop_, "--base", "c" * 40, "--max-age", "1h")[0] == 0
    code, verdict = gate(shop_, "--base", "d" * 40)
    assert code == 6 and f"was on the base {'c' * 40}, not on {'d' * 40}" in reasons(verdict, "blocks")[0]
    code, verdict = gate(shop_, "--max-age", "1ms")
    assert code == 6 and "old, at most 1ms is allowed" in reasons(verdict, "blocks")[0]


@pytest.mark.parametrize("policy, said", [
    ("gate: {required: [apj]}\n", 'itrun.yaml:10:19: there is no suite "apj" under `suites`'),
    ("gate: {quarantine: [{suite: api, ticket: A-1, expires: 2026-02-30}]}\n", '"2026-02-30" is no day of any calendar'),
    ("gate: {flaky_ratio: many}\n", "hint: how many of a hundred tests may be flaky: 0.5%")])
def test_a_bad_policy_is_exit_2_with_its_line_and_mend(project, policy, said):
    shop_ = project()
    shop_.run()
    shop_.write({"itrun.yaml": (shop_.root / "itrun.yaml").read_text() + policy})
    result = shop_.run("gate")
    assert result.code == 2 and said in result.stderr and "hint: " in result.stderr


@pytest.mark.parametrize("arguments, said", [
    (["no-such-run"], "there is no run no-such-run"), (["--base", "main"], "--base wants the hash of a commit, not 'main'"),
    ([".itrun/latest", ".itrun/latest"], "is given twice")])
def test_bad_usage_is_exit_2_with_a_mend(project, arguments, said):
    shop_ = project()
    shop_.run()
    result = shop_.run("gate", *arguments)
    assert result.code == 2 and said in result.stderr and "mend: " in result.stderr
