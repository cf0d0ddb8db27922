"""A journal of a large run, as itrun would write it: 200 lanes, 10,000 test cases, everything that can go wrong.

usage: journal.py FOLDER [--shards N] [--cases N] [--hostile]     writes FOLDER/events.ndjson
The same arguments give the same bytes: a figure that changes is the page's doing.
"""

from __future__ import annotations

import argparse
import json
import random
from pathlib import Path

WALL_US = 1795541305592798
AREAS = ("cart", "orders", "payments", "search", "stock", "accounts", "mail", "returns", "prices", "reports")
STACKS = ("network", "data", "events", "orders", "payments", "search", "mail")
VERBS = ("adds", "removes", "keeps", "refuses", "lists", "counts", "renews", "splits", "joins", "forgets")
THINGS = ("an item", "two currencies", "an empty basket", "a late payment", "a coupon", "a full shelf", "an old address",
          "a partial refund", "a doubled click", "a leap day")

# Strings that must stay strings. Each would set window.pwned, turn the page round, or end an element.
HOSTILE = (
    "</script><script>window.pwned=1</script>",
    "<img src=x onerror=window.pwned=2>",
    "\"><svg onload=window.pwned=3>",
    "' onmouseover='window.pwned=4",
    "javascript:window.pwned=5",
    "a\u2028b\u2029c",
    "pay\u202eraf\u202c\u2066txt\u2069.exe",
    "<!--<script>window.pwned=6</script>-->",
    "{{data}} {{script}}",
    "]]><![CDATA[ &lt;b&gt; &amp;",
    "${window.pwned=7} `${window.pwned=8}`",
    "\u001b[31mred\u001b[0m\u0000\u0007",
    "__proto__",
    "%3Cscript%3Ewindow.pwned=9%3C/script%3E",
)


class Journal:
    def __init__(self) -> None:
        self.lines: list[tuple[int, dict]] = []

    def add(self, at_ms: float, kind: str, **fields) -> None:
        self.lines.append((int(at_ms * 1000), {"type": kind, **fields}))

    def text(self) -> str:
        out = []
        for seq, (at_us, fields) in enumerate(sorted(self.lines, key=lambda line: line[0]), 1):
            head = {"v": 1, "type": fields.pop("type"), "seq": seq, "wall_us": WALL_US + at_us, "monotonic_us": at_us,
                    "run": "01a20e9a-087a-784f-ae78-87d1809a59d4", "worker": "1"}
            out.append(json.dumps({**head, **fields}, ensure_ascii=False))
        return "\n".join(out) + "\n"


def trace(chance: random.Random, area: str, number: int) -> tuple[str, str, str]:
    """(type, message, body): few causes with many faces, as in life."""
    item = f"{chance.getrandbits(128):032x}"
    item = f"{item[:8]}-{item[8:12]}-{item[12:16]}-{item[16:20]}-{item[20:]}"
    cause = chance.choice((
        ("AssertionError", f"assert {chance.randint(1, 99)} == {chance.randint(100, 999)}"),
        ("TimeoutError", f"order {item} was not settled within {chance.randint(20, 60)}s"),
        ("KeyError", f"'total_{area}'"),
        ("ConnectionError", f"http://127.0.0.1:{chance.randint(20000, 60000)}/{area}/{item} refused the connection"),
    ))
    body = "\n".join(["Traceback (most recent call last):",
                      *(f'  File "/build/.venv/lib/python3.11/site-packages/lib{i}/call.py", line {chance.randint(1, 900)}, in call\n'
                        f"    return self.send(request_{chance.randint(1, 99)})" for i in range(6)),
                      f'  File "tests/{area}/test_{number}.py", line {chance.randint(5, 200)}, in test', f"{cause[0]}: {cause[1]}"])
    return (*cause, body)


def case_of(chance: random.Random, area: str, number: int, k: int, status: str) -> dict:
    case = {"c": f"tests.{area}.test_{number}.{area.title()}Test",
            "n": f"test_{chance.choice(VERBS)}_{chance.choice(THINGS).replace(' ', '_')}[{k}]", "f": f"tests/{area}/test_{number}.py",
            "d": int(min(90e6, 1000 * chance.lognormvariate(4, 1.6)))}
    if status != "passed":
        case["s"] = status
    if status in ("failed", "error"):
        case["t"], case["m"], case["b"] = trace(chance, area, number)
        case["l"] = chance.randint(5, 200)
        case["o"] = "\n".join(f"log line {i} of {area}" for i in range(5))
    elif status == "skipped":
        case["m"] = "needs a card reader"
    return case


