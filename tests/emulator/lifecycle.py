"""The life of a CloudFormation stack, as AWS lets it go.

moto creates, changes and deletes the resources; the life of a stack is ours:

    CREATE_IN_PROGRESS (polls) ─► CREATE_COMPLETE
           └ a provider fails ──► ROLLBACK_IN_PROGRESS ─► ROLLBACK_COMPLETE
                                  (CREATE_FAILED with DisableRollback, gone with OnFailure=DELETE)
    UPDATE_IN_PROGRESS (polls) ─► [UPDATE_COMPLETE_CLEANUP_IN_PROGRESS] ─► UPDATE_COMPLETE
           └ a provider fails ──► UPDATE_ROLLBACK_IN_PROGRESS ─► UPDATE_ROLLBACK_COMPLETE
                                  (UPDATE_FAILED with DisableRollback)
    DELETE_IN_PROGRESS (polls) ─► gone from the list, DELETE_COMPLETE by id; or DELETE_FAILED

Resources change at once, when the operation is asked for; what an observer sees
(status, outputs, events) follows poll by poll, counted by DescribeStacks alone.
Everything in here runs under one lock an account.
"""

from __future__ import annotations

import threading
import warnings
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any, Callable

from moto.cloudformation import parsing
from moto.cloudformation.exceptions import CloudFormationError, ValidationError
from moto.cloudformation.models import Event, Stack, cloudformation_backends
from moto.cloudformation.utils import generate_stack_id
from moto.core.utils import utcnow

from . import templates
from .world import WORLD

STATUSES = (
    "CREATE_IN_PROGRESS", "CREATE_FAILED", "CREATE_COMPLETE", "ROLLBACK_IN_PROGRESS",
    "ROLLBACK_FAILED", "ROLLBACK_COMPLETE", "DELETE_IN_PROGRESS", "DELETE_FAILED",
    "DELETE_COMPLETE", "UPDATE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
    "UPDATE_COMPLETE", "UPDATE_FAILED", "UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_FAILED",
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE",
    "REVIEW_IN_PROGRESS", "IMPORT_IN_PROGRESS", "IMPORT_COMPLETE", "IMPORT_ROLLBACK_IN_PROGRESS",
    "IMPORT_ROLLBACK_FAILED", "IMPORT_ROLLBACK_COMPLETE",
)
UPDATABLE = {
    "CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "UPDATE_FAILED",
    "IMPORT_COMPLETE", "IMPORT_ROLLBACK_COMPLETE",
}
# DeleteStack may interrupt a creation, nothing else.
UNDELETABLE = {status for status in STATUSES if status.endswith("_IN_PROGRESS")} - {
    "CREATE_IN_PROGRESS", "REVIEW_IN_PROGRESS", "DELETE_IN_PROGRESS",
}
# States in which the stack has no usable outputs.
WITHOUT_OUTPUTS = {
    "CREATE_IN_PROGRESS", "CREATE_FAILED", "ROLLBACK_IN_PROGRESS", "ROLLBACK_FAILED",
    "ROLLBACK_COMPLETE", "DELETE_IN_PROGRESS", "DELETE_COMPLETE", "REVIEW_IN_PROGRESS",
}
ALWAYS_FAILS = "Custom::AlwaysFails"

_locks: defaultdict[tuple[str, str], threading.RLock] = defaultdict(threading.RLock)
_locks_lock = threading.Lock()


def account_lock(account: str, region: str) -> threading.RLock:
    with _locks_lock:
        return _locks[(account, region)]


class ResourceFailure(Exception):
    """A resource that could not be made: its name, its type and why."""

    def __init__(self, reason: str, logical_id: str | None = None, kind: str | None = None):
        super().__init__(reason)
        self.reason = reason
        self.logical_id = logical_id
        self.kind = kind


@dataclass
class Phase:
    """One status of a running operation: how many polls see it, what happens when it starts."""

    status: str
    polls: int = 0
    reason: str | None = None
    on_entry: Callable[[], None] | None = None


