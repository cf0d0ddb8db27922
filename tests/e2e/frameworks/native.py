"""Fixture projects of frameworks that compile: copied, built, and what their tests noted when they ran."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from bed import ROOT, WAIT_S, Project, Result

FIXTURES = ROOT / "fixtures/frameworks"


class Shop(Project):
    """A copy of fixtures/frameworks/NAME. Its tests note their names in `ledger` when they run."""

    def __init__(self, root: Path, name: str):
        shutil.copytree(FIXTURES / name, root, ignore=shutil.ignore_patterns("node_modules", "build", ".itrun"))
        super().__init__(root, (root / "itrun.yaml").read_text())
        self.notes = root.parent / "ledger.txt"
        self.environment["LEDGER"] = str(self.notes)

    def build(self, *command: str) -> None:
        subprocess.run(command, cwd=self.root, check=True, capture_output=True, timeout=WAIT_S)

    @property
    def ledger(self) -> list[str]:
        return self.notes.read_text().splitlines() if self.notes.exists() else []

    def forget(self) -> None:
        self.notes.unlink(missing_ok=True)

    def paste(self, command: str) -> Result:
        """The command as a person pastes it into a shell."""
        path = f"{Path(self.command()[0]).parent}:{self.environment['PATH']}"
        done = subprocess.run(["sh", "-c", command], cwd=self.root, env={**self.environment, "PATH": path},
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=WAIT_S)
        return Result(done.returncode, done.stdout, done.stderr, self.root / ".itrun")

    def statuses(self, result: Result) -> dict[str, str]:
        """Case -> passed|failure|error|skipped of junit.xml; every name must be there once."""
        names = [name for _, name, _ in result.cases]
        assert len(names) == len(set(names)), f"a name stands twice: {sorted(names)}"
        return {name: status for _, name, status in result.cases}

    def failures(self, result: Result) -> dict[str, dict]:
        return {failure["test"]: failure for failure in result.summary["failures"]}


def assert_each_command_runs_its_case_alone(shop: Shop, result: Result, noted: dict[str, str]) -> None:
    """noted: case -> what exactly that case writes into the ledger. Every failure of them is pasted."""
    failures = shop.failures(result)
    assert set(noted) <= set(failures), failures.keys()
    junit = (result.folder / "junit.xml").read_text()
    for name, line in noted.items():
        repro = failures[name]["repro"]
        assert " --test " in repro, repro
        assert repro in junit or "&" in repro or "<" in repro, f"{repro} is not beside its failure in junit.xml"
        shop.forget()
        again = shop.paste(repro)
        assert shop.ledger == [line], f"{repro}\nran {shop.ledger}\n{again.stderr}"
        assert again.code == 1, again.stderr
        assert [case for _, case, _ in again.cases] == [name]
