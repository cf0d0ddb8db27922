"""The stage: a copy of the shop in a repository of its own, an emulated AWS with its organization, and itrun in it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SHOP = ROOT / "fixtures/storefront"
UNIT, ROLE = "itrun-pool", "itrun-runner"
sys.path.insert(0, str(ROOT / "tests"))


class Interrupted(BaseException):
    """A signal asked the demo to stop."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


@dataclass
class Ran:
    """How one itrun ended."""

    exit_code: int
    wall_s: float
    folder: Path  # of its run


def say(text: str) -> None:
    print(text, flush=True)


def left_out(folder: str, names: list[str]) -> set[str]:
    """What earlier runs left in the shop's own folder."""
    made = {"__pycache__", ".pytest_cache"} | ({"node_modules", ".itrun", "reports"} if Path(folder) == SHOP else set())
    return made & set(names)


class Stage:
    def __init__(self, itrun: str, accounts: int) -> None:
        self.itrun, self.account_count = itrun, accounts
        self.work = Path(tempfile.mkdtemp(prefix="itrun-demo-"))
        self.shop, self.ledger = self.work / "shop", self.work / "ledger"
        self.aws: Any = None
        self.accounts: list[str] = []
        self.folders: set[Path] = set()  # of the runs so far
        self.deployed: dict[tuple[str, str], tuple] = {}  # (account, stack) -> what it was made of when last looked at

    def open(self) -> None:
        say(f"demo: the shop is copied to {self.shop}")
        self._copy_shop()
        say("demo: starting the AWS emulator")
        self._start_emulator()
        say(f"demo: making an organization with {self.account_count} member accounts")
        from emulator.organization import make_organization

        made = make_organization(self.aws.url, self.account_count, UNIT, "itrun", ROLE)
        self.accounts = [account["id"] for account in made["accounts"]]
        # Or else two hundred suites, started together on a fresh set-up, would each compile pytest for themselves.
        subprocess.run([sys.executable, "-m", "pytest", "--collect-only", "-q", "tests/api/data"], cwd=self.shop,
                       stdout=subprocess.DEVNULL, check=True)

    def close(self) -> None:
        if self.aws:
            self.aws.stop()
            self.aws = None

    def _copy_shop(self) -> None:
        # Not within this repository, whose .gitignore would hide it: a checkout of its own, as a user has one.
        shutil.copytree(SHOP, self.shop, ignore=left_out)
        (self.shop / "node_modules").symlink_to(SHOP / "node_modules")
        for name in ("ledger", "console", "home"):
            (self.work / name).mkdir()
        self.git("init", "-q", "-b", "main")
        (self.shop / ".git/info/exclude").write_text("node_modules\n")
        self.git("add", "-A")
        self.git("-c", "user.name=demo", "-c", "user.email=demo@example.com", "commit", "-q", "-m", "The shop")

    def git(self, *arguments: str) -> None:
        environment = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
        subprocess.run(["git", *arguments], cwd=self.shop, env=environment, check=True)

    def _start_emulator(self) -> None:
        from emulator.process import Emulator

        # Ctrl-C reaches a whole foreground group, but itrun still needs its AWS to stop in order.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            self.aws = Emulator(log=self.work / "calls.ndjson")
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})

    # --- itrun ---------------------------------------------------------------------------------------------

    def environment(self) -> dict[str, str]:
        """Nothing of the caller's AWS identity, stores or settings: only the emulator."""
        mine = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "ITRUN_", "CI"))}
        mine |= self.aws.environment()
        del mine["AWS_EC2_METADATA_DISABLED"]
        return mine | {"XDG_STATE_HOME": str(self.work / "state"), "HOME": str(self.work / "home"),
                       "STOREFRONT_LEDGER": str(self.ledger)}

    def run(self, name: str, *arguments: str) -> Ran:
        """Runs itrun in the shop and shows its console line by line; also kept in console/NAME.txt."""
        say(f"\n$ itrun {' '.join(arguments)}")
        began = time.monotonic()
        # A session of its own: a signal reaches it once, through us.
        process = subprocess.Popen([self.itrun, *arguments, "--progress", "plain"], cwd=self.shop, env=self.environment(),
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                                   errors="replace", start_new_session=True)
        with open(self.work / "console" / f"{name}.txt", "w", encoding="utf-8") as kept:
            while True:
                try:
                    for line in process.stderr:
                        kept.write(line)
                        print(line, end="", flush=True)
                    exit_code = process.wait()
                    break
                except Interrupted as stop:
                    self._stop(process, stop)
        folder = (self.shop / ".itrun/latest").resolve()
        if folder in self.folders or not (folder / "summary.json").exists():
            raise SystemExit(f"demo: itrun ended with {exit_code} and left no run; see {self.work}/console/{name}.txt")
        self.folders.add(folder)
        return Ran(exit_code, time.monotonic() - began, folder)

    def _stop(self, process: subprocess.Popen, stop: Interrupted) -> None:
        """The first signal lets itrun stop in order, the next one kills."""
        process.send_signal(signal.SIGINT if stop.number == signal.SIGINT else signal.SIGTERM)
        try:
            for line in process.stderr:
                print(line, end="", flush=True)
            process.wait(30)
        except (Interrupted, subprocess.TimeoutExpired):
            process.kill()
            process.wait()
        raise stop

    def ask(self, *arguments: str) -> str:
        """What itrun prints on stdout."""
        return subprocess.run([self.itrun, *arguments], cwd=self.shop, env=self.environment(), check=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True).stdout

    def aliases(self) -> dict[str, str]:
        """Alias of an account -> its number."""
        return {account["alias"]: account["id"] for account in json.loads(self.ask("list", "accounts", "--json"))}

    def survivors(self) -> list[int]:
        """Processes that still carry the ledger's path in their environment: of suites, and nobody else's."""
        cookie, found = f"STOREFRONT_LEDGER={self.ledger}".encode(), []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    if cookie in (entry / "environ").read_bytes():
                        found.append(int(entry.name))
                except OSError:
                    pass  # ended meanwhile, or not ours to read
        return found
