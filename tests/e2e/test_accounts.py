"""Accounts: leases, the pool between runs, credentials. Judged by what suites wrote and by the emulator's call log."""

from __future__ import annotations

import json
import re
import signal
import uuid
from datetime import datetime, timedelta, timezone

import pytest
from emulator.identities import ROOT_ACCESS_KEY, ROOT_SECRET
from emulator.organization import make_organization

from bed import WRITES, Tampering, kill_9, lone_stack, processes_with, shop_stacks, wait_until

HANGS = "#!/bin/sh\necho begin $ITRUN_RUN_ID $ITRUN_ACCOUNT_ID $ITRUN_SUITE >> $LEDGER\nexec sleep 600\n"
# Fails where a process still carries the cookie in its environment: the suite takes the census itself.
COUNTS = "#!/bin/sh\n./note.sh\n! grep -lsF \"$(cat cookie)\" /proc/[0-9]*/environ\n"


def napping(count: int, nap: float = 0.2) -> list[dict]:
    return [{"name": f"s{n}", "command": "./note.sh", "env": {"NAP": str(nap)}} for n in range(count)]


def overlaps(notes: list[list[str]]) -> list[tuple]:
    """Suites that began in an account while a suite of another run had begun there and not ended."""
    found, inside = [], {}
    for what, run, account, suite in notes:
        here = inside.setdefault(account, {})
        if what == "begin":
            found += [(account, suite, other) for other, owner in here.items() if owner != run]
            here[(run, suite)] = run
        else:
            here.pop((run, suite))
    return found


def test_overlaps_are_seen():
    a, b = ["begin", "run1", "acc", "s"], ["begin", "run2", "acc", "s"]
    assert overlaps([a, b]) and not overlaps([a, ["end", *a[1:]], b]) and not overlaps([a, ["begin", "run2", "other", "s"]])


# --- the pool ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("provider", ["list", "organizations"])
def test_two_runs_over_one_pool_never_share_an_account(aws_project, accounts, cloud, provider):
    keys = {}
    if provider == "organizations":
        made = make_organization(cloud.url, 3, "small-pool", "small", "itrun-runner")
        ids = [account["id"] for account in made["accounts"]]
        keys = {"provider": provider, "organizational_unit": "small-pool", "list": None}
    else:
        ids = accounts(3)
    checkouts = [aws_project(napping(7), ids=ids, name=name, **keys) for name in ("one", "two")]
    running = [checkout.start() for checkout in checkouts]
    results = [checkout.finish(process) for checkout, process in zip(checkouts, running)]
    assert [result.code for result in results] == [0, 0], results[0].stderr + results[1].stderr
    notes = checkouts[0].notes()
    assert len({run for _, run, _, _ in notes}) == 2 and len(notes) == 2 * 2 * 7
    assert {account for _, _, account, _ in notes} <= set(ids)
    assert overlaps(notes) == []
    runs = [result.folder.name for result in results]
    told = [f"held by run {runs[1]}" in results[0].stderr, f"held by run {runs[0]}" in results[1].stderr]
    assert any(told), results[0].stderr + results[1].stderr


def test_more_shards_than_accounts_and_one_account_alone_work(aws_project):
    project = aws_project(napping(4, 0), count=2)
    result = project.run("--shards", "9")
    assert result.code == 0 and project.ran() == ["s0", "s1", "s2", "s3"], result.stderr
    alone = aws_project(napping(3, 0), count=1, name="alone")
    assert alone.run("--shards", "3").code == 0
    assert {account for _, _, account, _ in alone.notes()[8:]} == {alone.ids[0]}


def test_accounts_of_a_killed_run_come_back_and_nothing_is_trusted(aws_project, cloud):
    suites = [{"name": "stays", "command": "./hangs.sh", "needs": ["lone"]}]
    first = aws_project(suites, [lone_stack()], {"hangs.sh": HANGS}, lease="3s", name="first")
    running = first.start()
    wait_until(first.notes, "the suite has begun")
    cookie = first.notes()[0][1]
    kill_9(running)
    second = aws_project([{"name": "counts", "command": "./counts.sh", "needs": ["lone"]}], [lone_stack()],
                         {"counts.sh": COUNTS, "cookie": f"ITRUN_RUN_ID={cookie}"}, ids=first.ids, lease="3s", name="second")
    since = cloud.last_call()
    result = second.run()
    assert result.code == 0, result.stderr
    assert f"held by run {cookie}" in result.stderr
    assert [call["operation"] for call in second.calls(since)] == ["AssumeRole", "DescribeStacks"], "it looks for itself"
    assert processes_with(cookie) == []