@dataclass
class Life:
    """What moto's Stack does not keep."""

    phases: list[Phase] = field(default_factory=list)
    polls_left: int = 0
    outputs: list[dict[str, Any]] | None = None
    tokens: set[tuple[str, str]] = field(default_factory=set)
    token: str | None = None
    rollback_failures: int = 0


def life_of(stack: Stack) -> Life:
    if not hasattr(stack, "life"):
        stack.life = Life()
        stack.life.outputs = MOTO_OUTPUTS.fget(stack) if stack.status not in WITHOUT_OUTPUTS else None
    return stack.life


MOTO_OUTPUTS = Stack.outputs


def shown_outputs(stack: Stack) -> list[dict[str, Any]] | None:
    # moto computes outputs at each look, and would make missing resources anew for that.
    if stack.status in WITHOUT_OUTPUTS:
        return None
    return life_of(stack).outputs


def shown_parameters(stack: Stack) -> list[dict[str, Any]]:
    slots = stack.template_dict.get("Parameters", {})
    return [
        {"ParameterKey": name,
         "ParameterValue": "****" if slots.get(name, {}).get("NoEcho") else value}
        for name, value in stack.parameters.items()
    ]


def add_event(stack: Stack, status: str, reason: str | None = None,
              logical_id: str | None = None, kind: str | None = None) -> None:
    event = Event(
        stack_id=stack.stack_id,
        stack_name=stack.name,
        logical_resource_id=logical_id or stack.name,
        physical_resource_id="" if logical_id else stack.stack_id,
        resource_type=kind or "AWS::CloudFormation::Stack",
        resource_status=status,
        resource_status_reason=reason,
        resource_properties=None,
    )
    event.client_request_token = life_of(stack).token
    event.sendToSns(stack.account_id, stack.region_name, stack.notification_arns)
    stack.events.append(event)


# --- the life of an operation ---------------------------------------------------------------


def run(stack: Stack, phases: list[Phase]) -> None:
    """Go through the phases: at once where nobody is to see them, else poll by poll."""
    life = life_of(stack)
    life.phases = phases
    _next_phase(stack, life)


def _next_phase(stack: Stack, life: Life) -> None:
    while life.phases:
        phase = life.phases.pop(0)
        stack.status = phase.status
        stack.status_reason = phase.reason
        if phase.on_entry:
            phase.on_entry()
        add_event(stack, phase.status, phase.reason)
        if phase.polls > 0:
            life.polls_left = phase.polls
            return
    life.polls_left = 0


def poll(stack: Stack) -> None:
    """One DescribeStacks looks at the stack."""
    life = life_of(stack)
    if life.polls_left > 0:
        life.polls_left -= 1
    elif life.phases:
        _next_phase(stack, life)
        if life.polls_left > 0:
            life.polls_left -= 1


def begin(stack: Stack, operation: str, token: str | None) -> None:
    life = life_of(stack)
    life.token = token
    if token:
        life.tokens.add((operation, token))


def is_repeat(stack: Stack, operation: str, token: str | None) -> bool:
    """The same token on the same operation is the same request, answered again."""
    if not token:
        return False
    tokens = life_of(stack).tokens
    if (operation, token) in tokens:
        return True
    if any(token == other for _, other in tokens):
        raise CloudFormationError("TokenAlreadyExistsException",
                               f"A client request token already exists: {token}")
    return False


def planned_failure(stack: Stack, operation: str, tree: dict[str, Any]) -> None:
    """Raise what the template or a fault says must fail, before moto has done anything."""
    for name, resource in tree["Resources"].items():
        if resource["Type"] == ALWAYS_FAILS:
            reason = (resource.get("Properties") or {}).get("Reason", "this resource always fails")
            raise ResourceFailure(str(reason), name, ALWAYS_FAILS)
    facts = {"service": "cloudformation", "operation": operation, "account": stack.account_id,
             "stack": stack.name}
    for fault in WORLD.faults.due(facts, stacks=True):
        name = next(iter(tree["Resources"]))
        raise ResourceFailure(fault.message or "Resource creation failed on request of the test",
                              name, tree["Resources"][name]["Type"])


