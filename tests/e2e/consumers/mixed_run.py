"""One real run in which everything that can become of a suite has become of one, and what must be seen of it."""

from __future__ import annotations

import signal
from pathlib import Path

from bed import Project, Result, kill_9, wait_until

CONFIG = """
version: 1
project: mixed
suites:
  - {name: good, framework: pytest, files: tests/test_good.py}
  - {name: bad, framework: pytest, files: tests/test_bad.py}
  - {name: flaky, framework: pytest, files: tests/test_flaky.py, retries: 2}
  - {name: stays-bad, framework: pytest, files: tests/test_stays_bad.py, retries: 2}
  - {name: broken, command: ./suite.sh broken}
  - {name: slow, command: ./suite.sh slow, timeout: 1s}
  - {name: cloudy, command: ./suite.sh cloudy}
  - {name: recovered, command: ./suite.sh recovered, retries: 1}
  - {name: absent, command: ./suite.sh absent}
  - {name: stopped, command: ./suite.sh stopped}
  - {name: killed, command: ./suite.sh killed}
"""
SUITE = r"""#!/bin/sh
case $1 in
  broken) printf 'oh \033[31mred\033[0m ]]> & <b>\n'; exit 3 ;;
  slow) exec sleep 60 ;;
  cloudy) exit 99 ;;
  recovered) [ -e recovered.was ] && exit 0; : > recovered.was; exit 99 ;;
  absent) exit 77 ;;
  stopped) : > stopped.runs; exec sleep 60 ;;
  killed) trap '' TERM; : > killed.runs; while :; do sleep 0.2; done ;;
esac
"""
GOOD = '''
import uuid
import pytest

def test_adds():
    pass

def test_says_much():
    print("chatter " * 1000)

@pytest.mark.parametrize("order", [uuid.uuid4()], ids=str)
def test_pays(order):
    pass

def test_not_here():
    pytest.skip('only on "Sundays" & holidays')

class TestCart:
    def test_adds(self):
        pass
'''
BAD = '''
import pytest

def test_refund():
    assert 0, "]]> & <b>bold</b> \\x1b[31mred\\x1b[0m \\"quoted\\" \\U0001f600 \\ufffe"

def test_fine():
    pass

@pytest.fixture
def breaks():
    raise RuntimeError("set-up")

def test_set_up(breaks):
    pass
'''
FLAKY = '''
import os

def test_sometimes():
    attempt = int(os.environ["ITRUN_ATTEMPT"])
    print("attempt", attempt)
    assert attempt == 3, f"not yet, attempt {attempt}"

def test_always():
    pass
'''
STAYS_BAD = '''
def test_never():
    assert 0, "never"
'''
# What somebody who reads the suites above expects of any report of them.
WHOLE = "[itrun] suite result"
EXPECTED = sorted([
    ("good/tests/test_good.py", "test_adds", "passed"),
    ("good/tests/test_good.py", "test_adds", "passed"),  # of TestCart
    ("good/tests/test_good.py", "test_says_much", "passed"),
    ("good/tests/test_good.py", "test_pays[<uuid>]", "passed"),
    ("good/tests/test_good.py", "test_not_here", "skipped"),
    ("bad/tests/test_bad.py", "test_refund", "failed"),
    ("bad/tests/test_bad.py", "test_fine", "passed"),
    ("bad/tests/test_bad.py", "test_set_up", "error"),
    ("flaky/tests/test_flaky.py", "test_sometimes", "passed"),
    ("flaky/tests/test_flaky.py", "test_always", "passed"),
    ("stays-bad/tests/test_stays_bad.py", "test_never", "failed"),
    ("broken", WHOLE, "error"),
    ("slow", WHOLE, "error"),
    ("cloudy", WHOLE, "error"),
    ("recovered", WHOLE, "passed"),
    ("absent", WHOLE, "skipped"),
    ("stopped", WHOLE, "skipped"),
    ("killed", WHOLE, "error"),
])
FLAKY_CASES = [("flaky/tests/test_flaky.py", "test_sometimes")]
OUTCOMES = {
    "good/tests/test_good.py": "passed", "bad/tests/test_bad.py": "failed", "flaky/tests/test_flaky.py": "passed",
    "stays-bad/tests/test_stays_bad.py": "failed", "broken": "error", "slow": "timeout", "cloudy": "infra",
    "recovered": "passed", "absent": "skipped", "stopped": "cancelled",
}  # "killed" has none


class MixedRun:
    """Stopped by SIGTERM while two suites ran, one of which would not go; then itrun itself was killed."""

    def __init__(self, root: Path):
        self.project = Project(root, CONFIG, {
            "suite.sh": SUITE, "tests/test_good.py": GOOD, "tests/test_bad.py": BAD, "tests/test_flaky.py": FLAKY,
            "tests/test_stays_bad.py": STAYS_BAD})
        process = self.project.start("--shards", "11", "--jobs", "11", "--seed", "7")
        wait_until(lambda: self._finished(9) and (root / "killed.runs").exists() and (root / "stopped.runs").exists(),
                   "nine suites end and two run", 120)
        process.send_signal(signal.SIGTERM)
        wait_until(lambda: self._finished(10), "the stopped suite is recorded", 8)
        kill_9(process)
        process.communicate()
        (self.folder,) = (root / ".itrun/runs").iterdir()
        self.report()

    def _finished(self, count: int) -> bool:
        journals = list((self.project.root / ".itrun/runs").glob("*/events.ndjson"))
        return bool(journals) and journals[0].read_text().count('"suite.finished"') >= count

    def report(self, *arguments: str) -> Result:
        result = self.project.run("report", str(self.folder), *arguments)
        assert result.code == 0, result.stderr
        return result

    def file(self, *arguments: str) -> Path:
        """A junit.xml of the run made with these options."""
        path = self.project.root / f"junit{''.join(arguments)}.xml"
        self.report("--junit", str(path), *arguments)
        return path
