"""Bad input of AWS kinds: one clear message each, the documented exit code; and secrets, which stand nowhere."""

from __future__ import annotations

import json
import re
import socket
import time

import pytest
from emulator.identities import MANAGEMENT_ACCOUNT, ROOT_ACCESS_KEY, ROOT_SECRET
from emulator.organization import make_organization

from bed import lone_stack, shop_stacks, texts_below

NEEDS = [{"name": "needs", "command": "./note.sh", "needs": ["lone"]}]
SHORT = {"ITRUN_AWS_RETRY_BUDGET": "2s"}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


# --- the way to AWS ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("provider", ["list", "organizations"])
def test_an_unreachable_endpoint_is_named_with_its_mend(aws_project, provider):
    url = f"http://127.0.0.1:{free_port()}"
    keys = {"provider": provider, "organizational_unit": "pool", "list": None} if provider == "organizations" else {}
    project = aws_project(NEEDS, [lone_stack()], **keys)
    started = time.monotonic()
    result = project.run(AWS_ENDPOINT_URL=url)
    assert result.code == 3, result.stderr
    assert url in result.stderr and "AWS_ENDPOINT_URL" in result.stderr
    assert time.monotonic() - started < 20 and project.notes() == []
    if provider == "list":
        assert result.outcomes() == {"needs": "infra"}


def test_a_host_that_does_not_exist_is_named_with_its_mend(aws_project):
    project = aws_project(NEEDS, [lone_stack()])
    result = project.run(AWS_ENDPOINT_URL="http://no-such-host.invalid:4566")
    assert result.code == 3 and "no-such-host.invalid" in result.stderr and "AWS_ENDPOINT_URL" in result.stderr


def test_an_endpoint_that_is_no_url_is_a_configuration_error(aws_project):
    result = aws_project(NEEDS, [lone_stack()]).run(AWS_ENDPOINT_URL="127.0.0.1:4566")
    assert result.code == 2 and "AWS_ENDPOINT_URL" in result.stderr and "127.0.0.1:4566" in result.stderr


# --- who we are -------------------------------------------------------------------------------------------


def test_a_denied_role_is_infra_and_names_role_and_account(aws_project, cloud):
    suites = [{"name": f"s{n}", "command": "./note.sh", "needs": ["lone"]} for n in range(2)]
    project = aws_project(suites, [lone_stack()], count=2)
    cloud.post("/faults", {"do": "deny", "operation": "AssumeRole", "account": project.ids[1]})
    result = project.run("--shards", "2")
    assert result.code == 3, result.stderr
    assert sorted(result.outcomes().values()) == ["infra", "passed"]
    assert "itrun-runner" in result.stderr and "account-002" in result.stderr and "trust policy" in result.stderr
    assert {account for _, _, account, _ in project.notes()} == {project.ids[0]}
    assert project.writes() and {call["account"] for call in project.calls() if call["operation"] == "CreateStack"} == {project.ids[0]}


def test_a_denied_deploy_is_infra_not_the_change_s_fault(aws_project, cloud):
    project = aws_project([*NEEDS, {"name": "free", "command": "./note.sh"}], [lone_stack()])
    cloud.post("/faults", {"do": "deny", "operation": "CreateStack", "account": project.ids[0]})
    result = project.run()
    assert result.code == 3, result.stderr
    assert result.outcomes() == {"needs": "infra", "free": "passed"}
    assert "CreateStack" in result.stderr and "lone" in result.stderr and "not authorized" in result.stderr


def session_environment(cloud, credentials) -> dict[str, str]:
    return {name: value for name, value in cloud.environment(credentials).items() if name.startswith("AWS_")}


@pytest.mark.parametrize("provider", ["list", "organizations"])
def test_expired_credentials_say_which_and_how_to_renew_them(aws_project, cloud, provider):
    keys = {"provider": provider, "organizational_unit": "itrun-pool", "list": None} if provider == "organizations" else {}
    project = aws_project(NEEDS, [lone_stack()], **keys)
    credentials = cloud.client("sts").get_session_token()["Credentials"]
    cloud.post("/expire", {"access_key": credentials["AccessKeyId"]})
    result = project.run(**session_environment(cloud, credentials))
    assert result.code == 3, result.stderr
    assert "expired" in result.stderr and "environment" in result.stderr and "renew them" in result.stderr
    assert credentials["SessionToken"] not in result.stderr + result.stdout


