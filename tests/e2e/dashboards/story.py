"""Two runs of one shop, cold and changed, whose outputs every test of this folder reads: counted from what the suites
themselves noted, from the emulator's call log and from this process's own clock, never from itrun's other files."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from bed import AwsProject, Result

# The names that dashboards may rely on.
TWENTY = """run_info run_end_timestamp_seconds run_last_success_timestamp_seconds run_duration_seconds run_lower_bound_seconds
run_predicted_seconds suites tests flaky_tests retried_attempts retry_seconds lane_seconds account_wait_seconds accounts
stack_actions stack_deploy_seconds stack_saved_seconds suite_duration_seconds suite_prediction_error_ratio
first_failure_seconds infra_problems""".split()

CASES = {  # file -> result by case, of the attempt that counts
    "tests/test_cart.py": {"test_adds": "passed", "test_removes": "passed", "test_later": "skipped"},
    "tests/test_broken.py": {"test_total": "failed", "test_tax": "passed", "test_odd[<a&b>]": "error"},
    "tests/test_flaky.py": {"test_flaky": "passed"},
}
FILES = {
    "tests/conftest.py": """
import os
with open(os.environ["LEDGER"], "a") as ledger:
    ledger.write(f"attempt - - {os.environ['ITRUN_SUITE']} {os.environ['ITRUN_ATTEMPT']} {os.environ['TRACEPARENT']}\\n")
""",
    "tests/test_cart.py": """
import time
import pytest
def test_adds(): time.sleep(0.05)
def test_removes(): pass
@pytest.mark.skip(reason="not yet")
def test_later(): pass
""",
    "tests/test_broken.py": """
import pytest
@pytest.fixture
def broken(): raise RuntimeError("no set-up")
def test_total():
    print("printed by test_total")
    assert 30 == 27, "the discount is missing"
def test_tax(): pass
@pytest.mark.parametrize("name", ["<a&b>"])
def test_odd(name, broken): pass
""",
    "tests/test_flaky.py": """
import os
def test_flaky():
    assert os.environ["ITRUN_ATTEMPT"] == "2", "only the second time"
""",
    "noted.sh": """#!/bin/sh
echo "attempt - - $ITRUN_SUITE $ITRUN_ATTEMPT $TRACEPARENT" >> "$LEDGER"
exec sh -c "$1"
""",
    "deploy.sh": """#!/bin/sh
echo "deploy - - $ITRUN_STACK - $TRACEPARENT" >> "$LEDGER"
exec aws cloudformation deploy --stack-name "$ITRUN_STACK_NAME" --template-file stacks/aside-by-hand.yaml \\
  --tags "itrun:fingerprint=$ITRUN_FINGERPRINT"
""",
    "stacks/aside-by-hand.yaml": "Resources:\n  Topic: {Type: AWS::SNS::Topic}\n",
}
OUTCOMES = {
    "api/tests/test_cart.py": "passed",
    "api/tests/test_broken.py": "failed",
    "api/tests/test_flaky.py": "passed",
    "crash": "error",
    "slow": "timeout",
    "cloudy": "infra",
    "none": "skipped",
    "silent": "error",
    "leaky": "passed",
}


def suites() -> list[dict]:
    return [
        {"name": "api", "framework": "pytest", "files": "tests/test_*.py", "retries": 1, "needs": ["orders"]},
        {"name": "crash", "command": "./noted.sh 'kill -SEGV $$'"},
        {"name": "slow", "command": "./noted.sh 'sleep 60'", "timeout": "1s"},
        {"name": "cloudy", "command": "./noted.sh 'exit 99'"},
        {"name": "none", "command": "./noted.sh 'exit 77'"},
        {"name": "silent", "command": "./noted.sh 'exit 0'", "report": "never.xml"},
        {"name": "leaky", "command": "./noted.sh 'setsid sleep 61 & exit 0'", "needs": ["lone", "byhand"]},
    ]


@dataclass
class Told:
    """One run, and what others say of it."""

    result: Result
    began_s: float
    ended_s: float
    attempts: list[list[str]]  # suite, attempt, traceparent
    deploys: list[list[str]]  # stack, traceparent: of deploy commands
    writes: Counter  # operation -> how often, by the emulator's log
    folder: Path

    @property
    def tests(self) -> Counter:
        """Test cases by result, as the sources of the suites make them: one for each suite that has no cases."""
        counts = Counter(result for cases in CASES.values() for result in cases.values())
        synthetic = {"passed": "passed", "error": "error", "timeout": "error", "infra": "error", "skipped": "skipped"}
        counts.update(synthetic[outcome] for suite, outcome in OUTCOMES.items() if not suite.startswith("api/"))
        return counts


def told(project: AwsProject, *arguments: str, **environment: str) -> Told:
    position, notes = project.aws.last_call(), len(project.notes())
    began = time.time()
    result = project.run("--shards", "3", "--seed", "7", *arguments, timeout_s=240, **environment)
    ended = time.time()
    lines = project.notes()[notes:]
    return Told(result, began, ended, [line[3:6] for line in lines if line[0] == "attempt"],
                [[line[3], line[5]] for line in lines if line[0] == "deploy"],
                Counter(operation for operation, _ in project.writes(position)), result.folder)
