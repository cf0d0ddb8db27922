"""What one emulator knows. moto's state is global to its process; so is this."""

from __future__ import annotations

import threading
from dataclasses import asdict, dataclass, field, fields

from .call_log import CallLog
from .faults import Faults
from .identities import Identities


@dataclass
class Settings:
    """Switches that a test may turn at any time (POST /_emulator/settings)."""

    # How many answers of DescribeStacks show an operation as *_IN_PROGRESS.
    in_progress_polls: int = 0
    # The same for operations started by ExecuteChangeSet: the AWS CLI's waiter
    # sleeps 30 s between two looks.
    change_set_polls: int = 0
    # Then this many show UPDATE_COMPLETE_CLEANUP_IN_PROGRESS.
    cleanup_polls: int = 0
    # DescribeStacks' page. (AWS pages by size; small pages try the client's patience.)
    stacks_per_page: int = 50
    verify_signatures: bool = True
    max_skew_s: int = 300
    # The emulator's clock runs this far ahead of the machine's.
    clock_offset_s: int = 0
    check_capabilities: bool = True

    def change(self, values: dict) -> None:
        known = {item.name: item for item in fields(self)}
        for name, value in values.items():
            if name not in known:
                raise ValueError(f"unknown setting {name!r}; known: {', '.join(sorted(known))}")
            wanted = type(getattr(self, name))
            if wanted is int and isinstance(value, bool) or not isinstance(value, wanted):
                raise ValueError(f"setting {name!r} wants {wanted.__name__}")
            setattr(self, name, value)

    def as_dict(self) -> dict:
        return asdict(self)


@dataclass
class World:
    settings: Settings = field(default_factory=Settings)
    identities: Identities = field(default_factory=Identities)
    faults: Faults = field(default_factory=Faults)
    calls: CallLog = field(default_factory=CallLog)
    # Where this emulator listens, once it does.
    endpoint: str | None = None
    violations: dict[str, int] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def count_violation(self, kind: str) -> None:
        with self.lock:
            self.violations[kind] = self.violations.get(kind, 0) + 1

    def configure(self, config: dict) -> None:
        """Take a configuration file: {"settings": {}, "faults": [], "root_keys": []}."""
        for name in config:
            if name not in ("settings", "faults", "root_keys"):
                raise ValueError(f"unknown section {name!r} in the configuration")
        self.settings.change(config.get("settings", {}))
        for key in config.get("root_keys", []):
            self.identities.add_root(key["access_key"], key["secret"], key["account"])
        for fault in config.get("faults", []):
            self.faults.add(fault)


WORLD = World()
