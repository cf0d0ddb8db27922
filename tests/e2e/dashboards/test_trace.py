"""trace.json, read by Perfetto itself."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from perfetto_reader import query_trace
from story import OUTCOMES, Told

SLICES = """select s.name, s.category, s.ts / 1000 as start_us, s.dur / 1000 as duration_us, s.depth, t.name as thread, t.tid,
  extract_arg(s.arg_set_id, 'args.suite') as suite, extract_arg(s.arg_set_id, 'args.outcome') as outcome,
  extract_arg(s.arg_set_id, 'args.action') as action, extract_arg(s.arg_set_id, 'args.stack') as stack,
  p.name as parent from slice s join thread_track k on s.track_id = k.id join thread t using (utid)
  left join slice p on s.parent_id = p.id order by s.ts"""
LOSSES = "select name, value from stats where severity != 'info' and value != 0"
COUNTERS = "select t.name, c.value from counter c join counter_track t on c.track_id = t.id order by c.ts, c.id"


class Read:
    def __init__(self, told: Told, environment: dict[str, str]):
        self.told = told
        self.slices, self.losses, self.counters = query_trace(told.folder / "trace.json", environment, SLICES, LOSSES, COUNTERS)

    def of(self, category: str) -> list[dict]:
        return [one for one in self.slices if one["category"] == category and one["duration_us"] > 0]


@pytest.fixture(scope="module")
def cold_trace(cold, shop) -> Read:
    return Read(cold, shop.environment)


@pytest.fixture(scope="module")
def changed_trace(changed, shop) -> Read:
    return Read(changed, shop.environment)


def test_perfetto_loses_nothing_of_it(cold_trace, changed_trace):
    assert cold_trace.losses == [] and changed_trace.losses == []
    written = json.loads((cold_trace.told.folder / "trace.json").read_text())["traceEvents"]
    assert len(cold_trace.slices) == sum(event["ph"] in "Xi" and event["tid"] > 0 for event in written)


def test_lanes_are_threads_and_slices_nest(cold_trace):
    lanes = {one["thread"] for one in cold_trace.of("test")}
    assert {name.split(" on ")[0] for name in lanes} == {"shard 1", "shard 2", "shard 3"}
    assert all(" on account-00" in name for name in lanes)
    for suite in cold_trace.of("suite"):
        assert suite["depth"] == 0
    for attempt in cold_trace.of("test"):
        assert attempt["depth"] == 1 and attempt["parent"] == attempt["suite"]


def test_every_attempt_is_a_slice_of_its_suite(cold_trace):
    noted = Counter((suite, f"attempt {attempt}") for suite, attempt, _ in cold_trace.told.attempts)
    assert Counter((one["suite"], one["name"]) for one in cold_trace.of("test")) == noted
    outcomes = {one["name"]: one["outcome"] for one in cold_trace.of("suite")}
    assert outcomes == OUTCOMES
    slow = next(one for one in cold_trace.of("test") if one["suite"] == "slow")
    assert 1_000_000 <= slow["duration_us"] < 20_000_000


def test_every_deploy_is_a_slice_named_by_what_was_done(cold_trace, changed_trace):
    for trace in (cold_trace, changed_trace):
        actions = Counter(one["action"] for one in trace.of("reconcile"))
        by_hand = sum(stack == "byhand" for stack, _ in trace.told.deploys)
        assert actions["create"] == trace.told.writes["CreateStack"] + (by_hand if trace is cold_trace else 0)
        assert actions["update"] == trace.told.writes["UpdateStack"]
    assert Counter(one["stack"] for one in cold_trace.of("reconcile"))["data"] == 3
    assert any(one["name"] == "skip" for one in changed_trace.slices)


def test_lanes_wait_before_they_work(cold_trace):
    waits = cold_trace.of("wait")
    assert len(waits) == 3
    for wait in waits:
        first = min(one["start_us"] for one in cold_trace.slices if one["thread"] == wait["thread"] and one is not wait)
        assert wait["start_us"] + wait["duration_us"] <= first + 1


def test_counters_rise_and_fall(cold_trace):
    values: dict[str, list[float]] = {}
    for one in cold_trace.counters:
        values.setdefault(one["name"], []).append(one["value"])
    assert max(values["suites running suites"]) <= 3 and values["suites running suites"][-1] == 0
    assert max(values["accounts in use accounts"]) == 3 and values["accounts in use accounts"][-1] == 0
    assert values["suites ended suites"][-1] == len(OUTCOMES)
    assert values["suites not passed suites"][-1] == sum(outcome not in ("passed", "skipped") for outcome in OUTCOMES.values())


def test_a_killed_run_leaves_a_trace_that_opens(tmp_path, shop):
    from bed import Project, kill_9, wait_until
    project = Project(tmp_path / "p", "version: 1\nproject: p\nsuites:\n  - {name: long, command: ./long.sh}\n"
                      "  - {name: next, command: 'true'}\n", {"long.sh": "#!/bin/sh\ntouch began\nsleep 50\n"})
    process = project.start("--shards", "1")
    wait_until(lambda: (project.root / "began").exists(), "the suite's start")
    kill_9(process)
    folder = next((project.root / ".itrun/runs").iterdir())
    assert project.run("report", str(folder), "--trace", str(tmp_path / "t.json")).code == 0
    slices, losses = query_trace(tmp_path / "t.json", shop.environment, SLICES, LOSSES)
    assert losses == []
    assert [(one["name"], one["outcome"]) for one in slices if one["category"] in ("suite", "test")] == [
        ("long", "lost"), ("attempt 1", "lost")]
