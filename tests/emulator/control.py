"""The HTTP API under /_emulator/: look at what happened, decide what happens.

    GET  /health                     {"ok": true}
    GET  /calls?since=N&account=…    the logged calls (any field of an entry filters)
    GET  /summary                    counts by operation and error, violations
    GET  /violations                 counts by kind; POST /violations/clear
    POST /calls/clear                forget the calls in memory (the file stays)
    GET  /settings                   POST {"in_progress_polls": 2}
    GET  /faults                     POST a fault or a list; POST /faults/clear {"id": 3} or {}
    POST /expire                     {"account": …} | {"access_key": …} | {"session": …} | {}
    GET  /stacks?account=…           every stack as it really is
    POST /stacks/status              {"account", "stack", "status"} and, if wanted, "region",
                                     "reason", "polls", "then", "token", "create"
    POST /reset                      moto's state, sessions, faults and calls; settings stay
"""

from __future__ import annotations

import json
import time
from typing import Any
from urllib.parse import parse_qsl

from .answers import Answer, error_answer
from .world import World

DEFAULT_REGION = "eu-west-1"


class Unknown(Exception):
    """No such path."""


def answer_control(world: World, method: str, path: str, query: str, body: bytes) -> Answer:
    try:
        asked = json.loads(body) if body else {}
        result = _handle(world, method, path.rstrip("/"), dict(parse_qsl(query)), asked)
    except Unknown:
        return error_answer("json", "NotFound", f"no {method} /_emulator{path}", 404)
    except (ValueError, KeyError, TypeError) as problem:
        return error_answer("json", "BadRequest", str(problem) or type(problem).__name__, 400)
    content = json.dumps(result, default=str).encode() + b"\n"
    return Answer(200, [("Content-Type", "application/json")], content)


def _handle(world: World, method: str, path: str, query: dict[str, str], asked: Any) -> Any:
    handler = HANDLERS.get((method, path))
    if handler is None:
        raise Unknown
    return handler(world, query, asked)


def _calls(world: World, query: dict[str, str], _: Any) -> Any:
    since = int(query.pop("since", "0"))
    return {"calls": world.calls.select(since, **query)}


def _summary(world: World, _query: dict[str, str], _: Any) -> Any:
    return {**world.calls.summary(), "violations": dict(world.violations)}


def _clear_calls(world: World, _query: dict[str, str], _: Any) -> Any:
    world.calls.forget()
    return {"ok": True}


def _clear_violations(world: World, _query: dict[str, str], _: Any) -> Any:
    world.violations.clear()
    return {"ok": True}


def _change_settings(world: World, _query: dict[str, str], asked: Any) -> Any:
    world.settings.change(asked)
    return world.settings.as_dict()


def _add_faults(world: World, _query: dict[str, str], asked: Any) -> Any:
    wanted = asked if isinstance(asked, list) else [asked]
    return {"ids": [world.faults.add(fault) for fault in wanted]}


def _clear_faults(world: World, _query: dict[str, str], asked: Any) -> Any:
    return {"cleared": world.faults.clear(asked.get("id"))}


def _expire(world: World, _query: dict[str, str], asked: Any) -> Any:
    now_s = time.time() + world.settings.clock_offset_s
    return {"expired": world.identities.expire(now_s, **asked)}


def _stacks(_world: World, query: dict[str, str], _: Any) -> Any:
    from .lifecycle import describe_all

    return {"stacks": describe_all(query.get("account"))}


def _set_status(_world: World, _query: dict[str, str], asked: Any) -> Any:
    from .lifecycle import set_status

    set_status(asked["account"], asked.get("region", DEFAULT_REGION), asked["stack"], asked["status"],
               asked.get("reason"), asked.get("polls"), asked.get("then"), asked.get("token"),
               bool(asked.get("create")))
    return {"ok": True}


def _reset(world: World, _query: dict[str, str], _: Any) -> Any:
    from moto.moto_api._internal import moto_api_backend

    moto_api_backend.reset()
    world.identities.forget_sessions()
    world.faults.clear()
    world.calls.forget()
    world.violations.clear()
    return {"ok": True}


HANDLERS = {
    ("GET", "/health"): lambda world, query, asked: {"ok": True},
    ("GET", "/calls"): _calls,
    ("POST", "/calls/clear"): _clear_calls,
    ("GET", "/summary"): _summary,
    ("GET", "/violations"): lambda world, query, asked: dict(world.violations),
    ("POST", "/violations/clear"): _clear_violations,
    ("GET", "/settings"): lambda world, query, asked: world.settings.as_dict(),
    ("POST", "/settings"): _change_settings,
    ("GET", "/faults"): lambda world, query, asked: {"faults": world.faults.as_list()},
    ("POST", "/faults"): _add_faults,
    ("POST", "/faults/clear"): _clear_faults,
    ("POST", "/expire"): _expire,
    ("GET", "/stacks"): _stacks,
    ("POST", "/stacks/status"): _set_status,
    ("POST", "/reset"): _reset,
}
