"""What a request asks for: service, operation, parameters, in any of AWS's protocols."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote

# The parameters worth keeping in the log: they name things. Values of data
# (messages, items, parameters' values, tokens) never get there.
LOGGED_PARAMS = (
    "StackName", "ChangeSetName", "ChangeSetType", "ClientRequestToken", "RoleArn", "RoleSessionName",
    "DurationSeconds", "TableName", "QueueName", "QueueUrl", "TopicArn", "Name", "Names", "Bucket",
    "Key", "RoleName", "UserName", "PolicyName", "FunctionName", "ParentId", "AccountId",
    "AccountName", "NextToken", "logGroupName", "StackStatusFilter",
)

AUTHORIZATION = re.compile(
    r"^AWS4-HMAC-SHA256\s+Credential=(?P<credential>[^,\s]+)\s*,\s*"
    r"SignedHeaders=(?P<headers>[^,\s]+)\s*,\s*Signature=(?P<signature>[0-9a-fA-F]+)\s*$"
)
# The first host label of a target's prefix, where it is not the signing name.
TARGET_SERVICES = {"DynamoDB_20120810": "dynamodb", "AmazonSSM": "ssm", "AmazonSQS": "sqs",
                   "AWSOrganizationsV20161128": "organizations"}


@dataclass
class Call:
    method: str
    path: str
    query: str
    headers: list[tuple[str, str]]
    body: bytes
    access_key: str | None = None
    date_of_scope: str = ""
    region: str = ""
    service: str = ""
    operation: str = ""
    protocol: str = "query"
    signed_headers: list[str] = field(default_factory=list)
    signature: str = ""
    is_presigned: bool = False
    is_malformed: bool = False
    params: dict[str, str] = field(default_factory=dict)

    def header(self, name: str) -> str | None:
        values = self.header_values(name)
        return values[0] if values else None

    def header_values(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name]

    @property
    def target_account(self) -> str | None:
        """The account of the role that the call wants to assume."""
        if self.service == "sts" and "RoleArn" in self.params:
            parts = self.params["RoleArn"].split(":")
            return parts[4] if len(parts) > 5 else None
        return None

    @property
    def stack(self) -> str | None:
        name = self.params.get("StackName") if self.service == "cloudformation" else None
        if not name and self.service == "cloudformation":
            return None
        if name and name.startswith("arn:") and name.count("/") >= 2:
            return name.split("/")[1]
        return name

    def logged_params(self) -> dict[str, str]:
        return {name: self.params[name][:512] for name in LOGGED_PARAMS if name in self.params}


def read_call(method: str, target: str, headers: list[tuple[str, str]], body: bytes) -> Call:
    path, _, query = target.partition("?")
    if path.startswith("http://") or path.startswith("https://"):
        path = "/" + path.split("/", 3)[3] if path.count("/") > 2 else "/"
    call = Call(method, path or "/", query, headers, body)
    _read_signature(call)
    _read_operation(call)
    return call


def _read_signature(call: Call) -> None:
    queried = dict(parse_qsl(call.query, keep_blank_values=True))
    header = call.header("authorization")
    if header is not None:
        found = AUTHORIZATION.match(header)
        if not found:
            call.is_malformed = True
            return
        credential = found["credential"]
        call.signed_headers = found["headers"].split(";")
        call.signature = found["signature"]
    elif "X-Amz-Signature" in queried:
        call.is_presigned = True
        credential = queried.get("X-Amz-Credential", "")
        call.signed_headers = queried.get("X-Amz-SignedHeaders", "").split(";")
        call.signature = queried["X-Amz-Signature"]
    else:
        return
    parts = credential.rsplit("/", 4)
    if len(parts) != 5 or parts[4] != "aws4_request":
        call.is_malformed = True
        return
    call.access_key, call.date_of_scope, call.region, call.service = parts[:4]
    call.service = call.service.lower()


def _read_operation(call: Call) -> None:
    target = call.header("x-amz-target")
    content_type = (call.header("content-type") or "").lower()
    if target:
        prefix, _, call.operation = target.rpartition(".")
        call.protocol = "json"
        call.service = call.service or TARGET_SERVICES.get(prefix, prefix.lower())
        _take_json(call)
        return
    if call.service == "s3" or (not call.service and call.path != "/" and not call.body):
        call.service = call.service or "s3"
        call.protocol = "s3"
        _read_s3(call)
        return
    if content_type.startswith("application/x-www-form-urlencoded") or "Action=" in call.query:
        text = call.query + "&" + call.body.decode("utf-8", "replace")
        call.params = dict(parse_qsl(text, keep_blank_values=True))
        call.operation = call.params.get("Action", "")
        call.protocol = "ec2" if call.service == "ec2" else "query"
        if not call.service and call.operation in ("AssumeRoleWithWebIdentity", "AssumeRoleWithSAML"):
            call.service = "sts"
        return
    call.protocol = "rest-json"
    call.operation = _rest_operation(call)


def _take_json(call: Call) -> None:
    try:
        values = json.loads(call.body or b"{}")
    except ValueError:
        return
    if isinstance(values, dict):
        for name, value in values.items():
            if isinstance(value, (str, int, float, bool)):
                call.params[name] = str(value)
            elif isinstance(value, list) and all(isinstance(item, str) for item in value):
                call.params[name] = ",".join(value)


# S3 tells its operations apart by method and sub-resource.
S3_ON_BUCKET = {"GET": "ListObjects", "PUT": "CreateBucket", "DELETE": "DeleteBucket",
                "HEAD": "HeadBucket", "POST": "PostObject"}
S3_ON_KEY = {"GET": "GetObject", "PUT": "PutObject", "DELETE": "DeleteObject", "HEAD": "HeadObject",
             "POST": "PostObject"}
S3_VERBS = {"GET": "Get", "PUT": "Put", "DELETE": "Delete", "HEAD": "Head", "POST": "Post"}
S3_SUBRESOURCES = {"acl", "cors", "encryption", "lifecycle", "location", "logging", "notification",
                   "policy", "tagging", "versioning", "website", "publicAccessBlock", "attributes"}


def _read_s3(call: Call) -> None:
    bucket, _, key = unquote(call.path.lstrip("/")).partition("/")
    query = dict(parse_qsl(call.query, keep_blank_values=True))
    if bucket:
        call.params["Bucket"] = bucket
    if key:
        call.params["Key"] = key
    sub = next((name for name in query if name in S3_SUBRESOURCES), None)
    if not bucket:
        call.operation = "ListBuckets"
    elif "delete" in query and call.method == "POST":
        call.operation = "DeleteObjects"
    elif "uploads" in query or "uploadId" in query:
        call.operation = "MultipartUpload" if call.method != "PUT" else "UploadPart"
    elif sub:
        name = sub[0].upper() + sub[1:]
        call.operation = f"{S3_VERBS.get(call.method, call.method)}{'Object' if key else 'Bucket'}{name}"
    elif key:
        call.operation = S3_ON_KEY.get(call.method, call.method)
        if call.method == "PUT" and call.header("x-amz-copy-source"):
            call.operation = "CopyObject"
    else:
        call.operation = S3_ON_BUCKET.get(call.method, call.method)
        if query.get("list-type") == "2":
            call.operation = "ListObjectsV2"


def _rest_operation(call: Call) -> str:
    """Lambda's and other REST services' operations carry no name: give method and path."""
    return f"{call.method} {call.path}"
