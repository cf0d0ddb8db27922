"""What itrun says about a run: summary.json, junit.xml, and of the journal only which suites changed their lane."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from collections import Counter
from pathlib import Path


class Said:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
        self.cases: dict[str, Counter] = {}  # suite -> passed, failed, errors, skipped
        for suite in ElementTree.parse(folder / "junit.xml").getroot().iter("testsuite"):
            kinds = Counter(self._kind(case) for case in suite.iter("testcase"))
            self.cases[suite.get("name")] = kinds

    @staticmethod
    def _kind(case: ElementTree.Element) -> str:
        tags = {child.tag for child in case}
        return next((kind for tag, kind in (("failure", "failed"), ("error", "errors"), ("skipped", "skipped"))
                     if tag in tags), "passed")

    def outcomes(self) -> dict[str, str]:
        """Suite -> outcome of those that did not pass."""
        outcomes = {suite: "skipped" for suite, kinds in self.cases.items() if 0 < kinds.total() == kinds["skipped"]}
        return outcomes | {failure["suite"]: failure["outcome"] for failure in self.summary["failures"]}

    def robbed_shards(self) -> set[int]:
        """Shards that gave a suite away, and may have run none."""
        return {event["from_shard"] for event in self._events() if event["type"] == "suite.stolen"}

    def left_behind(self) -> list[tuple[str, str]]:
        """(account alias, suite): suites that an idle lane took over after this account had been prepared for them."""
        leased: dict[int, str] = {}
        found = []
        for event in self._events():
            if event["type"] == "account.leased":
                leased[event["shard"]] = event["account"]
            elif event["type"] == "suite.stolen" and event["from_shard"] in leased:
                found.append((leased[event["from_shard"]], event["suite_name"]))
        return found

    def _events(self) -> list[dict]:
        lines = (self.folder / "events.ndjson").read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines]