def report_of(area: str, number: int, count: int, bad: int) -> dict:
    """Of one suite: the same names each time, the first `bad` of them failed."""
    cases = []
    for k in range(count):
        chance = random.Random(number * 1000 + k)
        usual = "skipped" if chance.random() < 0.02 else "passed"
        cases.append(case_of(chance, area, number, k, "failed" if k < bad else usual))
    return {"is_present": True, "is_complete": True, "cases": cases}


def attempt(journal: Journal, lane: dict, suite: dict, number: int, outcome: str, length: float, **ended) -> None:
    place = {"shard": lane["shard"], "suite": suite["index"], "suite_name": suite["name"], "attempt": number, "account": lane["account"]}
    journal.add(lane["at"], "attempt.started", **place)
    lane["at"] += length
    reason = ended.pop("reason", None)
    tail = "" if outcome == "passed" else "\n".join(f"{suite['name']}: output line {i}" for i in range(20))
    fields = {"exit_code": 0 if outcome == "passed" else 1, "output_bytes": 900, "output_tail": tail,
              "output_path": f"suites/{suite['name']}/{number}/output.log", **ended}
    journal.add(lane["at"], "attempt.finished", **place, outcome=outcome, duration_ms=int(length), ended=fields,
                **({"reason": reason} if reason else {}))


def finish(journal: Journal, lane: dict, suite: dict, outcome: str, length: float, attempts: int, reason=None, flaky=False) -> None:
    journal.add(lane["at"], "suite.finished", shard=lane["shard"], suite=suite["index"], suite_name=suite["name"], account=lane["account"],
                outcome=outcome, duration_ms=int(length), suite_end={"attempts": attempts, **({"is_flaky": True} if flaky else {})},
                **({"reason": reason} if reason else {}))


FATES = {"failed": 3, "flaky": 4, "timeout": 1, "error": 1, "infra": 2, "passed": 89}


def run_suite(journal: Journal, chance: random.Random, lane: dict, suite: dict) -> None:
    length = suite["expected"] * chance.uniform(0.7, 1.6)
    area, number, count = suite["area"], suite["index"], suite["cases"]
    fate = chance.choices(tuple(FATES), tuple(FATES.values()))[0]
    if suite.get("lost"):
        journal.add(lane["at"], "attempt.started", shard=lane["shard"], suite=number, suite_name=suite["name"], attempt=1, account=lane["account"])
        return
    if fate == "flaky":
        attempt(journal, lane, suite, 1, "failed", length, reason="1 test case failed", report=report_of(area, number, count, 1))
    if fate in ("failed", "passed", "flaky"):
        bad = min(count, chance.randint(1, 4)) if fate == "failed" else 0
        report = report_of(area, number, count, bad)
        outcome = "failed" if bad else "passed"
        reason = f"{bad} of {count} test cases failed" if bad else None
        attempt(journal, lane, suite, 1 + (fate == "flaky"), outcome, length, reason=reason, report=report)
        finish(journal, lane, suite, outcome, length, 1 + (fate == "flaky"), reason, flaky=fate == "flaky")
        return
    reasons = {"timeout": f"it ran for {int(length / 1000)}s, its timeout is 30s", "error": "killed by signal 11 (SEGV)",
               "infra": f"ThrottlingException: Rate exceeded (request {chance.getrandbits(64):016x})"}
    attempt(journal, lane, suite, 1, fate, length, reason=reasons[fate], **({"signal": 11} if fate == "error" else {}))
    finish(journal, lane, suite, fate, length, 1, reasons[fate])


def deploy_all(journal: Journal, chance: random.Random, lane: dict, broken: bool) -> bool:
    """The stacks of one lane, two at a time; false: one of them failed."""
    start = lane["at"]
    for i, stack in enumerate(STACKS):
        place = {"shard": lane["shard"], "account": lane["account"], "stack": stack}
        action = chance.choices(("skip", "create", "update"), (70, 15, 15))[0]
        if broken and stack == "orders":
            action = "update"
        journal.add(lane["at"], "stack.decided", **place, reason="its template changed", stack_action={"action": action, "is_ok": True})
        if action == "skip":
            continue
        length = chance.uniform(3000, 20000)
        is_ok = not (broken and stack == "orders")
        reason = "its template changed" if is_ok else "orders: Resource handler returned message: \"Queue name 'orders-7' is not valid\""
        journal.add(lane["at"] + length, "stack.finished", **place, reason=reason, duration_ms=int(length),
                    stack_action={"action": action, "is_ok": is_ok})
        if not is_ok:
            journal.add(lane["at"] + length, "problem", **{**place, "problem_kind": "deploy", "reason": reason})
        lane["at"] += length / 2 if i % 2 == 0 else length
    lane["at"] = max(lane["at"], start + 40000 if lane["at"] > start else start + 200)
    return not broken


