"""Error answers, each in the dialect of the protocol that was spoken to us."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from http import HTTPStatus
from xml.sax.saxutils import escape

# What one refusal is called: query services, JSON services, S3; with the HTTP status.
REFUSALS = {
    "signature": (("SignatureDoesNotMatch", 403), ("InvalidSignatureException", 400),
                  ("SignatureDoesNotMatch", 403)),
    "unknown_key": (("InvalidClientTokenId", 403), ("UnrecognizedClientException", 400),
                    ("InvalidAccessKeyId", 403)),
    "bad_token": (("InvalidClientTokenId", 403), ("UnrecognizedClientException", 400),
                  ("InvalidToken", 400)),
    "unsigned": (("MissingAuthenticationToken", 403), ("MissingAuthenticationTokenException", 400),
                 ("AccessDenied", 403)),
    "malformed": (("IncompleteSignature", 400), ("IncompleteSignatureException", 400),
                  ("AuthorizationHeaderMalformed", 400)),
    "expired": (("ExpiredToken", 403), ("ExpiredTokenException", 400), ("ExpiredToken", 400)),
    "skewed": (("SignatureDoesNotMatch", 403), ("InvalidSignatureException", 400),
               ("RequestTimeTooSkewed", 403)),
    "payload": (("SignatureDoesNotMatch", 403), ("InvalidSignatureException", 400),
                ("XAmzContentSHA256Mismatch", 400)),
    "denied": (("AccessDenied", 403), ("AccessDeniedException", 400), ("AccessDenied", 403)),
    "throttled": (("Throttling", 400), ("ThrottlingException", 400), ("SlowDown", 503)),
    "invalid": (("ValidationError", 400), ("ValidationException", 400), ("InvalidArgument", 400)),
    "internal": (("InternalFailure", 500), ("InternalFailure", 500), ("InternalError", 500)),
}

MESSAGES = {
    "signature": "The request signature we calculated does not match the signature you provided. "
                 "Check your AWS Secret Access Key and signing method. Consult the service "
                 "documentation for details.",
    "unknown_key": "The security token included in the request is invalid.",
    "bad_token": "The security token included in the request is invalid.",
    "unsigned": "Request is missing Authentication Token",
    "malformed": "Authorization header requires 'Credential', 'Signature' and 'SignedHeaders'.",
    "expired": "The security token included in the request is expired",
    "payload": "The provided 'x-amz-content-sha256' header does not match what was computed.",
    "throttled": "Rate exceeded",
}


@dataclass
class Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes
    error: str | None = None
    # Close the connection instead of answering, or answer and then cut short.
    is_reset: bool = False
    is_cut: bool = False

    @property
    def status_line(self) -> str:
        try:
            return f"{self.status} {HTTPStatus(self.status).phrase}"
        except ValueError:
            return f"{self.status} Unknown"

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name), None)


class Refusal(Exception):
    """A call is refused before moto sees it."""

    def __init__(self, kind: str, message: str | None = None, violation: str | None = None):
        super().__init__(kind)
        self.kind = kind
        self.message = message or MESSAGES.get(kind, kind)
        self.violation = violation


def refusal_answer(protocol: str, refusal: Refusal) -> Answer:
    query, other, s3 = REFUSALS[refusal.kind]
    code, status = {"query": query, "ec2": query, "s3": s3}.get(protocol, other)
    return error_answer(protocol, code, refusal.message, status)


def error_answer(protocol: str, code: str, message: str, status: int) -> Answer:
    request_id = str(uuid.uuid4())
    headers = [("x-amzn-RequestId", request_id)]
    code_xml, message_xml = escape(code), escape(message)
    if protocol == "query":
        kind = "Receiver" if status >= 500 else "Sender"
        body = (f"<ErrorResponse><Error><Type>{kind}</Type><Code>{code_xml}</Code>"
                f"<Message>{message_xml}</Message></Error>"
                f"<RequestId>{request_id}</RequestId></ErrorResponse>")
        headers.append(("Content-Type", "text/xml"))
    elif protocol == "ec2":
        body = (f"<Response><Errors><Error><Code>{code_xml}</Code><Message>{message_xml}</Message>"
                f"</Error></Errors><RequestID>{request_id}</RequestID></Response>")
        headers.append(("Content-Type", "text/xml"))
    elif protocol == "s3":
        body = (f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code_xml}</Code>'
                f"<Message>{message_xml}</Message><RequestId>{request_id}</RequestId></Error>")
        headers += [("Content-Type", "application/xml"), ("x-amz-request-id", request_id)]
    else:
        body = json.dumps({"__type": f"com.amazon.coral.service#{code}", "message": message})
        headers += [("Content-Type", "application/x-amz-json-1.0"), ("x-amzn-ErrorType", code)]
    return Answer(status, headers, body.encode(), error=code)
