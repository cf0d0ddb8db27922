"""The way of one call: read, identify, verify, fault, moto, fault, log, answer."""

from __future__ import annotations

import io
import random
import re
import sys
import time
import traceback
import uuid
from datetime import datetime, timezone
from typing import Any, Callable, Iterable
from urllib.parse import unquote_to_bytes

from moto.server import DomainDispatcherApplication, create_backend_app

from . import signature
from .answers import Answer, Refusal, error_answer, refusal_answer
from .call import Call, read_call
from .control import answer_control
from .faults import Fault
from .identities import MANAGEMENT_ACCOUNT, SESSION_OPERATIONS, Identity
from .world import World

CONTROL_PREFIX = "/_emulator"
UNSIGNED_OPERATIONS = {"AssumeRoleWithWebIdentity", "AssumeRoleWithSAML"}
SESSION_NAME = re.compile(r"^[\w+=,.@-]{2,64}$")
ROLE_ARN = re.compile(r"^arn:aws[\w-]*:iam::\d{12}:role/.+$")
HTML_500 = b"<html><head><title>500</title></head><body><h1>Internal Server Error</h1></body></html>"


class Application:
    """A WSGI application. One instance serves all threads."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.moto = DomainDispatcherApplication(create_backend_app)

    def __call__(self, environ: dict[str, Any], start_response: Callable) -> Iterable[bytes]:
        body = _read_body(environ)
        path = environ["PATH_INFO"]
        if path == CONTROL_PREFIX or path.startswith(CONTROL_PREFIX + "/"):
            answer = answer_control(self.world, environ["REQUEST_METHOD"], path[len(CONTROL_PREFIX):],
                                    environ.get("QUERY_STRING", ""), body)
        else:
            answer = self._answer_aws(environ, body)
        if answer.is_reset:
            environ["emulator.reset"]()
            return []
        headers = [(n, v) for n, v in answer.headers
                   if n.lower() not in ("connection", "content-length", "transfer-encoding")]
        length = next((v for n, v in answer.headers if n.lower() == "content-length"), None)
        if environ["REQUEST_METHOD"] == "HEAD" and length:
            headers.append(("Content-Length", length))  # of the object, not of this answer
        elif answer.status not in (204, 304):
            headers.append(("Content-Length", str(len(answer.body))))
        if self.world.settings.clock_offset_s:
            headers = [(n, v) for n, v in headers if n.lower() != "date"]
            headers.append(("Date", _http_date(self._now_s())))
        start_response(answer.status_line, headers)
        if answer.is_cut:
            environ["emulator.cut"]()
            return [answer.body[: len(answer.body) // 2]]
        return [answer.body]

    def _now_s(self) -> float:
        return time.time() + self.world.settings.clock_offset_s

    def _answer_aws(self, environ: dict[str, Any], body: bytes) -> Answer:
        started = time.monotonic()
        call = read_call(environ["REQUEST_METHOD"], environ["emulator.target"],
                         environ["emulator.headers"], body)
        identity: Identity | None = None
        hits: list[Fault] = []
        try:
            identity = self._identify(call)
            self._check_session_request(call, identity)
            hits = self.world.faults.due(_facts(call, identity))
            answer = self._pass(call, identity, environ, body, hits)
        except Refusal as refusal:
            if refusal.violation:
                self.world.count_violation(refusal.violation)
            answer = refusal_answer(call.protocol, refusal)
        if not answer.header("x-amzn-requestid"):
            answer.headers.append(("x-amzn-RequestId", str(uuid.uuid4())))
        self._log(call, identity, answer, hits, started)
        return answer

    # Who calls

    def _identify(self, call: Call) -> Identity | None:
        if call.is_malformed:
            raise Refusal("malformed", violation="malformed_authorization")
        if call.access_key is None:
            if call.service == "sts" and call.operation in UNSIGNED_OPERATIONS:
                return None
            raise Refusal("unsigned", violation="unsigned")
        identity = self.world.identities.find(call.access_key)
        if identity is None:
            raise Refusal("unknown_key", violation="unknown_key")
        token = call.header("x-amz-security-token")
        if call.is_presigned and token is None:
            found = re.search(r"X-Amz-Security-Token=([^&]*)", call.query)
            token = unquote_to_bytes(found.group(1)).decode() if found else None
        if token != identity.token:
            raise Refusal("bad_token", violation="wrong_token")
        if self.world.settings.verify_signatures:
            signature.verify(call, identity, self._now_s(), self.world.settings.max_skew_s)
        if identity.has_expired(self._now_s()):
            raise Refusal("expired")
        return identity

    def _check_session_request(self, call: Call, identity: Identity | None) -> None:
        """What STS checks and moto does not."""
        if call.service != "sts" or call.operation != "AssumeRole":
            return
        if not ROLE_ARN.match(call.params.get("RoleArn", "")):
            raise _Invalid(f"{call.params.get('RoleArn')} is invalid")
        if not SESSION_NAME.match(call.params.get("RoleSessionName", "")):
            raise _Invalid("1 validation error detected: Value at 'roleSessionName' failed to satisfy "
                           "constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*")
        text = call.params.get("DurationSeconds", "3600")
        duration_s = int(text) if text.isdigit() else 0
        if not 900 <= duration_s <= 43_200:
            raise _Invalid("1 validation error detected: Value at 'durationSeconds' failed to satisfy "
                           "constraint: Member must have value between 900 and 43200")
        if identity and identity.role and duration_s > 3600:
            raise _Invalid("The requested DurationSeconds exceeds the 1 hour session limit for roles "
                           "assumed by role chaining")

    # What happens to it

    def _pass(self, call: Call, identity: Identity | None, environ: dict[str, Any], body: bytes,
              hits: list[Fault]) -> Answer:
        for fault in hits:
            if fault.do == "delay":
                time.sleep(fault.delay_ms / 1000)
        faults = [fault for fault in hits if fault.do != "delay"]
        answer: Answer | None = None
        # A cut answer needs one to cut: it always lets the call take effect.
        if not faults or faults[0].after or faults[0].do in ("truncate", "empty"):
            answer = self._ask_moto(call, identity, environ, body)
        for fault in faults[:1]:
            answer = _faulty(call, identity, fault, answer)
        assert answer is not None
        return answer

    def _ask_moto(self, call: Call, identity: Identity | None, environ: dict[str, Any],
                  body: bytes) -> Answer:
        account = identity.account if identity else call.target_account or MANAGEMENT_ACCOUNT
        environ["HTTP_X_MOTO_ACCOUNT_ID"] = account
        environ["wsgi.input"] = io.BytesIO(body)
        environ["CONTENT_LENGTH"] = str(len(body))
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        told: dict[str, Any] = {}

        def start_response(status: str, headers: list, exc_info: Any = None) -> Callable:
            told["status"], told["headers"] = int(status.split()[0]), list(headers)
            return lambda data: None

        try:
            result = self.moto(environ, start_response)
            content = b"".join(result)
            if hasattr(result, "close"):
                result.close()
        except Exception as problem:
            # moto knows no such operation, or broke: AWS would still answer in its dialect.
            traceback.print_exc(file=sys.stderr)
            return error_answer(call.protocol, "InternalFailure", f"{type(problem).__name__}: {problem}",
                                500)
        answer = Answer(told["status"], told["headers"], content)
        if answer.status >= 400:
            answer.error = _error_code(answer)
        elif call.service in ("sts", "iam") and call.operation in SESSION_OPERATIONS | {"CreateAccessKey"}:
            self.world.identities.learn(call, identity, content)
        return answer

    def _log(self, call: Call, identity: Identity | None, answer: Answer, hits: list[Fault],
             started: float) -> None:
        now = time.time()
        entry: dict[str, Any] = {
            "time": datetime.fromtimestamp(now, timezone.utc).isoformat(timespec="milliseconds"),
            "time_us": int(now * 1_000_000),
            "account": identity.account if identity else None,
            "service": call.service or None,
            "operation": call.operation or f"{call.method} {call.path}",
            "region": call.region or None,
            "status": answer.status,
            "error": answer.error,
            "stack": call.stack,
            "target_account": call.target_account,
            "session": identity.session if identity else None,
            "role": identity.role if identity else None,
            "access_key": call.access_key,
            "request_id": answer.header("x-amzn-requestid"),
            "params": call.logged_params(),
            "agent": (call.header("user-agent") or "")[:60],
            "duration_ms": round((time.monotonic() - started) * 1000, 1),
        }
        if hits:
            entry["faults"] = [fault.do for fault in hits]
        if answer.is_reset:
            entry["status"] = 0
        self.world.calls.write(entry)


class _Invalid(Refusal):
    def __init__(self, message: str):
        super().__init__("invalid", message)


def _facts(call: Call, identity: Identity | None) -> dict[str, str | None]:
    """What faults are matched against."""
    about = call.target_account or (identity.account if identity else None)
    role_arn = call.params.get("RoleArn", "") if call.service == "sts" else ""
    role = role_arn.rsplit("/", 1)[-1] or (identity.role if identity else None)
    session = call.params.get("RoleSessionName") or (identity.session if identity else None)
    return {"service": call.service, "operation": call.operation, "account": about, "role": role,
            "stack": call.stack, "session": session}


def _faulty(call: Call, identity: Identity | None, fault: Fault, answer: Answer | None) -> Answer:
    if fault.do == "deny":
        arn = identity.arn if identity else "anonymous"
        action = f"{call.service}:{call.operation}"
        resource = call.params.get("RoleArn")
        where = f" on resource: {resource}" if resource else ""
        return refusal_answer(call.protocol, Refusal(
            "denied", fault.message or f"User: {arn} is not authorized to perform: {action}{where}"))
    if fault.do == "throttle":
        return refusal_answer(call.protocol, Refusal("throttled", fault.message))
    if fault.do == "error":
        return error_answer(call.protocol, fault.code or "InternalFailure",
                            fault.message or "An error on request of the test", fault.status or 500)
    if fault.do == "html500":
        return Answer(fault.status or 500, [("Content-Type", "text/html")], HTML_500, error="html")
    if fault.do == "garbage":
        noise = random.Random(fault.hit).randbytes(512)
        return Answer(fault.status or 200, [("Content-Type", "text/xml")], noise, error="garbage")
    if fault.do == "reset":
        return Answer(200, [], b"", error="reset", is_reset=True)
    assert answer is not None
    if fault.do == "empty":
        return Answer(answer.status, answer.headers, b"", error="empty")
    return Answer(answer.status, answer.headers, answer.body, error="truncated", is_cut=True)


def _error_code(answer: Answer) -> str:
    text = answer.body[:4096].decode("utf-8", "replace")
    found = re.search(r"<Code>([^<]*)</Code>", text) or re.search(r'"__type"\s*:\s*"([^"]*)"', text)
    if found:
        return found.group(1).split("#")[-1]
    kind = answer.header("x-amzn-errortype")
    return kind.split(":")[0] if kind else str(answer.status)


def _read_body(environ: dict[str, Any]) -> bytes:
    if environ.get("wsgi.input_terminated"):
        return environ["wsgi.input"].read()
    length = int(environ.get("CONTENT_LENGTH") or 0)
    return environ["wsgi.input"].read(length) if length else b""


def _http_date(now_s: float) -> str:
    return time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(now_s))
