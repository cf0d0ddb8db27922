"""The AWS client against the emulator, which recomputes every signature: driven by tests/probe/aws_probe.c."""

from __future__ import annotations

import json
import os
import re
import socket
import ssl
import subprocess
import threading
from datetime import datetime, timedelta, timezone
from pathlib import Path

import boto3
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from emulator.organization import make_organization
from emulator.process import Emulator

ROOT = Path(__file__).resolve().parents[2]
ACCOUNTS = iter(range(300000000001, 300000009000))

TEMPLATE = """
Parameters:
  Stage: {Type: String, Default: itrun}
Resources:
  Topic:
    Type: AWS::SNS::Topic
    Properties: {DisplayName: !Ref Stage}
Outputs:
  TopicArn: {Value: !Ref Topic}
  Odd: {Value: "a&b <c> ü + %41"}
"""
BROKEN = """
Resources:
  Topic: {Type: AWS::SNS::Topic}
  Never: {Type: Custom::AlwaysFails, DependsOn: Topic}
"""


def probe_path() -> Path:
    if "ITRUN_BUILD" in os.environ:
        return Path(os.environ["ITRUN_BUILD"], "tests/probe/aws_probe")
    built = [p for p in ROOT.glob("build/*/tests/probe/aws_probe")]
    assert built, "build the target aws_probe first (or set ITRUN_BUILD)"
    return max(built, key=lambda path: path.stat().st_mtime)


@pytest.fixture(scope="module")
def emulator():
    with Emulator() as running:
        yield running


@pytest.fixture
def aws(emulator):
    yield emulator
    emulator.post("/faults/clear")
    emulator.post("/settings", {"in_progress_polls": 0, "clock_offset_s": 0})


class Probe:
    def __init__(self, aws, directory: Path, accounts: int = 1):
        self.aws = aws
        self.directory = directory
        self.ids = [str(next(ACCOUNTS)) for _ in range(accounts)]
        self.environment = {**aws.environment(), "HOME": str(directory), "PATH": os.environ["PATH"],
                            "ASAN_OPTIONS": "abort_on_error=1"}
        self.role = "itrun-runner"
        (directory / "app.yaml").write_text(TEMPLATE)

    def command(self, commands: str, *options: str) -> list[str]:
        path = self.directory / "commands"
        path.write_text(commands)
        accounts = []
        for number, account in enumerate(self.ids):
            accounts += ["--account", f"{account},arn:aws:iam::{account}:role/{self.role},account-{number:03d}"]
        return [str(probe_path()), *accounts, *options, str(path)]

    def run(self, commands: str, *options: str, timeout: float = 60, status: int = 0) -> list[dict]:
        done = subprocess.run(self.command(commands, *options), env=self.environment, cwd=self.directory,
                              capture_output=True, text=True, timeout=timeout)
        assert done.returncode == status, done.stderr
        self.stderr = done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    def ask(self, commands: str, *options: str) -> dict:
        """The answer of the last command."""
        return self.run(commands, *options)[-2]


@pytest.fixture
def probe(aws, tmp_path):
    return Probe(aws, tmp_path)


def test_assumed_credentials_act_in_their_account(aws, probe):
    before = aws.get("/violations")
    assumed, who, base, totals = probe.run("assume 0 itrun.1.1\nwait\nwhoami 0\nwait\nwhoami -\n")
    assert 3_500_000 < assumed["lifetime_ms"] <= 3_600_000
    assert who["account_id"] == probe.ids[0]
    assert base["account_id"] == aws.management_account
    assert totals == {"requests": 3, "throttled": 0}
    assert aws.get("/violations") == before


