"""Starts the emulator for a test and stops it again.

    with Emulator(log=path) as aws:
        sts = aws.client("sts")
        aws.post("/faults", {"do": "throttle", "operation": "DescribeStacks", "every": 3})
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from .identities import MANAGEMENT_ACCOUNT, ROOT_ACCESS_KEY, ROOT_SECRET

TESTS = Path(__file__).resolve().parent.parent
REGION = "eu-west-1"


class Emulator:
    def __init__(self, log: str | os.PathLike | None = None, config: dict | None = None,
                 start_timeout_s: float = 60) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="emulator-")
        self._ready = Path(self._directory.name, "ready.json")
        self.log = Path(log) if log else Path(self._directory.name, "calls.ndjson")
        command = [sys.executable, "-m", "emulator", "--port", "0", "--ready-file", str(self._ready),
                   "--log", str(self.log), "--lifeline-fd", "0"]
        if config:
            path = Path(self._directory.name, "config.json")
            path.write_text(json.dumps(config))
            command += ["--config", str(path)]
        self.process = subprocess.Popen(command, cwd=TESTS, stdin=subprocess.PIPE)
        self.port = self._await_ready(start_timeout_s)
        self.url = f"http://127.0.0.1:{self.port}"

    def _await_ready(self, timeout_s: float) -> int:
        deadline = time.monotonic() + timeout_s
        while not self._ready.exists():
            if self.process.poll() is not None:
                raise RuntimeError(f"the emulator ended at once: status {self.process.returncode}")
            if time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"the emulator was not ready within {timeout_s} s")
            time.sleep(0.02)
        return json.loads(self._ready.read_text())["port"]

    def stop(self) -> int:
        if self.process.stdin:
            self.process.stdin.close()
            self.process.stdin = None
        self.process.terminate()
        try:
            status = self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
        return status

    def __enter__(self) -> Emulator:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._directory.cleanup()

    # The control API

    def get(self, path: str) -> Any:
        return self._control("GET", path, None)

    def post(self, path: str, body: Any = None) -> Any:
        return self._control("POST", path, json.dumps(body if body is not None else {}).encode())

    def _control(self, method: str, path: str, body: bytes | None) -> Any:
        request = urllib.request.Request(f"{self.url}/_emulator{path}", body, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as problem:
            raise ValueError(json.load(problem)["message"]) from None

    def calls(self, since: int = 0, **wanted: str) -> list[dict]:
        query = "&".join([f"since={since}"] + [f"{name}={value}" for name, value in wanted.items()])
        return self.get(f"/calls?{query}")["calls"]

    def last_call(self) -> int:
        return self.get("/summary")["last"]

    # Clients

    def environment(self, credentials: dict | None = None) -> dict[str, str]:
        """Environment variables for a program that talks to this AWS."""
        credentials = credentials or {"AccessKeyId": ROOT_ACCESS_KEY, "SecretAccessKey": ROOT_SECRET}
        environment = {
            "AWS_ENDPOINT_URL": self.url, "AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": credentials["SecretAccessKey"],
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        if credentials.get("SessionToken"):
            environment["AWS_SESSION_TOKEN"] = credentials["SessionToken"]
        return environment

    def client(self, service: str, credentials: dict | None = None, **options: Any) -> Any:
        import boto3
        from botocore.config import Config

        options.setdefault("config", Config(retries={"total_max_attempts": 1}))
        credentials = credentials or {"AccessKeyId": ROOT_ACCESS_KEY, "SecretAccessKey": ROOT_SECRET}
        return boto3.client(
            service, endpoint_url=self.url, region_name=options.pop("region_name", REGION),
            aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials.get("SessionToken"), **options)

    def assume(self, account: str, role: str = "itrun-runner", session: str = "test") -> dict:
        """Credentials inside an account."""
        return self.client("sts").assume_role(
            RoleArn=f"arn:aws:iam::{account}:role/{role}", RoleSessionName=session)["Credentials"]

    management_account = MANAGEMENT_ACCOUNT