@pytest.mark.parametrize("wrong, words", [
    ({"AWS_ACCESS_KEY_ID": "AKIANOBODYKNOWSTHIS1"}, "does not know the access key"),
    ({"AWS_SECRET_ACCESS_KEY": "not-the-secret-of-this-key-0123456789abc"}, "belong to its access key")])
def test_wrong_keys_are_explained(aws_project, wrong, words):
    result = aws_project(NEEDS, [lone_stack()]).run(**wrong)
    assert result.code == 3, result.stderr
    assert words in result.stderr and wrong.get("AWS_SECRET_ACCESS_KEY", "\0") not in result.stderr


def test_a_profile_that_does_not_exist_is_named(aws_project):
    project = aws_project(NEEDS, [lone_stack()], files={".aws/config": "[profile other]\nregion = eu-west-1\n"})
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        del project.environment[name]
    result = project.run(AWS_PROFILE="ci-deploy")
    assert result.code in (2, 3) and "ci-deploy" in result.stderr


def test_an_organizational_unit_that_does_not_exist_is_named(aws_project, cloud):
    make_organization(cloud.url, 1, "there", "there", "itrun-runner")
    project = aws_project(NEEDS, [lone_stack()], provider="organizations", organizational_unit="not-there", list=None)
    result = project.run()
    assert result.code in (2, 3) and "not-there" in result.stderr


# --- throttling -------------------------------------------------------------------------------------------


def test_throttling_without_end_ends_within_its_budget(aws_project, cloud):
    project = aws_project([*NEEDS, {"name": "free", "command": "./note.sh"}], [lone_stack()])
    cloud.post("/faults", {"do": "throttle", "operation": "CreateStack", "account": project.ids[0]})
    started = time.monotonic()
    result = project.run(**SHORT)
    assert result.code == 3, result.stderr
    assert result.outcomes() == {"needs": "infra", "free": "passed"}
    assert time.monotonic() - started < 15
    assert "CreateStack" in result.stderr and re.search(r"after \d+ tries", result.stderr)
    assert project.live() == {}


def test_a_budget_that_is_no_duration_is_refused(aws_project):
    result = aws_project(NEEDS, [lone_stack()]).run(ITRUN_AWS_RETRY_BUDGET="soon")
    assert result.code == 2 and "ITRUN_AWS_RETRY_BUDGET" in result.stderr and "soon" in result.stderr


# --- secrets ----------------------------------------------------------------------------------------------

# Prints its credentials in every way, and keeps them where the test finds them, outside the run's folder.
SPILLS = '''#!/usr/bin/env python3
import array, fcntl, json, os, sys, termios, urllib.request

def read_by_itrun(descriptor):
    """Until the pipe is empty: the next piece comes in a read of its own."""
    waiting = array.array("i", [1])
    while waiting[0]:
        fcntl.ioctl(descriptor, termios.FIONREAD, waiting)

request = urllib.request.Request(os.environ["AWS_CONTAINER_CREDENTIALS_FULL_URI"],
                                 headers={"Authorization": os.environ["AWS_CONTAINER_AUTHORIZATION_TOKEN"]})
keys = json.load(urllib.request.urlopen(request))
keys["Authorization"] = os.environ["AWS_CONTAINER_AUTHORIZATION_TOKEN"]
with open("spilled.ndjson", "a") as file:
    file.write(json.dumps(keys) + "\\n")
for name in ("SecretAccessKey", "Token", "Authorization"):
    print(f"whole {name}={keys[name]}", flush=True)
    print(f"'{keys[name]}' on stderr", file=sys.stderr, flush=True)
    for i in range(0, len(keys[name]), 7):
        os.write(1, keys[name][i:i + 7].encode())
        read_by_itrun(1)
    os.write(1, b"\\n")
    for character in keys[name][:40]:
        os.write(2, character.encode())
    os.write(2, keys[name][40:].encode() + b"\\n")
print("visible", flush=True)
if "SPILL_REPORT" in os.environ:
    with open(os.environ["SPILL_REPORT"], "w") as report:
        report.write('<testsuite name="x"><testcase name="t1"><failure message="got ' + keys["SecretAccessKey"] + '">' +
                     keys["Token"] + '</failure><system-out>' + keys["SecretAccessKey"] + '</system-out></testcase></testsuite>')
sys.exit(1)
'''
EXPORTS = """#!/usr/bin/env python3
import boto3
keys = boto3.Session().get_credentials().get_frozen_credentials()
print(f"visible\\nexport AWS_SECRET_ACCESS_KEY='{keys.secret_key}' AWS_SESSION_TOKEN={keys.token}")
raise SystemExit(1)
"""