def test_a_stack_lives_from_create_to_delete(aws, probe):
    created, shown, same, updated, again, *_ = probe.run(
        "create 0 app app.yaml itrun-1 Stage=a&b tag:team=x tag:itrun:fingerprint=f00\nwait\ndescribe 0\nwait\n"
        "update 0 app app.yaml itrun-2 Stage=a&b tag:team=x tag:itrun:fingerprint=f00\nwait\n"
        "update 0 app app.yaml itrun-3 Stage=c tag:team=x\nwait\ndescribe 0 app\nwait\n")
    assert created["stack_id"].startswith("arn:aws:cloudformation:")
    (stack,) = shown["stacks"]
    assert stack["name"] == "app" and stack["status"] == "CREATE_COMPLETE" and stack["id"] == created["stack_id"]
    assert stack["tags"] == {"team": "x", "itrun:fingerprint": "f00"}
    assert stack["parameters"] == {"Stage": "a&b"}
    assert stack["outputs"]["Odd"] == "a&b <c> ü + %41"
    assert same["is_unchanged"] is True and "error" not in same
    assert updated["is_unchanged"] is False and "error" not in updated
    assert again["stacks"][0]["tags"] == {"team": "x"}

    gone, empty, by_name, by_id, twice, *_ = probe.run(
        f"delete 0 app itrun-4\nwait\ndescribe 0\nwait\ndescribe 0 app\nwait\n"
        f"describe 0 {created['stack_id']}\nwait\ndelete 0 app itrun-5\n")
    assert "error" not in gone and "error" not in twice
    assert empty["stacks"] == [] and by_name["stacks"] == []
    assert [s["status"] for s in by_id["stacks"]] == ["DELETE_COMPLETE"]


def test_all_pages_of_stacks_are_read(aws, probe):
    (probe.directory / "small.yaml").write_text("Resources: {Topic: {Type: AWS::SNS::Topic}}\n")
    creates = "".join(f"create 0 s{n} small.yaml t{n}\n" for n in range(57))
    answer = probe.ask(creates + "wait\ndescribe 0\n")
    assert sorted(s["name"] for s in answer["stacks"]) == sorted(f"s{n}" for n in range(57))


def test_a_failed_stack_says_which_resource_and_why(aws, probe):
    (probe.directory / "broken.yaml").write_text(BROKEN)
    answer = probe.ask("create 0 bad broken.yaml t1\nwait\nevents 0 bad\n")
    assert answer["reason"].startswith("Never CREATE_FAILED: ")
    assert not re.search(r"\d{12}", answer["reason"])


def test_a_rollback_that_failed_is_continued(aws, probe):
    probe.ask("create 0 app app.yaml t1\n")
    aws.post("/stacks/status", {"account": probe.ids[0], "stack": "app", "status": "UPDATE_ROLLBACK_FAILED"})
    continued, shown, _ = probe.run("continue 0 app t2\nwait\ndescribe 0\n")
    assert "error" not in continued
    assert shown["stacks"][0]["status"] == "UPDATE_ROLLBACK_COMPLETE"


def test_a_second_create_is_a_conflict_and_an_update_of_nothing_is_gone(aws, probe):
    _, conflict, gone, _ = probe.run("create 0 app app.yaml t1\nwait\ncreate 0 app app.yaml t2\nwait\n"
                                     "update 0 nothing app.yaml t3\n")
    assert conflict["error"]["kind"] == "conflict" and conflict["error"]["code"] == "AlreadyExistsException"
    assert gone["error"]["kind"] == "gone"


@pytest.mark.parametrize("operation", ["CreateStack", "UpdateStack", "DeleteStack"])
def test_a_write_whose_answer_was_lost_is_done_once(aws, probe, operation):
    first = "" if operation == "CreateStack" else "create 0 app app.yaml t0\nwait\n"
    if first:
        probe.run(first)
    aws.post("/settings", {"in_progress_polls": 1})
    aws.post("/faults", {"do": "reset", "operation": operation, "after": True, "times": 1})
    command = {"CreateStack": "create 0 app app.yaml t1", "UpdateStack": "update 0 app app.yaml t1 Stage=z",
               "DeleteStack": "delete 0 app t1"}[operation]
    answer = probe.ask(command + "\n")
    assert "error" not in answer
    if operation != "DeleteStack":
        assert answer["stack_id"].startswith("arn:aws:cloudformation:")


