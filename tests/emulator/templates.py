"""What CloudFormation refuses before it starts: templates, parameters, tags, capabilities.

All of it is a ValidationError (or InsufficientCapabilities) as the answer to the
call itself; no stack comes into being and none changes.
"""

from __future__ import annotations

import json
import pickle
import re
from functools import lru_cache
from typing import Any

import yaml
from moto.cloudformation.exceptions import CloudFormationError, ValidationError

MAX_TEMPLATE_BYTES = 51_200
MAX_TAGS = 50
SECTIONS = {
    "AWSTemplateFormatVersion", "Description", "Metadata", "Parameters", "Rules", "Mappings",
    "Conditions", "Transform", "Resources", "Outputs", "Hooks", "Globals",
}
IAM_NAMES = {
    "AWS::IAM::Role": "RoleName", "AWS::IAM::User": "UserName", "AWS::IAM::Group": "GroupName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName", "AWS::IAM::InstanceProfile": "InstanceProfileName",
}
IAM_TYPES = set(IAM_NAMES) | {"AWS::IAM::Policy", "AWS::IAM::AccessKey",
                              "AWS::IAM::UserToGroupAddition"}


class TemplateLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """YAML with CloudFormation's short forms (!Ref, !Sub, !GetAtt, …)."""


def _short_form(loader: Any, suffix: str, node: Any) -> Any:
    if isinstance(node, yaml.SequenceNode):
        value: Any = loader.construct_sequence(node, deep=True)
    elif isinstance(node, yaml.MappingNode):
        value = loader.construct_mapping(node, deep=True)
    else:
        value = loader.construct_scalar(node)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


def _date_as_text(loader: Any, node: Any) -> str:
    return loader.construct_scalar(node)


TemplateLoader.add_multi_constructor("!", _short_form)
TemplateLoader.add_constructor("tag:yaml.org,2002:timestamp", _date_as_text)


def parse(body: str) -> dict[str, Any]:
    """The template as a fresh tree. The parse itself is remembered: tests send few templates."""
    return pickle.loads(_parsed(body))


@lru_cache(maxsize=512)
def _parsed(body: str) -> bytes:
    if body.lstrip().startswith("{"):
        try:
            tree = json.loads(body)
        except ValueError as problem:
            raise ValidationError(message="Template format error: JSON not well-formed. "
                                  f"({problem})") from None
    else:
        try:
            tree = yaml.load(body, Loader=TemplateLoader)
        except yaml.YAMLError as problem:
            mark = getattr(problem, "problem_mark", None)
            where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
            raise ValidationError(
                message=f"Template format error: YAML not well-formed.{where}") from None
    _check_shape(tree)
    return pickle.dumps(tree)


def _check_shape(tree: Any) -> None:
    if not isinstance(tree, dict):
        raise ValidationError(message="Template format error: unsupported structure.")
    unknown = sorted(str(name) for name in tree if name not in SECTIONS)
    if unknown:
        raise ValidationError(message=f"Invalid template property or properties [{', '.join(unknown)}]")
    resources = tree.get("Resources")
    if not isinstance(resources, dict) or not resources:
        raise ValidationError(message="Template format error: At least one Resources member must be "
                              "defined.")
    for name, resource in resources.items():
        if not isinstance(resource, dict) or not isinstance(resource.get("Type"), str):
            raise ValidationError(message=f"Template format error: [/Resources/{name}] Every "
                                  "Resources object must contain a Type member.")
    for section in ("Parameters", "Outputs", "Mappings", "Conditions"):
        if section in tree and not isinstance(tree[section], dict):
            raise ValidationError(message=f"Template format error: [/{section}] 'null' values are not "
                                  "allowed in templates")
    _check_references(tree)


def _check_references(tree: dict[str, Any]) -> None:
    known = set(tree["Resources"]) | set(tree.get("Parameters", {}))
    for section in ("Resources", "Outputs"):
        missing = sorted(_references(tree.get(section, {})) - known)
        if missing:
            raise ValidationError(message="Template format error: Unresolved resource dependencies "
                                  f"[{', '.join(missing)}] in the {section} block of the template")


