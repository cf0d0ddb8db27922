"""Stacks: what is deployed, what is skipped, what is mended. Counted from the emulator's call log and its stacks."""

from __future__ import annotations

import json
import signal

import pytest

from bed import kill_9, lone_stack, processes_with, shop_stacks, wait_until

SHOP = [{"name": "buys", "command": "./note.sh", "needs": ["shop", "aside"]},
        {"name": "alone", "command": "./note.sh", "needs": ["lone"]}]
LONE = [{"name": "alone", "command": "./note.sh", "needs": ["lone"]}]
ALL = {"shop-data", "orders", "shop", "aside", "lone"}


@pytest.fixture
def shop(aws_project):
    """The five stacks, deployed cold into one account."""
    project = aws_project(SHOP, shop_stacks())
    result = project.run()
    assert result.code == 0, result.stderr
    return project


def run_again(project, *arguments: str, code: int = 0):
    """(result, writes) of a run after what came before."""
    since = project.aws.last_call()
    result = project.run(*arguments)
    assert result.code == code, result.stderr
    return result, project.writes(since)


def update_template(project, stack: str, old: str, new: str) -> None:
    path = f"stacks/{stack}.yaml"
    text = (project.root / path).read_text()
    assert old in text
    project.write({path: text.replace(old, new)})


# --- cold, warm, changed ----------------------------------------------------------------------------------


def test_a_cold_account_gets_its_stacks_in_graph_order_without_barriers(aws_project, cloud):
    project = aws_project(SHOP, shop_stacks())
    cloud.post("/faults", {"do": "delay", "operation": "CreateStack", "stack": "lone", "account": project.ids[0],
                           "delay_ms": 2000})
    result = project.run("--shards", "1")
    assert result.code == 0, result.stderr
    assert project.ran() == ["alone", "buys"]
    created = [stack for operation, stack in project.writes() if operation == "CreateStack"]
    assert sorted(created) == sorted(ALL) and len(project.writes()) == 5
    assert created.index("shop-data") < created.index("orders") < created.index("shop")
    assert created[-1] == "lone", "a slow stack must not hold up those that do not need it"


def test_outputs_of_one_stack_are_parameters_of_the_next(shop):
    live = shop.live()
    data, orders = live["shop-data"]["outputs"], live["orders"]["outputs"]
    assert live["orders"]["parameters"] == {"TopicArn": data["TopicArn"], "Version": "1"}
    assert live["shop"]["parameters"] == {"Label": orders["Label"]} and data["TopicArn"] in orders["Label"]
    assert len({stack["tags"]["itrun:fingerprint"] for stack in live.values()}) == 5


def test_suites_find_the_outputs_of_their_stacks(aws_project):
    project = aws_project([{"name": "looks", "command": "cp $ITRUN_OUTPUTS outputs.json", "needs": ["shop"]}], shop_stacks())
    result = project.run()
    assert result.code == 0, result.stderr
    outputs = json.loads((project.root / "outputs.json").read_text())
    live = project.live()
    assert outputs == {name: live[stack]["outputs"] for name, stack in
                       (("data", "shop-data"), ("orders", "orders"), ("shop", "shop"))}
    assert set(live) == {"shop-data", "orders", "shop"}, "what no suite needs is not deployed"


def test_a_warm_account_costs_two_requests_and_no_write(aws_project):
    project = aws_project([{**suite, "name": f"{suite['name']}-{n}"} for suite in SHOP for n in "12"], shop_stacks(), count=2)
    assert project.run("--shards", "2").code == 0
    since = project.aws.last_call()
    result, writes = run_again(project, "--shards", "2")
    assert writes == []
    for account in project.ids:
        calls = [call["operation"] for call in project.calls(since) if account in (call["account"], call["target_account"])]
        assert sorted(calls) == ["AssumeRole", "DescribeStacks"]
    assert len(project.ran()) == 8
    assert result.summary["aws_requests"] == 4