def test_throttling_is_waited_out(aws, probe):
    aws.post("/faults", {"do": "throttle", "operation": "DescribeStacks", "account": probe.ids[0], "times": 2})
    described, totals = probe.run("describe 0\n", "--seed", "7")
    assert "error" not in described
    assert totals["throttled"] == 2


def test_throttling_without_end_gives_up_within_the_budget(aws, probe):
    aws.post("/faults", {"do": "throttle", "operation": "DescribeStacks", "account": probe.ids[0]})
    answer = probe.ask("describe 0\n", "--budget-ms", "1500")
    assert answer["error"]["kind"] == "throttled" and answer["error"]["code"] == "Throttling"
    assert "tries" in answer["error"]["what"] and answer["error"]["where"] == "account-000"
    assert answer["ms"] < 1900


def test_a_quota_is_not_asked_again(aws, probe):
    aws.post("/faults", {"do": "error", "operation": "CreateStack", "code": "LimitExceededException", "status": 400})
    created, totals = probe.run("create 0 app app.yaml t1\n")
    assert created["error"]["kind"] == "limit"
    assert totals["requests"] == 2  # AssumeRole, CreateStack


@pytest.mark.parametrize("fault", ["html500", "garbage", "truncate", "empty", "reset"])
def test_answers_that_are_none_are_asked_again(aws, probe, fault):
    aws.post("/faults", {"do": fault, "operation": "DescribeStacks", "account": probe.ids[0], "times": 2})
    assert "error" not in probe.ask("describe 0\n")


def test_an_endpoint_that_is_no_aws_is_named(aws, probe):
    aws.post("/faults", {"do": "html500", "account": probe.ids[0], "operation": "DescribeStacks"})
    error = probe.ask("describe 0\n")["error"]
    assert error["kind"] == "transient" and "not an answer of AWS" in error["what"] and "4 tries" in error["what"]


def test_a_denied_role_is_named_without_account_numbers(aws, probe):
    aws.post("/faults", {"do": "deny", "operation": "AssumeRole", "role": "itrun-runner"})
    error = probe.ask("assume 0 s1\n")["error"]
    assert error["kind"] == "denied" and error["code"] == "AccessDenied"
    assert error["where"] == "account-000" and "role itrun-runner" in error["what"]
    assert "<account-000>" in error["what"]  # in the ARN that AWS quotes
    assert not re.search(r"\d{12}", json.dumps(error))
    assert "trust policy" in error["hint"]


def test_one_denied_account_leaves_the_others_alone(aws, tmp_path):
    probe = Probe(aws, tmp_path, accounts=3)
    aws.post("/faults", {"do": "deny", "account": probe.ids[1], "operation": "AssumeRole"})
    answers = probe.run("describe 0\ndescribe 1\ndescribe 2\n")[:-1]
    assert {a["line"]: a.get("error", {}).get("kind") for a in answers} == {1: None, 2: "denied", 3: None}


def test_unknown_and_wrong_keys_are_told_apart(aws, probe):
    probe.environment["AWS_ACCESS_KEY_ID"] = "AKIANOBODY0000000000"
    error = probe.ask("assume 0 s1\n")["error"]
    assert error["kind"] == "denied" and error["code"] == "InvalidClientTokenId" and "environment" in error["hint"]
    probe.environment.update(aws.environment(), AWS_SECRET_ACCESS_KEY="wrong")
    error = probe.ask("assume 0 s1\n")["error"]
    assert error["code"] == "SignatureDoesNotMatch" and "secret key" in error["hint"]