def test_a_stopped_run_loses_its_account_and_its_suites_before_another_gets_it(aws_project):
    cookie = f"bed-{uuid.uuid4()}"
    first = aws_project([{"name": "lost", "command": "./hangs.sh", "env": {"COOKIE": cookie}},
                         {"name": "later", "command": "./note.sh"}], files={"hangs.sh": HANGS}, lease="3s", name="first")
    second = aws_project([{"name": "counts", "command": "./counts.sh"}], files={"counts.sh": COUNTS, "cookie": cookie},
                         ids=first.ids, lease="3s", name="second")
    running = first.start()
    wait_until(lambda: any(note[3] == "lost" for note in first.notes()), "the suite has begun")
    assert processes_with(cookie)
    running.send_signal(signal.SIGSTOP)
    try:
        other = second.run()
        assert other.code == 0, other.stderr + "a process of the stopped run was still there"
        assert processes_with(cookie) == [], "its guard ended it while itrun was stopped"
    finally:
        running.send_signal(signal.SIGCONT)
    result = first.finish(running)
    assert result.code == 3, result.stderr
    assert result.outcomes() == {"lost": "infra", "later": "passed"}
    assert "lease" in result.stderr
    assert overlaps([note for note in first.notes() if note[3] != "lost"]) == []


def test_a_lease_is_renewed_while_a_suite_outlives_it(aws_project):
    project = aws_project(napping(1, nap=3), lease="2s", name="long")
    other = aws_project(napping(1, nap=0), ids=project.ids, lease="2s", name="other")
    running = project.start()
    wait_until(project.notes, "the suite has begun")
    waiting = other.run()
    assert waiting.code == 0 and project.finish(running).code == 0, waiting.stderr
    assert [note[0] for note in project.notes()] == ["begin", "end"] * 2 and overlaps(project.notes()) == []


def test_a_run_that_ends_gives_its_accounts_back_at_once(aws_project):
    project = aws_project(napping(2, nap=0), count=2, lease="60s")
    for _ in range(2):
        result = project.run()
        assert result.code == 0 and "waits for an account" not in result.stderr


# --- credentials ------------------------------------------------------------------------------------------


