"""The emulator is a witness in every other test, so it is tested itself, with real SDKs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import boto3
import botocore.session
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from emulator.identities import ROOT_ACCESS_KEY, ROOT_SECRET
from emulator.process import REGION, TESTS, Emulator

TEMPLATE = """
Parameters:
  Stage: {Type: String, Default: itrun}
Resources:
  Queue: {Type: AWS::SQS::Queue}
  Topic:
    Type: AWS::SNS::Topic
    Properties: {DisplayName: !Ref Stage}
Outputs:
  QueueUrl: {Value: !Ref Queue}
  TopicArn: {Value: !Ref Topic}
"""
BROKEN = TEMPLATE.replace("Outputs:", "  Never:\n    Type: Custom::AlwaysFails\nOutputs:")
# moto's DynamoDB refuses an index over an attribute that is not declared.
REFUSED = """
Resources:
  Queue: {Type: AWS::SQS::Queue}
  Table:
    Type: AWS::DynamoDB::Table
    DependsOn: Queue
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: other, KeyType: HASH}]
"""
# What boto3 makes of an answer that is none.
RUINED = (BotoCoreError, ClientError, ResponseParserError, KeyError)
ACCOUNTS = iter(range(200000000001, 200000001000))


@pytest.fixture(scope="module")
def aws():
    with Emulator() as emulator:
        yield emulator


@pytest.fixture(autouse=True)
def without_faults(aws):
    yield
    aws.post("/faults/clear")
    aws.post("/settings", {"in_progress_polls": 0, "clock_offset_s": 0, "stacks_per_page": 50})


@pytest.fixture
def account():
    return str(next(ACCOUNTS))


@pytest.fixture
def credentials(aws, account):
    return aws.assume(account)


@pytest.fixture
def cfn(aws, credentials):
    return aws.client("cloudformation", credentials)


def tags(**values):
    return [{"Key": key, "Value": value} for key, value in values.items()]


def parameters(**values):
    return [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()]


def stack_of(cfn, name="app"):
    return cfn.describe_stacks(StackName=name)["Stacks"][0]


def refused(call, *args, **kwargs):
    with pytest.raises(ClientError) as problem:
        call(*args, **kwargs)
    error = problem.value.response["Error"]
    return error["Code"], error["Message"], problem.value.response["ResponseMetadata"]["HTTPStatusCode"]


def post(aws, headers, body=b"Action=GetCallerIdentity&Version=2011-06-15"):
    request = urllib.request.Request(aws.url + "/", body, headers)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as problem:
        return problem.code, problem.read()


def signed(aws, body=b"Action=GetCallerIdentity&Version=2011-06-15", **extra):
    headers = {"Content-Type": "application/x-www-form-urlencoded", **extra}
    request = AWSRequest("POST", aws.url + "/", headers=headers, data=body)
    SigV4Auth(Credentials(ROOT_ACCESS_KEY, ROOT_SECRET), "sts", REGION).add_auth(request)
    return dict(request.headers.items())


# Signatures


def test_right_signatures_pass_for_every_protocol(aws, account, credentials):
    before = aws.get("/violations")
    aws.client("sts", credentials).get_caller_identity()
    aws.client("cloudformation", credentials).list_stacks()
    aws.client("dynamodb", credentials).list_tables()
    aws.client("sqs", credentials).list_queues()
    aws.client("sns", credentials).list_topics()
    aws.client("ssm", credentials).put_parameter(Name="/a b/ü", Value="1", Type="String")
    aws.client("iam", credentials).list_roles()
    aws.client("ec2", credentials).describe_regions()
    aws.client("lambda", credentials).list_functions()
    s3 = aws.client("s3", credentials)
    bucket = f"bucket-{account}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket=bucket, Key="a b/ü+c.txt", Body=b"hello", Metadata={"Run-Id": "x  y"})
    assert s3.get_object(Bucket=bucket, Key="a b/ü+c.txt")["Body"].read() == b"hello"
    assert s3.list_objects_v2(Bucket=bucket, Prefix="a b/")["KeyCount"] == 1
    assert aws.get("/violations") == before


def test_a_streamed_s3_upload_with_trailing_checksum_passes(aws, account, credentials, tmp_path):
    s3 = aws.client("s3", credentials, config=Config(signature_version="s3v4"))
    bucket = f"stream-{account}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    path = tmp_path / "body"
    path.write_bytes(b"0123456789" * 100_000)
    with path.open("rb") as body:
        s3.put_object(Bucket=bucket, Key="k", Body=body, ChecksumAlgorithm="SHA256")
    url = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "k"})
    with urllib.request.urlopen(url) as answer:
        assert len(answer.read()) == 1_000_000


@pytest.mark.parametrize("service, operation, code, status", [
    ("sts", "get_caller_identity", "SignatureDoesNotMatch", 403),
    ("cloudformation", "list_stacks", "SignatureDoesNotMatch", 403),
    ("dynamodb", "list_tables", "InvalidSignatureException", 400),
    ("sqs", "list_queues", "InvalidSignatureException", 400),
    ("s3", "list_buckets", "SignatureDoesNotMatch", 403),
])
def test_a_wrong_secret_is_refused(aws, credentials, service, operation, code, status):
    wrong = {**credentials, "SecretAccessKey": "wrong" + credentials["SecretAccessKey"][5:]}
    found = refused(getattr(aws.client(service, wrong), operation))
    assert (found[0], found[2]) == (code, status)


def test_a_changed_body_is_refused(aws):
    status, body = post(aws, signed(aws), b"Action=GetCallerIdentity&Version=2011-06-16")
    assert status == 403 and b"SignatureDoesNotMatch" in body


def test_unsorted_signed_headers_are_refused_and_counted(aws):
    before = aws.get("/violations").get("unsorted_headers", 0)
    headers = signed(aws)
    names = headers["Authorization"].split("SignedHeaders=")[1].split(",")[0]
    swapped = ";".join(reversed(names.split(";")))
    headers["Authorization"] = headers["Authorization"].replace(names, swapped)
    status, _ = post(aws, headers)
    assert status == 403
    assert aws.get("/violations")["unsorted_headers"] == before + 1


def test_an_amz_header_that_is_not_signed_is_refused(aws):
    status, body = post(aws, {**signed(aws), "X-Amz-Extra": "1"})
    assert status == 403 and b"x-amz-extra" in body


def test_a_second_date_is_refused(aws):
    import http.client

    headers = signed(aws)
    body = b"Action=GetCallerIdentity&Version=2011-06-15"
    connection = http.client.HTTPConnection("127.0.0.1", aws.port)
    connection.putrequest("POST", "/", skip_host=True)
    connection.putheader("Host", f"127.0.0.1:{aws.port}")
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.putheader("X-Amz-Date", headers["X-Amz-Date"])
    connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body)
    answer = connection.getresponse()
    assert answer.status == 403 and b"2 dates" in answer.read()
    connection.close()


def test_an_unknown_key_is_refused(aws):
    unknown = {"AccessKeyId": "AKIAUNKNOWN000000000", "SecretAccessKey": "x" * 40}
    code, _, status = refused(aws.client("sts", unknown).get_caller_identity)
    assert (code, status) == ("InvalidClientTokenId", 403)


def test_a_session_key_without_its_token_is_refused(aws, credentials):
    bare = {k: v for k, v in credentials.items() if k != "SessionToken"}
    assert refused(aws.client("sts", bare).get_caller_identity)[0] == "InvalidClientTokenId"


def test_a_wrong_clock_is_told(aws):
    aws.post("/settings", {"clock_offset_s": 900})
    code, message, _ = refused(aws.client("sts").get_caller_identity)
    assert code == "SignatureDoesNotMatch" and message.startswith("Signature expired:")


# Accounts and their credentials


def test_the_call_log_names_account_stack_and_session(aws, account):
    since = aws.last_call()
    inside = aws.assume(account, session="itrun.run.7")
    aws.client("cloudformation", inside).create_stack(StackName="logged", TemplateBody=TEMPLATE,
                                                      ClientRequestToken="t1")
    assumed, created = aws.calls(since)
    assert (assumed["account"], assumed["target_account"]) == (aws.management_account, account)
    assert assumed["params"]["RoleArn"].endswith(":role/itrun-runner")
    assert (created["account"], created["operation"], created["stack"]) == (account, "CreateStack", "logged")
    assert (created["session"], created["status"], created["error"]) == ("itrun.run.7", 200, None)
    assert created["params"]["ClientRequestToken"] == "t1"
    lines = [json.loads(line) for line in aws.log.read_text().splitlines()]
    assert created in lines
    assert inside["SessionToken"] not in aws.log.read_text()


def test_expired_credentials_are_refused_until_assumed_anew(aws, account, credentials):
    assert aws.post("/expire", {"account": account}) == {"expired": 1}
    assert refused(aws.client("cloudformation", credentials).list_stacks)[0] == "ExpiredToken"
    assert refused(aws.client("dynamodb", credentials).list_tables)[0] == "ExpiredTokenException"
    aws.client("cloudformation", aws.assume(account)).list_stacks()


def test_role_chaining_is_capped_at_an_hour(aws, account, credentials):
    code, message, _ = refused(
        aws.client("sts", credentials).assume_role, RoleArn=f"arn:aws:iam::{account}:role/x",
        RoleSessionName="chained", DurationSeconds=7200)
    assert code == "ValidationError" and "1 hour" in message


# Faults


def test_a_denied_role_is_denied_in_that_account_only(aws, account):
    aws.post("/faults", {"do": "deny", "operation": "AssumeRole", "account": account,
                         "role": "itrun-runner"})
    code, message, status = refused(aws.assume, account)
    assert (code, status) == ("AccessDenied", 403)
    assert "sts:AssumeRole" in message and account in message
    aws.assume("299999999999")


def test_throttling_hits_every_nth_call(aws, cfn, account):
    aws.post("/faults", {"do": "throttle", "operation": "DescribeStacks", "account": account, "every": 3})
    outcomes = []
    for _ in range(6):
        try:
            cfn.describe_stacks()
            outcomes.append("ok")
        except ClientError as problem:
            assert problem.response["ResponseMetadata"]["HTTPStatusCode"] == 400
            outcomes.append(problem.response["Error"]["Code"])
    assert outcomes == ["ok", "ok", "Throttling"] * 2


def test_throttling_hits_the_first_n_calls_and_an_sdk_gets_through(aws, account, credentials):
    aws.post("/faults", {"do": "throttle", "service": "dynamodb", "account": account, "times": 2})
    patient = aws.client("dynamodb", credentials, config=Config(retries={"total_max_attempts": 5}))
    assert patient.list_tables()["ResponseMetadata"]["RetryAttempts"] == 2


@pytest.mark.parametrize("do", ["html500", "garbage", "truncate", "empty", "reset"])
def test_answers_can_be_ruined(aws, cfn, account, do):
    cfn.create_stack(StackName="app", TemplateBody=TEMPLATE)
    since = aws.last_call()
    aws.post("/faults", {"do": do, "operation": "ListStacks", "account": account, "times": 1})
    with pytest.raises(RUINED):
        cfn.list_stacks()["StackSummaries"][0]
    assert aws.calls(since, operation="ListStacks")[0]["faults"] == [do]
    assert cfn.list_stacks()["StackSummaries"][0]["StackName"] == "app"


def test_an_answer_can_be_lost_after_the_deed(aws, cfn, account):
    aws.post("/faults", {"do": "reset", "operation": "CreateStack", "account": account, "after": True,
                         "times": 1})
    with pytest.raises(RUINED):
        cfn.create_stack(StackName="app", TemplateBody=TEMPLATE)
    assert stack_of(cfn)["StackStatus"] == "CREATE_COMPLETE"


def test_answers_can_be_delayed(aws, cfn, account):
    aws.post("/faults", {"do": "delay", "delay_ms": 200, "account": account, "times": 1})
    started = time.monotonic()
    cfn.list_stacks()
    assert time.monotonic() - started >= 0.2


def test_a_wrong_control_call_says_what_is_wrong(aws):
    with pytest.raises(ValueError, match="do"):
        aws.post("/faults", {"do": "explode"})
    with pytest.raises(ValueError, match="known: .*in_progress_polls"):
        aws.post("/settings", {"polls": 1})
    with pytest.raises(ValueError, match="no GET"):
        aws.get("/nonsense")


# Stacks


def test_operations_stay_in_progress_for_n_polls(aws, cfn):
    aws.post("/settings", {"in_progress_polls": 2})
    cfn.create_stack(StackName="app", TemplateBody=TEMPLATE)
    seen = [stack_of(cfn) for _ in range(3)]
    assert [s["StackStatus"] for s in seen] == ["CREATE_IN_PROGRESS"] * 2 + ["CREATE_COMPLETE"]
    assert [bool(s.get("Outputs")) for s in seen] == [False, False, True]
    old = seen[-1]["Outputs"]
    assert "LastUpdatedTime" not in seen[-1]
    with_bucket = TEMPLATE.replace("Outputs:", "  B: {Type: AWS::S3::Bucket}\nOutputs:\n  B: {Value: !Ref B}")
    cfn.update_stack(StackName="app", TemplateBody=with_bucket)
    code, message, _ = refused(cfn.update_stack, StackName="app", TemplateBody=TEMPLATE)
    assert code == "ValidationError" and "UPDATE_IN_PROGRESS state and can not be updated" in message
    seen = [cfn.describe_stacks()["Stacks"][0] for _ in range(3)]
    assert [s["StackStatus"] for s in seen] == ["UPDATE_IN_PROGRESS"] * 2 + ["UPDATE_COMPLETE"]
    assert seen[1]["Outputs"] == old and len(seen[2]["Outputs"]) == 3 and seen[2]["LastUpdatedTime"]
    stack_id = seen[2]["StackId"]
    cfn.delete_stack(StackName="app")
    assert [stack_of(cfn)["StackStatus"] for _ in range(2)] == ["DELETE_IN_PROGRESS"] * 2
    assert cfn.describe_stacks()["Stacks"] == []
    assert stack_of(cfn, stack_id)["StackStatus"] == "DELETE_COMPLETE"


def test_a_tag_only_update_is_an_update_and_nothing_new_is_refused(cfn):
    asked = {"StackName": "app", "TemplateBody": TEMPLATE, "Parameters": parameters(Stage="x")}
    cfn.create_stack(**asked, Tags=tags(fingerprint="1"))
    outputs = stack_of(cfn)["Outputs"]
    cfn.update_stack(**asked, Tags=tags(fingerprint="2"))
    stack = stack_of(cfn)
    assert (stack["StackStatus"], stack["Tags"]) == ("UPDATE_COMPLETE", tags(fingerprint="2"))
    assert stack["Outputs"] == outputs
    for again in ({"Tags": tags(fingerprint="2")}, {}):
        found = refused(cfn.update_stack, **asked, **again)
        assert found == ("ValidationError", "No updates are to be performed.", 400)
    cfn.update_stack(**asked, Tags=[])
    assert stack_of(cfn)["Tags"] == []


def test_a_changed_parameter_updates_and_keeps_names(cfn):
    cfn.create_stack(StackName="app", TemplateBody=TEMPLATE, Tags=tags(team="a"))
    outputs = stack_of(cfn)["Outputs"]
    cfn.update_stack(StackName="app", UsePreviousTemplate=True, Parameters=parameters(Stage="other"))
    stack = stack_of(cfn)
    assert stack["Outputs"] == outputs and stack["Tags"] == tags(team="a")
    assert stack["Parameters"] == parameters(Stage="other")


@pytest.mark.parametrize("template", [BROKEN, REFUSED], ids=["always-fails", "refused-by-moto"])
def test_a_failing_creation_ends_in_rollback_complete(cfn, template):
    cfn.create_stack(StackName="app", TemplateBody=template)
    stack = stack_of(cfn)
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE" and "failed to create" in stack["StackStatusReason"]
    assert not stack.get("Outputs")
    events = cfn.describe_stack_events(StackName="app")["StackEvents"]
    failed = [event for event in events if event["ResourceStatus"] == "CREATE_FAILED"]
    assert len(failed) == 1 and failed[0]["ResourceStatusReason"]
    code, message, _ = refused(cfn.update_stack, StackName="app", TemplateBody=TEMPLATE)
    assert code == "ValidationError" and "is in ROLLBACK_COMPLETE state and can not be updated" in message
    cfn.delete_stack(StackName="app")
    cfn.create_stack(StackName="app", TemplateBody=TEMPLATE)
    assert stack_of(cfn)["StackStatus"] == "CREATE_COMPLETE"


def test_a_rollback_leaves_no_resource(aws, credentials, cfn):
    cfn.create_stack(StackName="app", TemplateBody=REFUSED)
    assert aws.client("sqs", credentials).list_queues().get("QueueUrls", []) == []


@pytest.mark.parametrize("template", [BROKEN, REFUSED], ids=["always-fails", "refused-by-moto"])
def test_a_failing_update_rolls_back(cfn, template):
    cfn.create_stack(StackName="app", TemplateBody=TEMPLATE, Tags=tags(fingerprint="1"))
    outputs = stack_of(cfn)["Outputs"]
    cfn.update_stack(StackName="app", TemplateBody=template, Tags=tags(fingerprint="2"))
    stack = stack_of(cfn)
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert stack["Outputs"] == outputs and stack["Tags"] == tags(fingerprint="1")
    cfn.update_stack(StackName="app", TemplateBody=TEMPLATE, Tags=tags(fingerprint="3"))
    assert stack_of(cfn)["StackStatus"] == "UPDATE_COMPLETE"


def test_a_fault_fails_one_stack_of_one_account_once(aws, cfn, account):
    aws.post("/faults", {"do": "fail_stack", "stack": "app", "account": account, "times": 1})
    cfn.create_stack(StackName="other", TemplateBody=TEMPLATE)
    cfn.create_stack(StackName="app", TemplateBody=TEMPLATE)
    statuses = {s["StackName"]: s["StackStatus"] for s in cfn.describe_stacks()["Stacks"]}
    assert statuses == {"other": "CREATE_COMPLETE", "app": "ROLLBACK_COMPLETE"}


def test_on_failure_and_disable_rollback(cfn):
    cfn.create_stack(StackName="kept", TemplateBody=BROKEN, OnFailure="DO_NOTHING")
    cfn.create_stack(StackName="gone", TemplateBody=BROKEN, OnFailure="DELETE")
    assert [s["StackStatus"] for s in cfn.describe_stacks()["Stacks"]] == ["CREATE_FAILED"]
    cfn.create_stack(StackName="app", TemplateBody=TEMPLATE)
    cfn.update_stack(StackName="app", TemplateBody=BROKEN, DisableRollback=True)
    assert stack_of(cfn)["StackStatus"] == "UPDATE_FAILED"
    cfn.rollback_stack(StackName="app")
    assert stack_of(cfn)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"


def test_a_repeated_token_is_the_same_operation(cfn):
    asked = {"StackName": "app", "TemplateBody": TEMPLATE}
    first = cfn.create_stack(**asked, ClientRequestToken="itrun-1-1")
    again = cfn.create_stack(**asked, ClientRequestToken="itrun-1-1")
    assert first["StackId"] == again["StackId"]
    assert refused(cfn.create_stack, **asked, ClientRequestToken="itrun-1-2")[0] == "AlreadyExistsException"
    for _ in range(2):
        cfn.update_stack(**asked, Tags=tags(a="b"), ClientRequestToken="itrun-1-3")
    events = cfn.describe_stack_events(StackName="app")["StackEvents"]
    tokens = [(event["ResourceStatus"], event["ClientRequestToken"]) for event in reversed(events)]
    assert tokens == [("CREATE_IN_PROGRESS", "itrun-1-1"), ("CREATE_COMPLETE", "itrun-1-1"),
                      ("UPDATE_IN_PROGRESS", "itrun-1-3"), ("UPDATE_COMPLETE", "itrun-1-3")]


@pytest.mark.parametrize("template, words", [
    ("Resources: {A: {Type: AWS::SQS::Queue", "not well-formed"),
    ("{\"Resources\": ", "not well-formed"),
    ("hello", "unsupported structure"),
    ("Outputs: {}", "At least one Resources member"),
    ("Resources: {A: {Type: AWS::SQS::Queue}}\nOutputs: {X: {Value: !Ref Nope}}", "Nope"),
])
def test_an_invalid_template_is_a_validation_error(cfn, template, words):
    code, message, status = refused(cfn.create_stack, StackName="app", TemplateBody=template)
    assert (code, status) == ("ValidationError", 400) and words in message
    assert cfn.describe_stacks()["Stacks"] == []


def test_parameters_tags_and_capabilities_are_checked(cfn):
    asked = {"StackName": "app", "TemplateBody": TEMPLATE}
    assert "do not exist" in refused(cfn.create_stack, **asked, Parameters=parameters(Nope="1"))[1]
    needs = TEMPLATE.replace(", Default: itrun", "")
    assert "must have values" in refused(cfn.create_stack, StackName="app", TemplateBody=needs)[1]
    assert "aws:" in refused(cfn.create_stack, **asked, Tags=tags(**{"aws:x": "1"}))[1]
    role = "Resources: {R: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {}}}}"
    found = refused(cfn.create_stack, StackName="role", TemplateBody=role)
    assert found[:2] == ("InsufficientCapabilitiesException", "Requires capabilities : [CAPABILITY_IAM]")
    cfn.create_stack(StackName="role", TemplateBody=role, Capabilities=["CAPABILITY_IAM"])


ALL_STATUSES = sorted(
    botocore.session.get_session().get_service_model("cloudformation").shape_for("StackStatus").enum)


@pytest.mark.parametrize("status", ALL_STATUSES)
def test_any_status_can_be_set(aws, cfn, account, status):
    cfn.create_stack(StackName="app", TemplateBody=TEMPLATE)
    stack_id = stack_of(cfn)["StackId"]
    aws.post("/stacks/status", {"account": account, "region": REGION, "stack": "app", "status": status,
                                "reason": "because"})
    stack = stack_of(cfn, stack_id)
    assert (stack["StackStatus"], stack["StackStatusReason"]) == (status, "because")


def test_a_list_of_stacks_comes_in_pages_and_a_page_is_no_poll(aws, cfn):
    aws.post("/settings", {"in_progress_polls": 1, "stacks_per_page": 2})
    for number in range(5):
        cfn.create_stack(StackName=f"app-{number}", TemplateBody=TEMPLATE)
    pages = list(cfn.get_paginator("describe_stacks").paginate())
    assert [len(page["Stacks"]) for page in pages] == [2, 2, 1]
    assert {s["StackStatus"] for page in pages for s in page["Stacks"]} == {"CREATE_IN_PROGRESS"}
    statuses = [s["StackStatus"] for page in cfn.get_paginator("describe_stacks").paginate()
                for s in page["Stacks"]]
    assert statuses == ["CREATE_COMPLETE"] * 5


def test_a_foreign_operation_ends_after_n_polls(aws, cfn, account):
    cfn.create_stack(StackName="app", TemplateBody=TEMPLATE)
    aws.post("/stacks/status", {"account": account, "stack": "app", "status": "UPDATE_IN_PROGRESS",
                                "polls": 2, "then": "UPDATE_COMPLETE", "token": "somebody-else"})
    assert [stack_of(cfn)["StackStatus"] for _ in range(3)] == \
        ["UPDATE_IN_PROGRESS"] * 2 + ["UPDATE_COMPLETE"]
    assert cfn.describe_stack_events(StackName="app")["StackEvents"][0]["ClientRequestToken"] == \
        "somebody-else"


def test_continue_update_rollback(aws, cfn, account):
    cfn.create_stack(StackName="app", TemplateBody=TEMPLATE)
    assert refused(cfn.continue_update_rollback, StackName="app")[0] == "ValidationError"
    aws.post("/stacks/status", {"account": account, "stack": "app", "status": "UPDATE_ROLLBACK_FAILED"})
    found = refused(cfn.update_stack, StackName="app", TemplateBody=BROKEN)
    assert "UPDATE_ROLLBACK_FAILED" in found[1]
    aws.post("/faults", {"do": "fail_stack", "operation": "ContinueUpdateRollback", "account": account,
                         "times": 1})
    cfn.continue_update_rollback(StackName="app")
    assert stack_of(cfn)["StackStatus"] == "UPDATE_ROLLBACK_FAILED"
    cfn.continue_update_rollback(StackName="app")
    assert stack_of(cfn)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"


def test_a_bucket_with_something_in_it_stops_a_deletion(aws, credentials, cfn):
    template = "Resources: {B: {Type: AWS::S3::Bucket}}\nOutputs: {B: {Value: !Ref B}}"
    cfn.create_stack(StackName="app", TemplateBody=template)
    bucket = stack_of(cfn)["Outputs"][0]["OutputValue"]
    s3 = aws.client("s3", credentials)
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    cfn.delete_stack(StackName="app")
    assert stack_of(cfn)["StackStatus"] == "DELETE_FAILED"
    s3.delete_object(Bucket=bucket, Key="k")
    cfn.delete_stack(StackName="app")
    assert cfn.describe_stacks()["Stacks"] == []


def test_termination_protection(cfn):
    cfn.create_stack(StackName="app", TemplateBody=TEMPLATE, EnableTerminationProtection=True)
    assert "TerminationProtection" in refused(cfn.delete_stack, StackName="app")[1]
    cfn.update_termination_protection(StackName="app", EnableTerminationProtection=False)
    cfn.delete_stack(StackName="app")
    assert cfn.describe_stacks()["Stacks"] == []


def test_the_aws_cli_deploys_and_redeploys_on_a_changed_tag(aws, credentials, cfn, tmp_path):
    cli = Path(sys.executable).with_name("aws")
    if not cli.exists():
        pytest.skip("no aws beside this Python")
    template = tmp_path / "template.yaml"
    template.write_text(TEMPLATE)
    environment = {**os.environ, **aws.environment(credentials), "AWS_CONFIG_FILE": "/dev/null",
                   "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}
    for fingerprint, status in (("1", "CREATE_COMPLETE"), ("2", "UPDATE_COMPLETE")):
        command = [cli, "cloudformation", "deploy", "--stack-name", "app", "--template-file", template,
                   "--tags", f"fingerprint={fingerprint}", "--no-fail-on-empty-changeset"]
        subprocess.run(command, env=environment, check=True, timeout=60, stdout=subprocess.DEVNULL)
        stack = stack_of(cfn)
        assert (stack["StackStatus"], stack["Tags"]) == (status, tags(fingerprint=fingerprint))


# The process


def test_connections_are_kept(aws):
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", aws.port)
    for _ in range(2):
        connection.request("GET", "/_emulator/health")
        answer = connection.getresponse()
        assert answer.version == 11 and answer.read() and not answer.will_close
    connection.close()


def test_an_organization_is_made_in_seconds(aws):
    command = [sys.executable, "-m", "emulator.organization", "--endpoint", aws.url, "--accounts", "20"]
    started = time.monotonic()
    made = [json.loads(subprocess.run(command, cwd=TESTS, check=True, capture_output=True).stdout)
            for _ in range(2)]
    assert time.monotonic() - started < 20
    assert made[0] == made[1] and len({a["id"] for a in made[0]["accounts"]}) == 20
    unit = made[0]["organizational_unit"]["id"]
    client = boto3.client("organizations", endpoint_url=aws.url, region_name="us-east-1",
                          aws_access_key_id=ROOT_ACCESS_KEY, aws_secret_access_key=ROOT_SECRET)
    pages = client.get_paginator("list_accounts_for_parent").paginate(ParentId=unit)
    listed = [account["Id"] for page in pages for account in page["Accounts"]]
    assert sorted(listed) == sorted(a["id"] for a in made[0]["accounts"])


def test_it_ends_with_its_parent_its_lifeline_and_by_signal(tmp_path):
    command = f"{sys.executable} -m emulator --no-warm-up --ready-file {tmp_path}/parent.json & wait"
    parent = subprocess.Popen(["sh", "-c", command], cwd=TESTS)
    lifeline = Emulator(config={"settings": {"in_progress_polls": 1}})
    ready = tmp_path / "parent.json"
    deadline = time.monotonic() + 30
    while not ready.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    orphan = json.loads(ready.read_text())["pid"]
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    assert lifeline.get("/settings")["in_progress_polls"] == 1
    lifeline.process.stdin.close()
    lifeline.process.stdin = None
    assert lifeline.process.wait(10) == 0
    while Path(f"/proc/{orphan}").exists() and time.monotonic() < deadline:
        if Path(f"/proc/{orphan}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
            break
        time.sleep(0.05)
    else:
        assert not Path(f"/proc/{orphan}").exists()
    with Emulator() as emulator:
        emulator.process.send_signal(signal.SIGTERM)
        assert emulator.process.wait(10) == 0


def test_a_wrong_configuration_is_told(tmp_path):
    config = tmp_path / "config.json"
    config.write_text('{"settings": {"polls": 1}}')
    done = subprocess.run([sys.executable, "-m", "emulator", "--config", config], cwd=TESTS, text=True,
                          capture_output=True, stdin=subprocess.DEVNULL, timeout=60)
    assert done.returncode == 2 and "polls" in done.stderr