def test_expired_base_credentials_say_whose_and_how_to_renew(aws, probe):
    session = aws.assume(probe.ids[0], session="expiring")
    aws.post("/expire", {"access_key": session["AccessKeyId"]})
    (probe.directory / ".aws").mkdir()
    (probe.directory / ".aws/credentials").write_text(
        f"[ci]\naws_access_key_id = {session['AccessKeyId']}\n"
        f"aws_secret_access_key={session['SecretAccessKey']}\naws_session_token={session['SessionToken']}\n")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        probe.environment.pop(name, None)
    probe.environment["AWS_PROFILE"] = "ci"
    error = probe.ask("assume 0 s1\n")["error"]
    assert error["kind"] == "denied" and error["code"] == "ExpiredToken"
    assert "profile ci" in error["hint"] and "renew" in error["hint"]


def test_expired_account_credentials_are_renewed_once(aws, probe):
    with_pause = "assume 0 s1\nwait\npause 1500\nwait\ndescribe 0\n"
    threading.Timer(0.7, lambda: aws.post("/expire", {"account": probe.ids[0]})).start()
    _, described, totals = probe.run(with_pause)
    assert "error" not in described
    assert totals["requests"] == 4  # AssumeRole, refused, AssumeRole, DescribeStacks


def test_a_profile_may_name_a_role_to_assume_first(aws, probe):
    base = str(next(ACCOUNTS))
    key, secret = (probe.environment.pop(n) for n in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"))
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        probe.environment.pop(name)
    (probe.directory / ".aws").mkdir()
    (probe.directory / ".aws/config").write_text(
        f"[profile ci]\nregion = eu-west-1\nrole_arn = arn:aws:iam::{base}:role/deployer\nsource_profile = root\n"
        f"role_session_name = nightly\n[profile root]\naws_access_key_id = {key}\n"
        f"aws_secret_access_key = {secret}  # not in the other file\n")
    probe.environment["AWS_PROFILE"] = "ci"
    since = aws.last_call()
    answers = probe.run("whoami -\nwhoami 0\nwhoami -\n")
    ids = [a["account_id"] for a in sorted(answers[:-1], key=lambda a: a["line"])]
    assert ids == [base, probe.ids[0], base]
    assumed = aws.calls(since, operation="AssumeRole")
    assert [call["params"]["RoleSessionName"] for call in assumed] == ["nightly", "itrun"]
    assert assumed[1]["role"] == "deployer"


@pytest.mark.parametrize("offset_s", [-1200, 1200])
def test_a_wrong_clock_is_cured(aws, probe, offset_s):
    aws.post("/settings", {"clock_offset_s": offset_s})
    assumed, described, totals = probe.run("assume 0 s1\nwait\ndescribe 0\n")
    assert "error" not in assumed and "error" not in described
    assert totals["requests"] == 3  # only the first one was refused

def test_an_unreachable_endpoint_is_named(aws, probe):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        answer = probe.ask("assume 0 s1\n", "--endpoint", url)
    error = answer["error"]
    assert error["kind"] == "transient" and f" at {url}" in error["what"] and "AWS_ENDPOINT_URL" in error["hint"]
    assert answer["ms"] < 3000


def test_a_proxy_of_the_environment_is_not_asked_for_loopback(aws, probe):
    probe.environment.update(http_proxy="http://127.0.0.1:1", all_proxy="http://127.0.0.1:1")
    assert "error" not in probe.ask("assume 0 s1\n")


def test_a_template_too_large_costs_no_request(aws, probe):
    (probe.directory / "large.yaml").write_text(TEMPLATE + "#" * 51200)
    answer, totals = probe.run("create 0 app large.yaml t1\n")
    assert answer["error"]["kind"] == "limit" and "51200" in answer["error"]["what"]
    assert totals["requests"] == 0


class TlsFront:
    """Takes TLS off in front of the emulator, a thread a connection."""

    def __init__(self, directory: Path, port: int):
        self.certificate = directory / "front.pem"
        self.port_behind = port
        write_certificate(self.certificate)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(self.certificate)
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.url = f"https://localhost:{self.listener.getsockname()[1]}"
        self.connection_count = 0
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connection_count += 1
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection: socket.socket) -> None:
        try:
            with self.context.wrap_socket(connection, server_side=True) as front, \
                    socket.create_connection(("127.0.0.1", self.port_behind)) as back:
                threading.Thread(target=pump, args=(back, front), daemon=True).start()
                pump(front, back)
        except OSError:
            connection.close()


