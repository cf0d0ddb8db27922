"""The recipes of scripts/ci: valid by their services' published schemas, and their commands really run.

Jenkins publishes no schema, and its own validator is a running Jenkins: the Jenkinsfile is parsed by a grammar of
Groovy, and its sections are compared with the declarative pipeline's.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from groovy_parser.parser import digest_lark_tree, parse_groovy_content

from bed import BUILD, ROOT
from ci.shop import shop, suite

RECIPES = ROOT / "scripts/ci"
SCHEMAS = {"github-actions.yml": "vendor.github-workflows", "circleci.yml": "vendor.circle-ci",
           "gitlab-ci.yml": "vendor.gitlab-ci", "buildkite.yml": "vendor.buildkite"}


def check(path: Path, schema: str) -> subprocess.CompletedProcess:
    transform = ["--data-transform", "gitlab-ci"] if "gitlab" in schema else []
    return subprocess.run([ROOT / ".venv-tests/bin/check-jsonschema", "--builtin-schema", schema, *transform, path],
                          capture_output=True, text=True)


def test_there_is_a_recipe_for_each_service():
    assert {path.name for path in RECIPES.iterdir()} == {*SCHEMAS, "Jenkinsfile"}


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_recipe_is_valid_by_its_published_schema(name, tmp_path):
    result = check(RECIPES / name, SCHEMAS[name])
    assert result.returncode == 0, result.stdout
    broken = tmp_path / name  # the schema is one that refuses
    broken.write_text(re.sub(r"(?m)^( *)(timeout-minutes|parallelism|interruptible|artifact_paths):.*", r"\1\2: {no: [such]}",
                             (RECIPES / name).read_text(), count=1))
    assert check(broken, SCHEMAS[name]).returncode != 0


# What may stand in a declarative pipeline, by what it stands in ("Pipeline Syntax" of Jenkins' handbook).
SECTIONS = {"pipeline": {"agent", "options", "stages", "post", "environment", "parameters", "triggers", "tools"},
            "stages": {"stage"}, "axes": {"axis"}, "axis": {"name", "values"},
            "stage": {"agent", "steps", "stages", "matrix", "parallel", "post", "when", "options", "environment", "input"},
            "matrix": {"axes", "excludes", "agent", "stages", "post", "when", "options", "environment"},
            "post": {"always", "changed", "failure", "success", "unstable", "aborted", "cleanup", "regression", "fixed"}}
STEPS = {"withCredentials", "catchError", "sh", "junit", "archiveArtifacts", "stash", "unstash"}


def sections(text: str):
    """(section, inside which) of every block and statement, by the braces."""
    stack: list[str] = []
    text = re.sub(r"'(?:\\.|[^'\n])*'|\"(?:\\.|[^\"\n])*\"", "''", re.sub(r"(?<!:)//[^\n]*", "", text))
    text = re.sub(r"\([^(){}]*\[[^\]]*\]\)|\([^(){}]*\)", "", text)
    for match in re.finditer(r"(?m)^\s*(?:(\w+)[^\n{}]*(\{(?:[^\n{}]*\})?|$)|\})", text):
        word, brace = match.groups()
        if word is None:
            stack.pop()
            continue
        yield word, stack[-1] if stack else ""
        if brace == "{":
            stack.append(word)
    assert not stack


def test_the_jenkinsfile_is_groovy_and_a_declarative_pipeline():
    text = (RECIPES / "Jenkinsfile").read_text()
    digest_lark_tree(parse_groovy_content(text))
    with pytest.raises(Exception, match="(?i)unexpected"):
        parse_groovy_content("pipeline {\n    stages {\n        stage('x' {\n    }\n}\n")
    found = list(sections(text))
    assert ("stage", "stages") in found and ("always", "post") in found and ("matrix", "stage") in found
    for word, inside in found:
        allowed = SECTIONS.get(inside, STEPS | {"timeout", "disableConcurrentBuilds", "usernameVariable", "passwordVariable"})
        assert word in ({"pipeline"} if inside == "" else allowed), f"{word} in {inside}"


# --- what the recipes run, run -----------------------------------------------------------------------------


class Checkouts:
    """A project with the groups api and web, and a fresh copy of it for each job."""

    def __init__(self, tmp_path: Path):
        self.tmp_path = tmp_path
        self.project = shop(tmp_path / "origin", suite("api", [("test_pays", None)]), suite("web", [("test_clicks", None)]),
                            more="gate: {required: [api, web], minimum_tests: 2}\n")
        self.bin = tmp_path / "bin"
        self.bin.mkdir()

    def tool(self, name: str, script: str) -> None:
        (self.bin / name).write_text("#!/bin/sh\n" + script)
        (self.bin / name).chmod(0o755)

    def job(self, name: str) -> Path:
        return Path(shutil.copytree(self.project.root, self.tmp_path / name))

    def bash(self, where: Path, script: str, **environment: str) -> subprocess.CompletedProcess:
        path = f"{self.bin}:{BUILD}:{self.project.environment['PATH']}"
        return subprocess.run(["bash", "-eo", "pipefail", "-c", script], cwd=where, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=60,
                              env={**self.project.environment, "CI": "true", "PATH": path, **environment})


@pytest.fixture
def checkouts(tmp_path):
    return Checkouts(tmp_path)


def move(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(source, target, dirs_exist_ok=True)


def judged(result: subprocess.CompletedProcess) -> None:
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout.startswith("gate OPEN (exit code 0)\n2 suites, 2 tests, 0 flaky\n"), result.stdout


def test_github_actions(checkouts):
    jobs = yaml.safe_load((RECIPES / "github-actions.yml").read_text())["jobs"]
    steps = {step["name"]: step for job in jobs.values() for step in job["steps"] if "name" in step}
    gate = checkouts.job("gate")
    for index, group in enumerate(jobs["suites"]["strategy"]["matrix"]["group"]):
        where = checkouts.job(group)
        result = checkouts.bash(where, steps["Suites"]["run"], GITHUB_ACTIONS="true", GROUP=group)
        assert result.returncode == 0, result.stderr
        upload = steps["Results, also of a failure"]
        name = upload["with"]["name"].replace("${{ matrix.group }}", group).replace("${{ strategy.job-index }}", str(index))
        assert upload["if"] == "always()" and upload["with"]["include-hidden-files"] is True
        move(where / upload["with"]["path"], gate / "runs" / name)
    assert len(list((gate / "runs").iterdir())) == 2
    judged(checkouts.bash(gate, steps["Gate"]["run"], GITHUB_ACTIONS="true"))
    shutil.rmtree(next((gate / "runs").glob("itrun-web-*")))
    missing = checkouts.bash(gate, steps["Gate"]["run"], GITHUB_ACTIONS="true")
    assert missing.returncode == 6 and "the required group web did not run" in missing.stdout


def test_circleci(checkouts):
    jobs = yaml.safe_load((RECIPES / "circleci.yml").read_text())["jobs"]
    runs = [step["run"] for step in jobs["suites"]["steps"] if isinstance(step, dict) and "run" in step]
    gate = checkouts.job("gate")
    for index in range(jobs["suites"]["parallelism"]):
        where = checkouts.job(f"node-{index}")
        for run in runs:
            result = checkouts.bash(where, run["command"], CIRCLECI="true", CIRCLE_NODE_INDEX=str(index), CIRCLE_NODE_TOTAL="2")
            assert result.returncode == 0, result.stderr
        assert (where / f"test-results/itrun-{index}/junit.xml").exists(), "what store_test_results takes"
        move(where / "runs", gate / "runs")  # the workspace
    judged(checkouts.bash(gate, jobs["gate"]["steps"][-1]["run"], CIRCLECI="true"))


def test_gitlab_ci(checkouts):
    jobs = yaml.safe_load((RECIPES / "gitlab-ci.yml").read_text())
    gate = checkouts.job("gate")
    for index, group in enumerate(jobs["suites"]["parallel"]["matrix"][0]["GROUP"], 1):
        where = checkouts.job(group)
        result = checkouts.bash(where, "\n".join(jobs["suites"]["script"]), GITLAB_CI="true", GROUP=group, CI_NODE_INDEX=str(index))
        assert result.returncode == 0, result.stderr
        for report in jobs["suites"]["artifacts"]["reports"].values():
            found = list(where.glob(report))
            assert found and all(file.stat().st_size > 0 for file in found)
        for path in jobs["suites"]["artifacts"]["paths"]:
            move(where / path, gate / path)
    judged(checkouts.bash(gate, "\n".join(jobs["gate"]["script"]), GITLAB_CI="true"))


def test_buildkite(checkouts):
    steps = yaml.safe_load((RECIPES / "buildkite.yml").read_text())["steps"]
    checkouts.tool("buildkite-agent", 'echo "$@" >> agent.txt\n[ "$1" != annotate ] || cat > annotated.md\n')
    gate = checkouts.job("gate")
    for index in range(steps[0]["parallelism"]):
        where = checkouts.job(f"job-{index}")
        result = checkouts.bash(where, steps[0]["command"].replace("$$", "$"), BUILDKITE="true", BUILDKITE_PARALLEL_JOB=str(index))
        assert result.returncode == 0, result.stderr
        assert not (where / "agent.txt").exists(), "a good run annotates nothing"
        move(where / f"itrun-{index}/runs", gate / f"itrun-{index}/runs")
    judged(checkouts.bash(gate, steps[-1]["command"].replace("$$", "$"), BUILDKITE="true"))
    bad = checkouts.job("bad")
    (bad / "web.sh").write_text("#!/bin/sh\nexit 1\n")
    result = checkouts.bash(bad, steps[0]["command"].replace("$$", "$"), BUILDKITE="true", BUILDKITE_PARALLEL_JOB="1")
    assert result.returncode == 1
    assert (bad / "agent.txt").read_text() == "annotate --style error --context itrun-1\n"
    assert "1 of 1 suites did not pass" in (bad / "annotated.md").read_text()


def test_jenkins(checkouts):
    text = (RECIPES / "Jenkinsfile").read_text()
    suites, gate_command = re.findall(r"(?m)^ *sh '(.*)'$", text)
    gate = checkouts.job("gate")
    for group in re.search(r"values (.*)", text).group(1).replace("'", "").split(", "):
        where = checkouts.job(group)
        result = checkouts.bash(where, suites, JENKINS_URL="https://ci.example/", GROUP=group)
        assert result.returncode == 0, result.stderr
        assert (where / f"junit-{group}/junit.xml").exists(), "what the junit step takes"
        move(where / f"itrun-{group}/runs", gate / f"itrun-{group}/runs")
    judged(checkouts.bash(gate, gate_command, JENKINS_URL="https://ci.example/"))