def secrets_of(project) -> dict[str, bytes]:
    found = {"caller's secret": ROOT_SECRET.encode()}
    for number, line in enumerate((project.root / "spilled.ndjson").read_text().splitlines()):
        keys = json.loads(line)
        found |= {f"{name} {number}": keys[name].encode() for name in ("SecretAccessKey", "Token", "Authorization")}
    return found


def test_no_secret_stands_in_any_byte_that_itrun_writes(aws_project):
    project = aws_project([{"name": "spills", "command": "./spills.py", "needs": ["lone"], "retries": 1},
                           {"name": "exports", "command": "./exports.py"},
                           {"name": "declared", "command": "./spills.py", "report": "declared.xml",
                            "env": {"SPILL_REPORT": "declared.xml"}}],
                          [lone_stack(), {"name": "loud", "deploy": "./spills.py"}],
                          {"spills.py": SPILLS, "exports.py": EXPORTS})
    project.config["suites"].append({"name": "deploys", "command": "true", "needs": ["loud"]})
    project.configure()
    result = project.run()
    assert result.code == 1, result.stderr
    secrets = secrets_of(project)
    assert len(secrets) == 1 + 3 * 4, "two attempts, one with a report, one deploy command"
    logs = [text for path, text in texts_below(result.folder).items() if path.name == "output.log"]
    assert len(logs) >= 4 and all(b"visible" in log for log in logs), "the output itself is kept"
    assert any(b"AWS_SECRET_ACCESS_KEY=" in log for log in logs), "the SDK found its credentials"
    written = texts_below(project.root / ".itrun", project.store.parent)
    assert any(path.name == "events.ndjson" for path in written) and project.store in written
    written |= {"stdout": result.stdout.encode(), "stderr": result.stderr.encode()}
    found = [(name, str(path)) for name, secret in secrets.items() for path, text in written.items() if secret in text]
    assert found == []


SHOWS = "#!/bin/sh\nenv > shown-$ITRUN_SUITE$ITRUN_STACK.txt\nls -l $AWS_CONFIG_FILE $AWS_SHARED_CREDENTIALS_FILE > /dev/null\n"


def test_the_caller_s_identity_never_leaks_into_suites_and_deploy_commands(aws_project, cloud):
    project = aws_project([{"name": "shows", "command": "./shows.sh"}, {"name": "deploys", "command": "true", "needs": ["loud"]}],
                          [{"name": "loud", "deploy": "./shows.sh"}], {"shows.sh": SHOWS})
    result = project.run(AWS_PROFILE="mine", AWS_SESSION_NAME="x", AWS_ROLE_ARN="arn:x", AWS_MADE_UP="y",
                         AWS_CONFIG_FILE="/nowhere", AWS_WEB_IDENTITY_TOKEN_FILE="/nowhere")
    for name in ("shows", "loud"):
        shown = dict(line.split("=", 1) for line in (project.root / f"shown-{name}.txt").read_text().splitlines() if "=" in line)
        ours = {key: value for key, value in shown.items() if key.startswith("AWS_")}
        assert set(ours) == {"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_CONFIG_FILE",
                             "AWS_SHARED_CREDENTIALS_FILE", "AWS_EC2_METADATA_DISABLED",
                             "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN"}, result.stderr
        assert ours["AWS_REGION"] == "eu-west-1" and ours["AWS_EC2_METADATA_DISABLED"] == "true"
        assert not {ROOT_ACCESS_KEY, ROOT_SECRET} & set(shown.values())