def pump(source: socket.socket, sink: socket.socket) -> None:
    try:
        while chunk := source.recv(65536):
            sink.sendall(chunk)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def write_certificate(path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(timezone.utc)
    certificate = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
                   .serial_number(1).not_valid_before(now - timedelta(days=1))
                   .not_valid_after(now + timedelta(days=1))
                   .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
                   .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
                   .sign(key, hashes.SHA256()))
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
                     + certificate.public_bytes(Encoding.PEM))


def test_tls_connections_are_checked_shared_and_few(aws, tmp_path):
    probe = Probe(aws, tmp_path, accounts=80)
    front = TlsFront(tmp_path, aws.port)
    commands = "".join(f"describe {n}\n" for n in range(80))
    answers = probe.run(commands, "--endpoint", front.url, "--ca", str(front.certificate))
    assert all("error" not in answer for answer in answers)
    assert answers[-1]["requests"] == 160 and front.connection_count <= 40
    distrusted = probe.ask("assume 0 s1\n", "--endpoint", front.url)["error"]
    assert distrusted["kind"] == "transient" and "AWS_CA_BUNDLE" in distrusted["hint"]
    front.listener.close()


def test_many_askers_share_one_assume_role(aws, probe):
    answers = probe.run("describe 0\n" * 10 + "assume 0 s1\n" * 3)
    assert all("error" not in answer for answer in answers)
    assert answers[-1]["requests"] == 11


def test_close_completes_everything_in_flight(aws, tmp_path):
    probe = Probe(aws, tmp_path, accounts=60)
    aws.post("/faults", {"do": "throttle", "account": probe.ids[0], "operation": "DescribeStacks"})
    commands = "".join(f"describe {n}\nassume {n} s\ncreate {n} app app.yaml t\n" for n in range(60))
    for pause in ("", "pause 1\nwait\n", "pause 300\n"):
        answers = probe.run(commands.replace("wait", "") + pause.replace("wait\n", "") + "list ou-x\nclose\n")
        assert len(answers) == 181
        kinds = {a.get("error", {}).get("kind") for a in answers}
        assert "cancelled" in kinds


def test_two_hundred_accounts_at_once(aws, tmp_path):
    probe = Probe(aws, tmp_path, accounts=200)
    answers = probe.run("".join(f"describe {n}\n" for n in range(200)))
    assert all("error" not in answer for answer in answers)
    assert answers[-1] == {"requests": 400, "throttled": 0}


@pytest.fixture(scope="module")
def organization(emulator):
    made = make_organization(emulator.url, 25, "itrun-pool", "pool", "itrun-runner")
    client = emulator.client("organizations")
    inner = client.create_organizational_unit(ParentId=made["organizational_unit"]["id"], Name="inner")
    twin = client.create_organizational_unit(ParentId=made["organizational_unit"]["id"], Name="twin")
    client.create_organizational_unit(ParentId=twin["OrganizationalUnit"]["Id"], Name="twin")
    last = made["accounts"][-1]["id"]
    client.move_account(AccountId=last, SourceParentId=made["organizational_unit"]["id"],
                        DestinationParentId=inner["OrganizationalUnit"]["Id"])
    client.close_account(AccountId=made["accounts"][0]["id"])
    return made


def test_accounts_of_a_unit_are_listed_by_name_and_id(aws, probe, organization):
    expected = sorted(account["id"] for account in organization["accounts"][1:])
    by_name, by_id, _ = probe.run(f"list itrun-pool\nwait\nlist {organization['organizational_unit']['id']}\n")
    assert by_name["ids"] == expected  # with the one in the inner unit, without the closed one
    assert by_id["ids"] == expected


