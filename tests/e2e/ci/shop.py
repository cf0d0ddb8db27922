"""A small project whose suites pass, fail and print what a hostile pull request would print."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from bed import Project

LOCAL = "version: 1\nproject: shop\n"
JUNIT = """import sys, xml.sax.saxutils as x
cases = eval(open(sys.argv[1]).read())
print('<testsuite name="s">')
for name, message in cases:
    inner = '' if message is None else '<failure message=%s>%s</failure>' % (x.quoteattr(message), x.escape(message))
    print('<testcase classname="c" name=%s file="tests/x.py" line="7">%s</testcase>' % (x.quoteattr(name), inner))
print('</testsuite>')
"""


def suite(name: str, cases: list[tuple[str, str | None]], prints: str = "") -> tuple[str, dict[str, str]]:
    """YAML of a command suite that reports these cases (message None: passed) and prints a text, and its files."""
    is_bad = any(message is not None for _, message in cases)
    script = (f"#!/bin/sh\ncat {name}.out\npython3 junit.py {name}.cases > {name}.xml\nexit {int(is_bad)}\n")
    yaml = f"  - name: {name}\n    command: ./{name}.sh\n    report: {name}.xml\n"
    return yaml, {f"{name}.sh": script, f"{name}.cases": repr(cases), f"{name}.out": prints}


def shop(root: Path, *suites: tuple[str, dict[str, str]], more: str = "") -> Project:
    config = LOCAL + "suites:\n" + "".join(yaml for yaml, _ in suites) + more
    files = {name: text for _, each in suites for name, text in each.items()}
    return Project(root, config, {"junit.py": JUNIT, **files})


def git(root: Path, *arguments: str) -> str:
    who = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "init.defaultBranch=main"]
    return subprocess.run(["git", *who, *arguments], cwd=root, check=True, capture_output=True, text=True).stdout.strip()


def commit(root: Path) -> str:
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "all")
    return git(root, "rev-parse", "HEAD")


def github(root: Path, sha: str, event: dict | None = None, **more: str) -> dict[str, str]:
    """The environment of a step on GitHub Actions."""
    path = root.parent / "event.json"
    path.write_text(json.dumps(event or {}))
    return {"CI": "true", "GITHUB_ACTIONS": "true", "GITHUB_SHA": sha, "GITHUB_REF_NAME": "12/merge",
            "GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "acme/shop", "GITHUB_RUN_ID": "77",
            "GITHUB_RUN_ATTEMPT": "1", "GITHUB_EVENT_PATH": str(path), "GITHUB_WORKSPACE": str(root), **more}