def plan_suites(chance: random.Random, shards: int, cases: int, hostile: bool) -> list[dict]:
    suites, left = [], cases
    while left > 0:
        count = min(left, chance.randint(4, 26))
        area = AREAS[len(suites) % len(AREAS)]
        name = f"{area}-api/tests/{area}/test_{len(suites)}.py"
        if hostile and len(suites) < len(HOSTILE):
            name = HOSTILE[len(suites)].replace("\0", "")
        suites.append({"index": len(suites), "name": name, "area": area, "cases": count, "shard": len(suites) % shards + 1,
                       "expected": 500 + chance.lognormvariate(8.6, 0.8)})
        left -= count
    return suites


def announce(journal: Journal, suites: list[dict], shards: int) -> None:
    journal.add(0, "run.started", start={
        "version": "0.1.0", "project": "storefront", "commit": "cb47ac6190d27f6e", "branch": "main", "config": "itrun.yaml",
        "limited_by": "the longest shard", "seed": "2197725116", "shard_count": shards, "account_count": shards, "job_count": shards,
        "predicted_ms": 96000, "lower_bound_ms": 88000})
    for suite in suites:
        journal.add(1, "suite.planned", shard=suite["shard"], suite=suite["index"], suite_name=suite["name"], planned={
            "group": f"{suite['area']}-api", "framework": "pytest", "file": f"tests/{suite['area']}/test_{suite['index']}.py",
            "repro": f"itrun run {suite['name']} --seed 2197725116", "expected_ms": int(suite["expected"])})
    journal.add(2, "plan.announced", planned={"suite_count": len(suites)})


def make_hostile(journal: Journal) -> None:
    """Every string that a suite or its framework can choose says something nasty."""
    turn = 0
    for _, fields in journal.lines:
        for case in fields.get("ended", {}).get("report", {}).get("cases", ()):
            for key in set(case) & {"c", "n", "t", "m", "b", "o", "f"}:
                turn += 1
                case[key] = f"{HOSTILE[turn % len(HOSTILE)]} {turn}"
        if "reason" in fields:
            turn += 1
            fields["reason"] = f"{HOSTILE[turn % len(HOSTILE)]} {turn}"


def build(shards: int, cases: int, hostile: bool) -> str:
    chance = random.Random(7)
    journal = Journal()
    suites = plan_suites(chance, shards, cases, hostile)
    announce(journal, suites, shards)
    end = 0.0
    for shard in range(1, shards + 1):
        lane = {"shard": shard, "account": f"account-{shard:03}", "at": 3 + chance.uniform(5, 4000)}
        journal.add(lane["at"], "account.leased", shard=shard, account=lane["account"], fence="1")
        is_fine = deploy_all(journal, chance, lane, broken=shard % 67 == 3)
        is_lost = shard == max(1, shards // 2)
        for suite in (s for s in suites if s["shard"] == shard):
            lane["at"] += 15
            if not is_fine:
                finish(journal, lane, suite, "error", 0, 0,
                       "orders: Resource handler returned message: \"Queue name 'orders-7' is not valid\"")
            else:
                run_suite(journal, chance, lane, {**suite, "lost": is_lost})
                if is_lost:
                    break
        end = max(end, lane["at"])
        if not is_lost:
            journal.add(lane["at"] + 5, "account.released", shard=shard, account=lane["account"], reason="free")
            journal.add(lane["at"] + 6, "shard.finished", shard=shard, reason="done")
    journal.add(end + 10, "run.finished", end={"exit_code": 1, "makespan_ms": int(end), "aws_requests": 5120})
    if hostile:
        make_hostile(journal)
    return journal.text()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--shards", type=int, default=200)
    parser.add_argument("--cases", type=int, default=10000)
    parser.add_argument("--hostile", action="store_true")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    text = build(options.shards, options.cases, options.hostile)
    (options.folder / "events.ndjson").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
