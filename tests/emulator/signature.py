"""Every signature, recomputed from the raw request by botocore.

botocore's signer is the independent opinion: it builds the canonical request,
the string to sign and the key chain; here we only hand it what arrived on the
wire, in the form in which AWS reads it.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from datetime import datetime, timezone
from types import SimpleNamespace
from urllib.parse import parse_qsl, quote, unquote_to_bytes

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials

from .answers import Refusal
from .call import Call
from .identities import Identity

TIMESTAMP = re.compile(r"^\d{8}T\d{6}Z$")
HEX_DIGEST = re.compile(r"^[0-9a-f]{64}$")


class _Signed:
    """Sign exactly the headers the client says it signed."""

    def headers_to_sign(self, request):
        return request.headers

    def payload(self, request):
        return request.payload


class _Signer(_Signed, SigV4Auth):
    pass


class _S3Signer(_Signed, S3SigV4Auth):
    pass


def verify(call: Call, identity: Identity, now_s: float, max_skew_s: int) -> None:
    """Raise Refusal unless the signature is what the key's secret makes of this request."""
    timestamp = _timestamp(call)
    _check_signed_headers(call)
    _check_time(call, timestamp, now_s, max_skew_s)
    payload = _payload(call)
    request = SimpleNamespace(
        method=call.method,
        url=f"http://{call.header('host')}{_path(call)}{_query(call)}",
        params=None,
        headers=_headers(call),
        context={"timestamp": timestamp},
        payload=payload,
    )
    kind = _S3Signer if call.service == "s3" else _Signer
    signer = kind(Credentials(identity.access_key, identity.secret), call.service, call.region)
    canonical = signer.canonical_request(request)
    expected = signer.signature(signer.string_to_sign(request, canonical), request)
    if not hmac.compare_digest(expected, call.signature):
        if identity.token:
            canonical = canonical.replace(identity.token, "(token)")
        raise Refusal(
            "signature",
            "The request signature we calculated does not match the signature you provided. Check "
            "your AWS Secret Access Key and signing method. Consult the service documentation for "
            f"details.\n\nThe Canonical String for this request should have been\n'{canonical}'",
            violation="wrong_signature",
        )


def _timestamp(call: Call) -> str:
    if call.is_presigned:
        stamps = [value for name, value in _pairs(call.query) if name == "X-Amz-Date"]
    else:
        stamps = call.header_values("x-amz-date")
    if len(stamps) != 1:
        raise Refusal("signature", f"The request has {len(stamps)} dates where one is wanted "
                      "(X-Amz-Date)", violation="not_one_date")
    if not TIMESTAMP.match(stamps[0]):
        raise Refusal("signature", "Date must be in ISO-8601 'basic format'. Got "
                      f"'{stamps[0]}'.", violation="bad_date")
    if stamps[0][:8] != call.date_of_scope:
        raise Refusal("signature", "Date in Credential scope does not match YYYYMMDD from ISO-8601 "
                      f"version of date from HTTP: '{call.date_of_scope}' != '{stamps[0][:8]}'.",
                      violation="bad_date")
    return stamps[0]


def _check_signed_headers(call: Call) -> None:
    signed = call.signed_headers
    if signed != sorted(set(signed)) or any(name != name.lower() for name in signed):
        raise Refusal("signature", "SignedHeaders must be in lower case, sorted, each once: "
                      f"'{';'.join(signed)}'", violation="unsorted_headers")
    present = {name.lower() for name, _ in call.headers}
    missing = [name for name in signed if name not in present]
    if missing:
        raise Refusal("signature", f"Signed headers are not in the request: {', '.join(missing)}",
                      violation="signed_but_not_sent")
    if "host" not in signed:
        raise Refusal("signature", "'Host' must be a 'SignedHeader' in the AWS Authorization.",
                      violation="unsigned_header")
    unsigned = sorted(
        name for name in present if name.startswith("x-amz-") and name not in signed
    )
    if unsigned and not call.is_presigned:
        raise Refusal("signature", "There were headers present in the request which were not "
                      f"signed: {', '.join(unsigned)}", violation="unsigned_header")


def _check_time(call: Call, timestamp: str, now_s: float, max_skew_s: int) -> None:
    signed_at = datetime.strptime(timestamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
    age_s = now_s - signed_at.timestamp()
    if call.is_presigned:
        lifetime_s = int(dict(_pairs(call.query)).get("X-Amz-Expires", "3600"))
        if age_s > lifetime_s:
            raise Refusal("denied", "Request has expired")
        return
    if abs(age_s) <= max_skew_s:
        return
    now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now_s))
    if call.protocol == "s3":
        message = "The difference between the request time and the current time is too large."
    elif age_s > 0:
        earliest = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now_s - max_skew_s))
        message = (f"Signature expired: {timestamp} is now earlier than {earliest} "
                   f"({now} - {max_skew_s // 60} min.)")
    else:
        latest = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now_s + max_skew_s))
        message = (f"Signature not yet current: {timestamp} is still later than {latest} "
                   f"({now} + {max_skew_s // 60} min.)")
    raise Refusal("skewed", message, violation="clock_skew")


def _payload(call: Call) -> str:
    declared = call.header("x-amz-content-sha256")
    if call.is_presigned and call.service == "s3":
        return declared or "UNSIGNED-PAYLOAD"
    actual = hashlib.sha256(call.body).hexdigest()
    if declared is None:
        if call.service == "s3":
            raise Refusal("payload", "Missing required header for this request: "
                          "x-amz-content-sha256", violation="payload_hash")
        return actual
    if HEX_DIGEST.match(declared):
        if declared != actual:
            raise Refusal("payload", violation="payload_hash")
        return declared
    # UNSIGNED-PAYLOAD and the STREAMING-… forms stand for themselves.
    if declared != "UNSIGNED-PAYLOAD" and not declared.startswith("STREAMING-"):
        raise Refusal("payload", "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-… or a "
                      "valid sha256 value.", violation="payload_hash")
    return declared


def _headers(call: Call) -> HTTPHeaders:
    headers = HTTPHeaders()
    for name, value in call.headers:
        if name.lower() in call.signed_headers:
            headers[name.lower()] = value  # appends: a repeated header stays repeated
    return headers


def _path(call: Call) -> str:
    if call.service == "s3":
        return quote(unquote_to_bytes(call.path), safe="/~")
    return call.path


def _query(call: Call) -> str:
    """The query as AWS reads it: decoded and encoded again, so that %2f is %2F."""
    pairs = [(n, v) for n, v in _pairs(call.query) if n != "X-Amz-Signature"]
    if not pairs:
        return ""
    return "?" + "&".join(f"{quote(n, safe='-_.~')}={quote(v, safe='-_.~')}" for n, v in pairs)


def _pairs(query: str) -> list[tuple[str, str]]:
    # A plus sign means itself in a query that AWS signs.
    return parse_qsl(query.replace("+", "%2B"), keep_blank_values=True)
