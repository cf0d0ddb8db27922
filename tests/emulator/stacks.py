"""CloudFormation's API with the operations of a stack's life replaced.

What a request must be to be accepted stands here; what then happens, in
lifecycle.py. Everything else is moto's.
"""

from __future__ import annotations

from typing import Any

from moto.cloudformation import parsing, urls
from moto.cloudformation.exceptions import (
    AlreadyExistsException,
    CloudFormationError,
    ValidationError,
)
from moto.cloudformation.models import ChangeSet, Stack
from moto.cloudformation.responses import CloudFormationResponse
from moto.cloudformation.utils import generate_changeset_id, generate_stack_id
from moto.core.responses import ActionResult, EmptyResult
from moto.sqs.models import Queue

from . import templates
from .describe import describe_xml
from .lifecycle import (
    UNDELETABLE,
    UPDATABLE,
    Phase,
    account_lock,
    add_event,
    begin,
    create,
    delete,
    empty_stack,
    is_repeat,
    is_unchanged,
    poll,
    run,
    share_exports,
    shown_outputs,
    shown_parameters,
    stable_resource_name,
    update,
)
from .world import WORLD

NO_UPDATES = "No updates are to be performed."
NO_CHANGES = ("The submitted information didn't contain changes. Submit different information to "
              "create a change set.")