def test_unknown_and_ambiguous_units_are_refused(aws, probe, organization):
    unknown, absent, twice, _ = probe.run("list itrun-poll\nwait\nlist ou-zzzz-99999999\nwait\nlist twin\n")
    assert unknown["error"]["kind"] == "config" and "itrun-pool" in unknown["error"]["hint"]
    assert "ou-zzzz-99999999" in absent["error"]["what"]
    assert "two organizational units" in twice["error"]["what"]


def test_organizations_denied_says_what_else_to_do(aws, probe):
    aws.post("/faults", {"do": "deny", "service": "organizations"})
    error = probe.ask("list itrun-pool\n")["error"]
    assert error["kind"] == "denied" and "provider: list" in error["hint"]


def test_missing_credentials_and_region_are_said(aws, probe):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        probe.environment.pop(name)
    probe.run("whoami -\n", status=2)
    assert "no AWS credentials" in probe.stderr and "AWS_PROFILE" in probe.stderr
    probe.environment.update(aws.environment())
    probe.environment.pop("AWS_REGION"), probe.environment.pop("AWS_DEFAULT_REGION")
    probe.run("whoami -\n", status=2)
    assert "region" in probe.stderr


# The credentials endpoint


@pytest.fixture
def served(aws, probe):
    process = subprocess.Popen(probe.command("assume 0 s1\nwait\nserve 0\n"), env=probe.environment,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    process.stdout.readline()
    served = json.loads(process.stdout.readline())
    served["account"] = probe.ids[0]
    yield served
    process.stdin.close()
    assert process.wait(20) == 0
    process.stdout.close()


def ask_raw(served, request: bytes) -> bytes:
    port = int(re.search(r":(\d+)/", served["url"]).group(1))
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(request)
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
    return answer


def head(served, path="/17", token=None, method=b"GET"):
    authorization = (served["token"] if token is None else token).encode()
    return (method + b" " + path.encode() + b" HTTP/1.1\r\nHost: x\r\nAuthorization: " + authorization + b"\r\n\r\n")


def test_boto3_takes_its_credentials_from_the_endpoint(aws, served, monkeypatch):
    for name in [n for n in os.environ if n.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", served["url"])
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", served["token"])
    session = boto3.Session(region_name="eu-west-1")
    assert session.get_credentials().method == "container-role"
    identity = session.client("sts", endpoint_url=aws.url).get_caller_identity()
    assert identity["Account"] == served["account"]


def test_the_endpoint_answers_its_owner_only(served):
    answer = ask_raw(served, head(served))
    assert answer.startswith(b"HTTP/1.1 200 ")
    body = json.loads(answer.split(b"\r\n\r\n", 1)[1])
    assert set(body) == {"AccessKeyId", "SecretAccessKey", "Token", "Expiration"}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", body["Expiration"])
    assert re.fullmatch(r"[0-9a-f]{64}", served["token"])
    for token in ("", "0" * 64, served["token"][:-1], served["token"] + "0"):
        assert ask_raw(served, head(served, token=token)).startswith(b"HTTP/1.1 403 ")
    for path in ("/18", "/", "/17/", "/017", "/17?x=1", "/../17", "/99999999999999999999"):
        assert ask_raw(served, head(served, path=path)).startswith(b"HTTP/1.1 404 ")


def test_the_endpoint_refuses_what_no_sdk_sends(served):
    assert ask_raw(served, head(served, method=b"POST")).startswith(b"HTTP/1.1 405 ")
    assert ask_raw(served, b"hello\r\n\r\n").startswith(b"HTTP/1.1 400 ")
    long = b"GET /17 HTTP/1.1\r\nX: " + b"x" * 8174
    assert ask_raw(served, long[:8192]).startswith(b"HTTP/1.1 431 ")
    doubled = head(served)[:-2] + b"Authorization: " + served["token"].encode() + b"\r\n\r\n"
    assert ask_raw(served, doubled).startswith(b"HTTP/1.1 400 ")
    assert ask_raw(served, head(served)).startswith(b"HTTP/1.1 200 ")
