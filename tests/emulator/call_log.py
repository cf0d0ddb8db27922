"""Every AWS call as one line of NDJSON, flushed at once, and kept for GET /_emulator/calls.

The log is the independent witness: tests count from it, never from what the
program under test says about itself. It holds no secret and no session token.
"""

from __future__ import annotations

import json
import threading
from typing import IO


class CallLog:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: list[dict] = []
        self._file: IO[str] | None = None
        self._next = 1

    def open(self, path: str) -> None:
        self._file = open(path, "a", encoding="utf-8")

    def close(self) -> None:
        with self._lock:
            if self._file:
                self._file.close()
                self._file = None

    def write(self, entry: dict) -> None:
        with self._lock:
            entry = {"n": self._next, **entry}
            self._next += 1
            self._entries.append(entry)
            if self._file:
                self._file.write(json.dumps(entry, separators=(",", ":")) + "\n")
                self._file.flush()

    def select(self, since: int = 0, **wanted: str) -> list[dict]:
        """The entries after number `since` whose fields equal all that is wanted."""
        with self._lock:
            entries = list(self._entries)
        return [
            entry
            for entry in entries
            if entry["n"] > since
            and all(str(entry.get(name)) == value for name, value in wanted.items())
        ]

    def summary(self) -> dict:
        with self._lock:
            entries = list(self._entries)
        by_operation: dict[str, int] = {}
        by_error: dict[str, int] = {}
        accounts = set()
        for entry in entries:
            name = f"{entry['service']}.{entry['operation']}"
            by_operation[name] = by_operation.get(name, 0) + 1
            if entry.get("error"):
                by_error[entry["error"]] = by_error.get(entry["error"], 0) + 1
            if entry.get("account"):
                accounts.add(entry["account"])
        return {
            "calls": len(entries),
            "last": entries[-1]["n"] if entries else 0,
            "accounts": len(accounts),
            "operations": dict(sorted(by_operation.items())),
            "errors": dict(sorted(by_error.items())),
        }

    def forget(self) -> None:
        """Drop what is kept in memory; the file stays whole and numbering goes on."""
        with self._lock:
            self._entries.clear()