def as_failure(problem: Exception) -> ResourceFailure:
    if isinstance(problem, ResourceFailure):
        return problem
    text = getattr(problem, "message", None) or getattr(problem, "description", None) or str(problem)
    return ResourceFailure(f"{type(problem).__name__}: {text}")


# --- creating -------------------------------------------------------------------------------


def make_resources(backend: Any, stack: Stack, operation: str) -> None:
    try:
        planned_failure(stack, operation, stack.template_dict)
        stack.create_resources()
        if stack.events and stack.events[-1].resource_status == "CREATE_COMPLETE":
            stack.events.pop()  # ours comes when it is seen
        life_of(stack).outputs = MOTO_OUTPUTS.fget(stack)
        publish_exports(backend, stack)
    except Exception as problem:
        raise as_failure(problem) from problem


def publish_exports(backend: Any, stack: Stack) -> None:
    withdraw_exports(backend, stack)
    for export in stack.exports:
        owner = backend.exports.get(export.name)
        if owner is not None:
            raise ResourceFailure(f"Export with name {export.name} is already exported by stack "
                                  f"{owner.exporting_stack_id}.")
        backend.exports[export.name] = export


def withdraw_exports(backend: Any, stack: Stack) -> None:
    for name in [n for n, e in backend.exports.items() if e.exporting_stack_id == stack.stack_id]:
        del backend.exports[name]


def remove_resources(stack: Stack) -> None:
    made = {name for name in stack.resource_map._parsed_resources}
    stack.resource_map._resource_json_map = {
        name: resource for name, resource in stack.resource_map._resource_json_map.items()
        if name in made
    }
    stack.resource_map.delete()


def create(backend: Any, stack: Stack, polls: int, on_failure: str, operation: str) -> None:
    add_event(stack, "CREATE_IN_PROGRESS", "User Initiated")
    try:
        make_resources(backend, stack, operation)
    except ResourceFailure as failure:
        _fail_creation(backend, stack, polls, on_failure, failure)
        return
    if stack.status == "CREATE_IN_PROGRESS":
        return  # a custom resource has not answered yet
    stack.status = "CREATE_IN_PROGRESS"
    phases = [Phase("CREATE_COMPLETE")]
    life_of(stack).phases = phases
    life_of(stack).polls_left = polls
    if polls == 0:
        _next_phase(stack, life_of(stack))


def _fail_creation(backend: Any, stack: Stack, polls: int, on_failure: str,
                   failure: ResourceFailure) -> None:
    withdraw_exports(backend, stack)
    add_event(stack, "CREATE_FAILED", failure.reason, failure.logical_id or "Resource",
              failure.kind or "AWS::CloudFormation::CustomResource")
    names = f"[{failure.logical_id or 'Resource'}]"
    reason = f"The following resource(s) failed to create: {names}."
    if on_failure == "DO_NOTHING":
        phases = [Phase("CREATE_FAILED", reason=reason)]
    else:
        try:
            remove_resources(stack)
        except Exception as problem:
            warnings.warn(f"rollback of {stack.name} left something behind: {problem}", stacklevel=1)
        if on_failure == "DELETE":
            phases = [Phase("DELETE_IN_PROGRESS", 1 if polls else 0, reason),
                      Phase("DELETE_COMPLETE", on_entry=lambda: bury(backend, stack))]
        else:
            asked = f"{reason} Rollback requested by user."
            phases = [Phase("ROLLBACK_IN_PROGRESS", 1 if polls else 0, asked),
                      Phase("ROLLBACK_COMPLETE", reason=reason)]
    stack.status = "CREATE_IN_PROGRESS"
    life = life_of(stack)
    life.phases, life.polls_left = phases, polls
    if polls == 0:
        _next_phase(stack, life)


# --- updating -------------------------------------------------------------------------------


_names = threading.local()
_moto_resource_name = parsing.generate_resource_name


def stable_resource_name(resource_type: str, stack_name: str, logical_id: str) -> str:
    # moto draws a new random name at each update; AWS keeps the one that exists.
    existing = getattr(_names, "existing", {}).get(logical_id)
    return existing or _moto_resource_name(resource_type, stack_name, logical_id)


