"""The steps of the demo. Each runs itrun once, checks, and returns its row of the table."""

from __future__ import annotations

import json

from checks import Check, Planned
from expectation import Expectation
from stage import Stage, say
from table import Row
from witnesses import Watch

CONFIG, PLANTED = "itrun.yaml", "itrun-planted.yaml"
TAG = "checkout"
EDITED = "data"
HANG = "planted-hang/planted/test_hang.py"
BROKEN_SUITE, BROKEN_STACK = "planted-broken-stack/planted/test_broken_stack.py", "broken"
HEALTHY = "planted/planted/test_healthy_totals.py"
PLANTED_OUTCOMES = {
    "planted/planted/test_assertion.py": "failed",
    "planted/planted/test_crash.py": "error",
    "planted/planted/test_no_report.py": "error",
    HANG: "timeout",
    BROKEN_SUITE: "error",
}


def _finish(check: Check, name: str) -> Row:
    """The row of a step whose checks are all done."""
    figures = check.figures()
    for difference in check.differences:
        say(f"! {difference}")
    say(f"= {name}: " + ("every number agrees" if not check.differences else f"{len(check.differences)} differ"))
    return Row(name, check.ran.wall_s, len(check.seen.lines), check.case_count, len(check.seen.accounts),
               figures["created"], figures["updated"], figures["skipped"], len(check.seen.requests()), check.differences)


def _run(stage: Stage, planned: Planned, config: str, file: str, *arguments: str) -> Check:
    expectation = Expectation(stage.shop, config)
    watch = Watch(stage, expectation)
    ran = stage.run(file, *arguments)
    check = Check(stage, expectation, planned, ran, watch.seen())
    check.everything()
    return check


def _whole_shop(stage: Stage) -> Planned:
    return Planned(Expectation(stage.shop, CONFIG).suites())


def cold(stage: Stage) -> Row:
    say("\n== a: 200 empty accounts: every account that runs a suite gets the stacks its suites need")
    check = _run(stage, _whole_shop(stage), CONFIG, "a-cold", "--shards", str(stage.account_count))
    if len(check.seen.accounts) != stage.account_count:
        check.differs(f"{len(check.seen.accounts)} accounts ran suites, not {stage.account_count}")
    return _finish(check, "a cold")


def warm(stage: Stage) -> Row:
    say("\n== b: the same again: nothing is deployed, and itrun can say why")
    check = _run(stage, _whole_shop(stage), CONFIG, "b-warm", "--shards", str(stage.account_count))
    check.nothing_deployed()
    account = next(account for account, stack in sorted(check.wanted) if stack == "orders")
    say(f"\n$ itrun explain orders --account {account}")
    told = stage.ask("explain", "orders", "--account", account)
    say(told.rstrip())
    if ": skip: " not in told or "none of its" not in told:
        check.differs("explain does not say why orders was skipped")
    return _finish(check, "b warm")


def _changed(stage: Stage, patch: str, keys: set[str], name: str) -> Row:
    stage.git("apply", f"changes/{patch}")
    say(f"\n$ git apply changes/{patch}")
    planned = Planned(Expectation(stage.shop, CONFIG).suites(TAG))
    check = _run(stage, planned, CONFIG, name.replace(" ", "-"), "--shards", str(stage.account_count), "--tag", TAG)
    check.only_updated(EDITED, keys)
    return _finish(check, name)


def outputs_stay(stage: Stage) -> Row:
    say(f"\n== c1: the stack {EDITED} changes, its outputs stay: only it is updated, and only where a suite needs it")
    return _changed(stage, "outputs-stay.patch", set(), "c1 outputs stay")


def outputs_change(stage: Stage) -> Row:
    say("\n== c2: now an output changes too: the stacks that use it follow, and no other")
    return _changed(stage, "outputs-change.patch", {"SchemaVersion"}, "c2 outputs change")


def _deny(stage: Stage) -> set[str]:
    """Denies the role in the account that the plan gives to a healthy suite. Returns the suites that it hits."""
    plan = json.loads(stage.ask("plan", "--json", "-c", PLANTED, "--tag", TAG, "--shards", str(stage.account_count)))
    shard = next(shard for shard in plan["shards"] if HEALTHY in shard["suites"])
    account = stage.aliases()[shard["account"]]
    stage.aws.post("/faults", {"do": "deny", "operation": "AssumeRole", "account": account})
    say(f"demo: the role of {shard['account']} is denied: {HEALTHY} was to run there")
    return set(shard["suites"])


def planted(stage: Stage) -> Row:
    say("\n== d: an assertion, a crash, a hang, no report, a broken template, a denied role")
    denied = _deny(stage)
    planned = Planned(Expectation(stage.shop, PLANTED).suites(TAG), PLANTED_OUTCOMES | {suite: "infra" for suite in denied},
                      never_started=denied | {BROKEN_SUITE}, may_be_mute={HANG}, broken_stacks={BROKEN_STACK})
    check = _run(stage, planned, PLANTED, "d-planted", "-c", PLANTED, "--shards", str(stage.account_count), "--tag", TAG)
    refused = [call for call in check.seen.requests() if call["operation"] == "AssumeRole" and call["error"]]
    if not refused:
        check.differs("no AssumeRole was denied: the fault did not meet its suite")
    stage.denied = denied
    return _finish(check, "d planted")


def rerun(stage: Stage) -> Row:
    say("\n== d, again: the role is given back; what was denied passes, the others fail as before")
    stage.aws.post("/faults/clear")
    planned = Planned(set(PLANTED_OUTCOMES) | stage.denied, PLANTED_OUTCOMES, never_started={BROKEN_SUITE},
                      may_be_mute={HANG}, broken_stacks={BROKEN_STACK})
    return _finish(_run(stage, planned, PLANTED, "d-rerun", "rerun", "--failed"), "d rerun --failed")


ALL = (cold, warm, outputs_stay, outputs_change, planted, rerun)
