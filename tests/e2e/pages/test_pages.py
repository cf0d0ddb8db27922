"""report.html in a real Chromium: the claims of *.test.mjs, one test each, over pages made here.

Three reports: a journal of 200 lanes and 10,000 cases, one whose every string is hostile, and a real run's own.
What the pages must say is counted from the journals' own makers, not from what itrun wrote.
"""

from __future__ import annotations

import collections
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import journal  # noqa: E402
from bed import ITRUN, ROOT, Project  # noqa: E402

CLAIM = re.compile(r"^\s*test\((?:\"([^\"]+)\"|`([^`]+)`)", re.M)
BIG = {"shards": 200, "cases": 10000, "hostile": False}


def claims() -> list[tuple[str, str]]:
    """(file, claim), as the files name them; those of a loop once for each colour scheme."""
    found = []
    for path in sorted(HERE.glob("*.test.mjs")):
        for plain, template in CLAIM.findall(path.read_text()):
            names = [plain] if plain else [template.replace("${colorScheme}", scheme) for scheme in ("light", "dark")]
            found += [(path.name, name) for name in names]
    return found


def rows_of(events: list[dict]) -> list[dict]:
    """Every row that a page must have: {outcome, name, suite, shard, ms, message}."""
    planned = {e["suite"]: e for e in events if e["type"] == "suite.planned"}
    attempts = collections.defaultdict(list)
    for event in events:
        if event["type"] == "attempt.finished":
            attempts[event["suite"]].append(event)
    ends = {e["suite"]: e for e in events if e["type"] == "suite.finished"}
    rows = []
    for suite, plan in planned.items():
        place = {"suite": plan["suite_name"], "shard": plan["shard"]}
        outcome = ends[suite]["outcome"] if suite in ends else "lost"
        reports = [a["ended"]["report"]["cases"] for a in attempts[suite] if "report" in a["ended"]]
        if outcome not in ("passed", "failed"):
            rows.append({**place, "outcome": outcome, "name": plan["suite_name"], "ms": ends.get(suite, {}).get("duration_ms", 0),
                         "message": ends.get(suite, {}).get("reason", "")})
            continue
        bad_before = {case["n"] for case in reports[0] if case.get("s") == "failed"} if len(reports) > 1 else set()
        for case in reports[-1]:
            status = case.get("s", "passed")
            flaky = status == "passed" and case["n"] in bad_before
            rows.append({**place, "outcome": "flaky" if flaky else status, "name": case["n"], "ms": case["d"] / 1000,
                         "message": case.get("m", "")})
    return rows


def cause_of(row: dict) -> tuple | None:
    """What journal.py made fail; a message that says little is another cause in each file. None: the deploy's fault."""
    if row["outcome"] == "error" and "SEGV" not in row["message"]:
        return None
    for kind in ("was not settled", "refused the connection", "it ran for", "SEGV"):
        if kind in row["message"]:
            return (kind,)
    return ("assert" if row["message"].startswith("assert") else row["message"], row["suite"])


def queries_of(rows: list[dict], events: list[dict]) -> dict[str, int]:
    deployed = {e["shard"] for e in events if e["type"] == "stack.decided" and e["stack"] == "orders" and e["stack_action"]["action"] != "skip"}

    def count(accepts) -> int:
        return sum(1 for row in rows if accepts(row))

    return {
        "outcome:failed": count(lambda r: r["outcome"] == "failed"),
        "outcome:failed,infra": count(lambda r: r["outcome"] in ("failed", "infra")),
        "outcome:flaky": count(lambda r: r["outcome"] == "flaky"),
        "suite:cart-api": count(lambda r: "cart-api" in r["suite"]),
        "shard:7": count(lambda r: r["shard"] == 7),
        "stack:orders": count(lambda r: r["shard"] in deployed),
        "fault:account": count(lambda r: r["outcome"] == "infra"),
        ">1s": count(lambda r: round(r["ms"]) > 1000),
        "<20ms outcome:passed": count(lambda r: int(r["ms"] + 0.5) < 20 and r["outcome"] in ("passed", "flaky")),
        "test:leap_day !outcome:passed": count(lambda r: "leap_day" in r["name"] and r["outcome"] not in ("passed", "flaky")),
        '"not valid"': count(lambda r: "not valid" in r["message"]),
        "/test_adds.*coupon/": count(lambda r: re.search("test_adds.*coupon", r["name"])),
        "suite:": len(rows),
        "no-such-test": 0,
    }