def test_a_change_that_keeps_the_outputs_updates_that_stack_alone(shop):
    update_template(shop, "data", "DisplayName: !Ref Stage", "DisplayName: Other")
    assert run_again(shop)[1] == [("UpdateStack", "shop-data")]
    assert run_again(shop)[1] == []


def test_a_change_of_outputs_updates_those_that_use_them_and_no_other(shop):
    update_template(shop, "data", 'Value: "1"', 'Value: "2"')
    assert run_again(shop)[1] == [("UpdateStack", "shop-data"), ("UpdateStack", "orders"), ("UpdateStack", "shop")]
    assert shop.live()["shop"]["outputs"]["Sign"].startswith("shop of orders 2 on ")
    assert run_again(shop)[1] == []


def test_only_the_accounts_that_need_a_stack_get_it(aws_project):
    project = aws_project([{"name": "a", "command": "./note.sh", "needs": ["lone"]}, {"name": "b", "command": "./note.sh"}],
                          shop_stacks(), count=3)
    assert project.run("--shards", "2").code == 0
    assert sorted(len(project.live(n)) for n in range(3)) == [0, 0, 1]


def test_tags_of_others_stay(aws_project, cloud):
    project = aws_project(LONE, [lone_stack()])
    assert project.run().code == 0
    client = cloud.client("cloudformation", cloud.assume(project.ids[0]))
    tags = [{"Key": key, "Value": value} for key, value in {**project.live()["lone"]["tags"], "team": "blue & co"}.items()]
    client.update_stack(StackName="lone", UsePreviousTemplate=True, Tags=tags,
                        Parameters=[{"ParameterKey": "Stage", "UsePreviousValue": True}])
    before = project.live()["lone"]["tags"]
    project.stack("lone")["parameters"]["Stage"] = "b"
    project.configure()
    assert run_again(project)[1] == [("UpdateStack", "lone")]
    after = project.live()["lone"]["tags"]
    assert after["team"] == "blue & co" and set(after) == {"team", "itrun:fingerprint"}
    assert after["itrun:fingerprint"] != before["itrun:fingerprint"]


# --- asking for more or less ------------------------------------------------------------------------------


def test_no_deploy_writes_nothing_and_fails_what_would_need_it(shop):
    shop.stack("lone")["parameters"]["Stage"] = "b"
    shop.configure()
    result, writes = run_again(shop, "--no-deploy", code=1)
    assert writes == []
    assert result.outcomes() == {"buys": "passed", "alone": "error"}
    assert "stack lone would be deployed (parameter Stage changed) and --no-deploy was given" in result.stderr


def test_force_deploy_writes_each_needed_stack_once(shop):
    _, writes = run_again(shop, "--force-deploy")
    assert sorted(writes) == sorted(("UpdateStack", name) for name in ALL)


# --- what is found in the account -------------------------------------------------------------------------


