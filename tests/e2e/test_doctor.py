"""itrun doctor: what is wrong is found before a run, and each mend is a command. It changes nothing."""

from __future__ import annotations

import json

from bed import NOTE, WRITES, Project, lone_stack


def findings(result) -> dict[str, tuple[str, str, str]]:
    return {found["check"]: (found["health"], found["what"], found["mend"] or "") for found in json.loads(result.stdout)}


SUITES = [{"name": "one", "command": "./note.sh"}, {"name": "two", "command": "./note.sh", "needs": ["lone"]}]


def test_a_healthy_project_passes_every_check_and_nothing_is_changed(aws_project, cloud):
    project = aws_project(SUITES, [lone_stack()], {"note.sh": NOTE}, count=3)
    before = cloud.last_call()
    result = project.run("doctor", "--json")
    assert result.code == 0, result.stdout
    found = findings(result)
    for check in ("configuration", "guard", "tools", "identity", "clock", "pool", "roles", "quotas", "leases"):
        assert found[check][0] == "fine", (check, found[check])
    assert "3 accounts" in found["pool"][1]
    calls = cloud.calls(before)
    assert {call["operation"] for call in calls} <= {"GetCallerIdentity", "AssumeRole", "DescribeStacks"}
    assert not [call for call in calls if call["operation"] in WRITES]
    assert sum(call["operation"] == "AssumeRole" for call in calls) == 3, "each account's role is tried"
    assert not project.ledger.exists(), "no suite ran"


def test_denied_roles_are_one_finding_with_the_command_that_shows_why(aws_project, cloud):
    project = aws_project(SUITES, [lone_stack()], {"note.sh": NOTE}, count=4)
    for account in project.ids[1:3]:
        cloud.post("/faults", {"do": "deny", "operation": "AssumeRole", "account": account})
    result = project.run("doctor", "--json")
    assert result.code == 3, result.stdout
    health, what, mend = findings(result)["roles"]
    assert health == "bad"
    assert "account-002, account-003" in what and "AccessDenied" in what
    assert mend.startswith(f"aws sts assume-role --role-arn arn:aws:iam::{project.ids[1]}:role/itrun-runner")
    shown = project.run("doctor").stdout
    assert f"    mend: {mend}\n" in shown
    assert "✗ roles" in shown


def test_a_wrong_clock_is_told_by_how_much(aws_project, cloud):
    project = aws_project(SUITES, [lone_stack()], {"note.sh": NOTE})
    cloud.post("/settings", {"clock_offset_s": 600})
    health, what, mend = findings(project.run("doctor", "--json"))["clock"]
    assert health == "doubtful"
    assert "behind AWS's" in what and ("10m" in what or "9m 59" in what), what
    assert "timedatectl" in mend


def test_nobody_at_the_endpoint_and_no_credentials_are_told_apart(aws_project):
    project = aws_project(SUITES, [lone_stack()], {"note.sh": NOTE})
    away = project.run("doctor", "--json", AWS_ENDPOINT_URL="http://127.0.0.1:9", ITRUN_AWS_RETRY_BUDGET="200ms")
    assert away.code == 3, away.stdout
    assert findings(away)["identity"][0] == "bad" and "127.0.0.1:9" in findings(away)["identity"][1]
    nobody = project.run("doctor", "--json", AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="", AWS_SESSION_TOKEN="",
                         AWS_SHARED_CREDENTIALS_FILE="/dev/null", AWS_CONFIG_FILE="/dev/null")
    assert nobody.code in (2, 3)
    bad = [found for found in json.loads(nobody.stdout) if found["health"] == "bad"]
    assert len(bad) == 1 and "credentials" in bad[0]["what"] and bad[0]["mend"]


def test_a_missing_tool_is_named_with_who_needs_it(tmp_path):
    project = Project(tmp_path / "p", """version: 1
project: demo
suites:
  - {name: good, command: "true"}
  - {name: absent, command: no-such-tool --flag}
  - {name: script, command: ./not-executable.sh}
""", {"not-executable.sh": "echo\n"})
    result = project.run("doctor")
    assert result.code == 2
    assert "✗ tools          no-such-tool cannot be found; suite absent needs it\n    mend: install no-such-tool" in result.stdout
    assert "✗ tools          ./not-executable.sh cannot be found; suite script needs it\n    mend: ls -l" in result.stdout


def test_a_configuration_with_mistakes_is_shown_and_fails(tmp_path):
    project = Project(tmp_path / "p", "version: 1\nproject: demo\nsuits: []\n")
    result = project.run("doctor")
    assert result.code == 2
    assert "itrun.yaml:3:1" in result.stderr and "suites" in result.stderr
    assert "✗ configuration" in result.stdout


def test_an_output_folder_that_cannot_be_written_is_found_before_the_run(tmp_path):
    project = Project(tmp_path / "p", "version: 1\nproject: demo\nsuites: [{name: a, command: 'true'}]\n")
    result = project.run("doctor", "--output", "itrun.yaml/runs")
    assert result.code == 2
    assert f"✗ output         {project.root}/itrun.yaml cannot be written: it is not a folder" in result.stdout