def expect_big(text: str) -> dict:
    events = [json.loads(line) for line in text.splitlines()]
    rows = rows_of(events)
    outcomes = collections.Counter(row["outcome"] for row in rows)
    last = max((e for e in events if e["type"] == "attempt.finished"), key=lambda e: e["monotonic_us"])
    first_failed = next(e for e in events if e["type"] == "suite.finished" and e["outcome"] == "failed")
    lost = next(row for row in rows if row["outcome"] == "lost")
    return {
        "rows": len(rows), "outcomes": outcomes, "queries": queries_of(rows, events), "lastSuite": last["suite_name"],
        "lastShard": last["shard"], "slowest": max(rows, key=lambda row: row["ms"])["name"],
        "causes": len({cause_of(row) for row in rows if row["outcome"] in ("failed", "timeout", "error")} - {None}),
        "plain": {"verdict": "Failed", "command": f"itrun run {first_failed['suite_name']} --seed 2197725116",
                  "test": next(r["name"] for r in rows if r["suite"] == first_failed["suite_name"] and r["outcome"] == "failed"),
                  "fault": "Your tests", "lostShard": lost["shard"]},
    }


def write_report(folder: Path, text: str, expected: dict) -> None:
    folder.mkdir(parents=True)
    (folder / "events.ndjson").write_text(text, encoding="utf-8")
    (folder / "expected.json").write_text(json.dumps(expected))
    run = subprocess.run([ITRUN, "report", folder, "--html", folder / "report.html"], capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr


REAL = {
    "itrun.yaml": "version: 1\nproject: shop\nsuites:\n  - name: api\n    framework: pytest\n    files: tests/test_*.py\n    retries: 1\n"
                  "  - name: blames\n    command: sh -c 'exit 99'\n  - name: hangs\n    command: sleep 600\n    timeout: 300ms\n",
    "tests/test_sums.py": "def test_adds():\n    assert 1 + 1 == 2\n\ndef test_subtracts():\n    assert 3 - 1 == 1\n",
    "tests/test_flaky.py": "import os\n\ndef test_second_time_lucky():\n    assert os.environ['ITRUN_ATTEMPT'] == '2'\n",
}
REAL_TESTS = {"passed": ["test_adds"], "failed": ["test_subtracts"], "flaky": ["test_second_time_lucky"], "infra": ["blames"],
              "timeout": ["hangs"]}


def run_for_real(folder: Path) -> None:
    files = dict(REAL)
    shop = Project(folder / "shop", files.pop("itrun.yaml"), files)
    result = shop.run()
    assert result.code == 1, result.stderr
    shutil.copy(result.folder / "report.html", folder / "report.html")
    # outcome:passed means what passed in the end, so the flaky one too
    tests = {**REAL_TESTS, "passed": REAL_TESTS["passed"] + REAL_TESTS["flaky"]}
    (folder / "expected.json").write_text(json.dumps({"tests": tests}))


@pytest.fixture(scope="module")
def pages(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("pages")
    big = journal.build(**BIG)
    write_report(folder / "big", big, expect_big(big))
    write_report(folder / "hostile", journal.build(shards=8, cases=600, hostile=True), {})
    (folder / "real").mkdir()
    run_for_real(folder / "real")
    return folder


@pytest.fixture(scope="module")
def verdicts(pages, request) -> dict[tuple[str, str], str]:
    """(file, claim) -> "" or why it does not hold."""
    found = {}
    for path in sorted(HERE.glob("*.test.mjs")):
        environment = {**os.environ, "ITRUN_PAGES": str(pages), "PATH": f"{ROOT}/.venv-tests/bin:{os.environ['PATH']}"}
        run = subprocess.run(["node", "--test-reporter=tap", "--test-timeout=60000", path.name], cwd=HERE, env=environment, capture_output=True,
                             text=True, timeout=280)
        with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
            for figure in re.findall(r"^figure .*", run.stdout, re.M):
                print(f"\n{figure}", end="")
        for block in re.split(r"(?m)^(?=(?:not )?ok \d+ - )", run.stdout)[1:]:
            state, name = re.match(r"(not ok|ok) \d+ - (.*)", block).groups()
            found[path.name, name] = "" if state == "ok" else block
        if not found:
            pytest.fail(run.stdout + run.stderr)
    return found


@pytest.mark.parametrize("path, claim", claims())
def test_page(verdicts, path, claim):
    assert (path, claim) in verdicts, "the claim was not tried"
    assert verdicts[path, claim] == "", verdicts[path, claim]


def test_every_claim_was_found(verdicts):
    assert set(verdicts) == set(claims())
    assert len(verdicts) >= 25
