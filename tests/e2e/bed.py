"""What the end-to-end tests share: a project in a temporary folder, itrun started in it, and what it left behind."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import threading
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("ITRUN_BUILD", ROOT / "build/dev"))
ITRUN = BUILD / "itrun"
WAIT_S = 60
# What must not reach the itrun under test from whoever runs the tests: an identity, a CI service.
OTHERS = ("AWS_", "ITRUN_", "CI", "GITHUB_", "GITLAB_", "BUILDKITE", "JENKINS_")


class Result:
    """A finished itrun and the folder of its run."""

    def __init__(self, code: int, stdout: str, stderr: str, output: Path):
        self.code, self.stdout, self.stderr, self.output = code, stdout, stderr, output

    @property
    def folder(self) -> Path:
        return (self.output / "latest").resolve()

    @property
    def summary(self) -> dict:
        return json.loads((self.folder / "summary.json").read_text())

    @property
    def events(self) -> list[dict]:
        return [json.loads(line) for line in (self.folder / "events.ndjson").read_text().splitlines()]

    @property
    def cases(self) -> list[tuple[str, str, str]]:
        """(suite, case, passed|failure|error|skipped) of junit.xml."""
        found = []
        for suite in ElementTree.parse(self.folder / "junit.xml").getroot().iter("testsuite"):
            for case in suite.iter("testcase"):
                kinds = [child.tag for child in case if child.tag in ("failure", "error", "skipped")]
                assert len(kinds) <= 1, f"{case.get('name')} has {kinds}"
                found.append((suite.get("name"), case.get("name"), kinds[0] if kinds else "passed"))
        return found

    def outcomes(self) -> dict[str, str]:
        """Suite -> outcome, as the journal says."""
        return {e["suite_name"]: e["outcome"] for e in self.events if e["type"] == "suite.finished"}


class Project:
    def __init__(self, root: Path, config: str, files: dict[str, str] | None = None):
        self.root = root
        root.mkdir(parents=True, exist_ok=True)
        self.write({"itrun.yaml": config, **(files or {})})
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(OTHERS)},
            "PATH": f"{ROOT}/.venv-tests/bin:{os.environ['PATH']}",
            "XDG_STATE_HOME": str(root / ".state"),
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def write(self, files: dict[str, str]) -> None:
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            if text.startswith("#!"):
                path.chmod(0o755)

    def command(self, *arguments: str) -> list[str]:
        return [str(ITRUN), *arguments]

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen:
        return subprocess.Popen(self.command(*arguments), cwd=self.root, env={**self.environment, **environment},
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def finish(self, process: subprocess.Popen, timeout_s: float = WAIT_S) -> Result:
        stdout, stderr = process.communicate(timeout=timeout_s)
        return Result(process.returncode, stdout, stderr, self.root / ".itrun")

    def run(self, *arguments: str, timeout_s: float = WAIT_S, **environment: str) -> Result:
        return self.finish(self.start(*arguments, **environment), timeout_s)


def wait_until(claim, what: str, timeout_s: float = 30):
    """Awaits an event that another process makes true; fails with its name."""
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        found = claim()
        if found:
            return found
        os.sched_yield()
        time.sleep(0.01)  # the poll of a condition, not the wait for it
    raise AssertionError(f"{what}: not within {timeout_s} s")


def processes_with(cookie: str) -> list[int]:
    """A census: every process whose environment carries the cookie."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if cookie.encode() in (entry / "environ").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                pass  # ended meanwhile
    return found


def kill_9(process: subprocess.Popen) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=WAIT_S)


# --- AWS: the emulator, and projects over its accounts ----------------------------------------------------

WRITES = {"CreateStack", "UpdateStack", "DeleteStack", "ContinueUpdateRollback", "CreateChangeSet", "ExecuteChangeSet"}

# Says when it began and ended, in which account and run: one line each, appended whole to one file.
NOTE = """#!/bin/sh
say() { echo "$1 $ITRUN_RUN_ID $ITRUN_ACCOUNT_ID $ITRUN_SUITE" >> "$LEDGER"; }
say begin
sleep "${NAP:-0}"
say end
"""

# Three levels: data, orders (uses two of data's outputs), shop (uses one of orders'). aside needs data, but none of
# its outputs. lone needs nothing.
TEMPLATES = {
    "stacks/data.yaml": """
Parameters: {Stage: {Type: String, Default: none}}
Resources:
  Topic: {Type: AWS::SNS::Topic, Properties: {DisplayName: !Ref Stage}}
Outputs:
  TopicArn: {Value: !Ref Topic}
  Version: {Value: "1"}
""",
    "stacks/orders.yaml": """
Parameters: {TopicArn: {Type: String}, Version: {Type: String}}
Resources:
  Label: {Type: AWS::SSM::Parameter, Properties: {Name: /orders/label, Type: String, Value: !Ref TopicArn}}
Outputs:
  Label: {Value: !Sub "orders ${Version} on ${TopicArn}"}
""",
    "stacks/shop.yaml": """
Parameters: {Label: {Type: String}}
Resources:
  Sign: {Type: AWS::SSM::Parameter, Properties: {Name: /shop/sign, Type: String, Value: !Ref Label}}
Outputs:
  Sign: {Value: !Sub "shop of ${Label}"}
""",
    "stacks/aside.yaml": "Resources:\n  Topic: {Type: AWS::SNS::Topic}\nOutputs:\n  Arn: {Value: !Ref Topic}\n",
    "stacks/lone.yaml": """
Parameters: {Stage: {Type: String, Default: none}}
Resources:
  Topic: {Type: AWS::SNS::Topic, Properties: {DisplayName: !Ref Stage}}
Outputs:
  Arn: {Value: !Ref Topic}
""",
}


