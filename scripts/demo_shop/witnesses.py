"""What really happened in a step, by witnesses that know nothing of itrun: the emulator's log of every call, the stacks
that it holds, and the files that the suites themselves wrote."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from expectation import Expectation
from stage import Stage

Place = tuple[str, str]  # account, stack


@dataclass
class Seen:
    lines: list[dict] = field(default_factory=list)  # of the ledger: one an attempt
    calls: list[dict] = field(default_factory=list)
    before: dict[Place, dict] = field(default_factory=dict)
    after: dict[Place, dict] = field(default_factory=dict)
    violations: dict[str, int] = field(default_factory=dict)

    @property
    def suites(self) -> dict[str, dict]:
        return {line["suite"]: line for line in self.lines}

    @property
    def accounts(self) -> set[str]:
        return {line["account"] for line in self.lines if line["account"]}

    def written(self, operation: str) -> Counter:
        """How often each (account, stack) saw this operation succeed."""
        return Counter((call["account"], call["stack"]) for call in self.calls
                       if call["operation"] == operation and not call["error"])

    def requests_by_account(self) -> dict[str, Counter]:
        """itrun's own calls about member accounts: account -> operation -> count."""
        found: dict[str, Counter] = defaultdict(Counter)
        for call in self.requests():
            found[call["target_account"] or call["account"]][call["operation"]] += 1
        return found

    def requests(self) -> list[dict]:
        """The calls that itrun made itself. Suites come with their SDKs' names, or with none."""
        return [call for call in self.calls if call["agent"].startswith("itrun/")]

    def changed_outputs(self, account: str, stack: str) -> set[str]:
        before, after = self.before.get((account, stack)), self.after.get((account, stack))
        if not before or not after:
            return set()
        keys = before["outputs"].keys() | after["outputs"].keys()
        return {key for key in keys if before["outputs"].get(key) != after["outputs"].get(key)}


class Watch:
    """From its making to seen(): one step."""

    def __init__(self, stage: Stage, expectation: Expectation) -> None:
        self.stage, self.names = stage, expectation.name_of
        self.files = self._files()
        self.before = self._stacks()
        self.last_call = stage.aws.last_call()

    def _files(self) -> set[str]:
        return {path.name for path in self.stage.ledger.glob("*.json")}

    def _stacks(self) -> dict[Place, dict]:
        return {(stack["account"], self.names.get(stack["stack"], stack["stack"])): stack
                for stack in self.stage.aws.get("/stacks")["stacks"]}

    def seen(self) -> Seen:
        new = sorted(self._files() - self.files)
        calls = self.stage.aws.calls(self.last_call)
        for call in calls:
            call["stack"] = self.names.get(call["stack"], call["stack"])
        return Seen([json.loads((self.stage.ledger / name).read_text(encoding="utf-8")) for name in new], calls,
                    self.before, self._stacks(), self.stage.aws.get("/violations"))
