"""Access keys: whose they are, the secret they sign with, and when they end.

Two kinds are known: root keys given by configuration, and whatever the emulator
itself handed out (AssumeRole and its kin, CreateAccessKey), learnt from the
answers on their way out. Any other key is refused, as AWS does.
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from datetime import datetime, timezone

MANAGEMENT_ACCOUNT = "123456789012"
ROOT_ACCESS_KEY = "AKIAEMULATORROOT0000"
ROOT_SECRET = "emulator+root/secret0123456789abcdefghij"

SESSION_OPERATIONS = {
    "AssumeRole",
    "AssumeRoleWithWebIdentity",
    "AssumeRoleWithSAML",
    "GetSessionToken",
    "GetFederationToken",
}


@dataclass
class Identity:
    access_key: str
    secret: str
    account: str
    arn: str
    token: str | None = None
    session: str | None = None
    role: str | None = None
    expires_at: float | None = None

    def has_expired(self, now_s: float) -> bool:
        return self.expires_at is not None and now_s >= self.expires_at


class Identities:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._roots: dict[str, Identity] = {}
        self._known: dict[str, Identity] = {}
        self.add_root(ROOT_ACCESS_KEY, ROOT_SECRET, MANAGEMENT_ACCOUNT)

    def add_root(self, access_key: str, secret: str, account: str) -> None:
        arn = f"arn:aws:iam::{account}:user/root-{access_key[-4:].lower()}"
        with self._lock:
            self._roots[access_key] = Identity(access_key, secret, account, arn)

    def find(self, access_key: str) -> Identity | None:
        return self._known.get(access_key) or self._roots.get(access_key)

    def learn(self, call, caller: Identity | None, body: bytes) -> None:
        """Remember the keys that an answer hands out."""
        text = body.decode("utf-8", "replace")
        if call.service == "sts" and call.operation in SESSION_OPERATIONS:
            self._learn_session(call, caller, text)
        elif call.service == "iam" and call.operation == "CreateAccessKey" and caller:
            key, secret = _element(text, "AccessKeyId"), _element(text, "SecretAccessKey")
            user = _element(text, "UserName") or "user"
            if key and secret:
                arn = f"arn:aws:iam::{caller.account}:user/{user}"
                with self._lock:
                    self._known[key] = Identity(key, secret, caller.account, arn)

    def _learn_session(self, call, caller: Identity | None, text: str) -> None:
        key, secret = _element(text, "AccessKeyId"), _element(text, "SecretAccessKey")
        if not key or not secret:
            return
        role_arn = call.params.get("RoleArn", "")
        account = call.target_account or (caller.account if caller else MANAGEMENT_ACCOUNT)
        session = call.params.get("RoleSessionName") or call.params.get("Name")
        role = role_arn.rsplit("/", 1)[-1] or None
        arn = _element(text, "Arn") or f"arn:aws:sts::{account}:assumed-role/{role}/{session}"
        ends = _element(text, "Expiration")
        identity = Identity(
            key,
            secret,
            account,
            arn,
            token=_element(text, "SessionToken"),
            session=session,
            role=role,
            expires_at=_seconds(ends) if ends else None,
        )
        with self._lock:
            self._known[key] = identity

    def expire(self, now_s: float, account: str | None = None, access_key: str | None = None,
               session: str | None = None) -> int:
        """End the sessions that match; the next AssumeRole gives fresh ones."""
        ended = 0
        with self._lock:
            for identity in self._known.values():
                if identity.token is None or identity.has_expired(now_s):
                    continue
                if account not in (None, identity.account):
                    continue
                if access_key not in (None, identity.access_key):
                    continue
                if session not in (None, identity.session):
                    continue
                identity.expires_at = now_s
                ended += 1
        return ended

    def forget_sessions(self) -> None:
        with self._lock:
            self._known.clear()


def _element(text: str, name: str) -> str | None:
    found = re.search(rf"<{name}>([^<]*)</{name}>", text)
    if not found:
        found = re.search(rf'"{name}"\s*:\s*"([^"]*)"', text)
    return found.group(1) if found else None


def _seconds(iso: str) -> float | None:
    try:
        moment = datetime.fromisoformat(iso.replace("Z", "+00:00"))
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return moment.timestamp()
