"""What itrun.yaml asks for, read here without itrun: the suites that are to run, and the stacks each of them needs."""

from __future__ import annotations

import glob
from pathlib import Path

import yaml


class Expectation:
    def __init__(self, root: Path, config: str) -> None:
        self.root = root
        self.config = yaml.safe_load((root / config).read_text(encoding="utf-8"))
        self.stacks = {stack["name"]: stack for stack in self.config["stacks"]}
        self.groups = {suite["name"]: suite for suite in self.config["suites"]}
        self.name_of = {stack.get("stack_name", name): name for name, stack in self.stacks.items()}

    def suites(self, tag: str | None = None) -> set[str]:
        """The names of all suites, or of those with a tag: one a file, or the declared one."""
        found = set()
        for group in self.groups.values():
            if tag is not None and tag not in group.get("tags", []):
                continue
            patterns = group.get("files")
            if patterns is None:
                found.add(group["name"])
                continue
            files = self._files([patterns] if isinstance(patterns, str) else patterns)
            found |= {f"{group['name']}/{path}" for path in files}
        return found

    def _files(self, patterns: list[str]) -> set[str]:
        files: set[str] = set()
        for pattern in patterns:
            if pattern.startswith("!"):
                files -= set(glob.glob(pattern[1:], root_dir=self.root, recursive=True))
            else:
                files |= set(glob.glob(pattern, root_dir=self.root, recursive=True))
        return files

    def needs(self, suite: str) -> set[str]:
        """The stacks of a suite, with all that those stand on."""
        group = self.groups[suite.split("/")[0]]
        found: set[str] = set()
        waiting = list(group.get("needs", []))
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += self._below(name)
        return found

    def _below(self, name: str) -> list[str]:
        stack = self.stacks[name]
        return stack.get("depends_on", []) + [stack_name for stack_name, _ in self.outputs_used(name)]

    def outputs_used(self, name: str) -> list[tuple[str, str]]:
        """(stack, key) of every output that a parameter of this stack takes."""
        values = self.stacks[name].get("parameters", {}).values()
        return [tuple(value["output"].split(".", 1)) for value in values if isinstance(value, dict)]