def _references(node: Any) -> set[str]:
    found: set[str] = set()
    if isinstance(node, list):
        for item in node:
            found |= _references(item)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key == "Ref" and isinstance(value, str) and not value.startswith("AWS::"):
                found.add(value)
            elif key == "Fn::GetAtt" and isinstance(value, list) and value:
                found.add(str(value[0]))
            else:
                found |= _references(value)
    return found


def check_size(body: str) -> None:
    if len(body.encode()) > MAX_TEMPLATE_BYTES:
        raise ValidationError(message="1 validation error detected: Value at 'templateBody' failed to "
                              "satisfy constraint: Member must have length less than or equal to "
                              f"{MAX_TEMPLATE_BYTES}")


def resolve_parameters(tree: dict[str, Any], given: list[dict[str, Any]],
                       previous: dict[str, str]) -> dict[str, str]:
    """The value of every parameter of the template: given, kept or its default."""
    declared = tree.get("Parameters", {})
    unknown = [item["ParameterKey"] for item in given if item["ParameterKey"] not in declared]
    if unknown:
        raise ValidationError(message=f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    values: dict[str, str] = {}
    asked = {item["ParameterKey"]: item for item in given}
    missing = []
    for name, slot in declared.items():
        item = asked.get(name, {})
        use_previous = str(item.get("UsePreviousValue", False)).lower() == "true"
        if use_previous and item.get("ParameterValue"):
            raise ValidationError(message=f"Invalid input for parameter key {name}. Cannot specify "
                                  "usePreviousValue as true and non empty value for a parameter")
        if use_previous and name in previous:
            values[name] = previous[name]
        elif "ParameterValue" in item:
            values[name] = item["ParameterValue"]
        elif "Default" in slot:
            values[name] = _as_text(slot["Default"])
        else:
            missing.append(name)
    if missing:
        raise ValidationError(message=f"Parameters: [{', '.join(missing)}] must have values")
    for name, value in values.items():
        _check_value(name, declared[name], value)
    return values


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(_as_text(item) for item in value)
    return str(value)


def _check_value(name: str, slot: dict[str, Any], value: str) -> None:
    allowed = [_as_text(item) for item in slot.get("AllowedValues", [])]
    if allowed and value not in allowed:
        raise ValidationError(message=f"Parameter '{name}' must be one of AllowedValues")
    pattern = slot.get("AllowedPattern")
    if pattern and not re.fullmatch(pattern, value):
        text = slot.get("ConstraintDescription", f"must match pattern {pattern}")
        raise ValidationError(message=f"Parameter {name} failed to satisfy constraint: {text}")
    if slot.get("Type") == "Number" and not re.fullmatch(r"-?\d+(\.\d+)?", value):
        raise ValidationError(message=f"Parameter '{name}' must be a number.")


def check_capabilities(tree: dict[str, Any], granted: list[str]) -> None:
    needed = set()
    for resource in tree["Resources"].values():
        kind = resource["Type"]
        if kind in IAM_TYPES:
            named = IAM_NAMES.get(kind) in (resource.get("Properties") or {})
            needed.add("CAPABILITY_NAMED_IAM" if named else "CAPABILITY_IAM")
    if "Transform" in tree:
        needed.add("CAPABILITY_AUTO_EXPAND")
    if "CAPABILITY_NAMED_IAM" in granted or "CAPABILITY_NAMED_IAM" in needed:
        needed.discard("CAPABILITY_IAM")
    missing = sorted(needed - set(granted))
    if missing:
        raise CloudFormationError("InsufficientCapabilitiesException",
                               f"Requires capabilities : [{', '.join(missing)}]")


def check_tags(tags: dict[str, str]) -> None:
    if len(tags) > MAX_TAGS:
        raise ValidationError(message="1 validation error detected: Value at 'tags' failed to satisfy "
                              f"constraint: Member must have length less than or equal to {MAX_TAGS}")
    for key, value in tags.items():
        if not 1 <= len(key) <= 128 or not 1 <= len(value) <= 256:
            raise ValidationError(message=f"Tag {key!r}: a key has 1 to 128 characters, a value 1 to 256")
        if key.lower().startswith("aws:"):
            raise ValidationError(message="aws: prefixed tag key names are not allowed for external use.")
