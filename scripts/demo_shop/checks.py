"""Compares what the witnesses saw with what was to be and with what itrun says. Each difference is one sentence."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from claims import Said
from expectation import Expectation
from stage import Ran, Stage
from witnesses import Place, Seen

WRITES = ("CreateStack", "UpdateStack", "DeleteStack")
SOME = 3  # examples in a sentence


@dataclass
class Planned:
    """What a step is to come to."""

    suites: set[str]
    outcomes: dict[str, str] = field(default_factory=dict)  # of those that do not pass
    never_started: set[str] = field(default_factory=set)  # no lane could begin them
    may_be_mute: set[str] = field(default_factory=set)  # on a busy machine they end before they can write anything
    broken_stacks: set[str] = field(default_factory=set)

    @property
    def exit_code(self) -> int:
        outcomes = set(self.outcomes.values())
        return 1 if outcomes - {"infra"} else 3 if outcomes else 0


def examples(things: Any) -> str:
    listed = sorted(str(thing) for thing in things)
    return ", ".join(listed[:SOME]) + (f" and {len(listed) - SOME} more" if len(listed) > SOME else "")


class Check:
    def __init__(self, stage: Stage, expectation: Expectation, planned: Planned, ran: Ran, seen: Seen) -> None:
        self.stage, self.expectation, self.planned, self.ran, self.seen = stage, expectation, planned, ran, seen
        self.said = Said(ran.folder)
        self.aliases = stage.aliases()
        self.differences: list[str] = []
        self.case_count = 0
        self.wanted = self._wanted()
        self.contents = {place: self._content(place) for place in self.wanted if place in seen.after}
        self.expected_updates = {place for place, content in self.contents.items()
                                 if place in stage.deployed and stage.deployed[place] != content}
        stage.deployed |= self.contents
        self.outcomes = planned.outcomes | {suite: "skipped" for suite, line in seen.suites.items()
                                            if 0 < line["cases"] == line["skipped"]}

    def everything(self) -> None:
        self.run_as_a_whole()
        self.ledger()
        self.isolation()
        self.cases()
        self.stacks()
        self.stack_figures()
        self.requests()

    # --- the vocabulary ------------------------------------------------------------------------------------

    def differs(self, sentence: str) -> None:
        self.differences.append(sentence)

    def equal(self, what: str, seen: Any, said: Any) -> None:
        if seen != said:
            self.differs(f"{what}: seen {seen}, itrun says {said}")

    def none(self, what: str, things: Any) -> None:
        if things:
            self.differs(f"{what}: {examples(things)}")

    def same_set(self, what: str, wanted: set, seen: set) -> None:
        self.none(f"{what}, missing", wanted - seen)
        self.none(f"{what}, too many", seen - wanted)

    # --- what was needed where -----------------------------------------------------------------------------

    def _wanted(self) -> set[Place]:
        """The stacks that the suites of each account need. An account that was prepared for a suite which an idle lane
        then took over needs them too: that is the one thing which only itrun can tell."""
        needs = self.expectation.needs
        wanted = {(line["account"], stack) for line in self.seen.lines for stack in needs(line["suite"])}
        for alias, suite in self.said.left_behind():
            wanted |= {(self.aliases[alias], stack) for stack in needs(suite)}
        return {place for place in wanted if place[0]}

    def _content(self, place: Place) -> tuple:
        """What decides whether a stack is up to date: its template, and its parameters with the outputs they take."""
        account, name = place
        stack = self.expectation.stacks[name]
        values = {}
        for key, value in stack.get("parameters", {}).items():
            if isinstance(value, dict):
                other, output = value["output"].split(".", 1)
                value = self.seen.after[(account, other)]["outputs"].get(output)
            values[key] = str(value)
        return (self.expectation.root / stack["template"]).read_bytes(), tuple(sorted(values.items()))

    # --- claims --------------------------------------------------------------------------------------------

    def run_as_a_whole(self) -> None:
        if self.ran.exit_code != self.planned.exit_code:
            self.differs(f"exit code {self.ran.exit_code}, not {self.planned.exit_code}")
        self.equal("exit code", self.ran.exit_code, self.said.summary["exit_code"])
        runs = {line["run"] for line in self.seen.lines}
        self.equal("run", runs, {self.said.summary["run"]})
        counts = Counter(self.outcomes.values())
        counts["passed"] = len(self.planned.suites) - counts.total()
        counts["planned"] = len(self.planned.suites)
        for outcome, number in sorted(self.said.summary["suites"].items()):
            self.equal(f"suites {outcome}", counts[outcome], number)
        told = self.said.outcomes()
        for suite in sorted(told.keys() | self.outcomes.keys()):
            wanted, told_here = self.outcomes.get(suite, "passed"), told.get(suite, "passed")
            if wanted != told_here:
                self.differs(f"{suite} is to end as {wanted}, itrun says {told_here}")
        self.none("processes that outlived the run", self.stage.survivors())
        self.equal("leaked processes", 0, self.said.summary["leaked_processes"])
        self.none("requests with a wrong signature", self.seen.violations.items())

    def ledger(self) -> None:
        started = self.planned.suites - self.planned.never_started
        mute = self.planned.may_be_mute - set(self.seen.suites)
        self.same_set("suites that ran", started - mute, set(self.seen.suites))
        times = Counter(line["suite"] for line in self.seen.lines)
        self.none("suites that ran twice", [suite for suite, count in times.items() if count > 1])
        self.none("suites not at their first attempt", [s for s, line in self.seen.suites.items() if line["attempt"] != 1])
        self.same_set("suites in junit.xml", self.planned.suites, set(self.said.cases))

    def isolation(self) -> None:
        pairs = {(line["shard"], line["account"]) for line in self.seen.lines if line["account"]}
        shards, accounts = Counter(shard for shard, _ in pairs), Counter(account for _, account in pairs)
        self.none("shards in two accounts", [shard for shard, count in shards.items() if count > 1])
        self.none("accounts with two shards", [account for account, count in accounts.items() if count > 1])
        self.none("accounts that are not of the pool", set(accounts) - set(self.stage.accounts))
        told = {failure["suite"]: failure for failure in self.said.summary["failures"]}
        for suite, line in self.seen.suites.items():
            if suite in told and line["account"]:
                place = (line["shard"], line["account"])
                self.equal(f"place of {suite}", place, (told[suite]["shard"], self.aliases[told[suite]["account"]]))
        idle = {failure["shard"] for failure in told.values()} | self.said.robbed_shards()
        self.equal("shards", len(set(shards) | idle), self.said.summary["shards"])
        self.equal("accounts of the pool", len(self.stage.accounts), self.said.summary["accounts"])

    def cases(self) -> None:
        """A suite that came to its end reports what it counted; one that did not is one case that did not pass."""
        total = Counter()
        for suite in sorted(self.planned.suites & set(self.said.cases)):
            told, line = self.said.cases[suite], self.seen.suites.get(suite)
            told = Counter(passed=told["passed"], failed=told["failed"] + told["errors"], skipped=told["skipped"])
            is_whole = line is not None and line["state"] == "ended"
            seen = Counter({kind: line[kind] for kind in ("passed", "failed", "skipped")} if is_whole else {"failed": 1})
            total += seen
            if seen != told:
                self.differs(f"cases of {suite}: seen {dict(+seen)}, junit.xml has {dict(+told)}")
        self.case_count = total.total()
        tests = self.said.summary["tests"]
        self.equal("test cases", self.case_count, tests["total"])
        self.equal("test cases passed", total["passed"], tests["passed"])
        self.equal("test cases failed", total["failed"], tests["failed"] + tests["errors"])
        self.equal("test cases skipped", total["skipped"], tests["skipped"])

    def stacks(self) -> None:
        """Every account that ran a suite has what its suites need, and no other account got anything."""
        broken = self.planned.broken_stacks
        there = {place for place, stack in self.seen.after.items() if place[1] not in broken}
        self.same_set("stacks in accounts", self.wanted | {p for p in self.seen.before if p[1] not in broken}, there)
        self.none("stacks not complete", {f"{place}: {self.seen.after[place]['status']}" for place in there
                                          if self.seen.after[place]["status"] not in ("CREATE_COMPLETE", "UPDATE_COMPLETE")})
        for operation in WRITES:
            times = {place: n for place, n in self.seen.written(operation).items() if place[1] not in broken}
            self.none(f"{operation} more than once", [place for place, count in times.items() if count > 1])
            expected = {"CreateStack": self.wanted - set(self.seen.before), "UpdateStack": self.expected_updates,
                        "DeleteStack": set()}[operation]
            self.same_set(f"{operation} (account, stack)", expected, set(times))

    def figures(self) -> dict[str, int]:
        """Stacks as the witnesses count them."""
        broken = self.planned.broken_stacks
        created = {p for p in self.seen.written("CreateStack") if p[1] not in broken}
        updated = {p for p in self.seen.written("UpdateStack") if p[1] not in broken}
        failed = {p for p in self.seen.written("CreateStack") if p[1] in broken}
        return {"created": len(created), "updated": len(updated), "replaced": 0, "failed": len(failed),
                "skipped": len({p for p in self.wanted if p[1] not in broken} - created - updated)}

    def stack_figures(self) -> None:
        for kind, count in self.figures().items():
            self.equal(f"stacks {kind}", count, self.said.summary["stacks"][kind])

    def requests(self) -> None:
        self.equal("requests of itrun", len(self.seen.requests()), self.said.summary["aws_requests"])

    # --- claims of single steps ----------------------------------------------------------------------------

    def nothing_deployed(self) -> None:
        self.none("stacks that were written to", [call["stack"] for call in self.seen.calls if call["operation"] in WRITES])
        counts = {account: counter for account, counter in self.seen.requests_by_account().items()
                  if account in self.stage.accounts}
        kinds = {operation for counter in counts.values() for operation in counter}
        self.same_set("kinds of requests about accounts", {"AssumeRole", "DescribeStacks"}, kinds)
        # An answer that is lost or late on a busy machine is asked for again: rare, or something is wrong.
        more = {account: dict(counter) for account, counter in counts.items() if counter.total() > 2}
        if len(more) > len(counts) // 100:
            self.none("accounts with more than two requests", more.items())

    def only_updated(self, edited: str, keys: set[str]) -> None:
        """The edited stack was updated wherever a suite needed it, these outputs of it changed, and with them only the
        stacks that take one of them."""
        following = {stack for stack in self.expectation.stacks
                     if any(other == edited and key in keys for other, key in self.expectation.outputs_used(stack))}
        places = {place for place in self.wanted if place[1] in following | {edited}}
        self.same_set("stacks that were to be updated", places, self.expected_updates)
        self.none(f"accounts in which other outputs of {edited} changed than {examples(keys) or 'none'}",
                  {account for account, stack in places if stack == edited
                   and self.seen.changed_outputs(account, edited) != keys})
        self.none("stacks that were created", self.seen.written("CreateStack"))
