"""Which commit and branch a run is of, as the CI services say it; and what is not believed."""

from __future__ import annotations

import pytest

from ci.shop import commit, git, github, shop, suite

HEAD, BASE = "a" * 40, "c" * 40


@pytest.fixture
def project(tmp_path):
    return shop(tmp_path / "project", suite("api", [("test_fine", None)]))


def started(result) -> dict:
    return next(event for event in result.events if event["type"] == "run.started")["start"]


def test_a_pull_request_is_of_its_head_not_of_the_merge_that_was_checked_out(project):
    merge = commit(project.root)
    git(project.root, "checkout", "-q", "--detach")
    event = {"pull_request": {"head": {"sha": HEAD}, "base": {"sha": BASE}}}
    result = project.run(**github(project.root, merge, event, GITHUB_HEAD_REF="feature/x", GITHUB_BASE_REF="main"))
    assert result.code == 0, result.stderr
    start = started(result)
    assert (start["commit"], start["branch"]) == (HEAD, "feature/x")
    assert (start["base"], start["base_commit"]) == ("main", BASE)
    assert start["job_url"] == "https://github.com/acme/shop/actions/runs/77"
    assert result.summary["commit"] == HEAD
    assert "commit aaaaaaaaaa on feature/x" in result.stderr


def test_another_repository_in_the_same_job_keeps_its_own_commit(project):
    own = commit(project.root)
    result = project.run(**github(project.root, HEAD, GITHUB_HEAD_REF="feature/x"))
    assert started(result)["commit"] == own and started(result)["branch"] == "main"


def test_with_ci_none_no_variable_is_looked_at(project):
    own = commit(project.root)
    result = project.run("--ci", "none", **github(project.root, own, {"pull_request": {"head": {"sha": HEAD}}}))
    assert started(result)["commit"] == own and "job_url" not in started(result)


@pytest.mark.parametrize("service, commit_name, branch_name", [
    ({"GITLAB_CI": "true"}, "CI_COMMIT_SHA", "CI_COMMIT_BRANCH"),
    ({"CIRCLECI": "true"}, "CIRCLE_SHA1", "CIRCLE_BRANCH"),
    ({"BUILDKITE": "true"}, "BUILDKITE_COMMIT", "BUILDKITE_BRANCH"),
    ({"JENKINS_URL": "https://ci.example/"}, "GIT_COMMIT", "BRANCH_NAME")])
def test_a_detached_checkout_has_the_branch_that_the_service_says(project, service, commit_name, branch_name):
    own = commit(project.root)
    git(project.root, "checkout", "-q", "--detach")
    result = project.run(**service, **{commit_name: own, branch_name: "topic"})
    assert (started(result)["commit"], started(result)["branch"]) == (own, "topic")
    assert "\x1b[?25l" not in result.stderr


def test_shell_characters_in_a_branch_run_nothing_and_stay_as_they_are(project):
    own = commit(project.root)
    evil = "x$(touch pwned)`touch pwned`;touch pwned|&'\"<!--]]>"
    result = project.run(**github(project.root, own, GITHUB_HEAD_REF=evil))
    assert result.code == 0, result.stderr
    assert started(result)["branch"] == evil
    assert not list(project.root.rglob("pwned"))
    assert result.cases  # junit.xml is well-formed


def test_a_line_break_in_a_variable_is_refused_and_says_which(project):
    own = commit(project.root)
    result = project.run(**github(project.root, own, GITHUB_HEAD_REF="x\n::add-mask::main", GITHUB_REF_NAME="ok"))
    assert result.code == 0
    assert started(result)["branch"] == "ok"
    assert "GITHUB_HEAD_REF holds a control character: it is not used" in result.stderr
    assert "mend: look at who sets it" in result.stderr
    assert not any(line.strip().startswith("::add-mask::") for line in result.stderr.splitlines())


def test_an_unknown_value_of_ci_is_a_usage_error(project):
    result = project.run("--ci", "github")
    assert result.code == 2 and "mend: one of auto|none" in result.stderr


def test_an_error_about_a_hostile_word_is_one_line_and_no_command(project):
    result = project.run("report", "x\n::error::forged ##[add-mask]main\x1b[2J", GITHUB_ACTIONS="true")
    assert result.code == 2 and "mend: " in result.stderr
    assert "##[" not in result.stderr and "\x1b" not in result.stderr
    assert not any(line.strip().startswith("::") for line in result.stderr.splitlines())