def _apply(stack: Stack, body: str, parameters: dict[str, str]) -> None:
    """Let moto change the resources."""
    resources = stack.resource_map
    before = dict(resources._parsed_resources)
    _names.existing = {
        name: resource.name for name, resource in before.items()
        if isinstance(getattr(resource, "name", None), str)
    }
    try:
        stack.template = body
        stack._parse_template()
        if not parameters:
            resources.input_parameters = {}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            resources.update(stack.template_dict, parameters)
    finally:
        _names.existing = {}
    for name, resource in before.items():
        # moto drops a resource whose type it cannot change; it still exists.
        if resource is not None and resources._parsed_resources.get(name) is None:
            if name in resources._resource_json_map:
                resources._parsed_resources[name] = resource
    stack.parameters = parameters
    stack.description = stack.template_dict.get("Description")
    stack.output_map = stack._create_output_map()


def update(backend: Any, stack: Stack, body: str, parameters: dict[str, str],
           tags: dict[str, str] | None, polls: int, disable_rollback: bool, operation: str) -> None:
    """Change the stack; tags=None keeps the tags."""
    life = life_of(stack)
    old = (stack.template, stack.parameters, stack.tags, life.outputs)
    stack.last_updated_time = utcnow()
    add_event(stack, "UPDATE_IN_PROGRESS", "User Initiated")
    stack.status = "UPDATE_IN_PROGRESS"
    stack.status_reason = "User Initiated"
    try:
        planned_failure(stack, operation, templates.parse(body))
        if body != stack.template or parameters != stack.parameters:
            _apply(stack, body, parameters)
        new_outputs = MOTO_OUTPUTS.fget(stack)
        publish_exports(backend, stack)
    except Exception as problem:
        _fail_update(backend, stack, old, polls, disable_rollback, as_failure(problem))
        return
    if tags is not None:
        stack.tags = tags

    def show_outputs() -> None:
        life.outputs = new_outputs

    cleanup = WORLD.settings.cleanup_polls
    phases = [Phase("UPDATE_COMPLETE", on_entry=show_outputs)]
    if cleanup:
        phases.insert(0, Phase("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", cleanup, on_entry=show_outputs))
    life.phases, life.polls_left = phases, polls
    if polls == 0:
        _next_phase(stack, life)


def _fail_update(backend: Any, stack: Stack, old: tuple, polls: int, disable_rollback: bool,
                 failure: ResourceFailure) -> None:
    life = life_of(stack)
    body, parameters, tags, outputs = old
    add_event(stack, "UPDATE_FAILED", failure.reason, failure.logical_id or "Resource",
              failure.kind or "AWS::CloudFormation::CustomResource")
    reason = f"The following resource(s) failed to update: [{failure.logical_id or 'Resource'}]."
    if disable_rollback:
        phases = [Phase("UPDATE_FAILED", reason=reason)]
    else:
        final = Phase("UPDATE_ROLLBACK_COMPLETE", reason=reason)
        try:
            if stack.template != body or stack.parameters != parameters:
                _apply(stack, body, parameters)
            stack.tags = tags
            publish_exports(backend, stack)
        except Exception as problem:
            final = Phase("UPDATE_ROLLBACK_FAILED", reason=as_failure(problem).reason)
        life.outputs = outputs
        phases = [Phase("UPDATE_ROLLBACK_IN_PROGRESS", 1 if polls else 0, reason), final]
    life.phases, life.polls_left = phases, polls
    if polls == 0:
        _next_phase(stack, life)


def is_unchanged(stack: Stack, tree: dict[str, Any], parameters: dict[str, str],
                 tags: dict[str, str] | None) -> bool:
    return (
        templates.parse(stack.template) == tree  # moto writes into its own copy
        and stack.parameters == parameters
        and (tags is None or tags == stack.tags)
    )


# --- deleting and repairing -----------------------------------------------------------------


def bury(backend: Any, stack: Stack) -> None:
    backend.stacks.pop(stack.stack_id, None)
    backend.deleted_stacks[stack.stack_id] = stack
    stack.deletion_time = utcnow()