def without_keys(project, **more: str) -> dict[str, str]:
    """The environment with a home folder but no keys."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        del project.environment[name]
    return more


def test_static_keys_of_a_profile_are_used(aws_project):
    project = aws_project(napping(1, 0), files={
        ".aws/credentials": f"[ci]\naws_access_key_id = {ROOT_ACCESS_KEY}\naws_secret_access_key = {ROOT_SECRET}\n"})
    result = project.run(**without_keys(project, AWS_PROFILE="ci"))
    assert result.code == 0, result.stderr
    assert [call["access_key"] for call in project.calls()] == [ROOT_ACCESS_KEY]


def test_the_role_of_a_profile_is_assumed_from_its_source(aws_project, accounts):
    (tools,) = accounts(1)
    project = aws_project(napping(1, 0), files={
        ".aws/credentials": f"[base]\naws_access_key_id = {ROOT_ACCESS_KEY}\naws_secret_access_key = {ROOT_SECRET}\n",
        ".aws/config": f"[profile ci]\nrole_arn = arn:aws:iam::{tools}:role/deployer\nsource_profile = base\n"})
    result = project.run(**without_keys(project, AWS_PROFILE="ci"))
    assert result.code == 0, result.stderr
    (inner,) = project.calls()
    assert (inner["operation"], inner["account"], inner["role"]) == ("AssumeRole", tools, "deployer")
    (outer,) = project.aws.calls(0, target_account=tools)
    assert outer["access_key"] == ROOT_ACCESS_KEY and outer["params"]["RoleArn"].endswith(":role/deployer")


def test_no_credentials_at_all_say_so(aws_project):
    project = aws_project(napping(1, 0))
    result = project.run(**without_keys(project))
    assert result.code in (2, 3) and "credentials" in result.stderr and "AWS_ACCESS_KEY_ID" in result.stderr


def test_each_account_is_checked_before_its_first_write(aws_project):
    suites = [{"name": f"s{n}", "command": "./note.sh", "needs": ["shop"], "env": {"NAP": "0.2"}} for n in range(3)]
    project = aws_project(suites, shop_stacks(), count=3)
    assert project.run("--shards", "3").code == 0
    for account in project.ids:
        inside = [call["operation"] for call in project.calls() if call["account"] == account]
        first_write = next(n for n, operation in enumerate(inside) if operation in WRITES)
        assert "GetCallerIdentity" in inside[:first_write], inside


def test_a_role_that_lands_in_another_account_is_refused_before_any_write(aws_project, cloud):
    def elsewhere(request: bytes, answer: bytes) -> bytes:
        if b"GetCallerIdentity" in request:
            return re.sub(rb"<Account>\d{12}</Account>", b"<Account>999999999999</Account>", answer)
        return answer

    project = aws_project([{"name": "needs", "command": "./note.sh", "needs": ["lone"]}], [lone_stack()])
    with Tampering(cloud.port, elsewhere) as proxy:
        result = project.run(AWS_ENDPOINT_URL=proxy.url)
    assert result.code == 3, result.stderr
    assert result.outcomes() == {"needs": "infra"} and project.notes() == []
    assert project.writes() == [] and project.calls(operation="GetCallerIdentity")
    assert "account-001" in result.stderr and "another account" in result.stderr


WATCHES = '''#!/usr/bin/env python3
"""Asks for credentials until they are others, then uses the new ones."""
import json, os, time, urllib.request, boto3

def ask():
    request = urllib.request.Request(os.environ["AWS_CONTAINER_CREDENTIALS_FULL_URI"],
                                     headers={"Authorization": os.environ["AWS_CONTAINER_AUTHORIZATION_TOKEN"]})
    return json.load(urllib.request.urlopen(request))

first = ask()
end = time.monotonic() + 20
while ask()["AccessKeyId"] == first["AccessKeyId"]:
    assert time.monotonic() < end, "never renewed"
    time.sleep(0.05)
who = boto3.client("sts").get_caller_identity()
assert who["Account"] == os.environ["ITRUN_ACCOUNT_ID"], who
json.dump([first["AccessKeyId"], ask()["AccessKeyId"]], open("keys.json", "w"))
'''


def test_credentials_are_renewed_at_half_life_under_a_running_suite(aws_project, cloud):
    def short(request: bytes, answer: bytes) -> bytes:
        ends = (datetime.now(timezone.utc) + timedelta(seconds=6)).strftime("%Y-%m-%dT%H:%M:%SZ").encode()
        return re.sub(rb"<Expiration>[^<]*</Expiration>", b"<Expiration>" + ends + b"</Expiration>", answer)

    project = aws_project([{"name": "watches", "command": "./watches.py"}], files={"watches.py": WATCHES})
    with Tampering(cloud.port, short) as proxy:
        result = project.run(AWS_ENDPOINT_URL=proxy.url)
    assert result.code == 0, result.stderr
    first, second = json.loads((project.root / "keys.json").read_text())
    assert first != second
    assumed = project.calls(operation="AssumeRole")
    assert len(assumed) >= 2
    assert 2_000_000 < assumed[1]["time_us"] - assumed[0]["time_us"] < 6_000_000


def test_sessions_that_aws_ends_early_are_assumed_anew(aws_project, cloud):
    project = aws_project([{"name": "alone", "command": "./note.sh", "needs": ["lone"]}], [lone_stack()])
    cloud.post("/faults", {"do": "error", "code": "ExpiredToken", "status": 403, "operation": "CreateStack",
                           "account": project.ids[0], "times": 1})
    result = project.run()
    assert result.code == 0, result.stderr
    assert len(project.calls(operation="AssumeRole")) == 2 and project.live()["lone"]["status"] == "CREATE_COMPLETE"


# --- answers that are none --------------------------------------------------------------------------------


def test_throttled_calls_are_retried_and_succeed(aws_project, cloud):
    project = aws_project([{"name": "buys", "command": "./note.sh", "needs": ["shop"]}], shop_stacks())
    cloud.post("/faults", {"do": "throttle", "account": project.ids[0], "every": 2})
    result = project.run()
    assert result.code == 0, result.stderr
    assert len([call for call in project.calls() if call["error"]]) >= 3
    assert sorted(project.live()) == ["orders", "shop", "shop-data"] and project.ran() == ["buys"]


@pytest.mark.parametrize("fault", ["html500", "garbage", "truncate", "empty", "reset"])
def test_answers_that_are_not_xml_survive(aws_project, cloud, fault):
    project = aws_project([{"name": "alone", "command": "./note.sh", "needs": ["lone"]}], [lone_stack()])
    cloud.post("/faults", [{"do": fault, "operation": operation, "account": project.ids[0], "times": 1}
                           for operation in ("AssumeRole", "DescribeStacks", "GetCallerIdentity", "CreateStack")])
    result = project.run()
    assert result.code == 0, result.stderr
    assert project.ran() == ["alone"] and project.live()["lone"]["status"] == "CREATE_COMPLETE"
    assert len([call for call in project.calls() if call.get("faults")]) == 4


def test_a_write_whose_answer_was_lost_is_one_write(aws_project, cloud):
    project = aws_project([{"name": "alone", "command": "./note.sh", "needs": ["lone"]}], [lone_stack()])
    cloud.post("/faults", {"do": "reset", "operation": "CreateStack", "account": project.ids[0], "after": True, "times": 1})
    result = project.run()
    assert result.code == 0, result.stderr
    assert list(project.live()) == ["lone"] and project.ran() == ["alone"]