def test_every_failed_status_is_mended_and_the_suites_pass(aws_project, cloud):
    broken = {"one": "ROLLBACK_COMPLETE", "two": "UPDATE_ROLLBACK_COMPLETE", "three": "UPDATE_ROLLBACK_FAILED",
              "four": "DELETE_FAILED", "five": "REVIEW_IN_PROGRESS"}
    project = aws_project([{"name": name, "command": "./note.sh", "needs": [name]} for name in broken],
                          [lone_stack() | {"name": name} for name in broken])
    assert project.run().code == 0
    for name, status in broken.items():
        cloud.post("/stacks/status", {"account": project.ids[0], "stack": name, "status": status})
    result, writes = run_again(project)
    assert sorted(project.ran()) == sorted([*broken] * 2)
    assert all(stack["status"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE") for stack in project.live().values()), project.live()
    by_stack = {name: [operation for operation, stack in writes if stack == name] for name in broken}
    assert by_stack["one"] == ["DeleteStack", "CreateStack"] and by_stack["four"] == ["DeleteStack", "CreateStack"]
    assert by_stack["two"] == ["UpdateStack"]
    assert by_stack["three"] == ["ContinueUpdateRollback", "UpdateStack"]
    assert run_again(project)[1] == []


def test_an_operation_of_somebody_else_is_waited_for(aws_project, cloud):
    project = aws_project(LONE, [lone_stack()])
    assert project.run().code == 0
    cloud.post("/stacks/status", {"account": project.ids[0], "stack": "lone", "status": "UPDATE_IN_PROGRESS", "polls": 1,
                                  "then": "UPDATE_COMPLETE"})
    since = cloud.last_call()
    assert run_again(project)[1] == []
    assert len(project.calls(since, "DescribeStacks")) == 2


def test_an_unfinished_deploy_is_done_again_though_its_tag_matches(aws_project, cloud):
    project = aws_project(LONE, [lone_stack()], lease="3s")
    cloud.post("/settings", {"in_progress_polls": 1000})
    first = project.start()
    wait_until(lambda: project.live().get("lone", {}).get("status") == "CREATE_IN_PROGRESS", "the stack is being created")
    kill_9(first)
    cloud.post("/settings", {"in_progress_polls": 0})
    cloud.post("/stacks/status", {"account": project.ids[0], "stack": "lone", "status": "CREATE_COMPLETE"})
    assert "itrun:fingerprint" in project.live()["lone"]["tags"]
    result, writes = run_again(project)
    assert writes == [("UpdateStack", "lone")]
    assert project.ran() == ["alone"]
    assert run_again(project)[1] == []


def test_a_deploy_that_was_interrupted_is_waited_for_and_then_verified(aws_project, cloud):
    project = aws_project(LONE, [lone_stack()])
    cloud.post("/settings", {"in_progress_polls": 2})
    first = project.start()
    wait_until(lambda: project.live().get("lone", {}).get("status") == "CREATE_IN_PROGRESS", "the stack is being created")
    first.send_signal(signal.SIGINT)
    stopped = project.finish(first)
    assert stopped.code == 130, stopped.stderr
    assert stopped.outcomes() == {"alone": "cancelled"} and project.ran() == []
    result, writes = run_again(project)
    assert writes == [("UpdateStack", "lone")], "only once it is no longer in progress"
    assert project.ran() == ["alone"]
    assert run_again(project)[1] == []


def test_plan_and_list_ask_nothing_of_an_account(shop):
    since = shop.aws.last_call()
    for arguments in (["plan"], ["plan", "--json"], ["list", "stacks"], ["list", "accounts"], ["list", "suites", "--json"]):
        result = shop.run(*arguments)
        assert result.code == 0 and result.stdout, (arguments, result.stderr)
    assert shop.calls(since) == []


def test_a_deploy_that_takes_its_time_is_followed_to_its_end(aws_project, cloud):
    project = aws_project(LONE, [lone_stack()])
    cloud.post("/settings", {"in_progress_polls": 1})
    result = project.run()
    assert result.code == 0, result.stderr
    assert project.writes() == [("CreateStack", "lone")]
    assert project.live()["lone"]["status"] == "CREATE_COMPLETE"


# --- explain ----------------------------------------------------------------------------------------------


def test_explain_names_exactly_the_changed_input(shop):
    shop.stack("data")["parameters"]["Stage"] = "b"
    shop.configure()
    since = shop.aws.last_call()
    told = shop.run("explain", "data")
    assert told.code == 0, told.stderr
    assert [line.strip() for line in told.stdout.splitlines() if line.endswith((" changed", " added", " removed"))] == [
        "data in account-001: update: parameter Stage changed", "parameter Stage changed"]
    asked = json.loads(shop.run("explain", "data", "--json").stdout)
    assert (asked["action"], asked["status"]) == ("update", "CREATE_COMPLETE")
    assert {part["name"]: part["change"] for part in asked["inputs"] if part["change"] != "none"} == {
        "parameter Stage": "changed"}
    assert shop.writes(since) == []


def test_explain_says_that_nothing_changed_or_that_nothing_is_there(shop, aws_project):
    told = json.loads(shop.run("explain", "shop", "--json").stdout)
    assert told["action"] == "skip" and {part["change"] for part in told["inputs"]} == {"none"}
    assert "up to date" in shop.run("explain", "shop").stdout
    fresh = aws_project(SHOP, shop_stacks(), name="fresh")
    assert "create" in fresh.run("explain", "lone").stdout
    assert "create" in fresh.run("explain", "shop").stdout
    asked = json.loads(fresh.run("explain", "shop", "--json").stdout)
    assert asked["action"] == "create"


def test_explain_of_an_unknown_stack_suggests_the_nearest(shop):
    result = shop.run("explain", "sohp")
    assert result.code == 2 and "did you mean shop" in result.stderr


# --- commands ---------------------------------------------------------------------------------------------

CLI = "aws cloudformation deploy --stack-name {name} --template-file lone.yaml --no-fail-on-empty-changeset{tags}"
TAGS = " --tags itrun:fingerprint=$ITRUN_FINGERPRINT"


def cli_stack(name: str, tags: str = TAGS) -> dict:
    return {"name": name, "deploy": CLI.format(name=name, tags=tags), "cwd": "stacks", "inputs": ["stacks/lone.yaml"]}


def test_the_aws_cli_deploys_a_command_stack_once(aws_project):
    project = aws_project([{"name": "bills", "command": "./note.sh", "needs": ["billing"]}], [cli_stack("billing")])
    result = project.run()
    assert result.code == 0, result.stderr
    assert project.writes() == [("CreateChangeSet", "billing"), ("ExecuteChangeSet", "billing")]
    assert project.live()["billing"]["status"] == "CREATE_COMPLETE"
    assert run_again(project)[1] == []
    update_template(project, "lone", "DisplayName: !Ref Stage", "DisplayName: Other")
    told = json.loads(project.run("explain", "billing", "--json").stdout)
    assert [part["name"] for part in told["inputs"] if part["change"] == "changed"] == ["file stacks/lone.yaml"]
    assert run_again(project)[1] == [("CreateChangeSet", "billing"), ("ExecuteChangeSet", "billing")]
    assert project.ran() == ["bills"] * 3


# Deploys by one CreateStack of its own. Where MEET is set it first waits for the same command in another account.
DEPLOYS = """#!/usr/bin/env python3
import boto3, os, pathlib, time

def say(what):
    with open("deploys.txt", "a") as file:
        file.write(f"{what} {os.environ['ITRUN_ACCOUNT_ID']}\\n")

say("begin")
pathlib.Path("there." + os.environ["ITRUN_ACCOUNT_ID"]).touch()
end = time.monotonic() + 20
while pathlib.Path("meet").exists() and len(list(pathlib.Path(".").glob("there.*"))) < 2:
    assert time.monotonic() < end, "nobody came"
    time.sleep(0.02)
boto3.client("cloudformation").create_stack(
    StackName=os.environ["ITRUN_STACK_NAME"], TemplateBody=open("stacks/aside.yaml").read(),
    Tags=[{"Key": "itrun:fingerprint", "Value": os.environ["ITRUN_FINGERPRINT"]}])
say("end")
"""


@pytest.mark.parametrize("is_parallel", [False, True])
def test_a_deploy_command_runs_in_one_account_at_a_time_unless_it_is_parallel(aws_project, is_parallel):
    stack = {"name": "own", "deploy": "./deploys.py", "stack_name": "own-stack", "inputs": ["deploys.py"], "parallel": is_parallel}
    project = aws_project([{"name": f"s{n}", "command": "./note.sh", "needs": ["own"]} for n in range(2)], [stack],
                          {"deploys.py": DEPLOYS, **({"meet": ""} if is_parallel else {})}, count=2)
    result = project.run("--shards", "2")
    assert result.code == 0, result.stderr
    assert [set(project.live(n)) for n in range(2)] == [{"own-stack"}] * 2
    order = [line.split()[0] for line in (project.root / "deploys.txt").read_text().splitlines()]
    assert order == (["begin", "begin", "end", "end"] if is_parallel else ["begin", "end"] * 2)


def test_a_deploy_command_ends_with_a_killed_run_and_is_done_again(aws_project):
    project = aws_project([{"name": "s", "command": "./note.sh", "needs": ["own"]}],
                          [{"name": "own", "deploy": "./deploys.py", "inputs": ["deploys.py"]}],
                          {"deploys.py": DEPLOYS, "meet": ""}, lease="3s")
    running = project.start()
    deploys = project.root / "deploys.txt"
    wait_until(deploys.exists, "the command has begun")
    (run,) = (project.root / ".itrun/runs").iterdir()
    assert processes_with(run.name)
    kill_9(running)
    wait_until(lambda: processes_with(run.name) == [], "the command has ended")
    (project.root / "meet").unlink()
    result, _ = run_again(project)
    assert deploys.read_text().split()[::2] == ["begin", "begin", "end"] and project.ran() == ["s"]


def test_a_command_that_forgets_the_tag_fails_and_is_told_how_to_mend_it(aws_project):
    project = aws_project([{"name": "bills", "command": "./note.sh", "needs": ["billing"]},
                           {"name": "alone", "command": "./note.sh"}], [cli_stack("billing", tags="")])
    result = project.run()
    assert result.code == 1
    assert result.outcomes() == {"bills": "error", "alone": "passed"}
    assert "--tags itrun:fingerprint=$ITRUN_FINGERPRINT" in result.stderr


def test_a_command_that_fails_shows_its_last_words(aws_project):
    project = aws_project([{"name": "bills", "command": "./note.sh", "needs": ["billing"]}],
                          [{"name": "billing", "deploy": "sh -c 'echo no such stage >&2; exit 3'"}])
    result = project.run()
    assert result.code == 1 and result.outcomes() == {"bills": "error"}
    assert "stack billing: deploy command exited 3: no such stage" in result.stderr
    assert project.writes() == []


# --- broken templates -------------------------------------------------------------------------------------


def test_a_broken_template_is_an_error_of_its_suites_only_and_names_the_resource(aws_project):
    broken = ("Resources:\n  Fine: {Type: AWS::SNS::Topic}\n"
              "  Cursed: {Type: Custom::AlwaysFails, DependsOn: Fine, Properties: {Reason: the moon is full}}\n"
              "Outputs: {Topic: {Value: !Ref Fine}}\n")
    stacks = shop_stacks() + [
        {"name": "broken", "template": "stacks/broken.yaml"},
        {"name": "above", "template": "stacks/shop.yaml", "depends_on": ["broken"],
         "parameters": {"Label": {"output": "broken.Topic"}}}]
    project = aws_project([*SHOP, {"name": "hit", "command": "./note.sh", "needs": ["broken"]},
                           {"name": "also", "command": "./note.sh", "needs": ["above"]}], stacks,
                          {"stacks/broken.yaml": broken})
    result = project.run("--shards", "1")
    assert result.code == 1
    assert result.outcomes() == {"buys": "passed", "alone": "passed", "hit": "error", "also": "error"}
    assert project.ran() == ["alone", "buys"]
    assert "Cursed" in result.stderr and "the moon is full" in result.stderr
    assert {kind for suite, _, kind in result.cases if suite in ("hit", "also")} == {"error"}
    assert "above" not in project.live()


def test_a_template_that_cloudformation_refuses_is_an_error_in_its_own_words(aws_project):
    project = aws_project(LONE, [lone_stack()], {"stacks/lone.yaml": "Parameters: {Stage: {Type: String}}\n"})
    result = project.run()
    assert result.code == 1 and result.outcomes() == {"alone": "error"}
    assert "stack lone" in result.stderr and "Resources" in result.stderr