def full_bucket(stack: Stack) -> str | None:
    """The name of a bucket of this stack that still holds something."""
    for resource in stack.resource_map._parsed_resources.values():
        if getattr(resource, "cf_resource_type", "") == "AWS::S3::Bucket":
            json = stack.resource_map._resource_json_map.get(resource.logical_resource_id, {})
            if json.get("DeletionPolicy") != "Retain" and len(getattr(resource, "keys", {})) > 0:
                return resource.logical_resource_id
    return None


def delete(backend: Any, stack: Stack, polls: int, retain: list[str], force: bool) -> None:
    add_event(stack, "DELETE_IN_PROGRESS", "User Initiated")
    full = full_bucket(stack)
    final = Phase("DELETE_COMPLETE", on_entry=lambda: bury(backend, stack))
    if full and full not in retain and not force:
        reason = f"The following resource(s) failed to delete: [{full}]."
        add_event(stack, "DELETE_FAILED", "The bucket you tried to delete is not empty", full,
                  "AWS::S3::Bucket")
        final = Phase("DELETE_FAILED", reason=reason)
    else:
        withdraw_exports(backend, stack)
        for name in retain:
            stack.resource_map._resource_json_map.get(name, {})["DeletionPolicy"] = "Retain"
        try:
            remove_resources(stack)
        except Exception as problem:
            final = Phase("DELETE_FAILED", reason=as_failure(problem).reason)
    stack.status = "DELETE_IN_PROGRESS"
    stack.status_reason = "User Initiated"
    life = life_of(stack)
    life.phases, life.polls_left = [final], polls
    if polls == 0:
        _next_phase(stack, life)


def set_status(account: str, region: str, name: str, status: str, reason: str | None,
               polls: int | None, then: str | None, token: str | None,
               create_missing: bool) -> None:
    """Put a stack into any status, as somebody else's operation would have left it."""
    for wanted in (status, then):
        if wanted is not None and wanted not in STATUSES:
            raise ValueError(f"unknown stack status {wanted!r}")
    backend = cloudformation_backends[account][region]
    with account_lock(account, region):
        try:
            stack = backend.get_stack(name)
        except ValidationError:
            if not create_missing:
                raise ValueError(f"no stack {name!r} in {account}/{region}") from None
            stack = empty_stack(backend, name, {}, None)
        life = life_of(stack)
        if token is not None:
            life.token = token
        on_entry = (lambda: bury(backend, stack)) if status == "DELETE_COMPLETE" else None
        seen = polls if polls is not None else (1 if then else 0)
        phases = [Phase(status, seen, reason, on_entry)]
        if then is not None:
            bury_then = (lambda: bury(backend, stack)) if then == "DELETE_COMPLETE" else None
            phases.append(Phase(then, on_entry=bury_then))
        run(stack, phases)


def empty_stack(backend: Any, name: str, tags: dict[str, str], role_arn: str | None) -> Stack:
    stack_id = generate_stack_id(name, backend.region_name, backend.account_id)
    stack = Stack(stack_id=stack_id, name=name, template={}, parameters={},
                  account_id=backend.account_id, region_name=backend.region_name,
                  notification_arns=[], tags=tags, role_arn=role_arn)
    stack.status = "REVIEW_IN_PROGRESS"
    backend.stacks[stack_id] = stack
    return stack


def describe_all(account: str | None = None) -> list[dict[str, Any]]:
    """Every stack of every account, as it really is, without counting as a poll."""
    found = []
    for account_id, regions in list(cloudformation_backends.items()):
        if account not in (None, account_id):
            continue
        for region, backend in list(regions.items()):
            for stack in list(backend.stacks.values()):
                found.append({
                    "account": account_id, "region": region, "stack": stack.name,
                    "stack_id": stack.stack_id, "status": stack.status,
                    "reason": getattr(stack, "status_reason", None), "tags": stack.tags,
                    "parameters": stack.parameters,
                    "outputs": {o["OutputKey"]: o["OutputValue"] for o in stack.outputs or []},
                })
    return found


def share_exports(backend: Any, stack: Stack) -> None:
    # moto replaces an empty dictionary by a copy that never hears of later exports.
    stack.cross_stack_resources = backend.exports
    stack.resource_map.cross_stack_resources = backend.exports