class HonestCloudFormation(CloudFormationResponse):
    """moto's responses with the operations of a stack's life replaced."""

    def call_action(self) -> Any:
        with account_lock(self.current_account, self.region):
            return super().call_action()

    # What the request says

    def _stack(self, name: str | None = None) -> Stack:
        name = name or self._get_param("StackName")
        try:
            return self.cloudformation_backend.get_stack(name)
        except ValidationError:
            raise ValidationError(message=f"Stack [{name}] does not exist") from None

    def _live(self, name: str) -> Stack | None:
        return next((s for s in self.cloudformation_backend.stacks.values() if s.name == name), None)

    def _body(self, previous: Stack | None = None) -> str:
        body, url = self._get_param("TemplateBody"), self._get_param("TemplateURL")
        use_previous = self._get_bool_param("UsePreviousTemplate", False)
        if use_previous and (body or url):
            raise ValidationError(message="You cannot specify both usePreviousTemplate and Template "
                                  "Body/Template URL.")
        if use_previous and previous is not None:
            return previous.template
        if url:
            return self._get_stack_from_s3_url(url)
        if not body:
            raise ValidationError(message="Either Template URL or Template Body must be specified.")
        templates.check_size(body)
        return body

    def _tags(self) -> dict[str, str] | None:
        """None: not sent (keep). An empty list on the wire removes all."""
        items = self._get_param("Tags") or []
        sent = any(key == "Tags" or key.startswith("Tags.") for key in self.querystring)
        tags = {item["Key"]: item["Value"] for item in items}
        templates.check_tags(tags)
        return tags if sent else None

    def _checked(self, body: str, previous: dict[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
        tree = templates.parse(body)
        parameters = templates.resolve_parameters(tree, self._get_param("Parameters") or [], previous)
        if WORLD.settings.check_capabilities:
            templates.check_capabilities(tree, self._get_param("Capabilities") or [])
        return tree, parameters

    # The operations

    def create_stack(self) -> ActionResult:
        backend = self.cloudformation_backend
        name, token = self._get_param("StackName"), self._get_param("ClientRequestToken")
        existing = self._live(name)
        if existing is not None:
            if is_repeat(existing, "CREATE", token):
                return ActionResult({"StackId": existing.stack_id})
            raise AlreadyExistsException(f"Stack [{name}] already exists")
        on_failure = self._on_failure()
        body = self._body()
        _, parameters = self._checked(body, {})
        stack = Stack(
            stack_id=generate_stack_id(name, self.region, self.current_account),
            name=name, template=body, parameters=parameters, account_id=self.current_account,
            region_name=self.region, notification_arns=self._get_param("NotificationARNs", []),
            tags=self._tags() or {}, role_arn=self._get_param("RoleARN"),
            enable_termination_protection=self._get_bool_param("EnableTerminationProtection", False),
            timeout_in_mins=self._get_param("TimeoutInMinutes"),
            stack_policy_body=self._get_param("StackPolicyBody"),
        )
        stack.status = "CREATE_IN_PROGRESS"
        stack.disable_rollback = on_failure == "DO_NOTHING"
        share_exports(backend, stack)
        backend.stacks[stack.stack_id] = stack
        begin(stack, "CREATE", token)
        create(backend, stack, WORLD.settings.in_progress_polls, on_failure, "CreateStack")
        return ActionResult({"StackId": stack.stack_id})

    def _on_failure(self) -> str:
        wanted = self._get_param("OnFailure")
        disable = self._get_param("DisableRollback")
        if wanted and disable is not None:
            raise ValidationError(message="You cannot specify both DisableRollback and OnFailure")
        if self._get_bool_param("DisableRollback", False):
            return "DO_NOTHING"
        return wanted or "ROLLBACK"

    def update_stack(self) -> ActionResult:
        stack, token = self._stack(), self._get_param("ClientRequestToken")
        if is_repeat(stack, "UPDATE", token):
            return ActionResult({"StackId": stack.stack_id})
        if stack.status not in UPDATABLE:
            raise ValidationError(message=f"Stack:{stack.stack_id} is in {stack.status} state and can "
                                  "not be updated.")
        body, tags = self._body(stack), self._tags()
        tree, parameters = self._checked(body, stack.parameters)
        if is_unchanged(stack, tree, parameters, tags):
            raise ValidationError(message=NO_UPDATES)
        begin(stack, "UPDATE", token)
        stack.role_arn = self._get_param("RoleARN") or stack.role_arn
        update(self.cloudformation_backend, stack, body, parameters, tags,
               WORLD.settings.in_progress_polls, self._get_bool_param("DisableRollback", False),
               "UpdateStack")
        return ActionResult({"StackId": stack.stack_id})

    def delete_stack(self) -> ActionResult:
        backend, name = self.cloudformation_backend, self._get_param("StackName")
        token = self._get_param("ClientRequestToken")
        stack = backend.stacks.get(name) or self._live(name)
        if stack is None or is_repeat(stack, "DELETE", token):
            return EmptyResult()  # deleting what is not there succeeds
        if stack.status == "DELETE_IN_PROGRESS":
            return EmptyResult()
        retain = self._get_param("RetainResources") or []
        if stack.enable_termination_protection:
            raise ValidationError(message=f"Stack [{stack.name}] cannot be deleted while "
                                  "TerminationProtection is enabled")
        if stack.status in UNDELETABLE:
            raise ValidationError(message=f"Stack [{stack.name}] cannot be deleted while in status "
                                  f"{stack.status}")
        if retain and stack.status != "DELETE_FAILED":
            raise ValidationError(message=f"Invalid operation on stack [{stack.name}]. Stacks must be "
                                  "in DELETE_FAILED state to retain resources.")
        begin(stack, "DELETE", token)
        force = self._get_param("DeletionMode") == "FORCE_DELETE_STACK"
        delete(backend, stack, WORLD.settings.in_progress_polls, retain, force)
        return EmptyResult()

    def describe_stacks(self) -> Any:
        backend, name = self.cloudformation_backend, self._get_param("StackName")
        token, size = self._get_param("NextToken"), WORLD.settings.stacks_per_page
        # A stack that ends its deletion in this very poll is gone already.
        for stack in [] if token else backend.describe_stacks(name):
            poll(stack)
        if name:
            found = backend.describe_stacks(name)
        else:
            found = list(backend.stacks.values())
        start = 0
        if token:
            ids = [stack.stack_id for stack in found]
            if token not in ids:
                raise ValidationError(message="NextToken is invalid")
            start = ids.index(token) + 1
        page = found[start : start + size]
        following = page[-1].stack_id if len(found) > start + size else None
        return 200, {"Content-Type": "text/xml"}, describe_xml(page, following)

    def continue_update_rollback(self) -> ActionResult:
        stack, token = self._stack(), self._get_param("ClientRequestToken")
        if is_repeat(stack, "CONTINUE", token):
            return EmptyResult()
        if stack.status != "UPDATE_ROLLBACK_FAILED":
            raise ValidationError(message=f"Stack:{stack.stack_id} is in {stack.status} state and can "
                                  "not continue update rollback.")
        begin(stack, "CONTINUE", token)
        final = Phase("UPDATE_ROLLBACK_COMPLETE")
        facts = {"service": "cloudformation", "operation": "ContinueUpdateRollback",
                 "account": stack.account_id, "stack": stack.name}
        if WORLD.faults.due(facts, stacks=True):
            final = Phase("UPDATE_ROLLBACK_FAILED",
                          reason="The following resource(s) failed to update: [Resource].")
        run(stack, [Phase("UPDATE_ROLLBACK_IN_PROGRESS", WORLD.settings.in_progress_polls,
                          "User Initiated"), final])
        return EmptyResult()

    def rollback_stack(self) -> ActionResult:
        stack, token = self._stack(), self._get_param("ClientRequestToken")
        if is_repeat(stack, "ROLLBACK", token):
            return ActionResult({"StackId": stack.stack_id})
        ways = {"CREATE_FAILED": "ROLLBACK", "UPDATE_FAILED": "UPDATE_ROLLBACK"}
        if stack.status not in ways:
            raise ValidationError(message=f"Stack:{stack.stack_id} is in {stack.status} state and can "
                                  "not be rolled back.")
        begin(stack, "ROLLBACK", token)
        way = ways[stack.status]
        run(stack, [Phase(f"{way}_IN_PROGRESS", WORLD.settings.in_progress_polls, "User Initiated"),
                    Phase(f"{way}_COMPLETE")])
        return ActionResult({"StackId": stack.stack_id})

    def cancel_update_stack(self) -> ActionResult:
        stack = self._stack()
        if stack.status != "UPDATE_IN_PROGRESS":
            raise ValidationError(message="CancelUpdateStack cannot be called from current stack status")
        run(stack, [Phase("UPDATE_ROLLBACK_IN_PROGRESS", 1, "User Initiated"),
                    Phase("UPDATE_ROLLBACK_COMPLETE")])
        return EmptyResult()

    def update_termination_protection(self) -> ActionResult:
        stack = self._stack()
        stack.enable_termination_protection = self._get_bool_param("EnableTerminationProtection", False)
        return ActionResult({"StackId": stack.stack_id})

    def describe_account_limits(self) -> ActionResult:
        limits = {"StackLimit": 2000, "StackOutputsLimit": 200, "ConcurrentResourcesLimit": 2500}
        return ActionResult({"AccountLimits": [{"Name": n, "Value": v} for n, v in limits.items()]})

    # Change sets: what `aws cloudformation deploy` and the Serverless Framework use

    def create_change_set(self) -> ActionResult:
        backend, name = self.cloudformation_backend, self._get_param("StackName")
        kind = self._get_param("ChangeSetType") or "UPDATE"
        stack = backend.stacks.get(name) or self._live(name)
        if kind == "CREATE":
            if stack is not None and stack.status != "REVIEW_IN_PROGRESS":
                raise ValidationError(message=f"Stack [{name}] already exists and cannot be created "
                                      f"again with the changeSet [{self._get_param('ChangeSetName')}].")
        elif stack is None:
            raise ValidationError(message=f"Stack [{name}] does not exist")
        elif stack.status not in UPDATABLE:
            raise ValidationError(message=f"Stack:{stack.stack_id} is in {stack.status} state and can "
                                  "not be updated.")
        body, tags = self._body(stack), self._tags()
        tree, parameters = self._checked(body, stack.parameters if stack else {})
        if stack is None:
            stack = empty_stack(backend, name, tags or {}, self._get_param("RoleARN"))
            add_event(stack, "REVIEW_IN_PROGRESS", "User Initiated")
        change_set = ChangeSet(
            change_set_type=kind,
            change_set_id=generate_changeset_id(self._get_param("ChangeSetName"), self.region,
                                                self.current_account),
            change_set_name=self._get_param("ChangeSetName"), stack=stack, template=body,
            parameters=parameters, description=self._get_param("Description"),
            notification_arns=self._get_param("NotificationARNs", []), tags=tags,
            role_arn=self._get_param("RoleARN"),
        )
        change_set.status, change_set.execution_status = "CREATE_COMPLETE", "AVAILABLE"
        if kind == "UPDATE" and is_unchanged(stack, tree, parameters, tags):
            change_set.status, change_set.execution_status = "FAILED", "UNAVAILABLE"
            change_set.status_reason = NO_CHANGES
        backend.change_sets[change_set.change_set_id] = change_set
        return ActionResult({"Id": change_set.change_set_id, "StackId": stack.stack_id})

    def _change_set(self) -> ChangeSet:
        name, stack = self._get_param("ChangeSetName"), self._get_param("StackName")
        sets = self.cloudformation_backend.change_sets
        if name in sets:
            return sets[name]
        for change_set in reversed(list(sets.values())):
            if change_set.change_set_name == name and stack in (change_set.stack_name,
                                                                change_set.stack_id):
                return change_set
        raise CloudFormationError("ChangeSetNotFoundException", f"ChangeSet [{name}] does not exist")

    def describe_change_set(self) -> ActionResult:
        return ActionResult(self._change_set())

    def delete_change_set(self) -> ActionResult:
        del self.cloudformation_backend.change_sets[self._change_set().change_set_id]
        return EmptyResult()

    def execute_change_set(self) -> ActionResult:
        change_set, backend = self._change_set(), self.cloudformation_backend
        if change_set.execution_status != "AVAILABLE":
            raise CloudFormationError("InvalidChangeSetStatusException",
                                   f"ChangeSet [{change_set.change_set_id}] cannot be executed in its "
                                   f"current status of [{change_set.status}]")
        stack, polls = change_set.stack, WORLD.settings.change_set_polls
        change_set.execution_status = "EXECUTE_COMPLETE"
        begin(stack, "EXECUTE", self._get_param("ClientRequestToken"))
        stack.role_arn = change_set.role_arn or stack.role_arn
        no_rollback = self._get_bool_param("DisableRollback", False)
        if change_set.change_set_type == "CREATE":
            stack.template, stack.parameters = change_set.template, change_set.parameters
            stack.tags = change_set.tags or {}
            stack._parse_template()
            stack.resource_map = stack._create_resource_map()
            stack.output_map = stack._create_output_map()
            share_exports(backend, stack)
            create(backend, stack, polls, "DO_NOTHING" if no_rollback else "ROLLBACK",
                   "ExecuteChangeSet")
        else:
            update(backend, stack, change_set.template, change_set.parameters, change_set.tags, polls,
                   no_rollback, "ExecuteChangeSet")
        return EmptyResult()


def install() -> None:
    """Put all this in moto's place. Once, before the first call."""
    Stack.outputs = property(shown_outputs)
    Stack.parameter_list = property(shown_parameters)
    Stack.parse_template = staticmethod(templates.parse)
    Stack.status_reason = None
    Stack.last_updated_time = None
    Stack.deletion_time = None
    ChangeSet._parse_template = _parse_change_set
    parsing.generate_resource_name = stable_resource_name
    Queue.physical_resource_id = property(_queue_url)
    urls.url_paths["{0}/$"] = HonestCloudFormation.dispatch


def _queue_url(queue: Queue) -> str:
    # The JavaScript SDK sends its calls to the host in the queue's URL.
    host = WORLD.endpoint or f"https://sqs.{queue.region}.amazonaws.com"
    return f"{host}/{queue.account_id}/{queue.name}"


def _parse_change_set(change_set: ChangeSet) -> None:
    change_set.template_dict = templates.parse(change_set.template)
