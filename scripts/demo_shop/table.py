"""The table at the end: one row a step, and below it every difference."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Row:
    step: str
    wall_s: float
    suites: int
    cases: int
    accounts: int
    created: int
    updated: int
    skipped: int
    requests: int
    differences: list[str] = field(default_factory=list)

    def cells(self) -> list[str]:
        verdict = "ok" if not self.differences else f"{len(self.differences)} differ"
        numbers = (self.suites, self.cases, self.accounts, self.created, self.updated, self.skipped, self.requests)
        return [self.step, f"{self.wall_s:.1f} s", *(f"{number:,}" for number in numbers), verdict]


HEADS = ["step", "took", "suites", "cases", "accounts", "created", "updated", "skipped", "requests", "agrees"]


def show(rows: list[Row]) -> None:
    lines = [HEADS, *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADS))]
    print("\nCounted by the emulator's call log and the suites' own files:\n")
    for line in lines:
        cells = [cell.rjust(width) for cell, width in zip(line, widths, strict=True)]
        cells[0], cells[-1] = line[0].ljust(widths[0]), line[-1]
        print("  ".join(cells).rstrip())
    for row in rows:
        for difference in row.differences:
            print(f"! {row.step}: {difference}")