ACTS = '''#!/usr/bin/env python3
import boto3, os, urllib.error, urllib.request
assert boto3.client("sts").get_caller_identity()["Account"] == os.environ["ITRUN_ACCOUNT_ID"]
for headers in ({}, {"Authorization": "0" * 64}):
    try:
        urllib.request.urlopen(urllib.request.Request(os.environ["AWS_CONTAINER_CREDENTIALS_FULL_URI"], headers=headers))
    except urllib.error.HTTPError as refused:
        assert refused.code == 403
    else:
        raise AssertionError("credentials without the token")
'''


def test_a_suite_acts_in_its_own_account_and_no_other_process_gets_its_keys(aws_project):
    project = aws_project([{"name": f"s{n}", "command": "./acts.py"} for n in range(3)], count=3, files={"acts.py": ACTS})
    result = project.run("--shards", "3")
    assert result.code == 0, result.stderr


# --- account numbers --------------------------------------------------------------------------------------


def test_account_numbers_stand_in_no_report(aws_project, cloud):
    broken = "Resources:\n  Cursed: {Type: Custom::AlwaysFails, Properties: {Reason: not in %s}}\n"
    suites = [{"name": "buys", "command": "./note.sh", "needs": ["shop"]}, {"name": "hit", "command": "./note.sh", "needs": ["broken"]},
              {"name": "denied", "command": "./note.sh"}, {"name": "fails", "command": "false"}]
    project = aws_project(suites, shop_stacks() + [{"name": "broken", "template": "stacks/broken.yaml"}], count=3)
    project.write({"stacks/broken.yaml": broken % f"arn:aws:iam::{project.ids[0]}:role/x"})
    cloud.post("/faults", {"do": "deny", "operation": "AssumeRole", "account": project.ids[2]})
    result = project.run("--shards", "3")
    assert result.code == 1, result.stderr
    written = {str(path): text for path, text in texts_below(result.folder).items() if path.name != "output.log"}
    assert len(written) >= 5
    written |= {"stdout": result.stdout.encode(), "stderr": result.stderr.encode()}
    numbers = [number.encode() for number in [*project.ids, MANAGEMENT_ACCOUNT]]
    assert [(path, number) for path, text in written.items() for number in numbers if number in text] == []
    anything = {path: re.findall(rb"(?<![0-9a-f.-])\d{12}(?![0-9a-f.-])", text) for path, text in written.items()}
    assert {path: found for path, found in anything.items() if found} == {}
    assert b"account-00" in written["stderr"]


def test_an_alias_of_the_configuration_names_its_account(aws_project, cloud, accounts):
    (number,) = accounts(1)
    project = aws_project(NEEDS, [lone_stack()], ids=[number], list=[{"id": number, "alias": "blue"}])
    cloud.post("/faults", {"do": "deny", "operation": "AssumeRole", "account": number})
    result = project.run()
    assert result.code == 3 and "blue" in result.stderr and number not in result.stderr
    assert project.run("list", "accounts").stdout.count("blue") == 1


def test_rerun_of_what_the_infrastructure_failed_runs_just_that(aws_project, cloud):
    suites = [{"name": f"s{n}", "command": "./note.sh"} for n in range(2)]
    project = aws_project(suites, count=2)
    cloud.post("/faults", {"do": "deny", "operation": "AssumeRole", "account": project.ids[1]})
    first = project.run("--shards", "2")
    lost = [suite for suite, outcome in first.outcomes().items() if outcome == "infra"]
    assert first.code == 3 and len(lost) == 1
    cloud.post("/faults/clear")
    again = project.run("rerun", "--failed")
    assert again.code == 0, again.stderr
    assert project.ran() == ["s0", "s1"] and list(again.outcomes()) == lost
