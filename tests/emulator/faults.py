"""Faults on request: which calls they hit, how often, and what they do.

A fault is a JSON object:

    {"do": "deny", "operation": "AssumeRole", "account": "111111111111"}
    {"do": "throttle", "operation": "DescribeStacks", "every": 3}
    {"do": "throttle", "account": "111111111111", "times": 2}
    {"do": "throttle", "operation": "DescribeStacks", "per_second": 5}
    {"do": "html500", "service": "cloudformation", "skip": 1, "times": 1}
    {"do": "delay", "delay_ms": 500, "role": "itrun-runner"}
    {"do": "reset", "operation": "CreateStack", "after": true, "times": 1}
    {"do": "fail_stack", "stack": "orders", "account": "111111111111", "times": 1}

Which calls: `service`, `operation`, `account`, `role`, `stack`, `session` (each a
pattern with * and ?). The account is the one the call is about: the assumed
role's for AssumeRole, else that of the credentials. How often: let `skip`
matching calls pass, then hit each, or one of `every`, at most `times`.
`after` lets the call take effect first: its answer is lost, not its deed.
"""

from __future__ import annotations

import fnmatch
import threading
import time
from dataclasses import dataclass, field

ACTIONS = {
    "deny", "throttle", "error", "html500", "garbage", "truncate", "empty", "reset", "delay",
    "fail_stack",
}
MATCHERS = ("service", "operation", "account", "role", "stack", "session")
NUMBERS = ("skip", "every", "times", "delay_ms", "status", "per_second", "burst")
TEXTS = ("code", "message")


@dataclass
class Fault:
    id: int
    do: str
    when: dict[str, str] = field(default_factory=dict)
    skip: int = 0
    every: int = 1
    times: int | None = None
    after: bool = False
    delay_ms: int = 0
    status: int | None = None
    code: str | None = None
    message: str | None = None
    per_second: float | None = None
    burst: float | None = None
    seen: int = 0
    hit: int = 0
    buckets: dict[tuple, tuple[float, float]] = field(default_factory=dict)

    def matches(self, facts: dict[str, str | None]) -> bool:
        return all(
            fnmatch.fnmatchcase(facts.get(name) or "", pattern)
            for name, pattern in self.when.items()
        )

    def is_due(self, facts: dict[str, str | None]) -> bool:
        """Count one matching call and say whether this one is hit."""
        self.seen += 1
        if self.seen <= self.skip or (self.times is not None and self.hit >= self.times):
            return False
        if self.per_second is not None:
            due = not self._take_token((facts.get("account"), facts.get("operation")))
        else:
            due = (self.seen - self.skip) % self.every == 0
        self.hit += due
        return due

    def _take_token(self, key: tuple) -> bool:
        now = time.monotonic()
        size = self.burst or self.per_second
        tokens, then = self.buckets.get(key, (size, now))
        tokens = min(size, tokens + (now - then) * self.per_second)
        granted = tokens >= 1
        self.buckets[key] = (tokens - 1 if granted else tokens, now)
        return granted

    def as_dict(self) -> dict:
        shown = {"id": self.id, "do": self.do, **self.when, "seen": self.seen, "hit": self.hit}
        for name in ("skip", "every", "times", "after", "delay_ms", "status", "code", "per_second"):
            value = getattr(self, name)
            if value not in (None, 0, False) and not (name == "every" and value == 1):
                shown[name] = value
        return shown


class Faults:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._next = 1

    def add(self, wanted: dict) -> int:
        do = wanted.get("do")
        if do not in ACTIONS:
            raise ValueError(f"a fault wants \"do\" to be one of {', '.join(sorted(ACTIONS))}")
        for name, value in wanted.items():
            if name == "do":
                continue
            if name in NUMBERS:
                if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0:
                    raise ValueError(f"{name!r} of a fault wants a number from 0")
            elif name not in MATCHERS + TEXTS + ("after",):
                raise ValueError(f"unknown key {name!r} in a fault")
        if wanted.get("every") == 0:
            raise ValueError("'every' of a fault wants a number from 1")
        with self._lock:
            fault = Fault(
                id=self._next,
                do=do,
                when={name: str(wanted[name]) for name in MATCHERS if name in wanted},
                after=bool(wanted.get("after")),
                **{name: wanted[name] for name in NUMBERS + TEXTS if name in wanted},
            )
            self._next += 1
            self._faults.append(fault)
            return fault.id

    def due(self, facts: dict[str, str | None], *, stacks: bool = False) -> list[Fault]:
        """The faults that hit this call. Those on stacks are asked for apart."""
        if not self._faults:
            return []
        with self._lock:
            return [
                fault
                for fault in self._faults
                if (fault.do == "fail_stack") == stacks
                and fault.matches(facts)
                and fault.is_due(facts)
            ]

    def clear(self, fault_id: int | None = None) -> int:
        with self._lock:
            before = len(self._faults)
            self._faults = [f for f in self._faults if fault_id is not None and f.id != fault_id]
            return before - len(self._faults)

    def as_list(self) -> list[dict]:
        with self._lock:
            return [fault.as_dict() for fault in self._faults]