def shop_stacks() -> list[dict]:
    return [
        {"name": "data", "template": "stacks/data.yaml", "stack_name": "shop-data", "parameters": {"Stage": "a"}},
        {"name": "orders", "template": "stacks/orders.yaml", "depends_on": ["data"], "parameters": {
            "TopicArn": {"output": "data.TopicArn"}, "Version": {"output": "data.Version"}}},
        {"name": "shop", "template": "stacks/shop.yaml", "depends_on": ["orders"],
         "parameters": {"Label": {"output": "orders.Label"}}},
        {"name": "aside", "template": "stacks/aside.yaml", "depends_on": ["data"]},
        {"name": "lone", "template": "stacks/lone.yaml", "parameters": {"Stage": "a"}},
    ]


def lone_stack(**keys) -> dict:
    return {"name": "lone", "template": "stacks/lone.yaml", "parameters": {"Stage": "a"}, **keys}


class PlainDumper(yaml.SafeDumper):
    def ignore_aliases(self, data) -> bool:
        return True  # itrun takes no anchors


def as_yaml(value) -> str:
    return yaml.dump(value, Dumper=PlainDumper, sort_keys=False)


class AwsProject(Project):
    """A project whose accounts the emulator plays. What happened is asked of the emulator."""

    def __init__(self, root: Path, aws, suites: list[dict], stacks, files, ids: list[str], lease, state: Path,
                 **accounts_keys):
        self.aws, self.ids = aws, ids
        self.ledger = state / "ledger.txt"
        state.mkdir(parents=True, exist_ok=True)
        where = {"provider": "list", "list": ids, "role": "itrun-runner", "region": "eu-west-1", **accounts_keys}
        where = {key: value for key, value in where.items() if value is not None}
        if lease:
            where["lease"] = lease
        self.config = {"version": 1, "project": root.name, "accounts": where}
        if stacks:
            self.config["stacks"] = list(stacks)
        self.config["suites"] = [{**suite, "env": {"LEDGER": str(self.ledger), **suite.get("env", {})}} for suite in suites]
        super().__init__(root, as_yaml(self.config), {"note.sh": NOTE, **TEMPLATES, **(files or {})})
        self.store = state / "itrun/accounts.db"
        self.environment |= {**aws.environment(), "XDG_STATE_HOME": str(state), "HOME": str(root)}
        self.environment.pop("AWS_EC2_METADATA_DISABLED")

    def configure(self) -> None:
        """Writes self.config after a test changed it."""
        self.write({"itrun.yaml": as_yaml(self.config)})

    def stack(self, name: str) -> dict:
        """The configuration of a stack, to be changed."""
        return next(stack for stack in self.config["stacks"] if stack["name"] == name)

    def live(self, account: int = 0) -> dict[str, dict]:
        """The stacks of an account as they really are, by name."""
        return {stack["stack"]: stack for stack in self.aws.get(f"/stacks?account={self.ids[account]}")["stacks"]}

    def calls(self, since: int = 0, operation: str | None = None) -> list[dict]:
        """The calls about these accounts, in the order in which they were answered."""
        return [call for call in self.aws.calls(since)
                if {call["account"], call["target_account"]} & set(self.ids) and operation in (None, call["operation"])]

    def writes(self, since: int = 0) -> list[tuple[str, str]]:
        """(operation, stack) of every write that was asked for."""
        return [(call["operation"], call["stack"]) for call in self.calls(since) if call["operation"] in WRITES]

    def notes(self) -> list[list[str]]:
        """What the suites of all projects of this test wrote: [begin|end, run, account, suite]."""
        return [line.split() for line in self.ledger.read_text().splitlines()] if self.ledger.exists() else []

    def ran(self) -> list[str]:
        return sorted(suite for what, _, _, suite in self.notes() if what == "end")


def texts_below(*roots: Path) -> dict[Path, bytes]:
    """Every byte below these folders, by file."""
    found = {}
    for root in roots:
        for path in [root] if root.is_file() else sorted(root.rglob("*")):
            if path.is_file() and not path.is_symlink():
                found[path] = path.read_bytes()
    return found


class Tampering:
    """A proxy before the emulator that changes answers on their way; the request stays as it was signed.

    change(request, answer) gets both whole and returns the answer, of any length.
    """

    def __init__(self, port: int, change):
        self._change, self._port = change, port
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Tampering:
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, socket.create_connection(("127.0.0.1", self._port)) as server:
            from_client, from_server = client.makefile("rb"), server.makefile("rb")
            while request := self._read(from_client):
                server.sendall(request[0] + request[1])
                head, body = self._read(from_server)
                body = self._change(request[0] + request[1], body)
                head = re.sub(rb"(?i)content-length: *\d+", b"Content-Length: %d" % len(body), head)
                try:
                    client.sendall(head + body)
                except OSError:
                    return

    @staticmethod
    def _read(file) -> tuple[bytes, bytes] | None:
        """(head, body) of one message; None at the end of the connection."""
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = file.readline()
            if not line:
                return None
            head += line
        length = re.search(rb"(?i)content-length: *(\d+)", head)
        return head, file.read(int(length.group(1))) if length else b""
